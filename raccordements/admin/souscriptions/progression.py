"""How far the portfolio is: a funnel with its table, each count leading to its list."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern
from django.utils import timezone
from django.views.decorators.http import require_safe

from config.admin import PaginateurBorne
from config.lignes import exporter_lignes
from dossiers.models import Evenement, journaliser
from raccordements.admin.souscriptions.affichage import badge_progres
from raccordements.admin.souscriptions.pages import PagesObjet, exiger_droit
from raccordements.souscriptions import vie
from raccordements.souscriptions.gestes import OnboarderSouscriptions
from raccordements.souscriptions.progression import Palier, dossiers_sans_souscription, paliers

VOIR = "raccordements.view_souscription"
PAR_PAGE = 50


class PagesProgression(PagesObjet):
    """The funnel of the dossiers that the person sees."""

    def get_urls(self) -> list[URLPattern]:
        return [
            self.page_a("progression/", require_safe(self.vue_progression), "progression"),
            self.page_a("progression.csv", require_safe(self.vue_progression_csv), "progression_csv"),
            self.page_a("sans-souscription/", require_safe(self.vue_sans), "sans"),
            *super().get_urls(),
        ]

    def vue_progression(self, request: HttpRequest) -> HttpResponseBase:
        exiger_droit(request, VOIR)
        personne: Any = request.user
        tous = paliers(personne)
        a_commencer = f"{self.url('changelist')}?etat__exact=non_commencee"
        return self.page(
            request,
            "raccordements/souscriptions/progression.html",
            "Progression des souscriptions",
            paliers=[
                {
                    "palier": palier,
                    "nombre": _nombre(palier),
                    "badge": badge_progres(palier.progres) if palier.progres else palier.libelle,
                    "adresse": self._liste_du_palier(palier),
                }
                for palier in tous
            ],
            plus_grand=max((palier.nombre for palier in tous), default=0) or 1,
            jour=timezone.localdate(),
            adresse_csv=self.url("progression_csv"),
            commencer=a_commencer if personne.has_perm(OnboarderSouscriptions.permission) else "",
            retour=self.url("changelist"),
        )

    def _liste_du_palier(self, palier: Palier) -> str:
        """The list of what a count counts."""
        if palier.progres is None:
            return self.url("sans")
        return f"{self.url('changelist')}?progres={palier.progres.value}"

    def vue_progression_csv(self, request: HttpRequest) -> HttpResponseBase:
        exiger_droit(request, VOIR)
        tous = paliers(request.user)  # type: ignore[arg-type]
        if request.method != "HEAD":
            journaliser(
                Evenement.Type.EXPORT,
                "Export de la progression des souscriptions.",
                acteur=request.user,
                details={"modele": self.opts.label_lower, "fichier": "progression_souscriptions.csv"},
            )
        lignes = [(palier.libelle, palier.nombre, "oui" if palier.plafonne else "") for palier in tous]
        return exporter_lignes("progression_souscriptions", ("Étape", "Nombre", "Compte arrêté au plafond"), lignes)

    def vue_sans(self, request: HttpRequest) -> HttpResponseBase:
        """Dossiers in service without a subscription that is alive, and where to plan one."""
        exiger_droit(request, VOIR)
        personne: Any = request.user
        dossiers = dossiers_sans_souscription(personne).order_by("code", "pk")
        paginateur = PaginateurBorne(dossiers, PAR_PAGE)
        return self.page(
            request,
            "raccordements/souscriptions/sans.html",
            "Dossiers sans souscription",
            page=paginateur.get_page(request.GET.get("p", "1")),
            total=paginateur.total_affiche,
            planifier=self.url("add") if personne.has_perm(vie.SOUSCRIRE) else "",
            retour=self.url("progression"),
        )


def _nombre(palier: Palier) -> str:
    return f"{palier.nombre}+" if palier.plafonne else str(palier.nombre)
