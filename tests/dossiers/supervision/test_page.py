"""The supervision page and `/metrics`: who may, what they tell, how much they read."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config import metriques
from dossiers.models import Battement, ControleConservation, Etat, Evenement, Guichet
from dossiers.supervision import conservation, releve
from dossiers.supervision.battements import battre
from tests.fabriques import AppelFactory, CleApiFactory, CollaborateurFactory, DossierFactory, OperationFactory

pytestmark = pytest.mark.django_db
PAGE = "/admin/supervision/"


@pytest.fixture
def entrer(client: Client) -> Any:
    def ouvrir(**role: bool) -> Client:
        client.force_login(CollaborateurFactory(**role), backend="django.contrib.auth.backends.ModelBackend")
        return client

    return ouvrir


def lire(client: Client) -> str:
    reponse = client.get(PAGE)
    assert reponse.status_code == 200
    return reponse.content.decode()


def peupler(nombre: int) -> None:
    for rang in range(nombre):
        cle = CleApiFactory(prete=True)
        operation = OperationFactory(dossier=DossierFactory(cle=cle))
        AppelFactory(operation=operation, duree_ms=100 + rang)
        AppelFactory(operation=operation, erreur="ErreurPassagere : sans réponse", statut=None)
        Battement.objects.create(
            genre="executant", nom=f"hote:{rang}", demarre_le=timezone.now(), battu_le=timezone.now()
        )


# --- who ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "page", "bouton"),
    [("consultation", 403, 403), ("collaborateur", 403, 403), ("manager", 200, 403), ("administrateur", 200, 302)],
)
def test_la_page_et_son_bouton_selon_le_role(entrer: Any, role: str, page: int, bouton: int) -> None:
    client = entrer(**{role: True})
    assert client.get(PAGE).status_code == page
    assert client.post(f"{PAGE}controler/").status_code == bouton
    assert (reverse("supervision") in client.get("/admin/").content.decode()) == (page == 200)


def test_sans_connexion_la_page_de_connexion(client: Client) -> None:
    assert client.get(PAGE)["Location"].startswith("/admin/login/")


def test_le_bouton_ne_se_presse_pas_par_une_adresse(entrer: Any) -> None:
    client = entrer(administrateur=True)
    assert client.get(f"{PAGE}controler/").status_code == 405
    assert client.post(PAGE).status_code == 405


# --- what --------------------------------------------------------------------------------------------------------


def test_la_page_ne_fait_pas_plus_de_requetes_quand_tout_grandit(entrer: Any) -> None:
    client = entrer(administrateur=True)

    def requetes() -> int:
        with CaptureQueriesContext(connection) as captures:
            lire(client)
        return len(captures)

    peupler(2)
    requetes()
    peu = requetes()
    Battement.objects.all().delete()
    peupler(30)
    assert requetes() == peu


def test_la_page_dit_ce_qui_attend_et_ce_qui_est_en_pause(entrer: Any) -> None:
    client = entrer(manager=True)
    cle = CleApiFactory(prete=True, nom="Clé en pause")
    Guichet.objects.filter(pk=cle.guichet_id).update(
        echecs_consecutifs=6, pause_jusqu_au=timezone.now() + timedelta(minutes=10)
    )
    dossier = DossierFactory(cle=cle)
    OperationFactory(dossier=dossier, pas_avant=timezone.now() - timedelta(minutes=7))
    OperationFactory(dossier=dossier, pas_avant=timezone.now() + timedelta(hours=1))
    OperationFactory(dossier=dossier, a_verifier=True)
    page = lire(client)
    faits = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page))
    assert faits["Opérations à faire maintenant"] == "1"
    assert faits["Attente de la plus ancienne"] == "7 minutes"
    assert faits["Identifiants en pause"] == "1"
    assert '?etat__exact=a_verifier">1</a>' in faits["À vérifier par une personne"]
    assert "rien ne part avant le" in page


def test_le_nombre_a_verifier_est_celui_de_la_liste_ou_il_mene(entrer: Any) -> None:
    client = entrer(manager=True, portefeuille=True)
    OperationFactory(a_verifier=True)
    faits = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", lire(client)))
    adresse, nombre = re.findall(r'href="(.*?)">(.*?)<', faits["À vérifier par une personne"])[0]
    assert nombre == "0"
    assert client.get(adresse).context["cl"].result_count == 0


def test_les_latences_sont_celles_de_la_derniere_heure(entrer: Any) -> None:
    operation = OperationFactory()
    for duree in range(1, 101):
        AppelFactory(operation=operation, duree_ms=duree * 10)
    AppelFactory(operation=operation, erreur="ErreurPassagere : sans réponse", duree_ms=500)
    AppelFactory(operation=operation, duree_ms=60_000, debut=timezone.now() - timedelta(hours=2))
    (latence,) = releve.latences(releve.guichets())
    assert (latence.systeme, latence.appels, latence.echecs) == ("loop", 101, 1)
    assert latence.mediane == pytest.approx(500, abs=10)
    assert latence.p95 == pytest.approx(950, abs=15)
    page = lire(entrer(manager=True))
    assert "<svg" in page
    assert page.count("<caption>Appels par tranche de cinq minutes</caption>") == 1


def test_les_tranches_ont_chaque_appel_a_son_heure() -> None:
    operation = OperationFactory()
    AppelFactory(operation=operation, debut=timezone.now() - timedelta(minutes=1))
    AppelFactory(operation=operation, debut=timezone.now() - timedelta(minutes=58), erreur="ErreurDefinitive")
    tranches = releve.tranches(releve.guichets())
    assert len(tranches) == 12
    assert [(t.reussis, t.echecs) for t in tranches] == [(0, 1), *[(0, 0)] * 10, (1, 0)]


def test_les_comptes_s_arretent_a_leur_plafond(monkeypatch: pytest.MonkeyPatch, entrer: Any) -> None:
    monkeypatch.setattr(releve, "PLAFOND", 2)
    for _ in range(4):
        OperationFactory(incertaine=True)
    page = lire(entrer(manager=True))
    assert "<dt>Incertaines, bientôt relues</dt><dd>2+</dd>" in page


# --- conservation ------------------------------------------------------------------------------------------------


def test_le_controle_se_demande_se_fait_et_se_lit(entrer: Any) -> None:
    client = entrer(administrateur=True)
    assert "Contrôler maintenant" in lire(client)
    client.post(f"{PAGE}controler/")
    assert Evenement.objects.get().acteur is not None
    assert "un exécutant va le faire" in lire(client)
    assert "Contrôler maintenant" not in lire(client)
    assert conservation.reste_a_faire()
    conservation.executer()
    assert not conservation.reste_a_faire()
    page = lire(client)
    assert "<strong>conforme</strong>" in page
    assert "Contrôler maintenant" in page


def test_une_faute_est_dite_avec_ses_numeros(entrer: Any) -> None:
    operation = OperationFactory()  # without the event that asks for it
    conservation.demander(par=CollaborateurFactory(administrateur=True))
    conservation.executer()
    assert ControleConservation.objects.get().conforme is False
    page = lire(entrer(manager=True))
    assert "<strong>enfreinte</strong>" in page
    assert f"<td>{operation.pk}</td>" in page


def test_deux_executants_ne_font_pas_le_meme_controle(monkeypatch: pytest.MonkeyPatch) -> None:
    conservation.demander(par=CollaborateurFactory(administrateur=True))
    faits = []
    vrai = conservation.verifier

    def verifier() -> Any:
        faits.append(1)
        conservation.executer()
        return vrai()

    monkeypatch.setattr(conservation, "verifier", verifier)
    conservation.executer()
    assert len(faits) == 1


def test_le_controle_exige_le_droit_dans_le_service() -> None:
    with pytest.raises(PermissionDenied):
        conservation.demander(par=CollaborateurFactory(manager=True))


# --- /metrics ----------------------------------------------------------------------------------------------------


def mesurer(client: Client) -> dict[str, float]:
    reponse = client.get("/metrics")
    assert reponse.status_code == 200
    assert reponse["Content-Type"] == metriques.TYPE
    lignes = [ligne for ligne in reponse.content.decode().splitlines() if not ligne.startswith("#")]
    return {nom: float(valeur) for nom, _, valeur in (ligne.rpartition(" ") for ligne in lignes)}


def test_les_mesures_disent_les_operations_les_appels_et_les_processus(client: Client) -> None:
    operation = OperationFactory(pas_avant=timezone.now() - timedelta(minutes=2))
    OperationFactory(dossier=operation.dossier, a_verifier=True)
    OperationFactory(dossier=operation.dossier, reussie=True)
    OperationFactory(dossier=operation.dossier, reussie=True, terminee_le=timezone.now() - timedelta(days=1))
    appels = metriques.Appels()
    appels.compter("api.exemple.test", "passagere", 120)
    battre(Battement.Genre.EXECUTANT, timezone.now(), messages=3, compteurs=appels.releve())
    lues = mesurer(client)
    assert lues['passerelle_operations{etat="en_attente",systeme="loop"}'] == 1
    assert lues['passerelle_operations{etat="a_verifier",systeme="loop"}'] == 1
    assert lues['passerelle_operations{etat="incertaine",systeme="chorus"}'] == 0
    assert lues['passerelle_operations_reglees_heure{etat="reussie",systeme="loop"}'] == 1
    assert lues['passerelle_operations_dues{systeme="loop"}'] == 1
    assert lues['passerelle_operation_due_age_secondes{systeme="loop"}'] == pytest.approx(120, abs=20)
    assert lues['passerelle_disjoncteurs_ouverts{systeme="loop"}'] == 0
    assert lues["passerelle_messages_en_file"] == 3
    assert lues["passerelle_base_ouverte"] == 1
    (compte,) = [valeur for nom, valeur in lues.items() if nom.startswith("passerelle_appel_secondes_count")]
    assert compte == 1


def test_les_mesures_ne_font_pas_plus_de_requetes_quand_tout_grandit(client: Client) -> None:
    def requetes() -> int:
        with CaptureQueriesContext(connection) as captures:
            mesurer(client)
        return len(captures)

    peupler(2)
    requetes()
    peu = requetes()
    Battement.objects.all().delete()
    peupler(30)
    assert requetes() == peu


def test_aucune_mesure_ne_compte_une_table_entiere() -> None:
    for requete in (releve._NON_REGLEES, releve._REGLEES, releve._GUICHETS, releve._APPELS):
        assert requete.count("FROM dossiers_operation") + requete.count("FROM dossiers_appel") <= (
            requete.count("LIMIT") + requete.count("min(") + requete.count("jeton IS NOT NULL")
        )
    assert {etat for etat in Etat if f"'{etat.value}'" in releve._NON_REGLEES + releve._REGLEES} == set(Etat)
