"""A dossier subscribed at two levels, a conflict solved, connection data revealed once, the platform changed."""

import datetime as dt
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dossiers.demo import siret_fictif
from raccordements.demo_od import MANDAT
from tests.navigateur.conftest import LISTE, Ouvrir
from tests.navigateur.pile import Demo
from tests.navigateur.test_captures import SANS_FLOU

SOUSCRIPTIONS = "/admin/raccordements/souscription/"
CODE = "DEMO004"
PREMIERE, SECONDE = "Plateforme Fictive", "Réseau Imaginaire"
#: A page that refuses says so with its status, which Chromium writes in the console.
REFUS = "status of 409"


def capturer(page: Page, nom: str) -> None:
    """Keep a picture of the whole page, when pictures are asked for."""
    if dossier := os.environ.get("CAPTURES"):
        page.evaluate("document.activeElement?.blur()")
        fichier = f"{dossier}/souscription-{nom}.png"
        page.screenshot(path=fichier, full_page=True, animations="disabled", caret="hide", style=SANS_FLOU)


def choisir(page: Page, champ: str, texte: str) -> None:
    """Choose the option of a list that begins with this text."""
    liste = page.get_by_label(champ, exact=True)
    option = liste.locator("option", has_text=re.compile(f"^{re.escape(texte)}")).first
    liste.select_option(option.get_attribute("value"))


def au_dossier(page: Page, geste: str) -> None:
    """From the page of the dossier, open one of its gestures."""
    page.goto(f"{LISTE}?q={CODE}")
    page.locator("#result_list tbody th a").first.click()
    page.get_by_role("link", name=geste).click()


def ajouter_ligne(page: Page, niveau: str, siret: str = "") -> None:
    au_dossier(page, "Ajouter une ligne d’adressage…")
    page.get_by_label("Niveau", exact=True).select_option(label=niveau)
    page.get_by_label("SIRET", exact=True).fill(siret)
    page.get_by_role("button", name="Enregistrer la ligne").click()
    expect(page.locator("h1")).to_contain_text("Ligne d’adressage")


def planifier(page: Page, ligne: str, plateforme: str) -> None:
    au_dossier(page, "Planifier une souscription…")
    page.get_by_label("Ligne d’adressage", exact=True).select_option(label=ligne)
    choisir(page, "Plateforme", plateforme)
    choisir(page, "Mandat", "Camille Inventée")
    page.get_by_role("button", name="Planifier", exact=True).click()


def demander(page: Page, bouton: str, etat: str) -> None:
    """Ask for a step from the page of the subscription, and wait until it is in this state."""
    page.get_by_role("link", name=re.compile(f"^{bouton} –")).click()
    page.get_by_role("button", name=re.compile(f"^{bouton} –")).click()
    page.wait_for_url(re.compile(rf"{SOUSCRIPTIONS}\d+/change/"))
    badge = page.locator("#progression .intitule .badge", has_text=re.compile(f"[a-z_]*{etat}$")).first
    badge.wait_for(timeout=30_000)
    page.reload()


def souscrire(page: Page) -> None:
    demander(page, "Lancer l’on-boarding", "On-boardée")
    demander(page, "Souscrire", "Souscrite")


@pytest.mark.epreuve
def test_souscrire_a_deux_niveaux_puis_changer_de_plateforme(demo: Demo, ouvrir: Ouvrir, tmp_path: Path) -> None:
    page = ouvrir("collaborateur", admises=REFUS)
    ajouter_ligne(page, "SIREN")
    siren = page.locator("h1").inner_text().split()[-1]
    siret = siret_fictif(siren)
    ajouter_ligne(page, "SIRET", siret)
    au_dossier(page, "Déposer un mandat…")
    page.get_by_label("Demandé par (nom, prénom)").fill("Camille Inventée")
    page.get_by_label("Adresse électronique").fill("direction@client-demo.example")
    page.get_by_label("Signé le").fill("2026-06-01")
    mandat = tmp_path / "mandat.pdf"
    mandat.write_bytes(MANDAT)
    page.get_by_label("Document signé").set_input_files(mandat)
    page.get_by_role("button", name="Déposer le mandat").click()
    expect(page.locator("#main")).to_contain_text("Camille Inventée")

    planifier(page, siren, PREMIERE)
    souscrire(page)
    capturer(page, "souscrite")
    premiere = page.url
    planifier(page, f"{siren}_{siret}", SECONDE)
    souscrire(page)

    # The conflict: another platform for a line that has one. Solved from the subscription that is in the way.
    planifier(page, siren, SECONDE)
    expect(page.get_by_role("alert")).to_contain_text("reçoit déjà pour cette ligne")
    capturer(page, "conflit")
    page.get_by_role("link", name="Ouvrir cette souscription").click()
    assert page.url == premiere
    page.get_by_role("link", name=re.compile("^Changer de plateforme")).click()
    choisir(page, "Plateforme", SECONDE)
    quand = dt.date.today() + dt.timedelta(days=20)
    page.get_by_label("Premier jour chez la nouvelle plateforme").fill(quand.isoformat())
    page.get_by_role("button", name=re.compile("^Changer de plateforme")).click()
    expect(page.locator("#main")).to_contain_text("Prend la suite de")
    suite = page.url
    page.goto(f"{SOUSCRIPTIONS}conflits/")
    expect(page.locator("#main")).to_contain_text(f"{siren}, {SECONDE}")
    capturer(page, "conflits")
    page.goto(suite)
    demander(page, "Faire le changement de plateforme", "On-boardée")
    demander(page, "Souscrire", "Souscrite")
    capturer(page, "changee")
    page.goto(f"{SOUSCRIPTIONS}routage/?identifiant={siren}_{siret}&environnement=bac_a_sable")
    expect(page.locator("#main")).to_contain_text("reçoit")
    capturer(page, "routage")
    page.goto(f"{SOUSCRIPTIONS}progression/")
    capturer(page, "progression")

    reveler_une_fois(demo, ouvrir("manager", admises=REFUS), suite)


def reveler_une_fois(demo: Demo, page: Page, souscription: str) -> None:
    """The connection data are shown once, after the password; then nobody sees them any more."""
    page.goto(souscription)
    page.get_by_role("link", name=re.compile("^Révéler une fois")).click()
    reveler = page.url
    page.get_by_label("Remises à").fill("Alix Imaginaire")
    page.get_by_label("Votre mot de passe").fill(demo.mots_de_passe["manager"])
    page.get_by_role("button", name=re.compile("^Révéler une fois")).click()
    donnees = page.get_by_label("À recopier telles quelles").input_value()
    assert '"apiKey"' in donnees
    # The picture of the documentation keeps nothing of them, invented as they are.
    page.get_by_label("À recopier telles quelles").evaluate('(boite) => { boite.value = \'{"apiKey": "•••••"}\' }')
    capturer(page, "revelation")
    page.goto(reveler)
    expect(page.get_by_role("alert")).to_contain_text("une fois pour toutes")
    capturer(page, "deja-revelee")
    assert donnees not in page.content()
