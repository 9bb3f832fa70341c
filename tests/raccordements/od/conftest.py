"""The simulator with its invented data, and clients made of values."""

from datetime import timedelta

import pytest
from django.conf import settings

from raccordements.chorus.jetons import JetonsEnMemoire
from raccordements.od.client import ClientCabinet, ClientPlateforme
from raccordements.od.matelas import CABINET, PLATEFORMES, matelas
from raccordements.od.schemas import AccesPlateforme, Demandeur, Ligne, Niveau, Qualite
from raccordements.od.simulateur import SimulateurOD

SIREN = "990001018"
ENDPOINT = "https://pdp.exemple.test/od/990001018"


@pytest.fixture(scope="session")
def serveur_od():
    with SimulateurOD() as sim:
        yield sim


@pytest.fixture
def sim(serveur_od):
    serveur_od.remettre_a_zero()
    serveur_od.charger(**matelas())
    return serveur_od


@pytest.fixture
def demandeur():
    return Demandeur(
        qualite=Qualite.REPRESENTANT_LEGAL, nom="Dominique Exemple", email="dominique.exemple@client.exemple.test"
    )


@pytest.fixture
def ligne():
    return Ligne(niveau=Niveau.SIREN, siren=SIREN)


@pytest.fixture
def fermer():
    """Clients closed when the test ends."""
    ouverts = []
    yield lambda client: (ouverts.append(client), client)[1]
    for client in ouverts:
        client.__exit__(None, None, None)


@pytest.fixture
def usuelles():
    return {
        "chemins": settings.OD_CHEMINS,
        "niveaux": settings.OD_NIVEAUX,
        "delai_total": 3,
        "taille_max": 10**6,
    }


@pytest.fixture
def ouvrir_cabinet(fermer, usuelles):
    """A client of step 1 at any address; every option can be replaced."""
    return lambda urls, **options: fermer(ClientCabinet(urls, **CABINET | usuelles | options))


@pytest.fixture
def ouvrir_plateforme(fermer, usuelles):
    """A client of step 2; `rang`: whose subscription key."""

    def ouvrir(urls, connexion, ligne, *, rang=0, **options):
        acces = AccesPlateforme(
            environnement="bac_a_sable",
            cle_abonnement=PLATEFORMES[rang]["cle_abonnement"],
            connexion=connexion,
            ligne=ligne,
        )
        return fermer(ClientPlateforme(urls, **{"acces": acces, "jetons": JetonsEnMemoire()} | usuelles | options))

    return ouvrir


@pytest.fixture
def cabinet(sim, ouvrir_cabinet):
    return ouvrir_cabinet(sim.urls())


@pytest.fixture
def on_boarder(sim, cabinet, ouvrir_plateforme, demandeur):
    """Do step 1 for a line; return the number of the on-boarding and the platform's client."""

    def on_boarder(ligne, *, rang=0, **options):
        ouvert = cabinet.valider_droits(ligne, demandeur, PLATEFORMES[rang]["matricule"])
        connexion = cabinet.recevoir_connexion(ouvert.numero)
        return ouvert.numero, ouvrir_plateforme(sim.urls(), connexion, ligne, rang=rang, **options)

    return on_boarder


@pytest.fixture
def jour(sim):
    """A day, in so many days from the simulator's today."""
    return lambda dans=0: sim.aujourd_hui() + timedelta(days=dans)


@pytest.fixture
def appels(sim):
    """How many times the simulator was called at an address."""
    return lambda endpoint: sim.compte()["appels"].get(endpoint, 0)
