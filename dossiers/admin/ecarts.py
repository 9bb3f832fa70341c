"""Reconciliation with LoopHub: wanted, last known, observed; mended here or there through a plan."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from config.exports import Colonne
from dossiers.admin.filtres import FiltreCle, FiltreEcart
from dossiers.admin.lecture import FicheLecture
from dossiers.admin.plans import GestesAdmin, gestes_de
from dossiers.affichage import VIDE, badge_choix, heure, lien
from dossiers.models import Dossier, Ecart
from dossiers.recherche import FORME_CODE
from dossiers.sirene import afficher_siren

#: What a difference keeps of each field: what we want, what Loop last said, what it says now.
VERSIONS = ("voulu", "connu", "constate")


@admin.register(Ecart)
class EcartAdmin(FicheLecture, GestesAdmin):
    list_display = (
        "code",
        "classe_affichee",
        "dossier_affiche",
        "voulu",
        "connu",
        "constate",
        "etat_affiche",
        "releve_affiche",
    )
    list_display_links = ("code",)
    list_select_related = ("dossier",)
    list_filter = (FiltreEcart, ("classe", ChoicesDropdownFilter), FiltreCle)
    ordering = ("code", "id")
    recherche = ((FORME_CODE, lambda ecarts, terme: ecarts.filter(code__istartswith=terme)),)
    search_help_text = "Début du code"
    colonnes_export = (
        Colonne("Code", "code", texte=True),
        Colonne("Classe", "classe"),
        Colonne("État", "etat"),
        Colonne("Clé d’API", "cle__nom"),
        Colonne("Nom usuel ici", "dossier__nom_usuel"),
        Colonne("Différences", "champs"),
        Colonne("Relevé le", "releve_le"),
    )

    @display(description="classe", ordering="classe")
    def classe_affichee(self, ecart: Ecart) -> SafeString:
        return badge_choix(ecart.classe, ecart.get_classe_display())

    @display(description="état", ordering="etat")
    def etat_affiche(self, ecart: Ecart) -> SafeString:
        return badge_choix(ecart.etat, ecart.get_etat_display())

    @display(description="dossier")
    def dossier_affiche(self, ecart: Ecart) -> SafeString | str:
        return lien(ecart.dossier)

    @display(description="voulu")
    def voulu(self, ecart: Ecart) -> SafeString | str:
        return _colonne(ecart, "voulu")

    @display(description="dernier connu")
    def connu(self, ecart: Ecart) -> SafeString | str:
        return _colonne(ecart, "connu")

    @display(description="constaté")
    def constate(self, ecart: Ecart) -> SafeString | str:
        return _colonne(ecart, "constate")

    @display(description="relevé le", ordering="releve_le")
    def releve_affiche(self, ecart: Ecart) -> str:
        return heure(ecart.releve_le)

    def fiche(self, request: HttpRequest, objet: Ecart) -> HttpResponse:
        ecarts = Ecart.objects.select_related("dossier", "cle").defer("cle__client_secret", "cle__cle_abonnement")
        ecart = ecarts.get(pk=objet.pk)
        lignes = [
            (nom_du_champ(champ), {version: lisible(champ, valeurs.get(version)) for version in VERSIONS})
            for champ, valeurs in ecart.champs.items()
        ]
        gestes = gestes_de(self, request, ecart)
        return self.page(request, "dossiers/ecart.html", str(ecart), ecart=ecart, lignes=lignes, **gestes)


def nom_du_champ(champ: str) -> str:
    """French name of a field of a difference."""
    return str(Dossier._meta.get_field(champ).verbose_name)  # type: ignore[union-attr]


def lisible(champ: str, valeur: Any) -> str:
    """A value of a difference as a person reads it."""
    if not valeur:
        return VIDE
    return afficher_siren(valeur) if champ == "siren" and str(valeur).isdecimal() else str(valeur)


def _colonne(ecart: Ecart, version: str) -> SafeString | str:
    lignes = [
        (nom_du_champ(champ), lisible(champ, valeurs.get(version)))
        for champ, valeurs in ecart.champs.items()
        if version in valeurs
    ]
    if all(valeur == VIDE for _, valeur in lignes):
        return VIDE
    return format_html_join("", "<div>{} : {}</div>", lignes)
