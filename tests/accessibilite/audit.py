"""One page judged by axe-core: on a wide screen, light then dark, then on a screen of 320 pixels.

The script comes from the package of axe, is evaluated by the browser and never served: the content policy stays strict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

GRAVITES = ("critical", "serious", "moderate", "minor")
#: What makes the command fail.
BLOQUANTES = frozenset({"critical", "serious"})
LARGE, ETROIT = {"width": 1280, "height": 800}, {"width": 320, "height": 800}
#: A colour read in the middle of its change would be judged for nothing.
SANS_TRANSITION = "*, *::before, *::after { transition: none !important; animation: none !important; }"
ANALYSER = """
async (regles) => {
    const options = { resultTypes: ["violations"] };
    if (regles.length) options.runOnly = { type: "rule", values: regles };
    const { violations } = await axe.run(document, options);
    return violations.map((v) => [v.id, v.impact, v.nodes.length, v.nodes[0].target.join(" ") + " " + v.nodes[0].html]);
}
"""
ASSOMBRIR = "(sombre) => document.documentElement.classList.toggle('dark', sombre)"


@dataclass(frozen=True, slots=True)
class Constat:
    """One rule that a page does not follow: how many elements, and the first of them."""

    regle: str
    gravite: str
    nombre: int
    exemple: str
    ecran: str


def preparer(page: Page) -> None:
    """Give axe to a page that was just loaded, and stop what moves."""
    page.evaluate(AXE_SCRIPT)
    page.add_style_tag(content=SANS_TRANSITION)


def analyser(page: Page, ecran: str, *regles: str) -> list[Constat]:
    """What axe finds on the page as it stands, by all its rules or by those named."""
    return [
        Constat(regle, gravite or "minor", nombre, exemple, ecran)
        for regle, gravite, nombre, exemple in page.evaluate(ANALYSER, list(regles))
    ]


def examiner(page: Page) -> list[Constat]:
    """Every rule on a wide light screen, contrast in the dark, every rule again at 320 pixels, and its overflow."""
    preparer(page)
    constats = analyser(page, "clair")
    page.evaluate(ASSOMBRIR, True)
    constats += analyser(page, "sombre", "color-contrast")
    page.evaluate(ASSOMBRIR, False)
    page.set_viewport_size(ETROIT)
    constats += analyser(page, "320 px")
    if (largeur := page.evaluate("document.documentElement.scrollWidth")) > ETROIT["width"]:
        constats.append(Constat("reflow", "serious", 1, f"page large de {largeur} pixels", "320 px"))
    page.set_viewport_size(LARGE)
    return list(_sans_doubles(constats))


def compter(constats: list[Constat]) -> dict[str, int]:
    """Number of elements by severity."""
    comptes: Counter[str] = Counter()
    for constat in constats:
        comptes[constat.gravite] += constat.nombre
    return {gravite: comptes[gravite] for gravite in GRAVITES}


def _sans_doubles(constats: list[Constat]) -> Iterator[Constat]:
    vus: set[tuple[str, str]] = set()
    for constat in constats:
        if (constat.regle, constat.exemple) not in vus:
            vus.add((constat.regle, constat.exemple))
            yield constat
