"""What the home page shows is given by sources: this package, and the applications above it, which it does not know.

Each registers from its own admin package, as they do in `dossiers.greffes`. A source yields nothing that its person may
not open: permissions and portfolio are its own to read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

#: Most rows counted for a line, and for a card: that of the lists.
PLAFOND_LIGNE, PLAFOND_CARTE = 1_000, 10_000
#: Days after which a draft is forgotten, and past which what failed is history.
OUBLI_JOURS, RECENT_JOURS = 7, 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Conseil:
    """What to do about some of the rows of a line: how many, the explanation of the catalogue, their list."""

    nombre: int
    texte: str
    adresse: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ligne:
    """Something that needs a person.

    Attributes
    ----------
    code:
        Its name in the page, unique.
    un, des:
        What follows the number, 1 then more: « fiche refusée », « fiches refusées ».
    verbe:
        What the link says, in the infinitive.
    adresse:
        The list of exactly the rows that are counted.
    urgente:
        In the first group: work is stopped until a person acts.
    rangs, date:
        What is counted, and its field that gives the age. Without `rangs`, `nombre`, `plafonne` (there are others) and
        `depuis` say it.
    dossier:
        Path from a row to its dossier, for the health of that dossier; empty without.
    conseils:
        Asked for only when something waits.
    """

    code: str
    un: str
    des: str
    verbe: str
    adresse: str
    icone: str
    urgente: bool = False
    rangs: QuerySet[Any] | None = None
    date: str = ""
    nombre: int = 0
    plafonne: bool = False
    depuis: datetime | None = None
    dossier: str = ""
    conseils: Callable[[], Sequence[Conseil]] = tuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Carte:
    """A figure, and the list of exactly what it counts; `rangs` or `nombre`, as a line."""

    code: str
    titre: str
    adresse: str
    icone: str
    rangs: QuerySet[Any] | None = None
    nombre: int = 0
    plafonne: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rangee:
    """One bar of a plot: its whole label, its short one (on two lines with a line feed), a value for each series.

    `plus`: counted up to a cap; `adresse`: the list of what it counts.
    """

    libelle: str
    court: str
    valeurs: tuple[int, ...]
    plus: bool = False
    adresse: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graphique:
    """Stacked bars, and their numbers.

    Attributes
    ----------
    code:
        Its name in the page and in the address of its CSV: letters and hyphens.
    entete:
        What a bar stands for, above the first column of the table.
    series:
        Name and rank of the colour and of the pattern, from the bottom up.
    """

    code: str
    titre: str
    phrase: str
    entete: str
    series: tuple[tuple[str, int], ...]
    rangees: Sequence[Rangee]


FaireLignes = Callable[[HttpRequest], Iterable[Ligne]]
FaireCartes = Callable[[HttpRequest], Iterable[Carte]]
FaireGraphique = Callable[[HttpRequest], Graphique | None]

_lignes: list[FaireLignes] = []
_du_dossier: list[FaireLignes] = []
_cartes: list[FaireCartes] = []
_graphiques: dict[str, FaireGraphique] = {}


def greffer_lignes(faire: FaireLignes) -> FaireLignes:
    """Add lines to « À traiter »."""
    _lignes.append(faire)
    return faire


def du_dossier(faire: FaireLignes) -> FaireLignes:
    """These lines also tell the health of a dossier: making them costs no query."""
    _du_dossier.append(faire)
    return faire


def greffer_cartes(faire: FaireCartes) -> FaireCartes:
    """Add cards to the figures."""
    _cartes.append(faire)
    return faire


def greffer_graphique(code: str) -> Callable[[FaireGraphique], FaireGraphique]:
    """Add a plot; None where the person may not see it. `code`: that of the plot it makes."""

    def greffer(faire: FaireGraphique) -> FaireGraphique:
        _graphiques[code] = faire
        return faire

    return greffer


def lignes(request: HttpRequest) -> list[Ligne]:
    """Every line that this person may see, empty ones included."""
    return [ligne for faire in _lignes for ligne in faire(request)]


def lignes_de_dossier(request: HttpRequest) -> list[Ligne]:
    """Those that this person may see and whose rows belong to a dossier."""
    return [ligne for faire in _du_dossier for ligne in faire(request) if ligne.dossier]


def cartes(request: HttpRequest) -> list[Carte]:
    """Every card that this person may see."""
    return [carte for faire in _cartes for carte in faire(request)]


def graphiques(request: HttpRequest) -> list[Graphique]:
    """Every plot that this person may see."""
    return [graphique for faire in _graphiques.values() if (graphique := faire(request)) is not None]


def graphique(request: HttpRequest, code: str) -> Graphique | None:
    """The plot of this name; None when there is none, or not for this person."""
    faire = _graphiques.get(code)
    return faire(request) if faire else None


def rangs_de(request: HttpRequest, modele: type[Model]) -> QuerySet[Any]:
    """The rows that the list of `modele` shows this person before any filter: its portfolio is that of the list."""
    return admin.site.get_model_admin(modele).get_queryset(request)


def liste(modele: type[Model], **filtres: object) -> str:
    """Address of the list of `modele` under these filters."""
    textes = {nom: str(valeur) for nom, valeur in filtres.items()}
    page = reverse(f"admin:{modele._meta.app_label}_{modele._meta.model_name}_changelist")
    return f"{page}?{urlencode(textes)}" if textes else page
