"""Ends told without anybody asking: a planned last day that has come, and that Cegid OD does not know."""

from __future__ import annotations

import datetime as dt
import logging

from django.db import OperationalError, models, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils import timezone

from dossiers.models import Etat, Operation
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import creer
from raccordements.models import Souscription
from raccordements.natures.etapes_od import ResilierSouscription
from raccordements.natures.od import preparer
from raccordements.souscriptions import suivi
from raccordements.souscriptions.etapes import EtatSouscription
from raccordements.souscriptions.traces import verrouiller_ligne

logger = logging.getLogger(__name__)
#: Ends told in one turn: a turn is short, and the next one takes the rest.
LIMITE = 200


def dire_les_fins(*, limite: int = LIMITE) -> int:
    """Queue the end of the subscriptions whose last day is today or before. Returns how many were queued.

    The operation is the one that a person asks for: same order on the line, same read-back, same quarantine. What was
    refused, or taken back by a person, is not asked again the same day. Who planned the end had the right to.
    """
    return sum(_essayer(souscription) for souscription in _a_dire()[:limite])


def _a_dire() -> QuerySet[Souscription]:
    """Those in place whose end Cegid OD does not have, the oldest first; not those settled today, nor without a key."""
    jour = timezone.localdate()
    minuit = timezone.make_aware(dt.datetime.combine(jour, dt.time.min))
    du_jour = Operation.objects.filter(
        nature=ResilierSouscription.cle, etat__in=(Etat.ECHOUEE, Etat.ANNULEE), terminee_le__gte=minuit
    ).annotate(souscription=Cast(KeyTextTransform("souscription", "parametres"), models.BigIntegerField()))
    lues: QuerySet[Souscription] = (
        Souscription.objects.pour_liste()
        .filter(Q(fin_dite=None) | Q(fin_dite__gt=F("fin")), etat=EtatSouscription.SOUSCRITE, fin__lte=jour)
        .exclude(pk__in=du_jour.order_by().values("souscription"))
        .exclude(plateforme__cle_abonnement_defini_le=None)
        .order_by("fin", "pk")
    )
    return lues


def _essayer(souscription: Souscription) -> bool:
    """One that cannot be asked for does not hold back those behind it."""
    try:
        return _dire(souscription)
    except (ActionImpossible, OperationalError):
        logger.exception("souscription %s : sa fin n’a pas pu être demandée", souscription.pk)
        return False


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
