"""Searches kept above every list: what is kept of an address, who sees them, who changes them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from dossiers.models import Evenement, RechercheEnregistree
from dossiers.services import recherches as services
from dossiers.services.erreurs import ActionImpossible
from tests.dossiers.admin.formulaires import formulaire, formulaires
from tests.fabriques import DossierFactory, RechercheEnregistreeFactory

pytestmark = pytest.mark.django_db
LISTE = "/admin/dossiers/dossier/"
ENREGISTRER = "/admin/dossiers/rechercheenregistree/enregistrer/"
MES_RECHERCHES = "/admin/dossiers/rechercheenregistree/"
FILTRE = "statut__exact=a_preparer"


def enregistrer(client: Client, adresse: str = f"{LISTE}?{FILTRE}", **champs: Any) -> Any:
    """Through the form that the list shows."""
    page = client.get(adresse)
    return formulaire(page, "rechercheenregistree/enregistrer/").envoyer(client, **{"nom": "À préparer", **champs})


def page(recherche: RechercheEnregistree, suite: str) -> str:
    return f"{MES_RECHERCHES}{recherche.pk}/{suite}/"


def test_enregistrer_puis_rouvrir_par_son_lien(collaborateur: Client) -> None:
    DossierFactory(code="PREPARE1")
    DossierFactory(code="OPERATIONNEL1", operationnel=True)
    reponse = enregistrer(collaborateur, nom="  À   préparer ")
    recherche = RechercheEnregistree.objects.get()
    assert (recherche.nom, recherche.criteres, recherche.partagee) == ("À préparer", FILTRE, False)
    assert reponse["Location"] == f"{LISTE}?{FILTRE}"
    liste = collaborateur.get(LISTE)
    assert f'<a href="{LISTE}?{FILTRE}">À préparer</a>' in liste.content.decode()
    assert "OPERATIONNEL1" in liste.content.decode()
    rouverte = collaborateur.get(page(recherche, "ouvrir"), follow=True).content.decode()
    assert "PREPARE1" in rouverte
    assert "OPERATIONNEL1" not in rouverte
    assert "Recherche « À préparer »" in rouverte


def test_rien_a_enregistrer_sans_critere(collaborateur: Client) -> None:
    adresses = [f.action for f in formulaires(collaborateur.get(LISTE))]
    assert ENREGISTRER not in adresses
    reponse = collaborateur.post(ENREGISTRER, {"liste": "dossiers.dossier", "criteres": "p=3", "nom": "Vide"})
    texte = reponse.content.decode()
    assert "n’a ni filtre, ni recherche" in texte
    assert 'value="Vide"' in texte
    assert not RechercheEnregistree.objects.exists()


def test_seul_ce_que_la_liste_connait_est_garde(collaborateur: Client) -> None:
    criteres = f"{FILTRE}&p=7&all=&_popup=1&e=1&cle__client_secret__startswith=a&q=atelier&o=2&inconnu=1&service="
    enregistrer(collaborateur, criteres=criteres)
    assert RechercheEnregistree.objects.get().criteres == f"o=2&q=atelier&{FILTRE}"


NOMS = st.sampled_from(["q", "p", "statut", "inconnu", "o"])
VALEURS = st.text(max_size=20)


@given(st.lists(st.tuples(NOMS, VALEURS), max_size=8))
def test_ce_qui_est_garde_est_propre_et_stable(paires: list[tuple[str, str]]) -> None:
    adresse = QueryDict(mutable=True)
    for nom, valeur in paires:
        adresse.appendlist(nom, valeur)
    garde = services.nettoyer(adresse.urlencode(), {"q", "statut", "o"})
    lus = QueryDict(garde)
    assert set(lus) <= {"q", "statut", "o"}
    assert all(valeur.isprintable() and valeur for _, valeurs in lus.lists() for valeur in valeurs)
    assert services.nettoyer(garde, {"q", "statut", "o"}) == garde
    attendus = [(n, v) for n, v in paires if n in {"q", "statut", "o"} and v and v.isprintable()]
    assert sorted((n, v) for n, vs in lus.lists() for v in vs) == sorted(attendus)


def test_ce_qui_ne_se_garde_pas_le_dit(collaborateur: Client) -> None:
    for criteres, mot in (
        ("q=client_secret%3DZyXwVu123", "forme d’un secret"),
        ("q=Bearer+abcdefghijklmnop", "forme d’un secret"),
        (f"q={'a' * 2100}", "trop longs"),
        (f"{FILTRE}%00", "n’a ni filtre"),
    ):
        champs = {"liste": "dossiers.dossier", "criteres": criteres, "nom": "Essai"}
        reponse = collaborateur.post(ENREGISTRER, champs)
        assert (reponse.status_code, mot in reponse.content.decode()) == (200, True), criteres[:40]
    assert not RechercheEnregistree.objects.exists()
    assert not Evenement.objects.exists()


def test_un_nom_refuse_est_montre_au_champ(collaborateur: Client) -> None:
    saisie = formulaire(collaborateur.get(f"{LISTE}?{FILTRE}"), "rechercheenregistree/enregistrer/")
    for nom in ("", "   ", "n" * 81, "nul\x00"):
        reponse = saisie.envoyer(collaborateur, nom=nom)
        assert reponse.status_code == 200, nom
        assert reponse.context["formulaire"].errors["nom"], nom
        # What was chosen on the list is not lost.
        assert formulaire(reponse, ENREGISTRER).champs["criteres"] == FILTRE


def test_deux_fois_le_meme_nom(collaborateur: Client, manager: Client) -> None:
    enregistrer(collaborateur)
    assert "déjà une recherche de ce nom" in enregistrer(collaborateur).content.decode()
    enregistrer(manager)
    enregistrer(collaborateur, "/admin/dossiers/operation/?etat__exact=echouee")
    assert RechercheEnregistree.objects.count() == 3
    autre = services.enregistrer("dossiers.dossier", "q=x", {"q"}, nom="Autre", partagee=False, par=_personne(manager))
    # Two windows at once: the form has seen no namesake, the database has.
    with pytest.raises(ActionImpossible, match="porte déjà ce nom"):
        services.modifier(autre, nom="À préparer", partagee=False, par=_personne(manager))


def test_le_nombre_par_liste_est_borne(collaborateur: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "PAR_PERSONNE", 1)
    enregistrer(collaborateur)
    assert "Vous en avez déjà 1" in enregistrer(collaborateur, nom="Une de trop").content.decode()
    assert RechercheEnregistree.objects.count() == 1


# --- who sees, who changes ---------------------------------------------------------------------------------------


def _personne(client: Client) -> Any:
    return client.personne  # type: ignore[attr-defined]


def _gardee(client: Client, **champs: Any) -> RechercheEnregistree:
    recherche: RechercheEnregistree = RechercheEnregistreeFactory(
        proprietaire=_personne(client), **{"nom": "Gardée", "criteres": FILTRE, "partagee": False, **champs}
    )
    return recherche


def test_une_recherche_privee_n_existe_pour_personne_d_autre(
    collaborateur: Client, administrateur: Client, racine: Client
) -> None:
    recherche = _gardee(collaborateur, nom="Secret du collègue")
    for client in (administrateur, racine):
        for suite in ("ouvrir", "change", "delete", "history"):
            assert client.get(page(recherche, suite)).status_code == 404, suite
        for suite in ("change", "delete"):
            assert client.post(page(recherche, suite), {"nom": "Pris", "post": "yes"}).status_code == 404, suite
        for adresse in (LISTE, MES_RECHERCHES):
            assert "Secret du collègue" not in client.get(adresse).content.decode()
    recherche.refresh_from_db()
    assert recherche.nom == "Secret du collègue"


def test_une_recherche_partagee_se_lit_mais_ne_se_change_pas(collaborateur: Client, manager: Client) -> None:
    recherche = _gardee(collaborateur, partagee=True)
    assert manager.get(page(recherche, "ouvrir"))["Location"] == f"{LISTE}?{FILTRE}"
    assert "Partagées par le cabinet" in manager.get(LISTE).content.decode()
    assert manager.post(page(recherche, "change"), {"nom": "Prise"}).status_code == 403
    assert manager.post(page(recherche, "delete"), {"post": "yes"}).status_code == 403
    with pytest.raises(PermissionDenied):
        services.modifier(recherche, nom="Prise", partagee=True, par=_personne(manager))
    with pytest.raises(PermissionDenied):
        services.supprimer(recherche, par=_personne(manager))
    recherche.refresh_from_db()
    assert recherche.nom == "Gardée"


@pytest.mark.parametrize("qui", ["collaborateur", "administrateur"])
def test_renommer_partager_supprimer(qui: str, request: pytest.FixtureRequest, collaborateur: Client) -> None:
    client = collaborateur if qui == "collaborateur" else request.getfixturevalue(qui)
    recherche = _gardee(collaborateur, partagee=qui == "administrateur")
    assert page(recherche, "change") in client.get(MES_RECHERCHES).content.decode()
    assert client.post(page(recherche, "change"), {"nom": "Renommée", "partagee": "on"}).status_code == 302
    recherche.refresh_from_db()
    assert (recherche.nom, recherche.partagee, recherche.criteres) == ("Renommée", True, FILTRE)
    assert recherche.proprietaire == _personne(collaborateur)
    assert client.get(page(recherche, "delete")).status_code == 200
    assert client.post(page(recherche, "delete"), {"post": "yes"}).status_code == 302
    assert not RechercheEnregistree.objects.exists()
    textes = list(Evenement.objects.order_by("id").values_list("texte", "acteur"))
    assert textes == [
        ("Recherche « Renommée » modifiée.", _personne(client).pk),
        ("Recherche « Renommée » supprimée.", _personne(client).pk),
    ]


def test_le_journal_ne_dit_pas_ce_que_cherche_une_recherche_privee(collaborateur: Client) -> None:
    enregistrer(collaborateur, f"{LISTE}?q=Dupont", nom="Mon client")
    evenement = Evenement.objects.get()
    assert evenement.texte == "Recherche privée enregistrée."
    assert "Dupont" not in str(evenement.details)
    enregistrer(collaborateur, f"{LISTE}?q=Dupont", nom="Au cabinet", partagee="on")
    assert Evenement.objects.latest("id").details["criteres"] == "q=Dupont"


def test_sans_droit_sur_la_liste_rien_n_est_garde_ni_montre(consultation: Client, racine: Client, entrer: Any) -> None:
    champs = {"liste": "dossiers.collaborateur", "criteres": "q=a", "nom": "Essai"}
    assert consultation.post(ENREGISTRER, champs).status_code == 403
    for liste in ("", "x", "auth.group", "dossiers.rechercheenregistree", "dossiers.dossier'"):
        assert racine.post(ENREGISTRER, {**champs, "liste": liste}).status_code == 403, liste
    recherche = _gardee(racine, liste="dossiers.collaborateur", criteres="q=a", partagee=True, nom="Les personnes")
    assert "Les personnes" not in consultation.get(MES_RECHERCHES).content.decode()
    assert consultation.get(page(recherche, "ouvrir")).status_code == 404
    assert entrer().get(MES_RECHERCHES).status_code == 403


def test_on_n_enregistre_que_par_post(collaborateur: Client) -> None:
    assert collaborateur.get(ENREGISTRER).status_code == 405
    protege = Client(enforce_csrf_checks=True)
    protege.cookies = collaborateur.cookies
    champs = {"liste": "dossiers.dossier", "criteres": FILTRE, "nom": "Essai"}
    assert protege.post(ENREGISTRER, champs).status_code == 403
    assert not RechercheEnregistree.objects.exists()


def test_une_recherche_partagee_ne_montre_a_chacun_que_ses_lignes(racine: Client, limite: Client) -> None:
    DossierFactory(code="AILLEURS1")
    DossierFactory(code="MIEN1", maitre_dossier=_personne(limite).login_loop)
    recherche = _gardee(racine, partagee=True)
    assert "AILLEURS1" in racine.get(page(recherche, "ouvrir"), follow=True).content.decode()
    vue = limite.get(page(recherche, "ouvrir"), follow=True).content.decode()
    assert ("MIEN1" in vue, "AILLEURS1" in vue) == (True, False)


def test_chaque_liste_a_ses_recherches(racine: Client) -> None:
    for modele in admin.site._registry:
        if modele is RechercheEnregistree:
            continue
        liste = reverse(f"admin:{modele._meta.app_label}_{modele._meta.model_name}_changelist")
        assert 'class="details-page recherches"' in racine.get(liste).content.decode(), modele
    assert 'class="details-page recherches"' not in racine.get(f"{LISTE}?_popup=1").content.decode()


def test_les_requetes_ne_dependent_pas_du_nombre(racine: Client) -> None:
    def compter(adresse: str) -> int:
        racine.get(adresse)
        with CaptureQueriesContext(connection) as captures:
            racine.get(adresse)
        return len(captures)

    mesures = []
    for nombre in (2, 32):
        while RechercheEnregistree.objects.count() < nombre:
            RechercheEnregistreeFactory()
        mesures.append((compter(LISTE), compter(MES_RECHERCHES)))
    assert mesures[0] == mesures[1]
