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
from itertools import islice, pairwise
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.utils import timezone

from dossiers.affichage import pluriel
from dossiers.echeances.registre import Description, Source, sources_de
from dossiers.models import Collaborateur

#: Deadlines of one source in one list; past it, the list says so and asks for a filter.
PLAFOND = 5_000
#: Rows read at once without a cap.
PAR_PAQUET = 500


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
class Criteres:
    """What a person asks of the radar; the empty ones ask for everything."""

    genre: str = ""
    jours: int = 365
    dossiers: tuple[int, ...] | None = None


class Releve(NamedTuple):
    """Deadlines by day; `incomplet_des` is the first day of which a source has more than the cap, None without."""

    reperes: list[Repere]
    incomplet_des: date | None

    def plafonne(self, fin: date) -> bool:
        """Whether some deadlines of `fin`, or of a day before it, were not read."""
        return self.incomplet_des is not None and self.incomplet_des <= fin


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
    suites, coupes = [], []
    for origine, lignes in _lignes(personne, criteres, jour, fin):
        lus = list(_reperes(origine, lignes[: plafond + 1], fin))
        coupes += [repere.jour for repere in lus[plafond:]]
        suites.append(lus[:plafond])
    return Releve(list(merge(*suites)), min(coupes, default=None))


def parcourir(personne: Collaborateur, criteres: Criteres, *, jour: date | None = None) -> Iterator[Repere]:
    """All of them without any cap, the soonest first, read as they are asked for."""
    jour = jour or timezone.localdate()
    fin = jour + timedelta(days=criteres.jours)
    return merge(
        *(
            _reperes(origine, lignes.iterator(PAR_PAQUET), fin)
            for origine, lignes in _lignes(personne, criteres, jour, fin)
        )
    )


def _lignes(
    personne: Collaborateur, criteres: Criteres, jour: date, fin: date
) -> Iterator[tuple[Source, QuerySet[Any]]]:
    """Date and key of the rows of each source that these criteria ask for, the soonest first."""
    for origine in sources_de(personne):
        if criteres.genre not in {"", origine.genre}:
            continue
        lignes = origine.visibles(origine.lignes(jour), personne)
        if criteres.dossiers is not None:
            if not origine.dossier:
                continue
            lignes = lignes.filter(**{f"{origine.dossier}__in": criteres.dossiers})
        yield origine, origine.jusqu_au(lignes, fin).values_list(origine.champ, "pk")


def _reperes(origine: Source, lignes: Iterable[tuple[Any, Any]], fin: date) -> Iterator[Repere]:
    for valeur, pk in lignes:
        if (le := origine.jour_de(valeur)) <= fin:
            yield Repere(le, origine.genre, pk)


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


def jours_de_mois(jour: date, mois: int = 12) -> int:
    """How many days from `jour` to the last one of `mois` months, its own being the first."""
    return (next(islice(_premiers_du_mois(jour), mois, None)) - jour).days - 1


def compter_par_mois(releve: Releve, jour: date, mois: int = 12) -> list[tuple[date, int, bool]]:
    """For each of `mois` months, that of `jour` being the first: its first day, its deadlines, whether it has more."""
    comptes = Counter(repere.jour.replace(day=1) for repere in releve.reperes)
    premiers = list(islice(_premiers_du_mois(jour), mois + 1))
    return [
        (premier, comptes[premier], releve.plafonne(suivant - timedelta(days=1)))
        for premier, suivant in pairwise(premiers)
    ]


def _premiers_du_mois(jour: date) -> Iterator[date]:
    premier = jour.replace(day=1)
    while True:
        yield premier
        premier = (premier + timedelta(days=31)).replace(day=1)
