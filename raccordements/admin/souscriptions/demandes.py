"""What is asked of Cegid OD for one subscription: each page says what will be called, where, and asks before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern
from django.utils import timezone

from dossiers.affichage import adresse
from raccordements.admin.souscriptions.affichage import badge_environnement
from raccordements.admin.souscriptions.formulaires import avec_case
from raccordements.admin.souscriptions.pages import PagesObjet
from raccordements.models import Souscription
from raccordements.souscriptions import operations, suivi
from raccordements.souscriptions.etapes import EN_PLACE, EtatSouscription, Pas

_E = EtatSouscription
Lien = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demande:
    """One request to Cegid OD: its button, what its page says, and the service that asks.

    `aussi` is a right more, without which its button is not shown and the service says why it refuses.
    """

    nom: str
    libelle: str
    permission: str
    demander: Callable[..., Any]
    visible: Callable[[Souscription], bool]
    phrases: tuple[str, ...]
    avis: tuple[str, ...] = ()
    variante: str = ""
    aussi: str = ""

    def possible(self, souscription: Souscription, droit: Callable[[str], bool]) -> bool:
        """Whether the button is shown to who has these rights."""
        return self.visible(souscription) and droit(self.permission) and (not self.aussi or droit(self.aussi))


def _change(souscription: Souscription) -> bool:
    """Whether its on-boarding begins with the end of the former platform."""
    return souscription.precedente is not None and souscription.precedente.etat in (*EN_PLACE, _E.RESILIATION)


DEMANDES = (
    Demande(
        nom="changement",
        libelle="Faire le changement de plateforme",
        permission=suivi.COMMENCER,
        demander=operations.lancer_changement,
        aussi=suivi.TERMINER,
        visible=lambda s: s.permet(Pas.COMMENCER_ONBOARDING) and _change(s),
        phrases=(
            "La fin de la souscription précédente est dite à Cegid OD, puis la ligne est on-boardée pour la nouvelle "
            "plateforme, dans cet ordre. Si la fin est refusée, l’on-boarding ne part pas.",
        ),
        variante="primaire",
    ),
    Demande(
        nom="onboarding",
        libelle="Lancer l’on-boarding",
        permission=suivi.COMMENCER,
        demander=operations.demander_onboarding,
        visible=lambda s: s.permet(Pas.COMMENCER_ONBOARDING) and not _change(s),
        phrases=(
            "Cegid OD valide les droits de la personne qui a signé le mandat, puis donne les données de connexion de "
            "la ligne. Elles sont chiffrées ici, et se révèlent une seule fois.",
        ),
        variante="primaire",
    ),
    Demande(
        nom="souscription",
        libelle="Souscrire",
        permission=suivi.COMMENCER,
        demander=operations.demander_souscription,
        visible=lambda s: s.permet(Pas.COMMENCER_SOUSCRIPTION),
        phrases=(
            "Cegid OD est appelé au nom de la plateforme, avec sa propre clé d’abonnement : il apprend l’endpoint où "
            "remettre ce qui concerne les factures de cette ligne.",
        ),
        variante="primaire",
    ),
    Demande(
        nom="resiliation",
        libelle="Résilier",
        permission=suivi.TERMINER,
        demander=operations.demander_resiliation,
        visible=lambda s: s.permet(Pas.COMMENCER_RESILIATION) and (s.fin is not None or s.souscrite_le is None),
        phrases=("Cegid OD apprend le dernier jour de la souscription, ou que l’on-boarding est abandonné.",),
        avis=("Après son dernier jour, les factures de cette ligne ne passent plus par cette plateforme.",),
        variante="danger",
    ),
    Demande(
        nom="renoncement",
        libelle="Renoncer avant le premier jour",
        permission=suivi.TERMINER,
        demander=operations.demander_renoncement,
        visible=lambda s: s.etat == _E.SOUSCRITE and s.debut > timezone.localdate(),
        phrases=(
            "Cegid OD annule l’on-boarding avant que la plateforme ne reçoive quoi que ce soit. La ligne d’adressage "
            "reste, ses jours redeviennent libres.",
        ),
        avis=("Les données de connexion de la plateforme ne vaudront plus rien.",),
        variante="danger",
    ),
    Demande(
        nom="lecture",
        libelle="Le distant nous a oubliés",
        permission=suivi.COMMENCER,
        demander=operations.demander_lecture,
        visible=lambda s: s.etat in (*EN_PLACE, _E.OUBLIEE),
        phrases=(
            "Passerelle lit ce que Cegid OD sait de cette ligne. S’il ne la connaît plus, la souscription passe à "
            "« Oubliée par Cegid OD » : vous pourrez recommencer les deux étapes, ou la clore. S’il la connaît, "
            "l’écart éventuel est écrit sur la page.",
        ),
    ),
    Demande(
        nom="connexion",
        libelle="Demander de nouvelles données de connexion",
        permission=suivi.COMMENCER,
        demander=operations.demander_nouvelles_donnees,
        visible=lambda s: s.etat in EN_PLACE,
        phrases=("Les nouvelles données pourront être révélées une fois à leur tour.",),
        avis=("Celles que la plateforme possède ne vaudront plus rien dès la réponse de Cegid OD.",),
        variante="danger",
    ),
)
PAR_NOM = {demande.nom: demande for demande in DEMANDES}


class PagesDemande(PagesObjet):
    """The pages that queue an operation."""

    def get_urls(self) -> list[URLPattern]:
        return [
            self.page_a("<path:object_id>/demander/<slug:nom>/", self.vue_demander, "demander"),
            *super().get_urls(),
        ]

    def demandes_de(self, request: HttpRequest, souscription: Souscription) -> list[Lien]:
        """Label, address and variant of what this person may ask for now."""
        return [
            (
                f"{demande.libelle} – {souscription.get_environnement_display()}…",
                self.url("demander", souscription.pk, demande.nom),
                demande.variante,
            )
            for demande in DEMANDES
            if demande.possible(souscription, request.user.has_perm)  # type: ignore[union-attr]
        ]

    def vue_demander(self, request: HttpRequest, object_id: str, nom: str) -> HttpResponseBase:
        demande = PAR_NOM.get(nom)
        if demande is None:
            raise Http404
        souscription: Souscription = self.objet_permis(request, object_id, demande.permission)
        environnement = souscription.get_environnement_display()

        def agir(saisie: dict[str, Any]) -> HttpResponseBase:
            demande.demander(souscription, par=request.user)
            self.message_user(request, f"« {demande.libelle} » est demandé : la page suit l’opération.", messages.INFO)
            return redirect(adresse(souscription))

        return self.saisir(
            request,
            titre=f"{demande.libelle} – {souscription.ligne.identifiant}",
            bouton=f"{demande.libelle} – {environnement}",
            formulaire=avec_case(forms.Form, souscription.environnement),
            agir=agir,
            retour=adresse(souscription),
            gabarit="raccordements/souscriptions/demande.html",
            badge=badge_environnement(souscription),
            phrases=demande.phrases,
            avis=demande.avis,
            danger=demande.variante == "danger",
            souscription=souscription,
        )
