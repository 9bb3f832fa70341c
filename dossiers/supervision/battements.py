"""Signs of life: each worker and the clock write one row every few seconds; a silence shows on every page."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import Error, close_old_connections, connection
from django.db.models import Max
from django.utils import timezone
from redis import RedisError

from config import courtier, metriques
from config.journaux import processus
from config.sante import controler
from dossiers.models import Battement
from dossiers.supervision import epoque

logger = logging.getLogger(__name__)
Genre = Battement.Genre
#: A dead process is forgotten after this, the last of its genre excepted: it says since when nothing is done.
OUBLI = timedelta(hours=1)


def battre(genre: Genre, demarre_le: datetime, *, messages: int | None = None, compteurs: Any = ()) -> None:
    """Write that this process is alive, and forget those of its genre that died long ago.

    Parameters
    ----------
    demarre_le:
        When it started: a number of process is used again.
    messages:
        Messages waiting at the broker, None when unknown.
    compteurs:
        What it counted since it started, as `config.metriques.appels.releve`.
    """
    maintenant = timezone.now()
    Battement.objects.bulk_create(
        [
            Battement(
                genre=genre,
                nom=processus(),
                demarre_le=demarre_le,
                battu_le=maintenant,
                messages=messages,
                compteurs=compteurs,
            )
        ],
        update_conflicts=True,
        unique_fields=["genre", "nom"],
        update_fields=["demarre_le", "battu_le", "messages", "compteurs"],
    )
    Battement.objects.filter(genre=genre, battu_le__lt=maintenant - OUBLI).delete()


def derniers() -> dict[str, datetime]:
    """The last sign of life of each genre that ever gave one."""
    return dict(Battement.objects.order_by().values_list("genre").annotate(dernier=Max("battu_le")))


def est_silencieux(dernier: datetime | None) -> bool:
    """Whether a last sign of life is too old, or there was none."""
    return dernier is None or timezone.now() - dernier > timedelta(seconds=settings.SUPERVISION["silence"])


class Pouls(threading.Thread):
    """The thread of a worker that says it is alive, how long the queue is, and that the database did not go back."""

    def __init__(self) -> None:
        super().__init__(name="pouls", daemon=True)
        self._arret = threading.Event()
        self.demarre_le = timezone.now()

    def run(self) -> None:
        while True:
            try:
                close_old_connections()
                self.battre()
            except Error:
                logger.warning("signe de vie non écrit : la base ne répond pas")
            except Exception:
                # A thread that ends would make a worker that works look dead.
                logger.exception("signe de vie non écrit")
            if self._arret.wait(settings.SUPERVISION["battement"]):
                break
        connection.close()

    def battre(self) -> None:
        """One sign of life. Raises django.db.Error."""
        temoin, messages = None, None
        try:
            temoin = epoque.Temoin.lire()
            messages = courtier.longueur_de_la_file()
        except (RedisError, OSError):
            logger.warning("courtier injoignable : longueur de la file inconnue")
        battre(Genre.EXECUTANT, self.demarre_le, messages=messages, compteurs=metriques.appels.releve())
        if temoin is not None:
            try:
                temoin.confronter()
            except (RedisError, OSError):
                logger.warning("courtier injoignable : le repère de la base n’y est pas noté")

    def arreter(self) -> None:
        """End the thread, and forget this process when another one of its genre is alive."""
        self._arret.set()
        self.join(timeout=5)
        executants = Battement.objects.filter(genre=Genre.EXECUTANT)
        try:
            autres = executants.exclude(nom=processus()).aggregate(dernier=Max("battu_le"))
            if not est_silencieux(autres["dernier"]):
                executants.filter(nom=processus()).delete()
        except Error:
            logger.warning("processus arrêté, encore compté une heure : la base ne répond pas")


@controler("executant")
def _executant() -> str:
    return _silence(Genre.EXECUTANT, derniers())


@controler("horloge")
def _horloge() -> str:
    return _silence(Genre.HORLOGE, derniers())


@controler("restauration")
def _restauration() -> str:
    return "" if epoque.est_ouverte() else "base restaurée : lancez « manage.py apres_restauration »"


def _silence(genre: Genre, vus: Mapping[str, datetime]) -> str:
    dernier = vus.get(genre)
    if not est_silencieux(dernier):
        return ""
    return f"silence depuis le {timezone.localtime(dernier):%d/%m/%Y %H:%M:%S}" if dernier else "n’a jamais démarré"
