"""The nudge after commit. It never makes a web request wait for the broker, and may be lost: the sweep follows."""

from __future__ import annotations

import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from django.db import transaction

from dossiers.models import Operation

logger = logging.getLogger(__name__)
_expediteur = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reveil")


def _envoyer(messages: dict[int, int]) -> None:
    from dossiers.tasks import PEREMPTION, travailler

    try:
        for cle_id, combien in messages.items():
            for _ in range(combien):
                travailler.apply_async((cle_id,), expires=PEREMPTION, retry=False)
    except Exception:
        logger.warning("courtier injoignable : le balayage prendra le relais", exc_info=True)


def reveiller(operations: list[Operation]) -> None:
    """After the current transaction commits, tell the workers to look at the keys of these operations."""
    plafonds = {operation.cle_id: operation.cle.plafond for operation in operations}
    messages = {
        cle_id: min(combien, plafonds[cle_id])
        for cle_id, combien in Counter(operation.cle_id for operation in operations).items()
    }
    if messages:
        transaction.on_commit(lambda: _expediteur.submit(_envoyer, messages))
