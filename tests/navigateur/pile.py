"""The product as a person gets it: `manage.py demo`, on free ports, with a database and files of its own."""

import contextlib
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
from psycopg import sql

from config.embarque import base_depuis_url
from config.processus import Enfant

RACINE = Path(__file__).resolve().parents[2]
# Half a minute on a machine at rest; the tables alone have taken a minute and a half on one at work.
DELAI_PRET, DELAI_ARRET = 600.0, 60.0
# The last of Valkey's sixteen databases: the workers of a run take the others in order, and nobody has that many.
BASE_COURTIER = 15
UTILISATEUR = re.compile(r"^ {2}\S.*? {2,}(?P<identifiant>\w+) {2,}(?P<mot_de_passe>[a-z0-9-]{19})$", re.MULTILINE)
# What makes an operation uncertain is settled in a second instead of two minutes.
COURTES = {
    "OPERATION_DELAI_APPEL": "10",
    "OPERATION_BAIL": "25",
    "OPERATION_QUARANTAINE": "1",
    "OPERATION_BALAYAGE": "1",
    "CHORUS_SUIVI_PREMIER": "1",
    "ECRITURES_SUIVI_PREMIER": "1",
}


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demonstration: where it answers, and the password of each user."""

    adresse: str
    simulateur: str
    chorus: str
    mots_de_passe: dict[str, str]

    def poser_pannes(self, *pannes: dict[str, Any]) -> None:
        """Replace the scripted faults of the simulated Loop."""
        self._commander("POST", "pannes", json=list(pannes))

    def declarer_cle(self, **cle: Any) -> None:
        """Make Loop know an API key."""
        self._commander("POST", "charger", json={"cles": [cle]})

    def regler_le_matin(self, secondes: float) -> None:
        """How long after a submission the simulated portal activates it: « le lendemain matin »."""
        httpx.post(f"{self.chorus}/_simulateur/matin", json={"secondes": secondes}, timeout=10).raise_for_status()

    def traiter_les_fiches(self, siret: str) -> None:
        """Have the simulated portal activate now what a structure submitted, without waiting for the morning."""
        with httpx.Client(base_url=f"{self.chorus}/_simulateur", trust_env=False, timeout=10) as http:
            for fiche in http.get("/fiches").raise_for_status().json():
                if fiche["siret"] == siret:
                    ordre = {"reference": fiche["reference"], "geste": "activer"}
                    http.post("/fiche", json=ordre).raise_for_status()

    def appliques(self, endpoint: str) -> dict[str, int]:
        """What Loop has applied, by reference."""
        return dict(self._commander("GET", "compte")["appliques"].get(endpoint, {}))

    def _commander(self, methode: str, commande: str, **options: Any) -> dict[str, Any]:
        with httpx.Client(base_url=self.simulateur, trust_env=False, timeout=10) as http:
            reponse = http.request(methode, f"/_simulateur/{commande}", **options).raise_for_status()
            return dict(reponse.json())


@contextlib.contextmanager
def demarrer(dossier: Path, modele: str = "template1") -> Iterator[Demo]:
    """Start the demonstration and stop it as a person does, by Ctrl-C; nothing of it is left after.

    `dossier` receives its files and its output; its database is a copy of `modele`, which nobody is using.
    """
    web, simulateur, chorus, od = _ports_libres(4)
    with _base_neuve(modele) as base:
        env = os.environ | COURTES | {"DATABASE_URL": base, "REDIS_URL": _autre_courtier()}
        env |= {
            "PASSERELLE_VAR": str(dossier / "var"),
            "DEMO_PORT": str(web),
            "LOOP_SIMULATEUR_PORT": str(simulateur),
            "CHORUS_SIMULATEUR_PORT": str(chorus),
            "OD_SIMULATEUR_PORT": str(od),
        }
        # A group of its own to receive Ctrl-C; ended by the kernel if the run is killed.
        processus = Enfant(
            "démonstration",
            [sys.executable, "manage.py", "demo"],
            dossier / "demo.log",
            arrets=((signal.SIGINT, DELAI_ARRET), (signal.SIGKILL, 5)),
            options={"cwd": RACINE, "env": env, "start_new_session": True},
        )
        processus.demarrer()
        try:
            accueil = _attendre(processus)
            mots_de_passe = {m["identifiant"]: m["mot_de_passe"] for m in UTILISATEUR.finditer(accueil)}
            yield Demo(*(f"http://127.0.0.1:{port}" for port in (web, simulateur, chorus)), mots_de_passe)
        finally:
            _arreter(processus)
        assert processus.code == 0, f"la démonstration s’est mal arrêtée :\n{processus.journal.read_text()}"
        assert not _envoyer_au_groupe(processus, 0), "la démonstration a laissé des processus"


def _attendre(processus: Enfant) -> str:
    limite = time.monotonic() + DELAI_PRET
    while time.monotonic() < limite and processus.code is None:
        texte = processus.journal.read_text()
        if "Ctrl-C pour tout arrêter" in texte:
            return texte
        time.sleep(0.1)
    raise AssertionError(f"la démonstration n’a pas démarré :\n{processus.journal.read_text()}")


def _arreter(processus: Enfant) -> None:
    """One Ctrl-C for the whole group, as from a terminal: a second one would interrupt the stop itself."""
    limite = time.monotonic() + DELAI_ARRET
    _envoyer_au_groupe(processus, signal.SIGINT)
    while processus.code is None and time.monotonic() < limite:
        time.sleep(0.1)
    if processus.code is None:
        _envoyer_au_groupe(processus, signal.SIGKILL)
    processus.arreter()


def _envoyer_au_groupe(processus: Enfant, signum: int) -> bool:
    """Whether a process of the group was there to receive it; 0 only asks."""
    assert processus.pid
    try:
        os.killpg(processus.pid, signum)
    except ProcessLookupError:
        return False
    return True


def _ports_libres(combien: int) -> list[int]:
    with contextlib.ExitStack() as pile:
        prises = [pile.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(combien)]
        return [prise.getsockname()[1] for prise in prises]


@contextlib.contextmanager
def _base_neuve(modele: str) -> Iterator[str]:
    """Address of a copy of a database, on the server of the run."""
    adresse = os.environ["DATABASE_URL"]
    lue = base_depuis_url(adresse)
    champs = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password", "NAME": "dbname"}
    nom = f"navigateur_{os.getpid()}"
    with psycopg.connect(
        **{champ: lue[cle] for cle, champ in champs.items() if lue.get(cle)}, autocommit=True
    ) as connexion:
        creer = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connexion.execute(creer.format(sql.Identifier(nom), sql.Identifier(modele)))
        try:
            morceaux = urlsplit(adresse)
            yield urlunsplit(morceaux._replace(path=f"{morceaux.path.rpartition('/')[0]}/{nom}"))
        finally:
            connexion.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(nom)))


def _autre_courtier() -> str:
    adresse = os.environ["REDIS_URL"]
    if adresse.startswith("redis+socket://"):
        return f"{adresse.partition('?')[0]}?virtual_host={BASE_COURTIER}"
    return urlunsplit(urlsplit(adresse)._replace(path=f"/{BASE_COURTIER}"))
