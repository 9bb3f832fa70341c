"""Platforms: contract, write-only subscription key, hosts that one person proposes and another confirms."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from config.admin import AdminHistorise, bouton
from config.exports import Colonne
from dossiers.admin.exports import ExportJournalise
from dossiers.affichage import badge, heure, phrase
from dossiers.models import Evenement, journaliser
from dossiers.services.erreurs import ActionImpossible
from raccordements.accueil import FiltreHotes
from raccordements.admin.souscriptions.affichage import badge_environnement
from raccordements.admin.souscriptions.formulaires import HoteForm, PlateformeForm
from raccordements.admin.souscriptions.pages import PagesObjet, exiger_droit
from raccordements.admin.termes import FiltreUsageStructure
from raccordements.models import HoteAdmis, Plateforme
from raccordements.souscriptions import operations, plateformes

CHAMP_CLE = "cle_abonnement"
EVENEMENTS_MONTRES = 10


def _en_service(plateforme: Plateforme) -> bool:
    return plateforme.archivee_le is None


@admin.register(Plateforme)
class PlateformeAdmin(ExportJournalise, PagesObjet, AdminHistorise):
    form = PlateformeForm
    change_form_template = "admin/raccordements/plateforme/change_form.html"
    list_display = ("nom", "matricule", "environnement_affiche", "contrat_affiche", "etat_affiche")
    list_filter = (FiltreUsageStructure, ("environnement", ChoicesDropdownFilter), FiltreHotes)
    search_fields = ("nom", "matricule")
    search_help_text = "Nom ou matricule"
    ordering = ("nom", "id")
    sortable_by = ("nom", "matricule")
    boutons = ("tester", "archiver", "remettre_en_service")
    fieldsets = (
        ("Plateforme", {"fields": (("nom", "matricule"), "environnement")}),
        ("Contrat de coopération avec Cegid", {"fields": (("contrat_reference", "contrat_le"),)}),
        ("Accès à Cegid OD", {"fields": (CHAMP_CLE, "modele_endpoint")}),
    )
    colonnes_export = (
        Colonne("Nom", "nom"),
        Colonne("Matricule", "matricule", texte=True),
        Colonne("Environnement", "environnement"),
        Colonne("Contrat de coopération", "contrat_reference", texte=True),
        Colonne("Signé le", "contrat_le"),
        Colonne("Clé d’abonnement définie le", "cle_abonnement_defini_le"),
        Colonne("Modèle d’endpoint", "modele_endpoint"),
        Colonne("Archivée le", "archivee_le"),
    )

    class Media:
        css = {"all": ["raccordements/pages.css"]}

    # --- list ----------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Plateforme]:
        # No page reads the key; a form writes it without having read it.
        lues: QuerySet[Plateforme] = super().get_queryset(request).select_related("guichet").defer(CHAMP_CLE)
        return lues

    @display(description="environnement", ordering="environnement")
    def environnement_affiche(self, plateforme: Plateforme) -> SafeString:
        return badge_environnement(plateforme)

    @display(description="contrat")
    def contrat_affiche(self, plateforme: Plateforme) -> str:
        if not plateforme.contrat_le:
            return "Aucun"
        return f"{plateforme.contrat_reference}, {plateforme.contrat_le:%d/%m/%Y}"

    @display(description="état")
    def etat_affiche(self, plateforme: Plateforme) -> SafeString:
        return badge_plateforme(plateforme)

    # --- form ----------------------------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Plateforme | None = None) -> Any:
        if obj is None or self.has_change_permission(request, obj):
            return self.fieldsets
        # A read-only page shows the value of each field: the key is not one of them.
        return [
            (titre, {"fields": tuple(champ for champ in ensemble["fields"] if champ != CHAMP_CLE)})
            for titre, ensemble in self.fieldsets
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Plateforme | None = None) -> tuple[str, ...]:
        # Subscriptions are of the environment of their platform: another environment is another row. Cegid OD knows
        # them by the matricule: under another one it would seem to have forgotten them all.
        if obj is None:
            return ()
        return ("environnement", "matricule") if obj.souscriptions.exists() else ("environnement",)

    def save_model(self, request: HttpRequest, obj: Plateforme, form: PlateformeForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        champs = [champ for champ in form.changed_data if champ != CHAMP_CLE]
        if champs:
            noms = ", ".join(str(form.fields[champ].label).lower() for champ in champs)
            texte = f"Plateforme {obj.nom} modifiée : {noms}." if change else f"Plateforme {obj.nom} créée."
            self._journaliser(request, obj, Evenement.Type.MODIFICATION, texte)
        if form.secrets_definis:
            texte = f"Clé d’abonnement de la plateforme {obj.nom} définie."
            self._journaliser(request, obj, Evenement.Type.SECRET, texte)

    def _journaliser(self, request: HttpRequest, plateforme: Plateforme, type_: Evenement.Type, texte: str) -> None:
        details = {"plateforme": plateforme.pk}
        journaliser(type_, texte, guichet=plateforme.guichet, acteur=request.user, details=details)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        plateforme: Plateforme | None = kwargs.get("obj")
        if plateforme is not None:
            context |= self._tableau(request, plateforme)
        reponse = super().render_change_form(request, context, *args, **kwargs)
        reponse.context_data["boutons_de_la_plateforme"] = reponse.context_data.pop("boutons")
        return reponse

    def _tableau(self, request: HttpRequest, plateforme: Plateforme) -> dict[str, Any]:
        """What the page of a platform shows around its form."""
        personne: Any = request.user
        propose = personne.has_perm(plateformes.PROPOSER)
        confirme = personne.has_perm(plateformes.CONFIRMER)
        hotes = plateforme.hotes.filter(retire_le=None).select_related("propose_par", "confirme_par")
        return {
            "plateforme": plateforme,
            "badge_environnement": badge_environnement(plateforme),
            "badge_plateforme": badge_plateforme(plateforme),
            "empechement": plateforme.empechement(),
            "dernier_test": operations.dernier_test(plateforme),
            "hotes": [
                {
                    "hote": hote,
                    "badge": badge_hote(hote),
                    "confirmer": self.url("hote_confirmer", plateforme.pk, hote.pk)
                    if confirme and not hote.admis and hote.propose_par_id != personne.pk
                    else "",
                    "retirer": self.url("hote_retirer", plateforme.pk, hote.pk) if propose else "",
                }
                for hote in hotes
            ],
            "proposer": self.url("hote_proposer", plateforme.pk) if propose else "",
            "evenements": list(
                plateforme.guichet.evenements.filter(operation=None).select_related("acteur")[:EVENEMENTS_MONTRES]
            ),
        }

    # --- hosts ---------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        return [
            self.page_a("<path:object_id>/hotes/proposer/", self.vue_proposer, "hote_proposer"),
            self.page_a(
                "<path:object_id>/hotes/<int:hote>/confirmer/", require_POST(self.vue_confirmer), "hote_confirmer"
            ),
            self.page_a("<path:object_id>/hotes/<int:hote>/retirer/", require_POST(self.vue_retirer), "hote_retirer"),
            *super().get_urls(),
        ]

    def vue_proposer(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        plateforme: Plateforme = self.objet_permis(request, object_id, plateformes.PROPOSER)
        personne: Any = request.user
        page = self.url("change", plateforme.pk)

        def agir(saisie: dict[str, Any]) -> HttpResponseBase:
            hote = plateformes.proposer_hote(plateforme, saisie["hote"], par=personne)
            texte = f"L’hôte {hote.hote_lisible} est proposé : une autre personne doit le confirmer."
            self.message_user(request, texte, messages.SUCCESS)
            return redirect(page)

        return self.saisir(
            request,
            titre=f"Proposer un hôte – {plateforme.nom}",
            bouton="Proposer l’hôte",
            formulaire=HoteForm,
            agir=agir,
            retour=page,
            phrases=[
                "Les endpoints de cette plateforme ne seront acceptés que sur les hôtes que deux personnes ont "
                "reconnus. Vérifiez-le auprès de la plateforme avant de le proposer."
            ],
            badge=badge_environnement(plateforme),
        )

    def vue_confirmer(self, request: HttpRequest, object_id: str, hote: int) -> HttpResponseBase:
        return self._agir_sur_hote(request, object_id, hote, plateformes.CONFIRMER, plateformes.confirmer_hote, "admis")

    def vue_retirer(self, request: HttpRequest, object_id: str, hote: int) -> HttpResponseBase:
        return self._agir_sur_hote(request, object_id, hote, plateformes.PROPOSER, plateformes.retirer_hote, "retiré")

    def _agir_sur_hote(
        self, request: HttpRequest, object_id: str, hote: int, permission: str, agir: Any, mot: str
    ) -> HttpResponseBase:
        plateforme: Plateforme = self.objet_permis(request, object_id, permission)
        trouve = plateforme.hotes.filter(pk=hote).first() if hote < 2**63 else None
        if trouve is None:
            raise Http404
        try:
            agir(trouve, par=request.user)
        except ActionImpossible as refus:
            self.message_user(request, phrase(refus), messages.ERROR)
        else:
            self.message_user(request, f"L’hôte {trouve.hote_lisible} est {mot}.", messages.SUCCESS)
        return redirect(self.url("change", plateforme.pk))

    # --- buttons -------------------------------------------------------------------------------------------------

    @bouton("Tester la clé d’abonnement", icone="network_check", visible=_en_service)
    def tester(self, request: HttpRequest, plateforme: Plateforme) -> None:
        try:
            operation = operations.demander_test(plateforme, par=request.user)  # type: ignore[arg-type]
        except ActionImpossible as refus:
            self.message_user(request, phrase(refus), messages.ERROR)
        else:
            texte = (
                f"Le test est demandé en {plateforme.get_environnement_display().lower()} (opération "
                f"n° {operation.pk}) : rechargez cette page dans un instant pour lire le résultat."
            )
            self.message_user(request, texte, messages.SUCCESS)

    @bouton(
        "Archiver",
        icone="inventory_2",
        variante="danger",
        confirmation="Archiver cette plateforme ? Ses souscriptions restent ; on n’en planifiera plus chez elle.",
        visible=_en_service,
    )
    def archiver(self, request: HttpRequest, plateforme: Plateforme) -> None:
        self._archiver(request, plateforme, archive=True)

    @bouton("Remettre en service", icone="unarchive", visible=lambda plateforme: plateforme.archivee_le is not None)
    def remettre_en_service(self, request: HttpRequest, plateforme: Plateforme) -> None:
        self._archiver(request, plateforme, archive=False)

    def _archiver(self, request: HttpRequest, plateforme: Plateforme, *, archive: bool) -> None:
        exiger_droit(request, "raccordements.change_plateforme")
        plateforme.archivee_le = timezone.now() if archive else None
        plateforme.save(update_fields=["archivee_le"])
        texte = f"Plateforme {plateforme.nom} {'archivée' if archive else 'remise en service'}."
        self._journaliser(request, plateforme, Evenement.Type.ARCHIVAGE, texte)
        self.message_user(request, texte, messages.SUCCESS)


def badge_plateforme(plateforme: Plateforme) -> SafeString:
    """Whether Cegid OD may be called in its name."""
    if plateforme.archivee_le:
        return badge("Archivée", "inventory_2", "neutre")
    if plateforme.guichet.en_pause:
        return badge("En pause", "pause_circle", "alerte")
    if plateforme.empechement():
        return badge("À compléter", "edit_note", "alerte")
    return badge("Prête", "check_circle", "succes")


def badge_hote(hote: HoteAdmis) -> SafeString:
    """Proposed by one person, or admitted by two."""
    if hote.admis:
        return badge(f"Admis, {heure(hote.confirme_le)}", "verified_user", "succes")
    return badge("À confirmer par une autre personne", "hourglass_empty", "attente")
