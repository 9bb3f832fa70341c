"""The reference data that comes with the product: interface codes and AIFE's network values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DONNEES = Path(__file__).resolve().parent.parent / "donnees"


def lire(fichier: str) -> list[dict[str, Any]]:
    """The rows of one file of `raccordements/donnees`."""
    lignes: list[dict[str, Any]] = json.loads((DONNEES / fichier).read_text(encoding="utf-8"))
    return lignes


def semer(apps: Any, schema_editor: Any) -> None:
    """Create the rows that are missing; those the practice has are left as it made them. For migrations."""
    code, reseau = (apps.get_model("raccordements", nom) for nom in ("CodeInterface", "ReferenceReseau"))
    for ligne in lire("codes_interface.json"):
        code.objects.get_or_create(code=ligne.pop("code"), defaults=ligne)
    for ligne in lire("reseau_aife.json"):
        cle = {nom: ligne.pop(nom) for nom in ("protocole", "environnement")}
        reseau.objects.get_or_create(**cle, defaults=ligne)
