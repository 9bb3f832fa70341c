"""The long trials, EPREUVES=1: deep draws and races, whole paths in the browser, every page of the menu, real processes
killed or stopped at their limits, the demonstration's own data and proof.

`make test` leaves them out and stays under five minutes on two cores; the gate makes them.
"""

from __future__ import annotations

import os

DEMANDEES = os.environ.get("EPREUVES") == "1"


def repetitions(courant: int, profond: int) -> int:
    """The number of draws or of races of a dear test: `courant` of them, `profond` when EPREUVES=1."""
    return profond if DEMANDEES else courant
