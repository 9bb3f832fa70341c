"""Imports of entries: the board, a new import, the page of one followed to its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.views.decorators.http import require_POST, require_safe
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from config.admin import bouton
from config.exports import Colonne
from config.lignes import exporter_lignes
from config.televersement import plafond, trop_gros
from dossiers.admin.ecritures import etats, page, releve
from dossiers.admin.ecritures.depot import PageDepot
from dossiers.admin.ecritures.filtres import RECHERCHE_IMPORT, FiltreCleDuDossier, FiltreOnglet
from dossiers.admin.ecritures.formulaires import DepotForm, DestinationForm, propositions
from dossiers.admin.ecritures.graphique import nombre
from dossiers.admin.filtres import FiltrePeriode
from dossiers.admin.lecture import FicheLecture
from dossiers.admin.plans import GestesAdmin
from dossiers.affichage import VIDE, adresse, heure, lien, phrase
from dossiers.ecritures import services
from dossiers.ecritures.gestes import EnvoyerEcritures
from dossiers.ecritures.natures import NatureEcritures
from dossiers.models import Dossier, ImportEcritures
from dossiers.services.erreurs import ActionImpossible

Etat, Source = ImportEcritures.Etat, ImportEcritures.Source
DESTINATION = ("genre", "dossier", "modele", "siret")
#: States after which one starts again with another file.
RECOMMENCABLES = (Etat.A_CORRIGER, *ImportEcritures.FINIS)
#: What a list and a page never need: a report is heavy, a link is a secret.
LOURDS = ("rapport", "url")
SEMBLABLE = (
    "Admettre un second envoi du même contenu ? Si le premier est dans les comptes du client, les écritures y seront "
    "en double."
)
Vue = Callable[..., HttpResponseBase]


@admin.register(ImportEcritures)
class ImportEcrituresAdmin(PageDepot, FicheLecture, GestesAdmin):
    list_before_template = "dossiers/ecritures/_onglets.html"
    list_display = (
        "numero",
        "dossier_affiche",
        "contenu",
        "etat_affiche",
        "lignes_affichees",
        "cree_affiche",
    )
    list_display_links = ("numero",)
    list_select_related = ("dossier", "operation", "cree_par")
    # What an index can sort.
    sortable_by = ("numero",)
    list_filter = (
        FiltreOnglet,
        ("etat", ChoicesDropdownFilter),
        ("genre", ChoicesDropdownFilter),
        FiltreCleDuDossier,
        ("cree_le", FiltrePeriode),
    )
    ordering = ("-id",)
    recherche = RECHERCHE_IMPORT
    search_help_text = "Dossier (code, nom, SIREN), début du nom de fichier, SIRET, accountingImportRequestId"
    boutons = ("reprendre_suivi", "admettre_doublon", "abandonner")
    nom_export = "imports-ecritures"
    colonnes_export = (
        Colonne("Import", "pk"),
        Colonne("Code du dossier", "dossier__code", texte=True),
        Colonne("Nom usuel", "dossier__nom_usuel"),
        Colonne("Type", "genre"),
        Colonne("Source", "source"),
        Colonne("Fichier", "nom_fichier"),
        Colonne("Modèle", "modele"),
        Colonne("SIRET", "siret", texte=True),
        Colonne("État", "etat"),
        Colonne("Lignes", "lignes"),
        Colonne("Première écriture", "periode_debut"),
        Colonne("Dernière écriture", "periode_fin"),
        Colonne("Défauts bloquants", "bloquants"),
        Colonne("Avertissements", "avertissements"),
        Colonne("accountingImportRequestId", "demande_id", texte=True),
        Colonne("Statut reçu", "statut_brut"),
        Colonne("Message reçu", "message"),
        Colonne("Créé par", "cree_par__username"),
        Colonne("Créé le", "cree_le"),
        Colonne("Reçu par Loop le", "envoye_le"),
        Colonne("Fini le", "fini_le"),
    )

    # --- the board ---------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportEcritures]:
        return super().get_queryset(request).defer(*LOURDS)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        onglets: list[dict[str, Any]] = []
        if request.method == "GET" and self.has_view_permission(request):
            onglets = etats.compter(ImportEcritures.objects.visibles_par(request.user))
        contexte = {"onglets": onglets, "onglet": request.GET.get("tableau", "")}
        return super().changelist_view(request, {**(extra_context or {}), **contexte})

    @display(description="n°", ordering="id")
    def numero(self, importation: ImportEcritures) -> str:
        return f"N° {importation.pk}"

    @display(description="dossier")
    def dossier_affiche(self, importation: ImportEcritures) -> SafeString | str:
        return lien(importation.dossier) if importation.dossier_id else "À choisir"

    @display(description="fichier ou lien, type")
    def contenu(self, importation: ImportEcritures) -> SafeString | str:
        return _deux_lignes(Truncator(etats.nom_de(importation)).chars(50), importation.get_genre_display())

    @display(description="état")
    def etat_affiche(self, importation: ImportEcritures) -> SafeString:
        return etats.badge_de(importation)

    @display(description="lignes, période")
    def lignes_affichees(self, importation: ImportEcritures) -> SafeString | str:
        if importation.lignes is None:
            return VIDE
        periode = releve.periode(importation.periode_debut, importation.periode_fin)
        return _deux_lignes(nombre(importation.lignes), periode)

    @display(description="créé par, le")
    def cree_affiche(self, importation: ImportEcritures) -> SafeString:
        return _deux_lignes(str(importation.cree_par), heure(importation.cree_le))

    # --- rights and addresses ----------------------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(services.AJOUTER)

    def has_modifier_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(services.MODIFIER)

    def has_suivre_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(NatureEcritures.permission)

    def get_urls(self) -> list[URLPattern]:
        def adresse_de(chemin: str, vue: Vue, nom: str) -> URLPattern:
            return path(chemin, self.admin_site.admin_view(vue), name=f"dossiers_importecritures_{nom}")

        return [
            adresse_de("propositions/", require_safe(self.vue_propositions), "propositions"),
            adresse_de("depot/<uuid:depot>/", self.vue_depot, "depot"),
            adresse_de("depot/<uuid:depot>/envoyer/", require_POST(self.vue_depot_envoyer), "depot_envoyer"),
            adresse_de(
                "depot/<uuid:depot>/progression/", require_safe(self.vue_depot_progression), "depot_progression"
            ),
            adresse_de("<path:object_id>/destination/", require_POST(self.vue_destination), "destination"),
            adresse_de("<path:object_id>/progression/", require_safe(self.vue_progression), "progression"),
            adresse_de("<path:object_id>/constats.csv", require_safe(self.vue_constats), "constats"),
            *super().get_urls(),
        ]

    # --- a new import ------------------------------------------------------------------------------------------------

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        if not self.has_add_permission(request):
            raise PermissionDenied(services.AJOUTER)
        if request.method != "POST":
            connus = {nom: request.GET[nom] for nom in DESTINATION if request.GET.get(nom)}
            return self._page_ajout(request, DepotForm(par=request.user, initial=connus))
        formulaire = DepotForm(request.POST, request.FILES, par=request.user)
        valable = formulaire.is_valid()
        if trop_gros(request):
            formulaire.refuser_les_fichiers(
                f"Rien n’a été reçu : les fichiers dépassent ensemble {plafond(request) // 2**20} Mo, ce que le "
                "cabinet accepte en une fois. Déposez-les un par un, ou donnez un lien ; pour un plus gros fichier, "
                "demandez à un administrateur de relever ECRITURES_TAILLE_MAX."
            )
            return self._page_ajout(request, formulaire)
        if {"lien", "fichiers"} & set(formulaire.errors):
            return self._page_ajout(request, formulaire)
        if fichiers := formulaire.cleaned_data["fichiers"]:
            return self._recevoir(request, formulaire, fichiers)
        if not valable:
            return self._page_ajout(request, formulaire)
        try:
            importation = services.recevoir_un_lien(formulaire.lien_juste, formulaire.destination(), par=request.user)
        except ActionImpossible as refus:
            formulaire.add_error("lien", phrase(refus))
            return self._page_ajout(request, formulaire)
        return redirect(adresse(importation))

    def _recevoir(self, request: HttpRequest, formulaire: DepotForm, fichiers: list[Any]) -> HttpResponseBase:
        """Keep the files even when something of their destination is refused: a browser does not send them twice."""
        recus = services.recevoir(fichiers, formulaire.destination(), par=request.user)
        if vides := formulaire.vides:
            self.message_user(
                request,
                f"N’ont pas été reçus, parce qu’ils sont vides : {', '.join(vides)}. Refaites leur export, puis "
                "déposez-les.",
                messages.WARNING,
            )
        erreurs = [str(erreur) for nom in DESTINATION for erreur in formulaire.errors.get(nom, ())]
        if len(recus) > 1:
            for erreur in erreurs:
                self.message_user(request, f"{erreur} Les fichiers, eux, sont reçus.", messages.WARNING)
            return redirect(self._url("depot", recus[0].depot))
        saisie = {nom: request.POST.get(nom, "") for nom in DESTINATION} | {"saisi": "oui"} if erreurs else {}
        suite = f"?{urlencode(saisie)}#destination" if saisie else ""
        return redirect(f"{adresse(recus[0])}{suite}")

    def _page_ajout(self, request: HttpRequest, formulaire: DepotForm) -> HttpResponse:
        return self.page(
            request,
            "dossiers/ecritures/ajout.html",
            "Nouvel import d’écritures",
            formulaire=formulaire.pour_la_page(),
            propositions=propositions(_dossier_du(request, formulaire)),
            adresse_propositions=self._url("propositions"),
            plafond=settings.TELEVERSEMENTS["admin:dossiers_importecritures_add"] // 2**20,
            retour=self._liste(),
        )

    def vue_propositions(self, request: HttpRequest) -> HttpResponseBase:
        """Models and establishments of the dossier just chosen, for the two lists of the form."""
        if not (self.has_add_permission(request) or self.has_modifier_permission(request)):
            raise PermissionDenied
        dossier = _dossier_visible(request, request.GET.get("dossier", ""))
        if dossier is None:
            raise Http404
        reponse = JsonResponse(propositions(dossier))
        reponse["Cache-Control"] = "no-store"
        return reponse

    # --- the page of one ---------------------------------------------------------------------------------------------

    def fiche(
        self, request: HttpRequest, objet: ImportEcritures, formulaire: DestinationForm | None = None
    ) -> HttpResponse:
        contexte = page.suivi(request, objet) | page.contexte(request, objet)
        contexte |= self._destination(request, objet, formulaire)
        return self.page(
            request,
            "dossiers/ecritures/fiche.html",
            f"Import n°\u00a0{objet.pk} – {Truncator(etats.nom_de(objet)).chars(60)}",
            **contexte,
            boutons=self.boutons_de(request, objet),
            envoyable=objet.etat in (Etat.PRET, Etat.REFUSE) and request.user.has_perm(EnvoyerEcritures.permission),
            geste_envoi=EnvoyerEcritures.nom,
            adresses={nom: self._url(nom, objet.pk) for nom in ("geste", "progression", "constats")},
            adresse_depot=self._url("depot", objet.depot),
            nouveau=(
                f"{self._url('add')}?{urlencode(_memes(objet))}"
                if objet.etat in RECOMMENCABLES and self.has_add_permission(request)
                else ""
            ),
        )

    def _destination(
        self, request: HttpRequest, objet: ImportEcritures, formulaire: DestinationForm | None = None
    ) -> dict[str, Any]:
        modifiable = objet.modifiable and self.has_modifier_permission(request)
        if modifiable and formulaire is None:
            connus = [objet.dossier] if objet.dossier else []
            saisie = request.GET if request.GET.get("saisi") else None
            formulaire = DestinationForm(saisie, par=request.user, connus=connus, initial=_memes(objet))
        return {
            "importation": objet,
            "formulaire": formulaire if modifiable else None,
            "propositions": propositions(objet.dossier) if modifiable else None,
            "adresse_destination": self._url("destination", objet.pk),
            "adresse_propositions": self._url("propositions"),
        }

    def vue_destination(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Where the entries go; a suggestion pressed (dossier, establishment) takes the place of what was typed."""
        importation: ImportEcritures = self.visible_ou_404(request, object_id)
        if not self.has_modifier_permission(request):
            raise PermissionDenied(services.MODIFIER)
        donnees = request.POST.copy()
        for nom in ("dossier", "siret"):
            if propose := donnees.get(f"{nom}_propose"):
                donnees[nom] = propose
        formulaire = DestinationForm(donnees, par=request.user)
        if not formulaire.is_valid():
            return self.fiche(request, importation, formulaire)
        try:
            services.completer(importation, formulaire.destination(), par=request.user)
        except ActionImpossible as refus:
            self.message_user(request, phrase(refus), messages.WARNING)
        else:
            self.message_user(request, "La destination est enregistrée.", messages.SUCCESS)
        return redirect(adresse(importation))

    def vue_progression(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """What the page asks every two seconds; `vu` is the state it was first shown in."""
        importation = self.visible_ou_404(request, object_id)
        suivi = page.suivi(request, importation)
        vu, morceaux = request.GET.get("vu", ""), {}
        if vu == Etat.CONTROLE and importation.etat != Etat.CONTROLE:
            contexte = {**page.rapport(importation), "adresses": {"constats": self._url("constats", importation.pk)}}
            morceaux["rapport"] = render_to_string("dossiers/ecritures/_rapport.html", contexte, request)
            contexte = {"importation": importation, "freres": page.freres(importation)}
            morceaux["doublon"] = render_to_string("dossiers/ecritures/_doublon.html", contexte, request)
        if (vu in ImportEcritures.MODIFIABLES) != importation.modifiable:
            contexte = {**self._destination(request, importation), **suivi}
            morceaux["destination"] = render_to_string("dossiers/ecritures/_destination.html", contexte, request)
        reponse = JsonResponse(
            {
                "finie": suivi["finie"],
                "pourcent": etats.pourcent(importation),
                "titre": f"{importation.get_etat_display()} – Import n°\u00a0{importation.pk}",
                "annonce": f"Import n°\u00a0{importation.pk} : {importation.get_etat_display().lower()}.",
                "html": render_to_string("dossiers/ecritures/_suivi.html", suivi, request),
                "morceaux": morceaux,
            }
        )
        reponse["Cache-Control"] = "no-store"
        return reponse

    def vue_constats(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Every finding that the report keeps."""
        importation = self.visible_ou_404(request, object_id)
        rapport = releve.lire(importation)
        if rapport is None:
            raise Http404
        nom = f"constats_import_{importation.pk}"
        if request.method != "HEAD":
            self.journaliser_export(request, f"{nom}.csv", f"import n°\u00a0{importation.pk}")
        return exporter_lignes(nom, releve.TITRES_CSV, releve.lignes_csv(rapport))

    # --- buttons -----------------------------------------------------------------------------------------------------

    @bouton(
        "Reprendre le suivi",
        permission="suivre",
        icone="refresh",
        variante="primaire",
        visible=lambda importation: (
            importation.etat in ImportEcritures.SUIVIS and page.posee(importation, page.operations_de(importation))
        ),
    )
    def reprendre_suivi(self, request: HttpRequest, importation: ImportEcritures) -> None:
        self._faire(
            request,
            lambda: services.reprendre_le_suivi(importation, par=request.user),
            "Le suivi reprend : Passerelle relit le statut dans Loop.",
        )

    @bouton(
        "Admettre ce nouvel envoi",
        permission="admettre_doublon",
        icone="content_copy",
        variante="danger",
        confirmation=SEMBLABLE,
        visible=lambda importation: (
            importation.etat in (Etat.PRET, Etat.REFUSE)
            and importation.doublon_admis_par_id is None
            and ImportEcritures.objects.meme_contenu(importation).exists()
        ),
    )
    def admettre_doublon(self, request: HttpRequest, importation: ImportEcritures) -> None:
        self._faire(
            request,
            lambda: services.admettre_le_doublon(importation, par=request.user),
            "Le nouvel envoi est admis, sous votre nom. Rien n’est encore envoyé.",
        )

    @bouton(
        "Abandonner",
        permission="modifier",
        icone="delete",
        variante="danger",
        confirmation="Abandonner cet import ? Rien n’est parti, et son fichier sera effacé.",
        visible=lambda importation: importation.modifiable,
    )
    def abandonner(self, request: HttpRequest, importation: ImportEcritures) -> None:
        self._faire(request, lambda: services.abandonner(importation, par=request.user), "Import abandonné.")

    def _faire(self, request: HttpRequest, service: Callable[[], Any], fait: str) -> None:
        try:
            service()
        except ActionImpossible as refus:
            self.message_user(request, phrase(refus), messages.WARNING)
        else:
            self.message_user(request, fait, messages.SUCCESS)


def _deux_lignes(haut: str, bas: str) -> SafeString:
    return format_html('<div>{}<div class="second-nom">{}</div></div>', haut, bas)


def _memes(importation: ImportEcritures) -> dict[str, Any]:
    """The destination of an import, to fill a form."""
    return {
        "genre": importation.genre,
        "dossier": importation.dossier_id or "",
        "modele": importation.modele,
        "siret": importation.siret,
    }


def _dossier_visible(request: HttpRequest, pk: str) -> Dossier | None:
    if not (pk.isdecimal() and len(pk) <= 18):
        return None
    return Dossier.objects.visibles_par(request.user).filter(pk=int(pk)).first()


def _dossier_du(request: HttpRequest, formulaire: DepotForm) -> Dossier | None:
    """The dossier already said on the page of a new import."""
    return _dossier_visible(request, str(formulaire["dossier"].value() or ""))
