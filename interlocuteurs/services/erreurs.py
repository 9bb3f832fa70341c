"""What refuses a change of a contact, with what the page needs to offer the way out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dossiers.services.erreurs import ActionImpossible
from interlocuteurs.models import Interlocuteur


class CourrielDejaPris(ActionImpossible):
    """The address is already that of a contact of this domain: `porteur`.

    `porteur_visible` says whether the person may see that contact; its name is not in the message.
    """

    def __init__(self, porteur: Interlocuteur, *, porteur_visible: bool) -> None:
        super().__init__(
            "L’interlocuteur n’a pas été enregistré.",
            f"L’adresse {porteur.email} est déjà celle d’un autre interlocuteur de ce domaine.",
            "Rattachez le dossier à l’interlocuteur qui la porte, ou saisissez une autre adresse.",
        )
        self.porteur, self.porteur_visible = porteur, porteur_visible


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of two versions of a record: when the form was opened, now, and as typed."""

    champ: str
    libelle: str
    base: Any
    eux: Any
    moi: Any

    @property
    def conflit(self) -> bool:
        """Whether both changed it, each their own way."""
        return self.moi != self.eux and self.base not in (self.moi, self.eux)


class CopiePerimee(ActionImpossible):
    """The record changed since the form was opened: nothing is written, both versions are shown.

    `differences`: every field that is not the same in the three versions; `actuelle`: the record now.
    """

    def __init__(self, actuelle: Interlocuteur, differences: list[Difference]) -> None:
        super().__init__(
            "Rien n’a été enregistré.",
            "Quelqu’un d’autre a modifié cet interlocuteur depuis que la page est ouverte.",
            "Comparez les deux versions ci-dessous, puis enregistrez de nouveau ce qui doit rester.",
        )
        self.actuelle, self.differences = actuelle, differences
