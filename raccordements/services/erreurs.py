from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dossiers.services.erreurs import ActionImpossible

if TYPE_CHECKING:
    from raccordements.services.risques import Risque


class ActionInterdite(ActionImpossible):
    """The table of statuses does not permit the action."""


class EditionPerimee(ActionImpossible):
    """The fiche was changed by someone since the page was read."""


class FicheBloquee(ActionImpossible):
    """At least one blocking risk: `risques` are those."""

    def __init__(self, constat: str, risques: Sequence[Risque]) -> None:
        super().__init__(constat, risques[0].quoi, risques[0].que_faire)
        self.risques = tuple(risques)


class EmpreinteDifferente(ActionImpossible):
    """The fiche is not what was submitted, or approved: nothing may leave."""


class ApprobationInterdite(ActionImpossible):
    """This person takes no decision on this version: they wrote it, or the one they stand for did."""
