"""Codes of dossiers that look like an unknown one: one sign apart, or zeros in front lost by a spreadsheet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

PROPOSES = 3
#: A code of Loop has at most 35 signs.
LONGUEUR_MAX = 36


class CodesProches:
    """Finds the codes one insertion, deletion, substitution or swap away, by what is left when one sign is dropped.

    Parameters
    ----------
    codes:
        The codes that may be proposed: those the person may see.
    """

    def __init__(self, codes: Iterable[str]) -> None:
        self._par_forme: dict[str, list[str]] = defaultdict(list)
        for code in codes:
            for forme in set(_formes(code)):
                self._par_forme[forme].append(code)

    def proposer(self, inconnu: str) -> list[str]:
        """At most `PROPOSES` codes, those of the same length first."""
        trouves = {code for forme in _formes(inconnu) for code in self._par_forme.get(forme, ())}
        return sorted(trouves, key=lambda code: (abs(len(code) - len(inconnu)), code))[:PROPOSES]


def _formes(code: str) -> Iterator[str]:
    majuscule = code.upper()[:LONGUEUR_MAX]
    formes = [majuscule[:rang] + majuscule[rang + 1 :] for rang in range(len(majuscule))]
    return filter(None, (majuscule, majuscule.lstrip("0"), *formes))
