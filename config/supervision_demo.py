"""The whole product in one terminal: private servers, simulators, web, worker and beat, started and stopped together.

Web, worker, beat and simulators share the terminal's foreground process group with the supervisor, so that Ctrl-C
reaches all of them; the two data servers are outside it, because a worker still has a result to write while it stops.
"""

from __future__ import annotations

import contextlib
import errno
import http.client
import io
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TextIO

from django.core.management import CommandError, call_command
from django.db import connections

from config.processus import Enfant
from config.serveurs_prives import ServeurPrive, ServeurPriveIndisponible, postgres_du_depot, valkey_du_depot

HOTE = "127.0.0.1"
DELAI_PRET = 60.0  # seconds a child may take to answer
#: The simulators: name of the command, what it plays, setting of its port.
SIMULATEURS = {
    "loop": ("Cegid Loop", "LOOP_SIMULATEUR_PORT"),
    "chorus": ("Chorus Pro", "CHORUS_SIMULATEUR_PORT"),
    "od": ("Cegid OD", "OD_SIMULATEUR_PORT"),
}
#: Signals that ask for the end of everything.
DEMANDES_D_ARRET = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ARRETS_EXECUTANT = ((signal.SIGTERM, 15.0), (signal.SIGQUIT, 3.0), (signal.SIGKILL, 5.0))


class EchecDemo(Exception):
    """The demonstration cannot start or go on; the message is for the user."""


