"""The page of files received together: one line each, its dossier found or to choose, its check, then their sending."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse

from config.admin import AdminCabinet
from dossiers.admin.ecritures.etats import badge_de, nom_de
from dossiers.admin.ecritures.formulaires import RangeeForm
from dossiers.admin.ecritures.releve import periode
from dossiers.affichage import phrase, pluriel
from dossiers.ecritures import services
from dossiers.ecritures.gestes import EnvoyerEcritures
from dossiers.models import ImportEcritures
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.plans import geste as geste_de

Etat = ImportEcritures.Etat
#: A browser sends at most 100 files at once (DATA_UPLOAD_MAX_NUMBER_FILES).
RANGEES_MAX = 200
CHAMPS = ("dossier", "modele", "siret")


class PageDepot(AdminCabinet):
    """What the admin of imports says of a deposit."""

    def _du_depot(self, request: HttpRequest, depot: UUID) -> list[ImportEcritures]:
        """The imports of a deposit that the person may see. Raises Http404 when there are none."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        imports = self._lignes(request, depot).select_related("dossier", "operation").order_by("id")[:RANGEES_MAX]
        lus = list(imports)
        if not lus:
            raise Http404
        return lus

    def _lignes(self, request: HttpRequest, depot: UUID) -> QuerySet[ImportEcritures]:
        imports: QuerySet[ImportEcritures] = self.get_queryset(request).filter(depot=depot)
        return imports

    def vue_depot(self, request: HttpRequest, depot: UUID) -> HttpResponseBase:
        imports = self._du_depot(request, depot)
        modifiable = request.user.has_perm(services.MODIFIER)
        if request.method == "POST":
            if not modifiable:
                raise PermissionDenied(services.MODIFIER)
            formulaires = self._formulaires(request, imports, request.POST)
            if self._enregistrer(request, imports, formulaires):
                return redirect(request.path)
        else:
            formulaires = self._formulaires(request, imports) if modifiable else {}
        return self._page_depot(request, depot, imports, formulaires)

    def _page_depot(
        self, request: HttpRequest, depot: UUID, imports: list[ImportEcritures], formulaires: dict[int, RangeeForm]
    ) -> HttpResponse:
        def url(nom: str) -> str:
            return reverse(f"admin:dossiers_importecritures_{nom}", args=[depot])

        liste = reverse("admin:dossiers_importecritures_changelist")
        return self.page(
            request,
            "dossiers/ecritures/depot.html",
            f"Dépôt de {pluriel(len(imports), 'fichier')}",
            rangees=[(verdict(i), formulaires.get(i.pk)) for i in imports],
            media_des_champs=next((f.media for f in formulaires.values()), ""),
            **bilan(imports),
            envoyable=request.user.has_perm(EnvoyerEcritures.permission),
            adresse_envoyer=f"{url('depot_envoyer')}?depot__exact={depot}",
            adresse_progression=url("depot_progression"),
            liste=f"{liste}?depot__exact={depot}",
        )

    def vue_depot_progression(self, request: HttpRequest, depot: UUID) -> HttpResponseBase:
        """What the page asks every two seconds: the counts, and the verdict of each line."""
        imports = self._du_depot(request, depot)
        etat = bilan(imports)
        verdicts = {
            f"verdict-{i.pk}": render_to_string("dossiers/ecritures/_verdict.html", {"ligne": verdict(i)}, request)
            for i in imports
        }
        reponse = JsonResponse(
            {
                "finie": etat["finie"],
                "pourcent": etat["pourcent"],
                "annonce": etat["annonce"],
                "html": render_to_string("dossiers/ecritures/_bilan.html", etat, request),
                "morceaux": verdicts,
            }
        )
        reponse["Cache-Control"] = "no-store"
        return reponse

    def vue_depot_envoyer(self, request: HttpRequest, depot: UUID) -> HttpResponseBase:
        """The plan over what is ready."""
        self._du_depot(request, depot)
        if not request.user.has_perm(EnvoyerEcritures.permission):
            raise PermissionDenied(EnvoyerEcritures.permission)
        prets = self._lignes(request, depot).filter(etat=Etat.PRET)
        reponse: HttpResponseBase = self.preparer_la_selection(request, geste_de(EnvoyerEcritures.nom), prets)  # type: ignore[attr-defined]
        return reponse

    def _formulaires(
        self, request: HttpRequest, imports: list[ImportEcritures], donnees: Any = None
    ) -> dict[int, RangeeForm]:
        connus = list({i.dossier_id: i.dossier for i in imports if i.dossier}.values())
        return {
            i.pk: RangeeForm(
                donnees,
                par=request.user,
                connus=connus,
                prefix=f"import-{i.pk}",
                initial={"dossier": i.dossier_id, "modele": i.modele, "siret": i.siret},
            )
            for i in imports
            if i.modifiable
        }

    def _enregistrer(
        self, request: HttpRequest, imports: list[ImportEcritures], formulaires: dict[int, RangeeForm]
    ) -> bool:
        """Write the lines that changed. Returns whether all of them could be."""
        changes = [i for i in imports if i.pk in formulaires and formulaires[i.pk].has_changed()]
        justes = [i for i in changes if formulaires[i.pk].is_valid()]
        faits = 0
        for importation in justes:
            try:
                services.completer(
                    importation, formulaires[importation.pk].destination(importation.genre), par=request.user
                )
                faits += 1
            except ActionImpossible as refus:
                self.message_user(request, f"{importation} : {phrase(refus)}", messages.WARNING)
        if faits:
            enregistrees = pluriel(faits, "destination enregistrée", "destinations enregistrées")
            self.message_user(request, f"{enregistrees}.", messages.SUCCESS)
        if len(justes) < len(changes):
            self.message_user(
                request, "Des lignes n’ont pas été enregistrées : corrigez les champs signalés.", messages.ERROR
            )
        return len(justes) == len(changes)


def verdict(importation: ImportEcritures) -> dict[str, Any]:
    """What a line says of one file."""
    return {
        "importation": importation,
        "nom": nom_de(importation),
        "etat": badge_de(importation),
        "periode": periode(importation.periode_debut, importation.periode_fin),
    }


def bilan(imports: list[ImportEcritures]) -> dict[str, Any]:
    """Where a deposit stands."""
    bougent = [i for i in imports if i.etat in _EN_ROUTE and not i.a_verifier]
    en_controle = [i for i in imports if i.etat == Etat.CONTROLE]
    prets, controles = [i for i in imports if i.etat == Etat.PRET], len(imports) - len(en_controle)
    return {
        "total": len(imports),
        "controles": controles,
        "prets": len(prets),
        "a_corriger": sum(i.etat == Etat.A_CORRIGER for i in imports),
        "a_choisir": sum(i.modifiable and i.dossier_id is None for i in imports),
        "partis": sum(i.etat in ImportEcritures.PARTIS for i in imports),
        "pourcent": 100 * controles // len(imports),
        "finie": not bougent,
        "annonce": f"{controles} sur {len(imports)} contrôlés, {pluriel(len(prets), 'prêt')}.",
    }


_EN_ROUTE = (Etat.CONTROLE, Etat.DEPOT, Etat.ENVOI, *ImportEcritures.SUIVIS)
