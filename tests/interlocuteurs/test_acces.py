"""Plans over accès: each cell judged, in a fixed number of queries; a confirmation does what was seen, once."""

import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dossiers.models import Etat, Evenement, Lot, Operation
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.plans import Verdict, confirmer, gestes, preparer
from interlocuteurs.gestes import AccesForm
from interlocuteurs.models import Acces, Interlocuteur
from interlocuteurs.natures import objet_de
from interlocuteurs.services.acces import charger, demander_acces, juger, preparer_cellules
from tests.epreuves import repetitions
from tests.fabriques import (
    AccesFactory,
    CleApiFactory,
    CollaborateurFactory,
    DossierFactory,
    InterlocuteurFactory,
    OperationFactory,
)

pytestmark = pytest.mark.django_db
FAIRE, RIEN, BLOQUE = Verdict.FAIRE, Verdict.RIEN, Verdict.BLOQUE


def cellule(interlocuteur, dossier, offre="consultation", voulu=True):
    return {"interlocuteur": interlocuteur.pk, "dossier": dossier.pk, "offre": offre, "voulu": voulu}


def verdict(par, interlocuteur, dossier, voulu=True):
    (ligne,) = juger(charger([cellule(interlocuteur, dossier, voulu=voulu)], par=par))
    return ligne.verdict, ligne.motif, ligne.appels


def operation_sur(acces, nature="donner_acces", **options):
    parametres = {
        "interlocuteur": acces.interlocuteur.pk,
        "email": acces.interlocuteur.email,
        "nom": "x",
        "prenom": "y",
    }
    return OperationFactory(
        nature=nature,
        dossier=acces.dossier,
        objet=objet_de(acces.interlocuteur),
        parametres=parametres | {"offre": acces.offre, "voulu_avant": False},
        **options,
    )


# --- the judgement -----------------------------------------------------------------------------------------------


def test_donner(manager, dossiers):
    dossier = dossiers[0]
    nouveau, connu = InterlocuteurFactory(), InterlocuteurFactory(present=True)
    assert verdict(manager, nouveau, dossier)[0] == FAIRE
    assert "créé dans Loop" in verdict(manager, nouveau, dossier)[1]
    assert verdict(manager, connu, dossier) == (FAIRE, "L’accès sera donné.", 1)
    AccesFactory(interlocuteur=connu, dossier=dossier, en_place=True)
    assert verdict(manager, connu, dossier) == (RIEN, "L’interlocuteur a déjà cet accès.", 0)
    Acces.objects.update(voulu=False)
    assert verdict(manager, connu, dossier)[::2] == (FAIRE, 0)


def test_retirer(manager, dossiers):
    dossier = dossiers[0]
    connu = InterlocuteurFactory(present=True)
    assert verdict(manager, connu, dossier, voulu=False)[0] == RIEN
    acces = AccesFactory(interlocuteur=connu, dossier=dossier)
    assert verdict(manager, connu, dossier, voulu=False)[::2] == (FAIRE, 1)
    Acces.objects.update(constate=False)
    assert verdict(manager, connu, dossier, voulu=False)[::2] == (FAIRE, 0)
    operation_sur(acces)
    assert verdict(manager, connu, dossier, voulu=False)[::2] == (FAIRE, 1)
    jamais_envoye = AccesFactory(dossier=dossier).interlocuteur
    assert verdict(manager, jamais_envoye, dossier, voulu=False)[::2] == (FAIRE, 0)


def test_deja_demande(manager, dossiers):
    acces = AccesFactory(dossier=dossiers[0], interlocuteur=InterlocuteurFactory(present=True))
    operation = operation_sur(acces)
    attendu = (RIEN, f"Déjà demandé (opération n° {operation.pk}).", 0)
    assert verdict(manager, acces.interlocuteur, dossiers[0]) == attendu
    retrait = operation_sur(acces, nature="retirer_acces")
    assert verdict(manager, acces.interlocuteur, dossiers[0])[0] == FAIRE
    assert f"n° {retrait.pk}" in verdict(manager, acces.interlocuteur, dossiers[0], voulu=False)[1]
    assert verdict(manager, acces.interlocuteur, dossiers[1])[0] == FAIRE


