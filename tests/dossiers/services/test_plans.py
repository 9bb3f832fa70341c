"""A plan writes nothing; its confirmation does exactly what was seen, once, or says why not."""

import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dossiers.models import Dossier, Etat, Evenement, Lot, Offre, Operation
from dossiers.operations.execution import vider
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.plans import Verdict, confirmer, preparer
from tests.fabriques import CleApiFactory, CollaborateurFactory, DossierFactory, OffreFactory, OperationFactory

pytestmark = pytest.mark.django_db
CONSULTATION = {"offre": "consultation"}


def planifier(dossiers, par, geste="ajouter_offre", parametres=CONSULTATION):
    return preparer(geste, [dossier.pk for dossier in dossiers], parametres, par=par)


def test_un_plan_classe_chaque_dossier_et_n_ecrit_rien(manager, simulateur):
    libre, porteur, archive = DossierFactory(), DossierFactory(), DossierFactory(archive=True)
    OffreFactory(dossier=porteur, constatee=True)
    standard = DossierFactory(cle=CleApiFactory(prete=True, standard=True))
    bloque = DossierFactory()
    parametres = {"dossier": bloque, "parametres": CONSULTATION}
    operation = OperationFactory(
        **parametres, objet=f"loop:bac_a_sable:CABINETDEMO:{bloque.code}/offre/consultation", a_verifier=True
    )
    avant = (Lot.objects.count(), Operation.objects.count(), Offre.objects.count(), Evenement.objects.count())
    plan = planifier([libre, porteur, archive, standard, bloque], manager)
    plan.sceller()
    verdicts = {ligne.pk: (ligne.verdict, ligne.motif) for ligne in plan.lignes}
    assert verdicts[libre.pk] == (Verdict.FAIRE, "L’offre sera ajoutée.")
    assert verdicts[porteur.pk] == (Verdict.RIEN, "L’offre est déjà sur le dossier.")
    assert verdicts[archive.pk][0] == Verdict.BLOQUE
    assert "P04454" in verdicts[standard.pk][1]
    assert f"n°\u00a0{operation.pk}" in verdicts[bloque.pk][1]
    assert (plan.appels, plan.appels_facturables, plan.environnement) == (1, 1, "Bac à sable")
    assert avant == (Lot.objects.count(), Operation.objects.count(), Offre.objects.count(), Evenement.objects.count())
    assert simulateur.compte()["appels"] == {}


def test_le_nombre_de_requetes_du_plan_ne_depend_pas_du_nombre_de_lignes(manager):
    dossiers = [DossierFactory() for _ in range(3)]
    planifier(dossiers, manager)  # the permissions of the person are cached from here
    with CaptureQueriesContext(connection) as peu:
        planifier(dossiers[:2], manager)
    dossiers += [DossierFactory() for _ in range(30)]
    with CaptureQueriesContext(connection) as beaucoup:
        planifier(dossiers, manager)
    assert len(beaucoup) == len(peu)


def test_confirmer_fait_le_lot_le_voulu_et_les_operations(manager, simulateur, cle):
    dossiers = [DossierFactory(cle=cle) for _ in range(3)]
    simulateur.charger(dossiers=[{"codeIbs": dossier.code} for dossier in dossiers])
    lot = confirmer(planifier(dossiers, manager).sceller(), par=manager)
    assert (lot.total, lot.refus, lot.environnement) == (3, [], "bac_a_sable")
    assert Offre.objects.filter(voulue=True, constatee=None).count() == 3
    vider(cle.guichet_id)
    assert set(lot.operations.values_list("etat", "message")) == {
        (Etat.REUSSIE, f"L'offre consultation a été ajoutée au dossier client {dossier.code}") for dossier in dossiers
    }
    assert Offre.objects.filter(voulue=True, constatee=True).count() == 3
    assert all(simulateur.offres(dossier.code) == {"consultation"} for dossier in dossiers)


def test_confirmer_deux_fois_rend_le_meme_lot(manager):
    scelle = planifier([DossierFactory()], manager).sceller()
    assert confirmer(scelle, par=manager) == confirmer(scelle, par=manager)
    assert Operation.objects.count() == 1


def bouger_archive(dossier, manager):
    dossier.archive_le = timezone.now()
    dossier.save()


def bouger_cle(dossier, manager):
    dossier.cle = CleApiFactory(prete=True)
    dossier.save()


def bouger_offre(dossier, manager):
    OffreFactory(dossier=dossier, constatee=True)


def bouger_par_un_autre_lot(dossier, manager):
    confirmer(planifier([dossier], manager).sceller(), par=manager)


def bouger_la_cle_en_panne(dossier, manager):
    dossier.cle.activee_loophub = False
    dossier.cle.save()


