"""The admin of contacts: their pages, and what they graft on those of the core."""

from interlocuteurs import (
    accueil,  # noqa: F401 - gives the home page what contacts have
    palette,  # noqa: F401 - gives the palette its verbs
)
from interlocuteurs.admin import greffes, imports, interlocuteurs

__all__ = ["greffes", "imports", "interlocuteurs"]
