"""Connection sheets: creation in the portal's order, step by step, and their page."""

from raccordements.admin.fiches import admin

__all__ = ["admin"]
