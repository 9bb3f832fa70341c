"""Structures, the « partenaires » of the portal: by SIRET, verified by the Chorus Pro API, with their fiches."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from config.admin import AdminHistorise, bouton
from config.exports import Colonne
from dossiers import sirene
from dossiers.admin.exports import ExportJournalise
from dossiers.admin.filtres import FiltreChoix
from dossiers.affichage import badge, heure, lien, phrase
from dossiers.models import Evenement, journaliser
from dossiers.services.erreurs import ActionImpossible
from raccordements.admin.termes import RECHERCHE_STRUCTURE, FiltreUsageStructure
from raccordements.affichage import badge_environnement
from raccordements.models import Fiche, Structure
from raccordements.services import operations
from raccordements.services.structures import confirmer_espace

FICHES_MONTREES = 50
SIRET_COLLE_MAX = 60


class StructureForm(forms.ModelForm):
    siret = forms.CharField(
        label="SIRET",
        max_length=SIRET_COLLE_MAX,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        help_text="14 chiffres, avec ou sans espaces. Les structures fictives de la qualification sont admises.",
    )

    def clean_siret(self) -> str:
        return sirene.chiffres(self.cleaned_data["siret"])


class FiltreVerification(FiltreChoix):
    title = "vérification"
    parameter_name = "verification"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("jamais", "Jamais vérifiées"), ("inactives", "Inactives dans Chorus Pro")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Structure]) -> QuerySet[Structure]:
        choix = self.valeur()
        if choix == "jamais":
            return queryset.filter(verifiee_le=None)
        return queryset.filter(active=False) if choix == "inactives" else queryset


def _en_service(structure: Structure) -> bool:
    return structure.archivee_le is None


@admin.register(Structure)
class StructureAdmin(ExportJournalise, AdminHistorise):
    form = StructureForm
    change_form_template = "admin/raccordements/structure/change_form.html"
    list_display = ("siret_affiche", "designation", "environnement_affiche", "dossier_affiche", "chorus_affiche")
    list_display_links = ("siret_affiche",)
    list_select_related = ("dossier",)
    list_filter = (FiltreUsageStructure, ("environnement", ChoicesDropdownFilter), FiltreVerification)
    recherche = RECHERCHE_STRUCTURE
    search_help_text = "SIRET, SIREN ou désignation"
    ordering = ("siret", "environnement")
    autocomplete_fields = ("dossier",)
    boutons = ("verifier", "confirmer", "infirmer", "archiver", "remettre_en_service")
    fieldsets = (
        ("Structure", {"fields": (("siret", "environnement"), "designation")}),
        ("Au cabinet", {"fields": ("dossier", "compte")}),
        (
            "Raccordement en production",
            {"fields": (("editeur", "editeur_qualifie_le"), "tiers_teletransmission")},
        ),
    )
    colonnes_export = (
        Colonne("SIRET", "siret", texte=True),
        Colonne("Désignation", "designation"),
        Colonne("Environnement", "environnement"),
        Colonne("Code du dossier", "dossier__code", texte=True),
        Colonne("Statut dans Chorus Pro", "statut_lu"),
        Colonne("Active", "active"),
        Colonne("connexionEDI", "connexion_edi"),
        Colonne("idStructureCPP", "id_structure_cpp", texte=True),
        Colonne("Fin du mot de passe technique", "fin_mot_de_passe"),
        Colonne("Vérifiée le", "verifiee_le"),
        Colonne("Espace confirmé le", "espace_confirme_le"),
        Colonne("Archivée le", "archivee_le"),
    )

    # --- list ----------------------------------------------------------------------------------------------------

    @display(description="SIRET", ordering="siret")
    def siret_affiche(self, structure: Structure) -> str:
        return sirene.afficher_siret(structure.siret)

    @display(description="environnement", ordering="environnement")
    def environnement_affiche(self, structure: Structure) -> SafeString:
        return badge_environnement(structure)

    @display(description="dossier")
    def dossier_affiche(self, structure: Structure) -> SafeString | str:
        return lien(structure.dossier)

    @display(description="dans Chorus Pro", ordering="verifiee_le")
    def chorus_affiche(self, structure: Structure) -> SafeString:
        return badge_verification(structure)

    # --- form ----------------------------------------------------------------------------------------------------

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        champ = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if champ is not None and db_field.name == "compte":
            # A handful of accounts; their secrets are not read.
            champ.queryset = champ.queryset.en_service().defer("client_secret", "mot_de_passe")
        return champ

    def save_model(self, request: HttpRequest, obj: Structure, form: StructureForm, change: bool) -> None:
        if not change:
            obj.cree_par = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)
        if form.changed_data:
            champs = ", ".join(str(form.fields[champ].label).lower() for champ in form.changed_data)
            quoi = f"Structure {obj}"
            texte = f"{quoi} modifiée : {champs}." if change else f"{quoi} créée."
            self._journaliser(request, obj, Evenement.Type.MODIFICATION, texte)
        if obj.remarque_siret:
            self.message_user(request, f"Structure enregistrée, mais : {obj.remarque_siret}", messages.WARNING)

    def _journaliser(self, request: HttpRequest, structure: Structure, type_: Evenement.Type, texte: str) -> None:
        details = {"structure": structure.pk}
        journaliser(type_, texte, dossier=structure.dossier, acteur=request.user, details=details)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        structure: Structure | None = kwargs.get("obj")
        if structure is not None:
            context |= tableau_de_bord(request, structure)
        reponse = super().render_change_form(request, context, *args, **kwargs)
        reponse.context_data["boutons_de_la_structure"] = reponse.context_data.pop("boutons")
        return reponse

    # --- buttons -------------------------------------------------------------------------------------------------

    def has_confirmer_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("raccordements.confirmer_espace")

    @bouton(
        "Vérifier auprès de Chorus Pro",
        permission="verifier",
        icone="travel_explore",
        variante="primaire",
        visible=_en_service,
    )
    def verifier(self, request: HttpRequest, structure: Structure) -> None:
        try:
            operation = operations.demander_verification(structure, par=request.user)  # type: ignore[arg-type]
        except ActionImpossible as refus:
            self.message_user(request, phrase(refus), messages.ERROR)
        else:
            texte = (
                f"La vérification est demandée (opération n° {operation.pk}) : rechargez cette page dans un instant "
                "pour lire la réponse."
            )
            self.message_user(request, texte, messages.SUCCESS)

    @bouton(
        "Confirmer l’espace « Raccordement EDI et API »",
        permission="confirmer",
        icone="how_to_reg",
        confirmation="Avez-vous vu l’espace actif dans Chorus Pro, avec un utilisateur rattaché ?",
        visible=lambda structure: structure.espace_confirme_le is None,
    )
    def confirmer(self, request: HttpRequest, structure: Structure) -> None:
        self._confirmer(request, structure, actif=True)

    @bouton(
        "L’espace n’est plus actif",
        permission="confirmer",
        icone="person_off",
        visible=lambda structure: structure.espace_confirme_le is not None,
    )
    def infirmer(self, request: HttpRequest, structure: Structure) -> None:
        self._confirmer(request, structure, actif=False)

    def _confirmer(self, request: HttpRequest, structure: Structure, *, actif: bool) -> None:
        confirmer_espace(structure, par=request.user, actif=actif)  # type: ignore[arg-type]
        texte = (
            f"Espace « Raccordement EDI et API » de la structure {structure} noté "
            f"{'actif' if actif else 'non confirmé'}."
        )
        self._journaliser(request, structure, Evenement.Type.MODIFICATION, texte)
        self.message_user(request, texte, messages.SUCCESS)

    @bouton(
        "Archiver",
        icone="inventory_2",
        variante="danger",
        confirmation="Archiver cette structure ? Ses fiches restent ; on n’en créera plus pour elle.",
        visible=_en_service,
    )
    def archiver(self, request: HttpRequest, structure: Structure) -> None:
        self._archiver(request, structure, archive=True)

    @bouton("Remettre en service", icone="unarchive", visible=lambda structure: structure.archivee_le is not None)
    def remettre_en_service(self, request: HttpRequest, structure: Structure) -> None:
        self._archiver(request, structure, archive=False)

    def _archiver(self, request: HttpRequest, structure: Structure, *, archive: bool) -> None:
        structure.archivee_le = timezone.now() if archive else None
        structure.save(update_fields=["archivee_le"])
        texte = f"Structure {structure} {'archivée' if archive else 'remise en service'}."
        self._journaliser(request, structure, Evenement.Type.ARCHIVAGE, texte)
        self.message_user(request, texte, messages.SUCCESS)


def badge_verification(structure: Structure) -> SafeString:
    """What the API last said of a structure, and when."""
    if structure.verifiee_le is None:
        return badge("Pas vérifiée", "help", "neutre")
    le = heure(structure.verifiee_le)
    if structure.active:
        return badge(f"Active, {le}", "check_circle", "succes")
    if structure.active is False:
        return badge(f"Inactive, {le}", "block", "echec")
    return badge(f"Introuvable, {le}", "search_off", "alerte")


def tableau_de_bord(request: HttpRequest, structure: Structure) -> dict[str, Any]:
    """What the page of a structure shows above its form."""
    personne: Any = request.user
    fiches = Fiche.objects.visibles_par(personne).filter(structure=structure).select_related("structure")
    voit_fiches = personne.has_perm("raccordements.view_fiche")
    return {
        "structure": structure,
        "badge_environnement": badge_environnement(structure),
        "badge_verification": badge_verification(structure),
        "voit_fiches": voit_fiches,
        "fiches": list(fiches.order_by("-id")[:FICHES_MONTREES]) if voit_fiches else [],
        "creations": (
            [
                (libelle, f"{reverse(f'admin:raccordements_{modele}_add')}?{urlencode({'structure': structure.pk})}")
                for libelle, modele in (("Créer fiche EDI", "ficheedi"), ("Créer fiche API", "ficheapi"))
            ]
            if personne.has_perm("raccordements.add_fiche") and structure.archivee_le is None
            else []
        ),
    }
