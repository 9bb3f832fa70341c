"""The verbs that a person may use. Each application registers its own; the palette only ever gives addresses.

No verb acts: a proposition is a link to a page, a list already filtered or the first step of a plan, which ask for
their own permission again.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

#: Objects proposed for what was typed after a verb.
OBJETS_PROPOSES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposition:
    """One line of the palette: what it says, under which title, and where it leads."""

    libelle: str
    adresse: str
    detail: str = ""
    icone: str = "arrow_forward"


Viser = Callable[[HttpRequest, str], Iterable[Proposition]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commande:
    """One verb.

    Attributes
    ----------
    cle, libelle, groupe, icone:
        Stable name, what is read, under which title, its drawing.
    mots:
        Words that call it, as they are typed: accents and capitals do not count, a beginning is enough.
    permissions:
        All of them are needed, or the verb does not exist for the person.
    adresse:
        Where the verb leads by itself.
    viser:
        Propositions for the object typed after the verb; none: the verb takes no object.
    exemple:
        How an object is written, shown beside the verb.
    """

    cle: str
    libelle: str
    groupe: str
    icone: str
    mots: Sequence[str]
    permissions: Sequence[str]
    adresse: Callable[[], str]
    viser: Viser | None = None
    exemple: str = ""

    def permise(self, personne: Any) -> bool:
        """Whether this person may use it."""
        return bool(personne.has_perms(self.permissions))

    def seule(self) -> Proposition:
        """The verb without an object."""
        detail = f"{self.groupe}, par exemple « {self.exemple} »" if self.exemple else self.groupe
        return Proposition(libelle=self.libelle, adresse=self.adresse(), detail=detail, icone=self.icone)


_commandes: dict[str, Commande] = {}


def normaliser(texte: str) -> str:
    """Without accents nor capitals; an apostrophe parts two words."""
    decompose = unicodedata.normalize("NFKD", texte.casefold())
    return "".join(" " if c in "'’" else c for c in decompose if not unicodedata.combining(c))


def enregistrer(*commandes: Commande) -> None:
    """Add verbs to the palette. Raises ValueError for a name already taken."""
    for commande in commandes:
        if commande.cle in _commandes:
            raise ValueError(f"commande déjà enregistrée : {commande.cle}")
        _commandes[commande.cle] = commande


def toutes() -> Sequence[Commande]:
    """Every verb, in the order of registration."""
    return tuple(_commandes.values())


def permises(personne: Any) -> list[Commande]:
    """The verbs of this person."""
    return [commande for commande in toutes() if commande.permise(personne)]
