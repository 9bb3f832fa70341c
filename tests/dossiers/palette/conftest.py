"""A client of each role, as for the pages of the admin."""

from tests.dossiers.admin.conftest import entrer

__all__ = ["entrer"]
