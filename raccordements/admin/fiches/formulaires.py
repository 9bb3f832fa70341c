"""Forms of a fiche, one a block. Nothing is required: a draft is kept as far as it was typed, and the risks say what
is missing. They keep what was typed; the services say what they refuse."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db.models import Model, Q
from django.utils import timezone

from config.admin import ChoixLisible
from dossiers.affichage import VIDE
from dossiers.models import Collaborateur
from raccordements.admin.fiches.certificats import SERVEUR_EN_SFTP, AvecCertificats, joints_de, places, usages
from raccordements.admin.fiches.codes import FORME_CODE, PREFIXE, Rangee, champ_de, rangee
from raccordements.models import (
    Certificat,
    CodeInterface,
    Fiche,
    Generation,
    Genre,
    Mode,
    Protocole,
    Structure,
    UsageCertificat,
    UsagePiste,
)
from raccordements.services.redaction import CHAMPS_SAISIS, Saisie
from raccordements.services.risques import USAGES_ADMIS

PAS_DE_STRUCTURE = (
    "Ce partenaire n’a pas été retenu : il n’existe pas, n’est plus en service, ou n’est pas dans votre portefeuille. "
    "Choisissez-en un autre, ou enregistrez d’abord sa structure."
)


class ChoixStructure(AutocompleteSelect):
    """The structures that the person sees, found as they type."""

    def __init__(self) -> None:
        super().__init__(Fiche._meta.get_field("structure"), admin.site)


class StructureField(ChoixLisible):
    widget = ChoixStructure

    def __init__(self, **options: Any) -> None:
        messages = {"invalid_choice": PAS_DE_STRUCTURE, "required": "Choisissez le partenaire de cette fiche."}
        aide = "Cherchez par SIRET ou par désignation."
        options = {"label": "Partenaire *", "help_text": aide, "error_messages": messages, **options}
        super().__init__(Structure.objects.none(), **options)


def champ(nom: str, libelle: str, **options: Any) -> Any:
    """The form field of a column of Fiche, with its validators."""
    return Fiche._meta.get_field(nom).formfield(label=libelle, **options)  # type: ignore[union-attr]


# --- creation ----------------------------------------------------------------------------------------------------


class CreationForm(AvecCertificats):
    """First screen of the portal: the partner, the protocol, the certificate(s). Never the code appli partenaire."""

    structure = StructureField()
    protocole = forms.ChoiceField(
        label="Protocole de raccordement *",
        choices=Protocole.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez PeSIT, SFTP ou AS2 : il décide des certificats et du réseau."},
    )
    application_piste = champ(
        "application_piste",
        "Application PISTE *",
        help_text="Son nom exact sur PISTE, unique. En qualification : APP_SANDBOX_ suivi de l’adresse du compte.",
    )
    usage_piste = forms.ChoiceField(
        label="Type d’utilisation",
        choices=[("", "Pas encore choisi"), *UsagePiste.choices],
        required=False,
        widget=forms.RadioSelect,
    )
    field_order = ("structure", "protocole", "application_piste", "usage_piste", "certificat_fichier")

    def __init__(
        self,
        data: Any = None,
        files: Any = None,
        *,
        par: Collaborateur,
        genre: str,
        generation: str = "",
        **options: Any,
    ) -> None:
        super().__init__(data.copy() if data is not None else None, files, **options)
        self.genre, self.generation = genre, generation
        self.fields["structure"].queryset = Structure.objects.visibles_par(par).en_service()  # type: ignore[attr-defined]
        self.preparer_certificats(par, serveur=genre == Genre.EDI)
        if genre == Genre.EDI:
            absents = ("application_piste", "usage_piste")
        elif generation == Generation.PISTE:
            absents = ("protocole", "certificat_fichier", "certificat_garde")
        else:
            absents = ("protocole", "application_piste", "usage_piste")
        for nom in absents:
            del self.fields[nom]

    def clean(self) -> dict[str, Any]:
        donnees = super().clean() or self.cleaned_data
        if "certificat_garde" not in self.fields:
            return donnees
        principal, serveur = self.lire_les_fichiers()
        protocole = donnees.get("protocole", "")
        if serveur and protocole == Protocole.SFTP:
            self.add_error("serveur_garde", SERVEUR_EN_SFTP)
        donnees["certificats"] = usages(protocole, principal, serveur)
        if "analyser" in self.data and not donnees["certificats"] and not self.errors:
            self.add_error(
                "certificat_fichier",
                "Aucun certificat n’a été analysé : aucun fichier n’est choisi. Choisissez-en un, ou enregistrez le "
                "brouillon sans certificat.",
            )
        return donnees

    def saisie(self) -> Saisie:
        """What was typed, once the form is valid."""
        champs = {nom: self.cleaned_data[nom] for nom in CHAMPS_SAISIS[self.genre] if nom in self.fields}
        return Saisie(champs=champs, certificats=self.cleaned_data.get("certificats") or None)


# --- one block of a fiche ----------------------------------------------------------------------------------------


class EtapeForm(forms.Form):
    """One block of a known fiche, with the edition and the version that were read."""

    edition = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)
    #: Primary key of the version submitted when the page was read, 0 for none: changing the fiche voids it.
    version_vue = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**63 - 1)

    def __init__(self, data: Any = None, files: Any = None, *, fiche: Fiche, par: Collaborateur) -> None:
        self.fiche, self.par = fiche, par
        depart = {"edition": fiche.edition, "version_vue": fiche.version_id or 0, **self.depart()}
        super().__init__(data.copy() if data is not None else None, files, initial=depart)
        self.regler()

    def depart(self) -> dict[str, Any]:
        """What the block says now, by field."""
        return {nom: getattr(self.fiche, nom) for nom in self.base_fields if hasattr(self.fiche, nom)}

    def regler(self) -> None:
        """Fit the fields to this fiche."""

    def saisie(self) -> Saisie:
        """What was typed, once the form is valid."""
        return Saisie(champs=self._champs())

    def refuser(self, refus: ValidationError) -> None:
        """Show at its field what a service refused."""
        if not hasattr(refus, "error_dict"):
            self.add_error(None, refus)
            return
        for nom, messages in refus.message_dict.items():
            for message in messages:
                self.add_error(nom if nom in self.fields else None, message)

    def reprendre(self, fiche: Fiche) -> None:
        """Keep what was typed, to be saved over `fiche`, which was read since."""
        self.fiche = fiche
        self.data["edition"], self.data["version_vue"] = str(fiche.edition), str(fiche.version_id or 0)  # type: ignore[index]

    def ecarts(self, actuelle: Fiche) -> list[tuple[str, str, str]]:
        """Label, present value, value typed, where what was typed is not what the fiche says now."""
        maintenant = type(self)(fiche=actuelle, par=self.par)
        return [
            (str(self.fields[nom].label), *mots)
            for nom in self.fields
            if nom in self.cleaned_data and not self.fields[nom].widget.is_hidden
            if not isinstance(self.fields[nom], forms.FileField)
            if (mots := (self._mots(nom, maintenant.initial.get(nom)), self._mots(nom, self.cleaned_data[nom])))
            and mots[0] != mots[1]
        ]

    def _champs(self) -> dict[str, Any]:
        return {nom: self.cleaned_data[nom] for nom in CHAMPS_SAISIS[self.fiche.genre] if nom in self.fields}

    def _mots(self, nom: str, valeur: Any) -> str:
        if isinstance(valeur, date):
            return f"{valeur:%d/%m/%Y}"
        if isinstance(valeur, Model):
            return str(valeur)
        un = self.fields[nom]
        choix = dict(un.choices) if isinstance(un, forms.ChoiceField) else {}
        return str(choix.get(valeur, valeur)) if valeur not in (None, "") else VIDE


class GeneralesForm(EtapeForm):
    """Partner, protocol and period of an EDI fiche; partner and PISTE application of an API one."""

    structure = StructureField()
    protocole = forms.ChoiceField(
        label="Protocole de raccordement *",
        choices=Protocole.choices,
        required=False,
        widget=forms.RadioSelect,
        help_text="En changer change les certificats demandés et les valeurs réseau de l’AIFE.",
    )
    periode_du = champ("periode_du", "Période de raccordement, du *", help_text="jj/mm/aaaa")
    periode_au = champ("periode_au", "Période de raccordement, au", help_text="Vide : sans fin.")
    application_piste = champ(
        "application_piste",
        "Application PISTE *",
        help_text="Son nom exact sur PISTE, unique. En qualification : APP_SANDBOX_ suivi de l’adresse du compte.",
    )
    usage_piste = forms.ChoiceField(
        label="Type d’utilisation",
        choices=[("", "Pas encore choisi"), *UsagePiste.choices],
        required=False,
        widget=forms.RadioSelect,
    )

    def regler(self) -> None:
        visibles = Structure.objects.visibles_par(self.par).filter(Q(archivee_le=None) | Q(pk=self.fiche.structure_id))
        self.fields["structure"].queryset = visibles  # type: ignore[attr-defined]
        if self.fiche.genre == Genre.EDI:
            absents = {"application_piste", "usage_piste"}
        else:
            absents = {"protocole", "periode_du", "periode_au"}
            if self.fiche.generation == Generation.CERTIFICAT:
                absents |= {"application_piste", "usage_piste"}
        if self.fiche.version_envoyee_id is not None:
            # Chorus Pro knows the fiche under these: the service refuses another.
            absents |= {"structure", "protocole"}
        for nom in absents:
            self.fields.pop(nom, None)

    def clean(self) -> dict[str, Any]:
        donnees = super().clean() or self.cleaned_data
        du, au = donnees.get("periode_du"), donnees.get("periode_au")
        if au and not du and "periode_du" not in self.errors:
            self.add_error("periode_du", "La période a une fin sans début. Donnez son début, ou effacez sa fin.")
        elif du and au and au < du:
            self.add_error(
                "periode_au",
                "La période de raccordement finit avant de commencer. Corrigez l’une des deux dates, ou laissez la "
                "seconde vide.",
            )
        return donnees

    def saisie(self) -> Saisie:
        nouveau = self.cleaned_data.get("protocole", self.fiche.protocole)
        certificats = None
        if nouveau != self.fiche.protocole:
            # What one file serves for depends on the protocol.
            certificats = usages(nouveau, *places(joints_de(self.fiche)))
        return Saisie(champs=self._champs(), structure=self.cleaned_data.get("structure"), certificats=certificats)


class CertificatsForm(EtapeForm, AvecCertificats):
    field_order = ("certificat_fichier", "certificat_garde", "serveur_fichier", "serveur_garde")

    def depart(self) -> dict[str, Any]:
        self.en_place = joints_de(self.fiche)
        principal, serveur = places(self.en_place)
        return {"certificat_garde": principal, "serveur_garde": serveur}

    def regler(self) -> None:
        serveur = self.fiche.genre == Genre.EDI and (
            self.fiche.protocole != Protocole.SFTP or UsageCertificat.SERVEUR in self.en_place
        )
        self.preparer_certificats(self.par, serveur=serveur)
        # One that is on the fiche stays a choice, whoever gave it.
        siens = Q(pk__in=[certificat.pk for certificat in self.en_place.values()])
        for nom in ("certificat_garde", "serveur_garde"):
            if nom in self.fields:
                visibles = self.fields[nom].queryset  # type: ignore[attr-defined]
                self.fields[nom].queryset = Certificat.objects.filter(  # type: ignore[attr-defined]
                    siens | Q(pk__in=visibles.order_by().values("pk"))
                ).defer("contenu", "analyse")

    def clean(self) -> dict[str, Any]:
        donnees = super().clean() or self.cleaned_data
        principal, serveur = self.lire_les_fichiers()
        if serveur and self.fiche.protocole == Protocole.SFTP:
            self.add_error("serveur_garde", SERVEUR_EN_SFTP)
        donnees |= {"certificat_garde": principal, "serveur_garde": serveur}
        return donnees

    def saisie(self) -> Saisie:
        principal, serveur = self.cleaned_data["certificat_garde"], self.cleaned_data["serveur_garde"]
        admis = USAGES_ADMIS.get(self.fiche.protocole or "api", ())
        if (principal, serveur) == places(self.en_place) and frozenset(self.en_place) in admis:
            return Saisie()
        return Saisie(certificats=usages(self.fiche.protocole, principal, serveur))


class ContactForm(EtapeForm):
    """The person in charge of the connection; Chorus Pro's support may call them."""

    contact_nom = champ("contact_nom", "Nom Prénom *")
    contact_telephone = champ("contact_telephone", "Téléphone *")
    contact_courriel = champ("contact_courriel", "Adresse électronique *")
    contact_fax = champ("contact_fax", "Fax")

    def regler(self) -> None:
        self.fields["contact_telephone"].widget.attrs["inputmode"] = "tel"
        self.fields["contact_courriel"].widget.attrs["inputmode"] = "email"


