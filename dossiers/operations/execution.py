"""The worker's loop: claim, call, settle, next."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from config.http import Echange, ErreurDefinitive, ErreurDeReglage, ErreurPassagere
from dossiers.models import Etat, Guichet, Operation
from dossiers.operations import reglement
from dossiers.operations.delais import delai_avant_reprise
from dossiers.operations.registre import Constat, PasEncore, natures
from dossiers.operations.reservation import reserver, reserver_relecture

logger = logging.getLogger(__name__)

#: Set when the worker is asked to stop: the loop ends after the operation under way.
arret = threading.Event()


class Clients:
    """The remote clients of a loop over one guichet: opened when needed, kept for the connections, then closed."""

    def __init__(self, guichet: Guichet) -> None:
        self.guichet = guichet
        self.echanges: list[Echange] = []
        self._pile = ExitStack()
        self._ouverts: dict[str, Any] = {}

    def __enter__(self) -> Clients:
        return self

    def __exit__(self, *exc: object) -> None:
        self._pile.close()

    def pour(self, operation: Operation) -> Any:
        """The client of this operation's system. Raises ErreurDeReglage."""
        nature = operation.definition
        if nature.systeme not in self._ouverts:
            client = nature.client(self.guichet, lambda echange: self.echanges.append(echange))
            self._ouverts[nature.systeme] = self._pile.enter_context(client)
        return self._ouverts[nature.systeme]

    def relever(self) -> list[Echange]:
        """The exchanges since the last call of this method."""
        echanges, self.echanges = self.echanges, []
        return echanges


def _trop_tard(operation: Operation) -> bool:
    """Whether what is left of the lease is too short for the calls of an operation, at most two.

    A process frozen between its claim and its call (suspended machine) wakes up when others may have taken the row.
    """
    appels = timedelta(seconds=2 * settings.OPERATIONS["delai_appel"])
    return operation.bail_jusqu_au is None or timezone.now() + appels > operation.bail_jusqu_au


def executer(operation: Operation, clients: Clients) -> None:
    """Make the call of a claimed operation and settle it. Never raises for what the remote does."""
    nature, guichet = operation.definition, clients.guichet
    if _trop_tard(operation):
        reglement.conclure(operation, [], Etat.EN_ATTENTE, pas_avant=timezone.now())
        return
    try:
        resultat = nature.appeler(clients.pour(operation), operation)
    except PasEncore as attente:
        reglement.signaler(guichet, nature)
        reglement.patienter(operation, clients.relever(), attente)
    except ErreurPassagere as exc:
        reglement.signaler(guichet, nature, exc)
        if exc.effet_possible and not nature.sans_risque:
            reglement.douter(operation, clients.relever(), exc)
        else:
            reglement.reporter(operation, clients.relever(), exc)
    except (ErreurDefinitive, ErreurDeReglage) as exc:
        reglement.signaler(guichet, nature, exc)
        reglement.echouer(operation, clients.relever(), exc)
    else:
        reglement.signaler(guichet, nature)
        reglement.terminer(operation, clients.relever(), resultat)


def relire(operation: Operation, clients: Clients) -> None:
    """Settle an uncertain operation by reading the remote state."""
    nature, guichet = operation.definition, clients.guichet
    try:
        constat, resultat = nature.relire(clients.pour(operation), operation)
    except (ErreurPassagere, ErreurDeReglage) as exc:
        reglement.signaler(guichet, nature, exc)
        prolonger(operation, clients.relever(), exc)
        return
    except ErreurDefinitive:
        constat, resultat = Constat.INDECIDABLE, None
    else:
        reglement.signaler(guichet, nature)
    echanges = clients.relever()
    if constat is Constat.APPLIQUEE:
        reglement.terminer(operation, echanges, resultat)
    elif constat is Constat.ABSENTE:
        reglement.conclure(
            operation,
            echanges,
            Etat.EN_ATTENTE,
            pas_avant=timezone.now(),
            quarantaine_jusqu_au=None,
            texte=f"{nature.intitule(operation)} : relecture faite, l’effet est absent, l’envoi est repris.",
        )
    else:
        reglement.conclure(
            operation,
            echanges,
            Etat.A_VERIFIER,
            texte=f"{nature.intitule(operation)} : la relecture ne permet pas de conclure, une personne doit vérifier.",
        )


def prolonger(operation: Operation, echanges: list[Echange], erreur: ErreurPassagere | ErreurDeReglage) -> None:
    """The read-back itself failed: try it again later, then leave it to a person.

    A credential refused for a moment is no reason to ask a person about a write that can be read.
    """
    if operation.relectures >= settings.OPERATIONS["tentatives"]:
        reglement.conclure(
            operation,
            echanges,
            Etat.A_VERIFIER,
            texte=f"{operation.definition.intitule(operation)} : relecture impossible, une personne doit vérifier.",
        )
        return
    delai = delai_avant_reprise(operation.relectures, getattr(erreur, "attendre", None))
    if operation.definition.relecture_ecrit and getattr(erreur, "effet_possible", False):
        delai = max(delai, timedelta(seconds=settings.OPERATIONS["quarantaine"]))
    reglement.liberer_relecture(operation, echanges, timezone.now() + delai)


def vider(guichet_id: int, *, duree: float = 10.0) -> int:
    """Work through what is due for one guichet, one operation at a time, for at most about `duree` seconds.

    Returns how many operations were handled. Several threads and processes may do this for the same guichet: the
    claim keeps its cap exact.
    """
    guichet = Guichet.objects.filter(pk=guichet_id).first()
    if guichet is None:
        return 0
    relisibles = [nature.cle for nature in natures() if nature.relisible]
    fin = time.monotonic() + duree
    faites = 0
    with Clients(guichet) as clients:
        while time.monotonic() < fin and not arret.is_set():
            if operation := reserver(guichet):
                executer(operation, clients)
            elif operation := reserver_relecture(guichet, relisibles):
                relire(operation, clients)
            else:
                break
            faites += 1
    return faites
