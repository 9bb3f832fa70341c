"""From the list to the lot: parameters, plan, confirmation, replay, tampering, moved state."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dossiers.admin.plans import SEL, Selection
from dossiers.models import Dossier, Ecart, Etat, Evenement, Lot, Offre, Operation
from dossiers.operations.execution import vider
from dossiers.services import plans
from tests.dossiers.admin.formulaires import Formulaire, formulaire, formulaires
from tests.fabriques import CleApiFactory, DossierFactory, EcartFactory, OffreFactory, OperationFactory

pytestmark = pytest.mark.django_db
LISTE = "/admin/dossiers/dossier/"
PLAN = "/admin/dossiers/dossier/plan/"


def choisir(
    client: Client, dossiers: list[Dossier], geste: str = "ajouter_offre", liste: str = LISTE, **autres: Any
) -> Any:
    """Tick the rows and run the action."""
    return client.post(liste, {"action": geste, "_selected_action": [d.pk for d in dossiers], **autres})


def planifier(client: Client, dossiers: list[Dossier], offre: str = "consultation", liste: str = LISTE) -> Any:
    """The plan page of adding an offer."""
    return formulaire(choisir(client, dossiers, liste=liste), "/plan/").envoyer(client, offre=offre)


def confirmation(page: Any) -> Formulaire:
    return formulaire(page, "/plan/confirmer/")


def lignes_en_base() -> tuple[int, ...]:
    return tuple(modele.objects.count() for modele in (Lot, Operation, Offre, Evenement))


@pytest.fixture
def simulateur(settings: Any) -> Any:
    from dossiers.loop.simulateur import SimulateurLoop

    with SimulateurLoop() as simulateur:
        settings.LOOP_URLS = settings.LOOP_URLS | {"bac_a_sable": simulateur.url}
        simulateur.charger(
            cles=[
                {
                    "cle_publique": "CLEPUBLIQUEINVENTEE",
                    "client_secret": "secret-invente",
                    "cle_abonnement": "abonnement-invente",
                    "domaine": "CABINETDEMO",
                }
            ]
        )
        yield simulateur


def test_de_la_liste_au_resultat(collaborateur: Client, simulateur: Any) -> None:
    cle = CleApiFactory(prete=True, cle_publique="CLEPUBLIQUEINVENTEE")
    dossiers = [DossierFactory(cle=cle) for _ in range(3)]
    simulateur.charger(dossiers=[{"codeIbs": dossier.code} for dossier in dossiers])
    page = planifier(collaborateur, dossiers)
    texte = page.content.decode()
    assert 'data-compte="faire">3<' in texte
    assert 'data-compte="appels">3<' in texte
    assert 'data-compte="facturables">3<' in texte
    bouton = " ".join(confirmation(page).textes.split())
    assert bouton.replace("\u00a0", " ") == "Confirmer 3 appels – bac à sable"
    reponse = confirmation(page).envoyer(collaborateur)
    lot = Lot.objects.get()
    assert reponse["Location"] == reverse("admin:dossiers_lot_change", args=[lot.pk])
    vider(cle.guichet_id)
    suivi = collaborateur.get(reverse("admin:dossiers_lot_progression", args=[lot.pk])).json()
    assert (suivi["finie"], suivi["reglees"], suivi["etats"]["reussie"]) == (True, 3, 3)
    assert all(simulateur.offres(dossier.code) == {"consultation"} for dossier in dossiers)
    fiche = collaborateur.get(reverse("admin:dossiers_dossier_change", args=[dossiers[0].pk])).content.decode()
    assert "L&#x27;offre consultation a été ajoutée au dossier client" in fiche


def test_rien_n_est_ecrit_avant_la_confirmation(collaborateur: Client, simulateur: Any) -> None:
    dossiers = [DossierFactory() for _ in range(3)]
    avant = lignes_en_base()
    page = planifier(collaborateur, dossiers)
    formulaire(page, "/plan/csv/").envoyer(collaborateur)
    assert lignes_en_base() == avant
    assert simulateur.compte()["appels"] == {}


def test_une_longue_liste_se_planifie_sans_un_appel(
    collaborateur: Client, simulateur: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dossiers.admin.plans.LIGNES_MONTREES", 50)
    cle = CleApiFactory(prete=True)
    Dossier.objects.bulk_create(Dossier(cle=cle, code=f"V{rang:05d}") for rang in range(500))
    avant = lignes_en_base()
    parametres = choisir(collaborateur, [Dossier.objects.first()], select_across="1")  # type: ignore[list-item]
    with CaptureQueriesContext(connection) as requetes:
        page = formulaire(parametres, "/plan/").envoyer(collaborateur, offre="start")
    assert 'data-compte="appels">500<' in page.content.decode()
    assert len(page.context["plan"].a_faire) == 500
    assert page.content.decode().count('<th scope="row">') == 50
    assert len(requetes) < 20, "the plan reads its dossiers at once (`make bench QUOI=plans` times it)"
    assert lignes_en_base() == avant
    assert simulateur.compte()["appels"] == {}


def test_toute_la_selection_respecte_les_filtres_de_l_ecran(collaborateur: Client) -> None:
    cle = CleApiFactory(prete=True)
    dedans = [DossierFactory(cle=cle, maitre_dossier="a@cabinet.example") for _ in range(3)]
    DossierFactory(cle=cle)
    DossierFactory(cle=cle, archive=True, maitre_dossier="a@cabinet.example")
    page = choisir(collaborateur, dedans[:1], liste=f"{LISTE}?q=a@cabinet.example", select_across="1")
    plan = formulaire(page, "/plan/").envoyer(collaborateur, offre="start")
    assert {ligne.pk for ligne in plan.context["plan"].lignes} == {dossier.pk for dossier in dedans}
    assert f'href="{LISTE}?q=a%40cabinet.example"' in plan.content.decode()


def test_le_plan_dit_ce_qui_est_bloque_et_ce_qui_est_deja_fait(collaborateur: Client) -> None:
    fait = OffreFactory(constatee=True).dossier
    archive, libre = DossierFactory(archive=True), DossierFactory()
    page = planifier(collaborateur, [fait, archive, libre], liste=f"{LISTE}?service=tous")
    texte = page.content.decode()
    assert "L’offre est déjà sur le dossier." in texte
    assert "Le dossier est archivé" in texte
    assert [(groupe["titre"], groupe["nombre"]) for groupe in page.context["groupes"]] == [
        ("Bloqué", 1),
        ("À faire", 1),
        ("Rien à faire", 1),
    ]
    csv = b"".join(formulaire(page, "/plan/csv/").envoyer(collaborateur).streaming_content).decode("utf-8-sig")
    assert len(csv.splitlines()) == 4
    assert csv.startswith("Ligne;Verdict;Motif;")
    assert "Bloqué" in csv


def test_des_environnements_meles_ne_se_confirment_pas(collaborateur: Client) -> None:
    dossiers = [DossierFactory(), DossierFactory(cle=CleApiFactory(prete=True, production=True))]
    page = planifier(collaborateur, dossiers)
    texte = page.content.decode()
    assert not [f for f in formulaires(page) if f.action.endswith("/confirmer/")]
    assert all(
        partie in texte for partie in ("Ce qui s’est passé", "Pourquoi", "Que faire", "plusieurs environnements")
    )


def test_la_production_se_confirme_deux_fois(collaborateur: Client) -> None:
    page = planifier(collaborateur, [DossierFactory(cle=CleApiFactory(prete=True, production=True))])
    assert "Je confirme agir en production" in page.content.decode()
    sans_case = confirmation(page).envoyer(collaborateur)
    assert (sans_case.status_code, Lot.objects.count()) == (409, 0)
    assert confirmation(page).envoyer(collaborateur, production="oui").status_code == 302
    assert Lot.objects.get().environnement == "production"


def test_confirmer_deux_fois_ne_fait_qu_un_lot(collaborateur: Client) -> None:
    page = planifier(collaborateur, [DossierFactory()])
    premier, second = confirmation(page).envoyer(collaborateur), confirmation(page).envoyer(collaborateur)
    assert premier["Location"] == second["Location"]
    assert (Lot.objects.count(), Operation.objects.count()) == (1, 1)


def test_une_ligne_qui_a_bouge_est_refusee_et_montree(collaborateur: Client) -> None:
    bouge, fixe = DossierFactory(), DossierFactory()
    page = planifier(collaborateur, [bouge, fixe])
    OffreFactory(dossier=bouge, constatee=True)
    suivi = collaborateur.get(confirmation(page).envoyer(collaborateur)["Location"])
    lot = Lot.objects.get()
    assert (lot.total, len(lot.refus)) == (1, 1)
    assert "L’état a changé depuis le plan" in suivi.content.decode()
    csv = b"".join(collaborateur.get(reverse("admin:dossiers_lot_resultat", args=[lot.pk])).streaming_content).decode()
    assert f"{bouge.code};{bouge.nom_usuel};;Refusée à la confirmation" in csv


@pytest.mark.parametrize("champ", ["selection", "plan"])
def test_un_texte_scelle_modifie_est_refuse(collaborateur: Client, champ: str) -> None:
    parametres = choisir(collaborateur, [DossierFactory()])
    page = formulaire(parametres, "/plan/").envoyer(collaborateur, offre="start")
    vise = formulaire(parametres, "/plan/") if champ == "selection" else confirmation(page)
    scelle = vise.champs[champ]
    for altere in (scelle[:-2] + "xx", "", scelle[5:], "a:b:c"):
        reponse = vise.envoyer(collaborateur, **{champ: altere}, offre="start")
        assert reponse.status_code == 409
        assert "modifi" in reponse.content.decode()
    assert not Lot.objects.exists()


def test_le_plan_d_une_autre_personne_est_refuse(collaborateur: Client, manager: Client) -> None:
    parametres = choisir(collaborateur, [DossierFactory()])
    page = formulaire(parametres, "/plan/").envoyer(collaborateur, offre="start")
    assert formulaire(parametres, "/plan/").envoyer(manager, offre="start").status_code == 409
    assert confirmation(page).envoyer(manager).status_code == 409
    assert not Lot.objects.exists()


def test_une_selection_trop_vieille_est_refusee(collaborateur: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    page = formulaire(choisir(collaborateur, [DossierFactory()]), "/plan/")
    monkeypatch.setattr(plans, "VALIDITE", -1)
    reponse = page.envoyer(collaborateur, offre="start")
    assert reponse.status_code == 409
    assert "plus d’une heure" in reponse.content.decode()


def test_un_plan_trop_grand_est_explique(collaborateur: Client, settings: Any) -> None:
    settings.PLAN_MAXIMUM = 2
    page = choisir(collaborateur, [DossierFactory() for _ in range(3)])
    reponse = formulaire(page, "/plan/").envoyer(collaborateur, offre="start")
    assert reponse.status_code == 409
    assert "Filtrez la liste" in reponse.content.decode()


def test_une_offre_inconnue_revient_au_champ(collaborateur: Client) -> None:
    page = planifier(collaborateur, [DossierFactory()], offre="premium")
    assert page.status_code == 200
    assert "premium" in page.content.decode()
    assert formulaire(page, "/plan/").envoyer(collaborateur, offre="start").context["plan"].appels == 1


def test_un_dossier_seul_passe_par_le_meme_plan(collaborateur: Client) -> None:
    dossier = DossierFactory()
    fiche = collaborateur.get(reverse("admin:dossiers_dossier_change", args=[dossier.pk]))
    ajouts = [f for f in formulaires(fiche) if f.champs.get("geste") == "ajouter_offre"]
    assert {f.champs["offre"] for f in ajouts} == set(Offre.Code.values)
    page = ajouts[0].envoyer(collaborateur)
    assert page.context["retour"] == reverse("admin:dossiers_dossier_change", args=[dossier.pk])
    confirmation(page).envoyer(collaborateur)
    assert Operation.objects.get().dossier == dossier


def test_archiver_est_une_modification_locale(manager: Client) -> None:
    dossier, occupe = DossierFactory(), OperationFactory().dossier
    page = choisir(manager, [dossier, occupe], "archiver")
    assert " ".join(confirmation(page).textes.split()) == "Confirmer 1 modification"
    suivi = manager.get(confirmation(page).envoyer(manager)["Location"])
    assert "Aucun appel à distance" in suivi.content.decode()
    assert set(Dossier.objects.exclude(archive_le=None)) == {dossier}


def test_reparer_ici_depuis_les_ecarts(manager: Client) -> None:
    ecart, absent = EcartFactory(), EcartFactory(absent_ici=True)
    liste = reverse("admin:dossiers_ecart_changelist")
    page = choisir(manager, [ecart, absent], "reparer_ici", liste=liste)  # type: ignore[list-item]
    confirmation(page).envoyer(manager)
    ecart.dossier.refresh_from_db()
    assert ecart.dossier.nom_usuel == "Atelier renommé"
    assert Dossier.objects.filter(code=absent.code).exists()
    assert not Ecart.objects.filter(etat="ouvert").exists()
    assert manager.get(liste).context["cl"].result_count == 0


def test_les_pages_de_plan_ne_s_ouvrent_pas_par_leur_adresse(manager: Client) -> None:
    avant = lignes_en_base()
    pages = ("plan/", "plan/csv/", "plan/confirmer/", "1/geste/")
    for liste in ("/admin/dossiers/dossier/", "/admin/dossiers/ecart/"):
        for page in pages:
            reponse = manager.get(f"{liste}{page}")
            assert (reponse.status_code, reponse["Location"]) == (302, liste), page
        assert manager.get(liste).content.decode().count("ne s’ouvre pas par son adresse") == len(pages)
    assert lignes_en_base() == avant


def test_sans_droit_pas_d_action_et_pas_de_forgerie(consultation: Client) -> None:
    dossier = DossierFactory()
    assert "ajouter_offre" not in consultation.get(LISTE).content.decode()
    choisir(consultation, [dossier])
    personne = consultation.personne  # type: ignore[attr-defined]
    forge = Selection(geste="ajouter_offre", pks=[dossier.pk], retour="", pour=personne.pk).sceller()
    assert consultation.post(PLAN, {"selection": forge, "offre": "start"}).status_code == 403
    geste = reverse("admin:dossiers_dossier_geste", args=[dossier.pk])
    assert consultation.post(geste, {"geste": "ajouter_offre", "offre": "start"}).status_code == 403
    assert not Lot.objects.exists()


def test_le_droit_retire_avant_la_confirmation_l_arrete(collaborateur: Client) -> None:
    page = planifier(collaborateur, [DossierFactory()])
    collaborateur.personne.groups.clear()  # type: ignore[attr-defined]
    assert confirmation(page).envoyer(collaborateur).status_code == 403
    assert not Lot.objects.exists()


def test_hors_portefeuille_une_ligne_n_entre_pas_au_plan(limite: Client) -> None:
    personne = limite.personne  # type: ignore[attr-defined]
    mien, autre = DossierFactory(maitre_dossier=personne.login_loop), DossierFactory()
    page = planifier(limite, [mien, autre])
    assert [ligne.pk for ligne in page.context["plan"].lignes] == [mien.pk]
    forge = Selection(geste="ajouter_offre", pks=[mien.pk, autre.pk], retour="", pour=personne.pk).sceller()
    plan = limite.post(PLAN, {"selection": forge, "offre": "start"})
    assert [ligne.pk for ligne in plan.context["plan"].lignes] == [mien.pk]
    csv = b"".join(limite.post(f"{PLAN}csv/", {"selection": forge, "offre": "start"}).streaming_content).decode()
    assert autre.code not in csv
    assert (
        limite.post(reverse("admin:dossiers_dossier_geste", args=[autre.pk]), {"geste": "archiver"}).status_code == 404
    )


def test_la_selection_ne_porte_que_des_cles(collaborateur: Client) -> None:
    dossier = DossierFactory()
    scelle = formulaire(choisir(collaborateur, [dossier]), "/plan/").champs["selection"]
    assert signing.loads(scelle, salt=SEL)[:2] == ["ajouter_offre", [dossier.pk]]


def test_une_operation_a_verifier_bloque_sa_ligne(collaborateur: Client) -> None:
    operation = OperationFactory(etat=Etat.A_VERIFIER)
    Operation.objects.filter(pk=operation.pk).update(
        objet=operation.definition.objet(operation.guichet, operation.dossier, operation.parametres)
    )
    page = planifier(collaborateur, [operation.dossier])
    assert len(page.context["plan"].bloquees) == 1
