"""The error catalogue: what the remotes say, and what a manager explains once for all."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from config.admin import AdminCabinet
from config.exports import Colonne
from dossiers.admin.exports import ExportJournalise
from dossiers.affichage import badge_choix, heure
from dossiers.models import Explication
from dossiers.services.catalogue import rediger

SUIVI = ("statut_affiche", "occurrences", "vue_affichee", "dernier_requete_id", "source")


class ExplicationForm(forms.ModelForm):
    """All three parts are asked for: an explanation that says what without why or what to do helps nobody."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for champ in ("constat", "cause", "remede"):
            if champ in self.fields:
                self.fields[champ].required = True


@admin.register(Explication)
class ExplicationAdmin(ExportJournalise, AdminCabinet):
    form = ExplicationForm
    list_display = ("motif_court", "systeme", "gravite", "statut_affiche", "occurrences", "vue_affichee")
    list_display_links = ("motif_court",)
    list_filter = (("statut", ChoicesDropdownFilter), ("systeme", ChoicesDropdownFilter))
    search_fields = ("motif", "constat")
    search_help_text = "Mots du message"
    ordering = ("systeme", "id")
    fieldsets = (
        ("Message reçu", {"fields": ("systeme", "motif", *SUIVI)}),
        ("Explication", {"fields": ("gravite", "constat", "cause", "remede")}),
        ("Rédaction", {"fields": ("redigee_par", "redigee_le")}),
    )
    readonly_fields = ("systeme", "motif", *SUIVI, "redigee_par", "redigee_le")
    colonnes_export = (
        Colonne("Système", "systeme"),
        Colonne("Message", "motif"),
        Colonne("Statut", "statut"),
        Colonne("Ce qui s’est passé", "constat"),
        Colonne("Pourquoi", "cause"),
        Colonne("Que faire", "remede"),
        Colonne("Occurrences", "occurrences"),
        Colonne("Vue le", "vue_le"),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """An entry is born from a message received, or from the seeds."""
        return False

    @display(description="message", ordering="motif")
    def motif_court(self, explication: Explication) -> str:
        return str(explication)

    @display(description="statut", ordering="statut")
    def statut_affiche(self, explication: Explication) -> SafeString:
        return badge_choix(explication.statut, explication.get_statut_display())

    @display(description="vue le", ordering="vue_le")
    def vue_affichee(self, explication: Explication) -> str:
        return heure(explication.vue_le)

    def save_model(self, request: HttpRequest, obj: Explication, form: forms.ModelForm, change: bool) -> None:
        rediger(obj, par=request.user)