class Supervision:
    """Starts everything in order, watches it, stops it.

    Parameters
    ----------
    racine:
        The checkout.
    var:
        Its `var/` folder; logs go to `var/journaux/`.
    port_web:
        TCP port on the loopback.
    ports_simulateurs:
        Those of the simulators, by name (keys of SIMULATEURS).
    base_privee, courtier_prive:
        Whether to start the private PostgreSQL and Valkey.
    ecrire:
        Receives each line for the user.
    """

    def __init__(
        self,
        racine: Path,
        var: Path,
        *,
        port_web: int,
        ports_simulateurs: Mapping[str, int],
        base_privee: bool,
        courtier_prive: bool,
        ecrire: Callable[[str], object],
    ) -> None:
        self.racine, self.var, self.journaux = racine, var, var / "journaux"
        self.port_web, self.ports_simulateurs = port_web, dict(ports_simulateurs)
        self.base_privee, self.courtier_prive = base_privee, courtier_prive
        self.ecrire = ecrire
        self.utilisateurs: list[dict[str, str]] = []
        self._enfants: list[Enfant] = []

    @property
    def adresse(self) -> str:
        return f"http://{HOTE}:{self.port_web}"

    def adresse_simulateur(self, nom: str) -> str:
        """Address of a simulator's server, under which its control API lives."""
        return f"http://{HOTE}:{self.ports_simulateurs[nom]}"

    def executer(self, preuve: bool = False) -> int:
        """Run until Ctrl-C, a failure, or the end of the proof. Returns the exit code; nothing is left running."""
        with _terminal():
            try:
                self._demarrer()
                if preuve:
                    return self._prouver()
                self._accueillir()
                self._veiller()
            except KeyboardInterrupt:
                return 0
            except (EchecDemo, ServeurPriveIndisponible) as exc:
                self.ecrire(f"\n{exc}")
                return 1
            finally:
                self._arreter()

    # --- start ---------------------------------------------------------------------------------------------------

    def _demarrer(self) -> None:
        etapes: tuple[tuple[str, Callable[[], str]], ...] = (
            ("Ports libres", self._verifier_ports),
            ("Base de données PostgreSQL", self._postgres),
            ("File de messages Valkey", self._valkey),
            ("Tables de la base", lambda: self._commande("migrations", "migrate", "--noinput", skip_checks=False)),
            (
                "Fichiers de l’interface",
                lambda: self._commande("statiques", "collectstatic", "--noinput", "--verbosity", "0"),
            ),
            *((f"Simulateur {SIMULATEURS[nom][0]}", partial(self._simulateur, nom)) for nom in self.ports_simulateurs),
            ("Données de démonstration", self._donnees),
            ("Raccordements de démonstration", self._raccordements),
            ("Souscriptions de démonstration", self._souscriptions),
            ("Serveur web", self._web),
            ("Exécutant des opérations", self._executant),
            ("Horloge des opérations", self._horloge),
        )
        for rang, (titre, etape) in enumerate(etapes, start=1):
            self.ecrire(f"{rang}/{len(etapes)} {titre}…")
            debut = time.monotonic()
            precision = etape()
            duree = f"{time.monotonic() - debut:.1f}".replace(".", ",")
            self.ecrire(f"     prêt ({duree} s){precision}")

    def _verifier_ports(self) -> str:
        simulateurs = (
            (port, f"le simulateur {SIMULATEURS[nom][0]}", SIMULATEURS[nom][1])
            for nom, port in self.ports_simulateurs.items()
        )
        for port, usage, reglage in ((self.port_web, "le serveur web", "DEMO_PORT"), *simulateurs):
            with socket.socket() as prise:
                prise.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    prise.bind((HOTE, port))
                except OSError as exc:
                    raise EchecDemo(
                        f"Port {port} indisponible pour {usage} : {_cause(exc)}. Arrêtez le programme qui l’occupe "
                        f"(peut-être une autre démonstration), ou choisissez un autre port : "
                        f"make demo {reglage}={port + 10}"
                    ) from None
        return ""

    def _postgres(self) -> str:
        if not self.base_privee:
            return " : serveur donné par DATABASE_URL, pas de base privée"
        self._lancer(postgres_du_depot(self.var))
        return ", base privée"

    def _valkey(self) -> str:
        if not self.courtier_prive:
            return " : serveur donné par REDIS_URL, pas de file privée"
        self._lancer(valkey_du_depot(self.var))
        return ", file privée"

    def _simulateur(self, nom: str) -> str:
        port = self.ports_simulateurs[nom]
        commande = ["simulateur", nom, "--port", str(port)]
        commande += ["--magasin", str(self.var / f"simulateur-{nom}.sqlite3")]
        enfant = self._lancer(self._manage(f"simulateur-{nom}", *commande))
        self._attendre(enfant, lambda: _repond(port, "/_simulateur/etat"))
        return f", {self.adresse_simulateur(nom)}"

    def _donnees(self) -> str:
        sortie = self._sortie(
            "donnees-demo",
            "donnees_demo",
            "--mots-de-passe-json",
            "--ecritures",
            "--simulateur",
            self.adresse_simulateur("loop"),
        )
        try:
            self.utilisateurs = json.loads(sortie)["utilisateurs"]
        except (ValueError, KeyError, TypeError):
            raise EchecDemo("Données de démonstration illisibles : voir var/journaux/donnees-demo.log.") from None
        return f", {len(self.utilisateurs)} utilisateurs"

    def _raccordements(self) -> str:
        adresse = self.adresse_simulateur("chorus")
        return f", {self._sortie('donnees-demo-chorus', 'donnees_demo_chorus', '--simulateur', adresse).strip()}"

    def _souscriptions(self) -> str:
        adresse = self.adresse_simulateur("od")
        return f", {self._sortie('donnees-demo-od', 'donnees_demo_od', '--simulateur', adresse).strip()}"

    def _web(self) -> str:
        commande = [sys.executable, "-m", "gunicorn", "config.wsgi:application", "--bind", f"{HOTE}:{self.port_web}"]
        commande += ["--worker-class", "gthread", "--workers", "2", "--threads", "4", "--graceful-timeout", "5"]
        # Loaded once for both.
        enfant = self._lancer(self._enfant("web", [*commande, "--preload", "--no-control-socket"]))
        self._attendre(enfant, lambda: _repond(self.port_web, "/admin/login/"))
        return f", {self.adresse}"

    def _executant(self) -> str:
        commande = [sys.executable, "-m", "celery", "-A", "config", "worker", "-P", "threads", "-c", "20", "-l", "INFO"]
        commande += ["--without-heartbeat", "--without-gossip", "--without-mingle"]
        enfant = self._lancer(self._enfant("executant", commande, arrets=ARRETS_EXECUTANT))
        self._attendre(enfant, _executant_repond)
        return ""

    def _horloge(self) -> str:
        commande = [sys.executable, "-m", "celery", "-A", "config", "beat", "-l", "INFO", "--pidfile="]
        enfant = self._lancer(self._enfant("horloge", commande))
        self._attendre(enfant, lambda: "beat: Starting" in enfant.dernieres_lignes())
        return ""

    # --- run -----------------------------------------------------------------------------------------------------

    def _accueillir(self) -> None:
        largeurs = [max(len(u[champ]) for u in self.utilisateurs) for champ in ("role", "identifiant")]
        lignes = [
            f"  {u['role']:<{largeurs[0]}}   {u['identifiant']:<{largeurs[1]}}   {u['mot_de_passe']}"
            for u in self.utilisateurs
        ]
        self.ecrire(
            "\n".join(
                [
                    "",
                    f"Passerelle est prête : {self.adresse}",
                    "Environnement : bac à sable (aucun appel ne sort de cette machine)",
                    "",
                    "Utilisateurs (mots de passe créés pour cette session) :",
                    *lignes,
                    "",
                    "Journaux dans var/journaux/. Ctrl-C pour tout arrêter.",
                ]
            )
        )

    def _veiller(self) -> NoReturn:
        while True:
            self._verifier_enfants()
            time.sleep(0.3)

    def _prouver(self) -> int:
        """Do the main job through the admin's own pages; the proof prints what it saw. Returns its exit code."""
        personne = next(
            (u for u in self.utilisateurs if u["role"].lower().startswith("collaborateur")), self.utilisateurs[0]
        )
        commande = ["preuve", "--adresse", self.adresse, "--identifiant", personne["identifiant"]]
        commande += ["--simulateur", self.adresse_simulateur("loop")]
        self.ecrire("")
        env = os.environ | {"PREUVE_MOT_DE_PASSE": personne["mot_de_passe"]}
        with subprocess.Popen([sys.executable, "manage.py", *commande], cwd=self.racine, env=env) as preuve:
            try:
                while True:
                    with _arrets_retenus():
                        code = preuve.poll()
                    if code is not None:
                        return 1 if code else 0
                    self._verifier_enfants()
                    time.sleep(0.3)
            finally:
                preuve.terminate()

    def _verifier_enfants(self) -> None:
        with _arrets_retenus():
            mort = next((enfant for enfant in self._enfants if enfant.code is not None), None)
        if mort:
            raise self._mort(mort)

    # --- stop ----------------------------------------------------------------------------------------------------

    def _arreter(self) -> None:
        if not self._enfants:
            return
        for signum in DEMANDES_D_ARRET:
            signal.signal(signum, signal.SIG_IGN)
        self.ecrire("\nArrêt en cours…")
        for enfant in self._enfants:
            if not isinstance(enfant, ServeurPrive):
                enfant.prevenir()
        for enfant in reversed(self._enfants):
            enfant.arreter()
        self.ecrire("Tout est arrêté.")

    # --- children ------------------------------------------------------------------------------------------------

    def _enfant(self, nom: str, commande: list[str], **options: Any) -> Enfant:
        env = os.environ | {"PYTHONUNBUFFERED": "1"}
        return Enfant(nom, commande, self.journaux / f"{nom}.log", options={"cwd": self.racine, "env": env}, **options)

    def _manage(self, nom: str, *arguments: str) -> Enfant:
        return self._enfant(nom, [sys.executable, "manage.py", *arguments])

    def _lancer(self, enfant: Enfant) -> Enfant:
        self._enfants.append(enfant)
        enfant.demarrer()
        return enfant

    def _attendre(self, enfant: Enfant, pret: Callable[[], bool]) -> None:
        limite = time.monotonic() + DELAI_PRET
        while not pret():
            self._verifier_enfants()
            if time.monotonic() > limite:
                raise EchecDemo(
                    f"« {enfant.nom} » ne répond pas après {DELAI_PRET:.0f} secondes. Fin de son journal :\n"
                    f"{enfant.dernieres_lignes()}"
                )
            time.sleep(0.1)

    def _commande(self, nom: str, *arguments: str, **options: Any) -> str:
        self._sortie(nom, *arguments, **options)
        return ""

    def _sortie(self, nom: str, *arguments: str, **options: Any) -> str:
        """Standard output of a management command, which may hold passwords; only its errors go to the log."""
        journal = self.journaux / f"{nom}.log"
        journal.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        sortie = io.StringIO()
        # In this process: another would take longer to load the product than most of these commands to do their work.
        with journal.open("w", encoding="utf-8") as erreurs, _journal(erreurs):
            try:
                call_command(*arguments, stdout=sortie, stderr=erreurs, **options)
            except Exception as exc:
                traceback.print_exception(exc, limit=0 if isinstance(exc, CommandError) else None, file=erreurs)
                erreurs.flush()
                raise EchecDemo(
                    f"L’étape « manage.py {arguments[0]} » a échoué. "
                    f"Fin de var/journaux/{journal.name} :\n{Enfant(nom, [], journal).dernieres_lignes()}"
                ) from None
            finally:
                connections.close_all()
        return sortie.getvalue()

    def _mort(self, enfant: Enfant) -> EchecDemo:
        return EchecDemo(
            f"« {enfant.nom} » s’est arrêté (code {enfant.code}) : la démonstration ne peut pas continuer. "
            f"Fin de var/journaux/{enfant.journal.name} :\n{enfant.dernieres_lignes()}\n"
            f"Corrigez la cause puis relancez « make demo »."
        )


