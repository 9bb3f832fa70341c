"""The calls of the last hour, by five minutes, drawn as SVG by the server; the same numbers are in a table under it."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dossiers.admin.ecritures.graphique import MOTIFS, nombre
from dossiers.supervision.releve import Tranche

LARGEUR, HAUTEUR, GAUCHE, HAUT, BAS = 720, 220, 48, 18, 30
GRADUATIONS = 4
#: Name and rank of the colour and pattern of each series, from the bottom up.
SERIES = (("Aboutis", 1), ("En échec", 4))


def tracer(tranches: Sequence[Tranche]) -> SafeString | None:
    """Stacked bars from zero; None when there was no call."""
    plus_haut = max((tranche.reussis + tranche.echecs for tranche in tranches), default=0)
    if not plus_haut:
        return None
    haut, pas = _echelle(plus_haut)
    corps, bas = HAUTEUR - HAUT - BAS, HAUTEUR - BAS
    largeur = (LARGEUR - GAUCHE) / len(tranches)
    grille = [
        (GAUCHE, LARGEUR, _p(y), _p(y), GAUCHE - 6, _p(y + 4), nombre(valeur))
        for valeur in range(0, haut + 1, pas)
        for y in (bas - corps * valeur / haut,)
    ]
    barres, noms = [], []
    for place, tranche in enumerate(tranches):
        x, y, heure = GAUCHE + place * largeur, float(bas), f"{timezone.localtime(tranche.debut):%H:%M}"
        for (nom, rang), combien in zip(SERIES, (tranche.reussis, tranche.echecs), strict=True):
            if combien:
                hauteur = corps * combien / haut
                y -= hauteur
                infobulle = f"{heure}, {nom.lower()} : {nombre(combien)}"
                barres.append((rang, _p(x + largeur * 0.15), _p(y), _p(largeur * 0.7), _p(hauteur), rang, infobulle))
        noms.append((_p(x + largeur / 2), bas + 16, heure))
    return format_html(
        '<svg class="graphique" viewBox="0 0 {} {}" role="img" aria-labelledby="appels-titre appels-description">'
        '<title id="appels-titre">Appels distants de la dernière heure</title>'
        '<desc id="appels-description">Barres empilées à partir de zéro, par tranche de cinq minutes ; {} au plus '
        "haut. Les mêmes nombres sont dans le tableau qui suit.</desc>"
        '<defs>{}</defs><g class="graphique-grille">{}</g>{}<g class="graphique-noms">{}</g></svg>',
        LARGEUR,
        HAUTEUR,
        nombre(plus_haut),
        format_html_join("", "{}", ((_motif("appels", rang),) for _, rang in SERIES)),
        format_html_join(
            "", '<line x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>', grille
        ),
        format_html_join(
            "",
            '<rect class="serie-{}" x="{}" y="{}" width="{}" height="{}" fill="url(#appels-{})" stroke="currentColor">'
            "<title>{}</title></rect>",
            barres,
        ),
        format_html_join("", '<text x="{}" y="{}" text-anchor="middle">{}</text>', noms),
    )


def legende() -> list[tuple[str, SafeString]]:
    """Each series with the sample of its pattern."""
    return [
        (
            nom,
            format_html(
                '<svg class="echantillon serie-{}" viewBox="0 0 24 16" aria-hidden="true"><defs>{}</defs>'
                '<rect x="1" y="1" width="22" height="14" fill="url(#appels-legende-{})" stroke="currentColor"/></svg>',
                rang,
                _motif("appels-legende", rang),
                rang,
            ),
        )
        for nom, rang in SERIES
    ]


def _motif(prefixe: str, rang: int) -> SafeString:
    return format_html(
        '<pattern id="{}-{}" class="serie-{}" width="8" height="8" patternUnits="userSpaceOnUse">{}</pattern>',
        prefixe,
        rang,
        rang,
        MOTIFS[rang],
    )


def _echelle(plus_haut: int) -> tuple[int, int]:
    """Top of the axis and step between two marks: 1, 2 or 5 times a power of ten calls."""
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
