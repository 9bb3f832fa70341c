"""Every page, with all rights and with the fewest: no error, no call outside, no English; narrow, dark, and legible."""

import re

import pytest
from playwright.sync_api import Page

from tests.navigateur.conftest import LISTE, Ouvrir
from tests.navigateur.contraste import contrastes, trop_faibles

pytestmark = pytest.mark.usefixtures("cabinet_au_travail")

HORS_MENU = (
    "mon-compte/double-authentification/",
    "password_change/",
    "recherche/?q=Boulangerie",
    "recherche/?q=introuvable",
)
PRINCIPALES = ("", "dossiers/dossier/", "dossiers/lot/", "dossiers/operation/", "dossiers/ecart/", "dossiers/cleapi/")
TEXTES = "h1, h2, a, button, label, td, th, dt, dd, p, li, summary, legend, .badge"
ANGLAIS = re.compile(
    r"\b(the|this|please|search|filters?|select|save|delete|add|change|history|home|results?|required|scrollable)\b",
    re.IGNORECASE,
)


def premiere_fiche(page: Page) -> str | None:
    """Address of the first row of a list."""
    lien = page.locator("#result_list tbody th a").first
    return lien.get_attribute("href") if lien.count() else None


def visiter(page: Page, adresse: str) -> None:
    """Open a page and judge what every page must be."""
    reponse = page.goto(adresse)
    assert reponse is not None
    assert reponse.status == 200, adresse
    assert page.title().endswith("| Passerelle"), adresse
    assert page.locator("h1").count() == 1, adresse
    # A row is named by its own text, which may be the English of a remote.
    etiquettes = page.locator(":is([aria-label], [title], [placeholder]):not(.action-select)").evaluate_all(
        "tous => tous.flatMap(e => ['aria-label', 'title', 'placeholder'].map(n => e.getAttribute(n) ?? ''))"
    )
    assert not [texte for texte in etiquettes if ANGLAIS.search(texte)], adresse
    icones = page.locator(".material-symbols-outlined:not([aria-hidden=true])").all_text_contents()
    assert icones == [], f"{adresse} : icônes lues par leur nom anglais"


# The three other roles see pages between these two; what each may open is in the tests of the applications.
@pytest.mark.parametrize("role", ["portefeuille", "administrateur"])
def test_chaque_page_est_saine(role: str, ouvrir: Ouvrir) -> None:
    """What the menu of a person leads to: each list, its first row, the form that adds one, and the pages beside."""
    page = ouvrir(role)
    visiter(page, "/admin/")
    liens = page.locator("#nav-sidebar a").evaluate_all("liens => liens.map(a => a.getAttribute('href'))")
    uniques = [lien for lien in dict.fromkeys(liens) if lien]
    listes = [lien for lien in uniques if lien.count("/") > 3]
    assert LISTE in listes
    for seule in (lien for lien in uniques if lien not in listes and lien != "/admin/"):
        visiter(page, seule)
    for liste in listes:
        visiter(page, liste)
        suites = [premiere_fiche(page)]
        if page.locator("#header-inner a[href$='/add/']").count():
            suites.append(f"{liste.partition('?')[0]}add/")
        if liste == LISTE and suites[0]:
            suites += [re.sub(r"change/.*", nom, suites[0]) for nom in ("frise/", "history/")]
        for suite in filter(None, suites):
            visiter(page, suite)
    for adresse in HORS_MENU:
        visiter(page, f"/admin/{adresse}")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_tout_se_lit_dans_les_deux_themes(theme: str, ouvrir: Ouvrir) -> None:
    page = ouvrir("administrateur", theme=theme)
    badges = set()
    for adresse in PRINCIPALES:
        page.goto(f"/admin/{adresse}")
        for suite in ("", premiere_fiche(page)):
            if suite:
                page.goto(suite)
            elif suite is None:
                continue
            # The text of an icon is the name of its drawing.
            page.evaluate("document.querySelectorAll('.material-symbols-outlined').forEach((icone) => icone.remove())")
            assert trop_faibles(page, TEXTES) == [], page.url
            badges |= {texte for texte, _ in contrastes(page, ".badge")}
    assert {"Opérationnel", "À préparer", "Réussie", "Échouée", "Bac à sable"} <= badges
    sombre = page.evaluate("document.documentElement.classList.contains('dark')")
    assert sombre == (theme == "dark")


def test_rien_ne_deborde_a_320_pixels(ouvrir: Ouvrir) -> None:
    page = ouvrir("administrateur", largeur=320)
    for adresse in (*PRINCIPALES, *HORS_MENU):
        page.goto(f"/admin/{adresse}")
        for suite in ("", premiere_fiche(page)):
            if suite:
                page.goto(suite)
            largeur = page.evaluate("document.documentElement.scrollWidth")
            assert largeur == 320, f"{page.url} : {largeur} pixels"


def test_le_menu_s_ouvre_et_se_ferme_sur_un_telephone(ouvrir: Ouvrir) -> None:
    page = ouvrir("collaborateur", largeur=320)
    page.goto(LISTE)
    page.get_by_role("button", name="Ouvrir le menu").press("Enter")
    fermer = page.get_by_role("button", name="Fermer le menu")
    assert fermer.evaluate("bouton => bouton === document.activeElement")
    fermer.press("Escape")
    page.locator("#nav-sidebar").wait_for(state="hidden")


def test_la_connexion_se_lit_et_tient_a_320_pixels(ouvrir: Ouvrir) -> None:
    for theme in ("light", "dark"):
        page = ouvrir(theme=theme, largeur=320)
        page.goto("/admin/login/")
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        assert trop_faibles(page, TEXTES) == []
