"""The check of the conservation law, asked for by a person and made by a worker: it reads every operation."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from dossiers.models import Collaborateur, ControleConservation, Evenement, journaliser
from dossiers.services.conservation import verifier
from dossiers.services.operations import exiger

PERMISSION = "dossiers.controler_battement"
#: A worker that holds the check longer than this is dead.
BAIL = timedelta(minutes=10)


def demander(*, par: Collaborateur) -> None:
    """Ask for a check; the result of the previous one is kept until its end. Raises PermissionDenied."""
    exiger(par, PERMISSION)
    champs = {"demande_le": timezone.now(), "demande_par": par, "commence_le": None}
    ControleConservation.objects.update_or_create(pk=1, defaults=champs)
    journaliser(Evenement.Type.MODIFICATION, "Contrôle de conservation des opérations demandé.", acteur=par)


def dernier() -> ControleConservation | None:
    """The last check asked for."""
    return ControleConservation.objects.select_related("demande_par").filter(pk=1).first()


def est_attendu(controle: ControleConservation) -> bool:
    """Whether its result is still to come."""
    return controle.fini_le is None or controle.fini_le < controle.demande_le


def _a_faire() -> QuerySet[ControleConservation]:
    return ControleConservation.objects.filter(
        Q(commence_le=None) | Q(commence_le__lt=timezone.now() - BAIL, fini_le=None), pk=1
    )


def reste_a_faire() -> bool:
    """Whether somebody waits for a check that no worker makes."""
    return _a_faire().exists()


def executer() -> None:
    """Make the check that was asked for, unless another worker took it."""
    if not _a_faire().update(commence_le=timezone.now(), fini_le=None):
        return
    bilan = verifier()
    lignes = [
        ("Opérations demandées (journal)", bilan.demandees, []),
        ("Opérations en base", bilan.lignes, []),
        ("Somme des états", bilan.somme, []),
        *((str(etat.label), nombre, []) for etat, nombre in bilan.par_etat.items()),
        *((faute.titre, faute.nombre, faute.exemples) for faute in bilan.fautes),
    ]
    ControleConservation.objects.filter(pk=1).update(
        fini_le=timezone.now(), conforme=bilan.conforme, bilan=[list(ligne) for ligne in lignes]
    )
