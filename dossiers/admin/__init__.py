"""The admin of the core: one module per page people know."""

from dossiers.accueil import sources  # noqa: F401 - give the home page what the core has
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
from dossiers.palette import commandes  # noqa: F401 - gives the palette the verbs of the core

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
