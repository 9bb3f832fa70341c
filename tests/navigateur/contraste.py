"""Contrast of what is drawn, read from the page: WCAG 2.2, success criterion 1.4.3."""

from playwright.sync_api import Page

MINIMUM = 4.5

# A colour of any notation (oklch included) is drawn on a canvas to get its sRGB bytes; the backgrounds of the ancestors
# are laid one on the other up to the first opaque one. A page has thousands of elements and a dozen colours: each is
# drawn once. The text of an icon is the name of its drawing.
MESURER = """
(selecteur) => {
    const toile = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const une_fois = (calcul) => {
        const faits = new Map();
        return (cle) => (faits.has(cle) || faits.set(cle, calcul(cle)), faits.get(cle));
    };
    const octets = une_fois((couleurs) => {
        toile.clearRect(0, 0, 1, 1);
        for (const couleur of couleurs.split("|")) {
            toile.fillStyle = couleur;
            toile.fillRect(0, 0, 1, 1);
        }
        return [...toile.getImageData(0, 0, 1, 1).data];
    });
    const fond = une_fois((element) => {
        const couleur = getComputedStyle(element).backgroundColor;
        if (octets(couleur)[3] === 255) return couleur;
        const dessous = element.parentElement ? fond(element.parentElement) : "white";
        return octets(couleur)[3] ? `${dessous}|${couleur}` : dessous;
    });
    const luminance = une_fois((couleurs) => {
        const parts = octets(couleurs).slice(0, 3).map((octet) => octet / 255);
        const lineaire = parts.map((x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
        return 0.2126 * lineaire[0] + 0.7152 * lineaire[1] + 0.0722 * lineaire[2];
    });
    const texte = (element) => {
        let lu = element.textContent;
        for (const icone of element.querySelectorAll(".material-symbols-outlined")) {
            lu = lu.replace(icone.textContent, "");
        }
        return lu.trim();
    };
    // A colour in the middle of its change would be judged for nothing.
    document.getAnimations().forEach((animation) => animation instanceof CSSTransition && animation.finish());
    return [...document.querySelectorAll(selecteur)]
        .filter((e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && texte(e))
        .map((e) => {
            const dessous = fond(e);
            const clairs = [luminance(`${dessous}|${getComputedStyle(e).color}`), luminance(dessous)];
            const contraste = (Math.max(...clairs) + 0.05) / (Math.min(...clairs) + 0.05);
            return [texte(e).replace(/\\s+/g, " ").slice(0, 60), Math.round(contraste * 100) / 100];
        });
}
"""


def contrastes(page: Page, selecteur: str) -> list[tuple[str, float]]:
    """Text and contrast of each visible element of `selecteur`."""
    return [(texte, float(valeur)) for texte, valeur in page.evaluate(MESURER, selecteur)]


def trop_faibles(page: Page, selecteur: str) -> list[tuple[str, float]]:
    """Those under the minimum for a text of normal size."""
    return [(texte, valeur) for texte, valeur in contrastes(page, selecteur) if valeur < MINIMUM]
