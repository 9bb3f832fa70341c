"""One demonstration and one browser for the whole folder; each test opens pages in the name of a role."""

import functools
import re
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from django.db import connection
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect, sync_playwright
from pytest_django import DjangoDbBlocker

from tests.navigateur import pile

ROLES = ("consultation", "collaborateur", "portefeuille", "manager", "administrateur")
OPTIONS_CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
FRANCAIS = {"locale": "fr-FR", "timezone_id": "Europe/Paris"}
LARGE, ETROIT = 1280, 320
LISTE = "/admin/dossiers/dossier/"
# A page asks every two seconds how far a lot is: most lots of the tests are over long before.
SUIVI_RAPIDE = """
const attendre = window.setTimeout;
window.setTimeout = (suite, duree, ...reste) => attendre(suite, duree === 2000 ? 400 : duree, ...reste);
"""

Ouvrir = Callable[..., Page]

# It bounds a failure: a machine at work is slow.
expect.set_options(timeout=20_000)


class Poste:
    """The browser of one person, and what a page must never do.

    That is: write an error in the console, break the content policy, talk to another machine.
    """

    def __init__(self, navigateur: Browser, demo: pile.Demo) -> None:
        self.contexte = navigateur.new_context(**FRANCAIS, base_url=demo.adresse)
        self.contexte.set_default_timeout(20_000)
        self.contexte.add_init_script(SUIVI_RAPIDE)
        self.connecte = False
        self._libres: list[Page] = []
        self._console: list[str] = []
        self._fautes: list[str] = []
        self.contexte.on("console", self._ecouter)
        self.contexte.on("weberror", lambda erreur: self._fautes.append(f"erreur de script : {erreur.error}"))
        self.contexte.on("request", self._surveiller)

    def se_connecter(self, identifiant: str, mot_de_passe: str) -> None:
        """Open a session without showing a page: logging in has tests of its own."""
        http = self.contexte.request
        jeton = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', http.get("/admin/login/").text())
        assert jeton
        champs = {"username": identifiant, "password": mot_de_passe, "csrfmiddlewaretoken": jeton[1]}
        assert http.post("/admin/login/?next=/admin/", form=champs, max_redirects=0).status == 302, identifiant
        self.connecte = True

    def ouvrir(self, theme: str = "light", largeur: int = LARGE) -> Page:
        # A tab costs the machine more than the two or three pages that a test shows in it.
        page = self._libres.pop() if self._libres else self.contexte.new_page()
        page.emulate_media(media="screen", color_scheme=theme, reduced_motion="reduce")
        page.set_viewport_size({"width": largeur, "height": 800})
        return page

    def ranger(self) -> None:
        """Nothing that a person chose or was told (theme, shortcuts, messages) is left for the next one."""
        self._libres = self.contexte.pages
        for page in self._libres:
            page.evaluate("location.origin === 'null' || [localStorage, sessionStorage].forEach((s) => s.clear())")
        self.contexte.clear_cookies(**({"name": "messages"} if self.connecte else {}))

    def relever(self, admises: str = "") -> list[str]:
        """The faults since the last time; `admises`: pattern of the messages that a test brings about on purpose."""
        messages = [m for m in self._console if not (admises and re.search(admises, m))]
        fautes = [*messages, *self._fautes]
        self._console.clear()
        self._fautes.clear()
        return fautes

    def _ecouter(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._console.append(f"console : {message.text} ({message.location.get('url')})")

    def _surveiller(self, requete: Request) -> None:
        morceaux = urlsplit(requete.url)
        if morceaux.scheme not in {"data", "blob"} and morceaux.hostname != "127.0.0.1":
            self._fautes.append(f"appel hors de la machine : {requete.url}")


@pytest.fixture(scope="package")
def demo(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[pile.Demo]:
    from django.contrib.auth.models import Group

    # A copy of the tables of the other tests, where these are run too, and unless one of them has emptied these.
    modele = str(connection.settings_dict["NAME"])
    with django_db_blocker.unblock():
        if not modele.startswith("test_") or not Group.objects.exists():
            modele = "template1"
        connection.close()
    with pile.demarrer(tmp_path_factory.mktemp("demo"), modele) as demo:
        assert set(demo.mots_de_passe) == set(ROLES)
        yield demo


@pytest.fixture(scope="package")
def navigateur(chemin_chromium: str) -> Iterator[Browser]:
    # Closed with the folder: while it lives, Django takes this thread for an asynchronous one and refuses the database.
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chemin_chromium, args=OPTIONS_CHROMIUM)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def postes(demo: pile.Demo, navigateur: Browser) -> Callable[[str], Poste]:
    """Function that gives the browser of a role, or of nobody: it fetches the files of the product once for all."""

    @functools.cache
    def poste(role: str) -> Poste:
        ouvert = Poste(navigateur, demo)
        if role:
            ouvert.se_connecter(role, demo.mots_de_passe[role])
        return ouvert

    return poste


@pytest.fixture
def ouvrir(postes: Callable[[str], Poste]) -> Iterator[Ouvrir]:
    """Function that opens a page: `ouvrir(role or "", theme=, largeur=, admises=)`. No guard saw a fault at the end.

    Without a role, nobody is logged in.
    """
    utilises: dict[Poste, str] = {}

    def ouvrir_une_page(role: str = "", *, theme: str = "light", largeur: int = LARGE, admises: str = "") -> Page:
        poste = postes(role)
        utilises[poste] = admises or utilises.get(poste, "")
        return poste.ouvrir(theme, largeur)

    yield ouvrir_une_page
    for poste in utilises:
        poste.ranger()
    assert [faute for poste, admises in utilises.items() for faute in poste.relever(admises)] == []


@pytest.fixture(scope="package")
def cabinet_au_travail(postes: Callable[[str], Poste]) -> None:
    """LoopHub has been read and one offer added: every list has a row."""
    poste = postes("administrateur")
    page = poste.ouvrir()
    page.goto("/admin/dossiers/cleapi/")
    page.get_by_role("link", name="Clé du cabinet").click()
    page.get_by_role("button", name="Relever LoopHub").click()
    page.goto(f"{LISTE}?q=DEMO002")
    planifier(page, "Ajouter l’offre…", "Start")
    page.get_by_role("button", name=re.compile("^Confirmer")).click()
    attendre_la_fin(page)
    page.goto("/admin/dossiers/ecart/")
    recharger_jusqu_a(page.locator("#result_list"))
    poste.ranger()


def recharger_jusqu_a(attendu: Locator) -> None:
    """Reload a page that does not follow by itself until it shows this, less and less often."""
    page, attente, limite = attendu.page, 200, time.monotonic() + 60
    while not attendu.count():
        assert time.monotonic() < limite, f"{attendu} ne paraît pas :\n{page.locator('main').inner_text()}"
        page.wait_for_timeout(attente)
        attente = min(attente * 3 // 2, 2_000)
        page.reload()


def connecter(page: Page, identifiant: str, mot_de_passe: str, code: str = "") -> None:
    """Fill in the login page and send it."""
    page.goto("/admin/login/?next=/admin/")
    page.get_by_label("Nom d’utilisateur").fill(identifiant)
    page.get_by_label("Mot de passe").fill(mot_de_passe)
    page.get_by_label("Code à usage unique").fill(code)
    page.get_by_role("button", name="Connexion").click()


def choisir(page: Page, nombre: int) -> list[str]:
    """Tick the first rows of a list. Returns their codes."""
    lignes = page.locator("#result_list tbody tr")
    for rang in range(nombre):
        lignes.nth(rang).locator("input.action-select").check()
    return [texte.split()[0] for texte in lignes.locator("th").all_inner_texts()[:nombre]]


def planifier(page: Page, action: str, choix: str = "", nombre: int = 1) -> list[str]:
    """From a list, go as far as the plan of an action. Returns the codes chosen."""
    codes = choisir(page, nombre)
    page.locator("select[name=action]").select_option(label=action)
    page.get_by_role("button", name="Exécuter").click()
    if choix:
        page.get_by_label(choix).check()
        page.get_by_role("button", name="Voir le plan").click()
    return codes


def attendre_la_fin(page: Page) -> None:
    """Wait on the page of a lot, which is never reloaded, until nothing moves any more by itself."""
    page.wait_for_url("**/admin/dossiers/lot/*/change/")
    page.locator("#progression dd", has_text="Terminé").wait_for()
