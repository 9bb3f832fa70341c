"""What the two search pages share: the portal's form above the rows, 25 of them per page, their total in its words."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, F, TextField, Value, When
from django.db.models.functions import Concat
from django.http import HttpRequest, HttpResponseBase
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from config.admin import AdminCabinet, ListeCabinet
from dossiers.admin.exports import ExportJournalise
from dossiers.affichage import badge, pluriel
from raccordements.admin.recherche.filtres import Criteres
from raccordements.affichage import adresse_fiche
from raccordements.models import Action, EnvironnementChorus, Fiche

LIGNES_PAR_PAGE = 25


class ListeRecherche(ListeCabinet):
    """The portal's form stands above the rows: the theme's panel of filters would show it twice."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.title = self.model_admin.titre_recherche

    def get_filters(self, request: HttpRequest) -> tuple[Any, ...]:
        filtres, _, *reste = super().get_filters(request)
        self.criteres = next(filtre.form for filtre in filtres if isinstance(filtre, Criteres))
        return (filtres, False, *reste)

    @property
    def total(self) -> str:
        """`14 lignes`, `10 000+ lignes`."""
        if self.paginator.plafonne:
            return f"{self.paginator.total_affiche} lignes"
        return pluriel(self.result_count, "ligne")


class Recherche(ExportJournalise, AdminCabinet):
    """Base of the two pages.

    Attributes
    ----------
    titre_recherche, titre_actions:
        The portal's names of the page and of its last column.
    """

    class Media:
        css = {"all": ["raccordements/recherche.css"]}

    titre_recherche, titre_actions = "", "Actions"
    change_list_template = "raccordements/recherche.html"
    list_per_page = list_max_show_all = LIGNES_PAR_PAGE
    list_display_links = None
    sortable_by: tuple[str, ...] = ()
    search_fields: tuple[str, ...] = ()
    nom_des_lignes = "lignes"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ListeCabinet]:
        return ListeRecherche

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        reponse = super().changelist_view(request, extra_context)
        contexte = getattr(reponse, "context_data", None)
        if contexte is not None:
            # Beside the total, as on the portal, and not in the header.
            contexte["exports_resultats"] = contexte.pop("exports", [])
        return reponse

    def fiche_de(self, objet: Any) -> Fiche:
        """The fiche of a row."""
        raise NotImplementedError

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        @display(description=self.titre_actions)
        def actions_affichees(objet: Any) -> SafeString:
            return lien_action(request, self.fiche_de(objet))

        return [*super().get_list_display(request), actions_affichees]


def partenaire_en_texte(vers_structure: str) -> Case:
    """« SIRET - désignation » written by the database; `vers_structure` leads from the rows to their partner."""
    siret, nom = F(f"{vers_structure}siret"), f"{vers_structure}designation"
    sans_nom = When(**{nom: ""}, then=siret)
    return Case(sans_nom, default=Concat(siret, Value(" - "), F(nom)), output_field=TextField())


def partenaire(fiche: Fiche) -> SafeString | str:
    """« SIRET - désignation »; the portal of qualification is another site, here a word tells its fiches apart."""
    if fiche.environnement == EnvironnementChorus.PRODUCTION:
        return str(fiche.structure)
    mot = badge(EnvironnementChorus.QUALIFICATION.label, "science", "neutre")
    return format_html("<div>{}</div>{}", fiche.structure, mot)


def lien_action(request: HttpRequest, fiche: Fiche) -> SafeString:
    """The portal's pencil or eye, with its word: what this person may do with the fiche."""
    droit = f"raccordements.change_fiche{fiche.genre}"
    modifiable = fiche.permet(Action.MODIFIER) and request.user.has_perm(droit)  # type: ignore[union-attr]
    mot, icone = ("Modifier", "edit") if modifiable else ("Consulter", "visibility")
    return format_html(
        '<a class="lien-action" href="{}"><span class="material-symbols-outlined" aria-hidden="true">{}</span>{}'
        '<span class="lecteur-ecran"> la fiche n° {}</span></a>',
        adresse_fiche(fiche),
        icone,
        mot,
        fiche.pk,
    )
