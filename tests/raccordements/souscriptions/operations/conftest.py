"""The simulator of Cegid OD behind the settings, credentials that it knows, and the worker's turn."""

import pytest
from django.utils import timezone

from raccordements.od.matelas import CABINET, PLATEFORMES, matelas
from raccordements.od.simulateur import SimulateurOD


@pytest.fixture(scope="session")
def serveur_od():
    with SimulateurOD() as sim:
        yield sim


@pytest.fixture
def sim(serveur_od, settings):
    serveur_od.remettre_a_zero()
    serveur_od.charger(**matelas())
    settings.OD_URLS = {"bac_a_sable": serveur_od.urls()}
    settings.OPERATIONS = settings.OPERATIONS | {"delai_appel": 3}
    return serveur_od


@pytest.fixture
def dossier(sim, db):
    """A dossier on the simulator's cabinet."""
    from tests.fabriques import CleApiFactory, DossierFactory

    return DossierFactory(cle=CleApiFactory(prete=True, **CABINET))


def _plateforme(rang):
    from tests.raccordements.fabriques_od import PlateformeFactory

    modele = PLATEFORMES[rang]
    return PlateformeFactory(matricule=modele["matricule"], cle_abonnement=modele["cle_abonnement"])


@pytest.fixture
def plateforme(sim, db):
    """The first platform of the simulator."""
    return _plateforme(0)


@pytest.fixture
def autre_plateforme(sim, db):
    return _plateforme(1)


@pytest.fixture
def prevue(dossier, plateforme, par):
    """A subscription planned from today on, at the simulator's first platform."""
    from tests.raccordements.fabriques_od import LigneAdressageFactory, planifiee

    return planifiee(ligne=LigneAdressageFactory(dossier=dossier), plateforme=plateforme, par=par)


@pytest.fixture
def travailler():
    """Do what is due, as the worker does; return the operation as the database has it."""
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


@pytest.fixture
def onboardee_la_bas(prevue, par, travailler):
    """Step 1 done at the simulator; the subscription is returned."""
    from raccordements.souscriptions.operations import demander_onboarding
    from tests.raccordements.fabriques_od import relue

    assert travailler(demander_onboarding(prevue, par=par)).etat == "reussie"
    return relue(prevue)


@pytest.fixture
def en_place(onboardee_la_bas, par, travailler):
    """Both steps done at the simulator."""
    from raccordements.souscriptions.operations import demander_souscription
    from tests.raccordements.fabriques_od import relue

    assert travailler(demander_souscription(onboardee_la_bas, par=par)).etat == "reussie"
    return relue(onboardee_la_bas)