class ReseauForm(EtapeForm):
    """The partner's side of the network: four fields that AS2 requires."""

    partenaire_identifiant = champ("partenaire_identifiant", "Identifiant")
    partenaire_adresse = champ("partenaire_adresse", "Adresse IP de connexion")
    partenaire_port = champ("partenaire_port", "Port")
    partenaire_chemin = champ("partenaire_chemin", "Chemin de dépôt")

    def regler(self) -> None:
        self.exigee = self.fiche.protocole == Protocole.AS2
        self.fields["partenaire_port"].widget = forms.TextInput(attrs={"inputmode": "numeric"})
        if self.exigee:
            for un in self.fields.values():
                if not un.widget.is_hidden:
                    un.label = f"{un.label} *"


class CodesForm(EtapeForm):
    """One choice a code. A code sent that is not offered goes to the service, which refuses it with its sentence."""

    def depart(self) -> dict[str, Any]:
        self.choix: dict[str, str] = dict(self.fiche.lignes.values_list("code_id", "mode"))
        return {champ_de(code): mode for code, mode in self.choix.items()}

    def regler(self) -> None:
        self.codes = list(CodeInterface.objects.all())
        for code in self.codes:
            if getattr(code, self.fiche.environnement):
                self.fields[champ_de(code.code)] = forms.ChoiceField(
                    label=code.code, choices=Mode.choices, required=False, widget=forms.RadioSelect
                )

    @property
    def rangees(self) -> list[Rangee]:
        """Every code of the table, in its order."""
        jour = timezone.localdate()
        return [
            rangee(
                code,
                self.choix.get(code.code, ""),
                self.fiche.environnement,
                jour,
                self[champ_de(code.code)] if champ_de(code.code) in self.fields else None,
            )
            for code in self.codes
        ]

    def saisie(self) -> Saisie:
        envoyes = {nom.removeprefix(PREFIXE): mode for nom, mode in self.data.items() if nom.startswith(PREFIXE)}
        return Saisie(codes={code: mode for code, mode in envoyes.items() if mode and FORME_CODE.fullmatch(code)})


class CommentairesForm(EtapeForm):
    commentaires = champ(
        "commentaires", "Commentaires", help_text="Pour donner le contexte de cette fiche, 2 000 caractères au plus."
    )


FORMULAIRES: dict[str, type[EtapeForm]] = {
    "generales": GeneralesForm,
    "certificats": CertificatsForm,
    "contact": ContactForm,
    "reseau": ReseauForm,
    "codes": CodesForm,
    "commentaires": CommentairesForm,
}


class CloneForm(forms.Form):
    structure = StructureField(help_text="Celle de la fiche, ou une autre : le clone est de son environnement.")

    def __init__(self, *args: Any, par: Collaborateur, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["structure"].queryset = Structure.objects.visibles_par(par).en_service()  # type: ignore[attr-defined]
