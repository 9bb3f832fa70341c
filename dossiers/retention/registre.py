"""The rules of retention. Each application registers its own; a rule whose days are 0 erases nothing.

A rule erases whole rows that nothing else rests on: the journal and the operations are never its matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from dossiers.models import Evenement, journaliser

#: Rows of one transaction, and of one rule in one run: a purge that was never made is made in several nights.
PAQUET, MAXIMUM = 1_000, 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Regle:
    """What one kind of row becomes with age.

    Attributes
    ----------
    cle, libelle:
        Key of its days in `settings.RETENTION`, and French name of the rows.
    garde:
        What is kept of them, in French, and why it is enough.
    anciennes:
        The rows that may go, from the instant before which they are old.
    """

    cle: str
    libelle: str
    garde: str
    anciennes: Callable[[datetime], QuerySet[Any]]

    @property
    def jours(self) -> int:
        """Days after which the rows go; 0: never."""
        return int(settings.RETENTION[self.cle])

    def a_effacer(self) -> QuerySet[Any] | None:
        """The rows that are old now; None when the rule is off."""
        return self.anciennes(timezone.now() - timedelta(days=self.jours)) if self.jours else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Garde:
    """What no rule erases, and why."""

    libelle: str
    raison: str


@dataclass(frozen=True, slots=True)
class Bilan:
    """What one rule found, or erased; `borne` tells that there is more."""

    regle: Regle
    nombre: int
    borne: bool


_regles: dict[str, Regle] = {}
_gardes: list[Garde] = []


def enregistrer(*regles: Regle | Garde) -> None:
    """Add rules. Raises ValueError for a key already taken, KeyError for a rule without days in the settings."""
    for regle in regles:
        if isinstance(regle, Garde):
            _gardes.append(regle)
            continue
        if regle.cle in _regles:
            raise ValueError(f"règle déjà enregistrée\u00a0: {regle.cle}")
        _ = settings.RETENTION[regle.cle]
        _regles[regle.cle] = regle


def regles() -> Sequence[Regle]:
    """Every rule, in the order of registration."""
    return tuple(_regles.values())


def gardes() -> Sequence[Garde]:
    """Everything that is never erased."""
    return tuple(_gardes)


def compter(regle: Regle, maximum: int = MAXIMUM) -> Bilan:
    """What a rule would erase in one run. Reads only."""
    anciennes = regle.a_effacer()
    nombre = 0 if anciennes is None else anciennes.order_by().values("pk")[: maximum + 1].count()
    return Bilan(regle, min(nombre, maximum), nombre > maximum)


def effacer(regle: Regle, maximum: int = MAXIMUM) -> Bilan:
    """Erase what a rule says, by batches of their own transaction, and write it in the journal.

    A run that is interrupted has erased whole batches; the next one goes on.
    """
    anciennes, nombre, fini = regle.a_effacer(), 0, False
    if anciennes is None:
        return Bilan(regle, 0, False)
    while nombre < maximum and not fini:
        lot = min(PAQUET, maximum - nombre)
        # In no order: an order by key would walk a whole table for the few rows that are old.
        pks = list(anciennes.order_by().values_list("pk", flat=True)[: lot + 1])
        fini = len(pks) <= lot
        with transaction.atomic():
            # Another run may have erased some of them.
            _, comptes = anciennes.filter(pk__in=pks[:lot]).delete()
            if effaces := comptes.get(anciennes.model._meta.label, 0):
                _journaliser(regle, effaces)
        nombre += effaces
    return Bilan(regle, nombre, not fini)


def _journaliser(regle: Regle, nombre: int) -> None:
    journaliser(
        Evenement.Type.MODIFICATION,
        f"Purge\u00a0: {regle.libelle.lower()} de plus de {regle.jours} jours, {nombre} effacés.",
        details={"purge": regle.cle, "nombre": nombre, "jours": regle.jours},
    )


def purger(maximum: int = MAXIMUM) -> list[Bilan]:
    """Apply every rule that the settings let work."""
    return [effacer(regle, maximum) for regle in regles() if regle.jours]
