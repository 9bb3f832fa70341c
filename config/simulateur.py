"""Ground of the simulators: a small real HTTP server on 127.0.0.1, with a store, a movable clock and scripted faults.

A simulator is a class of a remote's package (`<app>/<remote>/simulateur.py`) that names itself and declares its routes;
`manage.py simulateur <nom>` finds it there. It speaks real HTTP so that resets, drips and truncations are real too.

Control API, as JSON, under `/_simulateur/`:

========================  =====================================================================================
GET  etat                 name, clock, faults left, delayed writes still to come
GET  compte               `appliques`: effects by endpoint and reference; `appels`: calls by endpoint
POST pannes               replaces the faults: a list, or `{"graine": 1, "pannes": [...]}` to seed the draws
POST remise_a_zero        empties the store, the counts and the faults, puts the clock right
POST horloge              `{"avance_secondes": 3600}`
========================  =====================================================================================

The effects and the store survive a restart on the same file; the faults and the clock do not.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import random
import socket
import sqlite3
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from functools import cached_property
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar
from urllib.parse import SplitResult, parse_qsl, urlsplit

logger = logging.getLogger(__name__)

CORPS_MAX = 64 * 1024 * 1024
FLUX_MAX = 5000 * 1024 * 1024
MORCEAU = 256 * 1024
CONTROLE = "/_simulateur"
PANNES = frozenset(
    {
        "latence",
        "401",
        "403_retry_after",
        "429",
        "500_avant",
        "500_apres",
        "503",
        "coupure_avant",
        "coupure_apres",
        "coupure_tardive",
        "json_tronque",
        "html_200",
        "goutte_entetes",
        "goutte_corps",
    }
)
SCHEMA = """
CREATE TABLE IF NOT EXISTS applique (endpoint TEXT, reference TEXT, nombre INTEGER, PRIMARY KEY (endpoint, reference));
CREATE TABLE IF NOT EXISTS appel (endpoint TEXT PRIMARY KEY, nombre INTEGER);
"""


@dataclass(frozen=True)
class Requete:
    """A request as a simulator's handler sees it. `chemin` is relative to the simulator's prefix.

    Of a request to its storage (`Simulateur.depot`), `chemin` is that prefix and `suite` what follows it, as written;
    the body is not kept, only its size and its SHA-256.
    """

    methode: str
    chemin: str
    parametres: Mapping[str, str]
    entetes: Message[str, str]
    octets: bytes
    suite: str = ""
    taille: int = 0
    empreinte: str = ""

    @cached_property
    def corps(self) -> Any:
        """The JSON body, None when absent or unreadable."""
        try:
            return json.loads(self.octets)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class ReponseSimulee:
    """An answer: `corps` is sent as JSON unless it is bytes."""

    statut: int = 200
    corps: Any = None
    entetes: Mapping[str, str] = field(default_factory=dict)

    def octets(self) -> bytes:
        return self.corps if isinstance(self.corps, bytes) else json.dumps(self.corps, ensure_ascii=False).encode()


class PanneInvalide(ValueError):
    """A scripted fault that the simulator does not know how to play."""


@dataclass
class Panne:
    """One scripted fault.

    `chemin` exact or `*`; `si` fields the body must hold; `fois` how many times (-1: always); `proba` between 0 and 1;
    `options` what the type needs: `secondes`, `retry_after`, `applique`.
    """

    type: str
    chemin: str = "*"
    si: Mapping[str, Any] = field(default_factory=dict)
    fois: int = 1
    proba: float = 1.0
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def depuis_json(cls, donnees: Any) -> Self:
        """Raises PanneInvalide."""
        if not isinstance(donnees, dict) or donnees.get("type") not in PANNES:
            raise PanneInvalide(f"« type » doit être l’un de : {', '.join(sorted(PANNES))}.")
        connus = {nom: donnees[nom] for nom in ("type", "chemin", "si", "fois", "proba") if nom in donnees}
        options = {nom: donnees[nom] for nom in donnees if nom not in connus}
        if inconnues := set(options) - {"secondes", "retry_after", "applique"}:
            raise PanneInvalide(f"Champs inconnus : {', '.join(sorted(inconnues))}.")
        return cls(**connus, options=options)

    def concerne(self, requete: Requete) -> bool:
        corps = requete.corps if self.si else None
        element = corps[0] if isinstance(corps, list) and corps else corps
        return (
            self.fois != 0
            and self.chemin in {"*", requete.chemin}
            and (not self.si or (isinstance(element, dict) and all(element.get(k) == v for k, v in self.si.items())))
        )

    def secondes(self, defaut: float) -> float:
        return float(self.options.get("secondes", defaut))

    def en_json(self) -> dict[str, Any]:
        return {"type": self.type, "chemin": self.chemin, "si": dict(self.si), "fois": self.fois} | dict(self.options)


Traitement = Callable[[Any, Requete], ReponseSimulee]
T = TypeVar("T", bound=Traitement)


def route(methode: str, chemin: str) -> Callable[[T], T]:
    """Declare a method of a Simulateur as the handler of one path; `/_simulateur/...` adds to the control API."""

    def declarer(fonction: T) -> T:
        fonction.__dict__.setdefault("routes", []).append((methode, chemin))
        return fonction

    return declarer


class Simulateur:
    """Base of the simulators.

    A subclass sets `nom`, `prefixe`, `schema` (SQL of its tables) and its routes; `depot` is the prefix of a file
    storage, when the remote has one. Its handlers run one at a time, each in a transaction of the store that is rolled
    back when it raises.

    Parameters
    ----------
    port:
        0 takes a free one.
    magasin:
        Path of the SQLite file, or `:memory:`.
    latence:
        Seconds added to every answer.
    """

    nom: ClassVar[str] = ""
    prefixe: ClassVar[str] = ""
    depot: ClassVar[str] = ""
    schema: ClassVar[str] = ""
    registre: ClassVar[dict[str, type[Simulateur]]] = {}
    routes: ClassVar[dict[tuple[str, str], Traitement]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.routes = dict(cls.routes)
        for fonction in vars(cls).values():
            for cle in getattr(fonction, "routes", ()) if callable(fonction) else ():
                cls.routes[cle] = fonction
        if cls.nom:
            Simulateur.registre[cls.nom] = cls

    def __init__(self, *, port: int = 0, magasin: str = ":memory:", latence: float = 0.0) -> None:
        self.latence = latence
        self.verrou = threading.RLock()
        self.arrete = threading.Event()
        self._avance = timedelta()
        self._pannes: list[Panne] = []
        self._tirages = random.Random(0)  # noqa: S311 - replayable draws, no secret
        self._tardives: set[threading.Timer] = set()
        self._serveur = _Serveur(("127.0.0.1", port), self)
        self._fil = threading.Thread(target=self._serveur.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self.base = sqlite3.connect(magasin, check_same_thread=False)
        self.base.row_factory = sqlite3.Row
        # The store must survive the process, not the machine.
        self.base.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; {SCHEMA} {self.schema}")

    @property
    def racine(self) -> str:
        """Address of the server, under which the control API lives."""
        return f"http://127.0.0.1:{self._serveur.server_address[1]}"

    @property
    def url(self) -> str:
        """Base address of the simulated remote."""
        return self.racine + self.prefixe

    def __enter__(self) -> Self:
        self.demarrer()
        return self

    def __exit__(
        self, genre: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.arreter()

    def demarrer(self) -> None:
        """Serve in a thread of its own."""
        self._fil.start()

    def arreter(self) -> None:
        """Stop serving, cut the open connections, forget the delayed writes, close the store."""
        self.arrete.set()
        self._oublier_les_tardives()
        if self._fil.is_alive():
            self._serveur.shutdown()
        self._serveur.server_close()
        with self.verrou:
            self.base.close()

    def maintenant(self) -> datetime:
        """The simulator's clock, in UTC."""
        return datetime.now(UTC) + self._avance

    def avancer(self, secondes: float) -> None:
        """Move the clock forward (or back)."""
        self._avance += timedelta(seconds=secondes)

    def poser_pannes(self, pannes: Iterable[Mapping[str, Any]], *, graine: int = 0) -> None:
        """Replace the scripted faults. Raises PanneInvalide."""
        lues = [Panne.depuis_json(panne) for panne in pannes]
        with self.verrou:
            self._pannes = lues
            self._tirages.seed(graine)

    def compte(self) -> dict[str, Any]:
        """Effects by endpoint and reference, calls by endpoint (`POST /path`)."""
        with self.verrou:
            appliques: dict[str, dict[str, int]] = {}
            for endpoint, reference, nombre in self.base.execute("SELECT * FROM applique ORDER BY 1, 2"):
                appliques.setdefault(endpoint, {})[reference] = nombre
            return {"appliques": appliques, "appels": dict(self.base.execute("SELECT * FROM appel").fetchall())}

    def compter(self, requete: Requete, reference: str) -> None:
        """Record one applied effect; called by the handlers of writes, repeats included."""
        self.base.execute(
            "INSERT INTO applique VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET nombre = nombre + 1",
            (f"{requete.methode} {requete.chemin}", reference),
        )

    def remettre_a_zero(self) -> None:
        """Empty the store, the counts and the faults, and put the clock right."""
        self._oublier_les_tardives()
        with self.verrou, self.base:
            self._pannes, self._avance = [], timedelta()
            tables = self.base.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (table,) in tables:
                self.base.execute(f'DELETE FROM "{table}"')  # noqa: S608 - the store's own table names

    def avant(self, requete: Requete) -> ReponseSimulee | None:
        """What the remote checks before any route: credentials, content type. None lets the request through."""
        return None

    def entetes(self) -> dict[str, str]:
        """Headers of every answer of the remote."""
        return {}

    def echec(self, statut: int, message: str) -> ReponseSimulee:
        """How the remote writes the failures that the ground itself plays."""
        return ReponseSimulee(statut, {"statusCode": statut, "message": message})

    def traiter(self, requete: Requete) -> ReponseSimulee:
        """Apply a request, faults aside."""
        traitement = self.routes.get((requete.methode, requete.chemin))
        with self.verrou, self.base:
            if refus := self.avant(requete):
                return refus
            return traitement(self, requete) if traitement else self.echec(404, "Resource not found")

    def noter_appel(self, requete: Requete) -> Panne | None:
        """Count a call and draw the fault it meets, if any."""
        with self.verrou, self.base:
            self.base.execute(
                "INSERT INTO appel VALUES (?, 1) ON CONFLICT DO UPDATE SET nombre = nombre + 1",
                (f"{requete.methode} {requete.chemin}",),
            )
            for panne in self._pannes:
                if panne.concerne(requete) and (panne.proba >= 1 or self._tirages.random() < panne.proba):
                    panne.fois -= panne.fois > 0
                    return panne
        return None

    def plus_tard(self, requete: Requete, secondes: float) -> None:
        """Apply a request after a while, in the background."""

        def appliquer() -> None:
            if not self.arrete.is_set():
                self.traiter(requete)
            self._tardives.discard(minuterie)

        minuterie = threading.Timer(secondes, appliquer)
        minuterie.daemon = True
        self._tardives.add(minuterie)
        minuterie.start()

    def controler(self, requete: Requete) -> ReponseSimulee:
        """The control API. Raises PanneInvalide, ValueError, TypeError, KeyError for a request it cannot read."""
        corps = requete.corps
        match requete.methode, requete.chemin.removeprefix(CONTROLE):
            case "GET", "/etat":
                pannes = [panne.en_json() for panne in list(self._pannes)]
                etat = {"nom": self.nom, "heure": self.maintenant().isoformat(), "pannes": pannes}
                return ReponseSimulee(corps=etat | {"ecritures_tardives": len(self._tardives)})
            case "GET", "/compte":
                return ReponseSimulee(corps=self.compte())
            case "POST", "/pannes":
                enveloppe = corps if isinstance(corps, dict) else {"pannes": corps}
                self.poser_pannes(enveloppe["pannes"], graine=int(enveloppe.get("graine", 0)))
            case "POST", "/remise_a_zero":
                self.remettre_a_zero()
            case "POST", "/horloge":
                self.avancer(float(corps["avance_secondes"]))
            case methode, chemin:
                if traitement := self.routes.get((methode, CONTROLE + chemin)):
                    with self.verrou, self.base:
                        return traitement(self, requete)
                return ReponseSimulee(404, {"message": "Commande inconnue du simulateur."})
        return ReponseSimulee(corps={"fait": True})

    def _oublier_les_tardives(self) -> None:
        for minuterie in list(self._tardives):
            minuterie.cancel()
        self._tardives.clear()


