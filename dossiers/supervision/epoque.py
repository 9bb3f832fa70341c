"""Which database this is, so that a restored one is never worked on before its doubtful operations are set apart.

A backup holds operations that were waiting when it was made and left since: a worker would send them again. Two signs
tell that the base went back; each closes it until `manage.py apres_restauration`:

- its identity, kept in a row, is not that of the database the row is in: one of cluster, database, table and timeline
  changes when a dump is restored, in place or elsewhere, or when a copy is promoted;
- the last number of the journal is under the one that the broker remembers: a snapshot of the disks was put back.

The second is lost when Redis is emptied, never wrong: a number is noted once it is durable.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from config import courtier
from dossiers.models import Epoque

logger = logging.getLogger(__name__)

#: SQL of the identity of the database. The name of a WAL file begins with the timeline.
IDENTITE = """concat_ws('/',
    (SELECT system_identifier FROM pg_control_system()),
    (SELECT oid FROM pg_database WHERE datname = current_database()),
    'dossiers_epoque'::regclass::oid,
    left(pg_walfile_name(pg_current_wal_lsn()), 8))"""
#: SQL of « the base is open », of the row of the époque.
OUVERTE = f"(identite = {IDENTITE} AND fermee_le IS NULL)"
_EST_OUVERTE = f"SELECT {OUVERTE} FROM dossiers_epoque WHERE id = 1"  # noqa: S608 - constants
_OUVRIR = f"""
INSERT INTO dossiers_epoque (id, identite, repere, ouverte_le, retenues)
VALUES (1, {IDENTITE}, gen_random_uuid(), now(), false) ON CONFLICT DO NOTHING
"""  # noqa: S608 - constants
_ROUVRIR = f"""
UPDATE dossiers_epoque SET identite = {IDENTITE}, repere = gen_random_uuid(), ouverte_le = now(), fermee_le = NULL,
       sauvegarde_du = %s, retenues = %s WHERE id = 1
"""  # noqa: S608 - constants
_DERNIER = "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('dossiers_evenement', 'id')::regclass), 0)"


def _un(requete: str) -> Any:
    with connection.cursor() as curseur:
        curseur.execute(requete)
        ligne = curseur.fetchone()
    return ligne[0] if ligne else None


def est_ouverte() -> bool:
    """Whether workers may work on this database. A new one is opened by the first who asks."""
    ouverte = _un(_EST_OUVERTE)
    if ouverte is None:
        with connection.cursor() as curseur:
            curseur.execute(_OUVRIR)
        ouverte = _un(_EST_OUVERTE)
    return bool(ouverte)


def fermer() -> None:
    """Let no worker work on this database any more."""
    if Epoque.objects.filter(pk=1, fermee_le=None).update(fermee_le=timezone.now()):
        logger.critical("la base est revenue en arrière : rien ne part avant « manage.py apres_restauration »")


def rouvrir(sauvegarde_du: Any, *, retenues: bool) -> None:
    """Make this database the one to work on, in the caller's transaction, under a new mark at the broker."""
    with connection.cursor() as curseur:
        curseur.execute(_OUVRIR)
        curseur.execute(_ROUVRIR, [sauvegarde_du, retenues])


@dataclass(frozen=True, slots=True)
class Temoin:
    """What the broker remembers of this database, read before the database itself.

    The order matters: `dernier`, read after `note`, is never under it unless the base went back; and it is noted once
    a transaction that follows it (the sign of life) was flushed, so that a crash cannot undo it.
    """

    cle: str
    note: int
    dernier: int

    @classmethod
    def lire(cls) -> Temoin:
        """Raises redis.RedisError, django.db.Error."""
        est_ouverte()
        cle = f"passerelle:repere:{Epoque.objects.values_list('repere', flat=True).get(pk=1)}"
        with courtier.client() as client:
            note = int(client.get(cle) or 0)
        return cls(cle, note, _un(_DERNIER))

    def confronter(self) -> None:
        """Close the base when it went back, note how far it is otherwise. Raises redis.RedisError."""
        if self.dernier < self.note:
            fermer()
            return
        with courtier.client() as client:
            client.set(self.cle, self.dernier)