#: What a contact and a dossier are, and a word of the reason why the accès cannot be given.
BLOCAGES = [
    ({"anonyme": True}, {}, "anonymisé"),
    ({"actif": False}, {}, "désactivé"),
    ({"a_inviter": True}, {}, "tenant"),
    ({"presence": "autre"}, {}, "rattachez"),
    ({"domaine": "AILLEURS"}, {}, "domaine"),
    ({"environnement": "test"}, {}, "domaine"),
    ({}, {"archive": True}, "archivé"),
    ({}, {"cle__standard": True}, "P04454"),
    ({}, {"cle__activee_loophub": False}, "LoopHub"),
]


def test_ce_qui_bloque_dit_pourquoi(manager, subtests):
    for personne, dossier, mot in BLOCAGES:
        with subtests.test(mot):
            lu = verdict(manager, InterlocuteurFactory(**personne), DossierFactory(**dossier))
            assert lu[0] == BLOQUE
            assert mot in lu[1]


def test_une_operation_a_verifier_bloque_tout_l_interlocuteur(manager, dossiers):
    acces = AccesFactory(dossier=dossiers[0], interlocuteur=InterlocuteurFactory(present=True))
    operation = operation_sur(acces, a_verifier=True)
    lu = verdict(manager, acces.interlocuteur, dossiers[1])
    assert lu[0] == BLOQUE
    assert f"n° {operation.pk}" in lu[1]


def test_un_desactive_peut_perdre_ses_acces(manager, dossiers):
    inactif = InterlocuteurFactory(present=True, actif=False)
    AccesFactory(interlocuteur=inactif, dossier=dossiers[0], en_place=True)
    assert verdict(manager, inactif, dossiers[0], voulu=False)[0] == FAIRE


def test_de_deux_demandes_sur_un_acces_la_derniere_vaut(manager, dossiers):
    personne = InterlocuteurFactory(present=True)
    (lue,) = charger([cellule(personne, dossiers[0]), cellule(personne, dossiers[0], voulu=False)], par=manager)
    assert (lue.pk, lue.voulu) == (1, False)


@settings(max_examples=repetitions(12, 200), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    presence=st.sampled_from(Interlocuteur.Presence.values),
    invitation=st.sampled_from(Interlocuteur.Invitation.values),
    actif=st.booleans(),
    connu=st.none() | st.tuples(st.booleans(), st.sampled_from([None, True, False])),
    ouvertes=st.lists(st.sampled_from(["creer_interlocuteur", "donner_acces", "retirer_acces"]), max_size=2),
    voulu=st.booleans(),
)
def test_redemander_ce_qui_vient_d_etre_demande_n_envoie_rien(presence, invitation, actif, connu, ouvertes, voulu):
    par = CollaborateurFactory(superutilisateur=True)
    personne = InterlocuteurFactory(presence=presence, invitation=invitation, actif=actif)
    dossier = DossierFactory()
    if connu:
        AccesFactory(interlocuteur=personne, dossier=dossier, voulu=connu[0], constate=connu[1])
    for nature in ouvertes:
        operation_sur(Acces(interlocuteur=personne, dossier=dossier, offre="consultation"), nature=nature)
    premiere = demander_acces([cellule(personne, dossier, voulu=voulu)], par=par)
    if premiere.lignes[0].verdict == FAIRE:
        assert len(premiere.operations) == premiere.lignes[0].appels
        assert Acces.objects.get(interlocuteur=personne).voulu is voulu
    seconde = demander_acces([cellule(personne, dossier, voulu=voulu)], par=par)
    assert seconde.operations == []
    assert seconde.lignes[0].verdict != FAIRE


# --- the gestures ------------------------------------------------------------------------------------------------


