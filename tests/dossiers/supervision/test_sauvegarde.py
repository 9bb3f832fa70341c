"""A backup is private, complete, without any key; a restoration refuses what it would spoil (`make fautes` does it)."""

import json
import stat
import tarfile
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.utils import timezone

from config import sauvegarde
from dossiers.models import Battement

pytestmark = pytest.mark.django_db


@pytest.fixture
def prive(settings, tmp_path):
    """Private files of the test's own."""
    settings.STORAGES = settings.STORAGES | {
        "ecritures": settings.STORAGES["ecritures"] | {"OPTIONS": {"location": tmp_path / "ecritures"}}
    }
    storages["ecritures"].save("2026/essai.txt", ContentFile(b"ecritures inventees"))
    return tmp_path / "ecritures"


@pytest.fixture
def feuille(tmp_path):
    """The folder of a backup whose sheet says what is given."""

    def ecrire(**champs):
        dossier = tmp_path / "sauvegarde"
        dossier.mkdir()
        contenu = {
            "faite_le": timezone.now().isoformat(),
            "base": "x",
            "cles": sauvegarde.empreintes(),
            "migrations": {},
        }
        (dossier / sauvegarde.FEUILLE).write_text(json.dumps(contenu | champs))
        for nom in (sauvegarde.BASE, sauvegarde.FICHIERS):
            (dossier / nom).write_bytes(b"")
        return dossier

    return ecrire


@pytest.fixture
def jamais(monkeypatch):
    """Fail the test when anything is restored."""
    monkeypatch.setattr(sauvegarde, "restaurer", lambda dossier: pytest.fail("restauré"))


def test_une_sauvegarde_est_entiere_privee_et_sans_cle(prive, tmp_path, settings, capsys):
    call_command("sauvegarder", str(tmp_path / "ici"))
    (dossier,) = (tmp_path / "ici").iterdir()
    assert capsys.readouterr().out.strip() == str(dossier)
    assert stat.S_IMODE(dossier.stat().st_mode) == 0o700
    assert {stat.S_IMODE(fichier.stat().st_mode) for fichier in dossier.iterdir()} == {0o600}
    assert (dossier / sauvegarde.BASE).read_bytes().startswith(b"PGDMP")
    with tarfile.open(dossier / sauvegarde.FICHIERS) as archive:
        assert archive.getnames() == ["2026/essai.txt"]
    lue = sauvegarde.lire(dossier)
    assert (lue.cles, "dossiers" in lue.migrations) == (sauvegarde.empreintes(), True)
    tout = b"".join(fichier.read_bytes() for fichier in dossier.iterdir())
    for secret in (settings.SECRET_KEY, *settings.FERNET_KEYS):
        assert secret.encode() not in tout


def test_une_sauvegarde_qui_echoue_ne_laisse_rien(prive, tmp_path, monkeypatch):
    monkeypatch.setattr(sauvegarde, "_variables", lambda: {"PGDATABASE": "absente", "PGHOST": str(tmp_path)})
    with pytest.raises(CommandError, match="pg_dump a échoué"):
        call_command("sauvegarder", str(tmp_path / "ici"))
    assert list((tmp_path / "ici").iterdir()) == []


def test_le_mot_de_passe_ne_passe_que_par_l_environnement(monkeypatch):
    class Connexion:
        settings_dict = {
            "NAME": "cabinet",
            "HOST": "base.exemple.test",
            "PASSWORD": "mot-invente",
            "OPTIONS": {"sslmode": "verify-full", "connect_timeout": 5},
        }

    monkeypatch.setattr(sauvegarde, "connection", Connexion())
    assert sauvegarde._variables() == {
        "PGDATABASE": "cabinet",
        "PGHOST": "base.exemple.test",
        "PGPASSWORD": "mot-invente",
        "PGSSLMODE": "verify-full",
    }


def test_un_programme_trop_ancien_est_refuse(monkeypatch):
    monkeypatch.setattr(sauvegarde, "_candidats", lambda nom: [])
    with pytest.raises(sauvegarde.SauvegardeImpossible, match="plus ancien que le serveur"):
        sauvegarde._programme("pg_dump")


def test_une_base_qui_n_est_pas_vide_n_est_pas_remplacee_par_megarde(feuille, jamais):
    with pytest.raises(CommandError, match="n’est pas vide"):
        call_command("restaurer", feuille())


def test_une_sauvegarde_sous_d_autres_cles_est_refusee(feuille, jamais):
    with pytest.raises(CommandError, match="FERNET_KEYS"):
        call_command("restaurer", feuille(cles=["0" * 16]), ecraser=True)


def test_rien_n_est_restaure_sous_un_executant_en_marche(feuille, jamais):
    Battement.objects.create(genre="executant", nom="a:1", demarre_le=timezone.now(), battu_le=timezone.now())
    with pytest.raises(CommandError, match="travaille encore"):
        call_command("restaurer", feuille(), ecraser=True)


@pytest.mark.parametrize("champs", [{"faite_le": "hier"}, {"inconnu": 1}])
def test_une_feuille_illisible_est_refusee(feuille, jamais, champs):
    with pytest.raises(CommandError, match="pas une sauvegarde complète"):
        call_command("restaurer", feuille(**champs), ecraser=True)


def test_un_dossier_incomplet_est_refuse(feuille, jamais):
    dossier = feuille()
    (dossier / sauvegarde.BASE).unlink()
    with pytest.raises(CommandError, match="pas une sauvegarde complète"):
        call_command("restaurer", dossier, ecraser=True)


@pytest.mark.parametrize(("age", "vivant"), [(0, True), (600, False)])
def test_le_signe_de_vie_est_celui_de_cette_machine(age, vivant, monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "ici")
    quand = timezone.now() - timedelta(seconds=age)
    Battement.objects.create(genre="executant", nom="ici:1", demarre_le=quand, battu_le=quand)
    Battement.objects.create(genre="horloge", nom="ailleurs:1", demarre_le=timezone.now(), battu_le=timezone.now())
    if vivant:
        call_command("signe_de_vie", "executant")
    else:
        with pytest.raises(CommandError):
            call_command("signe_de_vie", "executant")
    with pytest.raises(CommandError):
        call_command("signe_de_vie", "horloge")
