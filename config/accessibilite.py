"""The public « Déclaration d'accessibilité », as RGAA 4.1 asks for it, and the measure it rests on.

The measure is a file that `make accessibilite PUBLIER=1` writes after a visit of every page; nothing is typed by hand.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

FICHIER = Path(__file__).with_name("accessibilite.json")
#: RGAA 4.1: without a valid audit of its criteria by people, a service is « non conforme », whatever a tool measures.
#: https://accessibilite.numerique.gouv.fr/obligations/declaration-accessibilite/
ETAT = "non conforme"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesure:
    """One visit of every page by axe-core: when, with which version, and how many elements broke a rule."""

    jour: dt.date
    version: str
    pages: int
    routes: int
    critiques: int
    graves: int
    moderes: int
    mineurs: int
    non_visitees: int

    @classmethod
    def lire(cls, texte: str) -> Mesure:
        """Read back what `ecrire` gave. Raises ValueError, KeyError, TypeError."""
        champs = json.loads(texte)
        return cls(**champs | {"jour": dt.date.fromisoformat(champs["jour"])})

    def ecrire(self) -> str:
        """JSON, one field a line."""
        champs = {nom: getattr(self, nom) for nom in self.__dataclass_fields__}
        return json.dumps(champs | {"jour": self.jour.isoformat()}, indent=4) + "\n"


@cache
def mesure() -> Mesure | None:
    """The measure published with this version of the product; None before the first."""
    return Mesure.lire(FICHIER.read_text(encoding="utf-8")) if FICHIER.is_file() else None


@require_safe
def declarer(request: HttpRequest) -> HttpResponse:
    """The statement, for anyone."""
    contexte = {"mesure": mesure(), "etat": ETAT, "contact": settings.ACCESSIBILITE_CONTACT}
    return render(request, "accessibilite.html", contexte)
