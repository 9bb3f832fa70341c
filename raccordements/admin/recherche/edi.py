"""« Rechercher fiche EDI »: one row per fiche and interface code, as on the portal."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from unfold.decorators import display

from config.admin import PaginateurBorne
from config.exports import Colonne
from dossiers import greffes
from dossiers.admin.lecture import FicheLecture
from dossiers.affichage import VIDE
from raccordements.admin.recherche.filtres import CriteresEDI
from raccordements.admin.recherche.liste import Recherche, partenaire, partenaire_en_texte
from raccordements.affichage import adresse_fiche, badge_etat
from raccordements.models import Fiche, Genre, LigneCode, Mode
from raccordements.models.fiche import parmi

VOIR = "raccordements.view_ficheedi"

greffes.greffer_menu(
    "Chorus Pro",
    [
        greffes.Entree(
            titre="Rechercher fiche EDI", icone="manage_search", page="raccordements_lignecode", permission=VOIR
        )
    ],
)


class PaginateurEDI(PaginateurBorne):
    """Counts along the order of the list: else PostgreSQL reads every fiche before the first row that it counts."""

    @cached_property
    def _comptees(self) -> int:
        return self.object_list.order_by("-fiche_id").values("pk")[: self.PLAFOND + 1].count()


@admin.register(LigneCode)
class RechercheEDIAdmin(Recherche, FicheLecture):
    """A code whose answer is « Pas de raccordement » is not a connection: the portal does not list it."""

    titre_recherche = "Rechercher fiche EDI"
    list_display = (
        "partenaire",
        "protocole",
        "code_appli",
        "code_interface",
        "date_debut",
        "date_fin",
        "etat_courant",
    )
    list_filter = (CriteresEDI,)
    paginator = PaginateurEDI
    ordering = ("-fiche_id", "code__ordre", "code_id")
    nom_export = "fiches-edi"
    colonnes_export = (
        Colonne("Partenaire", partenaire_en_texte("fiche__structure__")),
        Colonne("Protocole de raccordement", "fiche__protocole"),
        Colonne("Code Appli partenaire", "fiche__code_appli", texte=True),
        Colonne("Code interface", "code_id", texte=True),
        Colonne("Date de début", "fiche__periode_du"),
        Colonne("Date de fin", "fiche__periode_au"),
        Colonne("Etat courant", "fiche__etat"),
        Colonne("SIRET", "fiche__structure__siret", texte=True),
        Colonne("Type d’intégration", "mode"),
        Colonne("Environnement", "fiche__environnement"),
    )

    # --- rows ----------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[LigneCode]:
        lignes = (
            super()
            .get_queryset(request)
            .exclude(mode=Mode.AUCUN)
            .filter(fiche__genre=Genre.EDI, fiche__supprimee_le=None)
            .select_related("fiche__structure")
            .only(
                "code",
                "mode",
                "fiche__genre",
                "fiche__environnement",
                "fiche__protocole",
                "fiche__code_appli",
                "fiche__periode_du",
                "fiche__periode_au",
                "fiche__etat",
                "fiche__structure__siret",
                "fiche__structure__designation",
            )
        )
        if not getattr(request.user, "portefeuille_seul", False):
            return lignes
        visibles = Fiche.objects.order_by().visibles_par(request.user)  # type: ignore[arg-type]
        return lignes.filter(parmi("fiche_id", visibles.values("pk")))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A row is a part of a fiche: who sees fiches sees it."""
        return request.user.has_perm(VOIR)  # type: ignore[union-attr]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def fiche(self, request: HttpRequest, objet: LigneCode) -> HttpResponseBase:
        return redirect(adresse_fiche(objet.fiche))

    def fiche_de(self, objet: LigneCode) -> Fiche:
        return objet.fiche

    # --- columns, in the portal's words --------------------------------------------------------------------------

    @display(description="Partenaire")
    def partenaire(self, ligne: LigneCode) -> SafeString | str:
        return partenaire(ligne.fiche)

    @display(description="Protocole de raccordement")
    def protocole(self, ligne: LigneCode) -> str:
        return ligne.fiche.get_protocole_display() or VIDE

    @display(description="Code Appli partenaire")
    def code_appli(self, ligne: LigneCode) -> str:
        return ligne.fiche.code_appli or VIDE

    @display(description="Code interface")
    def code_interface(self, ligne: LigneCode) -> str:
        return ligne.code_id

    @display(description="Date de début")
    def date_debut(self, ligne: LigneCode) -> str:
        return f"{ligne.fiche.periode_du:%d/%m/%Y}" if ligne.fiche.periode_du else VIDE

    @display(description="Date de fin")
    def date_fin(self, ligne: LigneCode) -> str:
        return f"{ligne.fiche.periode_au:%d/%m/%Y}" if ligne.fiche.periode_au else VIDE

    @display(description="Etat courant")
    def etat_courant(self, ligne: LigneCode) -> SafeString:
        return badge_etat(ligne.fiche)
