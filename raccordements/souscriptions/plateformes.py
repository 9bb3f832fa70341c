"""Hosts of a platform's endpoints: one person proposes, another confirms, anyone of them withdraws."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from dossiers.models import Collaborateur, Evenement, journaliser
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import exiger
from raccordements.models import HoteAdmis, Plateforme
from raccordements.souscriptions import endpoints
from raccordements.souscriptions.erreurs import refus_de_la_base

PROPOSER, CONFIRMER = "raccordements.add_hoteadmis", "raccordements.confirmer_hoteadmis"


def proposer_hote(plateforme: Plateforme, hote: str, *, par: Collaborateur) -> HoteAdmis:
    """Propose a host for a platform; it serves once another person confirmed it.

    Raises PermissionDenied; EndpointRefuse; ActionImpossible when it is proposed or admitted already.
    """
    exiger(par, PROPOSER)
    normal = endpoints.normaliser_hote(hote)
    with refus_de_la_base("L’hôte n’a pas été proposé."):
        propose = HoteAdmis.objects.create(plateforme=plateforme, hote=normal, propose_par=par)
        _tracer(propose, "proposé", par)
    return propose


@transaction.atomic
def confirmer_hote(hote: HoteAdmis, *, par: Collaborateur) -> HoteAdmis:
    """Admit a host that another person proposed. Raises PermissionDenied, ActionImpossible."""
    exiger(par, CONFIRMER)
    actuel = _verrouiller(hote)
    if actuel.propose_par_id == par.pk:
        raise ActionImpossible(
            "L’hôte n’a pas été confirmé.",
            "Vous l’avez proposé : une autre personne doit le reconnaître.",
            "Demandez à un collègue de le vérifier auprès de la plateforme, puis de le confirmer.",
        )
    if actuel.confirme_le or actuel.retire_le:
        raise ActionImpossible("L’hôte n’a pas été confirmé.", "Il est déjà confirmé, ou retiré.", "Rechargez la page.")
    actuel.confirme_par, actuel.confirme_le = par, timezone.now()
    actuel.save(update_fields=["confirme_par", "confirme_le"])
    _tracer(actuel, "confirmé", par)
    return actuel


@transaction.atomic
def retirer_hote(hote: HoteAdmis, *, par: Collaborateur) -> HoteAdmis:
    """Withdraw a host at once: no endpoint of it is given to Cegid OD any more. Raises PermissionDenied."""
    exiger(par, PROPOSER)
    actuel = _verrouiller(hote)
    if actuel.retire_le is None:
        actuel.retire_par, actuel.retire_le = par, timezone.now()
        actuel.save(update_fields=["retire_par", "retire_le"])
        _tracer(actuel, "retiré", par)
    return actuel


def _verrouiller(hote: HoteAdmis) -> HoteAdmis:
    trouve: HoteAdmis | None = (
        HoteAdmis.objects.select_for_update(no_key=True, of=("self",))
        .select_related("plateforme")
        .defer("plateforme__cle_abonnement")
        .filter(pk=hote.pk)
        .first()
    )
    if trouve is None:
        raise PermissionDenied("raccordements.view_hoteadmis")
    return trouve


def _tracer(hote: HoteAdmis, quoi: str, par: Collaborateur) -> None:
    journaliser(
        Evenement.Type.MODIFICATION,
        f"Hôte {hote.hote} {quoi} pour la plateforme {hote.plateforme.nom}.",
        acteur=par,
        details={"plateforme": hote.plateforme_id, "hote": hote.pk},
    )
