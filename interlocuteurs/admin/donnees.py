"""Personal data of one contact: export, printable page, erasure."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from config.admin import AdminCabinet
from dossiers.affichage import VIDE, adresse, heure
from dossiers.services.erreurs import ActionImpossible
from interlocuteurs.admin.formulaires import AnonymisationForm
from interlocuteurs.models import Interlocuteur
from interlocuteurs.services import donnees

TITRES = {
    "fiche": "Fiche",
    "acces": "Accès",
    "historique": "Historique de la fiche",
    "operations": "Opérations",
    "appels": "Appels à Loop (masqués)",
    "evenements": "Journal",
    "lots": "Lots",
}


class DonneesPersonnelles(AdminCabinet):
    """The pages of a contact that its rights on its data ask for."""

    def get_urls(self) -> list[URLPattern]:
        def page(chemin: str, vue: Any, nom: str) -> URLPattern:
            adresse_ = f"<path:object_id>/{chemin}"
            return path(adresse_, self.admin_site.admin_view(vue), name=f"interlocuteurs_interlocuteur_{nom}")

        return [
            page("donnees/", require_safe(self.vue_donnees), "donnees"),
            page("donnees.json", require_safe(self.vue_donnees_json), "donnees_json"),
            page("anonymiser/", self.vue_anonymiser, "anonymiser"),
            *super().get_urls(),
        ]

    def vue_donnees(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """All that is held on one person, to print."""
        interlocuteur = self.objet_ou_404(request, object_id)
        export = donnees.exporter_donnees(interlocuteur, par=request.user)  # type: ignore[arg-type]
        reponse = self.page(
            request,
            "interlocuteurs/donnees.html",
            f"Données personnelles de {interlocuteur.nom_complet}",
            interlocuteur=interlocuteur,
            exporte_le=export.pop("exporte_le"),
            exporte_par=export.pop("exporte_par"),
            sections=[_section(nom, contenu) for nom, contenu in export.items()],
        )
        reponse["Cache-Control"] = "no-store"
        return reponse

    def vue_donnees_json(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The same as JSON."""
        interlocuteur = self.objet_ou_404(request, object_id)
        export = donnees.exporter_donnees(interlocuteur, par=request.user)  # type: ignore[arg-type]
        reponse = JsonResponse(export, json_dumps_params={"ensure_ascii": False, "indent": 2})
        fichier = f"interlocuteur_{interlocuteur.pk}_{timezone.localdate():%Y-%m-%d}.json"
        reponse["Content-Disposition"] = content_disposition_header(True, fichier)
        reponse["Cache-Control"] = "no-store"
        return reponse

    def vue_anonymiser(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """What will be erased and what remains, the reason, then the erasure."""
        if request.method not in {"GET", "HEAD", "POST"}:
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        interlocuteur: Interlocuteur = self.objet_ou_404(request, object_id)
        if not request.user.has_perm("interlocuteurs.anonymiser_interlocuteur"):  # type: ignore[union-attr]
            return HttpResponse(status=403)
        if request.method != "POST":
            return self._page_anonymiser(request, interlocuteur, AnonymisationForm())
        formulaire = AnonymisationForm(request.POST)
        if not formulaire.is_valid():
            return self._page_anonymiser(request, interlocuteur, formulaire)
        try:
            donnees.anonymiser(interlocuteur, par=request.user, motif=formulaire.cleaned_data["motif"])  # type: ignore[arg-type]
        except ActionImpossible as refus:
            reponse = self._page_anonymiser(request, interlocuteur, formulaire, refus)
            reponse.status_code = 409
            return reponse
        self.message_user(request, "Les données personnelles de cet interlocuteur sont effacées.", messages.SUCCESS)
        return redirect(adresse(interlocuteur))

    def _page_anonymiser(
        self,
        request: HttpRequest,
        interlocuteur: Interlocuteur,
        formulaire: AnonymisationForm,
        refus: ActionImpossible | None = None,
    ) -> HttpResponse:
        return self.page(
            request,
            "interlocuteurs/anonymiser.html",
            f"Anonymiser {interlocuteur.nom_complet}",
            interlocuteur=interlocuteur,
            formulaire=formulaire,
            refus=refus,
            retour=adresse(interlocuteur),
        )


def _section(nom: str, contenu: Any) -> dict[str, Any]:
    titre = TITRES.get(nom, nom.replace("_", " ").capitalize())
    if isinstance(contenu, dict):
        return {"titre": titre, "faits": [(cle, _lisible(valeur)) for cle, valeur in contenu.items()]}
    colonnes = list(contenu[0]) if contenu else []
    return {
        "titre": titre,
        "colonnes": [colonne.replace("__", " ").replace("_", " ") for colonne in colonnes],
        "lignes": [[_lisible(ligne[colonne]) for colonne in colonnes] for ligne in contenu],
    }


def _lisible(valeur: Any) -> str:
    if valeur is None or valeur == "":
        return VIDE
    if isinstance(valeur, bool):
        return "oui" if valeur else "non"
    if hasattr(valeur, "tzinfo"):
        return heure(valeur)
    if isinstance(valeur, (dict, list)):
        return json.dumps(valeur, ensure_ascii=False, cls=DjangoJSONEncoder)
    return str(valeur)
