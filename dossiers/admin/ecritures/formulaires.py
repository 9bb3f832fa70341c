"""Forms of the imports: where entries go, and what is sent. A signed link that was typed never goes back to a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cryptography.fernet import InvalidToken
from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import F
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from config.admin import ChoixLisible
from dossiers.affichage import heure, phrase
from dossiers.ecritures import services
from dossiers.ecritures.lien import masquer_lien
from dossiers.ecritures.services import Destination
from dossiers.models import Collaborateur, Dossier, ImportEcritures, ModeleImport
from dossiers.services.erreurs import ActionImpossible
from dossiers.sirene import LONGUEUR_SIRET, admettre_siret, afficher_siret, chiffres, suggestions

Genre = ImportEcritures.Genre
#: Seconds during which a link typed in a form that was refused is kept for its next try.
GARDE = 3600
LIEN_MAX, SIRET_COLLE_MAX = 4000, 60
MODELES_MAX, ETABLISSEMENTS_MAX = 30, 200
SUSPECTS_MAX = 3
LIEN_GARDE = (
    "Il est gardé : laissez cette case vide pour l’employer. "
    '<input type="hidden" name="lien_garde" value="{}">'
    '<label><input type="checkbox" name="oublier_lien" value="oui"> Oublier ce lien</label>'
)
TYPES_DE_FICHIER = ".txt,.csv,.tsv,.tra"


class ChoixDossier(AutocompleteSelect):
    """The dossiers that the person sees, found as they type. One of `connus` is shown without reading it again."""

    def __init__(self, connus: Sequence[Dossier] = ()) -> None:
        champ = ImportEcritures._meta.get_field("dossier")
        super().__init__(champ, admin.site, attrs={"data-placeholder": "Code ou nom"})
        self.connus = {str(dossier.pk): dossier for dossier in connus}

    def optgroups(self, name: str, value: list[str], attr: Any = None) -> Any:
        choisis = [str(v) for v in value if str(v)]
        if not all(v in self.connus for v in choisis):
            return super().optgroups(name, value, attr)
        options = [self.create_option(name, "", "", False, 0)]
        options += [self.create_option(name, v, str(self.connus[v]), choisis, 1) for v in choisis]
        return [(None, options, 0)]


class DestinationForm(forms.Form):
    """Where entries go. Everything but the kind may be said later: the plan tells what is missing."""

    genre = forms.ChoiceField(label="Type d’import", choices=Genre.choices, initial=Genre.FEC, widget=forms.RadioSelect)
    dossier = ChoixLisible(
        label="Dossier",
        queryset=Dossier.objects.none(),
        required=False,
        error_messages={
            "invalid_choice": "Ce dossier n’a pas été retenu : il n’existe pas, n’est plus en service, ou n’est pas "
            "dans votre portefeuille. Choisissez-en un autre."
        },
    )
    modele = forms.CharField(
        label="Modèle d’import (MODELE)",
        required=False,
        max_length=100,
        widget=forms.TextInput(
            attrs={"class": "champ-moyen", "list": "modeles-connus", "autocomplete": "off", "spellcheck": "false"}
        ),
        help_text="Pour un import personnalisé : le nom exact du modèle dans Loop. Ceux qui ont déjà servi à ce "
        "dossier sont proposés.",
    )
    siret = forms.CharField(
        label="Établissement (SIRET)",
        required=False,
        max_length=SIRET_COLLE_MAX,
        widget=forms.TextInput(attrs={"list": "etablissements-connus", "inputmode": "numeric", "autocomplete": "off"}),
        help_text="Facultatif. Un établissement du dossier, ou 14 chiffres, avec ou sans espaces.",
    )

    def __init__(self, *args: Any, par: Collaborateur, connus: Sequence[Dossier] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        champ: Any = self.fields["dossier"]
        # Set on the field, a widget is copied: its choices must be given anew.
        champ.widget = ChoixDossier(connus)
        champ.widget.is_required = False
        champ.queryset = Dossier.objects.visibles_par(par).en_service()
        champ.widget.choices = champ.choices
        self.par = par

    def clean_modele(self) -> str:
        modele = str(self.cleaned_data["modele"]).strip()
        if not modele.isprintable():
            raise ValidationError(
                "Le nom du modèle n’a pas été retenu : il contient un caractère invisible, que Loop ne connaît pas. "
                "Recopiez-le à la main."
            )
        return modele

    def clean_siret(self) -> str:
        siret = self.cleaned_data["siret"]
        return admettre_siret(siret) if siret else ""

    def destination(self, genre: str = "") -> Destination:
        """What was said, without what was refused. After `is_valid`."""
        dit = self.cleaned_data
        return Destination(
            genre=dit.get("genre") or genre or Genre.FEC,
            dossier=dit.get("dossier"),
            modele=dit.get("modele", ""),
            siret=dit.get("siret", ""),
            a_trouver="dossier" not in self.errors,
        )

    @property
    def suspects(self) -> list[Suspect]:
        """Slips that would explain the SIRET that was refused."""
        if "siret" not in self.errors:
            return []
        return chiffres_suspects(self.data.get(self.add_prefix("siret"), ""), self.cleaned_data.get("dossier"))


class RangeeForm(DestinationForm):
    """One line of a deposit: its kind is the deposit's.

    Several people may have the page of one deposit: a line is changed by who changed it, not by who saved another.
    """

    genre = None  # type: ignore[assignment]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for champ in self.fields.values():
            champ.show_hidden_initial = True


# --- digits that may be wrong --------------------------------------------------------------------------------------


class Suspect:
    """A valid SIRET one slip away from the one typed."""

    def __init__(self, saisi: str, propose: str) -> None:
        self.saisi, self.propose = saisi, propose
        self.places = [rang for rang, chiffre in enumerate(propose) if saisi[rang] != chiffre]

    @property
    def en_mots(self) -> str:
        """For everyone, and for a screen reader: which digits."""
        if len(self.places) == 2:
            debut, fin = self.places
            return f"chiffres {debut + 1} et {fin + 1} inversés"
        place = self.places[0]
        return f"chiffre n° {place + 1} : {self.propose[place]} au lieu de {self.saisi[place]}"

    @property
    def souligne(self) -> SafeString:
        """The number typed, its suspect digits underlined."""
        return format_html_join("", "{}{}", ((self._chiffre(r), "\u202f" * (r in {2, 5, 8})) for r in range(14)))

    def _chiffre(self, rang: int) -> SafeString | str:
        chiffre = self.saisi[rang]
        return format_html('<mark class="suspect">{}</mark>', chiffre) if rang in self.places else chiffre

    @property
    def affiche(self) -> str:
        return afficher_siret(self.propose)


def chiffres_suspects(siret: str, dossier: Dossier | None) -> list[Suspect]:
    """The few most plausible slips; those that lead to a number of the dossier first."""
    numero, connus = chiffres(siret), set[str]()
    if len(numero) != LONGUEUR_SIRET:
        return []
    if dossier is not None:
        connus = set(dossier.etablissements.values_list("siret", flat=True)[:ETABLISSEMENTS_MAX])
    voisins = suggestions(numero, {dossier.siren} if dossier else ())
    return [Suspect(numero, propose) for propose in sorted(voisins, key=lambda n: n not in connus)[:SUSPECTS_MAX]]


# --- what a dossier has used ---------------------------------------------------------------------------------------


def propositions(dossier: Dossier | None) -> dict[str, list[dict[str, str]]]:
    """Models already used for a dossier, the last success first, and its establishments."""
    if dossier is None:
        return {"modeles": [], "etablissements": []}
    par_succes = (F("reussi_le").desc(nulls_last=True), "-employe_le", "nom")
    modeles = ModeleImport.objects.filter(dossier=dossier).order_by(*par_succes)[:MODELES_MAX]
    etablissements = dossier.etablissements.order_by("type", "siret")[:ETABLISSEMENTS_MAX]
    return {
        "modeles": [
            {
                "valeur": modele.nom,
                "libelle": f"dernier succès : {heure(modele.reussi_le)}" if modele.reussi_le else "sans succès connu",
            }
            for modele in modeles
        ],
        "etablissements": [
            {"valeur": e.siret, "libelle": f"{afficher_siret(e.siret)} – {e.nom or e.get_type_display() or 'sans nom'}"}
            for e in etablissements
        ],
    }


# --- a new import --------------------------------------------------------------------------------------------------


class FichiersWidget(forms.ClearableFileInput):
    allow_multiple_selected = True


class FichiersField(forms.FileField):
    """Several files; the empty ones are told apart, for the others not to be lost."""

    widget = FichiersWidget

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        recus: list[UploadedFile] = [fichier for fichier in data or () if fichier]
        pleins = [fichier for fichier in recus if fichier.size]
        if recus and not pleins:
            raise ValidationError(
                "Rien n’a été reçu : chaque fichier choisi est vide. L’export du logiciel comptable a sans doute "
                "échoué ; refaites-le, vérifiez la taille du fichier, puis déposez-le."
            )
        return pleins


class DepotForm(DestinationForm):
    """Files, or a link. The files come last: what the browser sent before them survives a file that is too big."""

    lien = forms.CharField(
        label="Lien vers le fichier",
        required=False,
        max_length=LIEN_MAX,
        widget=forms.TextInput(
            attrs={
                "class": "champ-large",
                "inputmode": "url",
                "autocomplete": "off",
                "spellcheck": "false",
                "placeholder": "https://…",
            }
        ),
        help_text="Un lien, ou des fichiers ci-dessous. En https, valable encore 24 heures au moins ; Passerelle ne "
        "l’ouvre jamais, Loop le lira.",
    )
    fichiers = FichiersField(
        label="Fichiers de votre ordinateur",
        required=False,
        widget=FichiersWidget(attrs={"class": "champ-large", "accept": TYPES_DE_FICHIER, "multiple": True}),
        help_text="Un ou plusieurs (100 au plus). Sans dossier choisi, chacun est rapproché d’un dossier par son nom : "
        "le SIREN d’un FEC, ou le code du dossier.",
    )
    field_order = ("genre", "dossier", "modele", "siret", "lien", "fichiers")

    def __init__(self, donnees: Any = None, fichiers: Any = None, *, par: Collaborateur, **options: Any) -> None:
        self.lien_juste = ""
        if donnees is not None:
            donnees = donnees.copy()
            garde = "" if donnees.get("oublier_lien") else _ouvrir(donnees.get("lien_garde", ""), par)
            donnees["lien"] = donnees.get("lien", "").strip() or garde
        super().__init__(donnees, fichiers, par=par, **options)

    @property
    def vides(self) -> list[str]:
        """Names of the empty files among others."""
        fichiers = self.files.getlist("fichiers") if self.files else []
        return [str(fichier.name) for fichier in fichiers if not fichier.size]

    def clean_lien(self) -> str:
        lien = self.cleaned_data["lien"]
        if lien:
            try:
                services.lire(lien)
            except ActionImpossible as refus:
                raise ValidationError(phrase(refus)) from refus
        self.lien_juste = str(lien)
        return self.lien_juste

    def clean(self) -> dict[str, Any]:
        donnees = super().clean() or self.cleaned_data
        lien, fichiers = donnees.get("lien"), donnees.get("fichiers")
        if lien and fichiers:
            self.add_error(
                "lien",
                "Rien n’a été reçu : un fichier et un lien sont donnés à la fois, et Loop n’en lit qu’un. Effacez le "
                "lien, ou ne choisissez pas de fichier.",
            )
        elif not lien and not fichiers and not {"lien", "fichiers"} & set(self.errors):
            self.add_error(
                "fichiers",
                "Rien n’a été reçu : ni fichier ni lien n’est donné, il n’y a donc rien à importer. Choisissez un "
                "fichier, ou collez un lien.",
            )
        return donnees

    def refuser_les_fichiers(self, message: str) -> None:
        """Show at their field why the files were thrown away before this form could read them."""
        self.errors.pop("fichiers", None)
        self.add_error("fichiers", message)

    # A signed link is a secret: what is shown again is its masked form, the link itself coming back sealed.

    @property
    def lien_a_cacher(self) -> bool:
        lien = self.data.get("lien", "") if self.is_bound else ""
        return bool(lien) and masquer_lien(lien) != lien

    @property
    def lien_garde(self) -> str:
        """The link, sealed for this person, as the next try brings it back; nothing for one that was refused."""
        return _sceller(self.lien_juste, self.par) if self.lien_juste and self.lien_a_cacher else ""

    def pour_la_page(self) -> DepotForm:
        """This form, its field emptied of a link that must not be shown; its help says what was typed."""
        if not self.lien_a_cacher:
            return self
        champ = self["lien"]
        champ.field.widget = _SansValeur(champ.field.widget.attrs)
        suite = LIEN_GARDE if self.lien_garde else "Il n’est pas gardé : collez-en un autre."
        champ.help_text = format_html(
            'Lien saisi, sa signature cachée : <code class="adresse">{}</code>. {}',
            masquer_lien(self.data["lien"])[:300],
            format_html(suite, self.lien_garde),
        )
        return self


class _SansValeur(forms.TextInput):
    """A box whose value stays with the server."""

    def format_value(self, value: Any) -> None:
        return None


def _fernet() -> Any:
    return ImportEcritures._meta.get_field("url").fernet  # type: ignore[union-attr]


def _sceller(lien: str, par: Collaborateur) -> str:
    return str(_fernet().encrypt(f"{par.pk} {lien}".encode()).decode("ascii"))


def _ouvrir(scelle: str, par: Collaborateur) -> str:
    """The link of a form that this person sent less than an hour ago, "" for anything else."""
    try:
        personne, _, lien = _fernet().decrypt(scelle.encode(), ttl=GARDE).decode().partition(" ")
    except (InvalidToken, ValueError):
        return ""
    return str(lien) if personne == str(par.pk) else ""
