"""The simulator behind the settings, an account that opens it, and the worker's turn."""

import pytest
from django.utils import timezone

from raccordements.chorus.matelas import APPLICATIONS, COMPTES, STRUCTURES, matelas
from raccordements.chorus.portail import JETON_CANAL
from raccordements.chorus.simulateur import SimulateurChorus

SIRET = STRUCTURES[2][0]


@pytest.fixture(scope="session")
def serveur_chorus():
    with SimulateurChorus() as sim:
        yield sim


@pytest.fixture
def sim(serveur_chorus, settings):
    serveur_chorus.remettre_a_zero()
    serveur_chorus.charger(**matelas())
    settings.CHORUS_URLS = {nom: serveur_chorus.urls(nom) for nom in ("qualification", "production")}
    settings.CHORUS_CANAL, settings.CHORUS_CANAL_JETON = "api", JETON_CANAL
    settings.OPERATIONS = settings.OPERATIONS | {"delai_appel": 3}
    return serveur_chorus


@pytest.fixture
def compte(sim, db):
    """An account of qualification that the simulator knows."""
    from tests.raccordements.fabriques import CompteChorusFactory

    application, technique = APPLICATIONS["qualification"], COMPTES["qualification"]
    return CompteChorusFactory(
        pret=True,
        client_id=application["client_id"],
        client_secret=application["client_secret"],
        login=technique["login"],
        mot_de_passe=technique["mot_de_passe"],
    )


@pytest.fixture
def structure(compte):
    from tests.raccordements.fabriques import StructureFactory

    return StructureFactory(qualification=True, siret=SIRET, compte=compte)


@pytest.fixture
def travailler():
    """Do what is due, as the worker does, until `operation` waits or is settled; return it as the database has it."""

    from dossiers.models import Guichet, Operation
    from dossiers.operations import execution

    def faire(operation, *, maintenant=True):
        Guichet.objects.update(pause_jusqu_au=None, echecs_consecutifs=0)
        if maintenant:
            Operation.objects.filter(pk=operation.pk).update(pas_avant=timezone.now())
        execution.vider(operation.guichet_id)
        return Operation.objects.get(pk=operation.pk)

    return faire


@pytest.fixture
def relire(travailler):
    """End the quarantine of an uncertain operation and let the worker read it back."""

    from dossiers.models import Operation

    def faire(operation):
        Operation.objects.filter(pk=operation.pk).update(quarantaine_jusqu_au=timezone.now())
        return travailler(operation, maintenant=False)

    return faire
