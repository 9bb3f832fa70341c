"""A FEC with three defects, read, mended, sent and followed to its end; an import by link; several files at once."""

import os
import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from dossiers import demo_ecritures
from dossiers.demo import siren_fictif
from tests.navigateur.conftest import ETROIT, LARGE, Ouvrir, attendre_la_fin
from tests.navigateur.ecrans import defauts, ecrans
from tests.navigateur.pile import Demo
from tests.navigateur.test_captures import POIDS_MAX, SANS_FLOU

IMPORTS = "/admin/dossiers/importecritures/"
#: Signature invented for the test: no page may show it.
SIGNATURE = "SignatureInventee0123456789"
LIEN = f"https://stockage-demo.example/ecritures.txt?sv=2024-08-04&se=2099-01-01T00%3A00%3A00Z&sp=r&sig={SIGNATURE}"


def capturer(page: Page, nom: str, debut: str = "body") -> None:
    """Keep a picture of the screen, `debut` at its top, when pictures are asked for."""
    if dossier := os.environ.get("CAPTURES"):
        page.locator(debut).evaluate("e => { document.activeElement.blur(); e.scrollIntoView(); }")
        fichier = Path(dossier) / f"ecritures-{nom}.png"
        page.screenshot(path=fichier, animations="disabled", caret="hide", style=SANS_FLOU)
        assert fichier.stat().st_size <= POIDS_MAX, nom


def avancer(demo: Demo, secondes: int) -> None:
    """Move the clock of the simulated Loop."""
    with httpx.Client(base_url=demo.simulateur, trust_env=False, timeout=10) as http:
        http.post("/_simulateur/horloge", json={"avance_secondes": secondes}).raise_for_status()


@pytest.fixture
def fichiers(tmp_path: Path) -> Path:
    """The sample files that the demonstration writes."""
    return demo_ecritures.ecrire_exemples(tmp_path)


def choisir_dossier(page: Page, code: str) -> None:
    page.locator(".select2-selection").first.click()
    page.locator(".select2-search__field").fill(code)
    page.locator(".select2-results__option", has_text=code).first.click()


def deposer(page: Page, *chemins: Path) -> None:
    page.goto(IMPORTS)
    page.locator(f"a[href='{IMPORTS}add/']").first.click()
    page.get_by_label("Fichiers de votre ordinateur").set_input_files(list(chemins))
    expect(page.get_by_label("Modèle d’import")).to_have_value("")
    capturer(page, "nouveau")
    page.get_by_role("button", name="Recevoir et contrôler").click()


def etat_attendu(page: Page, texte: str) -> None:
    expect(page.locator("#progression .intitule .badge")).to_contain_text(texte, timeout=45_000)


def envoyer(page: Page) -> None:
    page.get_by_role("button", name=re.compile("Envoyer à Loop")).click()
    page.get_by_role("button", name=re.compile("^Confirmer")).click()
    attendre_la_fin(page)


