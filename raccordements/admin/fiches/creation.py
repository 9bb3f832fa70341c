"""Creating a fiche as the portal does: partner, protocol, certificate(s), their analysis, then the rest."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import reverse

from config.televersement import trop_gros
from dossiers.services.erreurs import ActionImpossible
from raccordements.admin.fiches.base import FicheBase
from raccordements.admin.fiches.formulaires import CreationForm
from raccordements.admin.fiches.saisie import TROP_GROS
from raccordements.affichage import adresse_fiche
from raccordements.models import Generation, Genre
from raccordements.services import redaction


class PageCreation(FicheBase):
    """The page that creates a fiche of `genre`."""

    genre: str = ""

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        if not self.has_add_permission(request):
            raise PermissionDenied(redaction.AJOUTER)
        generation = settings.CHORUS_FICHE_API if self.genre == Genre.API else ""
        par: Any = request.user
        if request.method == "POST":
            formulaire = CreationForm(request.POST, request.FILES, par=par, genre=self.genre, generation=generation)
            return self._creer(request, formulaire)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        choisie = request.GET.get("structure", "")
        amorce = {"structure": int(choisie)} if choisie.isdecimal() and len(choisie) <= 18 else {}
        return self._page_creation(
            request, CreationForm(par=par, genre=self.genre, generation=generation, initial=amorce)
        )

    def _creer(self, request: HttpRequest, formulaire: CreationForm) -> HttpResponseBase:
        valable = formulaire.is_valid()
        if trop_gros(request) and "certificat_fichier" in formulaire.fields:
            formulaire.add_error("certificat_fichier", TROP_GROS)
            valable = False
        if not valable:
            return self._page_creation(request, formulaire)
        saisie, par = formulaire.saisie(), request.user
        try:
            fiche = redaction.creer(
                self.genre,
                formulaire.cleaned_data["structure"],
                saisie,
                par=par,  # type: ignore[arg-type]
                generation=formulaire.generation,
            )
        except ValidationError as refus:
            formulaire.add_error(None, refus.messages)
            return self._page_creation(request, formulaire)
        except ActionImpossible as refus:
            return self._page_creation(request, formulaire, refus)
        self.message_user(request, f"Brouillon n° {fiche.pk} créé.", messages.SUCCESS)
        analysee = bool(saisie.certificats)
        return redirect(adresse_fiche(fiche, "etape", "certificats") if analysee else adresse_fiche(fiche))

    def _page_creation(
        self, request: HttpRequest, formulaire: CreationForm, refus: ActionImpossible | None = None
    ) -> HttpResponse:
        reponse = self.page(
            request,
            "raccordements/creation.html",
            "Saisie Fiche de raccordement EDI" if self.genre == Genre.EDI else "Saisie Demande de raccordement API",
            formulaire=formulaire,
            media=self.media + formulaire.media,
            refus=refus,
            edi=self.genre == Genre.EDI,
            certificat=self.genre == Genre.API and formulaire.generation == Generation.CERTIFICAT,
            adresse_structure=(
                reverse("admin:raccordements_structure_add")
                if request.user.has_perm("raccordements.add_structure")  # type: ignore[union-attr]
                else ""
            ),
            retour=self.url("changelist"),
        )
        reponse.status_code = 409 if refus else 200
        return reponse
