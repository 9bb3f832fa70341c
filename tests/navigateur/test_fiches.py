"""A fiche from its draft to its activation by two people, then its certificate renewed; found again and exported."""

import csv
import io
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from raccordements.chorus.matelas import STRUCTURES
from raccordements.demo import RANGS_DE_QUALIFICATION, certificat
from tests.navigateur.conftest import Ouvrir, recharger_jusqu_a
from tests.navigateur.pile import Demo
from tests.navigateur.test_captures import SANS_FLOU

SIRET, DESIGNATION, _ = STRUCTURES[RANGS_DE_QUALIFICATION[3]]
FICHES = "/admin/raccordements/ficheedi/"
RECHERCHE = "/admin/raccordements/lignecode/"


def capturer(page: Page, nom: str) -> None:
    """Keep a picture of the whole page, when pictures are asked for."""
    if dossier := os.environ.get("CAPTURES"):
        page.evaluate("document.activeElement?.blur()")
        fichier = f"{dossier}/fiche-{nom}.png"
        page.screenshot(path=fichier, full_page=True, animations="disabled", caret="hide", style=SANS_FLOU)


def attendre(page: Page, texte: str) -> None:
    """Reload the page until its first line says a status."""
    recharger_jusqu_a(page.locator(".intitule .badge", has_text=re.compile(f"^[a-z_]*{texte}$")))


def deposer(page: Page, dossier: Path, nom: str, jours: int) -> None:
    """Give a file of certificates with `jours` days left, and have it read."""
    fichier = dossier / f"{nom}.p7b"
    fichier.write_bytes(certificat(f"{nom}.client-invente.example", SIRET[:9], fin=jours))
    page.locator("input[type=file]").first.set_input_files(fichier)
    page.get_by_role("button", name="Analyser le(s) certificat(s)").click()
    expect(page.locator("#main")).to_contain_text(nom)


def preparer(page: Page, dossier: Path) -> str:
    """Fill in an AS2 fiche, step by step. Returns the address of its page."""
    page.goto(f"{FICHES}add/")
    page.locator(".select2-selection").first.click()
    page.locator(".select2-search__field").fill(SIRET)
    page.locator(".select2-results__option", has_text=DESIGNATION).click()
    page.get_by_label("AS2").check()
    deposer(page, dossier, "ancien", 40)
    capturer(page, "certificats")
    page.get_by_role("button", name="Enregistrer et continuer").click()
    for _ in range(6):
        titre = page.locator("h1").inner_text()
        if "Contact technique" in titre:
            page.get_by_label("Nom Prénom").fill("Camille Inventée")
            page.get_by_label("Téléphone").fill("01 02 03 04 05")
            page.get_by_label("Adresse électronique").fill("technique@client-invente.example")
        elif "Informations générales" in titre:
            page.get_by_label("Période de raccordement, du").fill("01/01/2026")
        elif "réseaux" in titre:
            page.get_by_label("Identifiant").fill("PARTENAIREINVENTE")
            page.get_by_label("Adresse IP de connexion").fill("as2.client-invente.example")
            page.get_by_label("Port").fill("4080")
            page.get_by_label("Chemin de dépôt").fill("/depot")
        elif "Codes interfaces" in titre:
            page.get_by_role("button", name="Mettre tous les codes en « Pas de raccordement » et enregistrer").click()
            code = page.get_by_role("group", name=re.compile("^FSO1100A"))
            code.get_by_label("Partielle").check()
            capturer(page, "codes")
        if not page.get_by_role("button", name="Enregistrer et continuer").count():
            break
        page.get_by_role("button", name="Enregistrer et continuer").click()
    page.wait_for_url(re.compile(rf"{FICHES}\d+/change/"))
    return page.url


def soumettre(page: Page) -> None:
    page.get_by_role("link", name="Soumettre à l’approbation…").click()
    capturer(page, "soumettre")
    page.get_by_role("button", name=re.compile("^Soumettre à l’approbation – Qualification")).click()
    expect(page.locator(".intitule").first).to_contain_text("En attente d’approbation")


def approuver_et_envoyer(manager: Page, fiche: str, *, image: str) -> None:
    manager.goto(fiche)
    manager.get_by_role("link", name="Lire et décider").click()
    expect(manager.get_by_role("heading", name="Ce qui change")).to_be_visible()
    capturer(manager, image)
    manager.get_by_role("button", name=re.compile("^Approuver la version")).click()
    manager.goto(fiche)
    manager.get_by_role("link", name="Envoyer par le canal « api » – Qualification").click()
    manager.get_by_role("button", name="Envoyer par le canal « api » – Qualification").click()
    manager.goto(fiche)


@pytest.mark.epreuve
def test_une_fiche_de_son_brouillon_a_son_renouvellement(demo: Demo, ouvrir: Ouvrir, tmp_path: Path) -> None:
    demo.regler_le_matin(0)
    auteur, manager = ouvrir("collaborateur"), ouvrir("manager")
    fiche = preparer(auteur, tmp_path)
    soumettre(auteur)
    # Who wrote cannot decide: the page says why, and has no button.
    auteur.get_by_role("link", name="Lire ce qui attend").click()
    expect(auteur.locator("#main")).to_contain_text("Tout ce qui part")
    assert not auteur.get_by_role("button", name=re.compile("^Approuver")).count()
    expect(auteur.locator("#main")).to_contain_text(re.compile("rédig|écrit"))
    approuver_et_envoyer(manager, fiche, image="approuver")
    attendre(manager, "Activée")
    code = manager.locator("dt", has_text="Code Appli Partenaire").locator("+ dd").first.inner_text()
    assert re.match(r"[A-Z]{3}\d{3}", code)
    expect(manager.locator("#main")).to_contain_text("Preuve de l’activation")
    capturer(manager, "activee")

    auteur.goto(fiche)
    auteur.get_by_role("link", name="Préparer le renouvellement").click()
    deposer(auteur, tmp_path, "nouveau", 700)
    auteur.get_by_role("button", name="Préparer le renouvellement (1 fiche)").click()
    expect(auteur.locator(".intitule").first).to_contain_text("À soumettre")
    soumettre(auteur)
    demo.regler_le_matin(3600)
    approuver_et_envoyer(manager, fiche, image="renouveler")
    attendre(manager, "Envoyée MAJ")
    demo.traiter_les_fiches(SIRET)
    attendre(manager, "Activée")

    auteur.goto(RECHERCHE)
    auteur.get_by_label("Partenaire", exact=True).fill(SIRET)
    auteur.get_by_role("button", name="Rechercher", exact=True).last.click()
    expect(auteur.locator("#main")).to_contain_text("25 lignes par page (1 ligne)")
    # The count of a list stays at the foot of the window.
    auteur.set_viewport_size({"width": 1280, "height": 1000})
    capturer(auteur, "recherche")
    with auteur.expect_download() as telechargement:
        auteur.get_by_role("link", name=re.compile("Exporter les résultats .*CSV")).click()
    texte = Path(telechargement.value.path()).read_bytes().decode("utf-8-sig")
    lignes = list(csv.reader(io.StringIO(texte), delimiter=";"))
    assert len(lignes) == 2
    assert any(SIRET in case for case in lignes[1])
    assert "FSO1100A" in lignes[1]
