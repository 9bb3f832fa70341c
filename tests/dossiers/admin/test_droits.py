"""Who may do what: every address for the four roles, and nothing outside one's portfolio."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dossiers.models import CleApi, Collaborateur, Dossier, Evenement, Lot, Operation
from dossiers.services.plans import gestes
from tests.dossiers.admin.formulaires import formulaires
from tests.fabriques import (
    AppelFactory,
    CleApiFactory,
    CollaborateurFactory,
    DossierFactory,
    EcartFactory,
    EtablissementFactory,
    EvenementFactory,
    ExplicationFactory,
    LotFactory,
    OperationFactory,
)
from tests.rendu import sans_rendu

pytestmark = pytest.mark.django_db
RANG = {"consultation": 0, "collaborateur": 1, "manager": 2, "administrateur": 3}
JAMAIS = 9

#: Model, page, least role that may open it.
LECTURES = [
    ("dossier", "", 0),
    ("dossier", "{pk}/change/", 0),
    ("dossier", "{pk}/frise/", 0),
    ("dossier", "{pk}/history/", 0),
    ("dossier", "export.csv", 0),
    ("dossier", "export.xlsx", 0),
    ("dossier", "add/", 2),
    ("dossier", "{pk}/delete/", JAMAIS),
    ("cleapi", "", 1),
    ("cleapi", "{pk}/change/", 1),
    ("cleapi", "export.csv", 1),
    ("cleapi", "add/", 3),
    ("cleapi", "{pk}/delete/", JAMAIS),
    ("lot", "", 0),
    ("lot", "{pk}/change/", 0),
    ("lot", "{pk}/progression/", 0),
    ("lot", "{pk}/resultat.csv", 0),
    ("lot", "add/", JAMAIS),
    ("lot", "{pk}/delete/", JAMAIS),
    ("operation", "", 0),
    ("operation", "{pk}/change/", 0),
    ("operation", "export.csv", 0),
    ("operation", "add/", JAMAIS),
    ("appel", "", 0),
    ("appel", "{pk}/change/", 0),
    ("appel", "add/", JAMAIS),
    ("ecart", "", 0),
    ("ecart", "{pk}/change/", 0),
    ("ecart", "add/", JAMAIS),
    ("explication", "", 0),
    ("explication", "{pk}/change/", 0),
    ("explication", "add/", JAMAIS),
    ("evenement", "", 0),
    ("evenement", "{pk}/change/", 0),
    ("evenement", "add/", JAMAIS),
    ("collaborateur", "", 2),
    ("collaborateur", "{pk}/change/", 2),
    ("collaborateur", "{pk}/password/", 3),
    ("collaborateur", "add/", 3),
    ("collaborateur", "{pk}/delete/", JAMAIS),
]
#: Model, button, least role that may press it.
BOUTONS = [
    ("operation", "annuler", 1),
    ("operation", "relancer", 1),
    ("operation", "trancher", 2),
    ("lot", "annuler-restant", 1),
    ("lot", "relancer-echecs", 1),
    ("cleapi", "tester", 2),
    ("cleapi", "relever", 2),
    ("cleapi", "archiver", 3),
    ("cleapi", "remettre-en-service", 3),
]
#: Gesture, least role that may prepare it.
GESTES = {
    "ajouter_offre": 1,
    "retirer_offre": 1,
    "actualiser_dossier": 1,
    "provisionner": 2,
    "archiver": 2,
    "remettre_en_service": 2,
    "reparer_ici": 2,
    "reparer_la_bas": 2,
}
FABRIQUES: dict[str, Callable[[], Any]] = {
    "dossier": DossierFactory,
    "cleapi": lambda: CleApiFactory(prete=True),
    "lot": LotFactory,
    "operation": OperationFactory,
    "appel": AppelFactory,
    "ecart": EcartFactory,
    "explication": ExplicationFactory,
    "evenement": EvenementFactory,
    "collaborateur": CollaborateurFactory,
}


def page(modele: str, chemin: str, pk: Any = "") -> str:
    return f"/admin/dossiers/{modele}/{chemin.format(pk=pk)}"


def test_chaque_page_selon_le_role(par_role: tuple[str, Client]) -> None:
    role, client = par_role
    objets = {modele: fabrique() for modele, fabrique in FABRIQUES.items()}
    vues = {}
    for modele, chemin, minimum in LECTURES:
        # Drawn for the least role that may open it.
        with nullcontext() if RANG[role] == minimum else sans_rendu():
            statut = client.get(page(modele, chemin, objets[modele].pk)).status_code
        vues[modele, chemin] = (statut, 200 if RANG[role] >= minimum else 403)
    assert {cle: obtenu for cle, (obtenu, attendu) in vues.items() if obtenu != attendu} == {}


def test_une_personne_sans_role_ne_voit_rien(entrer: Any) -> None:
    client = entrer()
    for modele, fabrique in FABRIQUES.items():
        objet = fabrique()
        assert client.get(page(modele, "")).status_code == 403
        assert client.get(page(modele, "{pk}/change/", objet.pk)).status_code == 403
    assert "q=essai" not in client.get("/admin/recherche/?q=essai").content.decode()


def test_sans_connexion_tout_mene_a_la_page_de_connexion(client: Client) -> None:
    objet = DossierFactory()
    for adresse in (
        "/admin/",
        "/admin/recherche/?q=a",
        page("dossier", "{pk}/frise/", objet.pk),
        page("dossier", "plan/"),
    ):
        assert client.get(adresse)["Location"].startswith("/admin/login/"), adresse


def test_chaque_bouton_selon_le_role(par_role: tuple[str, Client]) -> None:
    role, client = par_role
    for modele, nom, minimum in BOUTONS:
        objet = FABRIQUES[modele]()
        reponse = client.post(page(modele, "{pk}/" + nom + "/", objet.pk))
        assert (reponse.status_code == 403) == (RANG[role] < minimum), (modele, nom)
        assert reponse.status_code in {200, 302, 403}


def test_chaque_geste_selon_le_role(par_role: tuple[str, Client]) -> None:
    role, client = par_role
    ecart = EcartFactory()
    objets = {"dossier": ecart.dossier, "ecart": ecart}
    assert {g.nom for modele in (Dossier, type(ecart)) for g in gestes(modele)} == set(GESTES)
    listes = {modele: client.get(page(modele, "")).content.decode() for modele in objets}
    for geste in (*gestes(Dossier), *gestes(type(ecart))):
        modele = geste.modele._meta.model_name or ""
        permis = RANG[role] >= GESTES[geste.nom]
        assert (f'value="{geste.nom}"' in listes[modele]) == permis, geste.nom
        for champs in ({}, {"offre": "start"}):
            with sans_rendu():
                reponse = client.post(page(modele, "{pk}/geste/", objets[modele].pk), {"geste": geste.nom, **champs})
            assert reponse.status_code == (200 if permis else 403), (geste.nom, champs)


def test_un_bouton_ne_repond_qu_a_post(racine: Client) -> None:
    objets = {modele: FABRIQUES[modele]() for modele, _, _ in BOUTONS}
    avant = (Operation.objects.count(), Lot.objects.count(), Evenement.objects.count())
    for modele, nom, _ in BOUTONS:
        assert racine.get(page(modele, "{pk}/" + nom + "/", objets[modele].pk)).status_code == 405, (modele, nom)
    assert (Operation.objects.count(), Lot.objects.count(), Evenement.objects.count()) == avant


def test_ce_qui_se_lit_ne_s_ecrit_pas(racine: Client) -> None:
    for modele in ("lot", "operation", "appel", "ecart", "evenement"):
        objet = FABRIQUES[modele]()
        assert racine.post(page(modele, "{pk}/change/", objet.pk), {}).status_code in {403, 405}, modele


def test_les_formulaires_portent_tous_leur_jeton(entrer: Any) -> None:
    dossier = DossierFactory()
    client = entrer(superutilisateur=True)
    protege = Client(enforce_csrf_checks=True)
    protege.cookies = client.cookies
    for formulaire in formulaires(client.get(page("dossier", "{pk}/change/", dossier.pk))):
        if formulaire.methode == "post":
            assert "csrfmiddlewaretoken" in formulaire.champs, formulaire.action
    assert protege.post(page("dossier", "{pk}/geste/", dossier.pk), {"geste": "archiver"}).status_code == 403


# --- portfolio ---------------------------------------------------------------------------------------------------


def _monde(identifiant: str) -> dict[str, Any]:
    """One object of each kind on a dossier in charge of `identifiant`."""
    dossier = DossierFactory(maitre_dossier=identifiant)
    operation = OperationFactory(dossier=dossier)
    return {
        "dossier": dossier,
        "operation": operation,
        "appel": AppelFactory(operation=operation),
        "ecart": EcartFactory(dossier=dossier),
        "evenement": EvenementFactory(dossier=dossier),
    }


def test_on_voit_les_dossiers_dont_on_a_la_charge(limite: Client) -> None:
    for champ in ("maitre_dossier", "engagement_manager"):
        dossier = DossierFactory(**{champ: limite.personne.login_loop})  # type: ignore[attr-defined]
        assert limite.get(page("dossier", "{pk}/change/", dossier.pk)).status_code == 200, champ


def test_hors_du_portefeuille_tout_est_introuvable(limite: Client) -> None:
    miens, autres = _monde(limite.personne.login_loop), _monde("autre@cabinet.example")  # type: ignore[attr-defined]
    for modele, objet in autres.items():
        suites = ["change/", "history/"]
        suites += ["frise/"] if modele == "dossier" else []
        for suite in suites:
            assert limite.get(page(modele, "{pk}/" + suite, objet.pk)).status_code == 404, (modele, suite)
        with sans_rendu():
            assert limite.get(page(modele, "{pk}/change/", miens[modele].pk)).status_code == 200, modele
            liste = limite.get(page(modele, "")).context_data["cl"].result_list
        assert objet.pk not in {ligne.pk for ligne in liste}, modele
        csv = b"".join(limite.get(page(modele, "export.csv")).streaming_content).decode()
        assert autres["dossier"].code not in csv
    for modele, nom in [(m, n) for m, n, _ in BOUTONS if m == "operation"]:
        assert limite.post(page(modele, f"{{pk}}/{nom}/", autres["operation"].pk)).status_code == 404
    assert limite.post(page("dossier", "{pk}/geste/", autres["dossier"].pk), {"geste": "archiver"}).status_code == 404
    assert limite.post(page("ecart", "{pk}/geste/", autres["ecart"].pk), {"geste": "reparer_ici"}).status_code == 404


def test_le_lot_d_une_autre_personne_est_introuvable(limite: Client) -> None:
    lot = LotFactory()
    for suite in ("change/", "progression/", "resultat.csv"):
        assert limite.get(page("lot", "{pk}/" + suite, lot.pk)).status_code == 404
    for nom in ("annuler-restant", "relancer-echecs"):
        assert limite.post(page("lot", "{pk}/" + nom + "/", lot.pk)).status_code == 404


def test_un_lot_a_soi_ne_montre_plus_ce_qui_a_quitte_le_portefeuille(limite: Client) -> None:
    personne = limite.personne  # type: ignore[attr-defined]
    parti, garde = DossierFactory(), DossierFactory(maitre_dossier=personne.login_loop)
    lot = LotFactory(cree_par=personne, total=2)
    lot.refus = [{"pk": parti.pk, "libelle": str(parti), "motif": "L’état a changé."}]
    lot.save()
    for dossier in (parti, garde):
        OperationFactory(dossier=dossier, lot=lot, echouee=True)
    for suite in ("change/", "progression/"):
        texte = limite.get(page("lot", "{pk}/" + suite, lot.pk)).content.decode()
        assert garde.code in texte
        assert parti.code not in texte
    csv = b"".join(limite.get(page("lot", "{pk}/resultat.csv", lot.pk)).streaming_content).decode()
    assert (garde.code in csv, parti.code in csv) == (True, False)


def test_la_recherche_et_les_doublons_restent_dans_le_portefeuille(limite: Client) -> None:
    mien = DossierFactory(maitre_dossier=limite.personne.login_loop)  # type: ignore[attr-defined]
    autre = DossierFactory(siren=mien.siren, code="AUTREDOSSIER")
    requete = "12345678-1234-1234-1234-123456789012"
    AppelFactory(operation__dossier=autre, requete_id=requete)
    for terme in (autre.code, autre.raison_sociale, requete):
        assert autre.code not in limite.get("/admin/recherche/", {"q": terme}).content.decode().replace(terme, "")
        assert "Rien ne correspond" in limite.get("/admin/recherche/", {"q": terme}).content.decode()
    assert autre.code not in limite.get(page("dossier", "{pk}/change/", mien.pk)).content.decode()


def test_l_autocompletion_ne_montre_que_ce_que_l_on_voit(limite: Client, consultation: Client) -> None:
    CleApiFactory(nom="Clé autocomplétée")
    adresse = reverse("admin:autocomplete")
    champs = {"app_label": "dossiers", "model_name": "dossier", "field_name": "cle", "term": "auto"}
    assert limite.get(adresse, champs).json()["results"][0]["text"] == "Clé autocomplétée"
    assert consultation.get(adresse, champs).status_code == 403


def test_l_etablissement_d_un_autre_dossier_ne_se_modifie_pas_par_son_identifiant(limite: Client) -> None:
    mien = DossierFactory(maitre_dossier=limite.personne.login_loop)  # type: ignore[attr-defined]
    autre = EtablissementFactory()
    reponse = limite.post(
        page("dossier", "{pk}/change/", mien.pk),
        {
            "nom_usuel": "Essai",
            "maitre_dossier": mien.maitre_dossier,
            "etablissements-TOTAL_FORMS": "1",
            "etablissements-INITIAL_FORMS": "1",
            "etablissements-0-id": autre.pk,
            "etablissements-0-dossier": mien.pk,
            "etablissements-0-siret": autre.siret,
            "etablissements-0-nom": "Pris",
        },
    )
    assert reponse.status_code in {200, 302, 400}
    autre.refresh_from_db()
    assert (autre.nom, autre.dossier == mien) == ("Établissement principal", False)


# --- people ------------------------------------------------------------------------------------------------------


def test_un_administrateur_ne_donne_pas_plus_qu_il_n_a(administrateur: Client) -> None:
    personne = CollaborateurFactory()
    adresse = page("collaborateur", "{pk}/change/", personne.pk)
    assert "is_superuser" not in administrateur.get(adresse).content.decode()
    champs = {"username": personne.username, "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    assert administrateur.post(adresse, champs).status_code == 302
    personne.refresh_from_db()
    assert not personne.is_superuser
    assert not personne.user_permissions.exists()


def test_un_administrateur_ne_touche_pas_a_un_superutilisateur(administrateur: Client, racine: Client) -> None:
    chef: Collaborateur = racine.personne  # type: ignore[attr-defined]
    avant = chef.password
    champs = {"username": "pris", "is_active": "on"}
    assert administrateur.post(page("collaborateur", "{pk}/change/", chef.pk), champs).status_code == 403
    nouveau = {
        "password1": "Un-autre-mot-de-passe-42",
        "password2": "Un-autre-mot-de-passe-42",
        "usable_password": "true",
    }
    assert administrateur.post(page("collaborateur", "{pk}/password/", chef.pk), nouveau).status_code == 403
    chef.refresh_from_db()
    assert (chef.username == "pris", chef.password) == (False, avant)


def test_creer_une_personne_et_changer_son_mot_de_passe(administrateur: Client) -> None:
    champs = {
        "username": "nouvelle",
        "usable_password": "true",
        "password1": "Un-mot-de-passe-solide-9",
        "password2": "Un-mot-de-passe-solide-9",
        "is_staff": "on",
        "login_loop": " Nouvelle@Cabinet.example ",
        "limite_au_portefeuille": "on",
    }
    reponse = administrateur.post(page("collaborateur", "add/"), champs)
    personne = Collaborateur.objects.get(username="nouvelle")
    assert reponse.status_code == 302
    assert (personne.login_loop, personne.limite_au_portefeuille) == ("nouvelle@cabinet.example", True)
    nouveau = {"password1": "Encore-un-solide-10", "password2": "Encore-un-solide-10", "usable_password": "true"}
    assert administrateur.post(page("collaborateur", "{pk}/password/", personne.pk), nouveau).status_code == 302
    personne.refresh_from_db()
    assert personne.check_password("Encore-un-solide-10")


def test_une_cle_en_lecture_ne_montre_pas_le_champ_des_secrets(collaborateur: Client) -> None:
    cle: CleApi = CleApiFactory(prete=True)
    texte = collaborateur.get(page("cleapi", "{pk}/change/", cle.pk)).content.decode()
    assert cle.cle_publique in texte
    assert cle.client_secret not in texte
    assert 'name="client_secret"' not in texte
