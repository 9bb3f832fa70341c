"""Every page, with all rights and with the fewest: no error, no call outside, no English; narrow, dark, and legible."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.navigateur.conftest import ETROIT, LISTE, Ouvrir
from tests.navigateur.contraste import contrastes
from tests.navigateur.ecrans import THEMES, defauts

pytestmark = pytest.mark.usefixtures("cabinet_au_travail")

HORS_MENU = (
    "/admin/mon-compte/double-authentification/",
    "/admin/password_change/",
    "/admin/recherche/?q=Boulangerie",
    "/admin/recherche/?q=introuvable",
    # The menu leads to those that wait.
    "/admin/raccordements/version/",
)
#: Judged on every screen: where the work is done, and where what is sent is decided. `make accessibilite` judges all.
PRINCIPALES = re.compile(
    r"/admin/($|mon-compte/|password_change/|recherche/|dossiers/(dossier|importecritures|lot|operation|ecart|cleapi)/"
    r"|interlocuteurs/importinterlocuteurs/"
    r"|raccordements/(ficheedi|ficheapi|lignecode|structure|certificat|comptechorus|version|souscription)/)"
)
#: Of these, the lists that have a row in the demonstration itself.
FICHES = {
    *(f"dossiers/{modele}" for modele in ("dossier", "importecritures", "lot", "operation", "ecart", "cleapi")),
    *(f"raccordements/{modele}" for modele in ("ficheedi", "structure", "certificat", "comptechorus", "version")),
    "raccordements/souscription",
}
# « Ce qui change » is French.
ANGLAIS = re.compile(
    r"\b(the|this|please|search|filters?|select|save|delete|add|(?<!ce qui )change"
    r"|history|home|results?|required|scrollable)\b",
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


def pages_du_menu(page: Page) -> Iterator[str]:
    """Open what the menu of a person leads to: each list, its first row, the form that adds one, the pages beside."""
    visiter(page, "/admin/")
    yield "/admin/"
    liens = page.locator("#nav-sidebar a").evaluate_all("liens => liens.map(a => a.getAttribute('href'))")
    assert LISTE in liens
    for lien in dict.fromkeys([*liens, *HORS_MENU]):
        if not lien or lien == "/admin/":
            continue
        visiter(page, lien)
        yield lien
        suites = [premiere_fiche(page)]
        if page.locator("#header-inner a[href$='/add/']").count():
            suites.append(f"{lien.partition('?')[0]}add/")
        if lien == LISTE and suites[0]:
            suites += [re.sub(r"change/.*", nom, suites[0]) for nom in ("frise/", "history/")]
        for suite in filter(None, suites):
            visiter(page, suite)
            yield suite


def test_les_pages_du_travail_se_lisent_partout(ouvrir: Ouvrir, subtests: pytest.Subtests) -> None:
    """In both themes, on a wide screen and on a telephone: every text stands out and nothing overflows."""
    page = ouvrir("administrateur")
    for liste in ("dossiers/dossier/", "dossiers/lot/", "raccordements/ficheedi/"):
        for adresse in (f"/admin/{liste}", None):
            lien = adresse or premiere_fiche(page)
            assert lien, f"{liste} est vide"
            visiter(page, lien)
            with subtests.test(lien):
                assert defauts(page) == []


# The three other roles see pages between these two; what each may open is in the tests of the applications.
@pytest.mark.epreuve
def test_chaque_page_est_saine_pour_qui_voit_le_moins(ouvrir: Ouvrir) -> None:
    assert len(list(pages_du_menu(ouvrir("portefeuille")))) > len(HORS_MENU)


@pytest.mark.epreuve
def test_chaque_page_est_saine_et_se_lit_partout(ouvrir: Ouvrir, subtests: pytest.Subtests) -> None:
    page = ouvrir("administrateur")
    badges: set[str] = set()
    fiches = set()
    for adresse in pages_du_menu(page):
        if not PRINCIPALES.match(adresse):
            continue
        if fiche := re.match(r"/admin/(\w+/\w+)/\d+/change/", adresse):
            fiches.add(fiche[1])
        badges |= {texte for texte, _ in contrastes(page, ".badge")}
        with subtests.test(adresse):
            assert defauts(page) == []
    assert {"Opérationnel", "À préparer", "Réussie", "Échouée", "Bac à sable"} <= badges
    assert fiches >= FICHES


def test_le_theme_suit_celui_du_systeme(ouvrir: Ouvrir) -> None:
    for theme in THEMES:
        page = ouvrir("administrateur", theme=theme)
        page.goto("/admin/")
        assert page.evaluate("document.documentElement.classList.contains('dark')") == (theme == "dark")


def test_le_menu_s_ouvre_et_se_ferme_sur_un_telephone(ouvrir: Ouvrir) -> None:
    page = ouvrir("collaborateur", largeur=ETROIT)
    page.goto(LISTE)
    page.get_by_role("button", name="Ouvrir le menu").press("Enter")
    fermer = page.get_by_role("button", name="Fermer le menu")
    assert fermer.evaluate("bouton => bouton === document.activeElement")
    fermer.press("Escape")
    page.locator("#nav-sidebar").wait_for(state="hidden")


def test_la_connexion_se_lit_partout(ouvrir: Ouvrir) -> None:
    page = ouvrir()
    page.goto("/admin/login/")
    assert defauts(page) == []
