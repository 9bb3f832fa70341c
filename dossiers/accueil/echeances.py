"""The deadlines on the home page: those of the next days, as a line and a figure.

One reading of the radar, kept on the request, serves them and the plot of the year.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from dossiers.accueil.lignes import minuit
from dossiers.accueil.registre import (
    Carte,
    Ligne,
    greffer_cartes,
    greffer_lignes,
)
from dossiers.echeances.radar import Criteres, Releve, jours_de_mois, relever
from dossiers.echeances.registre import sources_de

JOURS = 30


def relever_une_fois(request: Any) -> Releve:
    """The deadlines of the months to come that this person may see."""
    if not hasattr(request, "releve_des_echeances"):
        mois = Criteres(jours=jours_de_mois(timezone.localdate()))
        request.releve_des_echeances = relever(request.user, mois)
    releve: Releve = request.releve_des_echeances
    return releve


def prochaines(request: HttpRequest) -> list[Any]:
    """The marks of those that are past due, or within `JOURS` days; the soonest first."""
    jour = timezone.localdate()
    return [repere for repere in relever_une_fois(request).reperes if (repere.jour - jour).days <= JOURS]


def plafonnees(request: HttpRequest) -> bool:
    """Whether there are more of these than `prochaines` tells."""
    return relever_une_fois(request).plafonne(timezone.localdate() + timedelta(days=JOURS))


def adresse() -> str:
    """The radar, over the same days."""
    return f"{reverse('echeances')}?horizon={JOURS}"


@greffer_lignes
def lignes(request: HttpRequest) -> Iterator[Ligne]:
    """What ends soon: urgent once the first is past due."""
    if reperes := prochaines(request):
        yield Ligne(
            code="echeances",
            un=f"échéance dépassée, ou d’ici {JOURS}\u00a0jours",
            des=f"échéances dépassées, ou d’ici {JOURS}\u00a0jours",
            verbe="Préparer les échéances" if _agit(request) else "Consulter les échéances",
            adresse=adresse(),
            icone="event",
            urgente=reperes[0].jour < timezone.localdate(),
            nombre=len(reperes),
            plafonne=plafonnees(request),
            depuis=minuit(reperes[0].jour),
        )


@greffer_cartes
def cartes(request: HttpRequest) -> Iterator[Carte]:
    """The same figure, zero included, for who may see any deadline."""
    if sources_de(request.user):  # type: ignore[arg-type]
        yield Carte(
            code="echeances",
            titre=f"Échéances d’ici {JOURS}\u00a0jours, et dépassées",
            adresse=adresse(),
            icone="event",
            nombre=len(prochaines(request)),
            plafonne=plafonnees(request),
        )


def _agit(request: HttpRequest) -> bool:
    """Whether this person may take away at least one kind of deadline."""
    personne: Any = request.user
    return any(personne.has_perm(source.permission_remede) for source in sources_de(personne))
