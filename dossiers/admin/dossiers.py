"""The dossiers: list, page at 360°, timeline."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.forms import BaseModelFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from config.admin import AdminHistorise, LignesCabinet
from config.exports import Colonne
from dossiers import greffes
from dossiers.admin.ecritures.page import section_du_dossier
from dossiers.admin.exports import ExportJournalise
from dossiers.admin.filtres import FiltreCle, FiltreMesDossiers, FiltreOffres, FiltreService, FiltreSiren
from dossiers.admin.plans import GestesAdmin, gestes_de
from dossiers.affichage import VIDE, badge, badge_choix, heure
from dossiers.models import Dossier, Etablissement, Evenement, Offre, journaliser
from dossiers.recherche import RECHERCHE_DOSSIER
from dossiers.sirene import (
    admettre_siren,
    admettre_siret,
    afficher_siren,
    afficher_siret,
    verdict_siren,
    verdict_siret,
)

OPERATIONS_MONTREES = 20
EVENEMENTS_MONTRES = 10
EVENEMENTS_PAR_PAGE = 100
#: Text pasted with spaces is longer than the number it holds.
LONGUEUR_COLLEE = 60


class NumeroField(forms.CharField):
    """A SIREN or a SIRET as people paste it: spaces, dots and dashes accepted, the key checked at the field."""

    def __init__(self, lire: Any, afficher: Any, **options: Any) -> None:
        super().__init__(max_length=LONGUEUR_COLLEE, **options)
        self.lire, self.afficher = lire, afficher

    def prepare_value(self, value: Any) -> Any:
        return self.afficher(value) if isinstance(value, str) and value.isdecimal() else value

    def to_python(self, value: Any) -> str:
        texte = super().to_python(value)
        return self.lire(texte) if texte else ""

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool((initial or "") != self.to_python(data))
        except forms.ValidationError:
            return True


class EtablissementsEnLigne(LignesCabinet):
    model = Etablissement
    fields = ("siret", "nom", "type")
    verbose_name_plural = "établissements"
    show_change_link = False
    hide_title = True
    max_num = 500

    def get_formset(self, request: HttpRequest, obj: Dossier | None = None, **kwargs: Any) -> Any:
        # Django would build and show a thousand empty forms more for a forged count.
        return super().get_formset(request, obj, absolute_max=self.max_num, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        champ = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name != "siret" or champ is None:
            return champ
        widget = champ.widget
        widget.attrs.pop("maxlength", None)
        return NumeroField(admettre_siret, afficher_siret, label=champ.label, widget=widget, required=True)


@admin.register(Dossier)
class DossierAdmin(ExportJournalise, AdminHistorise, GestesAdmin):
    change_form_template = "admin/dossiers/dossier/change_form.html"
    list_display = (
        "code_affiche",
        "nom_affiche",
        "siren_affiche",
        "statut_affiche",
        "offres_affichees",
        "maitre_dossier",
        "vu_le",
    )
    list_display_links = ("code_affiche",)
    # What an index can sort: any other column would sort a million rows for fifty.
    sortable_by = ("code_affiche", "nom_affiche", "maitre_dossier")
    list_filter = (
        FiltreService,
        ("statut", ChoicesDropdownFilter),
        FiltreCle,
        FiltreMesDossiers,
        FiltreOffres,
        FiltreSiren,
    )
    ordering = ("code", "id")
    recherche = RECHERCHE_DOSSIER
    search_help_text = "Code, nom, SIREN ou SIRET, e-mail du maître de dossier, requestid"
    autocomplete_fields = ("cle",)
    fieldsets = (
        ("Dossier", {"fields": ("cle", "code")}),
        (
            "Identité",
            {
                "fields": (
                    ("nom_usuel", "raison_sociale"),
                    ("siren", "forme_juridique"),
                    "maitre_dossier",
                    "engagement_manager",
                )
            },
        ),
    )
    inlines = (EtablissementsEnLigne,)
    colonnes_export = (
        Colonne("Code", "code", texte=True),
        Colonne("Nom usuel", "nom_usuel"),
        Colonne("Raison sociale", "raison_sociale"),
        Colonne("SIREN", "siren", texte=True),
        Colonne("Statut", "statut"),
        Colonne("Maître de dossier", "maitre_dossier"),
        Colonne("Engagement manager", "engagement_manager"),
        Colonne("Clé d’API", "cle__nom"),
        Colonne("objectId", "object_id", texte=True),
        Colonne("Vu dans Loop le", "synchronise_le"),
        Colonne("Archivé le", "archive_le"),
    )

    # --- list ----------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dossier]:
        return super().get_queryset(request).prefetch_related("offres")

    @display(description="code", ordering="code")
    def code_affiche(self, dossier: Dossier) -> SafeString | str:
        return (
            format_html("{} {}", dossier.code, badge("Archivé", "inventory_2", "neutre"))
            if dossier.archive
            else dossier.code
        )

    @display(description="nom", ordering="nom_usuel")
    def nom_affiche(self, dossier: Dossier) -> SafeString | str:
        if dossier.raison_sociale in {"", dossier.nom_usuel}:
            return dossier.nom_usuel
        return format_html('<div>{}<div class="second-nom">{}</div></div>', dossier.nom_usuel, dossier.raison_sociale)

    @display(description="SIREN", ordering="siren", empty_value=VIDE)
    def siren_affiche(self, dossier: Dossier) -> str:
        return afficher_siren(dossier.siren) if dossier.siren else ""

    @display(description="statut", ordering="statut")
    def statut_affiche(self, dossier: Dossier) -> SafeString:
        return badge_choix(dossier.statut, dossier.get_statut_display())

    @display(description="offres")
    def offres_affichees(self, dossier: Dossier) -> SafeString | str:
        lignes = [(_offre_en_mots(offre),) for offre in dossier.offres.all() if offre.voulue or offre.constatee]
        return format_html_join("", "<div>{}</div>", lignes) or VIDE

    @display(description="vu dans Loop le", ordering="synchronise_le")
    def vu_le(self, dossier: Dossier) -> str:
        return heure(dossier.synchronise_le)

    # --- form ----------------------------------------------------------------------------------------------------

    def get_readonly_fields(self, request: HttpRequest, obj: Dossier | None = None) -> tuple[str, ...]:
        return ("cle", "code") if obj else ()

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        champ = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name != "siren" or champ is None:
            return champ
        champ.widget.attrs.pop("maxlength", None)
        return NumeroField(admettre_siren, afficher_siren, label=champ.label, widget=champ.widget, required=False)

    def save_model(self, request: HttpRequest, obj: Dossier, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            journaliser(Evenement.Type.MODIFICATION, "Dossier créé à la main.", dossier=obj, acteur=request.user)
        elif texte := _changements(form):
            journaliser(Evenement.Type.MODIFICATION, texte, dossier=obj, acteur=request.user)
        if message := verdict_siren(obj.siren).message if obj.siren else "":
            self.message_user(request, message, "warning")

    def save_formset(
        self, request: HttpRequest, form: forms.ModelForm, formset: BaseModelFormSet, change: bool
    ) -> None:
        super().save_formset(request, form, formset, change)
        if formset.model is not Etablissement:
            return
        faits = [f"Établissement {afficher_siret(e.siret)} ajouté." for e in formset.new_objects]
        faits += [f"Établissement {afficher_siret(e.siret)} modifié." for e, _ in formset.changed_objects]
        faits += [f"Établissement {afficher_siret(e.siret)} retiré." for e in formset.deleted_objects]
        if faits:
            journaliser(Evenement.Type.MODIFICATION, " ".join(faits), dossier=form.instance, acteur=request.user)
        for etablissement in (*formset.new_objects, *(objet for objet, _ in formset.changed_objects)):
            if message := verdict_siret(etablissement.siret).message:
                self.message_user(request, message, "warning")

    # --- page at 360° --------------------------------------------------------------------------------------------

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        dossier = kwargs.get("obj")
        if dossier is not None:
            context |= gestes_de(self, request, dossier) | _sections(request, dossier)
            context["ecritures"] = section_du_dossier(request, dossier)
            context["greffes"] = greffes.sections(request, dossier)
            verbes = (("ajouter_offre", "Ajouter"), ("retirer_offre", "Retirer"))
            context["verbes_offres"] = [(nom, verbe) for nom, verbe in verbes if nom in context["gestes"]]
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        frise = path(
            "<path:object_id>/frise/", self.admin_site.admin_view(self.vue_frise), name="dossiers_dossier_frise"
        )
        return [frise, *super().get_urls()]

    def vue_frise(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The timeline: newest first, one page after the other from the event given by `depuis`."""
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        dossier = self.objet_ou_404(request, object_id)
        if not self.has_view_permission(request, dossier):
            return HttpResponse(status=403)
        evenements = dossier.evenements.pour_frise().order_by("-id")
        type_ = request.GET.get("type", "")
        if type_ in Evenement.Type.values:
            evenements = evenements.filter(type=type_)
        depuis = request.GET.get("depuis", "")
        if depuis.isdecimal() and len(depuis) <= 18:
            evenements = evenements.filter(pk__lte=int(depuis))
        lignes = list(evenements[: EVENEMENTS_PAR_PAGE + 1])
        suivant = lignes.pop() if len(lignes) > EVENEMENTS_PAR_PAGE else None
        return self.page(
            request,
            "dossiers/frise.html",
            f"Frise du dossier {dossier}",
            dossier=dossier,
            evenements=lignes,
            suivant=suivant,
            au_debut=not depuis,
            types=Evenement.Type.choices,
            type_choisi=type_,
            limite=getattr(request.user, "portefeuille_seul", False),
        )


