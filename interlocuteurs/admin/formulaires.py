"""Forms of contacts. They keep what was typed; the services read it, and say field by field what they refuse."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError

from dossiers.models import Collaborateur, Dossier, Offre
from interlocuteurs.courriel import afficher_courriel
from interlocuteurs.models import Acces, Interlocuteur
from interlocuteurs.models.interlocuteur import CHAMPS_SAISIS, PROFIL
from interlocuteurs.services.fiches import Fiche
from interlocuteurs.telephone import afficher_telephone

LONGUEUR_SAISIE = 300
PAS_DE_DOSSIER = "Ce dossier n’existe pas ou n’est plus en service. Choisissez-en un autre."


class ChoixDossier(AutocompleteSelect):
    """The dossiers that the person sees, found as they type."""

    def __init__(self) -> None:
        super().__init__(Acces._meta.get_field("dossier"), admin.site, attrs={"data-placeholder": "Code ou nom"})


class FicheForm(forms.Form):
    """A record as typed."""

    email = forms.CharField(
        label="E-mail",
        max_length=LONGUEUR_SAISIE,
        widget=forms.TextInput(attrs={"inputmode": "email", "autocomplete": "off", "spellcheck": "false"}),
    )
    nom = forms.CharField(label="Nom", max_length=LONGUEUR_SAISIE)
    prenom = forms.CharField(label="Prénom", max_length=LONGUEUR_SAISIE)
    mobile = forms.CharField(
        label="Téléphone mobile",
        max_length=LONGUEUR_SAISIE,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
        help_text="Envoyé à Loop. Par exemple 07 05 06 03 02.",
    )
    fixe = forms.CharField(
        label="Téléphone fixe",
        max_length=LONGUEUR_SAISIE,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
        help_text="Gardé ici : Loop n’en prend qu’un.",
    )
    profil = forms.CharField(label="Profil", max_length=20, initial=PROFIL)
    social = forms.BooleanField(label="Social", required=False, initial=True)
    actif = forms.BooleanField(label="Actif", required=False, initial=True)
    emetteur_par_defaut = forms.BooleanField(label="Émetteur par défaut", required=False)

    def fiche(self) -> Fiche:
        """What was typed, once the form is valid."""
        return Fiche(**{champ: self.cleaned_data[champ] for champ in CHAMPS_SAISIS})

    def refuser(self, refus: ValidationError) -> None:
        """Show at its field what a service refused."""
        for champ, messages in refus.message_dict.items():
            for message in messages:
                self.add_error(champ if champ in self.fields else None, message)


class ModificationForm(FicheForm):
    """The record of a known contact, with the version that was read."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)


class CreationForm(FicheForm):
    """A new contact with its first accès. A dossier says on which domain of Loop it is created."""

    dossier = forms.ModelChoiceField(
        label="Dossier",
        queryset=Dossier.objects.none(),
        widget=ChoixDossier,
        error_messages={"invalid_choice": PAS_DE_DOSSIER},
    )
    offres = forms.MultipleChoiceField(
        label="Offres à lui donner sur ce dossier",
        choices=Offre.Code.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Sans offre, l’interlocuteur reste ici : Loop ne l’apprend qu’avec son premier accès.",
    )
    field_order = ("dossier", "offres")

    def __init__(self, *args: Any, par: Collaborateur, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["dossier"].queryset = Dossier.objects.visibles_par(par).en_service().select_related("cle")  # type: ignore[attr-defined]

    @property
    def acces(self) -> list[tuple[Dossier, str]]:
        """The first accès, once the form is valid."""
        return [(self.cleaned_data["dossier"], offre) for offre in self.cleaned_data["offres"]]


class AjoutDossierForm(forms.Form):
    """A dossier to show as one more line of the matrix."""

    dossier = forms.ModelChoiceField(label="Ajouter un dossier", queryset=Dossier.objects.none(), widget=ChoixDossier)

    def __init__(self, *args: Any, par: Collaborateur, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["dossier"].queryset = Dossier.objects.visibles_par(par)  # type: ignore[attr-defined]


class AnonymisationForm(forms.Form):
    motif = forms.CharField(
        label="Motif",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Une phrase gardée au journal avec votre nom, par exemple la demande reçue et sa date.",
    )
    confirme = forms.BooleanField(
        label="Je comprends que cet effacement est définitif",
        error_messages={"required": "Cochez cette case pour confirmer : rien n’a été effacé."},
    )


def saisie(interlocuteur: Interlocuteur) -> dict[str, Any]:
    """The record as people read it, to fill a form: phones in the French way, the domain readable."""
    return {champ: lisible(champ, getattr(interlocuteur, champ)) for champ in CHAMPS_SAISIS}


def lisible(champ: str, valeur: Any) -> Any:
    """A kept value as people type it."""
    if champ in {"mobile", "fixe"}:
        return afficher_telephone(valeur or "")
    return afficher_courriel(valeur) if champ == "email" and valeur else valeur
