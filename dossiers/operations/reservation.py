"""Claiming: one short transaction, then the database is let go before any socket opens.

The row of the guichet is locked first, so that the cap on concurrent calls is exact; the statement that claims then
sees everything committed before it. Both go in one exchange with PostgreSQL, which runs them as one transaction, each
under its own snapshot. That transaction does not wait for the disk while it holds the guichet: sixteen loops would
queue behind one flush after another. The claim is made durable just after, still before any socket opens.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db import connection, models
from django.utils import timezone

from dossiers.models import NON_REGLEES, Dossier, Guichet, Operation

M = TypeVar("M", bound=models.Model)

_SANS_ATTENDRE = "SELECT set_config('synchronous_commit', 'off', true)"

# A transaction that writes and waits for the disk flushes all that was written before it, claim included.
_SUR_DISQUE = "SELECT pg_logical_emit_message(true, 'passerelle', '')"

_GUICHET = "SELECT 1 FROM dossiers_guichet WHERE id = %(guichet)s FOR NO KEY UPDATE"

# Calls allowed at once: none during a pause, one to try a credential that was failing, else its cap.
_PLACE_LIBRE = """(
   SELECT count(*) FROM dossiers_operation c WHERE c.guichet_id = %(guichet)s AND c.jeton IS NOT NULL) < (
   SELECT CASE WHEN g.pause_jusqu_au > %(maintenant)s THEN 0
               WHEN g.echecs_consecutifs >= %(seuil)s THEN 1
               ELSE g.plafond END
     FROM dossiers_guichet g WHERE g.id = %(guichet)s)"""

RESERVATION = f"""
UPDATE dossiers_operation
   SET etat = 'en_cours', jeton = %(jeton)s, bail_jusqu_au = %(bail)s, tentatives = tentatives + 1
 WHERE etat = 'en_attente' AND {_PLACE_LIBRE} AND id = (
   SELECT o.id FROM dossiers_operation o
    WHERE o.guichet_id = %(guichet)s AND o.etat = 'en_attente' AND o.pas_avant <= %(maintenant)s
      AND NOT EXISTS (SELECT 1 FROM dossiers_operation p
                       WHERE p.objet = o.objet AND p.etat = ANY(%(non_reglees)s)
                         AND (p.id < o.id OR p.etat <> 'en_attente'))
    ORDER BY o.pas_avant, o.id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING *
"""

RELECTURE = f"""
UPDATE dossiers_operation SET jeton = %(jeton)s, bail_jusqu_au = %(bail)s, relectures = relectures + 1
 WHERE etat = 'incertaine' AND jeton IS NULL AND {_PLACE_LIBRE} AND id = (
   SELECT o.id FROM dossiers_operation o
    WHERE o.guichet_id = %(guichet)s AND o.etat = 'incertaine' AND o.jeton IS NULL
      AND o.nature = ANY(%(relisibles)s) AND o.quarantaine_jusqu_au <= %(maintenant)s
    ORDER BY o.quarantaine_jusqu_au, o.id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING *
"""


def _colonnes(modele: type[models.Model], alias: str) -> str:
    return ", ".join(f'{alias}."{champ.column}"' for champ in modele._meta.concrete_fields)


_LECTURE = f"""SELECT {_colonnes(Operation, "prise")}, {_colonnes(Dossier, "d")}
  FROM prise LEFT JOIN dossiers_dossier d ON d.id = prise.dossier_id"""


def _instance(modele: type[M], valeurs: Iterator[Any]) -> M:
    """The next columns of a row as a model. Django asks psycopg for JSON as text, and parses it itself."""
    champs = modele._meta.concrete_fields
    lus = (
        json.loads(valeur) if isinstance(champ, models.JSONField) and isinstance(valeur, str) else valeur
        for champ, valeur in zip(champs, valeurs, strict=False)
    )
    return modele.from_db(connection.alias, [champ.attname for champ in champs], list(lus))


def _prendre(guichet: Guichet, requete: str, relisibles: list[str]) -> Operation | None:
    maintenant = timezone.now()
    jeton, bail = uuid.uuid4(), maintenant + timedelta(seconds=settings.OPERATIONS["bail"])
    with connection.cursor() as curseur:
        curseur.execute(
            f"{_SANS_ATTENDRE}; {_GUICHET}; WITH prise AS ({requete}) {_LECTURE}",
            {
                "guichet": guichet.pk,
                "jeton": jeton,
                "bail": bail,
                "maintenant": maintenant,
                "seuil": settings.OPERATIONS["disjoncteur_seuil"],
                "non_reglees": [etat.value for etat in NON_REGLEES],
                "relisibles": relisibles,
            },
        )
        while curseur.nextset():
            pass
        ligne = curseur.fetchone()
        if ligne is None:
            return None
        curseur.execute(_SUR_DISQUE)
    valeurs = iter(ligne)
    operation = _instance(Operation, valeurs)
    if operation.dossier_id is not None:
        operation.dossier = _instance(Dossier, valeurs)
    operation.guichet = guichet
    return operation


def reserver(guichet: Guichet) -> Operation | None:
    """Claim the next due operation of `guichet`, or None.

    An operation is due when its time has come and no earlier one on the same remote object is unsettled; the guichet
    must have a free place and no pause.
    """
    return _prendre(guichet, RESERVATION, [])


def reserver_relecture(guichet: Guichet, relisibles: list[str]) -> Operation | None:
    """Claim, for a read-back, the next uncertain operation of `guichet` whose quarantine is over, or None.

    Parameters
    ----------
    relisibles:
        Codes of the kinds that know how to read back.
    """
    return _prendre(guichet, RELECTURE, relisibles) if relisibles else None
