"""Delegations of approval: giving one until a date, revoking it, seeing what was decided by it."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from config.admin import bouton
from config.exports import Colonne
from dossiers.admin.filtres import FiltreChoix
from dossiers.admin.lecture import FicheLecture
from dossiers.affichage import adresse, badge, heure
from dossiers.models import Collaborateur
from raccordements.affichage import badge_de
from raccordements.models import Delegation, Fiche, Version
from raccordements.services import approbation

DECISIONS_MONTREES = 50
JOUR = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class DelegationForm(forms.Form):
    """To whom, until which day included."""

    delegue = forms.ModelChoiceField(
        label="À qui",
        queryset=Collaborateur.objects.none(),
        widget=UnfoldAdminSelectWidget,
        help_text="Cette personne approuvera en votre nom ; elle n’approuvera jamais ce qu’elle, ou vous, avez écrit.",
    )
    debut = forms.DateField(label="À partir du", required=False, widget=JOUR, help_text="Vide : dès maintenant.")
    fin = forms.DateField(label="Jusqu’au", widget=JOUR, help_text="Ce jour compris, à minuit.")
    motif = forms.CharField(label="Motif", required=False, max_length=200, help_text="Par exemple : congés.")

    def __init__(self, *args: Any, par: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choix: Any = self.fields["delegue"]
        choix.queryset = Collaborateur.objects.filter(is_active=True, is_staff=True).exclude(pk=par.pk)

    def clean_debut(self) -> datetime | None:
        jour = self.cleaned_data["debut"]
        return _minuit(jour) if jour and jour > timezone.localdate() else None

    def clean_fin(self) -> datetime:
        jour = self.cleaned_data["fin"]
        if jour < timezone.localdate():
            raise ValidationError("La délégation serait déjà finie : choisissez aujourd’hui ou un jour à venir.")
        if jour > timezone.localdate() + timedelta(days=366):
            raise ValidationError("Une délégation dure un an au plus : choisissez un jour plus proche.")
        return _minuit(jour + timedelta(days=1))


class FiltreEnCours(FiltreChoix):
    title = "état"
    parameter_name = "en_cours"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("oui", "En cours")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delegation]) -> QuerySet[Delegation]:
        return queryset.en_cours() if self.valeur() else queryset  # type: ignore[attr-defined]


@admin.register(Delegation)
class DelegationAdmin(FicheLecture):
    list_display = ("numero", "delegant", "delegue", "etat_affiche", "debut_affiche", "fin_affichee", "motif")
    list_display_links = ("numero",)
    list_select_related = ("delegant", "delegue")
    list_filter = (FiltreEnCours,)
    ordering = ("-id",)
    boutons = ("revoquer",)
    nom_export = "delegations"
    colonnes_export = (
        Colonne("Délégation", "pk"),
        Colonne("Délégant", "delegant__username", texte=True),
        Colonne("Délégué", "delegue__username", texte=True),
        Colonne("Du", "debut"),
        Colonne("Au", "fin"),
        Colonne("Motif", "motif", texte=True),
        Colonne("Révoquée le", "revoquee_le"),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_deleguer_permission(request)

    def has_deleguer_permission(self, request: HttpRequest) -> bool:
        personne: Any = request.user
        return bool(personne.has_perm(approbation.DELEGUER) and personne.has_perm(approbation.APPROUVER))

    @display(description="délégation")
    def numero(self, delegation: Delegation) -> str:
        return f"N° {delegation.pk}"

    @display(description="état")
    def etat_affiche(self, delegation: Delegation) -> SafeString:
        return badge_delegation(delegation)

    @display(description="du", ordering="debut")
    def debut_affiche(self, delegation: Delegation) -> str:
        return heure(delegation.debut)

    @display(description="jusqu’au", ordering="fin")
    def fin_affichee(self, delegation: Delegation) -> str:
        return heure(delegation.fin)

    def fiche(self, request: HttpRequest, objet: Delegation) -> HttpResponse:
        visibles = Fiche.objects.visibles_par(request.user)  # type: ignore[arg-type]
        decisions = (
            Version.objects.filter(delegation=objet, fiche__in=visibles)
            .select_related("fiche__structure", "decide_par")
            .defer("contenu")[:DECISIONS_MONTREES]
        )
        return self.page(
            request,
            "raccordements/approbations_delegation.html",
            f"Délégation de {objet.delegant} à {objet.delegue}",
            delegation=objet,
            etat=badge_delegation(objet),
            decisions=[(version, badge_de(Version.Etat(version.etat))) for version in decisions],
            boutons=self.boutons_de(request, objet),
        )

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        if not self.has_add_permission(request):
            raise PermissionDenied(approbation.DELEGUER)
        formulaire = DelegationForm(request.POST if request.method == "POST" else None, par=request.user)
        if request.method == "POST" and formulaire.is_valid():
            try:
                delegation = approbation.deleguer(**formulaire.cleaned_data, par=request.user)  # type: ignore[arg-type]
            except ValidationError as refus:
                formulaire.add_error(None, [str(message) for message in refus.messages])
            else:
                self.message_user(request, f"C’est noté : {delegation}.", messages.SUCCESS)
                return redirect(adresse(delegation))
        return self.page(
            request,
            "raccordements/approbations_deleguer.html",
            "Déléguer mes approbations",
            formulaire=formulaire,
            retour=reverse("admin:raccordements_delegation_changelist"),
        )

    # --- revoking --------------------------------------------------------------------------------------------------

    def boutons_de(self, request: HttpRequest, objet: Delegation) -> list[dict[str, Any]]:
        return super().boutons_de(request, objet) if objet.delegant_id == request.user.pk else []

    @bouton(
        "Révoquer",
        permission="deleguer",
        icone="cancel",
        variante="danger",
        confirmation="Révoquer cette délégation ? Ce qui a été décidé par elle le reste.",
        visible=lambda delegation: delegation.revoquee_le is None and delegation.fin > timezone.now(),
    )
    def revoquer(self, request: HttpRequest, delegation: Delegation) -> None:
        approbation.revoquer(delegation, par=request.user)  # type: ignore[arg-type]
        self.message_user(request, "La délégation est révoquée.", messages.SUCCESS)


def badge_delegation(delegation: Delegation) -> SafeString:
    """Where a delegation stands."""
    maintenant = timezone.now()
    if delegation.revoquee_le:
        return badge("Révoquée", "block", "neutre")
    if delegation.fin <= maintenant:
        return badge("Finie", "done", "neutre")
    if delegation.debut > maintenant:
        return badge("À venir", "schedule", "attente")
    return badge("En cours", "check_circle", "succes")


def _minuit(jour: Any) -> datetime:
    return timezone.make_aware(datetime.combine(jour, time()))
