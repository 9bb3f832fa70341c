"""The numbers of the home page: one query for all, each count stopped at its cap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import DateTimeField, F, QuerySet, Value

from dossiers.admin.ecritures.graphique import INSECABLE, nombre


@dataclass(frozen=True, slots=True, kw_only=True)
class Compte:
    """How many rows, at most the cap that was asked; `plafonne`: there are others; date of the oldest counted."""

    nombre: int
    plafonne: bool = False
    depuis: datetime | None = None

    @property
    def affiche(self) -> str:
        """`12 345`, `plus de 1 000`."""
        return f"plus{INSECABLE}de{INSECABLE}{nombre(self.nombre)}" if self.plafonne else nombre(self.nombre)


@dataclass(frozen=True, slots=True, kw_only=True)
class ACompter:
    """Rows, the field that dates them (none: no date), the most to count. The oldest rows are counted first."""

    rangs: QuerySet[Any]
    date: str = ""
    plafond: int


def compter(demandes: Sequence[ACompter]) -> list[Compte]:
    """The count of each, in the same order, in one query."""
    morceaux: list[str] = []
    parametres: list[Any] = []
    for place, demande in enumerate(demandes):
        # By their date, of which an index bounds the rows: by primary key, PostgreSQL would walk the old ones first.
        rangs = demande.rangs.order_by(*filter(None, (demande.date,)))
        date = F(demande.date) if demande.date else Value(None, output_field=DateTimeField())
        try:
            sql, valeurs = rangs.values_list(date)[: demande.plafond + 1].query.sql_with_params()
        except EmptyResultSet:
            continue
        # Django's own SQL, its values apart.
        morceaux.append(f"SELECT {place}, count(*), min(d::timestamptz) FROM ({sql}) AS rangs(d)")  # noqa: S608
        parametres += valeurs
    lus: dict[int, tuple[int, datetime | None]] = {}
    if morceaux:
        with connection.cursor() as curseur:
            curseur.execute(" UNION ALL ".join(morceaux), parametres)
            lus = {place: (combien, depuis) for place, combien, depuis in curseur.fetchall()}
    return [_compte(demande, *lus.get(place, (0, None))) for place, demande in enumerate(demandes)]


def _compte(demande: ACompter, combien: int, depuis: datetime | None) -> Compte:
    return Compte(nombre=min(combien, demande.plafond), plafonne=combien > demande.plafond, depuis=depuis)
