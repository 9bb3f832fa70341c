"""The home page of each role on the demonstration: legible in both themes, on a telephone, and on paper.

`make captures` keeps its pictures.
"""

import os

import pytest
from playwright.sync_api import Page

from tests.navigateur.conftest import ETROIT, LARGE, Ouvrir
from tests.navigateur.contraste import trop_faibles
from tests.navigateur.ecrans import TEXTES, THEMES, defauts, montrer

ROLES = ("consultation", "collaborateur", "manager", "administrateur")
#: An A4 sheet at 96 pixels an inch, without its margins of 15 mm.
FEUILLE = {"width": 680, "height": 1010}
SANS_FLOU = "* { backdrop-filter: none !important; }"

pytestmark = pytest.mark.usefixtures("cabinet_au_travail")


def capturer(page: Page, nom: str) -> None:
    """Keep a picture of the window, when pictures are asked for."""
    if dossier := os.environ.get("CAPTURES"):
        fichier = f"{dossier}/accueil-{nom}.png"
        page.screenshot(path=fichier, animations="disabled", caret="hide", style=SANS_FLOU)


@pytest.mark.epreuve
def test_l_accueil_de_chaque_role(ouvrir: Ouvrir) -> None:
    for role in ROLES:
        page = ouvrir(role)
        page.goto("/admin/")
        assert page.locator("h1").count() == 1
        assert page.locator("#titre-a-traiter").inner_text() == "À traiter"
        assert page.locator("[data-carte]").count() >= 4
        assert page.locator("svg.graphique").count() >= 2
        liens = page.locator(".a-traiter > li > a").all_inner_texts()
        assert all(lien.startswith("Consulter") for lien in liens) == (role == "consultation"), liens
        assert defauts(page) == [], role
        for theme in THEMES if role in {"manager", "consultation"} else ():
            montrer(page, theme, LARGE)
            suffixe = "-sombre" if theme == "dark" else ""
            capturer(page, f"{role}{suffixe}")
            if role == "manager":
                page.locator("#titre-images").evaluate("titre => titre.scrollIntoView()")
                capturer(page, f"graphiques{suffixe}")
                page.evaluate("window.scrollTo(0, 0)")


def test_l_accueil_mene_a_ses_listes_sur_un_telephone(ouvrir: Ouvrir) -> None:
    page = ouvrir("manager", largeur=ETROIT)
    page.goto("/admin/")
    assert page.evaluate("document.documentElement.scrollWidth") == ETROIT
    capturer(page, "320")
    premier = page.locator(".a-traiter > li").first
    nombre, adresse = premier.locator("strong").inner_text(), premier.locator("> a").get_attribute("href")
    premier.locator("> a").press("Enter")
    page.wait_for_url(f"**{adresse}")
    assert nombre in page.locator("#main").inner_text()


def test_l_accueil_s_imprime_en_clair(ouvrir: Ouvrir) -> None:
    page = ouvrir("manager")
    page.goto("/admin/")
    page.emulate_media(media="print")
    for theme in THEMES:
        montrer(page, theme, LARGE)
        page.set_viewport_size(FEUILLE)
        assert page.evaluate("document.documentElement.scrollWidth") <= FEUILLE["width"]
        for absent in ("#nav-sidebar", ".accueil-menu", "#content .bouton-fiche"):
            assert page.locator(f"{absent}:visible").count() == 0, absent
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        capturer(page, f"imprime-{theme}")
        assert trop_faibles(page, TEXTES) == []
