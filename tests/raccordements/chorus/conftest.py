"""The simulator with its invented data, and clients made of values."""

import pytest
import time_machine
from django.conf import settings

from raccordements.chorus.client import ClientChorus
from raccordements.chorus.jetons import JetonsEnMemoire
from raccordements.chorus.matelas import APPLICATIONS, COMPTES, matelas
from raccordements.chorus.simulateur import SimulateurChorus

JETON = "/qualification/api/oauth/token"


@pytest.fixture(scope="session")
def serveur_chorus():
    with SimulateurChorus() as sim:
        yield sim


@pytest.fixture
def sim(serveur_chorus):
    serveur_chorus.remettre_a_zero()
    serveur_chorus.charger(**matelas())
    return serveur_chorus


@pytest.fixture
def identifiants():
    """Values of the qualification's credentials, as ClientChorus takes them."""
    application, compte = APPLICATIONS["qualification"], COMPTES["qualification"]
    return {
        "client_id": application["client_id"],
        "client_secret": application["client_secret"],
        "login": compte["login"],
        "mot_de_passe": compte["mot_de_passe"],
    }


@pytest.fixture
def ouvrir(identifiants):
    """A client of any address; every option can be replaced."""
    ouverts = []

    def ouvrir(urls, **options):
        usuelles = {
            "jetons": JetonsEnMemoire(),
            "chemins": settings.CHORUS_CHEMINS,
            "delai_total": 3,
            "taille_max": 10**6,
            "environnement": "qualification",
        }
        client = ClientChorus(urls, **identifiants | usuelles | options)
        ouverts.append(client)
        return client

    yield ouvrir
    for client in ouverts:
        client.__exit__(None, None, None)


@pytest.fixture
def chorus(sim, ouvrir):
    return ouvrir(sim.urls("qualification"))


@pytest.fixture
def appels_de_jeton(sim):
    """How many times the simulator was asked for a token in qualification."""
    return lambda: sim.compte()["appels"].get(f"POST {JETON}", 0)


@pytest.fixture
def horloge():
    """A clock that stands still and can be moved."""
    with time_machine.travel("2026-11-19T10:00:00+00:00", tick=False) as voyageur:
        yield voyageur
