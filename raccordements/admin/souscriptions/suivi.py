"""The part of the page of a subscription that moves: the two steps, and the operation under way."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from dossiers.affichage import badge, heure, lien
from dossiers.models import Etat
from raccordements.admin.souscriptions.affichage import badge_etat, badge_progres
from raccordements.models import Souscription
from raccordements.souscriptions import operations
from raccordements.souscriptions.etapes import EtatSouscription, Progres

_E = EtatSouscription
FAITE, EN_COURS, A_FAIRE = ("check_circle", "succes"), ("sync", "attente"), ("radio_button_unchecked", "neutre")


def contexte(request: HttpRequest, souscription: Souscription) -> dict[str, Any]:
    """State, steps, the operation that is not settled; `finie` when nothing moves by itself any more."""
    personne: Any = request.user
    operation = operations.operation_en_cours(souscription)
    # Read before its operation, the subscription may still be in a step that has just ended.
    finie = operation.etat == Etat.A_VERIFIER if operation else not souscription.en_cours
    progres = souscription.progres(timezone.localdate())
    return {
        "etat": badge_etat(souscription),
        "progres": badge_progres(progres),
        "fin_a_dire": progres is Progres.FIN_A_DIRE and operation is None,
        "etapes": _etapes(souscription),
        "message": souscription.message,
        "operation": operation,
        "lien_operation": lien(operation, f"Opération n° {operation.pk}")
        if operation and personne.has_perm("dossiers.view_operation")
        else "",
        "a_verifier": operation is not None and operation.etat == Etat.A_VERIFIER,
        "finie": finie,
        "adresse": reverse("admin:raccordements_souscription_avancement", args=[souscription.pk]),
    }


def _etapes(souscription: Souscription) -> list[tuple[str, SafeString, str]]:
    """The two steps and the end: title, badge, what is known."""
    etat = souscription.etat
    return [
        (
            "1. On-boarding du client",
            _badge(etat == _E.ONBOARDING, faite=souscription.onboardee_le is not None),
            _note(souscription.onboardee_le, souscription.numero_onboarding),
        ),
        (
            "2. Souscription par la plateforme",
            _badge(etat == _E.SOUSCRIPTION, faite=souscription.souscrite_le is not None),
            _note(souscription.souscrite_le, souscription.numero_distant),
        ),
        (
            "Fin",
            _badge(etat == _E.RESILIATION, faite=souscription.resiliee_le is not None),
            _note(souscription.resiliee_le, ""),
        ),
    ]


def _badge(en_cours: bool, *, faite: bool) -> SafeString:
    if en_cours:
        return badge("En cours", *EN_COURS)
    return badge("Faite", *FAITE) if faite else badge("Pas faite", *A_FAIRE)


def _note(instant: Any, numero: str) -> str:
    return ", ".join(filter(None, (heure(instant) if instant else "", f"n° {numero}" if numero else "")))
