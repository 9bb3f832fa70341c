"""Lots: followed to their end, cancelled where nothing left, relaunched where it failed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from config.admin import bouton
from config.exports import Colonne
from config.lignes import Cellule, exporter_lignes
from dossiers import greffes, progression
from dossiers.admin.filtres import FiltrePeriode
from dossiers.admin.lecture import FicheLecture
from dossiers.admin.operations import en_second
from dossiers.affichage import VIDE, adresse, badge_choix, heure, phrase, pluriel
from dossiers.models import Etat, Lot, Operation
from dossiers.recherche import par_numero
from dossiers.services import operations as services
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.plans import geste

REFUS_MONTRES = 50


@admin.register(Lot)
class LotAdmin(FicheLecture):
    list_display = (
        "numero",
        "libelle",
        "environnement_affiche",
        "total",
        "faites_ici",
        "bloquees",
        "cree_par",
        "cree_affiche",
    )
    list_display_links = ("numero", "libelle")
    list_select_related = ("cree_par",)
    list_filter = (("environnement", ChoicesDropdownFilter), ("cree_le", FiltrePeriode))
    ordering = ("-id",)
    recherche = ((r"[0-9]{1,15}", par_numero),)
    search_help_text = "Numéro du lot"
    boutons = ("annuler_restant", "relancer_echecs")
    colonnes_export = (
        Colonne("Lot", "pk"),
        Colonne("Libellé", "libelle"),
        Colonne("Environnement", "environnement"),
        Colonne("Opérations", "total"),
        Colonne("Modifications locales", "faites_ici"),
        Colonne("Rien à faire", "sans_objet"),
        Colonne("Bloquées", "bloquees"),
        Colonne("Créé par", "cree_par__username"),
        Colonne("Créé le", "cree_le"),
    )

    @display(description="n°", ordering="id")
    def numero(self, lot: Lot) -> str:
        return f"N° {lot.pk}"

    @display(description="environnement", ordering="environnement")
    def environnement_affiche(self, lot: Lot) -> SafeString | str:
        return badge_choix(lot.environnement, lot.get_environnement_display()) if lot.environnement else VIDE

    @display(description="créé le", ordering="cree_le")
    def cree_affiche(self, lot: Lot) -> str:
        return heure(lot.cree_le)

    # --- page ----------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        def adresse_de(chemin: str, vue: Any, nom: str) -> URLPattern:
            protegee = self.admin_site.admin_view(require_safe(vue))
            return path(f"<path:object_id>/{chemin}", protegee, name=f"dossiers_lot_{nom}")

        adresses = [
            adresse_de("progression/", self.vue_progression, "progression"),
            adresse_de("resultat.csv", self.vue_resultat, "resultat"),
        ]
        return [*adresses, *super().get_urls()]

    def fiche(self, request: HttpRequest, objet: Lot) -> HttpResponse:
        etat = progression.observer(objet)
        refus = _refus_lisibles(objet, request)
        contexte, boutons = self._contexte(request, objet, etat), self.boutons_de(request, objet)
        if any(remedes for _, remedes in contexte["echecs"]):
            boutons = en_second(boutons, self.relancer_echecs.bouton)
        return self.page(
            request,
            "dossiers/lot.html",
            str(objet),
            **contexte,
            boutons=boutons,
            adresse_progression=reverse("admin:dossiers_lot_progression", args=[objet.pk]),
            adresse_csv=reverse("admin:dossiers_lot_resultat", args=[objet.pk]),
            adresse_operations=reverse("admin:dossiers_operation_changelist"),
            refus=refus[:REFUS_MONTRES],
            nombre_refus=len(refus),
            relances=objet.relances.visibles_par(request.user),
        )

    def _contexte(self, request: HttpRequest, lot: Lot, etat: progression.Progression) -> dict[str, Any]:
        echecs = list(progression.echecs(lot, request.user))
        remedes = greffes.remedes(request, echecs)
        return {
            "lot": lot,
            "etat": etat,
            "echecs": [(operation, remedes.get(operation.pk, [])) for operation in echecs],
            "courantes": progression.courantes(lot, request.user),
        }

    def vue_progression(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """What the page of a lot asks every two seconds: the same fragment, and what is not in it."""
        lot = self.visible_ou_404(request, object_id)
        etat = progression.observer(lot)
        reponse = JsonResponse(
            {
                "finie": etat.finie,
                "reglees": etat.reglees,
                "total": etat.total,
                "pourcent": etat.pourcent,
                "etats": {code: nombre for code, _, nombre in etat.etats},
                "annulables": etat.annulables,
                "echecs": etat.par_etat.get(Etat.ECHOUEE, 0),
                "annonce": etat.annonce,
                "html": render_to_string("dossiers/_progression.html", self._contexte(request, lot, etat), request),
            }
        )
        reponse["Cache-Control"] = "no-store"
        return reponse

    def vue_resultat(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The outcome: one line per operation, then the lines refused at the confirmation."""
        lot = self.visible_ou_404(request, object_id)
        titres = ("Code du dossier", "Nom usuel", "Opération", "État", "Message", "requestid", "Terminée le")
        self.journaliser_export(request, f"lot_{lot.pk}.csv", f"lot n° {lot.pk}")
        return exporter_lignes(f"lot_{lot.pk}", titres, _resultat(lot, request))

    # --- buttons -------------------------------------------------------------------------------------------------

    def has_annuler_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("dossiers.annuler_operation")

    def has_relancer_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("dossiers.relancer_operation")

    @bouton(
        "Annuler ce qui n’a pas commencé",
        permission="annuler",
        icone="block",
        variante="danger",
        confirmation="Annuler toutes les opérations de ce lot qui n’ont pas commencé ?",
        visible=lambda lot: lot.operations.annulables().exists(),
    )
    def annuler_restant(self, request: HttpRequest, lot: Lot) -> None:
        nombre = services.annuler_lot(lot, par=request.user)
        self.message_user(
            request,
            f"{pluriel(nombre, 'opération annulée', 'opérations annulées')} ; ce qui était parti suit son cours.",
            messages.SUCCESS if nombre else messages.WARNING,
        )

    @bouton(
        "Relancer les échecs",
        permission="relancer",
        icone="refresh",
        variante="primaire",
        visible=lambda lot: lot.operations.filter(etat=Etat.ECHOUEE, relances=None).exists(),
        environnement=lambda lot: lot.environnement,
    )
    def relancer_echecs(self, request: HttpRequest, lot: Lot) -> HttpResponseBase | None:
        try:
            suite = services.relancer_lot(lot, par=request.user)
        except ActionImpossible as refus:
            self.message_user(request, phrase(refus), messages.WARNING)
            return None
        relances = pluriel(suite.total, "échec relancé", "échecs relancés")
        self.message_user(request, f"{relances} ; voici le nouveau lot.", messages.SUCCESS)
        return redirect(adresse(suite))


