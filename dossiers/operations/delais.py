"""Waiting times, all kept in rows: retries of an operation, pauses of a guichet."""

from __future__ import annotations

import random
from datetime import timedelta

PREMIER_DELAI = 2.0
DELAI_MAX = 300.0
PAUSE_MAX = 900.0


def delai_avant_reprise(tentatives: int, attendre: float | None = None) -> timedelta:
    """Time before the next try of an operation.

    Parameters
    ----------
    tentatives:
        How many tries were made, at least 1.
    attendre:
        What the remote asked for (Retry-After), in seconds; it wins over the exponential delay.

    The delay is exponential with full jitter, so that a crowd of failures does not come back as a crowd.
    """
    if attendre is not None:
        return timedelta(seconds=attendre)
    plafond = min(PREMIER_DELAI * 2 ** (max(tentatives, 1) - 1), DELAI_MAX)
    return timedelta(seconds=random.uniform(PREMIER_DELAI / 4, plafond))  # noqa: S311 - jitter, not a secret


def pause_du_disjoncteur(echecs: int, seuil: int, pause: int) -> timedelta | None:
    """How long a guichet rests after `echecs` failures in a row; None below `seuil`.

    Parameters
    ----------
    pause:
        First rest, in seconds; it doubles with each failed trial, up to 15 minutes.
    """
    if echecs < seuil:
        return None
    return timedelta(seconds=min(pause * 2 ** min(echecs - seuil, 10), PAUSE_MAX))
