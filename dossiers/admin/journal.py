"""The journal: who did what, on what, when. Read-only."""

from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from config.exports import Colonne
from dossiers.admin.filtres import FiltrePeriode
from dossiers.admin.lecture import AdminLecture
from dossiers.affichage import VIDE, ancre, heure
from dossiers.models import Dossier, Evenement
from dossiers.recherche import FORME_CODE


@admin.register(Evenement)
class EvenementAdmin(AdminLecture):
    # « 54 journal » is not French: the count has its own word.
    nom_des_lignes = "événements"
    list_display = ("date", "type", "texte", "dossier_affiche", "acteur")
    list_display_links = ("date",)
    list_select_related = ("dossier", "acteur")
    list_filter = (("type", ChoicesDropdownFilter), ("cree_le", FiltrePeriode))
    ordering = ("-id",)
    recherche = (
        (
            FORME_CODE,
            lambda evenements, terme: evenements.filter(
                dossier__in=Dossier.objects.order_by().filter(code__istartswith=terme).values("pk")
            ),
        ),
    )
    search_help_text = "Code du dossier"
    fields = readonly_fields = (
        "date",
        "type",
        "texte",
        "dossier_affiche",
        "operation_affichee",
        "lot_affiche",
        "guichet",
        "acteur",
        "details",
    )
    colonnes_export = (
        Colonne("Date", "cree_le"),
        Colonne("Type", "type"),
        Colonne("Texte", "texte"),
        Colonne("Code du dossier", "dossier__code", texte=True),
        Colonne("Opération", "operation_id"),
        Colonne("Lot", "lot_id"),
        Colonne("Acteur", "acteur__username"),
    )

    @display(description="date", ordering="cree_le")
    def date(self, evenement: Evenement) -> str:
        return heure(evenement.cree_le)

    @display(description="dossier")
    def dossier_affiche(self, evenement: Evenement) -> SafeString | str:
        if evenement.dossier is None:
            return VIDE
        return format_html('<a href="{}">{}</a>', ancre(evenement), evenement.dossier)

    @display(description="opération")
    def operation_affichee(self, evenement: Evenement) -> str:
        return f"N° {evenement.operation_id}" if evenement.operation_id else VIDE

    @display(description="lot")
    def lot_affiche(self, evenement: Evenement) -> str:
        return f"N° {evenement.lot_id}" if evenement.lot_id else VIDE