def _offre_en_mots(offre: Offre) -> SafeString:
    etat = (
        badge("constatée", "check_circle", "succes")
        if offre.voulue and offre.constatee
        else badge("voulue, pas constatée", "sync_problem", "alerte")
        if offre.voulue
        else badge("constatée, pas voulue", "sync_problem", "alerte")
    )
    return format_html("{} {}", offre.get_code_display(), etat)


def _changements(form: forms.ModelForm) -> str:
    """`Nom usuel : « A » devient « B ».` for each field changed."""
    return " ".join(
        f"{capfirst(form.fields[champ].label)} : « {form.initial.get(champ) or VIDE} » "
        f"devient « {form.cleaned_data.get(champ) or VIDE} »."
        for champ in form.changed_data
    )


def _sections(request: HttpRequest, dossier: Dossier) -> dict[str, Any]:
    """What the page of a dossier shows around its form, in a number of queries that does not depend on the rows."""
    personne = request.user
    par_code = {offre.code: offre for offre in dossier.offres.all()}
    ouvertes = {
        operation.parametres.get("offre"): operation
        for operation in dossier.operations.non_reglees()
        .filter(nature__in=("ajouter_offre", "retirer_offre"))
        .select_related("dossier", "guichet")
        .order_by("id")
    }
    operations = dossier.operations.select_related("dossier", "guichet", "explication", "lot")
    doublons = (
        Dossier.objects.visibles_par(personne).filter(siren=dossier.siren).exclude(pk=dossier.pk)[:10]  # type: ignore[arg-type]
        if dossier.siren
        else Dossier.objects.none()
    )
    return {
        "dossier": dossier,
        "offres": [
            {"code": code, "libelle": libelle, "offre": par_code.get(code), "operation": ouvertes.get(code)}
            for code, libelle in Offre.Code.choices
        ],
        "operations": operations.order_by("-id")[:OPERATIONS_MONTREES],
        "ecarts": dossier.ecarts.filter(etat="ouvert"),
        "doublons": doublons,
        "evenements": dossier.evenements.pour_frise()[:EVENEMENTS_MONTRES],
        "limite": getattr(personne, "portefeuille_seul", False),
    }
