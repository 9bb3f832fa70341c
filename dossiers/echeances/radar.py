"""Every deadline of every source on one line of time, for one person.

A source gives days and keys, bounded and by an index; only the rows of a page are read whole. The number of queries
depends on the sources, never on the rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple

from django.utils import timezone

from dossiers.affichage import pluriel
from dossiers.echeances.registre import Description, Source, sources_de
from dossiers.models import Collaborateur

#: Deadlines of one source in one list; past it, the list says so and asks for a filter.
PLAFOND = 5_000
#: What `prochaines` counts up to.
COMPTE_MAX = 1_000


class Repere(NamedTuple):
    """A deadline before its row is read; ordered by day."""

    jour: date
    genre: str
    pk: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Echeance:
    """A deadline as a person reads it."""

    repere: Repere
    source: Source
    description: Description
    jours: int

    @property
    def jour(self) -> date:
        return self.repere.jour

    @property
    def en_retard(self) -> bool:
        return self.jours < 0

    @property
    def delai(self) -> str:
        """« dans 41 jours »."""
        return delai(self.jours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """How many deadlines, past due included, and the first; `plafonne` when there are more than `nombre`."""

    nombre: int
    premiere: Echeance | None
    plafonne: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteres:
    """What a person asks of the radar; the empty ones ask for everything."""

    genre: str = ""
    jours: int = 365
    dossiers: tuple[int, ...] | None = None


class Releve(NamedTuple):
    """Deadlines by day, and whether a source has more than `PLAFOND`."""

    reperes: list[Repere]
    plafonne: bool


def delai(jours: int) -> str:
    """« dans 41 jours », « aujourd’hui », « dépassée depuis 3 jours »."""
    if jours < 0:
        return f"dépassée depuis {pluriel(-jours, 'jour')}"
    return {0: "aujourd’hui", 1: "demain"}.get(jours, f"dans {pluriel(jours, 'jour')}")


def relever(
    personne: Collaborateur, criteres: Criteres | None = None, *, jour: date | None = None, plafond: int = PLAFOND
) -> Releve:
    """The deadlines `personne` may see, the soonest first: one query a source."""
    criteres, jour = criteres or Criteres(), jour or timezone.localdate()
    fin = jour + timedelta(days=criteres.jours)
    suites, plafonne = [], False
    for origine in sources_de(personne):
        if criteres.genre not in {"", origine.genre}:
            continue
        lignes = origine.visibles(origine.lignes(jour), personne)
        if criteres.dossiers is not None:
            if not origine.dossier:
                continue
            lignes = lignes.filter(**{f"{origine.dossier}__in": criteres.dossiers})
        lus = list(origine.jusqu_au(lignes, fin).values_list(origine.champ, "pk")[: plafond + 1])
        plafonne |= len(lus) > plafond
        jours = ((origine.jour_de(valeur), pk) for valeur, pk in lus[:plafond])
        suites.append([Repere(le, origine.genre, pk) for le, pk in jours if le <= fin])
    return Releve(list(merge(*suites)), plafonne)


def lire(reperes: Sequence[Repere], personne: Collaborateur, *, jour: date | None = None) -> list[Echeance]:
    """The deadlines of these marks, in their order: one query a source. One that is gone meanwhile is left out."""
    jour = jour or timezone.localdate()
    trouvees: dict[tuple[str, Any], Echeance] = {}
    for origine in sources_de(personne):
        siens = {repere.pk: repere for repere in reperes if repere.genre == origine.genre}
        if not siens:
            continue
        agir = personne.has_perm(origine.permission_remede)
        lignes = origine.visibles(origine.lignes(jour), personne).filter(pk__in=list(siens))
        for ligne in origine.charger(lignes):
            decrite = origine.decrire(ligne, jour)
            trouvees[origine.genre, ligne.pk] = Echeance(
                repere=siens[ligne.pk],
                source=origine,
                description=decrite if agir else replace(decrite, remede=""),
                jours=(siens[ligne.pk].jour - jour).days,
            )
    return [trouvees[repere.genre, repere.pk] for repere in reperes if (repere.genre, repere.pk) in trouvees]


def prochaines(collaborateur: Collaborateur, jours: int = 30) -> Resume:
    """How many deadlines `collaborateur` has within `jours` days, past due included, and the first of them.

    Two queries a source at most; counted up to `COMPTE_MAX`.
    """
    releve = relever(collaborateur, Criteres(jours=jours), plafond=COMPTE_MAX)
    premiere = next(iter(lire(releve.reperes[:1], collaborateur)), None)
    nombre = len(releve.reperes)
    return Resume(nombre=min(nombre, COMPTE_MAX), premiere=premiere, plafonne=releve.plafonne or nombre > COMPTE_MAX)


def par_mois(collaborateur: Collaborateur, mois: int = 12) -> list[tuple[date, int]]:
    """How many deadlines each month has, from the present one: its first day, and the number."""
    jour = timezone.localdate()
    releve = relever(collaborateur, Criteres(jours=jours_de_mois(jour, mois)))
    return compter_par_mois(releve.reperes, jour, mois)


def jours_de_mois(jour: date, mois: int = 12) -> int:
    """How many days from `jour` to the last one of `mois` months, its own being the first."""
    return (next(islice(_premiers_du_mois(jour), mois, None)) - jour).days - 1


def compter_par_mois(reperes: Iterable[Repere], jour: date, mois: int = 12) -> list[tuple[date, int]]:
    """The number of these marks in each of `mois` months, that of `jour` being the first."""
    comptes = Counter(repere.jour.replace(day=1) for repere in reperes)
    return [(premier, comptes[premier]) for premier in islice(_premiers_du_mois(jour), mois)]


def _premiers_du_mois(jour: date) -> Iterator[date]:
    premier = jour.replace(day=1)
    while True:
        yield premier
        premier = (premier + timedelta(days=31)).replace(day=1)
