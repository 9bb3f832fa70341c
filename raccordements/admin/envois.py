"""Sending a fiche, and what people note of it afterwards. The hand-over pack is in `packs`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern
from django.views.decorators.http import require_POST, require_safe

from config.production import CaseProduction
from dossiers.affichage import phrase
from dossiers.services.erreurs import ActionImpossible
from raccordements.admin.packs import CODE_APPLI, PagesPack
from raccordements.admin.pages import MotifForm, risques_de
from raccordements.admin.section_envoi import contexte, libelle_envoi
from raccordements.affichage import adresse_fiche, canal, canal_en_mots
from raccordements.models import Action, EnvironnementChorus, Etat, Fiche
from raccordements.services import envoi, operations, pack
from raccordements.services.approbation import verifier_empreinte
from raccordements.services.envoi import Canal, Constat
from raccordements.services.erreurs import EmpreinteDifferente
from raccordements.services.traces import exiger_action

__all__ = ["PagesEnvoi", "contexte"]

VUES = {
    Constat.APPLIQUE: "C’est noté : la fiche est activée.",
    Constat.DEJA: "Rien de neuf : Passerelle le savait déjà.",
    Constat.CONTRAIRE: "C’est écrit dans l’histoire de la fiche, dont l’état ne le permettait pas : il n’a pas changé.",
}


class EnvoyerForm(forms.Form):
    """The hash that was read, and the box of production."""

    empreinte = forms.CharField(widget=forms.HiddenInput, max_length=64)


class EnvoyerEnProductionForm(EnvoyerForm):
    production = CaseProduction()


class ConstatForm(forms.Form):
    """What a person saw on the portal."""

    preuve = forms.CharField(
        label="Ce que vous avez vu",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Où et quand : par exemple « Rechercher Fiche EDI, le 12/01 à 9 h : état courant Activée ». "
        "Cette note reste sur la fiche comme preuve.",
    )
    code_appli = forms.CharField(label="Code appli partenaire", required=False, max_length=20, widget=CODE_APPLI)


class PagesEnvoi(PagesPack):
    """Sending, the pack, and what is noted afterwards."""

    def get_urls(self) -> list[URLPattern]:
        page = self.page_de_fiche
        return [
            page("envoyer/", self.vue_envoyer, "envoyer"),
            page("envoi/progression/", require_safe(self.vue_progression), "envoi_progression"),
            page("constater/", self.vue_constater, "constater"),
            page("suivre/", require_POST(self.vue_suivre), "suivre"),
            page("retirer/", self.vue_retirer, "retirer"),
            page("desactiver/", self.vue_desactiver, "desactiver"),
            page("reactiver/", self.vue_reactiver, "reactiver"),
            *super().get_urls(),
        ]

    # --- leaving -------------------------------------------------------------------------------------------------

    def vue_envoyer(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """What leaves, by which channel and where, then the sending."""
        fiche = self.fiche_permise(request, object_id, envoi.ENVOYER)
        personne: Any = request.user
        production = fiche.environnement == EnvironnementChorus.PRODUCTION

        def agir(saisie: dict[str, Any]) -> str:
            exiger_la_version_lue(fiche, saisie["empreinte"])
            if canal() is Canal.PORTAIL:
                version = envoi.prendre_pour_envoi(fiche, canal=Canal.PORTAIL, par=personne)
                return f"La version {version.numero} est à vous : saisissez-la sur le portail, puis notez-le ici."
            operation = operations.demander_envoi(fiche, par=personne)
            return f"La fiche part (opération n° {operation.pk})."

        def exiger() -> None:
            envoi.exiger_envoi_possible(fiche)
            verifier_empreinte(fiche)

        return self.saisir(
            request,
            fiche,
            titre=f"{libelle_envoi(fiche)} : {fiche}",
            bouton=libelle_envoi(fiche),
            formulaire=EnvoyerEnProductionForm if production else EnvoyerForm,
            initial={"empreinte": fiche.version.empreinte if fiche.version else ""},
            exiger=exiger,
            agir=agir,
            gabarit="raccordements/saisie_envoyer.html",
            vers="pack" if canal() is Canal.PORTAIL else "change",
            version=fiche.version,
            blocs=pack.blocs(fiche.version.contenu) if fiche.version else [],
            risques=risques_de(fiche, fiche.version.contenu) if fiche.version else [],
            environnement=EnvironnementChorus(fiche.environnement),
            canal=canal_en_mots(),
            portail=canal() is Canal.PORTAIL,
            production=production,
        )

    def vue_progression(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """What the page asks every two seconds while the worker sends."""
        fiche = self.fiche_permise(request, object_id)
        section = contexte(fiche, request)
        finie = not section["progression"]
        html = render_to_string("raccordements/_envoi_suivi.html", {"fiche": fiche, "section_envoi": section}, request)
        reponse = JsonResponse(
            {
                "finie": finie,
                "pourcent": 100 if finie else 50,
                "annonce": f"Envoi fini, statut {fiche.get_etat_display()}." if finie else "Envoi en cours.",
                "html": html,
            }
        )
        reponse["Cache-Control"] = "no-store"
        return reponse

    # --- afterwards ----------------------------------------------------------------------------------------------

    def vue_constater(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Note an activation that a person saw."""
        fiche = self.fiche_permise(request, object_id, envoi.CONSTATER)
        personne: Any = request.user

        def agir(saisie: dict[str, Any]) -> str:
            constat = envoi.constater(
                fiche,
                Etat.ACTIVEE,
                source="vue sur le portail",
                preuve={"note": saisie["preuve"].strip()},
                par=personne,
                code_appli=saisie["code_appli"].strip(),
            )
            return VUES[constat]

        return self.saisir(
            request,
            fiche,
            titre=f"Constater l’activation – {fiche}",
            bouton=f"Noter « Activée » – {fiche.get_environnement_display()}",
            formulaire=ConstatForm,
            initial={"code_appli": fiche.code_appli},
            exiger=lambda: exiger_action(fiche, Action.CONSTATER),
            agir=agir,
            phrases=["Notez l’activation que vous avez vue vous-même sur le portail Chorus Pro."],
        )

    def vue_suivre(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Have the status read now."""
        fiche = self.fiche_permise(request, object_id, envoi.CONSTATER)
        try:
            operation = operations.demander_suivi(fiche, par=request.user)  # type: ignore[arg-type]
        except ActionImpossible as refus:
            self.message_user(request, phrase(refus), messages.ERROR)
        else:
            self.message_user(request, f"La lecture de l’état est demandée (opération n° {operation.pk}).")
        return redirect(adresse_fiche(fiche))

    def vue_retirer(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Note that the support withdrew the request."""
        return self._noter(
            request,
            self.fiche_permise(request, object_id, envoi.CONSTATER),
            Action.RETIRER,
            envoi.retirer,
            "Noter le retrait",
            "Le retrait est noté : une nouvelle approbation sera nécessaire pour renvoyer la fiche.",
            "À noter quand le support de Chorus Pro a retiré la demande. La fiche redevient modifiable.",
        )

    def vue_desactiver(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Note that the portal shows the fiche « Désactivée »."""
        return self._noter(
            request,
            self.fiche_permise(request, object_id, envoi.DESACTIVER),
            Action.DESACTIVER,
            envoi.desactiver,
            "Noter la désactivation",
            "La désactivation est notée.",
            "À noter quand le portail montre « Désactivée ». Passerelle ne désactive rien dans Chorus Pro.",
            danger=True,
        )

    def vue_reactiver(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Undo a deactivation."""
        return self._noter(
            request,
            self.fiche_permise(request, object_id, envoi.DESACTIVER),
            Action.REACTIVER,
            envoi.reactiver,
            "Annuler la désactivation",
            "La désactivation est annulée : la fiche est « Activée ».",
            "À utiliser si elle a été notée par erreur, ou si le portail montre de nouveau « Activée ».",
        )

    def _noter(
        self,
        request: HttpRequest,
        fiche: Fiche,
        action: Action,
        service: Any,
        bouton: str,
        dit: str,
        explication: str,
        *,
        danger: bool = False,
    ) -> HttpResponseBase:
        def agir(saisie: dict[str, Any]) -> str:
            service(fiche, motif=saisie["motif"], par=request.user)
            return dit

        return self.saisir(
            request,
            fiche,
            titre=f"{bouton} – {fiche}",
            bouton=f"{bouton} – {fiche.get_environnement_display()}",
            formulaire=MotifForm,
            exiger=lambda: exiger_action(fiche, action),
            agir=agir,
            danger=danger,
            phrases=[explication],
        )


def exiger_la_version_lue(fiche: Fiche, empreinte: str) -> None:
    """Raises EmpreinteDifferente when the page showed another version than the one that would leave."""
    if fiche.version is None or fiche.version.empreinte != empreinte:
        raise EmpreinteDifferente(
            "La fiche n’est pas partie.",
            "La version approuvée n’est plus celle que vous avez lue.",
            "Revenez à la fiche, relisez la version approuvée, puis envoyez-la.",
        )
