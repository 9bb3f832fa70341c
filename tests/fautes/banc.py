"""The bench of the fault tests: private servers, a simulator, beat and workers, each a process that may be struck."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import redis

from config.processus import Enfant
from config.serveurs_prives import PostgresEmbarque, ValkeyEmbarque
from tests import serveurs

RACINE = Path(__file__).resolve().parents[2]
#: Seconds. The simulator's worst processing time is 2.5: less than the deadline, at which a quarantine starts, plus it.
REGLAGES = {
    "OPERATION_DELAI_APPEL": "2",
    "OPERATION_BAIL": "5",
    "OPERATION_QUARANTAINE": "3",
    "OPERATION_BALAYAGE": "1",
    "DISJONCTEUR_SEUIL": "8",
    "DISJONCTEUR_PAUSE": "1",
    "BATTEMENT_INTERVALLE": "1",
    "BATTEMENT_SILENCE": "3",
}
#: A kill of the server loses nothing of what was committed, a power cut would.
SANS_DISQUE = {"fsync": "off", "full_page_writes": "off", "max_connections": "200"}
ARRET_BRUTAL = ((signal.SIGQUIT, 15.0), (signal.SIGKILL, 5.0))  # "immediate": no goodbye, the log is replayed


class EchecBanc(Exception):
    """The bench itself does not work; the message is for the person who runs the fault tests."""


class Banc:
    """Starts the servers and the simulator; a context manager that leaves no process and no file behind.

    Django is not needed to start it: it writes in the environment what the settings must read.
    """

    def __init__(self) -> None:
        self._pile = contextlib.ExitStack()
        self._lances = 0

    def __enter__(self) -> Banc:
        try:
            self._demarrer()
        except BaseException:
            self._pile.close()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._pile.close()

    def _demarrer(self) -> None:
        self.racine = Path(tempfile.mkdtemp(prefix="passerelle-fautes-", dir="/var/tmp"))
        self._pile.callback(shutil.rmtree, self.racine, ignore_errors=True)
        self.postgres = self._pile.enter_context(
            PostgresEmbarque(self.racine, journal=self.racine / "postgresql.log", reglages=SANS_DISQUE)
        )
        self.postgres.arrets = ARRET_BRUTAL
        self.valkey = self._pile.enter_context(
            ValkeyEmbarque(self.racine, donnees=self.racine / "valkey-donnees", journal=self.racine / "valkey.log")
        )
        serveurs.environnement_vierge()
        os.environ |= REGLAGES | {
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url,
            "ECRITURES_DOSSIER": str(self.racine / "ecritures"),
            "ECRITURES_SUIVI_PREMIER": "1",
            "LOOP_DEPOT_DELAI": "3",
            "JOURNAL_NIVEAU": "ERROR",  # thousands of expected warnings
        }
        self.magasin = self.racine / "simulateur.sqlite3"
        simulateur = self._pile.enter_context(
            self._enfant("simulateur", "manage.py", "simulateur", "loop", "--port", "0", "--magasin", str(self.magasin))
        )
        adresse = self._adresse_annoncee(simulateur)
        os.environ["LOOP_URL_BAC_A_SABLE"] = adresse
        self._controle = self._pile.enter_context(
            httpx.Client(base_url=adresse.partition("/loop-api")[0] + "/_simulateur", timeout=60, trust_env=False)
        )

    def _adresse_annoncee(self, simulateur: Enfant) -> str:
        adresse = re.compile(r"http://\S+")
        attendre(lambda: bool(adresse.search(simulateur.dernieres_lignes())), 60, simulateur.dernieres_lignes)
        return adresse.findall(simulateur.dernieres_lignes())[-1]

    # --- processes -----------------------------------------------------------------------------------------------

    def _enfant(self, nom: str, *arguments: str, env: Mapping[str, str] | None = None) -> Enfant:
        self._lances += 1
        return Enfant(
            nom,
            [sys.executable, *arguments],
            self.racine / "journaux" / f"{self._lances:03}-{nom}.log",
            arrets=((signal.SIGTERM, 10), (signal.SIGKILL, 5)),
            groupe_propre=True,
            options={"cwd": RACINE, "env": os.environ | {"PYTHONUNBUFFERED": "1"} | dict(env or {})},
        )

    @contextlib.contextmanager
    def horloge(self) -> Iterator[None]:
        """Beat, which asks for the sweeps."""
        arguments = ["-m", "celery", "-A", "config", "beat", "-l", "WARNING", "--pidfile="]
        with self._enfant("horloge", *arguments, "-s", str(self.racine / "horloge")):
            yield

    @contextlib.contextmanager
    def executant(self, fils: int = 8, *, sans: str = "", gel: bool = False) -> Iterator[Enfant]:
        """One worker process.

        Parameters
        ----------
        fils:
            Threads of its pool.
        sans:
            Guard to remove, by its name in `tests.fautes.sans_garde`.
        gel:
            Whether it stops itself (SIGSTOP) when its first answer is about to be written.
        """
        application = "tests.fautes.sans_garde" if sans or gel else "config"
        arguments = ["-m", "celery", "-A", application, "worker", "-P", "threads", "-c", str(fils), "-l", "WARNING"]
        arguments += ["--without-heartbeat", "--without-gossip", "--without-mingle"]
        env = {"FAUTES_SANS": sans, "FAUTES_GEL": "1" if gel else ""}
        enfant = self._enfant("executant", *arguments, env=env)
        enfant.demarrer()
        try:
            yield enfant
            if enfant.code not in {None, -signal.SIGKILL}:
                raise EchecBanc(
                    f"Un exécutant s’est arrêté de lui-même (code {enfant.code}).\n{enfant.dernieres_lignes()}"
                )
        finally:
            tuer(enfant)

    def redemarrer_postgres(self) -> None:
        """Stop the database at once, under everybody's feet, and start it again on the same data."""
        self.postgres.arreter()
        self.postgres.demarrer()

    def tuer_le_courtier(self) -> None:
        """Kill the broker and start it again."""
        tuer(self.valkey)
        self.valkey.demarrer()

    def vider_le_courtier(self) -> None:
        """FLUSHALL."""
        with contextlib.closing(redis.Redis(unix_socket_path=str(self.valkey.socket))) as client:
            client.flushall()

    # --- the simulator -------------------------------------------------------------------------------------------

    def charger(self, **donnees: Any) -> None:
        """Give the simulator its files and keys, as `SimulateurLoop.charger`."""
        self._controle.post("/charger", json=donnees).raise_for_status()

    def pannes(self, *pannes: Mapping[str, Any], graine: int = 0) -> None:
        """Replace the scripted faults."""
        self._controle.post("/pannes", json={"graine": graine, "pannes": list(pannes)}).raise_for_status()

    def imports(self, **reglages: Any) -> None:
        """Settings of the simulated imports of entries, as `ImportsSimules.regler_imports`."""
        self._controle.post("/imports", json=reglages).raise_for_status()

    def compte(self) -> dict[str, dict[str, Any]]:
        """What the simulator counted: `appliques` by endpoint and reference, `appels` by endpoint."""
        reponse: dict[str, dict[str, Any]] = self._controle.get("/compte").raise_for_status().json()
        return reponse

    def offres(self) -> set[tuple[str, str]]:
        """(file, offer) pairs present in the simulator's store: what a person would see in Loop Hub."""
        with contextlib.closing(sqlite3.connect(f"file:{self.magasin}?mode=ro", uri=True)) as base:
            return set(base.execute("SELECT code, offre FROM offre"))


def tuer(enfant: Enfant) -> None:
    """kill -9 of the whole process group, stopped or not; returns when the process is gone."""
    if enfant.pid is not None and enfant.code is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(enfant.pid, signal.SIGKILL)
        enfant.arreter()


def arrete(enfant: Enfant) -> bool:
    """Whether the kernel holds this process stopped (SIGSTOP)."""
    etat = Path(f"/proc/{enfant.pid}/stat").read_text().rpartition(")")[2].split()[0]
    return etat == "T"


def attendre(vrai: Callable[[], bool], secondes: float, journal: Callable[[], str] = str) -> None:
    """Return when `vrai` is. Raises EchecBanc, with the end of `journal`, after `secondes`."""
    limite = time.monotonic() + secondes
    while not vrai():
        if time.monotonic() > limite:
            raise EchecBanc(f"Rien de ce qui était attendu n’est arrivé en {secondes:.0f} s.\n{journal()}".rstrip())
        time.sleep(0.1)
