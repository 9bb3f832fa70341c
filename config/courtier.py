"""A direct connection to the broker, for what Celery has no word for: whether it answers, how long its queue is."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry


def client(delai: float = 1.0) -> redis.Redis:
    """A client of the broker of `CELERY_BROKER_URL`; nothing is sent before its first command.

    Parameters
    ----------
    delai:
        Seconds to connect, then for each answer. A failure is not tried again: it raises redis.RedisError.
    """
    options: dict[str, Any] = {
        "socket_connect_timeout": delai,
        "socket_timeout": delai,
        "retry": Retry(NoBackoff(), 0),
        "decode_responses": True,
    }
    morceaux = urlsplit(settings.CELERY_BROKER_URL)
    if morceaux.scheme != "redis+socket":
        return redis.Redis.from_url(settings.CELERY_BROKER_URL, **options)
    base = parse_qs(morceaux.query).get("virtual_host", ["0"])[0]
    return redis.Redis(unix_socket_path=unquote(morceaux.path), db=int(base), **options)


def longueur_de_la_file(delai: float = 1.0) -> int:
    """How many messages wait in the queue of the tasks. Raises redis.RedisError."""
    with client(delai) as courtier:
        return int(courtier.llen(settings.CELERY_TASK_DEFAULT_QUEUE))
