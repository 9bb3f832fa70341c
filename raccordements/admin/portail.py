"""Import of the portal's own results file, from the list of each kind: deposit, plan, confirmation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminFileFieldWidget

from config.admin import AdminCabinet
from config.televersement import trop_gros
from dossiers.affichage import badge
from dossiers.services.erreurs import ActionImpossible
from raccordements.models import EnvironnementChorus, FicheAPI, Genre
from raccordements.services import portail
from raccordements.services.envoi import CONSTATER
from raccordements.services.portail import PlanResultats, Verdict

LIGNES_MONTREES = 200
#: What asks for attention first: title, badge.
VERDICTS = {
    Verdict.NOTER: ("À noter", "edit_note", "attente"),
    Verdict.CONTRAIRE: ("Contraire", "difference", "alerte"),
    Verdict.INCOMPRIS: ("Pas compris", "help", "alerte"),
    Verdict.ANCIEN: ("Fichier antérieur à l’envoi", "history", "alerte"),
    Verdict.INTROUVABLE: ("Sans fiche", "search_off", "neutre"),
    Verdict.DEJA: ("Déjà connu", "remove", "neutre"),
}


class DepotForm(forms.Form):
    """The file, and what it does not say of itself."""

    fichier = forms.FileField(
        label="Fichier de résultats",
        help_text="Celui que donne « Exporter les résultats » du portail : CSV ou classeur Excel (.xlsx), avec ses "
        "titres. L’ordre des colonnes est libre, les colonnes inconnues sont ignorées.",
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.txt,.xlsx"}),
    )
    environnement = forms.ChoiceField(
        label="Il vient du portail de",
        choices=EnvironnementChorus.choices,
        widget=forms.RadioSelect,
        help_text="Le fichier ne le dit pas.",
    )
    exporte_le = forms.DateTimeField(
        label="Exporté le",
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M"],
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
        help_text="Une fiche partie après cet instant n’est pas jugée par ce fichier.",
    )

    def clean_exporte_le(self) -> Any:
        instant = self.cleaned_data["exporte_le"]
        if instant > timezone.now() + timedelta(minutes=1):
            raise forms.ValidationError("Cet instant est à venir : donnez celui de l’export.")
        return instant


class PagesPortail(AdminCabinet):
    """What the portal says of all the fiches at once."""

    list_before_template = "raccordements/portail_entete.html"

    def get_urls(self) -> list[URLPattern]:
        def page(chemin: str, vue: Any, nom: str) -> URLPattern:
            nom = f"{self.opts.app_label}_{self.opts.model_name}_{nom}"
            return path(chemin, self.admin_site.admin_view(vue), name=nom)

        return [
            page("resultats/", self.vue_resultats, "resultats"),
            page("resultats/confirmer/", require_POST(self.vue_confirmer), "resultats_confirmer"),
            *super().get_urls(),
        ]

    def vue_resultats(self, request: HttpRequest) -> HttpResponseBase:
        """Deposit the file, then see what it would note."""
        if request.method not in {"GET", "HEAD", "POST"}:
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        self._exiger(request)
        if request.method != "POST":
            return self._page_depot(request, DepotForm(initial={"exporte_le": timezone.localtime()}))
        if trop_gros(request):
            return self._page_depot(request, DepotForm(request.POST), _trop_gros())
        formulaire = DepotForm(request.POST, request.FILES)
        if not formulaire.is_valid():
            return self._page_depot(request, formulaire)
        saisie = formulaire.cleaned_data
        try:
            plan = portail.examiner(
                Path(saisie["fichier"].temporary_file_path()),
                saisie["fichier"].name,
                genre=Genre.API if self.model is FicheAPI else Genre.EDI,
                environnement=saisie["environnement"],
                exporte_le=saisie["exporte_le"],
                par=request.user,  # type: ignore[arg-type]
            )
        except ActionImpossible as refus:
            return self._page_depot(request, formulaire, refus)
        return self._page_plan(request, plan)

    def vue_confirmer(self, request: HttpRequest) -> HttpResponseBase:
        """Note what the plan said."""
        self._exiger(request)
        try:
            bilan = portail.confirmer(request.POST.get("plan", ""), par=request.user)  # type: ignore[arg-type]
        except ActionImpossible as refus:
            return self._page_depot(request, DepotForm(initial={"exporte_le": timezone.localtime()}), refus)
        return self.page(
            request, "raccordements/portail_bilan.html", "Résultats du portail notés", bilan=bilan, retour=self._liste()
        )

    def _exiger(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request) or not request.user.has_perm(CONSTATER):  # type: ignore[union-attr]
            raise PermissionDenied(CONSTATER)

    def _liste(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def _page_depot(
        self, request: HttpRequest, formulaire: DepotForm, refus: ActionImpossible | None = None
    ) -> HttpResponse:
        reponse = self.page(
            request,
            "raccordements/portail_depot.html",
            f"Importer les résultats du portail – {self.opts.verbose_name_plural}",
            formulaire=formulaire,
            refus=refus,
            adresse_depot=reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_resultats"),
            retour=self._liste(),
        )
        reponse.status_code = 409 if refus else 200
        return reponse

    def _page_plan(self, request: HttpRequest, plan: PlanResultats) -> HttpResponse:
        return self.page(
            request,
            "raccordements/portail_plan.html",
            f"Plan : résultats de « {plan.nom} »",
            plan=plan,
            environnement=EnvironnementChorus(plan.environnement),
            groupes=list(_groupes(plan)),
            scelle=plan.sceller(request.user) if plan.a_ecrire else "",  # type: ignore[arg-type]
            adresse_confirmer=reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_resultats_confirmer"),
            adresse_depot=reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_resultats"),
        )


def _groupes(plan: PlanResultats) -> Iterator[dict[str, Any]]:
    """What the file calls for, by verdict; the first `LIGNES_MONTREES` of each."""
    for verdict, (titre, icone, ton) in VERDICTS.items():
        if lignes := plan.de_verdict(verdict):
            yield {
                "code": verdict.value,
                "badge": badge(titre, icone, ton),
                "nombre": len(lignes),
                "lignes": lignes[:LIGNES_MONTREES],
            }


def _trop_gros() -> ActionImpossible:
    return ActionImpossible(
        "Le fichier n’a pas été lu.",
        f"Il dépasse {settings.TELEVERSEMENT_TAILLE_MAX // 2**20} Mo.",
        "Filtrez la recherche sur le portail, puis exportez-en moins à la fois.",
    )
