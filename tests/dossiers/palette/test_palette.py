"""What a line leads to, for whom, and that nothing of it acts."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from config.accessibilite import ETAT
from dossiers.models import Dossier, Evenement, Lot, Operation
from dossiers.palette import registre
from dossiers.palette.grammaire import proposer
from tests.dossiers.admin.conftest import ROLES, Entrer
from tests.fabriques import CleApiFactory, CollaborateurFactory, DossierFactory, OperationFactory
from tests.raccordements.fabriques import activee, approuvee, envoyee, fiche_edi
from tests.rendu import sans_rendu

pytestmark = pytest.mark.django_db
RESULTATS, PAGE = "/admin/commandes/resultats/", "/admin/commandes/"
#: Words of verbs and of objects, so that the draws meet the grammar.
MOTS = [
    *sorted({mot for commande in registre.toutes() for mot in commande.mots}),
    *("co-production", "MANON001", "VFE056", "30", "j", "«", "’", "\0"),
]


ACTES = {"add", "preparer", "envoyer", "soumettre", "approuver", "demander"}


def chercher(client: Client, texte: str) -> list[dict[str, str]]:
    reponse = client.get(RESULTATS, {"q": texte})
    assert reponse.status_code == 200
    assert "no-store" in reponse["Cache-Control"]
    return reponse.json()["propositions"]


def libelles(client: Client, texte: str) -> list[str]:
    return [proposition["libelle"] for proposition in chercher(client, texte)]


def test_un_verbe_et_son_objet_menent_au_plan_deja_rempli(entrer: Entrer) -> None:
    dossier = DossierFactory(code="MANON001", cle=CleApiFactory(prete=True))
    client = entrer(collaborateur=True)
    premiere = chercher(client, "offre co-production manon001")[0]
    assert premiere["libelle"] == f"Ajouter l’offre Co-production – {dossier}"
    avant = Lot.objects.count(), Operation.objects.count(), Evenement.objects.count()
    page = client.get(premiere["adresse"])
    assert page.status_code == 200
    assert page.context["formulaire"]["offre"].value() == "co-production"
    assert (Lot.objects.count(), Operation.objects.count(), Evenement.objects.count()) == avant


@pytest.mark.parametrize(
    ("texte", "attendu", "question"),
    [
        ("offre start", "Ajouter l’offre Start : choisir dans la liste", {"offres": ["sans_start"]}),
        ("retirer l’offre start", "Retirer l’offre Start : choisir dans la liste", {"offres": ["avec_start"]}),
        ("RELEVER loophub", "Synchroniser LoopHub", {}),
        ("importer écritures", "Importer des écritures", {}),
        ("trancher", "Trancher les opérations à vérifier", {"etat__exact": ["a_verifier"]}),
    ],
)
def test_un_verbe_mene_a_sa_liste(entrer: Entrer, texte: str, attendu: str, question: dict[str, Any]) -> None:
    premiere = chercher(entrer(administrateur=True), texte)[0]
    assert premiere["libelle"] == attendu
    assert parse_qs(urlsplit(premiere["adresse"]).query) == question


def test_ce_qui_n_est_pas_compris_se_cherche(entrer: Entrer) -> None:
    propositions = chercher(entrer(consultation=True), "zzz introuvable")
    assert [p["libelle"] for p in propositions] == ["Rechercher « zzz introuvable »"]
    assert propositions[0]["adresse"] == "/admin/recherche/?q=zzz+introuvable"


def test_un_dossier_hors_du_portefeuille_n_est_pas_propose(entrer: Entrer) -> None:
    cle = CleApiFactory(prete=True)
    client = entrer(collaborateur=True, portefeuille=True)
    DossierFactory(code="MANON001", cle=cle, maitre_dossier=client.personne.login_loop)
    ailleurs = DossierFactory(code="MANON002", cle=cle, maitre_dossier="autre@cabinet.example")
    trouves = " ".join(libelles(client, "offre start MANON"))
    assert "MANON001" in trouves
    assert "MANON002" not in trouves
    assert client.get(f"/admin/dossiers/dossier/{ailleurs.pk}/preparer/ajouter_offre/").status_code == 404


def test_une_adresse_de_plan_forgee_est_refusee(entrer: Entrer) -> None:
    dossier = DossierFactory(cle=CleApiFactory(prete=True))
    adresse = f"/admin/dossiers/dossier/{dossier.pk}/preparer/"
    consultation, collaborateur = entrer(consultation=True), entrer(collaborateur=True)
    assert consultation.get(f"{adresse}ajouter_offre/").status_code == 403
    assert collaborateur.get(f"{adresse}ajouter_offre/?offre=absurde").status_code == 200
    assert collaborateur.get(f"{adresse}geste-inconnu/").status_code == 404
    assert collaborateur.post(f"{adresse}ajouter_offre/").status_code == 405
    assert Operation.objects.count() == 0


def test_un_droit_retire_se_voit_a_la_demande_suivante(entrer: Entrer) -> None:
    client = entrer(collaborateur=True)
    assert "Ajouter une offre" in libelles(client, "ajouter offre")
    client.personne.groups.clear()
    assert "Ajouter une offre" not in libelles(client, "ajouter offre")


@pytest.mark.parametrize("role", ROLES)
def test_chaque_verbe_montre_mene_a_une_page_permise(entrer: Entrer, role: str) -> None:
    client = entrer(**{role: True})
    verbes = [commande for commande in registre.toutes() if commande.permise(client.personne)]
    assert {p["libelle"] for p in chercher(client, "")} >= {verbe.libelle for verbe in verbes}
    with sans_rendu():
        statuts = {adresse: client.get(adresse).status_code for adresse in {verbe.adresse() for verbe in verbes}}
    assert set(statuts.values()) == {200}, statuts
    page = client.get(PAGE).content.decode()
    for commande in registre.toutes():
        assert (f">{commande.libelle}</a>" in page) == (commande in verbes)


def test_la_consultation_ne_voit_aucun_acte(entrer: Entrer) -> None:
    personne = entrer(consultation=True).personne
    lus = {commande.cle for commande in registre.toutes() if commande.permise(personne)}
    assert lus == {
        "dossier",
        "frise",
        "operation",
        "interlocuteur",
        "rechercher_fiche_edi",
        "rechercher_fiche_api",
        "passeport",
        "expirations",
        "souscriptions",
        "routage",
        "progression",
        "sans_souscription",
    }


def test_aucune_ligne_ne_casse_ni_ne_donne_un_acte() -> None:
    requete = HttpRequest()
    requete.user, requete.path = CollaborateurFactory(consultation=True), PAGE

    @given(texte=st.lists(st.sampled_from(MOTS) | st.text(max_size=8), max_size=5).map(" ".join))
    @settings(max_examples=40, deadline=None, database=None)
    def eprouver(texte: str) -> None:
        propositions = proposer(requete, texte)
        assert propositions
        for proposition in propositions:
            assert proposition.adresse.startswith("/admin/")
            assert not ACTES & set(proposition.adresse.partition("?")[0].split("/"))

    eprouver()


def test_le_nombre_de_requetes_ne_depend_pas_des_lignes(entrer: Entrer) -> None:
    cle, client = CleApiFactory(prete=True), entrer(administrateur=True)
    comptes = []
    for nombre in (2, 30):
        for rang in range(nombre):
            dossier = DossierFactory(code=f"MANON{nombre}{rang:02}", cle=cle)
            OperationFactory(dossier=dossier, guichet=cle.guichet)
        chercher(client, "offre start MANON")
        with CaptureQueriesContext(connection) as requetes:
            chercher(client, "offre start MANON")
        comptes.append(len(requetes))
    assert comptes[0] == comptes[1]
    assert Dossier.objects.count() == 32


def test_les_touches_seules_se_desactivent(entrer: Entrer) -> None:
    client = entrer(consultation=True)
    assert 'data-touches="oui"' in client.get("/admin/commandes/").content.decode()
    assert client.get("/admin/commandes/raccourcis/").status_code == 405
    client.post("/admin/commandes/raccourcis/", {"actifs": "non"})
    assert 'data-touches="non"' in client.get("/admin/commandes/").content.decode()
    client.post("/admin/commandes/raccourcis/", {"actifs": "oui"})
    assert 'data-touches="oui"' in client.get("/admin/commandes/").content.decode()


def test_sans_connexion_rien_ne_repond(client: Client) -> None:
    for adresse in (PAGE, RESULTATS):
        assert client.get(adresse).status_code == 302


def test_la_declaration_est_publique_et_liee_partout(client: Client, entrer: Entrer) -> None:
    page = client.get("/accessibilite/")
    assert page.status_code == 200
    assert f"<strong>{ETAT}</strong>" in page.content.decode()
    lien = f"Accessibilité : {ETAT}"
    assert lien in client.get("/admin/login/").content.decode()
    assert lien in client.get("/introuvable/").content.decode()
    assert lien in entrer(consultation=True).get("/admin/").content.decode()


def test_sans_le_droit_de_voir_les_dossiers_aucun_n_est_nomme_ni_sa_liste(entrer: Entrer) -> None:
    DossierFactory(code="MANON001")
    client = entrer()
    droits = ["add_importecritures", "view_interlocuteur", "add_interlocuteur"]
    client.personne.user_permissions.set(Permission.objects.filter(codename__in=droits))
    for texte in ("importer écritures MANON001", "ajouter interlocuteur MANON001"):
        adresses = {proposition["adresse"] for proposition in chercher(client, texte)}
        assert not any("dossier" in adresse for adresse in adresses), texte
        assert not any("MANON001 –" in libelle or "– MANON001" in libelle for libelle in libelles(client, texte))
    client.personne.user_permissions.add(Permission.objects.get(codename="view_dossier"))
    assert any("MANON001" in libelle for libelle in libelles(client, "importer écritures MANON001"))


def test_envoyer_n_est_propose_que_pour_une_fiche_a_envoyer(entrer: Entrer) -> None:
    client = entrer(superutilisateur=True)
    fiches = {"approuvée": approuvee(fiche_edi()), "envoyée": envoyee(fiche_edi()), "activée": activee(fiche_edi())}
    proposees = {
        nom
        for nom, fiche in fiches.items()
        if any(lu.startswith("Envoyer – ") for lu in libelles(client, f"envoyer {fiche.pk}"))
    }
    assert proposees == {"approuvée"}
