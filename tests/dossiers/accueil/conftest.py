"""The clients of the admin's tests: one person of each role, logged in."""

from tests.dossiers.admin.conftest import entrer, par_role, racine

__all__ = ["entrer", "par_role", "racine"]
