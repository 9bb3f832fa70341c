"""What every page says when the machine is silent: one cheap query, kept a few seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone

from dossiers.models import Battement
from dossiers.supervision.battements import est_silencieux
from dossiers.supervision.epoque import OUVERTE

_CACHE = "dossiers.supervision.bandeau"
_ETAT = f"""
SELECT (SELECT max(battu_le) FROM dossiers_battement WHERE genre = %s),
       (SELECT max(battu_le) FROM dossiers_battement WHERE genre = %s),
       (SELECT {OUVERTE} FROM dossiers_epoque WHERE id = 1)
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Bandeau:
    """What happened, why, what to do."""

    constat: str
    cause: str
    remede: str


def contexte(request: HttpRequest) -> dict[str, Callable[[], Bandeau | None]]:
    """Context processor: `bandeau`, looked for only where a page shows it."""
    return {"bandeau": bandeau_courant}


def bandeau_courant() -> Bandeau | None:
    """What to warn people of now, None when all is well."""
    gardee = cache.get(_CACHE)
    if gardee is None:
        gardee = (chercher(),)
        cache.set(_CACHE, gardee, settings.SUPERVISION["bandeau"])
    bandeau: Bandeau | None = gardee[0]
    return bandeau


def chercher() -> Bandeau | None:
    """The same, without what was kept. A restored base comes first, then the workers, then the clock."""
    with connection.cursor() as curseur:
        curseur.execute(_ETAT, [Battement.Genre.EXECUTANT, Battement.Genre.HORLOGE])
        executant, horloge, ouverte = curseur.fetchone()
    if ouverte is False:
        return Bandeau(
            "Rien ne part : cette base a été restaurée.",
            "Ce qui y attend a pu partir après la sauvegarde ; l’envoyer de nouveau le ferait en double.",
            "Un administrateur du serveur doit lancer « manage.py apres_restauration ».",
        )
    if est_silencieux(executant):
        return Bandeau(
            f"Les tâches ne partent {_depuis(executant)}.",
            "Aucun exécutant ne donne signe de vie. Rien n’est perdu : ce qui est demandé attend.",
            "Prévenez un administrateur du serveur : il redémarre l’exécutant, et le travail reprend seul.",
        )
    if est_silencieux(horloge):
        return Bandeau(
            f"Les tâches périodiques ne partent {_depuis(horloge)}.",
            "L’horloge ne donne pas signe de vie, ou le courtier de messages ne répond pas. Ce qui doit être repris ou "
            "relu attend ; rien n’est perdu.",
            "Prévenez un administrateur du serveur : il redémarre l’horloge, et vérifie le courtier.",
        )
    return None


def _depuis(dernier: datetime | None) -> str:
    if dernier is None:
        return "pas encore : rien n’a démarré sur cette base"
    return f"plus depuis le {timezone.localtime(dernier):%d/%m/%Y à %H:%M}"
