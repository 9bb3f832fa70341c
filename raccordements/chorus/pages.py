"""Paging of Chorus Pro's searches, whose parameters change of name from one service to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from config.http import ErreurDefinitive
from raccordements.chorus.lecture import entier, liste

PAGES_MAX = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Pagination:
    """How one service names its pages.

    `demande`: the object of the request; `liste`: the list of the answer; `taille`: results asked for a page; `tri`:
    what else goes in the object.
    """

    demande: str
    liste: str
    taille: int
    tri: Mapping[str, str] = field(default_factory=dict)

    def parametres(self, page: int) -> dict[str, Any]:
        """What the request for one page adds to its body."""
        return {self.demande: {"pageResultatDemandee": page, "nbResultatsParPage": self.taille, **self.tri}}


STRUCTURES = Pagination(
    demande="parametres",
    liste="listeStructures",
    taille=100,
    tri={"triColonne": "IdentifiantStructure", "triSens": "Ascendant"},
)
#: 1000 is the most that one reseller's documentation gives.
SERVICES = Pagination(demande="parametresRechercherServicesStructure", liste="listeServices", taille=1000)
RATTACHEMENTS = Pagination(
    demande="parametresRecherche",
    liste="listeStructureRattachement",
    taille=100,
    tri={"triColonne": "IdStructure", "triSens": "Ascendant"},
)


def parcourir(pagination: Pagination, demander: Callable[[dict[str, Any]], Mapping[str, Any]]) -> Iterator[Any]:
    """The elements of all the pages, in order.

    Parameters
    ----------
    demander:
        Given what the request adds to its body, returns the answer. The page numbers are read in its
        `parametresRetour`, or at its top level as some services write them; without any, a page that is not full is the
        last one. A service that gives the same page again has no other.

    Raises ErreurDefinitive past 200 pages, and what `demander` raises.
    """
    recus, precedents = 0, None
    for page in range(1, PAGES_MAX + 1):
        donnees = demander(pagination.parametres(page))
        elements = liste(donnees.get(pagination.liste))
        if not elements or elements == precedents:
            return
        yield from elements
        recus, precedents = recus + len(elements), elements
        imbrique = donnees.get("parametresRetour")
        retour = imbrique if isinstance(imbrique, dict) else dict(donnees)
        pages, total = entier(retour, "pages"), entier(retour, "total")
        if pages is not None:
            derniere = page >= pages
        elif total is not None:
            derniere = recus >= total
        else:
            derniere = len(elements) < (entier(retour, "nbResultatsParPage") or pagination.taille)
        if derniere:
            return
    raise ErreurDefinitive(
        f"La recherche n’a pas été menée à son terme : elle donne plus de {PAGES_MAX} pages de résultats. "
        "Précisez-la, puis recommencez."
    )
