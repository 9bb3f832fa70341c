"""The sweep: what makes a lost message, a killed worker or a flushed broker cost seconds and never work."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone

from dossiers.models import CleApi, Etat, Operation
from dossiers.operations.registre import natures
from dossiers.operations.reglement import passer

LIMITE = 500


def expirer_les_baux() -> int:
    """Take back what a silent worker held. A write becomes uncertain; a harmless call goes back to waiting."""
    maintenant = timezone.now()
    expirees = Operation.objects.filter(bail_jusqu_au__lt=maintenant).select_related("dossier", "cle")[:LIMITE]
    reprises = 0
    for operation in expirees:
        if operation.etat == Etat.INCERTAINE:
            reprises += Operation.objects.filter(pk=operation.pk, jeton=operation.jeton).update(
                jeton=None, bail_jusqu_au=None
            )
        elif operation.definition.sans_risque:
            reprises += passer(operation, Etat.EN_ATTENTE, jeton=operation.jeton, pas_avant=maintenant)
        else:
            reprises += passer(
                operation,
                Etat.INCERTAINE,
                jeton=operation.jeton,
                quarantaine_jusqu_au=maintenant + timedelta(seconds=settings.OPERATIONS["quarantaine"]),
                famille=Operation.Famille.PASSAGERE,
                message="Le processus qui faisait l’appel s’est arrêté avant d’en noter la réponse.",
                texte=f"{operation.definition.intitule(operation)} : le processus s’est arrêté pendant l’appel, effet inconnu.",
            )
    return reprises


def confier_aux_personnes() -> int:
    """What cannot be read back goes to a person once its quarantine is over."""
    illisibles = [nature.cle for nature in natures() if not nature.relisible]
    incertaines = Operation.objects.filter(
        etat=Etat.INCERTAINE, jeton=None, quarantaine_jusqu_au__lte=timezone.now(), nature__in=illisibles
    ).select_related("dossier", "cle")[:LIMITE]
    return sum(
        passer(
            operation,
            Etat.A_VERIFIER,
            texte=f"{operation.definition.intitule(operation)} : aucune relecture possible, une personne doit vérifier.",
        )
        for operation in incertaines
    )


def travail_du() -> dict[int, int]:
    """For each key with due work and no pause: how many loops may usefully start now."""
    maintenant = timezone.now()
    relisibles = [nature.cle for nature in natures() if nature.relisible]
    cles = {
        cle.pk: cle
        for cle in CleApi.objects.only("plafond").filter(Q(pause_jusqu_au=None) | Q(pause_jusqu_au__lte=maintenant))
    }
    dues: Counter[int] = Counter()
    a_faire = Q(etat=Etat.EN_ATTENTE, pas_avant__lte=maintenant) | Q(
        etat=Etat.INCERTAINE, jeton=None, quarantaine_jusqu_au__lte=maintenant, nature__in=relisibles
    )
    for cle_id in cles:
        dues[cle_id] = Operation.objects.filter(a_faire, cle_id=cle_id)[: cles[cle_id].plafond].count()
    en_cours = dict(
        Operation.objects.filter(jeton__isnull=False).values_list("cle").annotate(n=Count("pk")).values_list("cle", "n")
    )
    return {
        cle_id: nombre
        for cle_id, combien in dues.items()
        if (nombre := min(combien, cles[cle_id].plafond - en_cours.get(cle_id, 0))) > 0
    }


def balayer() -> dict[int, int]:
    """One sweep. Returns the loops to start, by key."""
    expirer_les_baux()
    confier_aux_personnes()
    return travail_du()
