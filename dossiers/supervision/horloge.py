"""Celery's clock, which says that it is alive each time the broker took a message from it."""

from __future__ import annotations

import logging
import time
from typing import Any

from celery.beat import PersistentScheduler
from django.conf import settings
from django.db import Error, close_old_connections
from django.utils import timezone

from dossiers.models import Battement
from dossiers.supervision.battements import battre

logger = logging.getLogger(__name__)


class Horloge(PersistentScheduler):  # type: ignore[misc]
    """A tick that could hand nothing over gives no sign: a clock without broker is as silent as a dead one."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._demarre_le = timezone.now()
        self._prochain = 0.0
        super().__init__(*args, **options)

    def apply_async(self, *args: Any, **options: Any) -> Any:
        resultat = super().apply_async(*args, **options)
        if time.monotonic() >= self._prochain:
            self._prochain = time.monotonic() + settings.SUPERVISION["battement"]
            try:
                close_old_connections()
                battre(Battement.Genre.HORLOGE, self._demarre_le)
            except Error:
                logger.warning("signe de vie non écrit : la base ne répond pas")
        return resultat