class _Serveur(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, adresse: tuple[str, int], simulateur: Simulateur) -> None:
        self.simulateur = simulateur
        self._ouvertes: set[socket.socket] = set()
        super().__init__(adresse, _Dialogue)

    def server_bind(self) -> None:
        # The stock method asks the resolver for this host's full name, which may take seconds.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        self._ouvertes.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._ouvertes.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for ouverte in list(self._ouvertes):
            try:
                ouverte.shutdown(socket.SHUT_RDWR)
            except OSError:
                self._ouvertes.discard(ouverte)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that leave early are the normal life of a simulator."""


class _Dialogue(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60
    server: _Serveur

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the counts tell what happened."""

    def _dialoguer(self) -> None:
        simulateur = self.server.simulateur
        try:
            longueur = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            longueur = -1
        adresse = urlsplit(self.path)
        en_depot = bool(simulateur.depot) and adresse.path.startswith(simulateur.depot + "/")
        if not 0 <= longueur <= (FLUX_MAX if en_depot else CORPS_MAX) or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._repondre(ReponseSimulee(411, {"statusCode": 411, "message": "Length Required"}))
            return
        if en_depot:
            self._deposer(adresse, longueur)
            return
        octets = self.rfile.read(longueur)
        requete = Requete(self.command, adresse.path, dict(parse_qsl(adresse.query)), self.headers, octets)
        if adresse.path.startswith(CONTROLE + "/"):
            try:
                self._repondre(simulateur.controler(requete))
            except (PanneInvalide, ValueError, TypeError, KeyError) as exc:
                self._repondre(ReponseSimulee(400, {"message": f"Commande illisible : {exc}"}))
            return
        if not adresse.path.startswith(simulateur.prefixe + "/"):
            self._repondre(simulateur.echec(404, "Resource not found"), simulateur.entetes())
            return
        requete = Requete(
            self.command, adresse.path.removeprefix(simulateur.prefixe), requete.parametres, self.headers, octets
        )
        self._servir(requete)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _dialoguer

    def _deposer(self, adresse: SplitResult, longueur: int) -> None:
        depot, empreinte, reste = self.server.simulateur.depot, hashlib.sha256(), longueur
        while morceau := self.rfile.read(min(MORCEAU, reste)):
            empreinte.update(morceau)
            reste -= len(morceau)
        if reste:
            self.close_connection = True
            return
        self._servir(
            Requete(
                self.command,
                depot,
                dict(parse_qsl(adresse.query)),
                self.headers,
                b"",
                suite=adresse.path.removeprefix(depot + "/"),
                taille=longueur,
                empreinte=empreinte.hexdigest(),
            )
        )

    def _servir(self, requete: Requete) -> None:
        simulateur = self.server.simulateur
        if simulateur.latence:
            simulateur.arrete.wait(simulateur.latence)
        panne = simulateur.noter_appel(requete)
        if panne is None:
            self._repondre(self._appliquer(requete), simulateur.entetes())
        else:
            self._jouer(panne, requete)

    def _appliquer(self, requete: Requete) -> ReponseSimulee:
        try:
            return self.server.simulateur.traiter(requete)
        except Exception:
            logger.exception("simulator %s: %s %s", self.server.simulateur.nom, requete.methode, requete.chemin)
            return ReponseSimulee(500, {"message": "Défaut du simulateur lui-même : voir son journal."})

    def _jouer(self, panne: Panne, requete: Requete) -> None:
        simulateur = self.server.simulateur
        attente = int(panne.options.get("retry_after", 1))
        match panne.type:
            case "latence":
                simulateur.arrete.wait(panne.secondes(1))
                reponse = self._appliquer(requete)
            case "401":
                reponse = simulateur.echec(401, "Access denied due to invalid subscription key.")
            case "403_retry_after":
                duree = time.strftime("%H:%M:%S", time.gmtime(attente))
                reponse = simulateur.echec(403, f"Out of call volume quota. Quota will be replenished in {duree}.")
                reponse = ReponseSimulee(403, reponse.corps, {"Retry-After": str(attente)})
            case "429":
                reponse = simulateur.echec(429, f"Rate limit is exceeded. Try again in {attente} seconds.")
                reponse = ReponseSimulee(429, reponse.corps, {"Retry-After": str(attente)})
            case "500_avant":
                reponse = simulateur.echec(500, "Internal server error")
            case "500_apres":
                self._appliquer(requete)
                reponse = simulateur.echec(500, "Internal server error")
            case "503":
                reponse = simulateur.echec(503, "Service Unavailable")
                if "retry_after" in panne.options:
                    reponse = ReponseSimulee(503, reponse.corps, {"Retry-After": str(attente)})
            case "coupure_avant" | "coupure_apres" | "coupure_tardive":
                if panne.type == "coupure_apres":
                    self._appliquer(requete)
                elif panne.type == "coupure_tardive":
                    simulateur.plus_tard(requete, panne.secondes(1))
                self._couper()
                return
            case "json_tronque":
                reponse = self._appliquer(requete)
                octets = reponse.octets()
                reponse = ReponseSimulee(reponse.statut, octets[: max(1, len(octets) // 2)], reponse.entetes)
            case "html_200":
                if panne.options.get("applique", False):
                    self._appliquer(requete)
                page = b"<!DOCTYPE html><html><body><h1>Maintenance</h1></body></html>"
                reponse = ReponseSimulee(200, page, {"Content-Type": "text/html; charset=utf-8"})
            case _:
                self._goutter(self._appliquer(requete), panne)
                return
        self._repondre(reponse, simulateur.entetes())

    def _goutter(self, reponse: ReponseSimulee, panne: Panne) -> None:
        simulateur = self.server.simulateur
        tete, corps = self._ecrire(reponse, simulateur.entetes())
        self.close_connection = True
        vite, lentement = (b"", tete + corps) if panne.type == "goutte_entetes" else (tete, corps)
        try:
            self.wfile.write(vite)
            for octet in lentement:
                if simulateur.arrete.wait(panne.secondes(0.2)):
                    return
                self.wfile.write(bytes((octet,)))
        except OSError:
            # The client has had enough, which is what is tested.
            return

    def _couper(self) -> None:
        """Reset the connection: with a zero linger, closing sends RST and no FIN."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def _repondre(self, reponse: ReponseSimulee, entetes: Mapping[str, str] | None = None) -> None:
        self.wfile.write(b"".join(self._ecrire(reponse, entetes or {})))

    def _ecrire(self, reponse: ReponseSimulee, entetes: Mapping[str, str]) -> tuple[bytes, bytes]:
        corps = reponse.octets()
        tous = {
            "Content-Type": "application/json",
            **entetes,
            **reponse.entetes,
            "Date": self.date_time_string(self.server.simulateur.maintenant().timestamp()),
            "Content-Length": str(len(corps)),
        }
        if self.close_connection:
            tous["Connection"] = "close"
        phrase = HTTPStatus(reponse.statut).phrase
        lignes = "".join(f"{nom}: {valeur}\r\n" for nom, valeur in tous.items())
        return f"HTTP/1.1 {reponse.statut} {phrase}\r\n{lignes}\r\n".encode("latin-1"), corps
