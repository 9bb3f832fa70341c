"""Subscriptions: their list, their page, and the planning of one."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from config.exports import Colonne
from dossiers.admin.lecture import FicheLecture
from dossiers.admin.plans import GestesAdmin
from dossiers.affichage import VIDE, adresse, lien
from raccordements.admin.souscriptions import formulaires, suivi
from raccordements.admin.souscriptions.affichage import badge_environnement, badge_etat, badge_progres, periode
from raccordements.admin.souscriptions.conflits import PagesConflits
from raccordements.admin.souscriptions.demandes import PagesDemande
from raccordements.admin.souscriptions.mandats import PagesMandat
from raccordements.admin.souscriptions.pages import exiger_droit
from raccordements.admin.souscriptions.progression import PagesProgression
from raccordements.admin.souscriptions.remise import PagesRemise
from raccordements.admin.souscriptions.routage import PagesRoutage
from raccordements.admin.souscriptions.termes import RECHERCHE_SOUSCRIPTION, FiltrePlateforme, FiltreProgres
from raccordements.admin.souscriptions.vie import PagesVie
from raccordements.models import Souscription
from raccordements.souscriptions import mandats, vie
from raccordements.souscriptions.etapes import EtatSouscription
from raccordements.souscriptions.traces import evenements_de

EVENEMENTS_MONTRES = 20
#: States in which a mandate may still be attached.
MANDAT_MODIFIABLE = (EtatSouscription.NON_COMMENCEE, EtatSouscription.ONBOARDEE)


@admin.register(Souscription)
class SouscriptionAdmin(
    PagesDemande,
    PagesVie,
    PagesRemise,
    PagesMandat,
    PagesRoutage,
    PagesProgression,
    PagesConflits,
    FicheLecture,
    GestesAdmin,
):
    """Nothing here writes on a subscription: the services are the door."""

    list_before_template = "raccordements/souscriptions/_entete_liste.html"
    list_display = (
        "numero",
        "ligne_affichee",
        "plateforme_affichee",
        "periode_affichee",
        "etat_affiche",
        "progres_affiche",
        "environnement_affiche",
    )
    list_display_links = ("numero", "ligne_affichee")
    list_filter = (
        FiltreProgres,
        ("etat", ChoicesDropdownFilter),
        FiltrePlateforme,
        ("environnement", ChoicesDropdownFilter),
    )
    recherche = RECHERCHE_SOUSCRIPTION
    search_help_text = "Identifiant d’adressage, SIREN, SIRET, code du dossier ou n° 12"
    ordering = ("-id",)
    sortable_by = ("numero",)
    colonnes_export = (
        Colonne("Souscription", "pk"),
        Colonne("Code du dossier", "dossier__code", texte=True),
        Colonne("Ligne d’adressage", "ligne__identifiant", texte=True),
        Colonne("Niveau", "ligne__niveau"),
        Colonne("Plateforme", "plateforme__nom"),
        Colonne("Matricule", "plateforme__matricule", texte=True),
        Colonne("Environnement", "environnement"),
        Colonne("État", "etat"),
        Colonne("Date d’effet", "debut"),
        Colonne("Date de fin (incluse)", "fin"),
        Colonne("Endpoint exclusif", "endpoint"),
        Colonne("Demandé par", "mandat__demandeur"),
        Colonne("En qualité de", "mandat__qualite"),
        Colonne("Mandat signé le", "mandat__signe_le"),
        Colonne("On-boardée le", "onboardee_le"),
        Colonne("Souscrite le", "souscrite_le"),
        Colonne("Résiliée le", "resiliee_le"),
        Colonne("Numéro de souscription", "numero_distant", texte=True),
        Colonne("Dernier message de Cegid OD", "message"),
    )

    # --- list ----------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Souscription]:
        lues: QuerySet[Souscription] = super().get_queryset(request).pour_liste()
        return lues

    @display(description="n°", ordering="id")
    def numero(self, souscription: Souscription) -> str:
        return f"N° {souscription.pk}"

    @display(description="ligne d’adressage")
    def ligne_affichee(self, souscription: Souscription) -> str:
        return f"{souscription.ligne.identifiant} ({souscription.ligne.get_niveau_display()})"

    @display(description="plateforme")
    def plateforme_affichee(self, souscription: Souscription) -> str:
        return souscription.plateforme.nom

    @display(description="période")
    def periode_affichee(self, souscription: Souscription) -> str:
        return periode(souscription.debut, souscription.fin)

    @display(description="état")
    def etat_affiche(self, souscription: Souscription) -> SafeString:
        return badge_etat(souscription)

    @display(description="progression")
    def progres_affiche(self, souscription: Souscription) -> SafeString | str:
        return badge_progres(souscription.progres(timezone.localdate()))

    @display(description="environnement")
    def environnement_affiche(self, souscription: Souscription) -> SafeString:
        return badge_environnement(souscription)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(vie.SOUSCRIRE)

    def get_urls(self) -> list[URLPattern]:
        return [
            self.page_a("<path:object_id>/avancement/", require_safe(self.vue_avancement), "avancement"),
            *super().get_urls(),
        ]

    # --- planning ------------------------------------------------------------------------------------------------

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        exiger_droit(request, vie.SOUSCRIRE)
        dossier = self.dossier_demande(request)
        if dossier is None:
            return self.choisir_dossier(request, "Planifier une souscription")
        personne: Any = request.user

        def agir(saisie: dict[str, Any]) -> HttpResponseBase:
            ligne, plateforme = saisie.pop("ligne"), saisie.pop("plateforme")
            souscription = vie.souscrire(ligne, plateforme, **saisie, par=personne)
            self.message_user(request, f"Souscription n° {souscription.pk} planifiée.", messages.SUCCESS)
            return redirect(adresse(souscription))

        return self.saisir(
            request,
            titre=f"Planifier une souscription – {dossier}",
            bouton="Planifier",
            formulaire=partial(formulaires.SouscriptionForm, dossier=dossier),
            initial={"debut": timezone.localdate(), "ligne": request.GET.get("ligne", "")[:20]},
            agir=agir,
            retour=adresse(dossier),
            badge=badge_environnement(dossier.cle),
            sujet=f"SIREN {dossier.siren or VIDE}",
            phrases=["Rien n’est envoyé à Cegid OD : les deux étapes se lancent depuis la page de la souscription."],
        )

    # --- page ----------------------------------------------------------------------------------------------------

    def fiche(self, request: HttpRequest, objet: Souscription) -> HttpResponse:
        personne: Any = request.user
        section = suivi.contexte(request, objet)
        return self.page(
            request,
            "raccordements/souscriptions/souscription.html",
            f"Souscription n° {objet.pk} – {objet.ligne.identifiant}",
            souscription=objet,
            suivi=section,
            badge_environnement=badge_environnement(objet),
            quand=periode(objet.debut, objet.fin),
            precedente=lien(objet.precedente, f"souscription n° {objet.precedente_id}") if objet.precedente else "",
            adresse_mandat=self.url("mandat_document", objet.mandat_id)
            if objet.mandat_id and personne.has_perm("raccordements.view_mandat")
            else "",
            deposer=f"{self.url('mandat_deposer')}?souscription={objet.pk}"
            if objet.etat in MANDAT_MODIFIABLE and personne.has_perm(mandats.DEPOSER)
            else "",
            remise=self.remise_de(request, objet),
            # What cannot be taken back comes last.
            liens=sorted(
                [*self.demandes_de(request, objet), *self.gestes_de_vie(request, objet)],
                key=lambda geste: geste[2] == "danger",
            ),
            evenements=list(evenements_de(objet)[:EVENEMENTS_MONTRES])
            if personne.has_perm("dossiers.view_evenement")
            else None,
            limite=personne.portefeuille_seul,
        )

    def vue_avancement(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """What the page asks every two seconds while an operation runs."""
        objet: Souscription = self.visible_ou_404(request, object_id)
        section = suivi.contexte(request, objet)
        html = render_to_string(
            "raccordements/souscriptions/_suivi.html", {"souscription": objet, "suivi": section}, request
        )
        reponse = JsonResponse(
            {
                "finie": section["finie"],
                "pourcent": 100 if section["finie"] else 50,
                "annonce": f"État : {objet.get_etat_display()}.",
                "html": html,
            }
        )
        reponse["Cache-Control"] = "no-store"
        return reponse
