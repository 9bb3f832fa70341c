"""The explicit gesture that a write in production needs: one box, asked with the same words everywhere.

The server is the judge: a POST without the box does nothing, and comes back with all it sent, ready to be confirmed.
A read of a remote system asks for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

#: Code of the environment in every table, and names of the environments inside a button.
PRODUCTION = "production"
EN_MOTS = {
    PRODUCTION: "production",
    "test": "test",
    "bac_a_sable": "bac à sable",
    "qualification": "qualification",
}
CHAMP, OUI = "production", "oui"
LIBELLE = "Je confirme agir en production"
CONSTAT = "Rien n’est parti."
CAUSE = "Ce geste écrit dans l’environnement de production, et la case qui le confirme n’est pas cochée."
REMEDE = f"Relisez, cochez « {LIBELLE} », puis confirmez : rien de ce que vous avez saisi n’est perdu."
#: What a browser sends for a ticked box: with our value, or with none.
COCHEE = frozenset({OUI, "on"})


def manque(environnement: str, envoi: Mapping[str, Any]) -> bool:
    """Whether a write in `environnement` was sent without the box that it needs."""
    return environnement == PRODUCTION and envoi.get(CHAMP) not in COCHEE


def en_mots(environnement: str) -> str:
    """Name of an environment as a button says it; "" for none."""
    return EN_MOTS.get(environnement, environnement)


class CaseProduction(forms.BooleanField):
    """The box, as a field of a form."""

    def __init__(self, **options: Any) -> None:
        manquante = (
            "Rien n’est parti : ce geste écrit en production. Relisez, puis cochez cette case pour agir en production."
        )
        super().__init__(**{"label": LIBELLE, "error_messages": {"required": manquante}} | options)
