"""Personal data of one contact: export, printable page, erasure."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin.models import LogEntry
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from config.admin import AdminCabinet
from dossiers.affichage import VIDE, adresse, heure
from dossiers.models import Appel, Evenement, Operation
from dossiers.operations.registre import natures
from dossiers.services.erreurs import ActionImpossible
from interlocuteurs.admin.formulaires import AnonymisationForm
from interlocuteurs.models import Acces, Interlocuteur, LigneImport
from interlocuteurs.services import donnees
from interlocuteurs.telephone import afficher_telephone

TITRES = {
    "fiche": "Fiche",
    "acces": "Accès",
    "historique": "Historique de la fiche",
    "operations": "Opérations",
    "appels": "Appels à Loop (masqués)",
    "evenements": "Journal",
    "lots": "Lots",
}
#: A table of more columns is not legible on an A4 sheet.
COLONNES_MAX = 5
_CHAMPS = [
    champ
    for modele in (LogEntry, LigneImport, Appel, Evenement, Operation, Acces, Interlocuteur)
    for champ in modele._meta.concrete_fields
]
LIBELLES = {champ.name: str(champ.verbose_name) for champ in _CHAMPS} | {
    "pk": "numéro",
    "history_date": "date",
    "history_user": "modifié par",
    "requete_id": "requestid",
}
CHOIX = {champ.name: dict(champ.flatchoices) for champ in _CHAMPS if champ.choices}


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
    """One part of the export: facts, a table, or a record a block where a sheet of paper is too narrow for a table."""
    titre = TITRES.get(nom, capfirst(nom.replace("_", " ")))
    if isinstance(contenu, dict):
        return {"titre": titre, "fiches": [_faits(contenu)]}
    if contenu and len(contenu[0]) > COLONNES_MAX:
        return {"titre": titre, "fiches": [_faits(ligne) for ligne in contenu]}
    colonnes = [_libelle(cle) for cle in contenu[0]] if contenu else []
    lignes = [[_lisible(cle, valeur) for cle, valeur in ligne.items()] for ligne in contenu]
    return {"titre": titre, "colonnes": colonnes, "lignes": lignes}


def _faits(ligne: dict[str, Any]) -> list[tuple[str, str]]:
    return [(_libelle(cle), _lisible(cle, valeur)) for cle, valeur in ligne.items()]


def _libelle(cle: str) -> str:
    nom = cle.partition("__")[0]
    return capfirst(LIBELLES.get(nom, nom.replace("_", " ")))


def _lisible(cle: str, valeur: Any) -> str:
    if valeur is None or valeur == "":
        return VIDE
    if isinstance(valeur, bool):
        return "oui" if valeur else "non"
    if hasattr(valeur, "tzinfo"):
        return heure(valeur)
    if isinstance(valeur, list):
        return " · ".join(filter(None, map(str, valeur))) or VIDE
    if isinstance(valeur, dict):
        return " ; ".join(f"{_libelle(nom)} : {_lisible(nom, contenu)}" for nom, contenu in valeur.items())
    if cle in {"mobile", "fixe"}:
        return afficher_telephone(str(valeur))
    choix = {nature.cle: nature.libelle for nature in natures()} if cle == "nature" else CHOIX.get(cle, {})
    return str(choix.get(valeur, valeur))
