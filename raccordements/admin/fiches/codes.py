"""The interface codes of a fiche: one row per code of the reference table, three radios when it is offered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.forms import BoundField
from django.utils.safestring import SafeString

from raccordements.admin.reference import badge_surete
from raccordements.models import CodeInterface, EnvironnementChorus, Mode

PREFIXE = "mode_"
FORME_CODE = re.compile(r"[A-Z]{3}[0-9]{4}[A-Z]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rangee:
    """One code of the table. `champ` is None when this environment does not offer it."""

    code: CodeInterface
    mode: str
    champ: BoundField | None
    environnements: str
    validite: str
    remarque: str
    surete: SafeString

    @property
    def mode_en_mots(self) -> str:
        return str(Mode(self.mode).label) if self.mode else "Sans réponse"


def champ_de(code: str) -> str:
    """Name of the field of a code."""
    return f"{PREFIXE}{code}"


def rangee(code: CodeInterface, mode: str, environnement: str, jour: date, champ: BoundField | None = None) -> Rangee:
    return Rangee(
        code=code,
        mode=mode,
        champ=champ,
        environnements=_environnements(code),
        validite=_validite(code),
        remarque=_remarque(code, environnement, jour),
        surete=badge_surete(code.surete),
    )


def rangees_lues(choix: Mapping[str, str], environnement: str, jour: date) -> list[Rangee]:
    """The table as a fiche answers it: every code offered, and those answered all the same."""
    return [
        rangee(code, choix.get(code.code, ""), environnement, jour)
        for code in CodeInterface.objects.all()
        if getattr(code, environnement) or code.code in choix
    ]


def _environnements(code: CodeInterface) -> str:
    offerts = [str(e.label) for e in EnvironnementChorus if getattr(code, e.value)]
    return ", ".join(offerts) or "Aucun"


def _validite(code: CodeInterface) -> str:
    bornes = [f"du {code.du:%d/%m/%Y}" if code.du else "", f"au {code.au:%d/%m/%Y}" if code.au else ""]
    return " ".join(filter(None, bornes)) or "Sans limite connue"


def _remarque(code: CodeInterface, environnement: str, jour: date) -> str:
    if not getattr(code, environnement):
        if environnement == EnvironnementChorus.PRODUCTION:
            return "Disponible uniquement sur l’espace de qualification."
        return "Disponible uniquement en production."
    return "" if code.valable(jour) else "Hors de sa période de validité."
