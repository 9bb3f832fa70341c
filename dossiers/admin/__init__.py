"""The admin of the core: one module per page people know."""

from dossiers.admin import (
    cles,
    collaborateurs,
    dossiers,
    ecarts,
    ecritures,
    explications,
    journal,
    lots,
    operations,
    recherches,
    supervision,
)

__all__ = [
    "cles",
    "collaborateurs",
    "dossiers",
    "ecarts",
    "ecritures",
    "explications",
    "journal",
    "lots",
    "operations",
    "recherches",
    "supervision",
]
