"""The hand-over pack of the channel « portail »: what a person types on the portal, from the frozen version alone.

The titles and their order are those of the portal's screens (AIFE guide, « Créer fiche EDI » and « Créer fiche API »).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time

from django.db import transaction
from django.utils import timezone

from dossiers.models import Collaborateur
from dossiers.services.erreurs import ActionImpossible
from raccordements.models import (
    Certificat,
    CodeInterface,
    EnvironnementChorus,
    EvenementFiche,
    Fiche,
    Generation,
    Genre,
    Mode,
    Protocole,
    UsageCertificat,
    Version,
)
from raccordements.services.contenu import VIDE, Contenu, canonique, lisible
from raccordements.services.envoi import Canal, abandonner_envoi, noter_envoi
from raccordements.services.erreurs import ActionInterdite
from raccordements.services.traces import verrouiller

#: The two blocks that the sheet shows as tables of their own.
CERTIFICATS, CODES = "Certificat(s)", "Codes interfaces"
#: Title of each block of the portal, and the beginnings of the fields it holds.
BLOCS = (
    ("Informations générales", ("type", "formulaire", "environnement", "partenaire", "protocole", "periode.")),
    (CERTIFICATS, ("certificats.",)),
    ("Contact technique", ("contact.",)),
    ("Caractéristiques réseaux – AIFE", ("reseau.aife.",)),
    ("Caractéristiques réseaux – Partenaire", ("reseau.partenaire.",)),
    (CODES, ("codes.",)),
    ("Application PISTE", ("application_piste", "usage_piste")),
    ("Commentaires", ("commentaires",)),
)
#: Shown even when empty: the portal has them on its form, and they are to be left so.
VIDES_MONTRES = frozenset({"periode.au", "contact.fax", "commentaires"})
A_LAISSER_VIDE = "(à laisser vide)"


@dataclass(frozen=True, slots=True)
class Bloc:
    """One block of the portal's form: its title, then (label, value) line by line."""

    titre: str
    lignes: tuple[tuple[str, str], ...]

    @property
    def des_certificats(self) -> bool:
        return self.titre == CERTIFICATS

    @property
    def des_codes(self) -> bool:
        return self.titre == CODES


@dataclass(frozen=True, slots=True, kw_only=True)
class Fichier:
    """One .p7b to give to the portal: DER, public certificates only, whose SHA-256 is in the approved content."""

    nom: str
    usage: str
    sha256: str
    octets: bytes = field(repr=False)
    sujet: str
    expire_le: datetime

    @property
    def libelle_usage(self) -> str:
        return str(UsageCertificat(self.usage).label)

    @property
    def code(self) -> str:
        """The usage in an address."""
        return UsageCertificat(self.usage).name.lower()


@dataclass(frozen=True, slots=True)
class CodeATyper:
    """One line of the table « Codes interfaces »."""

    code: str
    description: str
    flux: str
    format: str
    mode: str
    raccorde: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """All that a person needs in front of the portal's form."""

    fiche: Fiche
    version: Version
    environnement: str
    blocs: tuple[Bloc, ...]
    codes: tuple[CodeATyper, ...]
    fichiers: tuple[Fichier, ...]
    etapes: tuple[str, ...]


def blocs(fige: Contenu, *, vide: str = VIDE) -> list[Bloc]:
    """Every line of a content, block by block, in the portal's order; the blocks of the other kind are left out.

    Parameters
    ----------
    vide:
        What is shown of a field that is left empty.
    """
    lignes = lisible(fige)
    edi = fige["type"] == Genre.EDI
    trouves = []
    for titre, debuts in BLOCS:
        montrees = tuple(
            (libelle, valeur or vide)
            for champ, (libelle, valeur) in lignes.items()
            if champ.startswith(debuts) and (valeur or (champ in VIDES_MONTRES and (edi or champ != "periode.au")))
        )
        if montrees:
            trouves.append(Bloc(titre, montrees))
    return trouves


