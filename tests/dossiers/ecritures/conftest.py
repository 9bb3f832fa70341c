"""Imports stand inside the fixtures: this file is read before Django is set up when a test names it."""

import pytest

CLE = {
    "cle_publique": "CLEPUBLIQUEINVENTEE",
    "client_secret": "secret-invente",
    "cle_abonnement": "abonnement-invente",
    "domaine": "CABINETDEMO",
}
CONTENU = b"JournalCode|JournalLib\r\nAC|Achats\r\n"


@pytest.fixture(scope="session")
def serveur():
    from dossiers.loop.simulateur import SimulateurLoop

    with SimulateurLoop() as serveur:
        yield serveur


@pytest.fixture(autouse=True)
def dossier_prive(tmp_path, monkeypatch):
    """The folder of the files, the test's own."""
    from django.core.files.storage import FileSystemStorage

    from dossiers.models import ImportEcritures

    dossier = tmp_path / "ecritures"
    entrepot = FileSystemStorage(dossier, None, file_permissions_mode=0o600, directory_permissions_mode=0o700)
    monkeypatch.setattr(ImportEcritures._meta.get_field("fichier"), "storage", entrepot)
    return dossier


@pytest.fixture
def simulateur(serveur, settings):
    """A simulated Loop over real HTTP with two files."""
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
def collaborateur(db):
    from tests.fabriques import CollaborateurFactory

    return CollaborateurFactory(collaborateur=True)


@pytest.fixture
def manager(db):
    from tests.fabriques import CollaborateurFactory

    return CollaborateurFactory(manager=True)


@pytest.fixture
def pret(simulateur, dossiers, collaborateur):
    """Make an import whose file is there and was found good."""
    from django.core.files.base import ContentFile

    from tests.fabriques import ImportEcrituresFactory

    def creer(contenu=CONTENU, **champs):
        champs.setdefault("dossier", dossiers[0])
        champs.setdefault("cree_par", collaborateur)
        champs.setdefault("taille", len(contenu))
        importation = ImportEcrituresFactory.build(**champs)
        importation.fichier.save("essai", ContentFile(contenu), save=False)
        importation.save()
        return importation

    return creer


@pytest.fixture
def envoyer(collaborateur):
    """Confirm the plan of one import or more. Returns the lot."""
    from dossiers.services.plans import confirmer, preparer

    def faire(*importations, par=None):
        plan = preparer("envoyer_ecritures", [i.pk for i in importations], {}, par=par or collaborateur)
        return confirmer(plan.sceller(), par=par or collaborateur)

    return faire


@pytest.fixture
def travailler(cle):
    """Let a worker do what is due, whatever the delays in the rows."""
    from django.utils import timezone

    from dossiers.models import Operation
    from dossiers.operations.execution import vider

    def faire(tours=1):
        for _ in range(tours):
            Operation.objects.filter(etat="en_attente").update(pas_avant=timezone.now())
            vider(cle.guichet_id, duree=5)

    return faire
