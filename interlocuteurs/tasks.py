"""Celery tasks. A message carries the id of an import and says "look"; the row says what is left to do."""

from __future__ import annotations

import logging

from celery import shared_task
from kombu.exceptions import OperationalError

from interlocuteurs.imports import execution, services
from interlocuteurs.models import ImportInterlocuteurs

logger = logging.getLogger(__name__)
#: A message older than this is useless: the sweep has sent another.
PEREMPTION = 60


@shared_task(name="interlocuteurs.importer")
def importer(importation_id: int) -> None:
    """Go on with one import, then ask for another turn while lines are left."""
    if execution.avancer(importation_id):
        importer.apply_async((importation_id,), expires=PEREMPTION)


def lancer(importation: ImportInterlocuteurs) -> None:
    """Do what was confirmed: one batch here and now, more by a worker; without a broker, the sweep wakes one later."""
    if importation.restantes <= execution.PAQUET:
        execution.avancer(importation.pk)
        return
    try:
        importer.apply_async((importation.pk,), expires=PEREMPTION, retry=False)
    except OperationalError:
        logger.warning("courtier injoignable : le balayage prendra le relais", exc_info=True)


@shared_task(name="interlocuteurs.reprendre_imports")
def reprendre_imports() -> None:
    """Wake the imports that nobody holds, and erase the lines of the old ones."""
    for importation_id in execution.en_attente():
        importer.apply_async((importation_id,), expires=PEREMPTION)
    services.effacer_les_anciennes()
