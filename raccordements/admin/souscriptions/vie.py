"""What people decide of one subscription: correct it, change platform, end it, resume what Cegid OD forgot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern
from django.utils import timezone

from config import production
from dossiers.affichage import adresse
from raccordements.admin.souscriptions import formulaires
from raccordements.admin.souscriptions.affichage import badge_environnement, periode
from raccordements.admin.souscriptions.pages import PagesObjet
from raccordements.models import Souscription
from raccordements.souscriptions import vie
from raccordements.souscriptions.etapes import EN_PLACE, EtatSouscription, Pas

_E = EtatSouscription
Lien = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GesteDeVie:
    """One decision: its button, its form, and the service that writes it; `dit` is the sentence shown after."""

    nom: str
    libelle: str
    permission: str
    faire: Callable[..., Souscription]
    formulaire: Callable[[Souscription], Callable[..., forms.Form]]
    visible: Callable[[Souscription], bool]
    phrase: str
    dit: str
    danger: bool = False
    #: Cegid OD is told of it later without anybody asking (`fins`): production is confirmed here.
    dit_sans_demander: bool = False
    initial: Callable[[Souscription], dict[str, Any]] = lambda souscription: {}


def _corriger(souscription: Souscription, *, par: Any, **saisie: Any) -> Souscription:
    return vie.corriger(souscription, vie.Correction(**saisie), par=par)


def _changer(souscription: Souscription, *, par: Any, **saisie: Any) -> Souscription:
    return vie.changer_de_plateforme(souscription, saisie.pop("plateforme"), **saisie, par=par)


GESTES = (
    GesteDeVie(
        nom="corriger",
        libelle="Corriger",
        permission=vie.CORRIGER,
        faire=_corriger,
        formulaire=lambda s: partial(formulaires.CorrectionForm, souscription=s),
        visible=lambda s: s.etat in (_E.NON_COMMENCEE, _E.ONBOARDEE),
        phrase="Date d’effet, mandat et endpoint se corrigent avant la seconde étape. Rien n’est envoyé à Cegid OD.",
        dit="La souscription est corrigée.",
        initial=lambda s: {"debut": s.debut, "mandat": s.mandat_id, "endpoint": s.endpoint},
    ),
    GesteDeVie(
        nom="changer",
        libelle="Changer de plateforme",
        permission=vie.TERMINER,
        faire=_changer,
        formulaire=lambda s: partial(formulaires.ChangementForm, souscription=s),
        visible=lambda s: s.etat in EN_PLACE,
        phrase="Cette souscription finira la veille, une autre prendra sa suite. Le changement se fait ensuite depuis "
        "la page de la nouvelle souscription.",
        dit="Le changement est planifié : lancez-le depuis cette page quand tout est prêt.",
        dit_sans_demander=True,
    ),
    GesteDeVie(
        nom="terminer",
        libelle="Planifier la fin",
        permission=vie.TERMINER,
        faire=vie.terminer,
        formulaire=lambda s: formulaires.FinForm,
        visible=lambda s: s.etat in EN_PLACE,
        phrase="Le dernier jour est compris. Cegid OD l’apprendra ce jour-là, ou plus tôt par « Résilier ».",
        dit="La fin est planifiée : Cegid OD l’apprendra ce jour-là, ou plus tôt par « Résilier ».",
        dit_sans_demander=True,
        initial=lambda s: {"le": s.fin},
    ),
    GesteDeVie(
        nom="rouvrir",
        libelle="Retirer la fin prévue",
        permission=vie.TERMINER,
        faire=vie.rouvrir,
        formulaire=lambda s: forms.Form,
        visible=lambda s: s.etat in EN_PLACE and s.fin not in (None, s.ligne.fin) and s.accepte_fin(s.ligne.fin),
        phrase="La souscription durera de nouveau aussi longtemps que sa ligne.",
        dit="La fin prévue est retirée.",
    ),
    GesteDeVie(
        nom="annuler",
        libelle="Annuler",
        permission=vie.CORRIGER,
        faire=vie.annuler,
        formulaire=lambda s: formulaires.MotifFacultatifForm,
        visible=lambda s: s.etat == _E.NON_COMMENCEE and not s.a_servi(timezone.localdate()),
        phrase="Tant que Cegid OD n’en sait rien, elle s’abandonne, et ses jours redeviennent libres.",
        dit="La souscription est annulée.",
        danger=True,
    ),
    GesteDeVie(
        nom="reprendre",
        libelle="Recommencer les deux étapes",
        permission=vie.REGULARISER,
        faire=vie.reprendre,
        formulaire=lambda s: formulaires.MotifForm,
        visible=lambda s: s.permet(Pas.REPRENDRE),
        phrase="Cegid OD a oublié cette ligne : l’on-boarding et la souscription repartent du début. Les anciennes "
        "données de connexion sont effacées.",
        dit="Les deux étapes sont à recommencer : lancez l’on-boarding.",
    ),
    GesteDeVie(
        nom="clore",
        libelle="Clore sans appeler Cegid OD",
        permission=vie.REGULARISER,
        faire=vie.clore,
        formulaire=lambda s: formulaires.MotifForm,
        visible=lambda s: s.etat == _E.OUBLIEE or (s.permet(Pas.CLORE) and s.a_servi(timezone.localdate())),
        phrase="Cegid OD a oublié cette ligne : la souscription finit ici, aujourd’hui au plus tard.",
        dit="La souscription est close.",
        danger=True,
    ),
)
PAR_NOM = {geste.nom: geste for geste in GESTES}


class PagesVie(PagesObjet):
    """The pages that write here and call nobody."""

    def get_urls(self) -> list[URLPattern]:
        return [self.page_a("<path:object_id>/decider/<slug:nom>/", self.vue_decider, "decider"), *super().get_urls()]

    def gestes_de_vie(self, request: HttpRequest, souscription: Souscription) -> list[Lien]:
        """Label, address and variant of what this person may decide now."""
        droit = request.user.has_perm  # type: ignore[union-attr]
        return [
            (
                f"{geste.libelle} – {souscription.get_environnement_display()}…",
                self.url("decider", souscription.pk, geste.nom),
                "danger" if geste.danger else "",
            )
            for geste in GESTES
            if geste.visible(souscription) and droit(geste.permission)
        ]

    def vue_decider(self, request: HttpRequest, object_id: str, nom: str) -> HttpResponseBase:
        geste = PAR_NOM.get(nom)
        if geste is None:
            raise Http404
        souscription: Souscription = self.objet_permis(request, object_id, geste.permission)

        formulaire = geste.formulaire(souscription)
        if geste.dit_sans_demander:
            formulaire = formulaires.avec_case(formulaire, souscription.environnement)

        def agir(saisie: dict[str, Any]) -> HttpResponseBase:
            saisie.pop(production.CHAMP, None)
            ecrite = geste.faire(souscription, **saisie, par=request.user)
            self.message_user(request, geste.dit, messages.SUCCESS)
            return redirect(adresse(ecrite))

        return self.saisir(
            request,
            titre=f"{geste.libelle} – {souscription.ligne.identifiant}",
            bouton=f"{geste.libelle} – {souscription.get_environnement_display()}",
            formulaire=formulaire,
            initial=geste.initial(souscription),
            agir=agir,
            retour=adresse(souscription),
            badge=badge_environnement(souscription),
            sujet=f"{souscription.plateforme.nom}, {periode(souscription.debut, souscription.fin)}",
            phrases=[geste.phrase],
            danger=geste.danger,
        )
