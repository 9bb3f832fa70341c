"""What a probe asks: does this process answer, can the product work, and how is it doing.

Answered before every other middleware: a probe comes by IP address, in plain HTTP, without session, and must not be
redirected to HTTPS nor refused for its `Host`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import lru_cache
from hmac import compare_digest
from ipaddress import ip_address
from threading import Lock

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis import RedisError

from config import courtier, metriques

logger = logging.getLogger(__name__)
#: Seconds left to the broker.
DELAI_COURTIER = 1.0
#: Headers that a reverse proxy adds: what it passes on does not come from this machine.
MANDATAIRES = ("X-Forwarded-For", "Forwarded", "X-Real-IP")

Controle = Callable[[], str]
_CONTROLES: dict[str, Controle] = {}


def controler(nom: str) -> Callable[[Controle], Controle]:
    """Decorator: add a check to `/health/ready`, made when the database answers.

    It returns what is wrong, in French and without any secret; an empty text when all is well.
    """

    def ajouter(controle: Controle) -> Controle:
        _CONTROLES[nom] = controle
        return controle

    return ajouter


@controler("migrations")
def _migrations() -> str:
    manquantes = _connues() - set(MigrationRecorder(connection).applied_migrations())
    return f"{len(manquantes)} à appliquer : lancez « manage.py migrate »" if manquantes else ""


@lru_cache(maxsize=1)
def _connues() -> frozenset[tuple[str, str]]:
    chargees = MigrationLoader(None, ignore_no_migrations=True)
    return frozenset(chargees.disk_migrations)


@controler("courtier")
def _courtier() -> str:
    try:
        with courtier.client(DELAI_COURTIER) as client:
            client.ping()
    except (RedisError, OSError):
        return "ne répond pas : vérifiez REDIS_URL et le serveur Redis"
    return ""


def _base() -> str:
    try:
        with connection.cursor() as curseur:
            curseur.execute("SELECT 1")
    except Error:
        return "ne répond pas : vérifiez DATABASE_URL et le serveur PostgreSQL"
    return ""


def controles() -> dict[str, str]:
    """What is wrong with each part, by name; empty where all is well."""
    trouves = {"base": _base()}
    for nom, controle in _CONTROLES.items():
        if trouves["base"]:
            trouves[nom] = "non vérifié : la base ne répond pas"
            continue
        try:
            trouves[nom] = controle()
        except Error:
            # Its message may show a row or an address.
            logger.warning("contrôle de santé « %s » en échec", nom, exc_info=True)
            trouves[nom] = "le contrôle lui-même a échoué : voyez les journaux du serveur"
    return trouves


class _Gardes:
    """What the checks last found, kept a few seconds in this process: a flood of probes makes them once."""

    def __init__(self) -> None:
        self._verrou, self._fin = Lock(), 0.0
        self._trouves: dict[str, str] = {}

    def controles(self) -> dict[str, str]:
        with self._verrou:
            if time.monotonic() >= self._fin:
                self._trouves = controles()
                self._fin = time.monotonic() + settings.SUPERVISION["sondes"]
            return self._trouves


_gardes = _Gardes()


class SondesMiddleware:
    """Answers `/health/live`, `/health/ready` and `/metrics`, and nothing else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._sondes = {"/health/live": _vivant, "/health/ready": _pret, "/metrics": _metriques}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sonde = self._sondes.get(request.path_info)
        if sonde is None:
            return self.get_response(request)
        reponse = sonde(request) if request.method in {"GET", "HEAD"} else HttpResponse(status=405)
        reponse["Cache-Control"] = "no-store"
        return reponse


def _vivant(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"etat": "vivant"})


def _pret(request: HttpRequest) -> HttpResponse:
    trouves = _gardes.controles()
    pret = not any(trouves.values())
    corps = {
        "etat": "prêt" if pret else "indisponible",
        "controles": {nom: {"bon": not quoi, **({"cause": quoi} if quoi else {})} for nom, quoi in trouves.items()},
    }
    return JsonResponse(corps, status=200 if pret else 503, json_dumps_params={"ensure_ascii": False})


def _metriques(request: HttpRequest) -> HttpResponse:
    if not _peut_mesurer(request):
        refus = HttpResponse("Jeton absent ou refusé.\n", status=401, content_type="text/plain; charset=utf-8")
        refus["WWW-Authenticate"] = "Bearer"
        return refus
    try:
        return HttpResponse(metriques.tout(), content_type=metriques.TYPE)
    except Error:
        logger.warning("mesures impossibles", exc_info=True)
        return HttpResponse("La base ne répond pas.\n", status=503, content_type="text/plain; charset=utf-8")


def _peut_mesurer(request: HttpRequest) -> bool:
    """With the token of METRIQUES_JETON; without that setting, from this machine only, and by nobody in production.

    A reverse proxy of the same machine that adds no header of its own looks like the machine itself.
    """
    if settings.METRIQUES_JETON:
        donne = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return compare_digest(donne.encode(), settings.METRIQUES_JETON.encode())
    if settings.PRODUCTION:
        return False
    try:
        local = ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
    return local and not any(nom in request.headers for nom in MANDATAIRES)
