"""Routing simulator: for an address and a day, which line wins and which platform receives. Pure values, no database.

The most specific line wins, in the order suffix, routing code, SIRET, SIREN; a line without a platform that day gives
way to the next (docs/decisions/0015 for the sources and what they leave open). Days are whole, the last one included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property

from raccordements.od.schemas import Ligne, Niveau
from raccordements.souscriptions.identifiants import lire

JOUR = timedelta(days=1)
#: From the most specific to the least.
PRECEDENCE = (Niveau.SUFFIXE, Niveau.CODE_ROUTAGE, Niveau.SIRET, Niveau.SIREN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One subscription on a line: a platform, from a day to a day, both included (`fin` None: for ever).

    `souscription` is its primary key, None when only supposed; `acquise` says that Cegid OD has it.
    """

    souscription: int | None
    plateforme_id: int
    plateforme: str
    endpoint: str = ""
    debut: date
    fin: date | None = None
    acquise: bool = False

    def couvre(self, jour: date) -> bool:
        return self.debut <= jour and (self.fin is None or jour <= self.fin)


@dataclass(frozen=True, kw_only=True)
class LigneDatee:
    """An addressing line over its days, with the routes that hang on it; `id` is None when only supposed."""

    id: int | None
    adresse: Ligne
    debut: date
    fin: date | None = None
    routes: tuple[Route, ...] = ()

    @cached_property
    def cle(self) -> tuple[Niveau, str]:
        """What two lines of one level and one recipient share: identifiers are compared without case."""
        return self.adresse.niveau, self.adresse.identifiant.upper()

    def couvre(self, jour: date) -> bool:
        return self.debut <= jour and (self.fin is None or jour <= self.fin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destinataire:
    """What an invoice says of its recipient: a SIREN, and whichever other parts it gives."""

    siren: str
    siret: str = ""
    code_routage: str = ""
    suffixe: str = ""

    @classmethod
    def lire(cls, identifiant: str) -> Destinataire:
        """The recipient that an addressing identifier designates. Raises ValidationError."""
        lu = lire(identifiant)
        return cls(siren=lu.siren, siret=lu.siret, code_routage=lu.code_routage, suffixe=lu.suffixe)

    def cles(self) -> list[tuple[Niveau, str]]:
        """The lines that may receive for it, the most specific first."""
        donnees = {
            Niveau.SUFFIXE: self.suffixe,
            Niveau.CODE_ROUTAGE: self.siret and self.code_routage,
            Niveau.SIRET: self.siret,
            Niveau.SIREN: self.siren,
        }
        return [(niveau, self._identifiant(niveau).upper()) for niveau in PRECEDENCE if donnees[niveau]]

    def _identifiant(self, niveau: Niveau) -> str:
        return Ligne(
            niveau=niveau,
            siren=self.siren,
            siret=self.siret,
            code_routage=self.code_routage,
            suffixe=self.suffixe,
        ).identifiant


class Motif(StrEnum):
    """Why a line that was meant does not receive."""

    HORS_PERIODE = "hors de sa période"
    SANS_PLATEFORME = "sans plateforme ce jour-là"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """Who receives: `ligne` and `route` are both None when nobody does.

    `exacte`: the line is that of the most specific part given; False when a broader one stands in for it. `ambigue`:
    several routes claimed the day, and the earliest was taken. `ecartees`: lines passed over, with the reason.
    """

    ligne: LigneDatee | None = None
    route: Route | None = None
    exacte: bool = False
    ambigue: bool = False
    ecartees: tuple[tuple[LigneDatee, Motif], ...] = ()

    @property
    def identite(self) -> tuple[object, ...]:
        """What two receptions share when the same platform receives in the same way."""
        return self.ligne and self.ligne.cle, self.ligne and self.ligne.id, self.route, self.ambigue


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Consecutive days with one outcome, both ends included; `fin` None: for ever."""

    debut: date
    fin: date | None
    reception: Reception


def qui_recoit(
    lignes: Iterable[LigneDatee], destinataire: Destinataire, jour: date, *, acquises_seules: bool = False
) -> Reception:
    """The line that wins and the route that receives on `jour`.

    Parameters
    ----------
    acquises_seules:
        Only what Cegid OD has: the present. By default what is planned counts too.
    """
    cles = destinataire.cles()
    par_cle: dict[tuple[Niveau, str], list[LigneDatee]] = {cle: [] for cle in cles}
    for ligne in lignes:
        if ligne.cle in par_cle:
            par_cle[ligne.cle].append(ligne)
    ecartees: list[tuple[LigneDatee, Motif]] = []
    for cle in cles:
        pretes: list[tuple[LigneDatee, Route]] = []
        for ligne in par_cle[cle]:
            if not ligne.couvre(jour):
                ecartees.append((ligne, Motif.HORS_PERIODE))
                continue
            routes = [r for r in ligne.routes if r.couvre(jour) and (r.acquise or not acquises_seules)]
            if not routes:
                ecartees.append((ligne, Motif.SANS_PLATEFORME))
            pretes += [(ligne, route) for route in routes]
        if pretes:
            ligne, route = min(pretes, key=_anciennete)
            return Reception(
                ligne=ligne,
                route=route,
                exacte=cle == cles[0],
                ambigue=len(pretes) > 1,
                ecartees=tuple(ecartees),
            )
    return Reception(ecartees=tuple(ecartees))


def frise(
    lignes: Sequence[LigneDatee],
    destinataire: Destinataire,
    *,
    du: date,
    au: date | None = None,
    acquises_seules: bool = False,
) -> tuple[Segment, ...]:
    """Who receives from `du` to `au` (None: for ever), as consecutive segments without a hole."""
    segments: list[Segment] = []
    bornes = {jour for jour in _bornes(lignes, destinataire) if du < jour and (au is None or jour <= au)}
    for debut in sorted({du} | bornes):
        reception = qui_recoit(lignes, destinataire, debut, acquises_seules=acquises_seules)
        if segments and segments[-1].reception.identite == reception.identite:
            continue
        if segments:
            segments[-1] = Segment(debut=segments[-1].debut, fin=debut - JOUR, reception=segments[-1].reception)
        segments.append(Segment(debut=debut, fin=au, reception=reception))
    return tuple(segments)


def _bornes(lignes: Iterable[LigneDatee], destinataire: Destinataire) -> Iterator[date]:
    """The days when the outcome may change."""
    cles = set(destinataire.cles())
    for ligne in lignes:
        if ligne.cle in cles:
            periodes: list[LigneDatee | Route] = [ligne, *ligne.routes]
            for periode in periodes:
                yield periode.debut
                if periode.fin is not None and periode.fin < date.max:
                    yield periode.fin + JOUR


def _anciennete(prete: tuple[LigneDatee, Route]) -> tuple[date, date, int, int]:
    ligne, route = prete
    sans_numero = 2**63
    return (
        ligne.debut,
        route.debut,
        sans_numero if ligne.id is None else ligne.id,
        sans_numero if route.souscription is None else route.souscription,
    )
