"""What the applications above the core graft on its pages: the core knows none of them.

Each registers from its own admin package, which Django loads once every application is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model
from django.http import HttpRequest

from dossiers.models import Dossier, Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section of the page of a dossier: a template, and what it shows."""

    gabarit: str
    contexte: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remede:
    """A button that takes a refusal away. A POST sends `champs`; a GET is a link.

    `reprend` tells that it asks again for the operation itself: relaunching it as it stands would be refused again.
    `environnement` names where it writes, inside the button (`config.production.en_mots`).
    """

    libelle: str
    adresse: str
    methode: str = "get"
    champs: Mapping[str, Any] = field(default_factory=dict)
    reprend: bool = False
    environnement: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resultats:
    """What one source found for the global search, under its title; `liste` is where to see the rest."""

    titre: str
    objets: Sequence[Model]
    liste: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entree:
    """A page of the menu: title, icon, admin name of the list or address (`admin:...`), query string, permission."""

    titre: str
    icone: str
    page: str
    permission: str
    filtre: str = ""


FaireSection = Callable[[HttpRequest, Dossier], Section | None]
FaireRemedes = Callable[[HttpRequest, Sequence[Operation]], Mapping[int, list[Remede]]]
Chercher = Callable[[HttpRequest, str, int], Resultats | None]

_sections: list[FaireSection] = []
_remedes: list[FaireRemedes] = []
_sources: list[Chercher] = []
_menu: dict[str, list[Entree]] = {}


def greffer_section(faire: FaireSection) -> FaireSection:
    """Add a section to the page of a dossier; None where the person may not see it."""
    _sections.append(faire)
    return faire


def greffer_remedes(faire: FaireRemedes) -> FaireRemedes:
    """Add the remedies of stopped operations, by primary key, for a number of queries that does not depend on them."""
    _remedes.append(faire)
    return faire


def greffer_recherche(chercher: Chercher) -> Chercher:
    """Add a source to the global search: (request, term, most objects to return)."""
    _sources.append(chercher)
    return chercher


def greffer_menu(groupe: str, entrees: Iterable[Entree]) -> None:
    """Add pages at the end of a group of the menu."""
    _menu.setdefault(groupe, []).extend(entrees)


def sections(request: HttpRequest, dossier: Dossier) -> list[Section]:
    """The grafted sections of a dossier's page that this person may see."""
    return [section for faire in _sections if (section := faire(request, dossier)) is not None]


def remedes(request: HttpRequest, operations: Sequence[Operation]) -> dict[int, list[Remede]]:
    """The grafted remedies this person may use, by primary key of operation."""
    trouves: dict[int, list[Remede]] = {}
    for faire in _remedes:
        for pk, liste in faire(request, operations).items():
            trouves.setdefault(pk, []).extend(liste)
    return trouves


def chercher(request: HttpRequest, terme: str, nombre: int) -> list[Resultats]:
    """What the grafted sources find."""
    return [trouve for source in _sources if (trouve := source(request, terme, nombre)) and trouve.objets]


def menu(groupe: str) -> Sequence[Entree]:
    """The pages grafted on a group."""
    return _menu.get(groupe, ())
