"""Asking who is there once more, before what is shown only once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from config.connexion import verifier_code
from dossiers.models import Collaborateur


@dataclass(frozen=True, slots=True, kw_only=True)
class Preuve:
    """That a person (primary key) gave their password, and their code if they have one, at this moment."""

    personne: int
    faite_le: datetime


def reauthentifier(request: HttpRequest, personne: Collaborateur, *, mot_de_passe: str, code: str = "") -> Preuve:
    """The proof that `personne` is the one in front of the screen.

    Wrong passwords count with those of the login page, and block in the same way (django-axes needs the request).

    Raises ValidationError by field.
    """
    reconnue = authenticate(request, username=personne.get_username(), password=mot_de_passe)
    if reconnue is None or reconnue.pk != personne.pk:
        raise ValidationError(
            {
                "mot_de_passe": "Le mot de passe est refusé : il est faux, ou trop d’essais viennent d’échouer. "
                "Saisissez celui de votre compte, ou patientez avant de recommencer."
            }
        )
    if TOTPDevice.objects.filter(user=personne, confirmed=True).exists():
        try:
            verifier_code(personne, code)
        except ValidationError as refus:
            raise ValidationError({"code": refus.messages}) from refus
    return Preuve(personne=personne.pk, faite_le=timezone.now())
