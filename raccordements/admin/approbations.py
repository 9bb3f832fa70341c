"""Approval on the page of a fiche: what is shown there, submitting, taking back. The decision is in `versions`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern
from django.views.decorators.http import require_POST

from dossiers.affichage import phrase
from dossiers.services.erreurs import ActionImpossible
from raccordements.admin import delegations, versions
from raccordements.admin.pages import PagesDeFiche, risques_de
from raccordements.affichage import adresse_fiche, canal_en_mots
from raccordements.models import Action, Approbation, Fiche, Version
from raccordements.services import approbation
from raccordements.services.contenu import contenu, differences, empreinte
from raccordements.services.risques import bloquants
from raccordements.services.traces import exiger_action

__all__ = ["PagesApprobation", "contexte", "delegations", "versions"]

VERSIONS_MONTREES = 10
A_SOUMETTRE = {Approbation.A_SOUMETTRE, Approbation.REFUSEE}


class SoumettreForm(forms.Form):
    """A word for who decides, and the edition that was read."""

    message = forms.CharField(
        label="Message au manager",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Facultatif : ce qui a changé et pourquoi, ce qu’il faut regarder.",
    )
    edition = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)


def contexte(fiche: Fiche, request: HttpRequest) -> dict[str, Any]:
    """What `raccordements/_section_approbation.html` shows, for a bounded number of queries."""
    personne: Any = request.user
    dernieres = list(
        fiche.versions.select_related("soumise_par", "decide_par", "delegation__delegant").defer("contenu")[
            :VERSIONS_MONTREES
        ]
    )
    attendue = next((v for v in dernieres if v.pk == fiche.version_id and v.etat == Version.Etat.EN_ATTENTE), None)
    peut_soumettre = personne.has_perm(approbation.SOUMETTRE)
    return {
        "versions": [(v, Version.Etat(v.etat)) for v in dernieres],
        "version": next((v for v in dernieres if v.pk == fiche.version_id), None),
        "attendue": attendue,
        "motif": approbation.motif_de_non_approbation(attendue, personne) if attendue else "",
        "soumettre": adresse_fiche(fiche, "soumettre")
        if peut_soumettre and fiche.approbation in A_SOUMETTRE and fiche.permet(Action.SOUMETTRE) and not fiche.en_envoi
        else "",
        "reprendre": adresse_fiche(fiche, "reprendre") if peut_soumettre and attendue else "",
        "passeport": adresse_fiche(fiche, "passeport"),
    }


class PagesApprobation(PagesDeFiche):
    """Submitting a fiche, and taking it back."""

    def get_urls(self) -> list[URLPattern]:
        return [
            self.page_de_fiche("soumettre/", self.vue_soumettre, "soumettre"),
            self.page_de_fiche("reprendre/", require_POST(self.vue_reprendre), "reprendre"),
            *super().get_urls(),
        ]

    def vue_soumettre(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The risks as of now, what will be frozen and what it changes, then the submission."""
        fiche = self.fiche_permise(request, object_id, approbation.SOUMETTRE)
        personne: Any = request.user

        def agir(saisie: dict[str, Any]) -> str:
            version = approbation.soumettre(fiche, edition=saisie["edition"], par=personne, message=saisie["message"])
            return f"La version {version.numero} attend une décision : ni vous ni ses rédacteurs ne l’approuverez."

        def exiger() -> None:
            exiger_action(fiche, Action.SOUMETTRE)
            if fiche.approbation not in A_SOUMETTRE:
                raise ActionImpossible(
                    "La fiche n’a pas été soumise.",
                    f"Elle est déjà au statut « {fiche.get_approbation_display()} ».",
                    "Attendez la décision, ou modifiez la fiche pour en soumettre une autre version.",
                )

        fige = contenu(fiche)
        trouves = risques_de(fiche, fige)
        precedente = versions.derniere_approuvee(fiche)
        return self.saisir(
            request,
            fiche,
            titre=f"Soumettre à l’approbation – {fiche}",
            bouton="Soumettre à l’approbation",
            formulaire=SoumettreForm,
            initial={"edition": fiche.edition},
            exiger=exiger,
            agir=agir,
            gabarit="raccordements/approbations_soumettre.html",
            risques=trouves,
            bloquants=bloquants(trouves),
            precedente=precedente,
            differences=differences(precedente.contenu, fige) if precedente else [],
            empreinte=empreinte(fige),
            canal=canal_en_mots(),
        )

    def vue_reprendre(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Take back what awaits a decision."""
        fiche = self.fiche_permise(request, object_id, approbation.SOUMETTRE)
        try:
            approbation.reprendre(fiche, par=request.user)  # type: ignore[arg-type]
        except ActionImpossible as refus:
            self.message_user(request, phrase(refus), messages.ERROR)
        else:
            self.message_user(request, "La demande d’approbation est reprise : la fiche est à soumettre.")
        return redirect(adresse_fiche(fiche))
