"""How far the portfolio is: one query, each count capped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from dossiers.accueil.comptes import ACompter, compter
from dossiers.models import Collaborateur, Dossier
from raccordements.models import Souscription
from raccordements.souscriptions.etapes import Progres

PLAFOND = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Palier:
    """One place of the funnel: how many stand there, at most PLAFOND; `plafonne` tells that there are others.

    `progres` is None for the dossiers in service that have no subscription, neither over nor under way.
    """

    progres: Progres | None
    libelle: str
    nombre: int
    plafonne: bool


def dossiers_sans_souscription(par: Collaborateur) -> QuerySet[Dossier]:
    """Dossiers in service, with a SIREN, that have no subscription which is alive."""
    vivantes = Souscription.objects.vivantes().filter(dossier=OuterRef("pk"))
    sans: QuerySet[Dossier] = Dossier.objects.visibles_par(par).en_service().exclude(siren="").exclude(Exists(vivantes))
    return sans


def paliers(par: Collaborateur, *, jour: date | None = None) -> list[Palier]:
    """The funnel of the dossiers `par` may see, in its order, on `jour` (today)."""
    jour = jour or timezone.localdate()
    visibles = Souscription.objects.visibles_par(par)
    places: list[tuple[Progres | None, str, QuerySet[Any]]] = [
        (None, "Sans souscription", dossiers_sans_souscription(par)),
        *((progres, str(progres.label), visibles.au_stade(progres, jour)) for progres in Progres),
    ]
    comptes = compter([ACompter(rangs=rangs, plafond=PLAFOND) for *_, rangs in places])
    return [
        Palier(progres=progres, libelle=libelle, nombre=compte.nombre, plafonne=compte.plafonne)
        for (progres, libelle, _), compte in zip(places, comptes, strict=True)
    ]
