"""Imports stand inside the fixtures: a test named on the command line has this file read before Django is set up."""

import pytest


@pytest.fixture
def simulateur(settings):
    """A simulated Loop over real HTTP, with one advanced key loaded."""
    from dossiers.loop.simulateur import SimulateurLoop

    with SimulateurLoop() as simulateur:
        settings.LOOP_URLS = settings.LOOP_URLS | {"bac_a_sable": simulateur.url}
        simulateur.charger(
            cles=[
                {
                    "cle_publique": "CLEPUBLIQUEINVENTEE",
                    "client_secret": "secret-invente",
                    "cle_abonnement": "abonnement-invente",
                    "domaine": "CABINETDEMO",
                }
            ]
        )
        yield simulateur


@pytest.fixture
def cle(db):
    from tests.fabriques import CleApiFactory

    return CleApiFactory(prete=True, cle_publique="CLEPUBLIQUEINVENTEE")


@pytest.fixture
def manager(db):
    from tests.fabriques import CollaborateurFactory

    return CollaborateurFactory(manager=True)
