"""The reads of Chorus Pro's « Référentiel des organisations » v1.1.6: REST, bare lists, errors as a list.

Source: the public client PHP and its sandbox tests. Writing a structure's EDI parameters (PATCH) is documented but was
never obtained by anybody: it is not offered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from config.http import Reponse
from raccordements.chorus.erreurs import non_reconnue
from raccordements.chorus.schemas import Organisation
from raccordements.chorus.session import SessionChorus


class Organisations:
    """Raises the three families of config.http."""

    def __init__(self, session: SessionChorus) -> None:
        self._session = session

    def verifier_sante(self) -> None:
        """Whether the API answers (GET healthcheck, empty 200)."""
        self._envoyer("GET", "/healthcheck")

    def rechercher(self, identifiant: str, *, champs: Sequence[str] = ()) -> list[Organisation]:
        """The structures that have this identifier; `champs` limits what is told of each."""
        corps: dict[str, Any] = {"identifiant": {"op": "=", "val": identifiant}}
        reponse = self._envoyer("POST", "/structures/recherche", corps | ({"_fields": list(champs)} if champs else {}))
        return [Organisation.depuis_json(element) for element in _elements(reponse)]

    def consulter(self, identifiant: str) -> Organisation:
        """One structure by its uuid, its SIRET or its VAT number. Raises ErreurDefinitive when it is unknown."""
        return Organisation.depuis_json(self._envoyer("GET", f"/structures/{quote(identifiant, safe='')}").donnees)

    def services(self, identifiant: str) -> list[dict[str, Any]]:
        """The services of a structure, as they come: only their list form is known."""
        reponse = self._envoyer("GET", f"/structures/{quote(identifiant, safe='')}/services")
        return [element for element in _elements(reponse) if isinstance(element, dict)]

    def _envoyer(self, methode: str, suite: str, corps: Any = None) -> Reponse:
        return self._session.envoyer(methode, self._session.chemins["organisations"] + suite, corps=corps)


def _elements(reponse: Reponse) -> list[Any]:
    if not isinstance(reponse.donnees, list):
        raise non_reconnue(reponse, ecriture=False)
    return reponse.donnees
