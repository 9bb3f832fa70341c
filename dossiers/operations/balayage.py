"""The sweep: what makes a lost message, a killed worker or a flushed broker cost seconds and never work."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone

from dossiers.models import Etat, Guichet, Operation
from dossiers.operations.registre import natures
from dossiers.operations.reglement import passer
from dossiers.services.catalogue import expliquer

LIMITE = 500
PROCESSUS_ARRETE = "Le processus qui faisait l’appel s’est arrêté avant d’en noter la réponse."


def expirer_les_baux() -> int:
    """Take back what a silent worker held. A write becomes uncertain; a harmless call goes back to waiting.

    A harmless call whose worker falls silent each time is given up once its tries are used.
    """
    maintenant = timezone.now()
    fin = maintenant + timedelta(seconds=settings.OPERATIONS["quarantaine"])
    quarantaine: dict[str, Any] = {"quarantaine_jusqu_au": fin}
    expirees = Operation.objects.filter(bail_jusqu_au__lt=maintenant).select_related("dossier", "guichet")[:LIMITE]
    reprises = 0
    for operation in expirees:
        if operation.etat == Etat.INCERTAINE:
            champs = quarantaine if operation.definition.relecture_ecrit else {}
            reprises += Operation.objects.filter(pk=operation.pk, jeton=operation.jeton).update(
                jeton=None, bail_jusqu_au=None, **champs
            )
        elif operation.definition.sans_risque and operation.tentatives >= settings.OPERATIONS["tentatives"]:
            reprises += passer(
                operation,
                Etat.ECHOUEE,
                jeton=operation.jeton,
                famille=Operation.Famille.PASSAGERE,
                message=PROCESSUS_ARRETE,
                explication=expliquer(operation.definition.systeme, PROCESSUS_ARRETE),
                effet=partial(operation.definition.echouer, operation),
                texte=f"{operation.libelle} : échouée, le processus s’est arrêté à chaque essai.",
            )
        elif operation.definition.sans_risque:
            reprises += passer(operation, Etat.EN_ATTENTE, jeton=operation.jeton, pas_avant=maintenant)
        else:
            reprises += passer(
                operation,
                Etat.INCERTAINE,
                jeton=operation.jeton,
                **quarantaine,
                famille=Operation.Famille.PASSAGERE,
                message=PROCESSUS_ARRETE,
                explication=expliquer(operation.definition.systeme, PROCESSUS_ARRETE),
                texte=f"{operation.libelle} : le processus s’est arrêté pendant l’appel, effet inconnu.",
            )
    return reprises


def confier_aux_personnes() -> int:
    """What cannot be read back, or was so too often in vain, goes to a person once its quarantine is over."""
    illisibles = [nature.cle for nature in natures() if not nature.relisible]
    incertaines = Operation.objects.filter(
        Q(nature__in=illisibles) | Q(relectures__gte=settings.OPERATIONS["tentatives"]),
        etat=Etat.INCERTAINE,
        jeton=None,
        quarantaine_jusqu_au__lte=timezone.now(),
    ).select_related("dossier", "guichet")[:LIMITE]
    return sum(
        passer(
            operation,
            Etat.A_VERIFIER,
            texte=f"{operation.libelle} : aucune relecture possible, une personne doit vérifier.",
        )
        for operation in incertaines
    )


def travail_du() -> dict[int, int]:
    """For each guichet with due work and no pause: how many loops may usefully start now."""
    maintenant = timezone.now()
    relisibles = [nature.cle for nature in natures() if nature.relisible]
    ouverts = Guichet.objects.filter(Q(pause_jusqu_au=None) | Q(pause_jusqu_au__lte=maintenant))
    plafonds = dict(ouverts.order_by().values_list("pk", "plafond"))
    dues: Counter[int] = Counter()
    a_faire = Q(etat=Etat.EN_ATTENTE, pas_avant__lte=maintenant) | Q(
        etat=Etat.INCERTAINE, jeton=None, quarantaine_jusqu_au__lte=maintenant, nature__in=relisibles
    )
    for guichet_id, plafond in plafonds.items():
        dues[guichet_id] = Operation.objects.filter(a_faire, guichet_id=guichet_id)[:plafond].count()
    en_cours = dict(
        Operation.objects.filter(jeton__isnull=False)
        .values_list("guichet")
        .annotate(n=Count("pk"))
        .values_list("guichet", "n")
    )
    return {
        guichet_id: nombre
        for guichet_id, combien in dues.items()
        if (nombre := min(combien, plafonds[guichet_id] - en_cours.get(guichet_id, 0))) > 0
    }


class _Cadence:
    """Says yes once per interval, to whichever thread of this process asks first."""

    def __init__(self) -> None:
        self._garde = threading.Lock()
        self._prochain = 0.0

    def est_due(self) -> bool:
        with self._garde:
            if time.monotonic() < self._prochain:
                return False
            self._prochain = time.monotonic() + settings.OPERATIONS["balayage"]
            return True


cadence = _Cadence()


def regler_au_passage() -> None:
    """What a sweep settles, at most once per interval; called by the workers' loops.

    In a pool full of loops the sweeps, which are tasks too, wait and expire (seen: 22 seconds without one, at an
    interval of 1 second): leases and quarantines would last as long as the work does.
    """
    if cadence.est_due():
        expirer_les_baux()
        confier_aux_personnes()


def balayer() -> dict[int, int]:
    """One sweep. Returns the loops to start, by guichet."""
    expirer_les_baux()
    confier_aux_personnes()
    return travail_du()
