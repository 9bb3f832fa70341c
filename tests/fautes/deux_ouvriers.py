"""One worker, then two on the same queue: the same counts, and how much faster."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from dossiers.models import Battement
from tests.fautes.banc import Banc
from tests.fautes.bilan import Bilan, dresser
from tests.fautes.cabinet import Cabinet

NOMBRE, CLES, PLAFOND, FILS = 400, 2, 16, 8
LATENCE = {"type": "latence", "secondes": 0.1, "fois": -1}
DELAI = 120.0


def mesurer(banc: Banc, combien: int) -> tuple[Bilan, float, int]:
    """`NOMBRE` operations through `combien` workers: what was seen, operations per second, workers that gave a sign."""
    cabinet = Cabinet(banc, f"OUV{combien}", dossiers=NOMBRE, cles=CLES, plafond=PLAFOND)
    Battement.objects.filter(genre=Battement.Genre.EXECUTANT).delete()
    with contextlib.ExitStack() as pile:
        for _ in range(combien):
            pile.enter_context(banc.executant(FILS))
        while Battement.objects.filter(genre=Battement.Genre.EXECUTANT).count() < combien:
            time.sleep(0.1)
        debut = time.monotonic()
        cabinet.planifier("ajouter_offre", cabinet.dossiers, offre="start")
        cabinet.attendre_la_fin(DELAI)
        duree = time.monotonic() - debut
        vus = Battement.objects.filter(genre=Battement.Genre.EXECUTANT).count()
    return dresser(cabinet), NOMBRE / duree, vus


def comparer(banc: Banc, ecrire: Callable[[str], object]) -> bool:
    """Print the counts and the ratio. Returns whether both runs applied each operation exactly once."""
    ecrire(f"\nUn ouvrier puis deux, {NOMBRE} opérations, 100 ms de latence, {FILS} fils chacun :")
    banc.pannes(LATENCE)
    with banc.horloge():
        resultats = [mesurer(banc, combien) for combien in (1, 2)]
    banc.pannes()
    for bilan, debit, vus in resultats:
        ecrire(
            f"  {vus} ouvrier(s) : {bilan.demandees} demandées, {bilan.lignes} en base, {bilan.appliquees} effets chez "
            f"Loop, {debit:.0f} opérations par seconde ; faute vue : {bilan.vu}"
        )
    (seul, debit_seul, _), (a_deux, debit_a_deux, vus) = resultats
    ecrire(f"  rapport : {debit_a_deux / debit_seul:.2f}")
    return seul.vert and a_deux.vert and seul.appliquees == a_deux.appliquees == NOMBRE and vus == 2