def test_le_plan_de_la_matrice_puis_sa_confirmation(manager, simulateur, dossiers, travailler, cle):
    simulateur.inviter("*")
    nouvelle, connue = InterlocuteurFactory(), InterlocuteurFactory(present=True)
    simulateur.charger(contacts=[{"email": connue.email, "acces": [("DEMO1", "start")]}])
    AccesFactory(interlocuteur=connue, dossier=dossiers[0], offre="start", en_place=True)
    cellules = [
        cellule(nouvelle, dossiers[0]),
        cellule(nouvelle, dossiers[1], "start"),
        cellule(connue, dossiers[0], "start", voulu=False),
        cellule(connue, dossiers[1], "start", voulu=False),
    ]
    avant = (Operation.objects.count(), Acces.objects.count(), Evenement.objects.count())
    plan = preparer_cellules(cellules, par=manager)
    assert [ligne.verdict for ligne in plan.lignes] == [FAIRE, FAIRE, FAIRE, RIEN]
    assert (plan.appels, plan.appels_facturables, plan.environnement) == (3, 3, "Bac à sable")
    assert avant == (Operation.objects.count(), Acces.objects.count(), Evenement.objects.count())
    lot = confirmer(plan.sceller(), par=manager)
    assert (lot.total, lot.refus, lot.sans_objet, lot.libelle) == (3, [], 1, "Changer les accès")
    travailler()
    assert set(lot.operations.values_list("nature", "etat")) == {
        ("creer_interlocuteur", Etat.REUSSIE),
        ("donner_acces", Etat.REUSSIE),
        ("retirer_acces", Etat.REUSSIE),
    }
    assert simulateur.acces(nouvelle.email) == {("DEMO1", "consultation"), ("DEMO2", "start")}
    assert simulateur.acces(connue.email) == set()
    assert confirmer(plan.sceller(), par=manager).total == 0


def bouger_presence(acces):
    Interlocuteur.objects.update(presence="autre")


def bouger_acces(acces):
    Acces.objects.update(constate=True)


def bouger_dossier(acces):
    acces.dossier.archive_le = timezone.now()
    acces.dossier.save()


def bouger_actif(acces):
    Interlocuteur.objects.update(actif=False)


def bouger_operation(acces):
    operation_sur(acces, nature="retirer_acces")


@pytest.mark.parametrize("bouger", [bouger_presence, bouger_acces, bouger_dossier, bouger_actif, bouger_operation])
def test_une_cellule_dont_l_etat_a_bouge_est_refusee(manager, bouger):
    acces = AccesFactory(interlocuteur=InterlocuteurFactory(present=True))
    scelle = preparer_cellules([cellule(acces.interlocuteur, acces.dossier)], par=manager).sceller()
    bouger(acces)
    avant = Operation.objects.count()
    lot = confirmer(scelle, par=manager)
    assert len(lot.refus) == 1
    assert Operation.objects.count() == avant


@pytest.mark.parametrize("nom", ["donner_acces", "retirer_acces"])
def test_le_geste_d_une_selection(manager, dossiers, nom):
    personnes = [InterlocuteurFactory(present=True) for _ in range(3)]
    for personne in personnes[:2]:
        AccesFactory(interlocuteur=personne, dossier=dossiers[0], en_place=True)
    parametres = {"dossier": dossiers[0].pk, "offre": "consultation"}
    plan = preparer(nom, [p.pk for p in personnes], parametres, par=manager)
    faits = 1 if nom == "donner_acces" else 2
    assert (len(plan.a_faire), len(plan.rien)) == (faits, 3 - faits)
    lot = confirmer(plan.sceller(), par=manager)
    assert lot.total == faits
    assert "« Consultation » sur DEMO1" in lot.libelle
    assert set(lot.operations.values_list("nature", flat=True)) == {nom}


