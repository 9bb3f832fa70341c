"""The deadlines of the home page: as many as the radar shows, in one reading."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dossiers.echeances.radar import relever
from tests.accueil import cartes, graphiques, ligne, ouvrir
from tests.fabriques import ImportEcrituresFactory
from tests.rendu import sans_rendu

pytestmark = pytest.mark.django_db


def lien(jours: int) -> Any:
    return ImportEcrituresFactory(lien=True, lien_jusqu_au=timezone.now() + timedelta(days=jours))


def test_le_nombre_est_celui_du_radar(par_role: tuple[str, Client]) -> None:
    _, client = par_role
    for jours in (3, 12, 45):
        lien(jours)
    compte, adresse = cartes(client)["echeances"]
    attendue = ligne(client, "echeances")
    with sans_rendu():
        radar: Any = client.get(adresse)
    assert compte.nombre == attendue.compte.nombre == radar.context_data["total"] == 2
    assert attendue.ligne.adresse == adresse == f"{reverse('echeances')}?horizon=30"
    assert attendue.age.startswith("Dès le ")
    assert not attendue.ligne.urgente


def test_une_echeance_depassee_est_urgente(entrer: Any) -> None:
    client = entrer(collaborateur=True)
    lien(-2)
    attendue = ligne(client, "echeances")
    assert attendue.ligne.urgente
    assert attendue.age.endswith("il y a 2\u00a0jours")


def test_les_mois_sont_ceux_du_radar(entrer: Any) -> None:
    client = entrer(consultation=True)
    lien(3)
    lien(80)
    rangees = graphiques(client)["echeances"].rangees
    assert len(rangees) == 12
    assert sum(rangee.valeurs[0] for rangee in rangees) == 2
    assert client.get(reverse("accueil_csv", args=["echeances"])).status_code == 200


def test_le_radar_n_est_lu_qu_une_fois(entrer: Any) -> None:
    client = entrer(consultation=True)
    lien(3)
    with CaptureQueriesContext(connection) as requetes:
        ouvrir(client)
    assert sum("lien_jusqu_au" in requete["sql"] for requete in requetes) == 1


def test_un_plafond_de_l_annee_ne_touche_pas_les_trente_jours(entrer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for jours in (3, 12, 80, 90):
        lien(jours)
    monkeypatch.setattr(relever, "__kwdefaults__", {**relever.__kwdefaults__, "plafond": 3})
    client = entrer(consultation=True)
    assert not cartes(client)["echeances"][0].plafonne
    assert not ligne(client, "echeances").compte.plafonne
    plus = [rangee.plus for rangee in graphiques(client)["echeances"].rangees]
    assert (plus[0], plus[-1]) == (False, True)
    monkeypatch.setattr(relever, "__kwdefaults__", {**relever.__kwdefaults__, "plafond": 1})
    assert cartes(client)["echeances"][0].plafonne
