"""Login with a password and, for who has switched it on, a one-time code; the page that switches it on and off."""

from __future__ import annotations

from base64 import b32encode, b64encode
from collections.abc import Callable, Sequence
from typing import Any

import qrcode
from django import forms
from django.contrib.admin import AdminSite
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_otp import login as otp_login
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from qrcode.image.svg import SvgPathImage
from unfold.forms import AuthenticationForm
from unfold.widgets import BASE_INPUT_CLASSES

NOMBRE_DE_CODES = 10
CODE_REQUIS = (
    "La double authentification est activée sur ce compte : le mot de passe ne suffit pas. "
    "Saisissez le code à 6 chiffres de votre application, ou un code de secours."
)
CODE_FAUX = (
    "Le code à usage unique est refusé : il est faux, expiré ou déjà utilisé. "
    "Saisissez le code affiché maintenant par votre application, ou un code de secours."
)
CODE_SUSPENDU = (
    "La vérification du code est suspendue : plusieurs codes faux viennent d’être saisis. "
    "Attendez une minute, puis saisissez le code affiché par votre application."
)


class FormulaireConnexion(AuthenticationForm):
    """Name and password, then the code when the account has a confirmed TOTP device.

    Six digits are tried on the application's device, anything else on the recovery codes: a code is never tried on a
    device it was not meant for, since each failure slows that device down (django-otp 1.7.5).
    """

    otp_token = forms.CharField(
        label="Code à usage unique (si activé)",
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "class": " ".join(BASE_INPUT_CLASSES)}),
    )

    def clean(self) -> dict[str, Any]:
        donnees = super().clean()
        personne = self.get_user()
        if personne is not None and TOTPDevice.objects.filter(user=personne, confirmed=True).exists():
            personne.otp_device = verifier_code(personne, donnees.get("otp_token", ""))
        return donnees


def verifier_code(personne: AbstractBaseUser, code: str) -> Device:
    """The device of `personne` that accepts `code`. Raises a French ValidationError when none does.

    The devices are locked while they are tried: one code opens one session, whatever the number of requests.
    """
    code = "".join(code.split()).lower()
    if not code:
        raise forms.ValidationError(CODE_REQUIS, code="code_requis")
    modele = TOTPDevice if len(code) == 6 and code.isdecimal() else StaticDevice
    with transaction.atomic():
        appareils = list(modele.objects.select_for_update().filter(user=personne, confirmed=True))
        permis = [appareil for appareil in appareils if appareil.verify_is_allowed()[0]]
        accepte = next((appareil for appareil in permis if appareil.verify_token(code)), None)
    if accepte is None:
        suspendu = bool(appareils) and not permis
        raise forms.ValidationError(
            CODE_SUSPENDU if suspendu else CODE_FAUX, code="code_suspendu" if suspendu else "code_faux"
        )
    return accepte


class FormulaireCode(forms.Form):
    """One code of the authenticator application, or a recovery code."""

    code = forms.CharField(
        label="Code affiché par l’application",
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "class": " ".join(BASE_INPUT_CLASSES)}
        ),
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def vue_double_authentification(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """« Mon compte > Double authentification »: switch it on with a QR code, renew recovery codes, switch it off."""
    if request.method == "POST":
        geste = GESTES.get(request.POST.get("geste", ""))
        if geste is None:
            raise BadRequest("geste inconnu")
        return geste(request, site)
    return _page(request, site, FormulaireCode())


def _commencer(request: HttpRequest, site: AdminSite) -> HttpResponse:
    if not _appareil(request.user):
        TOTPDevice.objects.get_or_create(user=request.user, confirmed=False, defaults={"name": "Application"})
    return redirect(f"{site.name}:double_authentification")


def _confirmer(request: HttpRequest, site: AdminSite) -> HttpResponse:
    formulaire = FormulaireCode(request.POST)
    if not formulaire.is_valid():
        return _page(request, site, formulaire)
    with transaction.atomic():
        appareil = TOTPDevice.objects.select_for_update().filter(user=request.user, confirmed=False).first()
        if appareil is None:
            return redirect(f"{site.name}:double_authentification")
        juste = appareil.verify_token("".join(formulaire.cleaned_data["code"].split()))
        if juste:
            appareil.confirmed = True
            appareil.save()
            codes = _renouveler_codes(request.user)
    if not juste:
        formulaire.add_error("code", CODE_FAUX)
        return _page(request, site, formulaire)
    otp_login(request, appareil)
    return _page(request, site, FormulaireCode(), codes=codes, fait="La double authentification est activée.")


def _codes(request: HttpRequest, site: AdminSite) -> HttpResponse:
    def agir() -> HttpResponse:
        codes = _renouveler_codes(request.user)
        return _page(request, site, FormulaireCode(), codes=codes, fait="Les anciens codes de secours ne valent plus.")

    return _avec_code(request, site, agir)


def _desactiver(request: HttpRequest, site: AdminSite) -> HttpResponse:
    def agir() -> HttpResponse:
        TOTPDevice.objects.filter(user=request.user).delete()
        StaticDevice.objects.filter(user=request.user).delete()
        return _page(request, site, FormulaireCode(), fait="La double authentification est désactivée.")

    return _avec_code(request, site, agir)


GESTES: dict[str, Callable[[HttpRequest, AdminSite], HttpResponse]] = {
    "commencer": _commencer,
    "confirmer": _confirmer,
    "codes": _codes,
    "desactiver": _desactiver,
}


def _avec_code(request: HttpRequest, site: AdminSite, agir: Callable[[], HttpResponse]) -> HttpResponse:
    formulaire = FormulaireCode(request.POST)
    if formulaire.is_valid():
        try:
            verifier_code(request.user, formulaire.cleaned_data["code"])
        except forms.ValidationError as refus:
            formulaire.add_error("code", refus)
        else:
            return agir()
    return _page(request, site, formulaire)


def _appareil(personne: AbstractBaseUser) -> TOTPDevice | None:
    return TOTPDevice.objects.filter(user=personne, confirmed=True).first()


def _renouveler_codes(personne: AbstractBaseUser) -> list[str]:
    with transaction.atomic():
        StaticDevice.objects.filter(user=personne).delete()
        appareil = StaticDevice.objects.create(user=personne, name="Codes de secours", confirmed=True)
        codes = [StaticToken.random_token() for _ in range(NOMBRE_DE_CODES)]
        StaticToken.objects.bulk_create(StaticToken(device=appareil, token=code) for code in codes)
    return codes


def _page(
    request: HttpRequest, site: AdminSite, formulaire: FormulaireCode, *, codes: Sequence[str] = (), fait: str = ""
) -> HttpResponse:
    actif = _appareil(request.user)
    en_cours = None if actif else TOTPDevice.objects.filter(user=request.user, confirmed=False).first()
    request.current_app = site.name
    return TemplateResponse(
        request,
        "admin/double_authentification.html",
        {
            **site.each_context(request),
            "title": "Double authentification",
            "formulaire": formulaire,
            "actif": actif,
            "en_cours": en_cours,
            "dessin": _dessin(en_cours.config_url) if en_cours else "",
            "cle": b32encode(en_cours.bin_key).decode() if en_cours else "",
            "codes": [f"{code[:4]} {code[4:]}" for code in codes],
            "codes_restants": StaticToken.objects.filter(device__user=request.user).count(),
            "fait": fait,
        },
    )


def _dessin(adresse: str) -> str:
    """The QR code of `adresse` as the address of an inline SVG image."""
    svg = qrcode.make(adresse, image_factory=SvgPathImage, box_size=12).to_string()
    return f"data:image/svg+xml;base64,{b64encode(svg).decode()}"
