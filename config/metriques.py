"""Figures for a monitoring system, in the text format of Prometheus, and the counters of the remote calls.

Counters live in the process that counts; what carries them to the process that answers `/metrics` is not known here.
Source of the format: prometheus.io, "Exposition formats", text format 0.0.4.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

TYPE = "text/plain; version=0.0.4; charset=utf-8"
#: Upper bounds of the latency histogram, in milliseconds.
BORNES = (50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000)


@dataclass(frozen=True, slots=True)
class Mesure:
    """One metric: its name without prefix, a French sentence, its Prometheus type, its samples.

    A sample is (suffix of the name, labels, value).
    """

    nom: str
    aide: str
    genre: str = "gauge"
    points: list[tuple[str, Mapping[str, str], float]] = field(default_factory=list)

    def noter(self, valeur: float, suffixe: str = "", **etiquettes: str) -> None:
        self.points.append((suffixe, etiquettes, valeur))


Collecteur = Callable[[], Iterable[Mesure]]
_COLLECTEURS: list[Collecteur] = []


def collecter(collecteur: Collecteur) -> Collecteur:
    """Decorator: add what `collecteur` measures to `/metrics`. It must read a bounded number of rows."""
    _COLLECTEURS.append(collecteur)
    return collecteur


def tout() -> str:
    """Every metric, as text."""
    return exposer(mesure for collecteur in _COLLECTEURS for mesure in collecteur())


def exposer(mesures: Iterable[Mesure]) -> str:
    """`mesures` in the text format."""
    lignes: list[str] = []
    for mesure in mesures:
        nom = f"passerelle_{mesure.nom}"
        aide = mesure.aide.replace("\\", "\\\\").replace("\n", "\\n")
        lignes += [f"# HELP {nom} {aide}", f"# TYPE {nom} {mesure.genre}"]
        for suffixe, etiquettes, valeur in mesure.points:
            paires = ",".join(f'{cle}="{_echapper(texte)}"' for cle, texte in etiquettes.items())
            lignes.append(
                f"{nom}{suffixe}{{{paires}}} {_nombre(valeur)}" if paires else f"{nom}{suffixe} {_nombre(valeur)}"
            )
    return "\n".join(lignes) + "\n"


def _echapper(texte: str) -> str:
    return texte.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _nombre(valeur: float) -> str:
    return "+Inf" if valeur == math.inf else f"{valeur:.15g}"


class Appels:
    """How many remote calls this process made, by remote host and outcome, and how long they took."""

    def __init__(self) -> None:
        self._garde = threading.Lock()
        self._series: dict[tuple[str, str], list[int]] = {}

    def compter(self, hote: str, issue: str, duree_ms: int) -> None:
        """Add one call. `issue` is `reussi`, or the family of its failure."""
        rang = next((rang for rang, borne in enumerate(BORNES) if duree_ms <= borne), len(BORNES))
        with self._garde:
            serie = self._series.setdefault((hote, issue), [0] * (len(BORNES) + 2))
            serie[rang] += 1
            serie[-1] += duree_ms

    def releve(self) -> list[list[Any]]:
        """What was counted, as JSON can keep it: host, outcome, calls by bound and over the last, milliseconds."""
        with self._garde:
            return [[hote, issue, *serie] for (hote, issue), serie in sorted(self._series.items())]


#: Those of this process.
appels = Appels()


def histogramme(releves: Mapping[str, Iterable[list[Any]]]) -> Mesure:
    """The latency histogram of what several processes counted (`Appels.releve`), in seconds, by process."""
    mesure = Mesure("appel_secondes", "Durée des appels distants, par hôte et par issue.", "histogram")
    for processus, series in releves.items():
        for hote, issue, *comptes, total in series:
            etiquettes = {"processus": processus, "hote": hote, "issue": issue}
            cumul = 0
            for borne, nombre in zip((*BORNES, math.inf), comptes, strict=True):
                cumul += nombre
                mesure.noter(cumul, "_bucket", **etiquettes, le=_nombre(borne / 1000))
            mesure.noter(total / 1000, "_sum", **etiquettes)
            mesure.noter(cumul, "_count", **etiquettes)
    return mesure