def _cause(exc: OSError) -> str:
    return "il est déjà pris" if exc.errno == errno.EADDRINUSE else "le système le refuse"


def _repond(port: int, chemin: str) -> bool:
    """Whether an HTTP server answers there without an error of its own."""
    connexion = http.client.HTTPConnection(HOTE, port, timeout=10)
    with contextlib.closing(connexion):
        try:
            connexion.request("GET", chemin)
            return connexion.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False


@contextlib.contextmanager
def _journal(flux: TextIO) -> Iterator[None]:
    """Send what is logged there until the end of the block."""
    consoles = [h for h in logging.getLogger().handlers if isinstance(h, logging.StreamHandler)]
    anciens = [console.setStream(flux) for console in consoles]
    try:
        yield
    finally:
        for console, ancien in zip(consoles, anciens, strict=True):
            if ancien is not None:
                console.setStream(ancien)


def _executant_repond() -> bool:
    from config.celery import app

    return bool(app.control.ping(timeout=0.5))


@contextlib.contextmanager
def _arrets_retenus() -> Iterator[None]:
    """Hold back the requests to stop, which end in KeyboardInterrupt, until the end of the block.

    `subprocess.Popen.poll` takes a lock before it enters its `try`: interrupted there, it never gives it back, and
    every later `wait` for that child ends by its time limit.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, DEMANDES_D_ARRET)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, DEMANDES_D_ARRET)


@contextlib.contextmanager
def _terminal() -> Iterator[None]:
    """Take the terminal's foreground and turn every request to stop into KeyboardInterrupt.

    `make` would itself die of the Ctrl-C meant for us and report a failure; in a group of our own, it only sees our
    exit code. Ctrl-Z is ignored: it would stop this group and leave `make` waiting.
    """
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    # SIGINT too: a shell that starts a command in the background has it ignored.
    for signum in DEMANDES_D_ARRET:
        signal.signal(signum, signal.default_int_handler)
    groupe = os.getpgrp()
    notre = sys.stdin.isatty() and groupe != os.getpid() and os.tcgetpgrp(0) == groupe
    if notre:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpgrp())
    try:
        yield
    finally:
        if notre:
            os.tcsetpgrp(0, groupe)
