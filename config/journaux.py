"""Log lines as JSON or text, each with the id of the request it comes from: web page, then task, then remote call."""

from __future__ import annotations

import json
import logging
import os
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from celery.signals import before_task_publish, task_postrun, task_prerun
from django.http import HttpRequest, HttpResponse

from config.masquage import FiltreMasque, masquer_texte
from config.metriques import appels

ENTETE = "X-Request-ID"
#: Name of the header of a Celery message.
ENTETE_TACHE = "requete"
# Letters, digits and what UUIDs and traceparent hold: nothing that could break a line or a terminal.
FORME = re.compile(r"[A-Za-z0-9._-]{8,64}")

NOM = re.compile(r"\w*")
#: What a call came to, by the name of the family of its failure.
ISSUES = {"": "reussi", "ErreurPassagere": "passagere", "ErreurDefinitive": "definitive", "ErreurDeReglage": "reglage"}

requete_courante: ContextVar[str] = ContextVar("requete_courante", default="")
acces = logging.getLogger("config.acces")
distant = logging.getLogger("config.appels")


def configuration(*, niveau: str, forme: str) -> dict[str, Any]:
    """Django's LOGGING: everything on the error output, masked, with its request.

    Parameters
    ----------
    niveau:
        The least level written.
    forme:
        `texte` or `json`.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"masque": {"()": FiltreMasque}, "requete": {"()": FiltreRequete}},
        "formatters": {
            "texte": {"format": "%(asctime)s %(levelname)s %(name)s [%(requete)s] %(message)s"},
            "json": {"()": FormatJSON},
        },
        "handlers": {
            "console": {"class": "logging.StreamHandler", "filters": ["masque", "requete"], "formatter": forme}
        },
        "root": {"handlers": ["console"], "level": niveau},
        "loggers": {
            # httpx logs every full address at INFO, query string included.
            "httpx": {"level": "WARNING"},
            "httpcore": {"level": "WARNING"},
            "django.request": {"level": "ERROR"},
        },
    }


def nouvel_identifiant() -> str:
    return uuid.uuid4().hex


class FiltreRequete(logging.Filter):
    """Adds `requete` to every record: the id of the request or task under way, a dash for none."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.requete = requete_courante.get() or "-"
        return True


class FormatJSON(logging.Formatter):
    """One JSON object a line. `extra={"champs": {...}}` adds fields; their texts are masked as messages are."""

    def format(self, record: logging.LogRecord) -> str:
        ligne: dict[str, Any] = {
            "instant": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "niveau": record.levelname,
            "journal": record.name,
            "requete": getattr(record, "requete", "-"),
            "processus": record.process,
            "message": record.getMessage(),
        }
        for nom, valeur in getattr(record, "champs", {}).items():
            ligne.setdefault(nom, masquer_texte(valeur) if isinstance(valeur, str) else valeur)
        if record.exc_text or record.exc_info:
            ligne["exception"] = record.exc_text or self.formatException(record.exc_info)  # type: ignore[arg-type]
        if record.stack_info:
            ligne["pile"] = record.stack_info
        return json.dumps(ligne, ensure_ascii=False, default=str)


class RequeteMiddleware:
    """Gives each web request an id, that of its `X-Request-ID` header when it is well formed, and sends it back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        recu = request.headers.get(ENTETE, "")
        identifiant = recu if FORME.fullmatch(recu) else nouvel_identifiant()
        jeton = requete_courante.set(identifiant)
        debut = time.monotonic()
        try:
            reponse = self.get_response(request)
            duree = round((time.monotonic() - debut) * 1000)
            # Without the query string: it holds what people search for.
            champs = {"methode": request.method, "chemin": request.path, "statut": reponse.status_code}
            acces.info(
                "%s %s %s, %s ms",
                request.method,
                ascii(request.path)[1:-1],
                reponse.status_code,
                duree,
                extra={"champs": champs | {"duree_ms": duree}},
            )
        finally:
            requete_courante.reset(jeton)
        reponse[ENTETE] = identifiant
        return reponse


def _porter(headers: dict[str, Any] | None = None, **_: object) -> None:
    if headers is not None and (identifiant := requete_courante.get()):
        headers[ENTETE_TACHE] = identifiant


def _reprendre(task: Any = None, **_: object) -> None:
    recu = getattr(getattr(task, "request", None), ENTETE_TACHE, None)
    requete_courante.set(recu if isinstance(recu, str) and FORME.fullmatch(recu) else nouvel_identifiant())


def _oublier(**_: object) -> None:
    requete_courante.set("")


before_task_publish.connect(_porter)
task_prerun.connect(_reprendre)
task_postrun.connect(_oublier)


def noter_appel(methode: str, hote: str, chemin: str, statut: int | None, duree_ms: int, erreur: str) -> None:
    """Count one attempt of a remote call and write its line.

    Parameters
    ----------
    chemin:
        Without query string, known secrets out.
    erreur:
        Name of the family of the failure, then what says it; empty for a success.
    """
    famille = NOM.match(erreur)[0]  # type: ignore[index]
    issue = ISSUES.get(famille, famille)
    appels.compter(hote, issue, duree_ms)
    champs = {"methode": methode, "hote": hote, "chemin": chemin, "statut": statut, "issue": issue}
    distant.info(
        "appel %s %s%s : %s, %s ms",
        methode,
        hote,
        chemin,
        statut or issue,
        duree_ms,
        extra={"champs": champs | {"duree_ms": duree_ms}},
    )


def processus() -> str:
    """Name of this process among those of every host: `host:pid`."""
    return f"{os.uname().nodename}:{os.getpid()}"
