"""How long a trial that draws or races goes on: briefly at each run of the tests, at length when asked."""

from __future__ import annotations

import os


def repetitions(courant: int, profond: int) -> int:
    """The number of draws or of races of a dear test: `courant` of them, `profond` when EPREUVES=1."""
    return profond if os.environ.get("EPREUVES") == "1" else courant
