"""The forms of platforms, lines, mandates and subscriptions. The services judge; here only the shape is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import QuerySet
from django.utils import timezone

from config import production
from config.admin import ChoixLisible
from config.champs import SecretsFormMixin
from dossiers.models import Dossier
from raccordements.admin.recherche.filtres import JourField
from raccordements.models import LigneAdressage, Mandat, Plateforme, Souscription
from raccordements.souscriptions.etapes import Niveau, Qualite

CONTRAINTES = {"autocomplete": "off", "spellcheck": "false"}
CHOIX_PERIME = "Ce choix n’existe plus, ou n’est pas de ce dossier. Choisissez-en un autre dans la liste."
AIDE_MOTIF = "En une phrase : il reste dans l’histoire."
TAILLE_ENDPOINT = 300


class JourDemande(JourField):
    """A day, required unless told otherwise."""

    def __init__(self, *, facultatif: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.required = self.widget.is_required = not facultatif


def _code(libelle: str, longueur: int, aide: str = "") -> forms.CharField:
    return forms.CharField(
        label=libelle,
        required=False,
        max_length=longueur,
        help_text=aide,
        widget=forms.TextInput(attrs=CONTRAINTES),
    )


def _motif(*, requis: bool = False) -> forms.CharField:
    return forms.CharField(
        label="Motif" if requis else "Motif (facultatif)",
        required=requis,
        max_length=200,
        help_text=AIDE_MOTIF,
    )


def _endpoint() -> forms.CharField:
    return forms.CharField(
        label="Endpoint exclusif",
        required=False,
        max_length=TAILLE_ENDPOINT,
        help_text="En https, propre à cette ligne, sur un hôte admis de la plateforme. Vide : celui du modèle de la "
        "plateforme, si elle en a un.",
        widget=forms.TextInput(attrs={**CONTRAINTES, "inputmode": "url", "class": "champ-large"}),
    )


def choix(libelle: str, *, requis: bool = True, aide: str = "") -> forms.ModelChoiceField:
    """A choice whose rows the form sets; a handful of rows."""
    return forms.ModelChoiceField(
        queryset=Souscription.objects.none(),
        label=libelle,
        required=requis,
        help_text=aide,
        error_messages={"invalid_choice": CHOIX_PERIME},
    )


class ChoisirDossierForm(forms.Form):
    """The dossier of what is added, found as its code or its name is typed."""

    dossier = ChoixLisible(
        queryset=Dossier.objects.none(),
        label="Dossier",
        widget=AutocompleteSelect(LigneAdressage._meta.get_field("dossier"), admin.site),
    )

    def __init__(self, *args: Any, dossiers: QuerySet[Dossier], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["dossier"].queryset = dossiers  # type: ignore[attr-defined]


class PlateformeForm(SecretsFormMixin, forms.ModelForm):
    secrets = ("cle_abonnement",)


class HoteForm(forms.Form):
    hote = forms.CharField(
        label="Hôte à proposer",
        max_length=253,
        help_text="Le nom seul, par exemple facture.pa.example : ni https://, ni chemin, ni port.",
        widget=forms.TextInput(attrs={**CONTRAINTES, "inputmode": "url"}),
    )


class PartiesForm(forms.Form):
    """The level of a line and its parts, kept apart; its SIREN is that of the dossier."""

    niveau = forms.ChoiceField(label="Niveau", choices=Niveau.choices)
    siret = _code("SIRET", 60, "Niveaux « SIRET » et « Code de routage » : 14 chiffres, du SIREN du dossier.")
    code_routage = _code("Code de routage", 100, "Niveau « Code de routage » seulement.")
    suffixe = _code("Suffixe", 100, "Niveau « Suffixe » seulement.")

    def parties(self) -> dict[str, str]:
        return {nom: self.cleaned_data[nom] for nom in ("niveau", "siret", "code_routage", "suffixe")}


class LigneForm(PartiesForm):
    debut = JourDemande(label="Du")
    fin = JourDemande(label="Au (inclus, facultatif)", facultatif=True)


class RemplacerForm(PartiesForm):
    le = JourDemande(label="À partir du", help_text="La ligne actuelle finit la veille.")
    motif = _motif()


class FinForm(forms.Form):
    le = JourDemande(label="Dernier jour (inclus)")
    motif = _motif()


class MotifForm(forms.Form):
    motif = _motif(requis=True)


class MotifFacultatifForm(forms.Form):
    motif = _motif()


class MandatForm(forms.Form):
    """Who asks, in what capacity, and the signed document."""

    demandeur = forms.CharField(label="Demandé par (nom, prénom)", max_length=150)
    courriel = forms.EmailField(
        label="Adresse électronique",
        max_length=254,
        error_messages={
            "invalid": "Cette adresse électronique est incomplète : vérifiez ce qui entoure l’arobase.",
        },
    )
    qualite = forms.ChoiceField(label="En qualité de", choices=Qualite.choices)
    signe_le = JourDemande(label="Signé le")
    contenu = forms.FileField(
        label="Document signé",
        allow_empty_file=True,
        help_text="PDF, PNG ou JPEG, 5 Mo au plus. Il se télécharge d’ici, par les seules personnes autorisées.",
        widget=forms.FileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
    )


class AvecPlateforme(forms.Form):
    """A platform in service of the environment, and a mandate of the dossier."""

    plateforme = choix("Plateforme")
    mandat = choix("Mandat", requis=False, aide="L’on-boarding en demande un : il peut être rattaché plus tard.")
    endpoint = _endpoint()

    def regler(self, dossier: Dossier, environnement: str, *, sauf: Plateforme | None = None) -> None:
        """Limit the choices to those of a dossier."""
        plateformes = Plateforme.objects.en_service().pour_liste().filter(environnement=environnement)
        if sauf is not None:
            plateformes = plateformes.exclude(pk=sauf.pk)
        if "plateforme" in self.fields:
            self.fields["plateforme"].queryset = plateformes  # type: ignore[attr-defined]
        self.fields["mandat"].queryset = dossier.mandats.defer("contenu")  # type: ignore[attr-defined]


class SouscriptionForm(AvecPlateforme):
    ligne = choix("Ligne d’adressage")
    debut = JourDemande(label="Date d’effet")
    fin = JourDemande(label="Date de fin (incluse, facultative)", facultatif=True)

    field_order = ("ligne", "plateforme", "debut", "fin", "mandat", "endpoint")

    def __init__(self, *args: Any, dossier: Dossier, **options: Any) -> None:
        super().__init__(*args, **options)
        self.regler(dossier, dossier.cle.environnement)
        lignes = dossier.lignes_adressage.presentes().filter(environnement=dossier.cle.environnement)
        self.fields["ligne"].queryset = lignes.exclude(fin__lt=timezone.localdate())  # type: ignore[attr-defined]


class CorrectionForm(AvecPlateforme):
    plateforme = None  # type: ignore[assignment]
    debut = JourDemande(label="Date d’effet")

    field_order = ("debut", "mandat", "endpoint")

    def __init__(self, *args: Any, souscription: Souscription, **options: Any) -> None:
        super().__init__(*args, **options)
        self.regler(souscription.dossier, souscription.environnement)


class ChangementForm(AvecPlateforme):
    le = JourDemande(label="Premier jour chez la nouvelle plateforme")
    motif = _motif()

    field_order = ("plateforme", "le", "mandat", "endpoint", "motif")

    def __init__(self, *args: Any, souscription: Souscription, **options: Any) -> None:
        super().__init__(*args, **options)
        self.regler(souscription.dossier, souscription.environnement, sauf=souscription.plateforme)
        self.fields["mandat"].help_text = "Vide : celui de la souscription actuelle."


def avec_case(formulaire: Callable[..., forms.Form], environnement: str) -> Callable[..., forms.Form]:
    """The same form; in production, with the box that what leads to a call needs."""

    def construire(*args: Any, **options: Any) -> forms.Form:
        construit = formulaire(*args, **options)
        if environnement == production.PRODUCTION:
            construit.fields[production.CHAMP] = production.CaseProduction()
        return construit

    return construire


class RevelationForm(forms.Form):
    """Who receives the connection data, and who asks for them, once more."""

    remises_a = forms.CharField(
        label="Remises à",
        max_length=150,
        help_text="La personne de la plateforme qui les reçoit : elle est nommée sur l’accusé.",
    )
    mot_de_passe = forms.CharField(
        label="Votre mot de passe",
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = forms.CharField(
        label="Code affiché par l’application",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, double: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not double:
            del self.fields["code"]


def mandats_de(dossier: Dossier) -> QuerySet[Mandat]:
    """The mandates of a dossier without their documents."""
    mandats: QuerySet[Mandat] = dossier.mandats.select_related("ajoute_par").defer("contenu")
    return mandats
