"""The imports of accounting entries: the board, a new import, the page of one, the page of a deposit of several."""

from dossiers.admin.ecritures import greffes
from dossiers.admin.ecritures.admin import ImportEcrituresAdmin

__all__ = ["ImportEcrituresAdmin", "greffes"]
