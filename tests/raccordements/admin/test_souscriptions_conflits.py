"""What is left to solve in the portfolio: changes that wait, days without a platform; and the menu that leads there."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from raccordements.admin.souscriptions import conflits as page_conflits
from raccordements.admin.souscriptions import routage
from raccordements.models import LigneAdressage
from raccordements.souscriptions import lignes, reseau, vie
from tests.fabriques import CollaborateurFactory, DossierFactory
from tests.interlocuteurs.admin.conftest import Entrer
from tests.raccordements.fabriques_od import (
    LigneAdressageFactory,
    PlateformeFactory,
    planifiee,
    souscrite,
    superutilisateur,
)

pytestmark = pytest.mark.django_db
LISTE = "/admin/raccordements/souscription/"
JOUR = dt.timedelta(days=1)


def texte(reponse: Any) -> str:
    return reponse.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def test_les_lignes_a_decouvert_sont_celles_qui_ont_un_trou_a_venir() -> None:
    par, jour = CollaborateurFactory(manager=True), timezone.localdate()
    vide = LigneAdressageFactory()
    couverte = souscrite().ligne
    bornee = souscrite(fin=jour + 5 * JOUR).ligne
    future = LigneAdressageFactory(debut=jour + 30 * JOUR)
    LigneAdressageFactory(fin=jour - JOUR)
    annulee = LigneAdressageFactory()
    lignes.annuler_ligne(annulee, motif="erreur", par=superutilisateur())
    # Planned later than its line begins: a gap until then, and none once its days are over.
    tardive = planifiee(debut=jour + 3 * JOUR).ligne
    pleine = LigneAdressageFactory(debut=jour, fin=jour + 9 * JOUR)
    plateforme = PlateformeFactory()
    planifiee(ligne=pleine, plateforme=plateforme, fin=jour + 4 * JOUR)
    planifiee(ligne=pleine, plateforme=plateforme, debut=jour + 5 * JOUR)
    assert set(reseau.lignes_a_decouvert(par, jour)) == {vide, bornee, future, tardive}
    assert couverte not in set(reseau.lignes_a_decouvert(par, jour))
    assert set(reseau.lignes_a_decouvert(par, jour + 3 * JOUR)) == {vide, bornee, future}
    manques = reseau.trous([vide, bornee, tardive], jour)
    assert [(t.debut, t.fin) for t in manques[bornee.pk]] == [(jour + 6 * JOUR, None)]
    assert [(t.debut, t.fin) for t in manques[tardive.pk]] == [(tardive.debut, jour + 2 * JOUR)]


def test_la_page_montre_ce_qui_attend_et_ou_agir(entrer: Entrer) -> None:
    client = entrer(collaborateur=True)
    souscription = souscrite()
    suite = vie.changer_de_plateforme(
        souscription, PlateformeFactory(), le=timezone.localdate() + 9 * JOUR, par=superutilisateur()
    )
    vide = LigneAdressageFactory()
    lue = texte(client.get(f"{LISTE}conflits/"))
    for attendu in (
        f"{suite.ligne.identifiant}, {suite.plateforme.nom}",
        souscription.plateforme.nom,
        f"/souscription/add/?dossier={vide.dossier_id}&amp;ligne={vide.pk}",
        f"routage/?identifiant={vide.identifiant}",
        "à partir du 01/01/2026",
    ):
        assert attendu in lue, attendu
    assert "Planifier…" not in texte(entrer(consultation=True).get(f"{LISTE}conflits/"))
    assert client.get(f"{LISTE}conflits/?p=99").status_code == 200


def test_ni_sans_droit_ni_hors_portefeuille(entrer: Entrer, client: Client) -> None:
    vide = LigneAdressageFactory()
    assert vide.identifiant not in texte(entrer(manager=True, portefeuille=True).get(f"{LISTE}conflits/"))
    assert client.get(f"{LISTE}conflits/").status_code == 302


def test_la_page_se_feuillette_en_autant_de_requetes(entrer: Entrer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_conflits, "PAR_PAGE", 40)
    client, comptes = entrer(collaborateur=True), {}
    for nombre in (2, 32):
        LigneAdressageFactory.create_batch(nombre - LigneAdressage.objects.count())
        client.get(f"{LISTE}conflits/")
        with CaptureQueriesContext(connection) as requetes:
            client.get(f"{LISTE}conflits/")
        comptes[nombre] = len(requetes)
    assert comptes[2] == comptes[32]
    monkeypatch.setattr(page_conflits, "PAR_PAGE", 20)
    assert "Page 2 sur 2" in texte(client.get(f"{LISTE}conflits/?p=2"))


def test_le_simulateur_ne_montre_que_les_premiers_conflits(entrer: Entrer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routage, "CONFLITS_MONTRES", 3)
    dossier = DossierFactory()
    for rang in range(5):
        LigneAdressageFactory(dossier=dossier, suffixe=f"S{rang}")
    lue = texte(
        entrer(collaborateur=True).get(f"{LISTE}routage/?identifiant={dossier.siren}_S0&environnement=bac_a_sable")
    )
    assert "Et 2 de plus" in lue
    # The ribbon shows those of the recipient's lines, not of the others.
    assert lue.count("ruban-trou") == 1


def test_le_menu_mene_aux_trois_pages_et_n_en_ouvre_qu_une(entrer: Entrer) -> None:
    client = entrer(consultation=True)
    for nom in ("progression", "conflits", "routage"):
        reponse = client.get(f"{LISTE}{nom}/")
        entrees = [e for groupe in reponse.context["sidebar_navigation"] for e in groupe["items"]]
        assert f"{LISTE}{nom}/" in [entree["link"] for entree in entrees]
        assert [entree["link"] for entree in entrees if entree["active"]] == [f"{LISTE}{nom}/"]
