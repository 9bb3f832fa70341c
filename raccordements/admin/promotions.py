"""From qualification to production: the prerequisites, what changes, then the draft of production."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, reverse
from unfold.widgets import UnfoldAdminSelectWidget

from dossiers.affichage import badge
from dossiers.services.erreurs import ActionImpossible
from raccordements.admin.pages import LECTURE, PagesDeFiche
from raccordements.affichage import adresse_fiche
from raccordements.models import Action, EnvironnementChorus, Fiche, Structure
from raccordements.services import promotion
from raccordements.services.promotion import EtatPrerequis, Prerequis
from raccordements.services.traces import exiger_action

STRUCTURES_PROPOSEES = 200
BADGES = {
    EtatPrerequis.ACQUIS: ("Acquis", "check_circle", "succes"),
    EtatPrerequis.A_CONFIRMER: ("À confirmer", "help", "alerte"),
    EtatPrerequis.MANQUANT: ("Manquant", "cancel", "echec"),
}


class StructureForm(forms.Form):
    """The real structure of the client, when that of qualification is fictitious."""

    structure = forms.ModelChoiceField(
        label="Structure de production",
        queryset=Structure.objects.none(),
        widget=UnfoldAdminSelectWidget,
        help_text="Celle du même SIRET est proposée ; les structures de qualification sont souvent fictives.",
        error_messages={
            "invalid_choice": "Cette structure n’est pas parmi celles que vous suivez en production. Choisissez-en une "
            "autre, ou enregistrez-la d’abord."
        },
    )

    def __init__(self, *args: Any, fiche: Fiche, par: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        visibles = Structure.objects.visibles_par(par).en_service()
        candidates = visibles.filter(environnement=EnvironnementChorus.PRODUCTION)
        if fiche.structure.dossier_id:
            candidates = candidates.filter(dossier_id=fiche.structure.dossier_id) | candidates.filter(
                siret=fiche.structure.siret
            )
        choix: Any = self.fields["structure"]
        # A queryset cut short cannot be filtered again, which the field does with what was sent.
        proposees = list(candidates.order_by("siret").values_list("pk", flat=True)[:STRUCTURES_PROPOSEES])
        choix.queryset = candidates.filter(pk__in=proposees)


class PagesPromotion(PagesDeFiche):
    """Preparing the fiche of production of a qualified one."""

    def get_urls(self) -> list[URLPattern]:
        return [self.page_de_fiche("promouvoir/", self.vue_promouvoir, "promouvoir"), *super().get_urls()]

    def vue_promouvoir(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Each prerequisite with its remedy, what production changes, then the draft: nothing is sent."""
        if request.method not in {*LECTURE, "POST"}:
            return HttpResponseNotAllowed([*LECTURE, "POST"])
        fiche = self.fiche_permise(request, object_id, promotion.PROMOUVOIR)
        personne: Any = request.user
        refus: ActionImpossible | None = None
        try:
            exiger_promotion(fiche)
        except ActionImpossible as exc:
            return self.page_refus(request, fiche, exc)
        connue = promotion.structure_de_production(fiche, personne)
        if request.method == "POST":
            formulaire = StructureForm(request.POST, fiche=fiche, par=personne)
            if formulaire.is_valid():
                try:
                    brouillon = promotion.promouvoir(
                        fiche, par=personne, structure=formulaire.cleaned_data["structure"]
                    )
                except ActionImpossible as exc:
                    refus = exc
                except ValidationError as exc:
                    formulaire.add_error(None, exc.messages)
                else:
                    self.message_user(
                        request,
                        "Le brouillon de production est prêt : relisez-le, puis soumettez-le à l’approbation.",
                        messages.SUCCESS,
                    )
                    return redirect(adresse_fiche(brouillon))
        else:
            formulaire = StructureForm(initial={"structure": connue}, fiche=fiche, par=personne)
        choisie = _choisie(formulaire) or connue
        reponse = self.page(
            request,
            "raccordements/promotion.html",
            f"Préparer la production – {fiche}",
            fiche=fiche,
            formulaire=formulaire,
            refus=refus,
            prerequis=[
                (p, badge(*BADGES[p.etat]), remede(p, fiche, choisie)) for p in promotion.prerequis(fiche, choisie)
            ],
            differences=promotion.differences_de_production(fiche, choisie),
            abandonnes=promotion.codes_abandonnes(fiche.version_active.contenu) if fiche.version_active else [],
            structure=choisie,
            deja=fiche.issues.filter(environnement=EnvironnementChorus.PRODUCTION, supprimee_le=None).first(),
            retour=adresse_fiche(fiche),
        )
        reponse.status_code = 409 if refus else 200
        return reponse


def exiger_promotion(fiche: Fiche) -> None:
    """Raises ActionImpossible unless the fiche is active in qualification."""
    exiger_action(fiche, Action.PROMOUVOIR)
    if fiche.environnement != EnvironnementChorus.QUALIFICATION:
        raise ActionImpossible(
            "La fiche de production n’a pas été préparée.",
            "Seule une fiche active en qualification se prépare pour la production.",
            "Clonez cette fiche si vous en voulez une autre.",
        )


def remede(prerequis: Prerequis, fiche: Fiche, structure: Structure | None) -> tuple[str, str] | None:
    """Where to settle a prerequisite that is not: the words of the link and its address."""
    if prerequis.etat is EtatPrerequis.ACQUIS:
        return None
    if prerequis.cle in {"structure", "espace", "compte", "qualification"}:
        if structure is None:
            return "Enregistrer la structure", reverse("admin:raccordements_structure_add")
        return "Ouvrir la structure", reverse("admin:raccordements_structure_change", args=[structure.pk])
    return "Ouvrir la fiche", adresse_fiche(fiche)


def _choisie(formulaire: StructureForm) -> Structure | None:
    if not formulaire.is_bound or not formulaire.is_valid():
        return None
    structure: Structure = formulaire.cleaned_data["structure"]
    return structure
