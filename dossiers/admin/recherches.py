"""Saved searches of every list: kept from the list itself, opened by a link, renamed and deleted by their owner."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.views.decorators.http import require_POST, require_safe
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from config.admin import AdminCabinet
from dossiers.affichage import badge, phrase
from dossiers.models import RechercheEnregistree
from dossiers.services import recherches as services
from dossiers.services.erreurs import ActionImpossible

PAGE = "admin:dossiers_rechercheenregistree"


class RechercheForm(forms.ModelForm):
    """The name and the sharing of a search; its criteria are those of the list it was kept from."""

    class Meta:
        model = RechercheEnregistree
        fields = ("nom", "partagee")
        widgets = {"nom": UnfoldAdminTextInputWidget, "partagee": UnfoldBooleanSwitchWidget}

    def clean_nom(self) -> str:
        nom: str = " ".join(self.cleaned_data["nom"].split())
        homonymes = RechercheEnregistree.objects.de_liste(self.instance.liste).filter(
            proprietaire=self.instance.proprietaire, nom=nom
        )
        if homonymes.exclude(pk=self.instance.pk).exists():
            contrainte = RechercheEnregistree._meta.constraints[0]
            raise forms.ValidationError(contrainte.get_violation_error_message())
        return nom


def listes_de(request: HttpRequest, site: admin.AdminSite) -> dict[str, ModelAdmin]:
    """The lists this person may open, by label of their model."""
    return {
        modele._meta.label_lower: page
        for modele, page in site._registry.items()
        if modele is not RechercheEnregistree and page.has_view_permission(request)
    }


@admin.register(RechercheEnregistree)
class RechercheEnregistreeAdmin(AdminCabinet):
    form = RechercheForm
    list_display = ("nom_affiche", "liste_affichee", "proprietaire", "partage_affiche")
    list_display_links = None
    list_select_related = ("proprietaire",)
    ordering = ("liste", "nom", "id")
    sortable_by: Sequence[str] = ()
    fields = ("nom", "partagee")

    # --- who sees what -------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[RechercheEnregistree]:
        # The name of a shared search may tell of a list that this person has no right to open.
        return super().get_queryset(request).filter(liste__in=list(listes_de(request, self.admin_site)))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(listes_de(request, self.admin_site))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A search is kept from the list it belongs to."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: RechercheEnregistree | None = None) -> bool:
        if obj is None:
            # Django asks so for one that is out of sight, which is a 404 and not a 403.
            return self.has_view_permission(request)
        return services.peut_changer(obj, request.user)  # type: ignore[arg-type]

    def has_delete_permission(self, request: HttpRequest, obj: RechercheEnregistree | None = None) -> bool:
        return obj is not None and services.peut_changer(obj, request.user)  # type: ignore[arg-type]

    # --- list ----------------------------------------------------------------------------------------------------

    @display(description="nom")
    def nom_affiche(self, recherche: RechercheEnregistree) -> SafeString:
        return format_html('<a class="underline" href="{}">{}</a>', recherche.adresse, recherche.nom)

    @display(description="liste")
    def liste_affichee(self, recherche: RechercheEnregistree) -> str:
        modele = apps.get_model(recherche.liste)
        titre = getattr(self.admin_site._registry[modele], "titre_recherche", "") or modele._meta.verbose_name_plural
        return capfirst(str(titre))

    @display(description="partage")
    def partage_affiche(self, recherche: RechercheEnregistree) -> SafeString:
        return badge("Cabinet", "group", "attente") if recherche.partagee else badge("Privée", "lock", "neutre")

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        @display(description="actions")
        def actions_affichees(recherche: RechercheEnregistree) -> SafeString | str:
            if not services.peut_changer(recherche, request.user):  # type: ignore[arg-type]
                return "—"
            return format_html(
                '<a class="underline" href="{}">Renommer</a> · <a class="underline" href="{}">Supprimer</a>',
                reverse(f"{PAGE}_change", args=[recherche.pk]),
                reverse(f"{PAGE}_delete", args=[recherche.pk]),
            )

        return [*self.list_display, actions_affichees]

    # --- writing -------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        vues = (
            ("enregistrer/", require_POST(self.vue_enregistrer), "enregistrer"),
            ("<int:pk>/ouvrir/", require_safe(self.vue_ouvrir), "ouvrir"),
        )
        adresses = [
            path(chemin, self.admin_site.admin_view(vue), name=f"dossiers_rechercheenregistree_{nom}")
            for chemin, vue, nom in vues
        ]
        return [*adresses, *super().get_urls()]

    def vue_ouvrir(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """The link that people send each other: it outlives a change of the criteria's spelling."""
        return redirect(self.objet_ou_404(request, str(pk)).adresse)

    def vue_enregistrer(self, request: HttpRequest) -> HttpResponseBase:
        liste = request.POST.get("liste", "")
        page = listes_de(request, self.admin_site).get(liste)
        if page is None:
            raise PermissionDenied
        instance = RechercheEnregistree(liste=liste, proprietaire=request.user)
        formulaire = RechercheForm(request.POST, instance=instance)
        criteres = request.POST.get("criteres", "")
        if formulaire.is_valid():
            try:
                recherche = services.enregistrer(
                    liste, criteres, self._connus(page, request), **formulaire.cleaned_data, par=request.user
                )
            except ActionImpossible as refus:
                formulaire.add_error(None, phrase(refus))
            else:
                self.message_user(request, f"Recherche « {recherche.nom} » enregistrée.", messages.SUCCESS)
                return redirect(recherche.adresse)
        retour = reverse("admin:{}_{}_changelist".format(*liste.split(".")))
        return self.page(
            request,
            "dossiers/recherche_enregistrer.html",
            "Enregistrer cette recherche",
            formulaire=formulaire,
            liste=liste,
            criteres=criteres,
            retour=retour,
        )

    def _connus(self, page: ModelAdmin, request: HttpRequest) -> set[str]:
        vierge = copy(request)
        vierge.GET = QueryDict()
        return services.parametres_de(page.get_changelist_instance(vierge))

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool) -> None:
        services.modifier(obj, **form.cleaned_data, par=request.user)

    def delete_model(self, request: HttpRequest, obj: RechercheEnregistree) -> None:
        services.supprimer(obj, par=request.user)  # type: ignore[arg-type]
