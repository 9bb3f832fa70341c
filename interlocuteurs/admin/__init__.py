"""The admin of contacts: their pages, and what they graft on those of the core."""

from interlocuteurs.admin import greffes, imports, interlocuteurs

__all__ = ["greffes", "imports", "interlocuteurs"]
