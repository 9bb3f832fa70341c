"""What must be solved in the portfolio: changes of platform that wait, days without a platform."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern
from django.utils import timezone
from django.views.decorators.http import require_safe

from config.admin import PaginateurBorne
from raccordements.admin.souscriptions.affichage import badge_environnement, badge_etat, periode
from raccordements.admin.souscriptions.pages import PagesObjet, exiger_droit
from raccordements.models import LigneAdressage, Souscription
from raccordements.souscriptions import vie
from raccordements.souscriptions.reseau import lignes_a_decouvert, trous

VOIR = "raccordements.view_souscription"
PAR_PAGE = 50


class PagesConflits(PagesObjet):
    """The database refuses overlaps: what is left for people are ends not told, and gaps."""

    def get_urls(self) -> list[URLPattern]:
        return [self.page_a("conflits/", require_safe(self.vue_conflits), "conflits"), *super().get_urls()]

    def vue_conflits(self, request: HttpRequest) -> HttpResponseBase:
        exiger_droit(request, VOIR)
        personne: Any = request.user
        jour = timezone.localdate()
        attendent = (
            Souscription.objects.visibles_par(personne)
            .pour_liste()
            .select_related("precedente__plateforme")
            .defer("precedente__plateforme__cle_abonnement")
            .changements_en_attente()
            .order_by("debut", "pk")
        )
        lignes = lignes_a_decouvert(personne, jour).select_related("dossier").order_by("debut", "pk")
        paginateur = PaginateurBorne(lignes, PAR_PAGE)
        page = paginateur.get_page(request.GET.get("p", "1"))
        manques = trous(page.object_list, jour)
        peut_planifier = personne.has_perm(vie.SOUSCRIRE)
        return self.page(
            request,
            "raccordements/souscriptions/conflits.html",
            "Conflits et trous",
            jour=jour,
            attendent=[(une, badge_etat(une.precedente), periode(une.debut, une.fin)) for une in attendent[:PAR_PAGE]],
            par_page=PAR_PAGE,
            page=page,
            total=paginateur.total_affiche,
            lignes=[
                {
                    "ligne": ligne,
                    "environnement": badge_environnement(ligne),
                    "quand": [periode(trou.debut, trou.fin) for trou in manques[ligne.pk]],
                    "planifier": self._planifier(ligne) if peut_planifier else "",
                    "simuler": self._simuler(ligne),
                }
                for ligne in page.object_list
            ],
            retour=self.url("changelist"),
        )

    def _planifier(self, ligne: LigneAdressage) -> str:
        return f"{self.url('add')}?{urlencode({'dossier': ligne.dossier_id, 'ligne': ligne.pk})}"

    def _simuler(self, ligne: LigneAdressage) -> str:
        demande = {"identifiant": ligne.identifiant, "environnement": ligne.environnement}
        return f"{self.url('routage')}?{urlencode(demande)}"
