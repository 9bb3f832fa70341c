"""The worker of the fault tests: `celery -A tests.fautes.sans_garde worker`, with one guard taken out.

The product has no switch for it: this module, which only the fault tests start, changes the product's own functions in
its process before the worker begins. FAUTES_SANS names the guard; FAUTES_GEL makes the process stop itself (SIGSTOP)
when its first answer is about to be written.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from typing import Any

import django
from django.conf import settings
from django.utils import timezone

from config.celery import app

django.setup()

from dossiers.models import Etat, Operation  # noqa: E402 - the models need the settings
from dossiers.operations import balayage, reglement, reservation  # noqa: E402
from dossiers.supervision import epoque  # noqa: E402


def _sans(texte: str, garde: str, a_la_place: str = "") -> str:
    """`texte` without the words of a guard. Raises LookupError when the product no longer writes them so."""
    if garde not in texte:
        raise LookupError(f"the guard has moved: {garde}")
    return texte.replace(garde, a_la_place, 1)


def sans_prise() -> None:
    """The claim looks, and takes 20 ms later, without waiting for others nor checking that the row still waits."""
    reservation._GUICHET = _sans(reservation._GUICHET, " FOR NO KEY UPDATE")
    requete = _sans(reservation.RESERVATION, "etat = 'en_attente' AND ", "(SELECT pg_sleep(0.02)) IS NOT NULL AND ")
    reservation.RESERVATION = _sans(requete, " FOR UPDATE SKIP LOCKED")


def sans_jeton() -> None:
    """A worker writes its answer whoever holds the row."""
    passer = reglement.passer

    def passer_quand_meme(operation: Operation, etat: Etat, *, jeton: Any = None, **champs: Any) -> bool:
        actuel = Operation.objects.values_list("jeton", flat=True).get(pk=operation.pk)
        return passer(operation, etat, jeton=actuel, **champs)

    reglement.passer = passer_quand_meme


def sans_bail() -> None:
    """A call whose worker went silent is sent again."""
    passer = balayage.passer

    def renvoyer(operation: Operation, etat: Etat, *, jeton: Any = None, **champs: Any) -> bool:
        if etat != Etat.INCERTAINE:
            return passer(operation, etat, jeton=jeton, **champs)
        return passer(operation, Etat.EN_ATTENTE, jeton=jeton, pas_avant=timezone.now())

    balayage.passer = renvoyer


def sans_quarantaine() -> None:
    """The remote state is read at once."""
    settings.OPERATIONS["quarantaine"] = 0


def sans_ordre() -> None:
    """Operations of one object do not wait for each other. The scenario drops the unique index."""
    garde = re.search(r"AND NOT EXISTS \(.*?(?=ORDER BY)", reservation.RESERVATION, re.DOTALL)
    reservation.RESERVATION = _sans(reservation.RESERVATION, garde[0] if garde else "AND NOT EXISTS")


def sans_doute() -> None:
    """A write whose answer was lost is sent again: nothing reads it back, no person is asked."""
    sans_bail()
    reglement.douter = reglement.reporter


def sans_restauration() -> None:
    """A restored base is worked on as it is."""
    epoque.est_ouverte = lambda: True


def geler() -> None:
    """Stop this process, once, between its first answer and the writing of it."""
    conclure = reglement.conclure

    def conclure_plus_tard(*args: Any, **champs: Any) -> bool:
        reglement.conclure = conclure
        os.kill(os.getpid(), signal.SIGSTOP)
        return conclure(*args, **champs)

    reglement.conclure = conclure_plus_tard


GARDES: dict[str, Callable[[], None]] = {
    "prise": sans_prise,
    "jeton": sans_jeton,
    "bail": sans_bail,
    "quarantaine": sans_quarantaine,
    "ordre": sans_ordre,
    "relecture": sans_doute,
    "personne": sans_doute,
    "restauration": sans_restauration,
}

if garde := os.environ.get("FAUTES_SANS"):
    GARDES[garde]()
if os.environ.get("FAUTES_GEL"):
    geler()

__all__ = ["app"]
