"""What a deadline is, and who knows some: each application registers its sources, the core knows only its own."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar, NamedTuple

from django.db.models import Model, QuerySet
from django.utils import timezone

from dossiers.models import Collaborateur, Dossier

logger = logging.getLogger(__name__)
#: Days left at which people are reminded, and -1 for the first day past due (features.md, 137).
RETARD = -1
SEUILS = (60, 30, 15, 7, RETARD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A deadline in words.

    `a_faire` is an infinitive, what makes the deadline go away; `remede` is the page where it is done.
    """

    objet: str
    adresse: str
    a_faire: str
    remede: str
    dossier: Dossier | None = None


class Sujet(ABC):
    """Something people are told about.

    Attributes
    ----------
    genre, libelle, icone:
        Its code, its word, its icon (Material Symbols).
    permission:
        To see it and be told of it.
    modele:
        What its rows are.
    """

    genre: ClassVar[str]
    libelle: ClassVar[str]
    icone: ClassVar[str]
    permission: ClassVar[str]
    modele: ClassVar[type[Model]]

    def visibles(self, lignes: QuerySet[Any], personne: Collaborateur) -> QuerySet[Any]:
        """Those of the person's portfolio."""
        return lignes.visibles_par(personne) if hasattr(lignes, "visibles_par") else lignes


class Source(Sujet):
    """One kind of deadline: where its rows are, and how one is told. A row is there while its cause is.

    Attributes
    ----------
    permission_remede:
        To do what takes it away.
    champ, instant:
        The column of its date, which an index orders, and whether it is a moment rather than a day.
    dossier, createur:
        Paths from a row to its dossier and to who made it; empty without.
    seuils:
        When people are reminded, in days left.
    administrateurs:
        Whether it is the business of the administrateurs rather than of who is in charge of a dossier.
    """

    permission_remede: ClassVar[str]
    champ: ClassVar[str]
    instant: ClassVar[bool] = False
    dossier: ClassVar[str] = "dossier"
    createur: ClassVar[str] = ""
    seuils: ClassVar[tuple[int, ...]] = SEUILS
    administrateurs: ClassVar[bool] = False

    @abstractmethod
    def lignes(self, jour: date) -> QuerySet[Any]:
        """The rows whose deadline stands on `jour`, in any order."""

    @abstractmethod
    def decrire(self, ligne: Any, jour: date) -> Description:
        """One row, as `charger` read it."""

    def charger(self, lignes: QuerySet[Any]) -> QuerySet[Any]:
        """With what `decrire` reads."""
        return lignes

    def jour_de(self, valeur: Any) -> date:
        """The day of the deadline, from its column. It never decreases when the column increases."""
        lu: date = timezone.localtime(valeur).date() if isinstance(valeur, datetime) else valeur
        return lu

    def jusqu_au(self, lignes: QuerySet[Any], jour: date) -> QuerySet[Any]:
        """Every row whose deadline is `jour` or before, and perhaps others, the soonest first."""
        fin: date = jour
        if self.instant:
            fin = timezone.make_aware(datetime.combine(jour + timedelta(days=1), time()))
        bornees = lignes.filter(**{f"{self.champ}__{'lt' if self.instant else 'lte'}": fin})
        return bornees.order_by(self.champ, "pk")


class Annonce(NamedTuple):
    """What is told, and to whom: see `Avis`."""

    genre: str
    objet: int
    cle: str
    texte: str
    adresse: str
    personnes: frozenset[int]
    escalade: bool = False


def chacune(genre: str, lignes: Iterable[Any], faire: Callable[[Any], Annonce]) -> list[Annonce]:
    """What `faire` tells of each row. One that cannot be told is written in the log and holds no other back."""
    annonces = []
    for ligne in lignes:
        try:
            annonces.append(faire(ligne))
        except Exception:
            logger.exception("avis %s : la ligne %s n’est pas dite", genre, ligne.pk)
    return annonces


class Nouvelle(Sujet):
    """One kind of event, read from time to time in a journal that only grows."""

    @abstractmethod
    def relever(self, position: dict[str, Any]) -> tuple[list[Annonce], dict[str, Any]]:
        """What happened since `position` ({} the first time: nothing of the past is told), and the next position.

        It may give again what it gave: an annonce is told once.
        """


_sources: dict[str, Source] = {}
_nouvelles: dict[str, Nouvelle] = {}


def greffer_source(classe: type[Source]) -> type[Source]:
    """Register a kind of deadline; raises ValueError when its code is taken."""
    _sources[_libre(classe)] = classe()
    return classe


def greffer_nouvelle(classe: type[Nouvelle]) -> type[Nouvelle]:
    """Register a kind of event; raises ValueError when its code is taken."""
    _nouvelles[_libre(classe)] = classe()
    return classe


def _libre(classe: type[Sujet]) -> str:
    if classe.genre in _sources or classe.genre in _nouvelles:
        raise ValueError(f"two kinds named {classe.genre}")
    return classe.genre


def sources() -> list[Source]:
    return list(_sources.values())


def nouvelles() -> list[Nouvelle]:
    return list(_nouvelles.values())


def sources_de(personne: Collaborateur) -> list[Source]:
    """The kinds of deadline this person has the right to look at."""
    return [source for source in _sources.values() if personne.has_perm(source.permission)]


def sujets_de(personne: Collaborateur) -> list[Sujet]:
    """All that this person may be told about."""
    return [*sources_de(personne), *(sujet for sujet in _nouvelles.values() if personne.has_perm(sujet.permission))]
