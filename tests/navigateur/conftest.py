"""One demonstration and one browser for the whole folder; each test opens pages in the name of a role."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

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
LISTE = "/admin/dossiers/dossier/"

Ouvrir = Callable[..., Page]


class Garde:
    """What a page must never do: write an error in the console, break the content policy, talk to another machine.

    `admises`: pattern of the console messages that a test brings about on purpose.
    """

    def __init__(self, contexte: BrowserContext, admises: str = "") -> None:
        self.admises = re.compile(admises) if admises else None
        self.fautes: list[str] = []
        contexte.on("console", self._console)
        contexte.on("weberror", lambda erreur: self.fautes.append(f"erreur de script : {erreur.error}"))
        contexte.on("request", self._requete)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not (self.admises and self.admises.search(message.text)):
            self.fautes.append(f"console : {message.text} ({message.location.get('url')})")

    def _requete(self, requete: Request) -> None:
        morceaux = urlsplit(requete.url)
        if morceaux.scheme not in {"data", "blob"} and morceaux.hostname != "127.0.0.1":
            self.fautes.append(f"appel hors de la machine : {requete.url}")


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pile.Demo]:
    with pile.demarrer(tmp_path_factory.mktemp("demo")) as demo:
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
def sessions(demo: pile.Demo, navigateur: Browser) -> dict[str, Any]:
    """The session of each role, after it logged in through the page."""
    etats = {}
    for role in ROLES:
        contexte = navigateur.new_context(**FRANCAIS, base_url=demo.adresse)
        page = contexte.new_page()
        connecter(page, role, demo.mots_de_passe[role])
        assert page.url.endswith("/admin/"), page.locator("main").inner_text()
        etats[role] = contexte.storage_state()
        contexte.close()
    return etats


@pytest.fixture
def ouvrir(demo: pile.Demo, navigateur: Browser, request: pytest.FixtureRequest) -> Iterator[Ouvrir]:
    """Function that opens a page: `ouvrir(role or "", theme=, largeur=, admises=)`. No guard saw a fault at the end."""
    ouverts: list[tuple[BrowserContext, Garde]] = []

    def ouvrir_une_page(role: str = "", *, theme: str = "light", largeur: int = 1280, admises: str = "") -> Page:
        etat = request.getfixturevalue("sessions")[role] if role else None
        contexte = navigateur.new_context(
            **FRANCAIS,
            base_url=demo.adresse,
            storage_state=etat,
            color_scheme=theme,
            reduced_motion="reduce",
            viewport={"width": largeur, "height": 800},
        )
        contexte.set_default_timeout(20_000)
        ouverts.append((contexte, Garde(contexte, admises)))
        return contexte.new_page()

    yield ouvrir_une_page
    fautes = [faute for _, garde in ouverts for faute in garde.fautes]
    for contexte, _ in ouverts:
        contexte.close()
    assert fautes == []


@pytest.fixture(scope="package")
def cabinet_au_travail(demo: pile.Demo, navigateur: Browser, sessions: dict[str, Any]) -> None:
    """LoopHub has been read and one offer added: every list has a row."""
    contexte = navigateur.new_context(**FRANCAIS, base_url=demo.adresse, storage_state=sessions["administrateur"])
    page = contexte.new_page()
    page.goto("/admin/dossiers/cleapi/")
    page.get_by_role("link", name="Clé du cabinet").click()
    page.get_by_role("button", name="Relever LoopHub").click()
    page.goto(f"{LISTE}?q=DEMO002")
    planifier(page, "Ajouter l’offre…", "Start")
    page.get_by_role("button", name=re.compile("^Confirmer")).click()
    attendre_la_fin(page)
    page.goto("/admin/dossiers/ecart/")
    for _ in range(20):
        if page.locator("#result_list").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    contexte.close()


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
