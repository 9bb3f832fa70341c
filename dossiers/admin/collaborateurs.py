"""People of the practice. Nobody gives, or touches, more power than they have."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import Http404, HttpRequest, HttpResponse
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from config.admin import AdminCabinet
from config.exports import Colonne
from dossiers.admin.exports import ExportJournalise
from dossiers.admin.filtres import FiltreChoix
from dossiers.affichage import VIDE
from dossiers.models import Collaborateur
from dossiers.roles import ROLES

FICHE = ("Fiche", {"fields": ("username", "password")})
IDENTITE = ("Identité", {"fields": (("first_name", "last_name"), ("email", "login_loop"))})
DROITS = ("Droits", {"fields": ("is_active", "is_staff", "groups", "limite_au_portefeuille")})
DATES = ("Dates", {"fields": (("last_login", "date_joined"),)})
POUVOIR = ("Superutilisateur", {"fields": ("is_superuser", "user_permissions")})


class FiltreRole(FiltreChoix):
    title = "rôle"
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(role, role) for role in ROLES]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(groups__name=choix) if (choix := self.valeur()) else queryset


@admin.register(Collaborateur)
class CollaborateurAdmin(ExportJournalise, UserAdmin, AdminCabinet):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "nom_complet", "email", "login_loop", "roles", "limite_au_portefeuille", "is_active")
    list_filter = (FiltreRole, ("is_active", BooleanRadioFilter), ("limite_au_portefeuille", BooleanRadioFilter))
    search_fields = ("username", "first_name", "last_name", "email", "login_loop")
    search_help_text = "Identifiant, nom ou e-mail"
    ordering = ("username",)
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    add_fieldsets = (
        (None, {"fields": ("username", "usable_password", "password1", "password2")}),
        ("Identité", {"fields": (("first_name", "last_name"), ("email", "login_loop"))}),
        ("Droits", {"fields": ("is_staff", "groups", "limite_au_portefeuille")}),
    )
    colonnes_export = (
        Colonne("Identifiant", "username", texte=True),
        Colonne("Prénom", "first_name"),
        Colonne("Nom", "last_name"),
        Colonne("E-mail", "email"),
        Colonne("Identifiant Loop", "login_loop"),
        Colonne("Limité à son portefeuille", "limite_au_portefeuille"),
        Colonne("Actif", "is_active"),
        Colonne("Dernière connexion", "last_login"),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    @display(description="nom", ordering="last_name", empty_value=VIDE)
    def nom_complet(self, personne: Collaborateur) -> str:
        return personne.get_full_name()

    @display(description="rôles")
    def roles(self, personne: Collaborateur) -> str:
        if personne.is_superuser:
            return "Superutilisateur"
        return ", ".join(groupe.name for groupe in personne.groups.all()) or VIDE

    def get_fieldsets(self, request: HttpRequest, obj: Collaborateur | None = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        ensembles = (FICHE, IDENTITE, DROITS, DATES)
        return (*ensembles, POUVOIR) if request.user.is_superuser else ensembles

    def has_change_permission(self, request: HttpRequest, obj: Collaborateur | None = None) -> bool:
        """A superuser is changed by another only: a new password would lend their power."""
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        if self.get_object(request, id) is None:
            raise Http404
        return super().user_change_password(request, id, form_url)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return not lookup.startswith("password") and AdminCabinet.lookup_allowed(self, lookup, value, request)
