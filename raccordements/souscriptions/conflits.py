"""Conflict detector over lines and subscriptions, and « what if » of a planned change. Pure values, nothing is written.

The database refuses overlaps and shared endpoints; here they are told before, with what to do, and for changes that are
only supposed. Gaps are no error of the database: a line may wait for its platform.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import combinations, product
from typing import TypeVar

from raccordements.souscriptions.routage import JOUR, Destinataire, LigneDatee, Route, Segment, frise

P = TypeVar("P", LigneDatee, Route)


class Genre(StrEnum):
    LIGNES = "Deux lignes se chevauchent"
    SOUSCRIPTIONS = "Deux souscriptions se chevauchent"
    ENDPOINT = "Un endpoint sert deux lignes"
    HORS_LIGNE = "Une souscription sort de sa ligne"
    TROU = "Aucune plateforme"


REMEDES = {
    Genre.LIGNES: "Terminez l’une des deux avant le début de l’autre.",
    Genre.SOUSCRIPTIONS: "Terminez la première la veille du début de la seconde, ou changez de plateforme.",
    Genre.ENDPOINT: "Demandez à la plateforme un endpoint propre à chaque ligne.",
    Genre.HORS_LIGNE: "Ramenez les dates de la souscription dans celles de la ligne.",
    Genre.TROU: "Planifiez une souscription sur ces jours, ou terminez la ligne.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflit:
    """Something wrong from a day to a day, both included (`fin` None: for ever).

    `lignes`: identifiers of the lines at stake; `souscriptions`: primary keys, None for what is supposed.
    """

    genre: Genre
    debut: date
    fin: date | None
    lignes: tuple[str, ...]
    souscriptions: tuple[int | None, ...] = ()

    @property
    def remede(self) -> str:
        return REMEDES[self.genre]

    @property
    def bloquant(self) -> bool:
        """Whether the database would refuse it: all but a gap."""
        return self.genre is not Genre.TROU


def conflits(lignes: Sequence[LigneDatee]) -> tuple[Conflit, ...]:
    """Every conflict among these lines, by date then kind."""
    trouves = [
        *_entre_lignes(lignes),
        *_endpoints(lignes),
        *(conflit for ligne in lignes for conflit in _dans_une_ligne(ligne)),
    ]
    return tuple(sorted(trouves, key=lambda c: (c.debut, c.genre, c.lignes, [s or 0 for s in c.souscriptions])))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangementDePlateforme:
    """Another platform from `le` on: the subscription ends the day before, another takes its end."""

    souscription: int
    plateforme_id: int
    plateforme: str
    endpoint: str = ""
    le: date

    def appliquer(self, ligne: LigneDatee) -> LigneDatee:
        ancienne = _route(ligne, self.souscription)
        if ancienne is None or not ancienne.couvre(self.le):
            return ligne
        suite = Route(
            souscription=None,
            plateforme_id=self.plateforme_id,
            plateforme=self.plateforme,
            endpoint=self.endpoint,
            debut=self.le,
            fin=ancienne.fin,
        )
        finie = _finir(ligne, self.souscription, self.le - JOUR)
        return replace(finie, routes=(*finie.routes, suite))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fin:
    """A subscription ends on `le`, its last day."""

    souscription: int
    le: date

    def appliquer(self, ligne: LigneDatee) -> LigneDatee:
        return _finir(ligne, self.souscription, self.le)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinDeLigne:
    """A line ends on `le`, its last day."""

    ligne: int
    le: date

    def appliquer(self, ligne: LigneDatee) -> LigneDatee:
        return replace(ligne, fin=self.le) if ligne.id == self.ligne else ligne


@dataclass(frozen=True, slots=True, kw_only=True)
class NouvelleSouscription:
    """A subscription more on the line `ligne`."""

    ligne: int
    route: Route

    def appliquer(self, ligne: LigneDatee) -> LigneDatee:
        return replace(ligne, routes=(*ligne.routes, self.route)) if ligne.id == self.ligne else ligne


@dataclass(frozen=True, slots=True, kw_only=True)
class NouvelleLigne:
    """A line more, with its subscriptions if any."""

    ligne: LigneDatee


Changement = ChangementDePlateforme | Fin | FinDeLigne | NouvelleSouscription | NouvelleLigne


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    """What a supposed change would do: conflicts that appear and disappear, and who receives before and after."""

    apparus: tuple[Conflit, ...]
    disparus: tuple[Conflit, ...]
    avant: tuple[Segment, ...]
    apres: tuple[Segment, ...]

    @property
    def possible(self) -> bool:
        """Whether no conflict would appear that the database refuses."""
        return not any(conflit.bloquant for conflit in self.apparus)


def supposer(lignes: Sequence[LigneDatee], *changements: Changement) -> tuple[LigneDatee, ...]:
    """The lines as they would be; a change of what is not there changes nothing."""
    supposees = tuple(lignes)
    for changement in changements:
        if isinstance(changement, NouvelleLigne):
            supposees = (*supposees, changement.ligne)
        else:
            supposees = tuple(changement.appliquer(ligne) for ligne in supposees)
    return supposees


def consequences(
    lignes: Sequence[LigneDatee],
    *changements: Changement,
    destinataire: Destinataire,
    du: date,
    au: date | None = None,
) -> Consequences:
    """What these changes would do for `destinataire`, from `du` to `au`."""
    supposees = supposer(lignes, *changements)
    avant, apres = conflits(lignes), conflits(supposees)
    return Consequences(
        apparus=tuple(conflit for conflit in apres if conflit not in avant),
        disparus=tuple(conflit for conflit in avant if conflit not in apres),
        avant=frise(lignes, destinataire, du=du, au=au),
        apres=frise(supposees, destinataire, du=du, au=au),
    )


def _entre_lignes(lignes: Sequence[LigneDatee]) -> Iterator[Conflit]:
    memes: defaultdict[object, list[LigneDatee]] = defaultdict(list)
    for ligne in lignes:
        memes[ligne.cle].append(ligne)
    for groupe in memes.values():
        for une, _, debut, fin in _chevauchements(groupe):
            yield Conflit(genre=Genre.LIGNES, debut=debut, fin=fin, lignes=(une.adresse.identifiant,))


def _endpoints(lignes: Sequence[LigneDatee]) -> Iterator[Conflit]:
    # By endpoint, then by line: the subscriptions that follow each other on one line are never compared.
    emplois: defaultdict[str, dict[int, list[Route]]] = defaultdict(dict)
    for rang, ligne in enumerate(lignes):
        for route in ligne.routes:
            if route.endpoint:
                emplois[route.endpoint.lower()].setdefault(rang, []).append(route)
    for siennes in emplois.values():
        for (une, premieres), (autre, secondes) in combinations(siennes.items(), 2):
            for premiere, seconde in product(premieres, secondes):
                derniere = max(premiere, seconde, key=lambda route: route.debut)
                yield Conflit(
                    genre=Genre.ENDPOINT,
                    debut=derniere.debut,
                    fin=derniere.fin,
                    lignes=(lignes[une].adresse.identifiant, lignes[autre].adresse.identifiant),
                    souscriptions=(premiere.souscription, seconde.souscription),
                )


def _dans_une_ligne(ligne: LigneDatee) -> Iterator[Conflit]:
    nom = (ligne.adresse.identifiant,)
    for une, autre, debut, fin in _chevauchements(ligne.routes):
        yield Conflit(
            genre=Genre.SOUSCRIPTIONS,
            debut=debut,
            fin=fin,
            lignes=nom,
            souscriptions=(une.souscription, autre.souscription),
        )
    for route in ligne.routes:
        if route.debut < ligne.debut or _fin(route) > _fin(ligne):
            yield Conflit(
                genre=Genre.HORS_LIGNE,
                debut=route.debut,
                fin=route.fin,
                lignes=nom,
                souscriptions=(route.souscription,),
            )
    for debut, fin in _trous(ligne):
        yield Conflit(genre=Genre.TROU, debut=debut, fin=fin, lignes=nom)


def _trous(ligne: LigneDatee) -> Iterator[tuple[date, date | None]]:
    """The days of the line that no route covers."""
    jour = ligne.debut
    for route in sorted(ligne.routes, key=lambda r: r.debut):
        if route.debut > _fin(ligne):
            break
        if route.debut > jour:
            yield jour, route.debut - JOUR
        if route.fin is None or route.fin >= _fin(ligne):
            return
        jour = max(jour, route.fin + JOUR)
    yield jour, ligne.fin


def _chevauchements(periodes: Iterable[P]) -> Iterator[tuple[P, P, date, date | None]]:
    """The pairs that share days, and these days: each period is compared only with those it meets, by first day."""
    ouvertes: list[P] = []
    for periode in sorted(periodes, key=lambda p: p.debut):
        ouvertes = [ouverte for ouverte in ouvertes if _fin(ouverte) >= periode.debut]
        for ouverte in ouvertes:
            fin = min(_fin(ouverte), _fin(periode))
            yield ouverte, periode, periode.debut, None if fin == date.max else fin
        ouvertes.append(periode)


def _fin(periode: LigneDatee | Route) -> date:
    return date.max if periode.fin is None else periode.fin


def _route(ligne: LigneDatee, souscription: int) -> Route | None:
    return next((route for route in ligne.routes if route.souscription == souscription), None)


def _finir(ligne: LigneDatee, souscription: int, le: date) -> LigneDatee:
    """The line whose route ends on `le`; without it when it would end before its first day."""
    routes: Iterable[Route] = (replace(r, fin=le) if r.souscription == souscription else r for r in ligne.routes)
    return replace(ligne, routes=tuple(r for r in routes if r.fin is None or r.fin >= r.debut))
