"""Import of contacts: file, columns, preview, confirmation, progress; nothing is written before the fourth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from config import production
from config.admin import bouton
from config.exports import Colonne
from config.televersement import trop_gros
from dossiers.admin.filtres import FiltrePeriode
from dossiers.admin.lecture import FicheLecture
from dossiers.affichage import adresse, badge, heure, phrase, pluriel
from dossiers.greffes import Entree, greffer_menu
from dossiers.models import CleApi, Environnement, Offre
from dossiers.recherche import par_numero
from dossiers.services.erreurs import ActionImpossible
from interlocuteurs import tasks
from interlocuteurs.imports import rejets, services
from interlocuteurs.imports.correspondance import CHAMPS, PAR_NOM, lettre
from interlocuteurs.models import ImportInterlocuteurs, LigneImport

LIGNES_MONTREES = 200
EXEMPLES = 3
APERCU = ("email", "prenom", "nom", "dossier", "offre")
Etat, Issue, Verdict = ImportInterlocuteurs.Etat, LigneImport.Issue, LigneImport.Verdict
#: What asks for work first.
ORDRE = (Verdict.REJETEE, Verdict.A_CREER, Verdict.A_RATTACHER, Verdict.RIEN)
BADGES = {
    Etat.LU: ("view_column", "attente"),
    Etat.EXAMINE: ("fact_check", "attente"),
    Etat.EN_COURS: ("sync", "attente"),
    Etat.INTERROMPU: ("warning", "alerte"),
    Etat.TERMINE: ("check_circle", "succes"),
    Etat.ABANDONNE: ("block", "neutre"),
    Verdict.REJETEE: ("cancel", "echec"),
    Verdict.A_CREER: ("person_add", "attente"),
    Verdict.A_RATTACHER: ("link", "attente"),
    Verdict.RIEN: ("remove", "neutre"),
    Issue.REFUSEE: ("cancel", "echec"),
    Issue.FAITE: ("check_circle", "succes"),
}

greffer_menu(
    "Cegid Loop",
    [
        Entree(
            titre="Imports d’interlocuteurs",
            icone="upload_file",
            page="interlocuteurs_importinterlocuteurs",
            permission="interlocuteurs.view_importinterlocuteurs",
        )
    ],
)


def badge_de(choix: Any) -> SafeString:
    """The badge of a state, a verdict or an outcome."""
    return badge(str(choix.label), *BADGES[choix])


class ChoixCle(forms.ModelChoiceField):
    def label_from_instance(self, cle: CleApi) -> str:  # type: ignore[override]
        return f"{cle.nom} – domaine {cle.domaine} – {cle.get_environnement_display()}"


class DepotForm(forms.Form):
    """The file, and the key whose dossiers its lines name."""

    cle = ChoixCle(
        label="Clé d’API",
        queryset=CleApi.objects.none(),
        widget=UnfoldAdminSelectWidget,
        help_text="Les codes de dossier du fichier sont ceux de cette clé ; les interlocuteurs iront sur son domaine.",
    )
    fichier = forms.FileField(
        label="Fichier",
        help_text="CSV ou classeur Excel (.xlsx) avec une ligne d’en-tête : e-mail, nom, prénom, code du dossier, "
        "offre ; et si vous les avez, mobile, fixe, profil.",
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.txt,.xlsx"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cles = CleApi.objects.filter(archivee_le=None, type=CleApi.Type.AVANCEE).order_by("nom")
        self.fields["cle"].queryset = cles  # type: ignore[attr-defined]
        if len(cles) == 1:
            self.fields["cle"].initial = cles[0]


@dataclass(frozen=True, slots=True)
class ColonneLue:
    """A column of the file on the mapping page."""

    place: int
    lettre: str
    titre: str
    exemples: list[str]
    champ: str

    @property
    def nom(self) -> str:
        return f"colonne_{self.place}"


@admin.register(ImportInterlocuteurs)
class ImportAdmin(FicheLecture):
    list_display = ("numero", "nom_fichier", "etat_affiche", "nombre", "faites", "cree_par", "cree_affiche")
    list_display_links = ("numero", "nom_fichier")
    list_select_related = ("cree_par",)
    list_filter = (("etat", ChoicesDropdownFilter), ("cree_le", FiltrePeriode))
    ordering = ("-id",)
    recherche = ((r"[0-9]{1,15}", par_numero),)
    search_help_text = "Numéro de l’import"
    boutons = ("reprendre", "abandonner")
    colonnes_export = (
        Colonne("Import", "pk"),
        Colonne("Fichier", "nom_fichier"),
        Colonne("État", "etat"),
        Colonne("Lignes", "nombre"),
        Colonne("Importées", "faites"),
        Colonne("Refusées à la confirmation", "refusees"),
        Colonne("Lot", "lot_id"),
        Colonne("Fait par", "cree_par__username"),
        Colonne("Lu le", "cree_le"),
        Colonne("Fini le", "fini_le"),
    )

    @display(description="n°", ordering="id")
    def numero(self, importation: ImportInterlocuteurs) -> str:
        return f"N° {importation.pk}"

    @display(description="état", ordering="etat")
    def etat_affiche(self, importation: ImportInterlocuteurs) -> SafeString:
        return badge_de(Etat(importation.etat))

    @display(description="lu le", ordering="cree_le")
    def cree_affiche(self, importation: ImportInterlocuteurs) -> str:
        return heure(importation.cree_le)

    # --- rights and addresses --------------------------------------------------------------------------------------

    def has_importer_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(services.PERMISSION)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_importer_permission(request)

    def boutons_de(self, request: HttpRequest, objet: ImportInterlocuteurs) -> list[dict[str, Any]]:
        """An import is carried on by who started it: its verdicts depend on their portfolio."""
        return super().boutons_de(request, objet) if objet.cree_par_id == request.user.pk else []

    def get_urls(self) -> list[URLPattern]:
        def adresse_de(chemin: str, vue: Callable[..., HttpResponseBase], nom: str) -> URLPattern:
            return path(
                f"<path:object_id>/{chemin}",
                self.admin_site.admin_view(vue),
                name=f"interlocuteurs_importinterlocuteurs_{nom}",
            )

        return [
            adresse_de("colonnes/", self.vue_colonnes, "colonnes"),
            adresse_de("confirmer/", require_POST(self.vue_confirmer), "confirmer"),
            adresse_de("progression/", require_safe(self.vue_progression), "progression"),
            adresse_de("lignes.csv", require_safe(self.vue_lignes), "lignes"),
            adresse_de("rejets.csv", require_safe(self.vue_rejets_csv), "rejets_csv"),
            adresse_de("rejets.xlsx", require_safe(self.vue_rejets_xlsx), "rejets_xlsx"),
            *super().get_urls(),
        ]

    def _url(self, nom: str, importation: ImportInterlocuteurs) -> str:
        return reverse(f"admin:interlocuteurs_importinterlocuteurs_{nom}", args=[importation.pk])

    # --- the file --------------------------------------------------------------------------------------------------

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        if not self.has_importer_permission(request):
            raise PermissionDenied(services.PERMISSION)
        if request.method != "POST":
            return self._page_depot(request, DepotForm())
        if trop_gros(request):
            return self._page_depot(request, DepotForm(), _trop_gros())
        formulaire = DepotForm(request.POST, request.FILES)
        if not formulaire.is_valid():
            return self._page_depot(request, formulaire)
        fichier = formulaire.cleaned_data["fichier"]
        try:
            importation = services.recevoir(
                Path(fichier.temporary_file_path()),
                fichier.name,
                cle=formulaire.cleaned_data["cle"],
                par=request.user,
            )
        except ActionImpossible as refus:
            return self._page_depot(request, formulaire, refus)
        return redirect(self._url("colonnes", importation))

    def _page_depot(
        self, request: HttpRequest, formulaire: DepotForm, refus: ActionImpossible | None = None
    ) -> HttpResponse:
        reponse = self.page(
            request,
            "interlocuteurs/import_depot.html",
            "Importer des interlocuteurs",
            formulaire=formulaire,
            refus=refus,
            retour=reverse("admin:interlocuteurs_importinterlocuteurs_changelist"),
        )
        reponse.status_code = 409 if refus else 200
        return reponse

    # --- the columns -----------------------------------------------------------------------------------------------

    def vue_colonnes(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        importation = self._sien_ou_403(request, object_id)
        correspondance, offre, memorisee = services.proposition(importation)
        if request.method != "POST":
            return self._page_colonnes(request, importation, correspondance, offre, memorisee=memorisee)
        try:
            correspondance, offre = _lire_les_colonnes(request, importation)
            services.examiner(importation, correspondance, offre, par=request.user)
        except ActionImpossible as refus:
            return self._page_colonnes(request, importation, correspondance, offre, refus=refus)
        return redirect(adresse(importation))

    def _page_colonnes(
        self,
        request: HttpRequest,
        importation: ImportInterlocuteurs,
        correspondance: dict[str, int],
        offre: str,
        *,
        memorisee: bool = False,
        refus: ActionImpossible | None = None,
    ) -> HttpResponse:
        reponse = self.page(
            request,
            "interlocuteurs/import_colonnes.html",
            f"Colonnes de « {importation.nom_fichier} »",
            importation=importation,
            colonnes=list(_colonnes(importation, correspondance)),
            champs=CHAMPS,
            offres=Offre.Code.choices,
            offre=offre,
            memorisee=memorisee,
            deja=services.deja_importe(importation),
            refus=refus,
            retour=adresse(importation),
        )
        reponse.status_code = 409 if refus else 200
        return reponse

    def _sien_ou_403(self, request: HttpRequest, object_id: str) -> ImportInterlocuteurs:
        importation: ImportInterlocuteurs = self.visible_ou_404(request, object_id)
        if not self.has_importer_permission(request) or importation.cree_par_id != request.user.pk:
            raise PermissionDenied(services.PERMISSION)
        return importation

    # --- preview, progress, result ---------------------------------------------------------------------------------

    def fiche(self, request: HttpRequest, objet: ImportInterlocuteurs) -> HttpResponse:
        sien = objet.cree_par_id == request.user.pk and self.has_importer_permission(request)
        a_confirmer = sien and objet.etat == Etat.EXAMINE and objet.a_traiter > 0
        return self.page(
            request,
            "interlocuteurs/import_fiche.html",
            str(objet),
            importation=objet,
            etat=badge_de(Etat(objet.etat)),
            comptes=[(badge_de(verdict), objet.comptes.get(verdict, 0)) for verdict in ORDRE],
            groupes=list(_groupes(objet)),
            lignes_montrees=LIGNES_MONTREES,
            scelle=services.sceller(objet) if a_confirmer else "",
            production=objet.cle.environnement == Environnement.PRODUCTION,
            deja=services.deja_importe(objet) if objet.confirme_le is None else None,
            modifiable=sien and objet.etat in {Etat.LU, Etat.EXAMINE},
            nombre_rejets=objet.lignes.rejets().count(),
            boutons=self.boutons_de(request, objet),
            adresses={
                nom: self._url(nom, objet)
                for nom in ("colonnes", "confirmer", "progression", "lignes", "rejets_csv", "rejets_xlsx")
            },
        )

    def vue_confirmer(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        importation = self._sien_ou_403(request, object_id)
        if production.manque(importation.cle.environnement, request.POST):
            return self.page_production(request, "Importer", adresse(importation))
        try:
            deja = importation.confirme_le
            importation = services.confirmer(importation, request.POST.get("apercu", ""), par=request.user)
        except ActionImpossible as refus:
            self.message_user(request, phrase(refus), messages.WARNING)
            return redirect(adresse(importation))
        if deja is None:
            tasks.lancer(importation)
        return redirect(adresse(importation))

    def vue_progression(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """What the page asks every two seconds: the same fragment, and what is not in it."""
        importation = self.visible_ou_404(request, object_id)
        finie = importation.etat != Etat.EN_COURS
        reponse = JsonResponse(
            {
                "finie": finie,
                "pourcent": importation.pourcent,
                "annonce": f"{'Terminé : ' if finie else ''}{importation.traitees} sur {importation.a_traiter}.",
                "html": render_to_string(
                    "interlocuteurs/_import_progression.html", {"importation": importation, "finie": finie}, request
                ),
            }
        )
        reponse["Cache-Control"] = "no-store"
        return reponse

    # --- files -----------------------------------------------------------------------------------------------------

    def vue_lignes(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        return self._telecharger(request, object_id, "lignes.csv", rejets.toutes_csv)

    def vue_rejets_csv(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        return self._telecharger(request, object_id, "rejets.csv", rejets.rejets_csv)

    def vue_rejets_xlsx(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        return self._telecharger(request, object_id, "rejets.xlsx", rejets.rejets_xlsx)

    def _telecharger(
        self,
        request: HttpRequest,
        object_id: str,
        nom: str,
        faire: Callable[[ImportInterlocuteurs], HttpResponseBase],
    ) -> HttpResponseBase:
        importation = self.visible_ou_404(request, object_id)
        reponse = faire(importation)
        self.journaliser_export(request, nom, f"import n° {importation.pk}")
        return reponse

    # --- buttons ---------------------------------------------------------------------------------------------------

    @bouton(
        "Reprendre l’import",
        permission="importer",
        icone="play_arrow",
        variante="primaire",
        visible=lambda importation: importation.etat == Etat.INTERROMPU,
        environnement=lambda importation: importation.cle.environnement,
    )
    def reprendre(self, request: HttpRequest, importation: ImportInterlocuteurs) -> None:
        try:
            reprise = services.reprendre(importation, par=request.user)
        except ActionImpossible as refus:
            self.message_user(request, phrase(refus), messages.WARNING)
            return
        tasks.lancer(reprise)
        self.message_user(request, "L’import reprend à la première ligne qui n’est pas faite.", messages.SUCCESS)

    @bouton(
        "Abandonner",
        permission="importer",
        icone="delete",
        variante="danger",
        confirmation="Abandonner cet import ? Ce qui est déjà importé le reste.",
        visible=lambda importation: importation.etat in {Etat.LU, Etat.EXAMINE, Etat.INTERROMPU},
    )
    def abandonner(self, request: HttpRequest, importation: ImportInterlocuteurs) -> None:
        try:
            services.abandonner(importation, par=request.user)
        except ActionImpossible as refus:
            self.message_user(request, phrase(refus), messages.WARNING)
            return
        self.message_user(request, "Import abandonné.", messages.SUCCESS)


def _trop_gros() -> ActionImpossible:
    return ActionImpossible(
        "Le fichier n’a pas été lu.",
        f"Il dépasse {settings.TELEVERSEMENT_TAILLE_MAX // 2**20} Mo.",
        "Enregistrez les seules lignes utiles dans un nouveau fichier, sans image ni mise en forme.",
    )


def _colonnes(importation: ImportInterlocuteurs, correspondance: dict[str, int]) -> Iterator[ColonneLue]:
    exemples = list(importation.lignes.order_by("numero").values_list("cellules", flat=True)[:EXEMPLES])
    champs = {place: champ for champ, place in correspondance.items()}
    for place, titre in enumerate(importation.entetes):
        vus = [cellules[place][:60] for cellules in exemples if place < len(cellules) and cellules[place]]
        yield ColonneLue(place, lettre(place), titre, vus, champs.get(place, ""))


def _lire_les_colonnes(request: HttpRequest, importation: ImportInterlocuteurs) -> tuple[dict[str, int], str]:
    """The mapping and the offer that the page sent.

    Raises BadRequest for an unknown word, ActionImpossible for a field given to two columns.
    """
    correspondance: dict[str, int] = {}
    for place in range(len(importation.entetes)):
        champ = request.POST.get(f"colonne_{place}", "")
        if not champ:
            continue
        if champ not in PAR_NOM:
            raise BadRequest("champ inconnu")
        if champ in correspondance:
            raise ActionImpossible(
                "L’aperçu n’a pas été préparé.",
                f"Les colonnes {lettre(correspondance[champ])} et {lettre(place)} donnent toutes deux : "
                f"{PAR_NOM[champ].libelle}.",
                "N’en gardez qu’une et ignorez l’autre.",
            )
        correspondance[champ] = place
    offre = request.POST.get("offre_commune", "")
    if offre and offre not in Offre.Code.values:
        raise BadRequest("offre inconnue")
    return correspondance, offre


def _groupes(importation: ImportInterlocuteurs) -> Iterator[dict[str, Any]]:
    """The lines by outcome, then by verdict; the first `LIGNES_MONTREES` of each."""
    lignes = importation.lignes.order_by("numero")
    classes: list[tuple[Any, Any]] = [(issue, lignes.filter(issue=issue)) for issue in (Issue.REFUSEE, Issue.FAITE)]
    classes += [(verdict, lignes.filter(verdict=verdict, issue="")) for verdict in ORDRE]
    for classe, requete in classes:
        if nombre := requete.count():
            montrees = requete.select_related("interlocuteur")[:LIGNES_MONTREES]
            yield {
                "badge": badge_de(classe),
                "titre": f"{pluriel(nombre, 'ligne')} – {str(classe.label).lower()}",
                "nombre": nombre,
                "lignes": [(ligne, _apercu(importation, ligne)) for ligne in montrees],
            }


def _apercu(importation: ImportInterlocuteurs, ligne: LigneImport) -> str:
    """What names a line, as it is in the file."""
    correspondance = importation.correspondance or {}
    places = [correspondance[champ] for champ in APERCU if champ in correspondance]
    cellules = [ligne.cellules[place].strip()[:60] for place in places if place < len(ligne.cellules)]
    return " · ".join(filter(None, cellules)) or "(vide)"
