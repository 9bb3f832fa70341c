"""Erasing one person's words from texts and JSON, the rest untouched."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from interlocuteurs.services.traces import Personne

IMPOSSIBLE = r"(?!)"
#: Keys of stored JSON whose value is never about a person: the accounting trail.
CLES_GARDEES = frozenset({"offre", "codeDossier", "dossier", "interlocuteur", "pk", "objectId", "revisionId"})


class Gomme:
    """What stands for a person, and how it takes the person's place.

    Parameters
    ----------
    email, nom, telephone:
        What stands for each; `nom` for any name, or both.
    cles:
        What stands for a name that is the whole value of a JSON key.
    """

    def __init__(
        self, personne: Personne, *, email: str, nom: str, telephone: str, cles: Mapping[str, str] | None = None
    ) -> None:
        self._adresse = re.compile(personne.adresse, re.IGNORECASE)
        self._identifiants = [
            (self._adresse, email),
            (re.compile(personne.numeros or IMPOSSIBLE), telephone),
        ]
        self._noms = (re.compile(rf"(?<!\w)(?:{_ecrits(personne.noms)})(?!\w)", re.IGNORECASE), nom)
        self._exacts = {terme.casefold() for terme in personne.noms}
        self._nom, self._cles = nom, cles or {}

    def ligne(self, valeurs: Mapping[str, Any], *, sienne: bool) -> dict[str, Any]:
        """The columns of a row without the person.

        Names are erased where the person is known otherwise: in a row of its own (`sienne`), or that holds its address;
        in a list of objects (lines of a plan), object by object.
        """
        ensemble = sienne or any(self.cite(v) for v in valeurs.values() if not _par_objet(v))
        return {
            colonne: [self.effacer(v, noms=sienne or self.cite(v)) for v in valeur]
            if _par_objet(valeur)
            else self.effacer(valeur, noms=ensemble)
            for colonne, valeur in valeurs.items()
        }

    def cite(self, valeur: Any) -> bool:
        """Whether the person's address is in a value."""
        texte = valeur if isinstance(valeur, str) else json.dumps(valeur, ensure_ascii=False, default=str)
        return self._adresse.search(texte) is not None

    def effacer(self, valeur: Any, *, noms: bool = True) -> Any:
        """A text or JSON data without the person. A JSON text is erased value by value, its keys and its trail kept."""
        if isinstance(valeur, str) and valeur.lstrip()[:1] in {"{", "["}:
            try:
                return json.dumps(self._donnees(json.loads(valeur), noms), ensure_ascii=False)
            except (ValueError, RecursionError):
                return self._phrase(valeur, noms)
        return self._donnees(valeur, noms)

    def _donnees(self, donnees: Any, noms: bool) -> Any:
        if isinstance(donnees, dict):
            return {cle: self._valeur(cle, valeur, noms) for cle, valeur in donnees.items()}
        if isinstance(donnees, list):
            return [self._donnees(valeur, noms) for valeur in donnees]
        return self._phrase(donnees, noms) if isinstance(donnees, str) else donnees

    def _valeur(self, cle: str, valeur: Any, noms: bool) -> Any:
        if cle in CLES_GARDEES:
            return valeur
        if noms and cle in self._cles and isinstance(valeur, str) and valeur.casefold() in self._exacts:
            return self._cles[cle]
        return self._donnees(valeur, noms)

    def _phrase(self, texte: str, noms: bool) -> str:
        if noms and texte.casefold() in self._exacts:
            return self._nom
        for expression, remplacant in [*self._identifiants, *([self._noms] if noms else [])]:
            texte = expression.sub(remplacant.replace("\\", r"\\"), texte)
        return texte


def _par_objet(valeur: Any) -> bool:
    return isinstance(valeur, list) and all(isinstance(element, dict) for element in valeur)


def _ecrits(termes: Iterable[str]) -> str:
    """Alternative of the terms as text and as escaped JSON; a single letter is no term in a sentence."""
    formes = [forme for terme in termes if len(terme) > 1 for forme in (terme, json.dumps(terme)[1:-1])]
    return "|".join(map(re.escape, dict.fromkeys(formes))) or IMPOSSIBLE
