"""Reference data that the practice corrects: interface codes, AIFE's network values, accepted issuers."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from config.admin import AdminHistorise
from config.exports import Colonne
from dossiers.admin.exports import ExportJournalise
from dossiers.affichage import badge
from dossiers.models import Evenement, journaliser
from raccordements.affichage import badge_environnement
from raccordements.models import CodeInterface, EmetteurAdmis, ReferenceReseau, Surete

TONS_SURETE = {
    Surete.A: ("verified", "succes"),
    Surete.B: ("help", "attente"),
    Surete.C: ("warning", "alerte"),
}


def badge_surete(surete: str) -> SafeString:
    """How sure a fact is: its letter and an icon."""
    return badge(f"Sûreté {surete}", *TONS_SURETE[Surete(surete)])


class AdminReference(ExportJournalise, AdminHistorise):
    """A row of reference data; each change is in the journal with the fields it touched."""

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not form.changed_data:
            return
        champs = ", ".join(str(form.fields[champ].label).lower() for champ in form.changed_data)
        quoi = f"{self.opts.verbose_name} « {obj} »"
        texte = f"Modification : {quoi}, {champs}." if change else f"Création : {quoi}."
        journaliser(
            Evenement.Type.MODIFICATION,
            texte,
            acteur=request.user,
            details={"modele": self.opts.label_lower, "objet": str(obj.pk), "champs": form.changed_data},
        )


@admin.register(CodeInterface)
class CodeInterfaceAdmin(AdminReference):
    list_display = ("code", "description", "flux", "format", "sens", "qualification", "production", "surete_affichee")
    list_filter = (
        ("sens", ChoicesDropdownFilter),
        ("surete", ChoicesDropdownFilter),
        "qualification",
        "production",
        "au_guide",
    )
    search_fields = ("code", "description", "format", "syntaxe_flux")
    search_help_text = "Code, description, format ou syntaxeFlux"
    ordering = ("ordre", "code")
    fieldsets = (
        (
            "Code",
            {"fields": (("code", "ordre"), "description", ("flux", "format"), ("sens", "syntaxe_flux"))},
        ),
        ("Où et quand il est proposé", {"fields": (("qualification", "production"), ("du", "au"), "au_guide")}),
        ("D’où vient l’information", {"fields": (("source", "surete"), "remarque")}),
    )
    colonnes_export = (
        Colonne("Code", "code", texte=True),
        Colonne("Description", "description"),
        Colonne("Flux", "flux"),
        Colonne("Format", "format"),
        Colonne("Sens", "sens"),
        Colonne("syntaxeFlux", "syntaxe_flux"),
        Colonne("Qualification", "qualification"),
        Colonne("Production", "production"),
        Colonne("Valable du", "du"),
        Colonne("Valable au", "au"),
        Colonne("Au formulaire de 2017", "au_guide"),
        Colonne("Sûreté", "surete"),
        Colonne("Source", "source"),
    )

    @display(description="sûreté", ordering="surete")
    def surete_affichee(self, code: CodeInterface) -> SafeString:
        return badge_surete(code.surete)

    def get_readonly_fields(self, request: HttpRequest, obj: CodeInterface | None = None) -> tuple[str, ...]:
        # Fiches name a code by itself: another code is another row.
        return ("code",) if obj else ()


@admin.register(ReferenceReseau)
class ReferenceReseauAdmin(AdminReference):
    list_display = ("protocole", "environnement_affiche", "identifiant", "adresse", "port", "vu_le")
    list_display_links = ("protocole",)
    list_filter = (("protocole", ChoicesDropdownFilter), ("environnement", ChoicesDropdownFilter))
    ordering = ("protocole", "environnement")
    fieldsets = (
        ("Pour", {"fields": (("protocole", "environnement"),)}),
        ("Côté AIFE", {"fields": (("identifiant", "variante"), ("adresse", "port"), "chemin")}),
        ("Protocole et sécurité", {"fields": (("chiffrement", "signature"), "mdn")}),
        ("D’où vient l’information", {"fields": (("vu_le", "source"),)}),
    )
    colonnes_export = (
        Colonne("Protocole", "protocole"),
        Colonne("Environnement", "environnement"),
        Colonne("Identifiant", "identifiant", texte=True),
        Colonne("Adresse IP de connexion", "adresse", texte=True),
        Colonne("Port", "port"),
        Colonne("Chemin de dépôt", "chemin"),
        Colonne("Algorithme de chiffrement", "chiffrement"),
        Colonne("Algorithme de signature", "signature"),
        Colonne("Mode de livraison MDN", "mdn"),
        Colonne("Variante", "variante"),
        Colonne("Vu le", "vu_le"),
        Colonne("Source", "source"),
    )

    @display(description="environnement", ordering="environnement")
    def environnement_affiche(self, reference: ReferenceReseau) -> SafeString:
        return badge_environnement(reference)

    def save_model(self, request: HttpRequest, obj: ReferenceReseau, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and form.changed_data:
            self.message_user(
                request,
                "Les fiches déjà rédigées gardent les valeurs qu’elles portent. Pour y mettre celles-ci : étape "
                "« Caractéristiques réseaux », « Reprendre les valeurs d’aujourd’hui ».",
                messages.INFO,
            )


@admin.register(EmetteurAdmis)
class EmetteurAdmisAdmin(AdminReference):
    list_display = ("nom", "empreinte", "source")
    search_fields = ("nom", "sha256")
    search_help_text = "Nom ou empreinte"
    ordering = ("nom", "id")
    colonnes_export = (
        Colonne("Nom", "nom"),
        Colonne("Empreinte SHA-256", "sha256", texte=True),
        Colonne("Source", "source"),
    )

    @display(description="empreinte SHA-256", empty_value="nom seul : n’importe quelle autorité peut le porter")
    def empreinte(self, emetteur: EmetteurAdmis) -> str | None:
        return f"{emetteur.sha256[:16]}…" if emetteur.sha256 else None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The only rows that are deleted: a list of names, which nothing points at."""
        return request.user.has_perm("raccordements.delete_emetteuradmis")

    def delete_model(self, request: HttpRequest, obj: EmetteurAdmis) -> None:
        texte = f"Suppression : émetteur admis « {obj} »."
        journaliser(Evenement.Type.MODIFICATION, texte, acteur=request.user, details={"objet": str(obj.pk)})
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for emetteur in queryset:
            self.delete_model(request, emetteur)
