"""Writing the outcome of many lines at once: one UPDATE for a batch (`bulk_update` of 1,000 rows is 1,000 WHENs)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from interlocuteurs.imports.verdicts import Jugement

_VERDICTS = """
    UPDATE interlocuteurs_ligneimport AS ligne
    SET verdict = lu.verdict, motif = lu.motif, empreinte = lu.empreinte, groupe = lu.groupe
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::int[])
        AS lu (id, verdict, motif, empreinte, groupe)
    WHERE ligne.id = lu.id
"""
_ISSUES = """
    UPDATE interlocuteurs_ligneimport AS ligne
    SET issue = lue.issue, motif = lue.motif, interlocuteur_id = lue.interlocuteur
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[])
        AS lue (id, issue, motif, interlocuteur)
    WHERE ligne.id = lue.id
"""


def noter_les_verdicts(lignes: Sequence[tuple[int, Jugement]]) -> None:
    """Write the judgement of each line (primary key, judgement) of a preview."""
    colonnes: list[list[Any]] = [
        [pk for pk, _ in lignes],
        [str(jugement.verdict) for _, jugement in lignes],
        [jugement.motif for _, jugement in lignes],
        [jugement.empreinte for _, jugement in lignes],
        [jugement.groupe for _, jugement in lignes],
    ]
    _ecrire(_VERDICTS, colonnes)


def noter_les_issues(lignes: Sequence[tuple[int, str, str, int | None]]) -> None:
    """Write what became of each line: primary key, issue, reason, contact."""
    _ecrire(_ISSUES, [list(colonne) for colonne in zip(*lignes, strict=True)])


def _ecrire(requete: str, colonnes: list[list[Any]]) -> None:
    if colonnes and colonnes[0]:
        with connection.cursor() as curseur:
            curseur.execute(requete, colonnes)