def test_le_formulaire_d_une_selection_donne_des_parametres_qui_voyagent(manager, dossiers):
    form = AccesForm({"dossier": str(dossiers[0].pk), "offre": "start"})
    assert form.is_valid(), form.errors
    assert form.cleaned_data == {"dossier": dossiers[0].pk, "offre": "start"}
    assert not AccesForm({"dossier": "0", "offre": "start"}).is_valid()
    assert not AccesForm({"dossier": str(dossiers[0].pk), "offre": "Start"}).is_valid()


def test_la_liste_n_offre_que_les_gestes_d_une_selection():
    assert {geste.nom for geste in gestes(Interlocuteur)} == {"donner_acces", "retirer_acces"}


def test_le_nombre_de_requetes_ne_depend_pas_du_nombre_de_cellules(manager, dossiers):
    personnes = [InterlocuteurFactory(present=True) for _ in range(30)]
    preparer_cellules([cellule(personnes[0], dossiers[0])], par=manager)
    with CaptureQueriesContext(connection) as peu:
        preparer_cellules([cellule(p, dossiers[0]) for p in personnes[:2]], par=manager)
    with CaptureQueriesContext(connection) as beaucoup:
        preparer_cellules([cellule(p, d) for p in personnes for d in dossiers], par=manager)
    assert len(beaucoup) == len(peu)


# --- portfolio ---------------------------------------------------------------------------------------------------


def test_le_portefeuille(dossiers):
    limitee = CollaborateurFactory(collaborateur=True, portefeuille=True)
    mien, autre = DossierFactory(maitre_dossier=limitee.login_loop), dossiers[0]
    partage = AccesFactory(dossier=mien, interlocuteur=InterlocuteurFactory(present=True)).interlocuteur
    AccesFactory(dossier=autre, interlocuteur=partage)
    etranger = AccesFactory(dossier=autre).interlocuteur
    cree = InterlocuteurFactory(cree_par=limitee)
    assert set(Interlocuteur.objects.visibles_par(limitee)) == {partage, cree}
    assert [acces.dossier for acces in Acces.objects.visibles_par(limitee)] == [mien]
    demandes = [cellule(p, d, "start") for p in (partage, etranger, cree) for d in (mien, autre)]
    plan = preparer_cellules(demandes, par=limitee)
    assert [ligne.pk for ligne in plan.lignes] == [0, 4]
    with pytest.raises(PermissionDenied):
        preparer("donner_acces", [partage.pk], {"dossier": autre.pk, "offre": "start"}, par=limitee)
    with pytest.raises(ActionImpossible, match="portefeuille"):
        demander_acces([cellule(partage, autre)], par=limitee, tout_ou_rien=True)
    sans_login = CollaborateurFactory(collaborateur=True, portefeuille=True, login_loop="")
    assert not Interlocuteur.objects.visibles_par(sans_login).exists()


def test_la_permission_est_exigee(dossiers):
    consultation = CollaborateurFactory(consultation=True)
    demandes = [cellule(InterlocuteurFactory(), dossiers[0])]
    with pytest.raises(PermissionDenied):
        preparer_cellules(demandes, par=consultation)
    with pytest.raises(PermissionDenied):
        demander_acces(demandes, par=consultation)
    assert not Operation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_deux_confirmations_simultanees_ne_creent_pas_deux_fois():
    par = CollaborateurFactory(superutilisateur=True)
    cle = CleApiFactory(prete=True)
    dossiers = [DossierFactory(cle=cle) for _ in range(2)]
    personne = InterlocuteurFactory()
    scelles = [preparer_cellules([cellule(personne, d) for d in dossiers], par=par).sceller() for _ in range(2)]
    depart, lots = threading.Barrier(2), []

    def confirmer_un(scelle):
        depart.wait()
        lots.append(confirmer(scelle, par=par))
        connection.close()

    fils = [threading.Thread(target=confirmer_un, args=(scelle,)) for scelle in scelles]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join()
    assert sorted(lot.total for lot in lots) == [0, 2]
    assert Operation.objects.filter(nature="creer_interlocuteur").count() == 1
    assert Lot.objects.count() == 2
