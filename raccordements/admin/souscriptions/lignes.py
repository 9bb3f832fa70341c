"""Addressing lines: recorded, ended, superseded or set aside; never changed nor deleted."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from config.exports import Colonne
from dossiers.admin.lecture import FicheLecture
from dossiers.affichage import VIDE, adresse, lien
from dossiers.models import Evenement
from raccordements.admin.souscriptions import formulaires
from raccordements.admin.souscriptions.affichage import badge_environnement, badge_etat, badge_ligne, periode
from raccordements.admin.souscriptions.pages import PagesObjet, exiger_droit
from raccordements.admin.souscriptions.termes import RECHERCHE_LIGNE, FiltreValidite
from raccordements.models import LigneAdressage, Souscription
from raccordements.souscriptions import lignes, vie

SOUSCRIPTIONS_MONTREES = 50
EVENEMENTS_MONTRES = 20
AIDE_NIVEAUX = (
    "Du plus précis au moins précis : suffixe, code de routage, SIRET, SIREN. La documentation de Cegid écrit "
    "« Siren (Siret + Siret) » et « Suffix (Siret + Suffix) » : ce sont les niveaux « SIREN » et « Suffixe » de "
    "l’annuaire."
)


@admin.register(LigneAdressage)
class LigneAdressageAdmin(PagesObjet, FicheLecture):
    list_display = ("identifiant", "niveau", "dossier_affiche", "periode_affichee", "validite", "environnement_affiche")
    list_display_links = ("identifiant",)
    list_select_related = ("dossier",)
    list_filter = (FiltreValidite, ("niveau", ChoicesDropdownFilter), ("environnement", ChoicesDropdownFilter))
    recherche = RECHERCHE_LIGNE
    search_help_text = "Identifiant d’adressage, SIREN, SIRET ou code du dossier"
    ordering = ("-id",)
    sortable_by = ()
    colonnes_export = (
        Colonne("Identifiant", "identifiant", texte=True),
        Colonne("Niveau", "niveau"),
        Colonne("SIREN", "siren", texte=True),
        Colonne("SIRET", "siret", texte=True),
        Colonne("Code de routage", "code_routage", texte=True),
        Colonne("Suffixe", "suffixe", texte=True),
        Colonne("Environnement", "environnement"),
        Colonne("Code du dossier", "dossier__code", texte=True),
        Colonne("Du", "debut"),
        Colonne("Au", "fin"),
        Colonne("Motif de la fin", "motif"),
        Colonne("Créée par", "cree_par__username"),
        Colonne("Annulée le", "annulee_le"),
    )

    @display(description="dossier")
    def dossier_affiche(self, ligne: LigneAdressage) -> SafeString | str:
        return lien(ligne.dossier)

    @display(description="période")
    def periode_affichee(self, ligne: LigneAdressage) -> str:
        return periode(ligne.debut, ligne.fin)

    @display(description="validité")
    def validite(self, ligne: LigneAdressage) -> SafeString:
        return badge_ligne(ligne, timezone.localdate())

    @display(description="environnement")
    def environnement_affiche(self, ligne: LigneAdressage) -> SafeString:
        return badge_environnement(ligne)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(lignes.AJOUTER)

    def get_urls(self) -> list[URLPattern]:
        return [
            self.page_a("<path:object_id>/terminer/", self.vue_terminer, "terminer"),
            self.page_a("<path:object_id>/remplacer/", self.vue_remplacer, "remplacer"),
            self.page_a("<path:object_id>/annuler/", self.vue_annuler, "annuler"),
            *super().get_urls(),
        ]

    # --- one line ------------------------------------------------------------------------------------------------

    def fiche(self, request: HttpRequest, objet: LigneAdressage) -> HttpResponse:
        personne: Any = request.user
        souscriptions = (
            Souscription.objects.visibles_par(personne).filter(ligne=objet).pour_liste().order_by("debut", "pk")
        )
        voit = personne.has_perm("raccordements.view_souscription")
        return self.page(
            request,
            "raccordements/souscriptions/ligne.html",
            f"Ligne d’adressage {objet.identifiant}",
            ligne=objet,
            validite=badge_ligne(objet, timezone.localdate()),
            badge_environnement=badge_environnement(objet),
            remplacante=objet.remplacantes.presentes().first(),
            souscriptions=[
                (souscription, badge_etat(souscription), periode(souscription.debut, souscription.fin))
                for souscription in (souscriptions[:SOUSCRIPTIONS_MONTREES] if voit else ())
            ],
            voit_souscriptions=voit,
            evenements=list(
                Evenement.objects.filter(dossier_id=objet.dossier_id, details__ligne=objet.pk).pour_frise()[
                    :EVENEMENTS_MONTRES
                ]
            )
            if personne.has_perm("dossiers.view_evenement")
            else None,
            liens=self._liens(request, objet),
            limite=personne.portefeuille_seul,
        )

    def _liens(self, request: HttpRequest, ligne: LigneAdressage) -> list[tuple[str, str, str]]:
        """Label, address and variant of what this person may do on the line now."""
        droit, jour = request.user.has_perm, timezone.localdate()  # type: ignore[union-attr]
        vive = ligne.annulee_le is None and (ligne.fin is None or ligne.fin >= jour)
        souscription = reverse("admin:raccordements_souscription_add")
        routage = reverse("admin:raccordements_souscription_routage")
        liens = []
        if vive and droit(vie.SOUSCRIRE):
            adresse_ajout = f"{souscription}?dossier={ligne.dossier_id}&ligne={ligne.pk}"
            liens.append(("Planifier une souscription…", adresse_ajout, "primaire"))
        if droit("raccordements.view_souscription"):
            liens.append(
                (
                    "Simuler le routage",
                    f"{routage}?identifiant={ligne.identifiant}&environnement={ligne.environnement}",
                    "",
                )
            )
        if vive and droit(lignes.CHANGER):
            liens += [
                ("Terminer…", self.url("terminer", ligne.pk), ""),
                ("Remplacer…", self.url("remplacer", ligne.pk), ""),
                ("Annuler…", self.url("annuler", ligne.pk), "danger"),
            ]
        return liens

    # --- gestures ------------------------------------------------------------------------------------------------

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        exiger_droit(request, lignes.AJOUTER)
        dossier = self.dossier_demande(request)
        if dossier is None:
            return self.choisir_dossier(request, "Ajouter une ligne d’adressage")
        personne: Any = request.user

        def agir(saisie: dict[str, Any]) -> HttpResponseBase:
            ligne = lignes.enregistrer_ligne(dossier, par=personne, **saisie)
            self.message_user(request, f"Ligne d’adressage {ligne.identifiant} enregistrée.", messages.SUCCESS)
            return redirect(adresse(ligne))

        return self.saisir(
            request,
            titre=f"Ajouter une ligne d’adressage – {dossier}",
            bouton="Enregistrer la ligne",
            formulaire=formulaires.LigneForm,
            initial={"debut": timezone.localdate()},
            agir=agir,
            retour=adresse(dossier),
            badge=badge_environnement(dossier.cle),
            sujet=f"SIREN {dossier.siren or VIDE}",
            phrases=[AIDE_NIVEAUX],
        )

    def vue_terminer(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        return self._agir(
            request,
            object_id,
            "Terminer",
            "Terminer la ligne",
            formulaires.FinForm,
            lambda ligne, saisie, par: lignes.terminer_ligne(ligne, **saisie, par=par),
            "La ligne finit : plus aucune plateforme n’y recevra après son dernier jour.",
        )

    def vue_remplacer(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        return self._agir(
            request,
            object_id,
            "Remplacer",
            "Remplacer la ligne",
            formulaires.RemplacerForm,
            lambda ligne, saisie, par: lignes.remplacer_ligne(ligne, **saisie, par=par),
            "Une ligne ne se modifie pas : une autre prend sa suite, jusqu’à la même fin. Terminez d’abord la "
            "souscription qui y reçoit encore.",
        )

    def vue_annuler(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        return self._agir(
            request,
            object_id,
            "Annuler",
            "Annuler la ligne",
            formulaires.MotifForm,
            lambda ligne, saisie, par: lignes.annuler_ligne(ligne, **saisie, par=par),
            "À faire pour une ligne enregistrée par erreur, qui n’a jamais servi.",
            danger=True,
        )

    def _agir(
        self,
        request: HttpRequest,
        object_id: str,
        verbe: str,
        bouton: str,
        formulaire: Any,
        service: Any,
        phrase: str,
        *,
        danger: bool = False,
    ) -> HttpResponseBase:
        ligne: LigneAdressage = self.objet_permis(request, object_id, lignes.CHANGER)

        def agir(saisie: dict[str, Any]) -> HttpResponseBase:
            ecrite = service(ligne, saisie, request.user)
            self.message_user(request, f"C’est noté pour la ligne {ecrite.identifiant}.", messages.SUCCESS)
            return redirect(adresse(ecrite))

        niveau = {"niveau": ligne.niveau, "siret": ligne.siret}
        return self.saisir(
            request,
            titre=f"{verbe} – {ligne.identifiant}",
            bouton=bouton,
            formulaire=formulaire,
            initial=niveau,
            agir=agir,
            retour=adresse(ligne),
            badge=badge_environnement(ligne),
            sujet=periode(ligne.debut, ligne.fin),
            phrases=[phrase],
            danger=danger,
        )
