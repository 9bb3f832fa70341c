"""The plan page and its confirmation for 5,000 dossiers: time, queries, and no remote call."""

from __future__ import annotations

from tests.perf.terrain import Mesure, Terrain

NOMBRE = 5000
LIMITE = 3.0


def mesurer(terrain: Terrain) -> list[Mesure]:
    return []
