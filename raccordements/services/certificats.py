"""Certificates: keeping the canonical form of what was read, where each is used, and renewing one everywhere."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from dossiers.models import Collaborateur
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import exiger
from raccordements.certificats.lecteur import analyser
from raccordements.certificats.schemas import Analyse
from raccordements.models import Action, Certificat, Etat, Fiche
from raccordements.services.contenu import contenu, meme_saisie
from raccordements.services.redaction import Saisie, cloner, modifier
from raccordements.services.traces import verrouiller

AJOUTER = "raccordements.add_certificat"


class Maniere(StrEnum):
    """How a renewed certificate reaches Chorus Pro: AIFE's sources disagree (docs/decisions/0012)."""

    #: The fiche itself is changed, then sent again as « Envoyée MAJ »: the guide's « Mettre à jour le certificat ».
    MISE_A_JOUR = "mise_a_jour"
    #: Another fiche is made, which gets another code appli partenaire: what AIFE's page on ESPD tells.
    NOUVELLE_FICHE = "nouvelle_fiche"


@dataclass(frozen=True, slots=True, kw_only=True)
class Emplois:
    """Where a certificate is, counted before anything is done.

    `remplacables`: drafts and active fiches. `en_route`: sent, they cannot be changed now. `eteintes`: deactivated.
    """

    certificat: Certificat
    remplacables: tuple[Fiche, ...]
    en_route: tuple[Fiche, ...]
    eteintes: tuple[Fiche, ...]

    @property
    def partenaires(self) -> int:
        return len({fiche.structure_id for fiche in (*self.remplacables, *self.en_route)})


@dataclass(frozen=True, slots=True, kw_only=True)
class BilanRenouvellement:
    """Fiches made ready, and those that were refused with the reason."""

    pretes: list[Fiche] = field(default_factory=list)
    refus: list[tuple[Fiche, ActionImpossible]] = field(default_factory=list)


def recevoir(octets: bytes, nom_fichier: str, *, par: Collaborateur) -> Certificat:
    """Read a file in a child process and keep its certificates.

    Raises PermissionDenied; FichierRefuse, and then nothing of the file is kept.
    """
    exiger(par, AJOUTER)
    return garder(analyser(octets), nom_fichier, par=par)


@transaction.atomic
def garder(analyse: Analyse, nom_fichier: str, *, par: Collaborateur) -> Certificat:
    """The row of these certificates, created when it is new: the first name given stays. Raises PermissionDenied."""
    exiger(par, AJOUTER)
    feuille = analyse.feuilles[0]
    debut = max(analyse.certificat(rang).debute_le for chaine in analyse.chaines for rang in chaine.rangs)
    certificat, _ = Certificat.objects.get_or_create(
        sha256=analyse.sha256,
        defaults={
            "contenu": analyse.normalise,
            "nom_fichier": nom_de_fichier(nom_fichier),
            "sujet": feuille.sujet.texte[:500],
            "emetteur": feuille.emetteur.texte[:500],
            "numero_serie": feuille.numero_serie[:64],
            "debute_le": debut,
            "expire_le": analyse.expire_le,
            "analyse": analyse.vers_json(),
            "ajoute_par": par,
        },
    )
    return certificat


def nom_de_fichier(nom: str) -> str:
    """The last part of a file name, printable, ending by .p7b as the portal asks."""
    dernier = nom.replace("\\", "/").rsplit("/", 1)[-1]
    propre = "".join(c for c in dernier if c.isprintable()).strip()[:140] or "certificat"
    tronc, point, extension = propre.rpartition(".")
    return propre if extension.lower() == "p7b" and tronc else f"{tronc if point and tronc else propre}.p7b"


def emplois(certificat: Certificat, *, par: Collaborateur) -> Emplois:
    """Where a certificate is, among the fiches that `par` may see."""
    fiches = list(
        Fiche.objects.visibles_par(par).avec(certificat).select_related("structure").order_by("pk").distinct()
    )
    return Emplois(
        certificat=certificat,
        remplacables=tuple(f for f in fiches if f.permet(Action.CHANGER_CERTIFICAT)),
        en_route=tuple(f for f in fiches if f.permet(Action.CONSTATER)),
        eteintes=tuple(f for f in fiches if f.etat == Etat.DESACTIVEE),
    )


def preparer_renouvellement(
    ancien: Certificat,
    nouveau: Certificat,
    *,
    par: Collaborateur,
    maniere: Maniere = Maniere.MISE_A_JOUR,
    fiches: Collection[int] | None = None,
) -> BilanRenouvellement:
    """Make ready fiches that differ only by their certificate, each in a transaction of its own. Nothing is sent.

    Parameters
    ----------
    fiches:
        Primary keys to keep among the replaceable ones of `emplois`; all by default.

    Raises PermissionDenied; ActionImpossible when both certificates are the same.
    """
    exiger(par, "raccordements.change_fiche")
    if ancien.pk == nouveau.pk:
        raise ActionImpossible(
            "Le renouvellement n’a pas été préparé.",
            "L’ancien certificat et le nouveau sont le même.",
            "Déposez le certificat que l’autorité vient de délivrer.",
        )
    bilan = BilanRenouvellement()
    for fiche in emplois(ancien, par=par).remplacables:
        if fiches is not None and fiche.pk not in fiches:
            continue
        try:
            with transaction.atomic():
                bilan.pretes.append(_renouveler(fiche, ancien, nouveau, maniere, par))
        except ActionImpossible as refus:
            bilan.refus.append((fiche, refus))
        except (PermissionDenied, ValidationError):
            illisible = ActionImpossible(
                "La fiche n’a pas été préparée.",
                "Elle n’est plus là, ou l’un de ses champs ne serait plus accepté aujourd’hui.",
                "Ouvrez-la et enregistrez-la pour voir ce qui la retient.",
            )
            bilan.refus.append((fiche, illisible))
    return bilan


def _renouveler(fiche: Fiche, ancien: Certificat, nouveau: Certificat, maniere: Maniere, par: Collaborateur) -> Fiche:
    actuelle = verrouiller(fiche, par)
    joints = actuelle.certificats_joints.select_related("certificat")
    certificats = {j.usage: nouveau if j.certificat_id == ancien.pk else j.certificat for j in joints}
    active = actuelle.version_active
    if actuelle.etat == Etat.ACTIVEE and active and not meme_saisie(contenu(actuelle), active.contenu):
        raise ActionImpossible(
            "La fiche n’a pas été préparée.",
            "D’autres modifications y sont en cours : elle différerait par autre chose que son certificat.",
            "Envoyez-les, ou rétablissez la version active, puis recommencez.",
        )
    if maniere is Maniere.NOUVELLE_FICHE:
        return cloner(actuelle, par=par, certificats=certificats)
    return modifier(actuelle, Saisie(certificats=certificats), edition=actuelle.edition, par=par)
