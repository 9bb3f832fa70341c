"""Claiming: one short transaction, then the database is let go before any socket opens.

The row of the key is locked first, so that the cap on concurrent calls is exact; the statement that claims then sees
everything committed before it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from dossiers.models import NON_REGLEES, CleApi, Operation

_CLE = "SELECT plafond, echecs_consecutifs, pause_jusqu_au FROM dossiers_cleapi WHERE id = %s FOR NO KEY UPDATE"

_EN_COURS = "(SELECT count(*) FROM dossiers_operation c WHERE c.cle_id = %(cle)s AND c.jeton IS NOT NULL) < %(places)s"

RESERVATION = f"""
UPDATE dossiers_operation SET etat = 'en_cours', jeton = %(jeton)s, bail_jusqu_au = %(bail)s, tentatives = tentatives + 1
 WHERE etat = 'en_attente' AND {_EN_COURS} AND id = (
   SELECT o.id FROM dossiers_operation o
    WHERE o.cle_id = %(cle)s AND o.etat = 'en_attente' AND o.pas_avant <= %(maintenant)s
      AND NOT EXISTS (SELECT 1 FROM dossiers_operation p
                       WHERE p.objet = o.objet AND p.id < o.id AND p.etat = ANY(%(non_reglees)s))
    ORDER BY o.pas_avant, o.id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id
"""

RELECTURE = f"""
UPDATE dossiers_operation SET jeton = %(jeton)s, bail_jusqu_au = %(bail)s, relectures = relectures + 1
 WHERE etat = 'incertaine' AND jeton IS NULL AND {_EN_COURS} AND id = (
   SELECT o.id FROM dossiers_operation o
    WHERE o.cle_id = %(cle)s AND o.etat = 'incertaine' AND o.jeton IS NULL
      AND o.nature = ANY(%(relisibles)s) AND o.quarantaine_jusqu_au <= %(maintenant)s
    ORDER BY o.quarantaine_jusqu_au, o.id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class EtatCle:
    """What the claim needs to know of a key, read under its lock."""

    plafond: int
    echecs: int
    pause_jusqu_au: datetime | None

    def places(self, maintenant: datetime) -> int:
        """Calls allowed at once: none during a pause, one to try a key that was failing, else its cap."""
        if self.pause_jusqu_au and self.pause_jusqu_au > maintenant:
            return 0
        if self.echecs >= settings.OPERATIONS["disjoncteur_seuil"]:
            return 1
        return self.plafond


def _prendre(cle: CleApi, requete: str, relisibles: list[str]) -> Operation | None:
    maintenant = timezone.now()
    jeton = uuid.uuid4()
    with transaction.atomic(), connection.cursor() as curseur:
        curseur.execute(_CLE, [cle.pk])
        ligne = curseur.fetchone()
        if ligne is None:
            return None
        places = EtatCle(*ligne).places(maintenant)
        if places == 0:
            return None
        curseur.execute(
            requete,
            {
                "cle": cle.pk,
                "jeton": jeton,
                "bail": maintenant + timedelta(seconds=settings.OPERATIONS["bail"]),
                "maintenant": maintenant,
                "places": places,
                "non_reglees": [etat.value for etat in NON_REGLEES],
                "relisibles": relisibles,
            },
        )
        prise = curseur.fetchone()
    if prise is None:
        return None
    operation = Operation.objects.select_related("dossier").get(pk=prise[0])
    # The lease may have expired and changed hands since the commit: the token of this claim is the one to answer with.
    operation.jeton = jeton
    operation.cle = cle
    return operation


def reserver(cle: CleApi) -> Operation | None:
    """Claim the next due operation of `cle`, or None.

    An operation is due when its time has come and no earlier one on the same remote object is unsettled; the key must
    have a free place and no pause.
    """
    return _prendre(cle, RESERVATION, [])


def reserver_relecture(cle: CleApi, relisibles: list[str]) -> Operation | None:
    """Claim, for a read-back, the next uncertain operation of `cle` whose quarantine is over, or None.

    Parameters
    ----------
    relisibles:
        Codes of the kinds that know how to read back.
    """
    return _prendre(cle, RELECTURE, relisibles) if relisibles else None
