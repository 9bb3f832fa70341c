"""The judge of the explicit gesture that production needs, for the pages that show a refusal beside what was typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from config import production
from dossiers.services.erreurs import ActionImpossible


def exiger_confirmation(environnement: str, envoi: Mapping[str, Any]) -> None:
    """Raises ActionImpossible when `envoi` asks for a write in production without the box of `config.production`."""
    if production.manque(environnement, envoi):
        raise ActionImpossible(production.CONSTAT, production.CAUSE, production.REMEDE)
