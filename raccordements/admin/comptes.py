"""Chorus Pro accounts: secrets that are written and never read back, their end, the test of a connection."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from config.admin import AdminHistorise, bouton
from config.champs import SecretsFormMixin
from config.exports import Colonne
from dossiers import sirene
from dossiers.admin.exports import ExportJournalise
from dossiers.affichage import VIDE, badge, heure, phrase, pluriel
from dossiers.models import Evenement, journaliser
from dossiers.services.erreurs import ActionImpossible
from raccordements.admin.termes import FiltreUsage
from raccordements.affichage import badge_environnement
from raccordements.chorus.schemas import Etat as EtatEtape
from raccordements.models import CompteChorus
from raccordements.services import operations

SECRETS = ("client_secret", "mot_de_passe")
#: Days left from which the end of the technical password is an alert.
FIN_PROCHE = 30
SIRET_COLLE_MAX = 60
ETATS_D_ETAPE = {
    EtatEtape.REUSSI: ("Réussi", "check_circle", "succes"),
    EtatEtape.ECHOUE: ("Échoué", "cancel", "echec"),
    EtatEtape.NON_ESSAYE: ("Non essayé", "remove", "neutre"),
}


class CompteChorusForm(SecretsFormMixin, forms.ModelForm):
    secrets = SECRETS

    plafond = forms.IntegerField(
        label="Appels simultanés",
        min_value=1,
        max_value=64,
        initial=4,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Combien d’appels peuvent être en route à la fois avec ce compte.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["plafond"] = self.instance.plafond

    def clean_client_id(self) -> str:
        valeur: str = self.cleaned_data["client_id"]
        return valeur.strip()

    def clean_login(self) -> str:
        valeur: str = self.cleaned_data["login"]
        return valeur.strip()

    def clean_mot_de_passe_change_le(self) -> Any:
        jour = self.cleaned_data["mot_de_passe_change_le"]
        if jour and jour > timezone.localdate():
            raise ValidationError(
                "La date n’a pas été retenue : elle est dans l’avenir. Donnez le jour où le mot de passe a été créé ou "
                "changé sur Chorus Pro."
            )
        return jour


def _en_service(compte: CompteChorus) -> bool:
    return compte.archive_le is None


@admin.register(CompteChorus)
class CompteChorusAdmin(ExportJournalise, AdminHistorise):
    form = CompteChorusForm
    change_form_template = "admin/raccordements/comptechorus/change_form.html"
    list_display = ("nom", "environnement_affiche", "application", "etat_affiche", "fin_affichee", "teste_affiche")
    list_filter = (FiltreUsage, ("environnement", ChoicesDropdownFilter))
    search_fields = ("nom", "application", "login")
    search_help_text = "Nom, application PISTE ou compte technique"
    ordering = ("nom",)
    boutons = ("tester", "archiver", "remettre_en_service")
    fieldsets = (
        ("Compte", {"fields": (("nom", "environnement"), "application")}),
        ("Application PISTE", {"fields": ("client_id", "client_secret")}),
        ("Compte technique", {"fields": ("login", "mot_de_passe", "mot_de_passe_change_le")}),
        ("Usage", {"fields": ("plafond",)}),
    )
    colonnes_export = (
        Colonne("Nom", "nom"),
        Colonne("Environnement", "environnement"),
        Colonne("Application PISTE", "application"),
        Colonne("Compte technique", "login", texte=True),
        Colonne("Mot de passe changé le", "mot_de_passe_change_le"),
        Colonne("Fin lue dans Chorus Pro", "fin_lue"),
        Colonne("Testé le", "teste_le"),
        Colonne("Dernier test réussi", "test_reussi"),
        Colonne("Archivé le", "archive_le"),
    )

    # --- list ----------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[CompteChorus]:
        # No page reads a secret; a form writes one without having read it.
        comptes: QuerySet[CompteChorus] = super().get_queryset(request).select_related("guichet").defer(*SECRETS)
        return comptes

    @display(description="environnement", ordering="environnement")
    def environnement_affiche(self, compte: CompteChorus) -> SafeString:
        return badge_environnement(compte)

    @display(description="état")
    def etat_affiche(self, compte: CompteChorus) -> SafeString:
        if compte.archive_le:
            return badge("Archivé", "inventory_2", "neutre")
        if compte.guichet.en_pause:
            return badge("En pause", "pause_circle", "alerte")
        if compte.empechement(timezone.localdate()):
            return badge("À compléter ou à renouveler", "edit_note", "alerte")
        return badge("Prêt", "check_circle", "succes")

    @display(description="fin du mot de passe")
    def fin_affichee(self, compte: CompteChorus) -> SafeString | str:
        return badge_fin(compte)

    @display(description="dernier test", ordering="teste_le")
    def teste_affiche(self, compte: CompteChorus) -> str:
        return f"{heure(compte.teste_le)} – {'réussi' if compte.test_reussi else 'échoué'}" if compte.teste_le else VIDE

    # --- form ----------------------------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: CompteChorus | None = None) -> Any:
        if obj is None or self.has_change_permission(request, obj):
            return self.fieldsets
        # A read-only page shows the value of each field: a secret is not one of them.
        return [
            (titre, {"fields": tuple(champ for champ in ensemble["fields"] if champ not in SECRETS)})
            for titre, ensemble in self.fieldsets
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: CompteChorus | None = None) -> tuple[str, ...]:
        # Structures and fiches are of the environment of their account: another environment is another row.
        return ("environnement",) if obj else ()

    def save_model(self, request: HttpRequest, obj: CompteChorus, form: CompteChorusForm, change: bool) -> None:
        obj.plafond = form.cleaned_data["plafond"]
        super().save_model(request, obj, form, change)
        champs = [champ for champ in form.changed_data if champ not in SECRETS]
        if champs:
            noms = ", ".join(str(form.fields[champ].label).lower() for champ in champs)
            texte = f"Compte Chorus Pro modifié : {noms}." if change else "Compte Chorus Pro créé."
            journaliser(Evenement.Type.MODIFICATION, texte, guichet=obj.guichet, acteur=request.user)
        for champ in form.secrets_definis:
            texte = f"Secret défini : {CompteChorus._meta.get_field(champ).verbose_name}."  # type: ignore[union-attr]
            journaliser(Evenement.Type.SECRET, texte, guichet=obj.guichet, acteur=request.user)
        if obj.login_inhabituel:
            self.message_user(
                request,
                "Le compte technique n’a pas la forme TECH_1_123456@cpro.fr que l’AIFE donne : vérifiez-le.",
                messages.WARNING,
            )

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        compte: CompteChorus | None = kwargs.get("obj")
        if compte is not None:
            context |= tableau_de_bord(compte)
        reponse = super().render_change_form(request, context, *args, **kwargs)
        # The test asks for a SIRET: the buttons are beside it, not in the header.
        reponse.context_data["boutons_du_compte"] = reponse.context_data.pop("boutons")
        return reponse

    # --- buttons -------------------------------------------------------------------------------------------------

    @bouton("Tester la connexion", permission="tester", icone="network_check", visible=_en_service)
    def tester(self, request: HttpRequest, compte: CompteChorus) -> None:
        saisi = request.POST.get("siret", "").strip()[:SIRET_COLLE_MAX]
        siret = sirene.chiffres(saisi)
        if saisi and not (len(siret) == sirene.LONGUEUR_SIRET and siret.isascii() and siret.isdigit()):
            texte = (
                "Le test n’est pas parti : le SIRET dont le rattachement est à vérifier ne compte pas 14 chiffres. "
                "Corrigez-le, ou laissez la case vide."
            )
            self.message_user(request, texte, messages.ERROR)
            return
        try:
            operation = operations.demander_test(compte, par=request.user, siret=siret)  # type: ignore[arg-type]
        except ActionImpossible as refus:
            self.message_user(request, phrase(refus), messages.ERROR)
        else:
            texte = (
                f"Le test est demandé (opération n° {operation.pk}) : rechargez cette page dans un instant pour lire "
                "ses quatre étapes."
            )
            self.message_user(request, texte, messages.SUCCESS)

    @bouton(
        "Archiver",
        icone="inventory_2",
        variante="danger",
        confirmation="Archiver ce compte ? Ses structures restent, mais plus rien ne partira avec lui.",
        visible=_en_service,
    )
    def archiver(self, request: HttpRequest, compte: CompteChorus) -> None:
        self._archiver(request, compte, archive=True)

    @bouton("Remettre en service", icone="unarchive", visible=lambda compte: compte.archive_le is not None)
    def remettre_en_service(self, request: HttpRequest, compte: CompteChorus) -> None:
        self._archiver(request, compte, archive=False)

    def _archiver(self, request: HttpRequest, compte: CompteChorus, *, archive: bool) -> None:
        compte.archive_le = timezone.now() if archive else None
        compte.save(update_fields=["archive_le"])
        texte = "Compte Chorus Pro archivé." if archive else "Compte Chorus Pro remis en service."
        journaliser(Evenement.Type.ARCHIVAGE, texte, guichet=compte.guichet, acteur=request.user)
        self.message_user(request, texte, messages.SUCCESS)


def badge_fin(compte: CompteChorus) -> SafeString | str:
    """When the technical password ends, and the days left; a dash when nobody knows."""
    if compte.expire_le is None:
        return VIDE
    jours, fin = (compte.expire_le - timezone.localdate()).days, f"{compte.expire_le:%d/%m/%Y}"
    if jours < 0:
        return badge(f"Expiré le {fin}", "event_busy", "echec")
    reste = pluriel(jours, "jour restant", "jours restants")
    proche = jours <= FIN_PROCHE
    return badge(f"{fin}, {reste}", *(("event_upcoming", "alerte") if proche else ("event_available", "succes")))


def etapes_du_test(diagnostic: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The steps that `noter_test` wrote, each with its badge."""
    return [
        {
            **etape,
            "badge": badge(*ETATS_D_ETAPE[EtatEtape(etape["etat"])]),
            "details": etapes_du_test(etape.get("details", [])),
        }
        for etape in diagnostic
    ]


def tableau_de_bord(compte: CompteChorus) -> dict[str, Any]:
    """What the page of an account shows above its form."""
    return {
        "compte": compte,
        "empechement": compte.empechement(timezone.localdate()),
        "badge_environnement": badge_environnement(compte),
        "fin": badge_fin(compte),
        "lue": bool(compte.fin_lue and compte.expire_le == compte.fin_lue),
        "etapes": etapes_du_test(compte.test_diagnostic),
        "evenements": list(compte.guichet.evenements.filter(operation=None).select_related("acteur")[:10]),
    }
