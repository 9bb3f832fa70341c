"""The conservation law of operations: nothing asked for is lost, settled twice, or held by nobody.

Everything is read in one statement, so that the figures are those of one instant while workers go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.db import connection
from django.utils import timezone

from dossiers.models import EN_VOL, REGLEES, Etat, Evenement

EXEMPLES = 10
_DEMANDE = Evenement.Type.OPERATION_DEMANDEE.value

#: What must never be found: French title, and the ids of what breaks it. The type of a settling event is `operation_`
#: followed by the state it tells.
FAUTES = {
    "Opérations sans événement de demande": """
        SELECT o.id FROM dossiers_operation o WHERE NOT EXISTS (
            SELECT 1 FROM dossiers_evenement e WHERE e.operation_id = o.id AND e.type = %(demande)s)""",
    "Opérations demandées plusieurs fois": """
        SELECT operation_id AS id FROM dossiers_evenement WHERE type = %(demande)s AND operation_id IS NOT NULL
         GROUP BY operation_id HAVING count(*) > 1""",
    "Événements de demande sans opération": """
        SELECT id FROM dossiers_evenement WHERE type = %(demande)s AND operation_id IS NULL""",
    "Opérations dans un état inconnu": "SELECT id FROM dossiers_operation WHERE etat <> ALL(%(etats)s)",
    "Lots dont le total n’est pas le nombre de leurs opérations": """
        SELECT l.id FROM dossiers_lot l
          LEFT JOIN (SELECT lot_id, count(*) AS nombre FROM dossiers_operation GROUP BY lot_id) o ON o.lot_id = l.id
         WHERE l.total <> COALESCE(o.nombre, 0)""",
    "Opérations en cours sans bail": """
        SELECT id FROM dossiers_operation WHERE etat = 'en_cours' AND (jeton IS NULL OR bail_jusqu_au IS NULL)""",
    "Opérations réglées sans événement de fin": """
        SELECT o.id FROM dossiers_operation o WHERE o.etat = ANY(%(reglees)s) AND NOT EXISTS (
            SELECT 1 FROM dossiers_evenement e WHERE e.operation_id = o.id AND e.type = 'operation_' || o.etat)""",
    "Opérations réglées plusieurs fois": """
        SELECT operation_id AS id FROM dossiers_evenement WHERE type = ANY(%(fins)s) AND operation_id IS NOT NULL
         GROUP BY operation_id HAVING count(*) > 1""",
    "Événements de fin que l’état de l’opération dément": """
        SELECT e.id FROM dossiers_evenement e LEFT JOIN dossiers_operation o ON o.id = e.operation_id
         WHERE e.type = ANY(%(fins)s) AND e.type IS DISTINCT FROM 'operation_' || o.etat""",
    "Opérations en vol ensemble sur un même objet": """
        SELECT o.id FROM dossiers_operation o WHERE o.etat = ANY(%(en_vol)s) AND EXISTS (
            SELECT 1 FROM dossiers_operation a
             WHERE a.objet = o.objet AND a.id <> o.id AND a.etat = ANY(%(en_vol)s))""",
}

_REQUETE = " UNION ALL ".join(
    [
        "SELECT 'demandees' AS quoi, count(*), NULL::bigint[] FROM dossiers_evenement WHERE type = %(demande)s",
        "SELECT 'lignes', count(*), NULL FROM dossiers_operation",
        "SELECT 'baux', count(*), NULL FROM dossiers_operation WHERE bail_jusqu_au < %(maintenant)s",
        "SELECT 'etat:' || etat, count(*), NULL FROM dossiers_operation GROUP BY etat",
        *(
            f"SELECT 'faute:{rang}', count(*), (array_agg(id ORDER BY id))[1:{EXEMPLES}] FROM ({requete}) f"  # noqa: S608
            for rang, requete in enumerate(FAUTES.values())
        ),
    ]
)


@dataclass(frozen=True, slots=True)
class Faute:
    """One breach of the law: how many rows break it, and the first ids."""

    titre: str
    nombre: int
    exemples: list[int]


@dataclass(frozen=True)
class Bilan:
    """The figures of one instant.

    Attributes
    ----------
    demandees:
        Operations asked for, as the journal tells.
    lignes:
        Rows of operations.
    par_etat:
        How many are in each known state.
    baux_depasses:
        Leases over their time: the next sweep takes them back. Not a breach.
    fautes:
        Every check with what it found, in the order of FAUTES.
    """

    demandees: int
    lignes: int
    par_etat: dict[Etat, int]
    baux_depasses: int
    fautes: list[Faute]

    @cached_property
    def somme(self) -> int:
        return sum(self.par_etat.values())

    @property
    def conforme(self) -> bool:
        """Asked for = rows = sum over the states, and no breach."""
        return self.demandees == self.lignes == self.somme and not any(faute.nombre for faute in self.fautes)


def verifier() -> Bilan:
    """Check the law over every operation. Reads only."""
    with connection.cursor() as curseur:
        curseur.execute(
            _REQUETE,
            {
                "demande": _DEMANDE,
                "etats": Etat.values,
                "reglees": [etat.value for etat in REGLEES],
                "en_vol": [etat.value for etat in EN_VOL],
                "fins": [f"operation_{etat.value}" for etat in REGLEES],
                "maintenant": timezone.now(),
            },
        )
        lu = {quoi: (nombre, exemples) for quoi, nombre, exemples in curseur.fetchall()}
    return Bilan(
        demandees=lu["demandees"][0],
        lignes=lu["lignes"][0],
        par_etat={etat: lu.get(f"etat:{etat.value}", (0, None))[0] for etat in Etat},
        baux_depasses=lu["baux"][0],
        fautes=[
            Faute(titre, lu[f"faute:{rang}"][0], lu[f"faute:{rang}"][1] or []) for rang, titre in enumerate(FAUTES)
        ],
    )
