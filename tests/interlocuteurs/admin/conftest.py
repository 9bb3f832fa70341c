"""One person of each role, and a client logged in as any of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

ROLES = ("consultation", "collaborateur", "manager", "administrateur")
Entrer = Callable[..., Client]


@pytest.fixture
def entrer(db: None) -> Entrer:
    """A client logged in as a new person: `entrer(manager=True)`; `client.personne` is who."""
    # This file is loaded before Django is set up.
    from tests.fabriques import CollaborateurFactory

    def ouvrir(**situation: Any) -> Client:
        client = Client(raise_request_exception=False)
        client.personne = CollaborateurFactory(**situation)  # type: ignore[attr-defined]
        client.force_login(client.personne, backend="django.contrib.auth.backends.ModelBackend")  # type: ignore[attr-defined]
        return client

    return ouvrir


@pytest.fixture
def au_bureau(entrer: Entrer) -> Client:
    """A manager, in the browser."""
    return entrer(manager=True)


@pytest.fixture
def limite(entrer: Entrer) -> Client:
    """A manager limited to their portfolio: every right, few dossiers."""
    return entrer(manager=True, portefeuille=True)


@pytest.fixture(params=ROLES)
def par_role(request: pytest.FixtureRequest, entrer: Entrer) -> tuple[str, Client]:
    """The name of a role and a client of someone who has it; once per role."""
    return request.param, entrer(**{request.param: True})
