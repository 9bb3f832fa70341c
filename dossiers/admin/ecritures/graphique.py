"""A small plot of amounts by month and journal, drawn as SVG by the server: no script, and readable on paper.

Each journal has a pattern besides its colour and its name beside its sample; the bars start at zero; the same numbers
are in a table under it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from dossiers.ecritures.rapport import Mois

#: Journals drawn apart, the largest; the others are one series.
JOURNAUX_MAX = 5
#: Past this number of months the bars are years.
MOIS_MAX = 24
AUTRES = "Autres"
FINE, INSECABLE = "\u202f", "\u00a0"
LARGEUR, HAUTEUR, GAUCHE, HAUT, BAS = 720, 260, 64, 22, 34
GRADUATIONS = 4
#: Inside of the 8 × 8 tile of each pattern, in the colour of its series.
MOTIFS: tuple[SafeString, ...] = tuple(
    mark_safe(dessin)  # noqa: S308 - constants
    for dessin in (
        '<rect width="8" height="8" fill="currentColor"/>',
        '<path d="M-2 2l4-4M0 8l8-8M6 10l4-4" stroke="currentColor" stroke-width="2.4"/>',
        '<circle cx="2" cy="2" r="1.7" fill="currentColor"/><circle cx="6" cy="6" r="1.7" fill="currentColor"/>',
        '<path d="M0 2h8M0 6h8" stroke="currentColor" stroke-width="1.8"/>',
        '<path d="M0 0l8 8M8 0l-8 8" stroke="currentColor" stroke-width="1.4"/>',
        '<path d="M2 0v8M6 0v8" stroke="currentColor" stroke-width="1.2"/>',
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Serie:
    """A journal of the plot, with the sample of its pattern."""

    nom: str
    echantillon: SafeString


@dataclass(frozen=True, slots=True, kw_only=True)
class Graphique:
    """The drawing, its series, and its numbers: (period, one amount a series, total), as texts."""

    dessin: SafeString
    series: list[Serie]
    lignes: list[tuple[str, list[str], str]]


def montant(centimes: int) -> str:
    """`-12 345,67 €`, French."""
    entiers, reste = divmod(abs(centimes), 100)
    signe = "−" if centimes < 0 else ""
    return f"{signe}{entiers:,}".replace(",", FINE) + f",{reste:02d}{INSECABLE}€"


def nombre(valeur: int) -> str:
    """`12 345`, French."""
    return f"{valeur:,}".replace(",", FINE)


def tracer(mois: Iterable[Mois], libelles: Mapping[str, str]) -> Graphique | None:
    """The plot of the debits; None when there is nothing to draw. `libelles`: labels of the journals, by code."""
    lus = list(mois)
    coupe = 7 if len({m.mois for m in lus}) <= MOIS_MAX else 4
    totaux, par_periode = Counter[str](), dict[str, Counter[str]]()
    for m in lus:
        totaux[m.journal] += m.debit
    grands = [journal for journal, _ in totaux.most_common(JOURNAUX_MAX)]
    for m in lus:
        nom = m.journal if m.journal in grands else AUTRES
        par_periode.setdefault(m.mois[:coupe], Counter())[nom] += m.debit
    noms = [*grands, *([AUTRES] if len(totaux) > len(grands) else [])]
    sommes = {periode: sum(max(valeurs[nom], 0) for nom in noms) for periode, valeurs in par_periode.items()}
    if not sommes or not max(sommes.values()):
        return None
    lignes = [
        (_periode(periode), [montant(valeurs[nom]) for nom in noms], montant(sum(valeurs[nom] for nom in noms)))
        for periode, valeurs in sorted(par_periode.items())
    ]
    series = [
        Serie(nom=" – ".join(filter(None, (nom, libelles.get(nom)))), echantillon=_echantillon(rang))
        for rang, nom in enumerate(noms)
    ]
    return Graphique(dessin=_dessiner(noms, dict(sorted(par_periode.items())), sommes), series=series, lignes=lignes)


def _dessiner(noms: list[str], par_periode: dict[str, Counter[str]], sommes: dict[str, int]) -> SafeString:
    haut, pas = _echelle(max(sommes.values()))
    corps, bas = HAUTEUR - HAUT - BAS, HAUTEUR - BAS
    largeur = (LARGEUR - GAUCHE) / len(par_periode)
    graduations, barres, etiquettes = [], [], []
    for rang in range(haut // pas + 1):
        y = bas - corps * rang * pas / haut
        graduations.append((GAUCHE, LARGEUR, _p(y), _p(y), GAUCHE - 6, _p(y + 4), _court(rang * pas)))
    for place, (periode, valeurs) in enumerate(par_periode.items()):
        x, y = GAUCHE + place * largeur, float(bas)
        for rang, nom in enumerate(noms):
            hauteur = corps * max(valeurs[nom], 0) / haut
            if hauteur:
                y -= hauteur
                infobulle = f"{_periode(periode)}, {nom} : {montant(valeurs[nom])}"
                barres.append((rang, _p(x + largeur * 0.15), _p(y), _p(largeur * 0.7), _p(hauteur), rang, infobulle))
        etiquettes.append((_p(x + largeur / 2), bas + 16, _periode(periode, court=True)))
        if len(par_periode) <= MOIS_MAX // 2:
            etiquettes.append((_p(x + largeur / 2), _p(y - 5), _court(sommes[periode])))
    return format_html(
        '<svg class="graphique" viewBox="0 0 {} {}" role="img" aria-labelledby="graphique-titre graphique-description">'
        '<title id="graphique-titre">Débits par période et par journal</title>'
        '<desc id="graphique-description">{}</desc><defs>{}</defs><g class="graphique-grille">{}</g>{}'
        '<g class="graphique-noms">{}</g></svg>',
        LARGEUR,
        HAUTEUR,
        _description(noms, sommes),
        format_html_join("", "{}", ((_motif("motif", rang),) for rang in range(len(noms)))),
        format_html_join(
            "", '<line x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>', graduations
        ),
        format_html_join(
            "",
            '<rect class="serie-{}" x="{}" y="{}" width="{}" height="{}" fill="url(#motif-{})" stroke="currentColor">'
            "<title>{}</title></rect>",
            barres,
        ),
        format_html_join("", '<text x="{}" y="{}" text-anchor="middle">{}</text>', etiquettes),
    )


def _description(noms: list[str], sommes: dict[str, int]) -> str:
    plus_haute = max(sommes, key=lambda periode: sommes[periode])
    return (
        f"Barres empilées à partir de zéro, de {_periode(min(sommes))} à {_periode(max(sommes))}, pour "
        f"{', '.join(noms)}. La plus haute : {_periode(plus_haute)}, {montant(sommes[plus_haute])}. "
        "Les mêmes montants sont dans le tableau qui suit."
    )


def _motif(prefixe: str, rang: int) -> SafeString:
    return format_html(
        '<pattern id="{}-{}" class="serie-{}" width="8" height="8" patternUnits="userSpaceOnUse">{}</pattern>',
        prefixe,
        rang,
        rang,
        MOTIFS[rang],
    )


def _echantillon(rang: int) -> SafeString:
    return format_html(
        '<svg class="echantillon serie-{}" viewBox="0 0 24 16" aria-hidden="true"><defs>{}</defs>'
        '<rect x="1" y="1" width="22" height="14" fill="url(#echantillon-{})" stroke="currentColor"/></svg>',
        rang,
        _motif("echantillon", rang),
        rang,
    )


def _echelle(plus_haut: int) -> tuple[int, int]:
    """Top of the axis and step between two marks, in cents: 1, 2 or 5 times a power of ten euros."""
    ordre = 100
    while True:
        for facteur in (1, 2, 5):
            pas = facteur * ordre
            if pas * GRADUATIONS >= plus_haut:
                return pas * -(-plus_haut // pas), pas
        ordre *= 10


def _court(centimes: int) -> str:
    """`950 €`, `12,5 k€`, `3 M€`: three digits are enough on an axis."""
    euros = centimes / 100
    for seuil, unite in ((1e9, "Md€"), (1e6, "M€"), (1e3, "k€")):
        if euros >= seuil:
            return f"{euros / seuil:.3g}".replace(".", ",") + INSECABLE + unite
    return f"{euros:.0f}{INSECABLE}€"


def _periode(periode: str, *, court: bool = False) -> str:
    annee, _, mois = periode.partition("-")
    return f"{mois}/{annee[2:] if court else annee}" if mois else annee


def _p(valeur: float) -> str:
    """A coordinate: a point for the decimal, whatever the locale."""
    return f"{valeur:.1f}"
