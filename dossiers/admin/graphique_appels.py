"""The calls of the last hour, by five minutes, drawn as SVG by the server; the same numbers are in a table under it."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone
from django.utils.safestring import SafeString

from dossiers.accueil import dessin
from dossiers.accueil.registre import Graphique, Rangee
from dossiers.supervision.releve import Tranche

#: Name and rank of the colour and pattern of each series, from the bottom up.
SERIES = (("Aboutis", 1), ("En échec", 4))


def tracer(tranches: Sequence[Tranche]) -> SafeString | None:
    """Stacked bars from zero; None when there was no call."""
    return dessin.tracer(_graphique(tranches))


def legende() -> list[tuple[str, SafeString]]:
    """Each series with the sample of its pattern."""
    return dessin.legende(_graphique(()))


def _graphique(tranches: Sequence[Tranche]) -> Graphique:
    heures = [(f"{timezone.localtime(tranche.debut):%H:%M}", tranche) for tranche in tranches]
    return Graphique(
        code="appels",
        titre="Appels distants de la dernière heure",
        phrase="Par tranche de cinq minutes.",
        entete="À partir de",
        series=SERIES,
        rangees=[
            Rangee(libelle=heure, court=heure, valeurs=(tranche.reussis, tranche.echecs)) for heure, tranche in heures
        ],
    )
