"""One page as each screen shows it, loaded once: light and dark, wide and narrow."""

from collections.abc import Iterator

from playwright.sync_api import Page

from tests.navigateur.conftest import ETROIT, LARGE
from tests.navigateur.contraste import trop_faibles

THEMES = ("light", "dark")
# From one to the next, as little as possible changes.
ECRANS = (("light", LARGE), ("dark", LARGE), ("dark", ETROIT), ("light", ETROIT))
TEXTES = "h1, h2, h3, a, button, label, legend, td, th, dt, dd, p, li, summary, strong, .badge, svg text"
# The page reads what the system prefers when it is loaded: this is what it does then.
ASSOMBRIR = "(sombre) => document.documentElement.classList.toggle('dark', sombre)"


def montrer(page: Page, theme: str, largeur: int) -> None:
    """Show the page in a theme, on a screen of this width in pixels."""
    page.emulate_media(color_scheme=theme)
    page.evaluate(ASSOMBRIR, theme == "dark")
    page.set_viewport_size({"width": largeur, "height": 800})


def ecrans(page: Page) -> Iterator[tuple[str, int]]:
    """Theme and width of each screen, in turn, the page being shown on it; light and wide again at the end."""
    for theme, largeur in ECRANS:
        montrer(page, theme, largeur)
        yield theme, largeur
    montrer(page, *ECRANS[0])


def defauts(page: Page) -> list[str]:
    """What overflows, and the texts that do not stand out, screen by screen."""
    trouves = []
    for theme, largeur in ecrans(page):
        reelle = page.evaluate("document.documentElement.scrollWidth")
        if reelle != largeur:
            trouves.append(f"{theme} {largeur} : large de {reelle} pixels")
        trouves += [f"{theme} {largeur} : « {t} » {valeur}" for t, valeur in trop_faibles(page, TEXTES)]
    return trouves
