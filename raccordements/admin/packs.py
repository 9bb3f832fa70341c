"""The hand-over pack: the sheet to type from, its files, and the form that notes the typing on the portal."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from dossiers.affichage import phrase
from dossiers.models import Evenement, journaliser
from dossiers.services.erreurs import ActionImpossible
from raccordements.admin.comptes import etapes_du_test
from raccordements.admin.pages import MotifForm, PagesDeFiche
from raccordements.affichage import adresse_fiche
from raccordements.models import Fiche, Version
from raccordements.services import envoi, operations, pack
from raccordements.services.envoi import Canal

JOUR = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
CODE_APPLI = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"})


class SaisieForm(forms.Form):
    """What the person did on the portal."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**63 - 1)
    jour = forms.DateField(label="Date de la saisie", widget=JOUR)
    code_appli = forms.CharField(
        label="Code appli partenaire",
        required=False,
        max_length=20,
        widget=CODE_APPLI,
        help_text="S’il est déjà affiché dans la liste du portail, par exemple VFE039.",
    )


class AbandonForm(MotifForm):
    """Why, and the version that the person holds; none while the machine has not taken it yet."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1, max_value=2**63 - 1)


class PagesPack(PagesDeFiche):
    """The pack of a version that a person types, and the end of that typing."""

    def get_urls(self) -> list[URLPattern]:
        page = self.page_de_fiche
        return [
            page("pack/", require_safe(self.vue_pack), "pack"),
            page("pack.zip", require_safe(self.vue_zip), "pack_zip"),
            page("pack/<slug:usage>.p7b", require_safe(self.vue_certificat), "pack_certificat"),
            page("pack/verifier/", require_POST(self.vue_verifier), "pack_verifier"),
            page("saisie/", require_POST(self.vue_saisie), "saisie"),
            page("abandonner/", self.vue_abandonner, "abandonner"),
            *super().get_urls(),
        ]

    def vue_pack(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        fiche = self.fiche_permise(request, object_id, envoi.ENVOYER)
        try:
            return self._page_pack(request, fiche)
        except ActionImpossible as refus:
            return self.page_refus(request, fiche, refus)

    def _page_pack(
        self,
        request: HttpRequest,
        fiche: Fiche,
        refus: ActionImpossible | None = None,
        saisie: SaisieForm | None = None,
    ) -> HttpResponse:
        """The sheet to type from; under it, while a person holds the version, the form that notes the typing."""
        version = version_du_pack(fiche)
        tenue = pack.canal_de_la_prise(fiche) is Canal.PORTAIL
        verification = operations.derniere_verification(fiche)
        reponse = self.page(
            request,
            "raccordements/pack.html",
            f"Dossier de saisie – {fiche}, version {version.numero}",
            fiche=fiche,
            pack=pack.preparer(fiche, version),
            tenue=tenue,
            saisie=saisie or SaisieForm(initial={"version": version.pk, "jour": timezone.localdate()}),
            verification=verification,
            etapes_verifiees=etapes_du_test(verification.details.get("etapes") or []) if verification else [],
            refus=refus,
            retour=adresse_fiche(fiche),
        )
        reponse.status_code = 409 if refus else 200
        return reponse

    def vue_zip(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The pack in one file, to work away from the screen."""
        fiche = self.fiche_permise(request, object_id, envoi.ENVOYER)
        try:
            prepare = pack.preparer(fiche, version_du_pack(fiche))
        except ActionImpossible as refus:
            return self.page_refus(request, fiche, refus)
        feuille = render_to_string("raccordements/pack_feuille_seule.html", {"fiche": fiche, "pack": prepare})
        nom = f"fiche_{fiche.pk}_version_{prepare.version.numero}.zip"
        journaliser_telechargement(request, fiche, nom)
        return telecharger(pack.archive(prepare, feuille), nom, "application/zip")

    def vue_certificat(self, request: HttpRequest, object_id: str, usage: str) -> HttpResponseBase:
        """One .p7b of the pack."""
        fiche = self.fiche_permise(request, object_id, envoi.ENVOYER)
        try:
            fichiers = pack.fichiers(version_du_pack(fiche))
        except ActionImpossible as refus:
            return self.page_refus(request, fiche, refus)
        trouve = next((fichier for fichier in fichiers if fichier.code == usage), None)
        if trouve is None:
            raise Http404
        return telecharger(trouve.octets, trouve.nom, "application/x-pkcs7-certificates")

    def vue_verifier(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Ask the API what it can say of the partner before a person types."""
        fiche = self.fiche_permise(request, object_id, envoi.ENVOYER)
        try:
            operation = operations.demander_verification_avant_saisie(fiche, par=request.user)  # type: ignore[arg-type]
        except ActionImpossible as refus:
            self.message_user(request, phrase(refus), messages.ERROR)
        else:
            self.message_user(
                request, f"La vérification est demandée (opération n° {operation.pk}) : rechargez cette page."
            )
        return redirect(adresse_fiche(fiche, "pack"))

    def vue_saisie(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Note that the version was typed on the portal."""
        fiche = self.fiche_permise(request, object_id, envoi.CONSTATER)
        saisie = SaisieForm(request.POST)
        refus: ActionImpossible | None = None
        if saisie.is_valid():
            try:
                pack.noter_saisie(fiche, **saisie.cleaned_data, par=request.user)  # type: ignore[arg-type]
            except ActionImpossible as exc:
                refus = exc
            else:
                self.message_user(request, "La saisie est notée : la fiche est envoyée.", messages.SUCCESS)
                return redirect(adresse_fiche(fiche))
        try:
            return self._page_pack(request, fiche, refus, saisie)
        except ActionImpossible as exc:
            return self.page_refus(request, fiche, refus or exc)

    def vue_abandonner(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Let go of a version that surely did not leave."""
        fiche = self.fiche_permise(request, object_id, envoi.ENVOYER)
        personne: Any = request.user

        def agir(saisie: dict[str, Any]) -> str:
            if pack.canal_de_la_prise(fiche) is Canal.PORTAIL:
                pack.abandonner_saisie(fiche, version=saisie["version"], motif=saisie["motif"], par=personne)
            else:
                operations.abandonner_transmission(fiche, motif=saisie["motif"], par=personne)
            return "L’envoi est abandonné : la version reste approuvée."

        return self.saisir(
            request,
            fiche,
            titre=f"Abandonner l’envoi – {fiche}",
            bouton="Abandonner l’envoi",
            formulaire=AbandonForm,
            initial={"version": fiche.version_en_envoi_id},
            exiger=lambda: exiger_un_envoi(fiche),
            agir=agir,
            danger=True,
            phrases=[
                "À n’utiliser que si la fiche n’a sûrement pas été soumise sur le portail.",
                "La version reste approuvée : elle pourra partir plus tard, telle quelle.",
            ],
        )


def journaliser_telechargement(request: HttpRequest, fiche: Fiche, nom: str) -> None:
    """Write in the journal who took a file about a fiche out of the product."""
    journaliser(
        Evenement.Type.EXPORT,
        f"Téléchargement de « {nom} » (fiche n° {fiche.pk}).",
        acteur=request.user,
        dossier=fiche.structure.dossier,
        details={"fiche": fiche.pk, "fichier": nom},
    )


def version_du_pack(fiche: Fiche) -> Version:
    """The version being typed, else the last that left. Raises ActionImpossible."""
    version = fiche.version_en_envoi or fiche.version_envoyee
    if version is None:
        raise ActionImpossible(
            "Le dossier de saisie n’est pas prêt.",
            "Aucun envoi de cette fiche n’est commencé.",
            "Faites approuver la fiche, puis choisissez « Préparer la saisie ».",
        )
    return version


def exiger_un_envoi(fiche: Fiche) -> None:
    """Raises ActionImpossible when nobody is sending the fiche, nor about to."""
    if fiche.version_en_envoi_id is None and operations.operation_d_envoi(fiche) is None:
        raise ActionImpossible(
            "L’envoi n’a pas été abandonné.",
            "La fiche n’est pas en cours d’envoi.",
            "Rechargez sa page : elle montre où elle en est.",
        )


def telecharger(octets: bytes, nom: str, type_mime: str) -> HttpResponse:
    """A file to keep, never shown by the browser."""
    reponse = HttpResponse(octets, content_type=type_mime)
    reponse["Content-Disposition"] = content_disposition_header(True, nom)
    reponse["Cache-Control"] = "no-store"
    reponse["X-Content-Type-Options"] = "nosniff"
    return reponse
