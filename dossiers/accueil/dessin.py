"""Stacked bars from zero, drawn as SVG by the server: no script, each series a pattern besides its colour.

The colours and the patterns are those of the other plots (`config/pages.css`, `MOTIFS`).
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dossiers.accueil.registre import Graphique, Rangee
from dossiers.admin.ecritures.graphique import MOTIFS, nombre

LARGEUR, HAUTEUR, GAUCHE, HAUT, BAS = 520, 220, 48, 22, 42
#: Height of a line of a label.
INTERLIGNE = 13
GRADUATIONS = 4
#: Width of one character of a label, in units of the drawing: labels that would touch are left out.
CARACTERE = 6.5


def tracer(graphique: Graphique) -> SafeString | None:
    """The drawing; None when every value is zero."""
    plus_haut = max((sum(rangee.valeurs) for rangee in graphique.rangees), default=0)
    if not plus_haut:
        return None
    haut, pas = _echelle(plus_haut)
    corps, bas = HAUTEUR - HAUT - BAS, HAUTEUR - BAS
    largeur = (LARGEUR - GAUCHE) / len(graphique.rangees)
    grille = [
        (GAUCHE, LARGEUR, _p(y), _p(y), GAUCHE - 6, _p(y + 4), nombre(valeur))
        for valeur in range(0, haut + 1, pas)
        for y in (bas - corps * valeur / haut,)
    ]
    rectangles, textes = [], []
    saut = _saut(graphique.rangees, largeur)
    totaux = [total(rangee) for rangee in graphique.rangees]
    montrer = max(map(len, totaux)) * CARACTERE < largeur
    for place, rangee in enumerate(graphique.rangees):
        x, y = GAUCHE + place * largeur, float(bas)
        for (nom, rang), combien in zip(graphique.series, rangee.valeurs, strict=True):
            if combien:
                hauteur = corps * combien / haut
                y -= hauteur
                bulle = f"{rangee.libelle}, {nom.lower()}\u00a0: {nombre(combien)}"
                cotes = (_p(x + largeur * 0.15), _p(y), _p(largeur * 0.7), _p(hauteur))
                rectangles.append((rang, *cotes, graphique.code, rang, bulle))
        if place % saut == 0:
            lignes = enumerate(rangee.court.split("\n"))
            textes += [(_p(x + largeur / 2), _p(bas + 16 + rang * INTERLIGNE), mot) for rang, mot in lignes]
        if montrer and any(rangee.valeurs):
            textes.append((_p(x + largeur / 2), _p(y - 5), totaux[place]))
    return format_html(
        '<svg class="graphique" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-titre {}-description">'
        '<title id="{}-titre">{}</title><desc id="{}-description">Barres empilées à partir de zéro\u202f; {} au plus '
        'haut. Les mêmes nombres sont dans le tableau qui suit.</desc><defs>{}</defs><g class="graphique-grille">{}</g>'
        '{}<g class="graphique-noms">{}</g></svg>',
        LARGEUR,
        HAUTEUR,
        graphique.code,
        graphique.code,
        graphique.code,
        graphique.titre,
        graphique.code,
        nombre(plus_haut),
        format_html_join("", "{}", ((_motif(graphique.code, rang),) for _, rang in graphique.series)),
        format_html_join(
            "", '<line x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>', grille
        ),
        format_html_join(
            "",
            '<rect class="serie-{}" x="{}" y="{}" width="{}" height="{}" fill="url(#{}-{})" stroke="currentColor">'
            "<title>{}</title></rect>",
            rectangles,
        ),
        format_html_join("", '<text x="{}" y="{}" text-anchor="middle">{}</text>', textes),
    )


def legende(graphique: Graphique) -> list[tuple[str, SafeString]]:
    """Each series with the sample of its pattern."""
    prefixe = f"{graphique.code}-legende"
    return [
        (
            nom,
            format_html(
                '<svg class="echantillon serie-{}" viewBox="0 0 24 16" aria-hidden="true"><defs>{}</defs>'
                '<rect x="1" y="1" width="22" height="14" fill="url(#{}-{})" stroke="currentColor"/></svg>',
                rang,
                _motif(prefixe, rang),
                prefixe,
                rang,
            ),
        )
        for nom, rang in graphique.series
    ]


def total(rangee: Rangee) -> str:
    """The whole of a bar; `10 000+` when it was counted up to a cap."""
    return nombre(sum(rangee.valeurs)) + ("+" if rangee.plus else "")


def _saut(rangees: Sequence[Rangee], largeur: float) -> int:
    """One label every so many bars: they do not touch."""
    plus_long = max(len(ligne) for rangee in rangees for ligne in rangee.court.split("\n"))
    return max(1, -(-int(plus_long * CARACTERE + 6) // int(largeur)))


def _motif(prefixe: str, rang: int) -> SafeString:
    return format_html(
        '<pattern id="{}-{}" class="serie-{}" width="8" height="8" patternUnits="userSpaceOnUse">{}</pattern>',
        prefixe,
        rang,
        rang,
        MOTIFS[rang],
    )


def _echelle(plus_haut: int) -> tuple[int, int]:
    """Top of the axis and step between two marks: 1, 2 or 5 times a power of ten."""
    ordre = 1
    while True:
        for facteur in (1, 2, 5):
            pas = facteur * ordre
            if pas * GRADUATIONS >= plus_haut:
                return pas * -(-plus_haut // pas), pas
        ordre *= 10


def _p(valeur: float) -> str:
    """A coordinate: a point for the decimal, whatever the locale."""
    return f"{valeur:.1f}"