def preparer(fiche: Fiche, version: Version) -> Pack:
    """The pack of one version, in two queries. Raises ActionImpossible when a certificate is not kept any more."""
    fige = version.contenu
    return Pack(
        fiche=fiche,
        version=version,
        environnement=str(EnvironnementChorus(fige["environnement"]).label),
        blocs=tuple(blocs(fige, vide=A_LAISSER_VIDE)),
        codes=tuple(_codes(fige["codes"])),
        fichiers=tuple(fichiers(version)),
        etapes=tuple(_etapes(fige, fiche.code_appli)),
    )


def fichiers(version: Version) -> list[Fichier]:
    """The files of certificates of a version. Raises ActionImpossible when one is not kept any more."""
    joints = version.contenu["certificats"]
    gardes = {c.sha256: c for c in Certificat.objects.filter(sha256__in=[joint["sha256"] for joint in joints])}
    if len(gardes) < len({joint["sha256"] for joint in joints}):
        raise ActionImpossible(
            "Le dossier de saisie n’a pas été préparé.",
            "L’un des certificats de la version approuvée n’est plus gardé.",
            "Déposez de nouveau ce certificat, puis faites approuver la fiche.",
        )
    return [
        Fichier(
            nom=joint["nom_fichier"],
            usage=joint["usage"],
            sha256=joint["sha256"],
            octets=bytes(gardes[joint["sha256"]].contenu),
            sujet=gardes[joint["sha256"]].sujet,
            expire_le=gardes[joint["sha256"]].expire_le,
        )
        for joint in joints
    ]


def archive(pack: Pack, feuille: str) -> bytes:
    """The pack as one ZIP: the sheet as HTML, the canonical content, the .p7b files, and their sums to check with.

    Parameters
    ----------
    feuille:
        The printable sheet, a whole HTML page.
    """
    contenus = {
        "fiche.html": feuille.encode(),
        "contenu.json": canonique(pack.version.contenu),
        **{f"certificats/{fichier.code}_{fichier.nom}": fichier.octets for fichier in pack.fichiers},
    }
    sommes = [(pack.version.empreinte, "contenu.json")]
    sommes += [(fichier.sha256, f"certificats/{fichier.code}_{fichier.nom}") for fichier in pack.fichiers]
    contenus["SHA256SUMS"] = "".join(f"{somme}  {nom}\n" for somme, nom in sommes).encode()
    instant = timezone.localtime(pack.version.decide_le or pack.version.soumise_le).timetuple()[:6]
    tampon = io.BytesIO()
    with zipfile.ZipFile(tampon, "w", zipfile.ZIP_DEFLATED) as zip_:
        for nom, octets in contenus.items():
            zip_.writestr(zipfile.ZipInfo(nom, instant), octets, zipfile.ZIP_DEFLATED)
    return tampon.getvalue()


def canal_de_la_prise(fiche: Fiche) -> Canal | None:
    """By which channel the fiche is leaving now; None when it is not."""
    if fiche.version_en_envoi_id is None:
        return None
    prise = (
        EvenementFiche.objects.filter(
            fiche_id=fiche.pk, version_id=fiche.version_en_envoi_id, type=EvenementFiche.Type.PRISE
        )
        .order_by("-id")
        .first()
    )
    return Canal(prise.details["canal"]) if prise else None


@transaction.atomic
def noter_saisie(fiche: Fiche, *, version: int, jour: date, par: Collaborateur, code_appli: str = "") -> Fiche:
    """Note that a person typed the claimed version on the portal.

    Parameters
    ----------
    version:
        Primary key of the version whose pack the person had before them.
    jour:
        Day of the typing, from that of the approval to today.

    Raises PermissionDenied; ActionInterdite when another version, none, or one that the machine sends was claimed;
    ActionImpossible for an absurd day or code.
    """
    actuelle = verrouiller(fiche, par)
    prise = _prise_du_portail(actuelle, version, "La saisie n’a pas été notée.")
    approuvee_le = prise.decide_le or prise.soumise_le
    if not timezone.localdate(approuvee_le) <= jour <= timezone.localdate():
        raise ActionImpossible(
            "La saisie n’a pas été notée.",
            f"La date va du {timezone.localdate(approuvee_le):%d/%m/%Y}, jour de l’approbation, à aujourd’hui.",
            "Corrigez la date de la saisie.",
        )
    if jour == timezone.localdate():
        quand = timezone.now()
    else:
        quand = max(timezone.make_aware(datetime.combine(jour, time(12))), approuvee_le)
    return noter_envoi(actuelle, prise, canal=Canal.PORTAIL, par=par, code_appli=code_appli.strip(), envoyee_le=quand)


