"""The two search pages of the portal: EDI by fiche and interface code, API by fiche."""

from raccordements.admin.recherche import api, edi

__all__ = ["api", "edi"]
