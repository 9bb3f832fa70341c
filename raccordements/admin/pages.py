"""Ground of the pages that hang on both admins of fiches: one fiche, one gesture, its confirmation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path

from config.admin import AdminCabinet
from dossiers.services.erreurs import ActionImpossible
from raccordements.affichage import adresse_fiche
from raccordements.models import Fiche
from raccordements.services.risques import faits, risques

Vue = Callable[..., HttpResponseBase]
LECTURE = ("GET", "HEAD")


class MotifForm(forms.Form):
    """Why, in one sentence."""

    motif = forms.CharField(
        label="Motif",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="En une phrase : il reste dans l’histoire de la fiche.",
    )


class PagesDeFiche(AdminCabinet):
    """One fiche among those the person sees (404), for a right (403), in the status that permits it (409)."""

    def page_de_fiche(self, chemin: str, vue: Vue, nom: str) -> URLPattern:
        return path(
            f"<path:object_id>/{chemin}",
            self.admin_site.admin_view(vue),
            name=f"{self.opts.app_label}_{self.opts.model_name}_{nom}",
        )

    def fiche_permise(self, request: HttpRequest, object_id: str, permission: str = "") -> Fiche:
        """The fiche of the address. Raises Http404 out of sight, PermissionDenied without the right."""
        fiche: Fiche = self.objet_ou_404(request, object_id)
        if not self.has_view_permission(request, fiche):
            raise PermissionDenied
        if permission and not request.user.has_perm(permission):  # type: ignore[union-attr]
            raise PermissionDenied(permission)
        return fiche

    def page_refus(self, request: HttpRequest, fiche: Fiche, refus: ActionImpossible) -> HttpResponse:
        """What is not possible now on this fiche, in three parts."""
        reponse = self.page(
            request,
            "raccordements/saisie_impossible.html",
            "Action impossible",
            fiche=fiche,
            refus=refus,
            retour=adresse_fiche(fiche),
        )
        reponse.status_code = 409
        return reponse

    def saisir(
        self,
        request: HttpRequest,
        fiche: Fiche,
        *,
        titre: str,
        bouton: str,
        formulaire: type[forms.Form],
        agir: Callable[[dict[str, Any]], str],
        initial: dict[str, Any] | None = None,
        exiger: Callable[[], object] = lambda: None,
        gabarit: str = "raccordements/saisie_formulaire.html",
        vers: str = "change",
        **contexte: Any,
    ) -> HttpResponseBase:
        """A page that asks, then acts: nothing typed is lost when the act is refused.

        Parameters
        ----------
        agir:
            Called with the cleaned data; returns the sentence to show on the page `vers` of the fiche.
        exiger:
            Raises ActionImpossible when the page has no sense now.
        """
        if request.method not in {*LECTURE, "POST"}:
            return HttpResponseNotAllowed([*LECTURE, "POST"])
        poste = request.method == "POST"
        saisie = formulaire(request.POST) if poste else formulaire(initial=initial or {})
        refus: ActionImpossible | None = None
        try:
            exiger()
        except ActionImpossible as exc:
            if not poste:
                return self.page_refus(request, fiche, exc)
            refus = exc
        if poste and refus is None and saisie.is_valid():
            try:
                dit = agir(saisie.cleaned_data)
            except ActionImpossible as exc:
                refus = exc
            else:
                self.message_user(request, dit, messages.SUCCESS)
                return redirect(adresse_fiche(fiche, vers))
        reponse = self.page(
            request,
            gabarit,
            titre,
            fiche=fiche,
            formulaire=saisie,
            refus=refus,
            bouton=bouton,
            retour=adresse_fiche(fiche),
            **contexte,
        )
        reponse.status_code = 409 if refus else 200
        return reponse


def risques_de(fiche: Fiche, fige: dict[str, Any] | None = None) -> list[Any]:
    """What is to be remarked now on a fiche, or on one of its frozen contents, the heaviest first."""
    return risques(faits(fiche, fige=fige))
