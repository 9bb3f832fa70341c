"""The bulk gestures on contacts, each shown as a plan before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied

from dossiers.models import Collaborateur, Dossier, Lot, Offre, Operation
from dossiers.services.plans import Geste, Ligne, enregistrer
from interlocuteurs.models import Acces, Interlocuteur
from interlocuteurs.services import acces
from interlocuteurs.services.acces import Cellule


class AccesForm(forms.Form):
    """A dossier (its primary key, once read: parameters travel signed, as JSON) and an offer."""

    dossier = forms.ModelChoiceField(
        label="Dossier",
        queryset=Dossier.objects.en_service(),
        widget=AutocompleteSelect(Acces._meta.get_field("dossier"), admin.site),
        error_messages={"invalid_choice": "Ce dossier n’existe pas ou n’est plus en service. Choisissez-en un autre."},
    )
    offre = forms.ChoiceField(label="Offre", choices=Offre.Code, widget=forms.RadioSelect)

    def clean_dossier(self) -> int:
        return int(self.cleaned_data["dossier"].pk)


class GesteAcces(Geste):
    """A gesture that changes accès: what it judges are cells."""

    permission = "interlocuteurs.planifier_acces"

    def examiner(self, objets: Sequence[Cellule], parametres: dict[str, Any]) -> list[Ligne]:
        return acces.juger(objets)

    def appliquer(
        self, objets: Sequence[tuple[Cellule, Ligne]], parametres: dict[str, Any], *, lot: Lot, par: Collaborateur
    ) -> list[Operation]:
        return acces.appliquer([cellule for cellule, _ in objets], par=par, lot=lot)


class GesteSelection(GesteAcces):
    """One offer of one dossier, for every contact chosen in a list."""

    modele = Interlocuteur
    formulaire = AccesForm
    voulu: ClassVar[bool]

    def intitule(self, parametres: dict[str, Any]) -> str:
        code = Dossier.objects.values_list("code", flat=True).get(pk=parametres["dossier"])
        return f"{self.libelle} « {Offre.Code(parametres['offre']).label} » sur {code}"

    def charger(self, pks: Sequence[int], parametres: dict[str, Any], par: Collaborateur) -> list[Cellule]:
        dossiers = Dossier.objects.visibles_par(par).select_related("cle__guichet")
        dossier = dossiers.defer("cle__client_secret", "cle__cle_abonnement").filter(pk=parametres["dossier"]).first()
        if dossier is None:
            raise PermissionDenied(self.permission)
        return [
            Cellule(
                pk=interlocuteur.pk,
                interlocuteur=interlocuteur,
                dossier=dossier,
                offre=parametres["offre"],
                voulu=self.voulu,
            )
            for interlocuteur in super().charger(pks, parametres, par)
        ]


@enregistrer
class DonnerAcces(GesteSelection):
    nom = "donner_acces"
    libelle = "Donner l’accès"
    voulu = True


@enregistrer
class RetirerAcces(GesteSelection):
    nom = "retirer_acces"
    libelle = "Retirer l’accès"
    voulu = False


@enregistrer
class ChangerAcces(GesteAcces):
    """The cells of a matrix, given and withdrawn together: `parametres["cellules"]`, a line being a rank in it.

    It acts on accès, so that it is not offered in the list of contacts, where lines are contacts.
    """

    nom = "changer_acces"
    libelle = "Changer les accès"
    modele = Acces

    def charger(self, pks: Sequence[int], parametres: dict[str, Any], par: Collaborateur) -> list[Cellule]:
        return acces.charger(parametres["cellules"], par=par, rangs=pks) if pks else []

    def verrouiller(self, pks: Sequence[int], parametres: dict[str, Any]) -> None:
        acces.verrouiller(parametres["cellules"][rang]["interlocuteur"] for rang in pks)
