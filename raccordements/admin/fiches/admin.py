"""The admins of EDI and API fiches: their lists, their page, cloning, deleting a draft."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from config.admin import bouton
from config.exports import Colonne
from dossiers.admin.exports import ExportJournalise
from dossiers.affichage import VIDE, phrase
from dossiers.services.erreurs import ActionImpossible
from raccordements.admin.approbations import PagesApprobation
from raccordements.admin.envois import PagesEnvoi
from raccordements.admin.fiches import page
from raccordements.admin.fiches.creation import PageCreation
from raccordements.admin.fiches.formulaires import CloneForm
from raccordements.admin.fiches.saisie import PageEtape
from raccordements.admin.passeport import PagesPasseport
from raccordements.admin.portail import PagesPortail
from raccordements.admin.promotions import PagesPromotion
from raccordements.admin.recherche.api import ListeAPI
from raccordements.admin.termes import RECHERCHE_FICHE, FiltreEcheanceFiche
from raccordements.affichage import (
    adresse_fiche,
    badge_approbation,
    badge_echeance,
    badge_environnement,
    badge_etat,
)
from raccordements.models import Action, CertificatJoint, Fiche, FicheAPI, FicheEDI, Genre
from raccordements.services import redaction

EVENEMENTS_PAR_PAGE = 100


class FicheAdmin(
    ExportJournalise,
    PagesApprobation,
    PagesEnvoi,
    PagesPortail,
    PagesPromotion,
    PagesPasseport,
    PageEtape,
    PageCreation,
):
    """What both kinds share. A fiche out of the portfolio is a 404 on every page."""

    class Media:
        css = {"all": ["raccordements/pages.css"]}

    boutons = ("supprimer", "retablir")

    # --- page ----------------------------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        fiche: Fiche = self.visible_ou_404(request, object_id)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return self.page(
            request,
            "raccordements/fiche.html",
            str(fiche),
            **page.contexte(request, fiche, modifiable=self.modifiable(request, fiche)),
            boutons=self.boutons_de(request, fiche),
        )

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        fiche: Fiche = self.visible_ou_404(request, object_id)
        avant = request.GET.get("avant", "")
        borne = int(avant) if avant.isdecimal() and len(avant) <= 18 else None
        evenements = page.frise(fiche, borne, EVENEMENTS_PAR_PAGE)
        return self.page(
            request,
            "raccordements/historique.html",
            f"Historique de la fiche n° {fiche.pk}",
            fiche=fiche,
            evenements=evenements[:EVENEMENTS_PAR_PAGE],
            suite=evenements[EVENEMENTS_PAR_PAGE - 1].pk if len(evenements) > EVENEMENTS_PAR_PAGE else None,
            retour=adresse_fiche(fiche),
        )

    def get_urls(self) -> list[URLPattern]:
        return [self.adresse_vue("<path:object_id>/cloner/", self.vue_cloner, "cloner"), *super().get_urls()]

    # --- gestures ------------------------------------------------------------------------------------------------

    def vue_cloner(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """A draft with the same content, for the same partner or another."""
        fiche: Fiche = self.visible_ou_404(request, object_id)
        if not self.has_add_permission(request):
            raise PermissionDenied(redaction.AJOUTER)
        par: Any = request.user
        if request.method != "POST":
            return self._page_cloner(request, fiche, CloneForm(par=par, initial={"structure": fiche.structure_id}))
        formulaire = CloneForm(request.POST, par=par)
        if not formulaire.is_valid():
            return self._page_cloner(request, fiche, formulaire)
        try:
            clone = redaction.cloner(fiche, par=par, structure=formulaire.cleaned_data["structure"])
        except ValidationError as refus:
            formulaire.add_error(None, refus.messages)
            return self._page_cloner(request, fiche, formulaire)
        except ActionImpossible as refus:
            return self._page_cloner(request, fiche, formulaire, refus)
        self.message_user(request, f"Brouillon n° {clone.pk} créé d’après la fiche n° {fiche.pk}.", messages.SUCCESS)
        return redirect(adresse_fiche(clone))

    def _page_cloner(
        self, request: HttpRequest, fiche: Fiche, formulaire: CloneForm, refus: ActionImpossible | None = None
    ) -> HttpResponse:
        reponse = self.page(
            request,
            "raccordements/cloner.html",
            f"Cloner la fiche n° {fiche.pk}",
            fiche=fiche,
            formulaire=formulaire,
            media=self.media + formulaire.media,
            refus=refus,
            retour=adresse_fiche(fiche),
        )
        reponse.status_code = 409 if refus else 200
        return reponse

    def has_supprimer_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("raccordements.supprimer_fiche")

    @bouton(
        "Supprimer",
        permission="supprimer",
        icone="delete",
        variante="danger",
        confirmation="Supprimer ce brouillon ? Il quitte toutes les listes ; son historique est gardé.",
        visible=lambda fiche: fiche.permet(Action.SUPPRIMER) and not fiche.en_envoi,
    )
    def supprimer(self, request: HttpRequest, fiche: Fiche) -> HttpResponseBase | None:
        try:
            redaction.supprimer(fiche, par=request.user)  # type: ignore[arg-type]
        except ActionImpossible as refus:
            self.message_user(request, phrase(refus), messages.ERROR)
            return None
        self.message_user(request, f"Brouillon n° {fiche.pk} supprimé.", messages.SUCCESS)
        return redirect(self.url("changelist"))

    @bouton(
        "Rétablir la version active",
        permission="change",
        icone="undo",
        confirmation="Abandonner les modifications préparées ? La fiche redira exactement ce que Chorus Pro a.",
        visible=lambda fiche: fiche.version_active_id is not None and fiche.permet(Action.MODIFIER),
    )
    def retablir(self, request: HttpRequest, fiche: Fiche) -> None:
        try:
            redaction.retablir(fiche, edition=fiche.edition, par=request.user)  # type: ignore[arg-type]
        except ActionImpossible as refus:
            self.message_user(request, phrase(refus), messages.ERROR)
        except ValidationError as refus:
            self.message_user(request, " ".join(refus.messages), messages.ERROR)
        else:
            self.message_user(request, "La fiche dit de nouveau ce que Chorus Pro a.", messages.SUCCESS)


@admin.register(FicheEDI)
class FicheEDIAdmin(FicheAdmin):
    genre = Genre.EDI
    list_display = (
        "numero",
        "partenaire",
        "protocole_affiche",
        "etat_affiche",
        "approbation_affichee",
        "echeance_affichee",
    )
    list_display_links = ("numero", "partenaire")
    list_select_related = ("structure",)
    # What an index can sort.
    sortable_by = ("numero",)
    list_filter = (
        ("etat", ChoicesDropdownFilter),
        ("approbation", ChoicesDropdownFilter),
        ("environnement", ChoicesDropdownFilter),
        ("protocole", ChoicesDropdownFilter),
        FiltreEcheanceFiche,
    )
    ordering = ("-id",)
    recherche = RECHERCHE_FICHE
    search_help_text = "SIRET, SIREN, désignation, code appli partenaire ou numéro de fiche"
    colonnes_export = (
        Colonne("Fiche", "pk"),
        Colonne("SIRET", "structure__siret", texte=True),
        Colonne("Désignation", "structure__designation"),
        Colonne("Environnement", "environnement"),
        Colonne("Protocole de raccordement", "protocole"),
        Colonne("Code Appli partenaire", "code_appli", texte=True),
        Colonne("Etat courant", "etat"),
        Colonne("Approbation", "approbation"),
        Colonne("Date de début", "periode_du"),
        Colonne("Date de fin", "periode_au"),
        Colonne("Créée par", "cree_par__username"),
        Colonne("Créée le", "cree_le"),
        Colonne("Envoyée le", "envoyee_le"),
        Colonne("Activée le", "activee_le"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[FicheEDI]:
        finissant = CertificatJoint.objects.filter(fiche=OuterRef("pk")).order_by("certificat__expire_le")
        fiches: QuerySet[FicheEDI] = super().get_queryset(request)
        return fiches.annotate(expire_le=Subquery(finissant.values("certificat__expire_le")[:1]))

    @display(description="n°", ordering="id")
    def numero(self, fiche: FicheEDI) -> str:
        return f"N° {fiche.pk}"

    @display(description="partenaire")
    def partenaire(self, fiche: FicheEDI) -> str:
        return str(fiche.structure)

    @display(description="protocole, environnement")
    def protocole_affiche(self, fiche: FicheEDI) -> SafeString:
        protocole = fiche.get_protocole_display() or VIDE
        return format_html("<div>{}</div><div>{}</div>", protocole, badge_environnement(fiche))

    @display(description="état courant")
    def etat_affiche(self, fiche: FicheEDI) -> SafeString:
        return badge_etat(fiche)

    @display(description="approbation")
    def approbation_affichee(self, fiche: FicheEDI) -> SafeString:
        return badge_approbation(fiche)

    @display(description="fin du certificat", empty_value=VIDE)
    def echeance_affichee(self, fiche: FicheEDI) -> SafeString | str:
        return badge_echeance(fiche.expire_le)  # type: ignore[attr-defined]


@admin.register(FicheAPI)
class FicheAPIAdmin(ListeAPI, FicheAdmin):
    genre = Genre.API
