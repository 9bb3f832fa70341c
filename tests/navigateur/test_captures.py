"""The pictures of the documentation, taken by `make captures` into the folder named by CAPTURES."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.navigateur.conftest import LISTE, Ouvrir, attendre_la_fin, planifier, recharger_jusqu_a
from tests.navigateur.pile import Demo

DOSSIER = os.environ.get("CAPTURES", "")
POIDS_MAX = 200_000  # bytes
# A blurred background has as many colours as pixels.
SANS_FLOU = "* { backdrop-filter: none !important; }"
Capturer = Callable[[Page, str], None]

pytestmark = pytest.mark.skipif(not DOSSIER, reason="captures d’écran : make captures")


@pytest.fixture
def capturer() -> Iterator[Capturer]:
    """Function that keeps what is on screen; at the end, each picture is light enough for a page of documentation."""
    faites: list[Path] = []

    def garder(page: Page, nom: str) -> None:
        page.evaluate("document.activeElement.blur(); document.fonts.ready")
        fichier = Path(DOSSIER) / f"{nom}.png"
        page.screenshot(path=fichier, animations="disabled", caret="hide", style=SANS_FLOU)
        faites.append(fichier)

    yield garder
    assert faites
    assert {fichier.name: fichier.stat().st_size for fichier in faites if fichier.stat().st_size > POIDS_MAX} == {}


def confirmer(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Confirmer")).click()


def ouvrir_la_premiere(page: Page, texte: str) -> None:
    """Open the row of a list that holds this text."""
    page.locator("#result_list tbody tr", has_text=texte).first.locator("th a").click()
    page.wait_for_url("**/change/**")


def variantes(ouvrir: Ouvrir, capturer: Capturer, role: str, adresses: dict[str, str]) -> None:
    """The same pages in the dark theme, then on a telephone."""
    for suffixe, options in (("sombre", {"theme": "dark"}), ("320", {"largeur": 320})):
        page = ouvrir(role, **options)
        for nom, adresse in adresses.items():
            page.goto(adresse)
            capturer(page, f"{nom}-{suffixe}")


def test_la_connexion(ouvrir: Ouvrir, capturer: Capturer) -> None:
    page = ouvrir()
    page.goto("/admin/login/")
    capturer(page, "connexion")


def test_le_travail_principal(demo: Demo, ouvrir: Ouvrir, capturer: Capturer) -> None:
    endpoint = "/collaborativeOffer/addOffer"
    latence = {"type": "latence", "secondes": 1.2, "fois": -1, "chemin": endpoint}
    page = ouvrir("collaborateur")
    page.goto(LISTE)
    capturer(page, "liste")
    page.get_by_role("button", name="Filtres").click()
    expect(page.get_by_role("button", name="Appliquer les filtres")).to_be_visible()
    capturer(page, "filtres")
    page.goto(f"{LISTE}?offres=sans_consultation")
    # Twenty to do, and the two that the plan refuses.
    codes = planifier(page, "Ajouter l’offre…", "Consultation", nombre=22)
    expect(page.locator("[data-compte=faire]")).to_have_text("20")
    capturer(page, "plan")
    perdue = {"type": "coupure_apres", "fois": 1, "chemin": endpoint, "si": {"codeDossier": codes[1]}}
    demo.poser_pannes(perdue, latence)
    confirmer(page)
    page.locator("#progression strong", has_text=re.compile(r"^([6-9]|1[0-2]) / ")).wait_for()
    capturer(page, "lot")
    attendre_la_fin(page)
    capturer(page, "lot-fini")
    lot = page.url
    demo.poser_pannes()

    page.goto(f"{LISTE}?q={codes[2]}")
    ouvrir_la_premiere(page, codes[2])
    dossier = page.url
    capturer(page, "dossier")
    page.locator("#titre-operations").evaluate("titre => titre.scrollIntoView()")
    capturer(page, "dossier-frise")
    variantes(ouvrir, capturer, "collaborateur", {"lot": lot, "dossier": dossier})

    page = ouvrir("manager")
    page.goto("/admin/dossiers/operation/?etat__exact=a_verifier")
    ouvrir_la_premiere(page, codes[1])
    capturer(page, "a-verifier")


def test_une_operation_expliquee(ouvrir: Ouvrir, capturer: Capturer) -> None:
    page = ouvrir("collaborateur")
    page.goto(f"{LISTE}?q=DEMO033")
    planifier(page, "Actualiser depuis Loop…")
    confirmer(page)
    attendre_la_fin(page)
    page.locator("#progression .liste-page a").first.click()
    page.wait_for_url("**/operation/*/change/")
    capturer(page, "operation")


@pytest.mark.usefixtures("cabinet_au_travail")
def test_la_reconciliation_et_la_cle(ouvrir: Ouvrir, capturer: Capturer) -> None:
    page = ouvrir("manager")
    page.goto("/admin/dossiers/ecart/")
    capturer(page, "reconciliation")
    page = ouvrir("administrateur")
    page.goto("/admin/dossiers/cleapi/")
    ouvrir_la_premiere(page, "Clé du cabinet")
    page.get_by_role("button", name="Tester la connexion").click()
    recharger_jusqu_a(page.locator(".faits").get_by_text(re.compile(r"^\s*Réussi,")))
    capturer(page, "cle")
