"""« Rechercher fiche API »: one row per fiche, as on the portal."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.decorators import display

from config.exports import Colonne
from dossiers.affichage import VIDE
from raccordements.admin.recherche.filtres import CriteresAPI
from raccordements.admin.recherche.liste import Recherche, partenaire, partenaire_en_texte
from raccordements.affichage import badge_etat
from raccordements.models import FicheAPI


class ListeAPI(Recherche):
    """The list of the admin of `FicheAPI`: to put first among its bases."""

    titre_recherche = "Rechercher fiche API"
    titre_actions = "Action"
    list_display = ("partenaire", "code_appli_affiche", "etat_courant")
    list_filter = (CriteresAPI,)
    ordering = ("-id",)
    nom_export = "fiches-api"
    colonnes_export = (
        Colonne("Partenaire", partenaire_en_texte("structure__")),
        Colonne("Code Appli Partenaire", "code_appli", texte=True),
        Colonne("État courant", "etat"),
        Colonne("SIRET", "structure__siret", texte=True),
        Colonne("Environnement", "environnement"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[FicheAPI]:
        return super().get_queryset(request).pour_liste()

    def fiche_de(self, objet: FicheAPI) -> FicheAPI:
        return objet

    @display(description="Partenaire")
    def partenaire(self, fiche: FicheAPI) -> SafeString | str:
        return partenaire(fiche)

    @display(description="Code Appli Partenaire")
    def code_appli_affiche(self, fiche: FicheAPI) -> str:
        return fiche.code_appli or VIDE

    @display(description="État courant")
    def etat_courant(self, fiche: FicheAPI) -> SafeString:
        return badge_etat(fiche)
