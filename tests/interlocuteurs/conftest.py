"""Imports stand inside the fixtures: this file is read before Django is set up when a test names it."""

import pytest

CLE = {
    "cle_publique": "CLEPUBLIQUEINVENTEE",
    "client_secret": "secret-invente",
    "cle_abonnement": "abonnement-invente",
    "domaine": "CABINETDEMO",
}


@pytest.fixture(scope="session")
def serveur():
    from dossiers.loop.simulateur import SimulateurLoop

    with SimulateurLoop() as serveur:
        yield serveur


@pytest.fixture
def simulateur(serveur, settings):
    """A simulated Loop over real HTTP, with one advanced key and two files; nobody is invited on its tenant."""
    serveur.remettre_a_zero()
    settings.LOOP_URLS = settings.LOOP_URLS | {"bac_a_sable": serveur.url}
    settings.OPERATIONS = settings.OPERATIONS | {"delai_appel": 3, "disjoncteur_seuil": 100}
    serveur.charger(cles=[CLE], dossiers=[{"codeIbs": "DEMO1"}, {"codeIbs": "DEMO2"}])
    return serveur


@pytest.fixture
def cle(db):
    from tests.fabriques import CleApiFactory

    return CleApiFactory(prete=True, cle_publique="CLEPUBLIQUEINVENTEE")


@pytest.fixture
def dossiers(cle):
    """The two dossiers that the simulator knows."""
    from tests.fabriques import DossierFactory

    return [DossierFactory(cle=cle, code=code) for code in ("DEMO1", "DEMO2")]


@pytest.fixture
def manager(db):
    from tests.fabriques import CollaborateurFactory

    return CollaborateurFactory(manager=True)


@pytest.fixture
def collaborateur(db):
    from tests.fabriques import CollaborateurFactory

    return CollaborateurFactory(collaborateur=True)


@pytest.fixture
def lecture_ici(monkeypatch):
    """Files are read in this process: what a process of its own is worth, test_lecture says."""
    import contextlib
    import csv

    from interlocuteurs.imports import lecteur, lecture

    def lire_ici(commande, *, stdout, **options):
        with contextlib.redirect_stdout(stdout):
            lecture.main(commande[-3:])
        stdout.flush()

    monkeypatch.setattr(lecture, "se_borner", lambda **limites: None)
    monkeypatch.setattr(lecteur.subprocess, "run", lire_ici)
    plus_long_champ = csv.field_size_limit()
    yield
    csv.field_size_limit(plus_long_champ)


@pytest.fixture
def travailler(cle):
    """Do what is due, past every delay and quarantine; as many turns as asked."""
    from datetime import timedelta

    from django.utils import timezone

    from dossiers.models import Etat, Guichet, Operation
    from dossiers.operations import balayage
    from dossiers.operations.execution import vider

    def faire(tours=1):
        for _ in range(tours):
            passe = timezone.now() - timedelta(seconds=1)
            Operation.objects.filter(etat=Etat.INCERTAINE).update(quarantaine_jusqu_au=passe)
            Operation.objects.filter(etat=Etat.EN_ATTENTE).update(pas_avant=passe)
            Guichet.objects.update(pause_jusqu_au=None)
            balayage.balayer()
            vider(cle.guichet_id)

    return faire
