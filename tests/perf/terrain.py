"""Ground of the measures: private servers, child processes, clocks, memory, and the table of what was seen.

The database keeps the durability and the memory of `make demo`: what is measured is the product, not a test setting.
"""

from __future__ import annotations

import contextlib
import gc
import os
import platform
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from config.processus import Enfant
from config.serveurs_prives import PostgresEmbarque, ValkeyEmbarque
from tests import reseau, serveurs

RACINE = Path(__file__).resolve().parents[2]
CLE = {"cle_publique": "MESURE", "client_secret": "secret-invente", "cle_abonnement": "abonnement-invente"}
DOMAINE = "CABINETDEMO"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesure:
    """One line of the table. `tenu` is None for a figure without an aim."""

    quoi: str
    mesure: str
    repere: str
    rapport: str
    but: str = "–"
    tenu: bool | None = None


@dataclass(frozen=True, slots=True)
class Terrain:
    """Where the measures run: a folder for the logs of the child processes, which inherit the environment."""

    dossier: Path

    @contextlib.contextmanager
    def simulateur(self, *, latence: float = 0.0, **donnees: Any) -> Iterator[httpx.Client]:
        """Loop's simulator in its own process, at the address of the sandbox, with `donnees`; gives its control API."""
        from django.conf import settings

        port = str(settings.LOOP_SIMULATEUR_PORT)
        with (
            self._enfant(
                "simulateur", "manage.py", "simulateur", "loop", "--port", port, "--latence", str(latence)
            ) as e,
            httpx.Client(base_url=f"http://127.0.0.1:{port}/_simulateur", timeout=60) as client,
        ):
            attendre(lambda: _repond(client, e), 30)
            client.post("/charger", json={"cles": [CLE | {"domaine": DOMAINE}], **donnees}).raise_for_status()
            yield client

    @contextlib.contextmanager
    def ouvriers(self, nombre: int = 1, **environnement: str) -> Iterator[None]:
        """As many Celery workers, as `make demo` starts its own, and their beat."""
        environnement["JOURNAL_NIVEAU"] = "INFO"
        celery = ("-m", "celery", "-A", "config")
        worker = (*celery, "worker", "-P", "threads", "-c", "20", "-l", "INFO")
        with contextlib.ExitStack() as pile:
            lances = [
                pile.enter_context(self._enfant(f"ouvrier-{rang}", *worker, "-n", f"{rang}@%h", **environnement))
                for rang in range(nombre)
            ]
            pile.enter_context(self._enfant("beat", *celery, "beat", "--pidfile=", "-s", str(self.dossier / "beat")))
            for un in lances:
                attendre(lambda un=un: "ready" in un.dernieres_lignes(50), 30)
            yield

    def _enfant(self, nom: str, *arguments: str, **environnement: str) -> Enfant:
        options = {"cwd": RACINE, "env": os.environ | environnement}
        return Enfant(nom, [sys.executable, *arguments], self.dossier / f"{nom}.log", options=options)


def dire(texte: str) -> None:
    """Say where the measures are."""
    sys.stdout.write(f"{texte}\n")
    sys.stdout.flush()


@contextlib.contextmanager
def preparer() -> Iterator[Terrain]:
    """Servers started, Django set up, an empty migrated database; everything is removed at the end."""
    serveurs.environnement_vierge()
    reseau.fermer()
    with contextlib.ExitStack() as pile:
        dossier = Path(tempfile.mkdtemp(prefix="passerelle-mesures-", dir="/var/tmp"))
        pile.callback(shutil.rmtree, dossier, ignore_errors=True)
        base, courtier = os.environ.get("TEST_DATABASE_URL"), os.environ.get("TEST_REDIS_URL")
        if not base:
            base = pile.enter_context(PostgresEmbarque(dossier, journal=dossier / "postgresql.log")).url
        if not courtier:
            valkey = ValkeyEmbarque(dossier, donnees=dossier / "valkey-donnees", journal=dossier / "valkey.log")
            courtier = pile.enter_context(valkey).url
        port = port_libre()
        os.environ |= {"DATABASE_URL": base, "REDIS_URL": courtier, "LOOP_SIMULATEUR_PORT": str(port)}
        os.environ["JOURNAL_NIVEAU"] = "WARNING"
        import django
        from django.conf import settings
        from django.db import connection

        django.setup()
        # No collected static files here: their hashed names cost nothing once the server has read them.
        settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
        settings.STATIC_ROOT = dossier / "static"
        settings.STATIC_ROOT.mkdir()
        nom = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        pile.callback(connection.creation.destroy_test_db, settings.DATABASES["default"]["NAME"], verbosity=0)
        adresse = urlsplit(base)
        os.environ["DATABASE_URL"] = urlunsplit(adresse._replace(path=f"{adresse.path.rsplit('/', 1)[0]}/{nom}"))
        yield Terrain(dossier)