@transaction.atomic
def abandonner_saisie(fiche: Fiche, *, version: int, motif: str, par: Collaborateur) -> None:
    """Give up typing the claimed version: it stays approved. Raises as `noter_saisie`, and without a reason."""
    actuelle = verrouiller(fiche, par)
    prise = _prise_du_portail(actuelle, version, "L’envoi n’a pas été abandonné.")
    if not motif.strip():
        raise ActionImpossible(
            "L’envoi n’a pas été abandonné.",
            "Son motif manque : il explique la fiche à qui la lira plus tard.",
            "Écrivez en une phrase pourquoi la saisie n’aura pas lieu.",
        )
    abandonner_envoi(actuelle, prise, motif=motif.strip(), par=par)


def _prise_du_portail(fiche: Fiche, version: int, constat: str) -> Version:
    """The version that the fiche is claimed for, when a person holds it."""
    prise = fiche.version_en_envoi
    if prise is None or prise.pk != version:
        raise ActionInterdite(
            constat,
            "La fiche n’est pas en cours d’envoi pour la version que vous avez lue.",
            "Rechargez la page : elle montre où en est la fiche.",
        )
    if canal_de_la_prise(fiche) is not Canal.PORTAIL:
        raise ActionInterdite(
            constat,
            "Cette version part par le canal « api » : c’est la machine qui l’envoie.",
            "Suivez son opération depuis la page de la fiche.",
        )
    return prise


def _codes(choix: Mapping[str, str]) -> Iterator[CodeATyper]:
    connus = {c.code: c for c in CodeInterface.objects.filter(code__in=choix)}
    for code in sorted(choix, key=lambda code: (connus[code].ordre if code in connus else 10_000, code)):
        connu = connus.get(code)
        yield CodeATyper(
            code,
            connu.description if connu else "",
            connu.flux if connu else "",
            connu.format if connu else "",
            str(Mode(choix[code]).label),
            choix[code] != Mode.AUCUN,
        )


def _etapes(fige: Contenu, code_appli: str) -> Iterator[str]:
    """The gestures on the portal, one after the other, with its own words."""
    environnement = EnvironnementChorus(fige["environnement"]).label.lower()
    edi = fige["type"] == Genre.EDI
    yield f"Ouvrir Chorus Pro dans l’environnement de {environnement}, espace « Raccordements EDI et API »."
    if code_appli:
        yield f"« Rechercher Fiche {'EDI' if edi else 'API'} » : ouvrir la fiche au code appli {code_appli}."
    elif edi:
        yield "« Créer Fiche EDI »."
    elif fige["formulaire"] == Generation.CERTIFICAT:
        yield "« Créer Fiche API »."
    else:
        yield "« Gérer raccordement API », puis « Déclarer un raccordement PISTE »."
    partenaire = fige["partenaire"]["siret"]
    yield (
        f"Partenaire {partenaire}, protocole {Protocole(fige['protocole']).label}."
        if edi and fige["protocole"]
        else f"Partenaire {partenaire}."
    )
    if fige["certificats"]:
        noms = ", ".join(joint["nom_fichier"] for joint in fige["certificats"])
        yield f"Joindre {noms}, puis « Analyser le(s) certificat(s) » : comparer la date de fin à celle d’ici."
    yield "Recopier chaque bloc de cette feuille, dans l’ordre."
    yield "Relire l’écran contre la feuille, ligne à ligne."
    yield "« Soumettre », puis « Confirmer et envoyer »."
    yield "Noter ici la saisie, sa date et, s’il est affiché, le code appli partenaire."