@pytest.mark.epreuve
def test_un_fec_corrige_est_suivi_jusqu_a_sa_fin(demo: Demo, ouvrir: Ouvrir, fichiers: Path) -> None:
    nom = demo_ecritures.nom_fec(siren_fictif(5))
    page = ouvrir("collaborateur")

    # Three defects, read at their lines without any reload of the page.
    faux = fichiers / nom
    faux.write_bytes(demo_ecritures.fec(defauts=True))
    deposer(page, faux)
    page.wait_for_url(re.compile(rf"{IMPORTS}\d+/change/"))
    page.evaluate("window.chargee = true")
    etat_attendu(page, "À corriger")
    rapport = page.locator("[data-morceau=rapport]")
    for ligne in ("6", "42"):
        expect(rapport.get_by_role("rowheader", name=ligne, exact=True).first).to_be_visible()
    for lu in ("20250231", "12O,00"):
        expect(rapport.get_by_text(lu, exact=True).first).to_be_visible()
    expect(rapport.get_by_text("n’est pas équilibrée").first).to_be_visible()
    assert page.evaluate("window.chargee"), "la page s’est rechargée"
    expect(page.get_by_role("button", name=re.compile("Envoyer à Loop"))).to_have_count(0)
    capturer(page, "a-corriger")
    capturer(page, "constats", "section[aria-labelledby=titre-rapport]")

    # Mended: checked, planned, sent, followed.
    faux.write_bytes(demo_ecritures.fec())
    deposer(page, faux)
    etat_attendu(page, "Prêt à envoyer")
    adresse = page.url
    expect(page.locator(".graphique")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Envoyer à Loop"))).to_be_visible()
    capturer(page, "graphique", "section[aria-labelledby=titre-rapport]")
    envoyer(page)
    page.goto(adresse)
    page.evaluate("window.chargee = true")
    expect(page.locator("#progression .intitule .badge")).to_contain_text(re.compile("En attente|En cours|Terminé"))
    avancer(demo, 60)
    etat_attendu(page, "Terminé")
    expect(page.locator("[aria-current=step]")).to_have_count(0)
    assert page.evaluate("window.chargee"), "la page s’est rechargée"
    capturer(page, "termine")

    # The same content again: held back, the earlier import named.
    page.locator("#content a[href*='/dossier/'][href$='/change/']").first.click()
    expect(page.locator("section[aria-labelledby=titre-imports-ecritures]")).to_contain_text("Terminé")
    deposer(page, faux)
    etat_attendu(page, "Prêt à envoyer")
    expect(page.get_by_role("heading", name="Même contenu déjà envoyé")).to_be_visible()
    capturer(page, "doublon")
    page.get_by_role("button", name=re.compile("Envoyer à Loop")).click()
    expect(page.get_by_text("Il n’y a rien à confirmer.")).to_be_visible()


def test_un_import_par_lien(demo: Demo, ouvrir: Ouvrir) -> None:
    page = ouvrir("collaborateur")
    page.goto(f"{IMPORTS}add/")
    choisir_dossier(page, "DEMO016")
    page.get_by_label("Lien vers le fichier").fill(LIEN.replace("2099", "2020"))
    page.get_by_role("button", name="Recevoir et contrôler").click()
    expect(page.get_by_text("Il ne fonctionne plus")).to_be_visible()
    expect(page.locator(".select2-selection__rendered")).to_contain_text("DEMO016")
    assert SIGNATURE not in page.content()
    capturer(page, "lien-refuse")
    page.get_by_label("Lien vers le fichier").fill(LIEN)
    page.get_by_role("button", name="Recevoir et contrôler").click()
    etat_attendu(page, "Prêt à envoyer")
    assert SIGNATURE not in page.content()
    expect(page.get_by_role("heading", name="Durée de vie du lien")).to_contain_text("Suffisante")
    capturer(page, "lien")
    adresse = page.url
    envoyer(page)
    avancer(demo, 60)
    page.goto(adresse)
    etat_attendu(page, "Terminé")


@pytest.mark.epreuve
def test_plusieurs_fichiers_et_leur_dossier(ouvrir: Ouvrir, fichiers: Path) -> None:
    (fichiers / "sans-dossier.txt").write_bytes(demo_ecritures.fec())
    page = ouvrir("collaborateur")
    deposer(page, *sorted(p for p in fichiers.iterdir() if p.suffix == ".txt"))
    page.wait_for_url(re.compile(rf"{IMPORTS}depot/"))
    page.evaluate("window.chargee = true")
    expect(page.locator("#progression strong")).to_have_text("4 / 4", timeout=60_000)
    expect(page.locator("[data-compte=prets]")).to_have_text("4")
    assert page.evaluate("window.chargee"), "la page s’est rechargée"
    ligne = page.locator("tr", has_text="sans-dossier.txt")
    expect(ligne).to_contain_text("À choisir")
    capturer(page, "depot")
    assert page.evaluate("document.documentElement.scrollWidth") == 1280
    ligne.locator(".select2-selection").click()
    page.locator(".select2-search__field").fill("DEMO018")
    page.locator(".select2-results__option", has_text="DEMO018").first.click()
    page.get_by_role("button", name="Enregistrer les destinations").click()
    expect(page.get_by_text("1 destination enregistrée.")).to_be_visible()
    expect(page.locator("[data-compte=a_choisir]")).to_have_text("0")
    page.get_by_role("button", name="Envoyer les imports prêts…").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("4 imports d’écritures")


def test_les_modeles_suivent_le_dossier_choisi(ouvrir: Ouvrir) -> None:
    page = ouvrir("collaborateur")
    page.goto(f"{IMPORTS}add/")
    choisir_dossier(page, "DEMO002")
    proposes = page.locator(f"#modeles-connus option[value='{demo_ecritures.MODELE}']")
    expect(proposes).to_have_count(1)


#: Tab of the board (none: the board itself) or form, theme, width: name of its picture.
IMAGES = {
    ("", "light", LARGE): "liste",
    ("prets", "light", ETROIT): "320",
    ("termines", "dark", LARGE): "sombre",
    ("a_verifier", "light", LARGE): "a-verifier",
}


@pytest.mark.epreuve
def test_chaque_etat_se_lit_partout(ouvrir: Ouvrir) -> None:
    page = ouvrir("manager")
    adresses = {"": IMPORTS, "nouveau": f"{IMPORTS}add/"}
    for onglet in ("a_corriger", "prets", "en_cours", "termines", "refuses", "a_verifier"):
        page.goto(f"{IMPORTS}?tableau={onglet}&q=DEMO0")
        adresses[onglet] = str(page.locator("#result_list tbody th a").last.get_attribute("href"))
    for onglet, adresse in adresses.items():
        page.goto(adresse)
        for theme, largeur in ecrans(page):
            if nom := IMAGES.get((onglet, theme, largeur)):
                capturer(page, nom)
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        assert defauts(page) == [], page.url