def port_libre() -> int:
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        return int(prise.getsockname()[1])


def _repond(client: httpx.Client, enfant: Enfant) -> bool:
    if enfant.code is not None:
        raise RuntimeError(f"Le simulateur s’est arrêté :\n{enfant.dernieres_lignes()}")
    try:
        return client.get("/etat").is_success
    except httpx.TransportError:
        return False


def attendre(condition: Callable[[], bool], delai: float, pas: float = 0.1) -> None:
    """Return when `condition` holds. Raises TimeoutError after `delai` seconds."""
    fin = time.monotonic() + delai
    while not condition():
        if time.monotonic() > fin:
            raise TimeoutError(f"rien après {delai:g} s")
        time.sleep(pas)


def cle_de_mesure(**champs: Any) -> Any:
    """The key that the simulator knows, advanced and ready."""
    from tests.fabriques import CleApiFactory

    return CleApiFactory(prete=True, domaine=DOMAINE, **(CLE | champs))


def chronometrer(faire: Callable[[], Any]) -> float:
    """Seconds of one run."""
    debut = time.perf_counter()
    faire()
    return time.perf_counter() - debut


def mediane(faire: Callable[[], Any], fois: int = 7) -> float:
    """Median seconds of several runs, after one that warms up."""
    faire()
    return statistics.median(chronometrer(faire) for _ in range(fois))


def vider_la_base() -> None:
    """Empty every table but what the migrations wrote."""
    from django.apps import apps
    from django.db import connection

    from dossiers.services.catalogue import semer

    garder = {"django_migrations", "django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}
    tables = set(connection.introspection.table_names()) - garder
    with connection.cursor() as curseur:
        curseur.execute(f"TRUNCATE {', '.join(map(connection.ops.quote_name, tables))} RESTART IDENTITY CASCADE")
    semer(apps)


class Memoire:
    """Peak of this process's resident memory over what it was at the start, in MiB, sampled every 10 ms."""

    def __init__(self) -> None:
        self.depassement = 0.0
        self._fin = threading.Event()

    def __enter__(self) -> Memoire:
        gc.collect()
        depart = _residente()

        def observer() -> None:
            while not self._fin.wait(0.01):
                self.depassement = max(self.depassement, _residente() - depart)

        self._fil = threading.Thread(target=observer, daemon=True)
        self._fil.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._fin.set()
        self._fil.join()


def _residente() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def machine() -> str:
    """Size of this machine, in French."""
    memoire = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return f"{os.cpu_count()} cœurs, {memoire:.0f} Gio de mémoire, Python {platform.python_version()}"


def tableau(mesures: list[Mesure]) -> str:
    """The measures as an aligned table, then what was missed."""
    verdicts = {True: "tenu", False: "MANQUÉ", None: ""}
    lignes = [("ce qui est mesuré", "mesure", "repère", "rapport", "but", "")]
    lignes += [(m.quoi, m.mesure, m.repere, m.rapport, m.but, verdicts[m.tenu]) for m in mesures]
    largeurs = [max(len(ligne[rang]) for ligne in lignes) for rang in range(6)]
    texte = [
        "  ".join(c.ljust(largeur) for c, largeur in zip(ligne, largeurs, strict=True)).rstrip() for ligne in lignes
    ]
    texte.insert(1, "  ".join("─" * largeur for largeur in largeurs[:-1]))
    return "\n".join(texte)
