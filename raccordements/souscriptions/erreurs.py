"""What refuses a gesture on lines and subscriptions, the database's own refusals included."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from dossiers.services.erreurs import ActionImpossible

if TYPE_CHECKING:
    from raccordements.models import Souscription

#: Why and what to do, by constraint of the database: two people may pass the same check at once.
_CAUSES = {
    "ligne_sans_chevauchement": (
        "Une ligne de ce niveau existe déjà au cabinet pour ce destinataire sur cette période.",
        "Terminez-la d’abord, ou choisissez d’autres dates.",
    ),
    "ligne_une_remplacante": ("Cette ligne est déjà remplacée par une autre.", "Ouvrez celle qui la remplace."),
    "souscription_sans_chevauchement": (
        "Cette ligne a déjà une souscription sur cette période.",
        "Terminez-la d’abord, ou choisissez d’autres dates.",
    ),
    "souscription_endpoint_exclusif": (
        "Cet endpoint est déjà celui d’une autre ligne, et Cegid OD en demande un par ligne.",
        "Demandez à la plateforme un endpoint propre à cette ligne.",
    ),
    "souscription_une_suite": (
        "Un changement de plateforme est déjà prévu pour cette souscription.",
        "Annulez-le d’abord pour en prévoir un autre.",
    ),
    "hote_unique": ("Cet hôte est déjà proposé ou admis pour cette plateforme.", "Rechargez la page."),
}


class EtapeInterdite(ActionImpossible):
    """The table of states does not permit the step, or the subscription moved since the page was read."""


class DejaSouscrite(ActionImpossible):
    """The line has a platform on these days: `souscription` is the one in the way."""

    def __init__(self, constat: str, souscription: Souscription) -> None:
        depuis = f"depuis le {souscription.debut:%d/%m/%Y}"
        jusque = f" jusqu’au {souscription.fin:%d/%m/%Y}" if souscription.fin else ""
        super().__init__(
            constat,
            f"« {souscription.plateforme.nom} » reçoit déjà pour cette ligne {depuis}{jusque}.",
            "Changez de plateforme depuis cette souscription, terminez-la, ou choisissez d’autres dates.",
        )
        self.souscription = souscription


@contextmanager
def refus_de_la_base(constat: str) -> Iterator[None]:
    """Turn the refusal of a constraint known here into an ActionImpossible; any other goes up. Opens a savepoint."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as exc:
        diagnostic = getattr(exc.__cause__, "diag", None)
        connue = _CAUSES.get(getattr(diagnostic, "constraint_name", None) or "")
        if connue is None:
            raise
        raise ActionImpossible(constat, *connue) from exc
