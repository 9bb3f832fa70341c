"""The admin of connection sheets: their pages, and what they graft on those of the core."""

from raccordements import palette  # noqa: F401 - gives the palette its verbs
from raccordements.admin import (
    approbations,
    certificats,
    comptes,
    envois,
    fiches,
    greffes,
    passeport,
    portail,
    promotions,
    recherche,
    reference,
    souscriptions,
    structures,
)

__all__ = [
    "approbations",
    "certificats",
    "comptes",
    "envois",
    "fiches",
    "greffes",
    "passeport",
    "portail",
    "promotions",
    "recherche",
    "reference",
    "souscriptions",
    "structures",
]
