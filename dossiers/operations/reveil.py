"""The nudge after commit. It never makes a web request wait for the broker, and may be lost: the sweep follows."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from django.db import transaction

from dossiers.models import Operation

logger = logging.getLogger(__name__)
_expediteur = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reveil")
_garde = threading.Lock()
_attente: dict[int, int] = {}


def _poster(messages: dict[int, int]) -> None:
    """Leave the messages to the sending thread.

    A broker that hangs costs it 5 to 6 seconds each time (measured: connection refused, and accepted but mute): what
    comes meanwhile is merged into one sending, so that neither the memory nor the end of the process pays for it.
    """
    with _garde:
        deja_prevenu = bool(_attente)
        for guichet_id, combien in messages.items():
            _attente[guichet_id] = max(combien, _attente.get(guichet_id, 0))
    if not deja_prevenu:
        _expediteur.submit(copy_context().run, _envoyer)


def _envoyer() -> None:
    from dossiers.tasks import PEREMPTION, travailler

    with _garde:
        messages = dict(_attente)
        _attente.clear()
    try:
        for guichet_id, combien in messages.items():
            for _ in range(combien):
                travailler.apply_async((guichet_id,), expires=PEREMPTION, retry=False)
    except Exception:
        logger.warning("courtier injoignable : le balayage prendra le relais", exc_info=True)


def reveiller(operations: list[Operation]) -> None:
    """After the current transaction commits, tell the workers to look at the guichets of these operations."""
    plafonds = {operation.guichet_id: operation.guichet.plafond for operation in operations}
    messages = {
        guichet_id: min(combien, plafonds[guichet_id])
        for guichet_id, combien in Counter(operation.guichet_id for operation in operations).items()
    }
    if messages:
        transaction.on_commit(lambda: _poster(messages))


def _envoyer_un_controle() -> None:
    from dossiers.tasks import PEREMPTION, controler_ecritures

    try:
        controler_ecritures.apply_async(expires=PEREMPTION, retry=False)
    except Exception:
        logger.warning("courtier injoignable : le balayage prendra le relais", exc_info=True)


def reveiller_les_controles() -> None:
    """After the current transaction commits, tell a worker that files of entries wait for their check."""
    transaction.on_commit(lambda: _expediteur.submit(copy_context().run, _envoyer_un_controle))