def _refus_lisibles(lot: Lot, request: HttpRequest) -> list[dict[str, Any]]:
    """The lines refused at the confirmation; one that left the person's portfolio since keeps no name."""
    if not lot.refus or not getattr(request.user, "portefeuille_seul", False):
        return list(lot.refus)
    pks = [ligne["pk"] for ligne in lot.refus]
    try:
        visibles = {objet.pk for objet in geste(lot.geste).charger(pks, lot.parametres, request.user)}
    except PermissionDenied:
        visibles = set()
    return [ligne if ligne["pk"] in visibles else {**ligne, "libelle": ""} for ligne in lot.refus]


def _resultat(lot: Lot, request: HttpRequest) -> Iterator[tuple[Cellule, ...]]:
    operations: QuerySet[Operation] = Operation.objects.visibles_par(request.user).filter(lot=lot).order_by("id")
    champs = ("dossier__code", "dossier__nom_usuel", "pk", "etat", "message", "requete_id", "terminee_le")
    for code, nom, pk, etat, *reste in operations.values_list(*champs).iterator(chunk_size=2000):
        yield (code, nom, pk, str(Etat(etat).label), *reste)
    for ligne in _refus_lisibles(lot, request):
        code, _, nom = ligne["libelle"].partition(" – ")
        yield (code, nom, "", "Refusée à la confirmation", ligne["motif"], "", lot.cree_le)
