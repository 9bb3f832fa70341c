"""The certificates of a fiche in its forms: one or two files, or some already given, and what each serves for."""

from __future__ import annotations

from collections.abc import Mapping

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.files.uploadedfile import UploadedFile
from unfold.widgets import UnfoldAdminFileFieldWidget

from config.admin import ChoixLisible
from dossiers.affichage import phrase
from dossiers.models import Collaborateur, Evenement, journaliser
from raccordements.admin.termes import certificats_visibles
from raccordements.certificats.lecteur import FichierRefuse, limites
from raccordements.models import Certificat, CertificatJoint, Fiche, Protocole, UsageCertificat
from raccordements.services.certificats import recevoir

PAS_DE_CERTIFICAT = (
    "Ce certificat n’a pas été retenu : il n’existe plus, ou ne sert à aucune fiche de votre portefeuille. Choisissez "
    "un autre certificat, ou déposez son fichier."
)
SERVEUR_EN_SFTP = "Le certificat serveur a été refusé : SFTP ne demande qu’un certificat client. Retirez-le."
TYPES_DE_FICHIER = ".p7b,.p7c,.pem,.crt,.cer,.der"
DEUX_USAGES = (Protocole.PESIT, Protocole.AS2)
Joints = Mapping[str, Certificat]


class ChoixCertificat(AutocompleteSelect):
    """The certificates already given, found as they type."""

    def __init__(self) -> None:
        super().__init__(CertificatJoint._meta.get_field("certificat"), admin.site)


class CertificatField(ChoixLisible):
    widget = ChoixCertificat

    def __init__(self, label: str) -> None:
        messages = {"invalid_choice": PAS_DE_CERTIFICAT}
        super().__init__(Certificat.objects.none(), label=label, required=False, error_messages=messages)


def fichier_field(label: str, aide: str) -> forms.FileField:
    """The field of one file of certificates; an empty one is refused by the reader, with its sentence."""
    widget = UnfoldAdminFileFieldWidget(attrs={"accept": TYPES_DE_FICHIER})
    return forms.FileField(label=label, required=False, allow_empty_file=True, help_text=aide, widget=widget)


def usages(protocole: str, principal: Certificat | None, serveur: Certificat | None) -> dict[str, Certificat]:
    """What each file serves for (AIFE guide, « Type de certificat »): PeSIT and AS2 client and server, SFTP client."""
    if principal and serveur:
        return {UsageCertificat.CLIENT: principal, UsageCertificat.SERVEUR: serveur}
    if serveur:
        return {UsageCertificat.SERVEUR: serveur}
    usage = UsageCertificat.LES_DEUX if protocole in DEUX_USAGES else UsageCertificat.CLIENT
    return {usage: principal} if principal else {}


def joints_de(fiche: Fiche) -> dict[str, Certificat]:
    """The certificates of a fiche by usage, without the content of their files."""
    joints = fiche.certificats_joints.select_related("certificat").defer("certificat__contenu", "certificat__analyse")
    return {joint.usage: joint.certificat for joint in joints}


def deposer(fichier: UploadedFile, *, par: Collaborateur) -> Certificat:
    """The certificates of a file, kept and journaled. Raises PermissionDenied; FichierRefuse, and nothing is kept."""
    # One byte too many tells the reader that the file is too big.
    certificat = recevoir(fichier.read(limites().taille + 1), fichier.name or "", par=par)
    texte = f"Certificat déposé : {certificat.nom_fichier}."
    details = {"certificat": certificat.pk, "sha256": certificat.sha256}
    journaliser(Evenement.Type.MODIFICATION, texte, acteur=par, details=details)
    return certificat


class AvecCertificats(forms.Form):
    """One or two files, or certificates that are already kept. What was read is kept at once: never asked twice."""

    certificat_fichier = fichier_field(
        "Fichier du certificat *",
        "PKCS#7 (.p7b) avec toute la chaîne. PeSIT et AS2 : client et serveur ; SFTP et API : client. Jamais de clé "
        "privée.",
    )
    certificat_garde = CertificatField("ou certificat déjà déposé")
    serveur_fichier = fichier_field(
        "Fichier du certificat serveur, s’il est à part",
        "PeSIT et AS2 seulement, quand le premier fichier ne porte que l’usage client.",
    )
    serveur_garde = CertificatField("ou certificat serveur déjà déposé")

    PAIRES = (("certificat_fichier", "certificat_garde"), ("serveur_fichier", "serveur_garde"))

    def preparer_certificats(self, par: Collaborateur, *, serveur: bool) -> None:
        """Limit the choices to what `par` sees; `serveur`: whether a second file may be needed."""
        self.par = par
        visibles = certificats_visibles(par).defer("contenu", "analyse")
        for fichier, garde in self.PAIRES:
            if garde == "serveur_garde" and not serveur:
                del self.fields[fichier], self.fields[garde]
            else:
                self.fields[garde].queryset = visibles  # type: ignore[attr-defined]

    def lire_les_fichiers(self) -> tuple[Certificat | None, Certificat | None]:
        """The main certificate and the server's. A refused file is told at its field."""
        return self._lire(*self.PAIRES[0]), self._lire(*self.PAIRES[1])

    def _lire(self, fichier: str, garde: str) -> Certificat | None:
        recu: UploadedFile | None = self.cleaned_data.get(fichier)
        if recu is None:
            choisi: Certificat | None = self.cleaned_data.get(garde)
            return choisi
        try:
            lu = deposer(recu, par=self.par)
        except FichierRefuse as refus:
            self.add_error(fichier, phrase(refus))
            return None
        self.data[garde] = str(lu.pk)  # type: ignore[index]
        return lu


def places(joints: Joints) -> tuple[Certificat | None, Certificat | None]:
    """The main certificate and the server's, whatever the usage of the first."""
    principal = joints.get(UsageCertificat.LES_DEUX) or joints.get(UsageCertificat.CLIENT)
    return principal, joints.get(UsageCertificat.SERVEUR)
