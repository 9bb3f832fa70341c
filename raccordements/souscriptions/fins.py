"""Ends told without anybody asking: a planned last day that has come, and that Cegid OD does not know."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from dossiers.services.operations import creer
from raccordements.models import Souscription
from raccordements.natures.etapes_od import ResilierSouscription
from raccordements.natures.od import preparer
from raccordements.souscriptions import suivi
from raccordements.souscriptions.etapes import EtatSouscription
from raccordements.souscriptions.traces import verrouiller_ligne

#: Ends told in one turn: a turn is short, and the next one takes the rest.
LIMITE = 200


def dire_les_fins(*, limite: int = LIMITE) -> int:
    """Queue the end of the subscriptions whose last day is today or before. Returns how many were queued.

    The operation is the one that a person asks for: same order on the line, same read-back, same quarantine. A refusal
    is not met again the same day; people see it on the subscription meanwhile. Who planned the end had the right to.
    """
    return sum(_dire(souscription) for souscription in _a_dire()[:limite])


def _a_dire() -> QuerySet[Souscription]:
    """Those in place whose end Cegid OD does not have, the oldest first; not those refused today, nor without a key."""
    jour = timezone.localdate()
    minuit = timezone.make_aware(dt.datetime.combine(jour, dt.time.min))
    lues: QuerySet[Souscription] = (
        Souscription.objects.pour_liste()
        .filter(Q(fin_dite=None) | Q(fin_dite__gt=F("fin")), etat=EtatSouscription.SOUSCRITE, fin__lte=jour)
        .exclude(~Q(message=""), modifiee_le__gte=minuit)
        .exclude(plateforme__cle_abonnement_defini_le=None)
        .order_by("fin", "pk")
    )
    return lues


@transaction.atomic
def _dire(souscription: Souscription) -> bool:
    """False when a person, or another turn, was faster."""
    verrouiller_ligne(souscription.ligne, None)
    actuelle = _a_dire().filter(pk=souscription.pk).first()
    if actuelle is None:
        return False
    suivi.commencer_resiliation(actuelle, par=None)
    creer([preparer(ResilierSouscription, actuelle, actuelle.plateforme.guichet, demandee_par=None)], par=None)
    return True
