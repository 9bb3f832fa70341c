"""Deadlines by month, drawn as SVG by the server; the same numbers are in a table under it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

LARGEUR, HAUTEUR, HAUT, BAS = 720, 120, 18, 22


def mois_lisible(premier: date) -> str:
    """`novembre 2026`."""
    return date_format(premier, "F Y")


def combien(nombre: int, plus: bool) -> str:
    """`12`, or `12+` when there are more."""
    return f"{nombre}{'+' if plus else ''}"


def tracer(mois: Sequence[tuple[date, int, bool]]) -> SafeString | None:
    """One bar a month, from zero, its number above it; None when there is nothing to draw."""
    plus_haut = max((nombre for _, nombre, _ in mois), default=0)
    if not plus_haut:
        return None
    corps, bas, largeur = HAUTEUR - HAUT - BAS, HAUTEUR - BAS, LARGEUR / len(mois)
    barres, nombres, noms = [], [], []
    for place, (premier, nombre, plus) in enumerate(mois):
        milieu, hauteur = (place + 0.5) * largeur, corps * nombre / plus_haut
        noms.append((_p(milieu), HAUTEUR - 6, date_format(premier, "N y")))
        if nombre or plus:
            titre = f"{mois_lisible(premier)} : {combien(nombre, plus)}"
            barres.append((_p(milieu - largeur * 0.35), _p(bas - hauteur), _p(largeur * 0.7), _p(hauteur), titre))
            nombres.append((_p(milieu), _p(bas - hauteur - 4), combien(nombre, plus)))
    return format_html(
        '<svg class="graphique" viewBox="0 0 {} {}" role="img" aria-labelledby="ruban-titre ruban-description">'
        '<title id="ruban-titre">Échéances par mois</title>'
        '<desc id="ruban-description">Une barre par mois, à partir de zéro. Les mêmes nombres sont dans le tableau qui '
        'suit.</desc><g class="graphique-grille"><line x1="0" x2="{}" y1="{}" y2="{}"/></g>{}{}{}</svg>',
        LARGEUR,
        HAUTEUR,
        LARGEUR,
        bas,
        bas,
        format_html_join(
            "",
            '<rect class="serie-0" x="{}" y="{}" width="{}" height="{}" fill="currentColor"><title>{}</title></rect>',
            barres,
        ),
        format_html_join("", '<text x="{}" y="{}" text-anchor="middle">{}</text>', nombres),
        format_html_join("", '<text x="{}" y="{}" text-anchor="middle">{}</text>', noms),
    )


def _p(valeur: float) -> str:
    """A coordinate: a point for the decimal, whatever the locale."""
    return f"{valeur:.1f}"