@pytest.mark.parametrize(
    "bouger", [bouger_archive, bouger_cle, bouger_offre, bouger_par_un_autre_lot, bouger_la_cle_en_panne]
)
def test_une_ligne_dont_l_etat_a_bouge_est_refusee_pas_replanifiee(manager, bouger):
    stable, mobile = DossierFactory(), DossierFactory()
    scelle = planifier([stable, mobile], manager).sceller()
    bouger(mobile, manager)
    lot = confirmer(scelle, par=manager)
    assert list(lot.operations.values_list("dossier", flat=True)) == [stable.pk]
    (refus,) = lot.refus
    assert refus["pk"] == mobile.pk
    assert "a changé" in refus["motif"]


def test_un_plan_altere_emprunte_ou_perime_n_envoie_rien(manager, monkeypatch):
    scelle = planifier([DossierFactory()], manager).sceller()
    with pytest.raises(ActionImpossible, match="modifié en chemin"):
        confirmer(scelle[:-3] + "abc", par=manager)
    with pytest.raises(ActionImpossible, match="autre personne"):
        confirmer(scelle, par=CollaborateurFactory(manager=True))
    monkeypatch.setattr("dossiers.services.plans.VALIDITE", -1)
    with pytest.raises(ActionImpossible, match="plus d’une heure"):
        confirmer(scelle, par=manager)
    assert not Operation.objects.exists()


def test_la_permission_est_revue_a_la_confirmation(manager):
    scelle = planifier([DossierFactory()], manager).sceller()
    manager.groups.clear()
    personne = type(manager).objects.get(pk=manager.pk)
    with pytest.raises(PermissionDenied):
        confirmer(scelle, par=personne)
    with pytest.raises(PermissionDenied):
        planifier([DossierFactory()], CollaborateurFactory(consultation=True))


def test_le_portefeuille_est_revu_ligne_par_ligne():
    personne = CollaborateurFactory(collaborateur=True, portefeuille=True)
    mien, autre = DossierFactory(maitre_dossier=personne.login_loop), DossierFactory()
    plan = planifier([mien, autre], personne)
    assert [ligne.pk for ligne in plan.lignes] == [mien.pk]
    scelle = plan.sceller()
    Dossier.objects.filter(pk=mien.pk).update(maitre_dossier="")
    lot = confirmer(scelle, par=personne)
    assert lot.total == 0
    assert lot.refus == [{"pk": mien.pk, "libelle": "", "motif": "Cette ligne n’est plus accessible."}]


def test_deux_environnements_ne_se_confirment_pas_ensemble(manager):
    plan = planifier([DossierFactory(), DossierFactory(cle=CleApiFactory(prete=True, production=True))], manager)
    assert not plan.confirmable
    with pytest.raises(ActionImpossible, match="environnements"):
        confirmer(plan.sceller(), par=manager)
    assert not Lot.objects.exists()


def test_un_plan_trop_grand_est_refuse_en_trois_parties(manager, settings):
    settings.PLAN_MAXIMUM = 2
    with pytest.raises(ActionImpossible) as refus:
        preparer("ajouter_offre", [1, 2, 3], CONSULTATION, par=manager)
    assert all((refus.value.constat, refus.value.cause, refus.value.remede))


def test_retirer_une_offre_demandee_est_mis_a_la_suite(manager):
    dossier = DossierFactory()
    confirmer(planifier([dossier], manager).sceller(), par=manager)
    plan = planifier([dossier], manager, geste="retirer_offre")
    assert plan.lignes[0].verdict == Verdict.FAIRE
    confirmer(plan.sceller(), par=manager)
    assert list(Operation.objects.order_by("id").values_list("nature", flat=True)) == ["ajouter_offre", "retirer_offre"]
    assert not Offre.objects.get().voulue


def test_archiver_et_remettre_en_service(manager):
    libre, occupe = DossierFactory(), DossierFactory()
    OperationFactory(dossier=occupe)
    plan = preparer("archiver", [libre.pk, occupe.pk], {}, par=manager)
    assert {ligne.pk: ligne.verdict for ligne in plan.lignes} == {libre.pk: Verdict.FAIRE, occupe.pk: Verdict.BLOQUE}
    lot = confirmer(plan.sceller(), par=manager)
    libre.refresh_from_db()
    assert libre.archive
    assert (libre.archive_par, lot.total, lot.faites_ici) == (manager, 0, 1)
    assert libre.evenements.get().type == Evenement.Type.ARCHIVAGE
    confirmer(preparer("remettre_en_service", [libre.pk], {}, par=manager).sceller(), par=manager)
    libre.refresh_from_db()
    assert not libre.archive


@pytest.mark.django_db(transaction=True)
def test_deux_confirmations_simultanees_ne_demandent_pas_deux_fois():
    manager = CollaborateurFactory(superutilisateur=True)
    dossiers = [DossierFactory() for _ in range(5)]
    scelles = [planifier(dossiers, manager).sceller() for _ in range(2)]
    depart, lots = threading.Barrier(2), []

    def confirmer_un(scelle):
        depart.wait()
        lots.append(confirmer(scelle, par=manager))
        connection.close()

    fils = [threading.Thread(target=confirmer_un, args=(scelle,)) for scelle in scelles]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join()
    assert sorted(lot.total for lot in lots) == [0, 5]
    assert Operation.objects.count() == 5
