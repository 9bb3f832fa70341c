"""The time ribbon of the routing simulator: plain geometry for an inline SVG; its table says the same in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from raccordements.admin.souscriptions.affichage import periode
from raccordements.souscriptions.conflits import Conflit
from raccordements.souscriptions.routage import JOUR, Destinataire, LigneDatee, Reception, Segment

LARGEUR, MARGE, HAUT, RANG = 960, 250, 34, 38
#: Width of a letter, to cut what would not fit.
LETTRE = 6.4
SERIES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Morceau:
    """One rectangle: its place in the drawing, as SVG writes it, its words, its looks."""

    x: str
    largeur: str
    texte: str
    titre: str
    classe: str
    serie: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bande:
    """One row of the ribbon."""

    y: int
    libelle: str
    morceaux: list[Morceau]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruban:
    """The rows, the months and the day asked for."""

    hauteur: int
    bandes: list[Bande]
    mois: list[tuple[str, str]]
    jour: str


@dataclass(frozen=True, slots=True)
class Echelle:
    """Days to abscissas, from `du` to `au`, both included."""

    du: date
    au: date

    def x(self, jour: date) -> float:
        return MARGE + (LARGEUR - MARGE) * (jour - self.du).days / ((self.au - self.du).days + 1)

    def morceau(
        self, debut: date, fin: date | None, texte: str, classe: str, *, serie: int = 0, titre: str = ""
    ) -> Morceau | None:
        """The part of a period that shows; None when none does."""
        debut_vu, fin_vue = max(debut, self.du), min(fin or self.au, self.au)
        if debut_vu > fin_vue:
            return None
        x = self.x(debut_vu)
        largeur = self.x(fin_vue + JOUR) - x
        lettres = int((largeur - 8) / LETTRE)
        court = texte if len(texte) <= lettres else (f"{texte[: lettres - 1]}…" if lettres > 2 else "")
        return Morceau(
            x=f"{x:.1f}",
            largeur=f"{max(largeur, 2):.1f}",
            texte=court,
            titre=f"{titre or texte}, {periode(debut, fin)}",
            classe=classe,
            serie=serie,
        )


def tracer(
    lignes: Sequence[LigneDatee],
    destinataire: Destinataire,
    segments: Iterable[Segment],
    conflits: Iterable[Conflit],
    *,
    du: date,
    au: date,
    jour: date,
    connues: Sequence[LigneDatee] = (),
) -> Ruban:
    """The ribbon of the lines that may receive for `destinataire`, of who does, and of the conflicts.

    Parameters
    ----------
    connues:
        The lines of another ribbon on the page: a platform has one colour on both.
    """
    echelle = Echelle(du, au)
    cles = destinataire.cles()
    series = {nom: rang % SERIES for rang, nom in enumerate(_plateformes([*connues, *lignes]))}
    rangs: list[tuple[str, list[Morceau | None]]] = []
    for cle in cles:
        for ligne in lignes:
            if ligne.cle == cle:
                cadre = echelle.morceau(ligne.debut, ligne.fin, "", "ruban-ligne", titre=ligne.adresse.identifiant)
                routes = [
                    echelle.morceau(
                        route.debut,
                        route.fin,
                        route.plateforme,
                        "ruban-route" if route.acquise else "ruban-route ruban-prevue",
                        serie=series[route.plateforme],
                    )
                    for route in ligne.routes
                ]
                rangs.append((ligne.adresse.identifiant, [cadre, *routes]))
    rangs.append(("Conflits et trous", [_conflit(echelle, conflit) for conflit in conflits]))
    rangs.append(("Reçoit", [_segment(echelle, segment, series) for segment in segments]))
    bandes = [
        Bande(y=HAUT + rang * RANG, libelle=_court(libelle), morceaux=[m for m in morceaux if m is not None])
        for rang, (libelle, morceaux) in enumerate(rangs)
    ]
    return Ruban(
        hauteur=HAUT + len(bandes) * RANG + 8,
        bandes=bandes,
        mois=[(f"{echelle.x(premier):.1f}", f"{premier:%m/%y}") for premier in _mois(du, au)],
        jour=f"{echelle.x(jour):.1f}",
    )


def qui(reception: Reception) -> str:
    """Who receives, in a word."""
    return reception.route.plateforme if reception.route else "personne"


def _segment(echelle: Echelle, segment: Segment, series: dict[str, int]) -> Morceau | None:
    route = segment.reception.route
    classe = "ruban-route" if route else "ruban-personne"
    serie = series.get(route.plateforme, 0) if route else 0
    return echelle.morceau(segment.debut, segment.fin, qui(segment.reception), classe, serie=serie)


def _conflit(echelle: Echelle, conflit: Conflit) -> Morceau | None:
    classe = "ruban-conflit" if conflit.bloquant else "ruban-trou"
    return echelle.morceau(conflit.debut, conflit.fin, conflit.genre.value, classe)


def _plateformes(lignes: Iterable[LigneDatee]) -> list[str]:
    return list(dict.fromkeys(route.plateforme for ligne in lignes for route in ligne.routes))


def _mois(du: date, au: date) -> Iterable[date]:
    """The first days of the months between two days."""
    premier = du.replace(day=1)
    while premier <= au:
        if premier >= du:
            yield premier
        premier = premier.replace(year=premier.year + premier.month // 12, month=premier.month % 12 + 1)


def _court(libelle: str) -> str:
    """An identifier that fits the margin: its beginning and its end tell it from another."""
    return libelle if len(libelle) <= 36 else f"{libelle[:17]}…{libelle[-18:]}"
