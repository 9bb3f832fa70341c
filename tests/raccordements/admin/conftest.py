"""The clients of the admin's tests: one person of each role, logged in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from tests.interlocuteurs.admin.conftest import Entrer, au_bureau, entrer, limite, par_role
from tests.rendu import sans_rendu

__all__ = ["EnRole", "au_bureau", "en_role", "entrer", "limite", "par_role"]

EnRole = Callable[..., AbstractContextManager[Client]]


@pytest.fixture(autouse=True)
def lecture_sur_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates read here, and not by a process started for each: that one has its own tests (certificats)."""
    from raccordements.certificats import lecteur
    from raccordements.certificats.analyse import analyser
    from raccordements.certificats.defenses import Limites, Refus

    def lire(octets: bytes, bornes: Limites) -> dict[str, Any]:
        try:
            return {"analyse": analyser(octets, bornes).vers_json()}
        except Refus as refus:
            return {"refus": refus.code, "faits": refus.faits}

    monkeypatch.setattr(lecteur, "_demander", lambda fichiers, bornes: [lire(un, bornes) for un in fichiers])


@pytest.fixture
def en_role(entrer: Entrer, subtests: pytest.Subtests) -> EnRole:
    """A client of someone of a role: `en_role("manager")`; what they write is undone afterwards.

    Their pages are judged and not drawn, unless `rendu=True`.
    """

    @contextmanager
    def ouvrir(role: str, *, rendu: bool = False) -> Iterator[Client]:
        with subtests.test(role), transaction.atomic(), nullcontext() if rendu else sans_rendu():
            yield entrer(**{role: True})
            connection.check_constraints()
            transaction.set_rollback(True)

    return ouvrir
