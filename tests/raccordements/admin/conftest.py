"""The clients of the admin's tests: one person of each role, logged in."""

from tests.interlocuteurs.admin.conftest import au_bureau, entrer, limite, par_role

__all__ = ["au_bureau", "entrer", "limite", "par_role"]
