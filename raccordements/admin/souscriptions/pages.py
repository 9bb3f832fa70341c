"""Ground of the pages that ask something, then act: nothing typed is lost when the act is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.urls import URLPattern, path, reverse

from config.admin import AdminCabinet
from dossiers.affichage import lien, phrase
from dossiers.models import Dossier
from dossiers.services.erreurs import ActionImpossible
from raccordements.admin.souscriptions.formulaires import ChoisirDossierForm
from raccordements.souscriptions.endpoints import EndpointRefuse
from raccordements.souscriptions.erreurs import DejaSouscrite

Vue = Callable[..., HttpResponseBase]
METHODES = ["GET", "HEAD", "POST"]


class PagesObjet(AdminCabinet):
    """One object among those the person sees (404), for a right (403), when it is possible (409)."""

    def page_a(self, chemin: str, vue: Vue, nom: str) -> URLPattern:
        """A page of this admin, behind its login."""
        return path(chemin, self.admin_site.admin_view(vue), name=f"{self.opts.app_label}_{self.opts.model_name}_{nom}")

    def url(self, nom: str, *arguments: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{nom}", args=arguments)

    def objet_permis(self, request: HttpRequest, object_id: str, permission: str) -> Any:
        """The object of the address. Raises Http404 out of sight, PermissionDenied without the right."""
        objet = self.objet_ou_404(request, object_id)
        exiger_droit(request, permission)
        return objet

    def dossier_demande(self, request: HttpRequest) -> Dossier | None:
        """The dossier that the address names, None when it names none. Raises Http404 out of sight."""
        numero = request.GET.get("dossier", "")
        if not numero:
            return None
        if not numero.isdecimal() or len(numero) > 18:
            raise Http404
        dossier: Dossier | None = dossiers_visibles(request).filter(pk=numero).first()
        if dossier is None:
            raise Http404
        return dossier

    def choisir_dossier(self, request: HttpRequest, titre: str) -> HttpResponse:
        """Which dossier, when the page was opened from the menu."""
        formulaire = ChoisirDossierForm(dossiers=dossiers_visibles(request))
        return self.page(
            request,
            "raccordements/souscriptions/choisir_dossier.html",
            titre,
            formulaire=formulaire,
            media=self.media + formulaire.media,
            retour=self.url("changelist"),
        )

    def saisir(
        self,
        request: HttpRequest,
        *,
        titre: str,
        bouton: str,
        formulaire: Callable[..., forms.Form],
        agir: Callable[[dict[str, Any]], HttpResponseBase],
        retour: str,
        initial: dict[str, Any] | None = None,
        exiger: Callable[[], object] = lambda: None,
        gabarit: str = "raccordements/souscriptions/saisie.html",
        **contexte: Any,
    ) -> HttpResponseBase:
        """A form and its act.

        Parameters
        ----------
        agir:
            Called with the cleaned data; what it raises is told at its field, or above the form.
        exiger:
            Raises ActionImpossible when the page has no sense now.
        """
        if request.method not in METHODES:
            return HttpResponseNotAllowed(METHODES)
        poste = request.method == "POST"
        saisie = formulaire(request.POST, request.FILES) if poste else formulaire(initial=initial or {})
        refus: ActionImpossible | None = None
        possible = False
        try:
            exiger()
            possible = True
            if poste and saisie.is_valid():
                return agir(saisie.cleaned_data)
        except EndpointRefuse as exc:
            saisie.add_error(next((nom for nom in ("endpoint", "hote") if nom in saisie.fields), None), phrase(exc))
        except ActionImpossible as exc:
            refus = exc
        except ValidationError as exc:
            refuser(saisie, exc)
        reponse = self.page(
            request,
            gabarit,
            titre,
            formulaire=saisie,
            media=self.media + saisie.media,
            multipart=saisie.is_multipart(),
            refus=refus,
            lien_refus=lien(refus.souscription, "Ouvrir cette souscription")
            if isinstance(refus, DejaSouscrite)
            else "",
            impossible=not possible,
            bouton=bouton,
            retour=retour,
            **contexte,
        )
        reponse.status_code = 409 if refus else 200
        return reponse


def exiger_droit(request: HttpRequest, permission: str) -> None:
    """Raises PermissionDenied."""
    if not request.user.has_perm(permission):  # type: ignore[union-attr]
        raise PermissionDenied(permission)


def dossiers_visibles(request: HttpRequest) -> QuerySet[Dossier]:
    visibles: QuerySet[Dossier] = (
        Dossier.objects.visibles_par(request.user)
        .select_related("cle")
        .defer("cle__client_secret", "cle__cle_abonnement")
    )
    return visibles


def refuser(formulaire: forms.Form, refus: ValidationError) -> None:
    """Tell a refusal at the fields that the form has, above it for the others."""
    if not hasattr(refus, "error_dict"):
        formulaire.add_error(None, refus.messages)
        return
    for champ, messages in refus.message_dict.items():
        formulaire.add_error(champ if champ in formulaire.fields else None, messages)
