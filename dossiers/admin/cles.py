"""API keys: secrets that are written and never read back, the test of a connection, the reading of LoopHub."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from config.admin import AdminHistorise, bouton
from config.champs import SecretsFormMixin
from config.exports import Colonne
from dossiers.admin.exports import ExportJournalise
from dossiers.admin.filtres import FiltreChoix
from dossiers.admin.guichet import AvecGuichetForm
from dossiers.affichage import VIDE, adresse, badge, badge_choix, disjoncteur, heure, phrase
from dossiers.models import CleApi, Evenement, journaliser
from dossiers.services import operations as services
from dossiers.services.erreurs import ActionImpossible

NATURES_DE_CLE = ("tester_cle", "synchroniser_loophub")


class CleApiForm(SecretsFormMixin, AvecGuichetForm):
    secrets = ("client_secret", "cle_abonnement")

    def clean_cle_publique(self) -> str:
        valeur: str = self.cleaned_data["cle_publique"]
        return valeur.strip()

    def clean_client_secret(self) -> str:
        valeur: str = self.cleaned_data["client_secret"]
        if ":" in valeur:
            raise ValidationError(
                "Le secret est refusé : la clé complète « key:secret » a été collée. Collez ici seulement ce qui suit "
                "les deux-points ; ce qui les précède va dans « clé publique ».",
                code="cle_complete",
            )
        return valeur


class FiltreUsage(FiltreChoix):
    """Keys in use unless asked otherwise."""

    title = "usage"
    parameter_name = "usage"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("en_service", "En service"), ("archivees", "Archivées"), ("toutes", "Toutes")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[CleApi]) -> QuerySet[CleApi]:
        choix = self.valeur() or "en_service"
        return queryset if choix == "toutes" else queryset.filter(archivee_le__isnull=choix == "en_service")


def _en_service(cle: CleApi) -> bool:
    return cle.archivee_le is None


@admin.register(CleApi)
class CleApiAdmin(ExportJournalise, AdminHistorise):
    form = CleApiForm
    change_form_template = "admin/dossiers/cleapi/change_form.html"
    list_display = (
        "nom",
        "type",
        "environnement_affiche",
        "domaine",
        "etat_affiche",
        "teste_affiche",
        "synchronisee_affiche",
    )
    list_select_related = ("guichet",)
    list_filter = (FiltreUsage, ("type", ChoicesDropdownFilter), ("environnement", ChoicesDropdownFilter))
    search_fields = ("nom", "domaine", "cle_publique")
    search_help_text = "Nom, domaine ou clé publique"
    ordering = ("nom",)
    boutons = ("tester", "relever", "archiver", "remettre_en_service")
    fieldsets = (
        (
            "Clé",
            {"fields": (("nom", "type"), ("environnement", "domaine"), "cle_publique", ("partenaire", "expire_le"))},
        ),
        ("Secrets", {"fields": ("client_secret", "cle_abonnement")}),
        ("Usage", {"fields": ("activee_loophub", "plafond")}),
    )
    colonnes_export = (
        Colonne("Nom", "nom"),
        Colonne("Type", "type"),
        Colonne("Environnement", "environnement"),
        Colonne("Domaine", "domaine"),
        Colonne("Clé publique", "cle_publique", texte=True),
        Colonne("Activée dans LoopHub", "activee_loophub"),
        Colonne("Partagée avec", "partenaire"),
        Colonne("Expire le", "expire_le"),
        Colonne("Testée le", "teste_le"),
        Colonne("Dernier test réussi", "test_reussi"),
        Colonne("LoopHub relevé le", "synchronisee_le"),
        Colonne("Archivée le", "archivee_le"),
    )

    # --- list ----------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[CleApi]:
        # No page reads a secret; a form writes one without having read it.
        return super().get_queryset(request).defer("client_secret", "cle_abonnement")

    @display(description="environnement", ordering="environnement")
    def environnement_affiche(self, cle: CleApi) -> SafeString:
        return badge_choix(cle.environnement, cle.get_environnement_display())

    @display(description="état")
    def etat_affiche(self, cle: CleApi) -> SafeString:
        if cle.archivee_le:
            return badge("Archivée", "inventory_2", "neutre")
        if cle.guichet.en_pause:
            return badge("En pause", "pause_circle", "alerte")
        if cle.empechement(cabinet=False):
            return badge("À compléter", "edit_note", "alerte")
        return badge("Prête", "check_circle", "succes")

    @display(description="dernier test", ordering="teste_le")
    def teste_affiche(self, cle: CleApi) -> str:
        return f"{heure(cle.teste_le)} – {'réussi' if cle.test_reussi else 'échoué'}" if cle.teste_le else VIDE

    @display(description="LoopHub relevé le", ordering="synchronisee_le")
    def synchronisee_affiche(self, cle: CleApi) -> str:
        return heure(cle.synchronisee_le)

    # --- form ----------------------------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: CleApi | None = None) -> Any:
        if self.has_change_permission(request, obj) or obj is None:
            return self.fieldsets
        # A read-only page shows the value of each field: a secret is not one of them.
        return [ensemble for ensemble in self.fieldsets if ensemble[0] != "Secrets"]

    def get_readonly_fields(self, request: HttpRequest, obj: CleApi | None = None) -> tuple[str, ...]:
        # Changing these would send the work already queued elsewhere: another key is another row.
        return ("environnement", "domaine") if obj and obj.guichet.operations.exists() else ()

    def save_model(self, request: HttpRequest, obj: CleApi, form: CleApiForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        champs = [champ for champ in form.changed_data if champ not in form.secrets]
        if champs:
            noms = ", ".join(str(form.fields[champ].label).lower() for champ in champs)
            texte = f"Clé modifiée : {noms}." if change else "Clé créée."
            journaliser(Evenement.Type.MODIFICATION, texte, guichet=obj.guichet, acteur=request.user)
        for champ in form.secrets_definis:
            texte = f"Secret défini : {CleApi._meta.get_field(champ).verbose_name}."  # type: ignore[union-attr]
            journaliser(Evenement.Type.SECRET, texte, guichet=obj.guichet, acteur=request.user)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        cle = kwargs.get("obj")
        if cle is not None:
            context |= _tableau_de_bord(request, cle)
        reponse = super().render_change_form(request, context, *args, **kwargs)
        # Four buttons in the header would leave no room for the name of the key.
        reponse.context_data["boutons_de_la_cle"] = reponse.context_data.pop("boutons")
        return reponse

    # --- buttons -------------------------------------------------------------------------------------------------

    @bouton("Tester la connexion", permission="tester", icone="network_check", visible=_en_service)
    def tester(self, request: HttpRequest, cle: CleApi) -> HttpResponseBase:
        return self._demander(
            request, cle, "tester_cle", "Le test est demandé : son résultat s’affiche ci-dessous dans un instant."
        )

    @bouton("Relever LoopHub", permission="synchroniser", icone="sync", variante="primaire", visible=_en_service)
    def relever(self, request: HttpRequest, cle: CleApi) -> HttpResponseBase:
        return self._demander(
            request, cle, "synchroniser_loophub", "Le relevé est demandé : les écarts se mettront à jour à sa fin."
        )

    @bouton(
        "Archiver",
        icone="inventory_2",
        variante="danger",
        confirmation="Archiver cette clé ? Ses dossiers restent, mais plus rien ne partira avec elle.",
        visible=_en_service,
    )
    def archiver(self, request: HttpRequest, cle: CleApi) -> None:
        if cle.guichet.operations.non_reglees().exists():
            self.message_user(
                request,
                "La clé n’a pas été archivée : des opérations l’utilisent encore. Attendez leur fin ou annulez-les, "
                "puis recommencez.",
                messages.ERROR,
            )
            return
        self._archiver(request, cle, archive=True)

    @bouton("Remettre en service", icone="unarchive", visible=lambda cle: cle.archivee_le is not None)
    def remettre_en_service(self, request: HttpRequest, cle: CleApi) -> None:
        self._archiver(request, cle, archive=False)

    def _archiver(self, request: HttpRequest, cle: CleApi, *, archive: bool) -> None:
        cle.archivee_le = timezone.now() if archive else None
        cle.save(update_fields=["archivee_le"])
        texte = "Clé archivée." if archive else "Clé remise en service."
        journaliser(Evenement.Type.ARCHIVAGE, texte, guichet=cle.guichet, acteur=request.user)
        self.message_user(request, texte, messages.SUCCESS)

    def _demander(self, request: HttpRequest, cle: CleApi, nature: str, texte: str) -> HttpResponseBase:
        try:
            services.demander(nature, par=request.user, guichet=cle.guichet)
        except ActionImpossible as refus:
            self.message_user(request, phrase(refus), messages.ERROR)
        else:
            self.message_user(request, texte, messages.SUCCESS)
        return redirect(adresse(cle)) if request.user.has_perm("dossiers.view_cleapi") else redirect("admin:index")


def _tableau_de_bord(request: HttpRequest, cle: CleApi) -> dict[str, Any]:
    """What the page of a key shows above its form."""
    debut_du_mois = timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    dernieres = [
        cle.guichet.operations.filter(nature=nature)
        .select_related("explication", "dossier", "guichet")
        .order_by("-id")
        .first()
        for nature in NATURES_DE_CLE
    ]
    evenements = cle.guichet.evenements.filter(operation=None, dossier=None, lot=None)
    liste_dossiers = reverse("admin:dossiers_dossier_changelist")
    liste_ecarts = reverse("admin:dossiers_ecart_changelist")
    return {
        "cle": cle,
        "empechement": cle.empechement(cabinet=False),
        "disjoncteur": disjoncteur(cle.guichet),
        "appels_du_mois": cle.guichet.appels.filter(debut__gte=debut_du_mois).count() if cle.avancee else None,
        "dernieres_operations": [operation for operation in dernieres if operation],
        "voit_operations": not getattr(request.user, "portefeuille_seul", False),
        "adresse_dossiers": f"{liste_dossiers}?cle={cle.pk}&service=tous",
        "adresse_ecarts": f"{liste_ecarts}?cle={cle.pk}",
        "evenements": evenements.select_related("acteur")[:10],
    }
