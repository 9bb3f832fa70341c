"""What a file of certificates says, ready to be shown: our remarks, its chains, the days left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from dossiers.affichage import pluriel
from raccordements.affichage import jours_restants
from raccordements.certificats import schemas
from raccordements.certificats.lecteur import reglages_de_jugement
from raccordements.certificats.schemas import Analyse, EmetteurConnu, Lien, Verdict
from raccordements.certificats.verdicts import bloque, juger
from raccordements.models import Certificat, EmetteurAdmis, Fiche, Genre, UsageCertificat

LIENS = {
    Lien.VERIFIE: ("Signature vérifiée", "link", "succes"),
    Lien.RACINE: ("Racine : il s’est signé lui-même", "anchor", "neutre"),
    Lien.ABSENT: ("Émetteur absent du fichier", "link_off", "echec"),
    Lien.SIGNATURE_FAUSSE: ("Signature fausse : l’autorité de ce nom n’a pas signé ce certificat", "gpp_bad", "echec"),
    Lien.NON_VERIFIABLE: ("Signature d’une sorte qui ne se vérifie plus", "help", "alerte"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chainon:
    """One certificate of a chain, its link to the next in words, and the days left."""

    certificat: schemas.Certificat
    role: str
    lien: tuple[str, str, str]
    jours: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Releve:
    """One file. `analyse` is None when what was kept of it cannot be read any more."""

    certificat: Certificat
    usage: str
    analyse: Analyse | None
    verdicts: Sequence[Verdict]
    chaines: Sequence[tuple[Sequence[Chainon], schemas.Nom | None]]

    @property
    def valide(self) -> bool:
        """Whether none of our remarks blocks."""
        return self.analyse is not None and not bloque(list(self.verdicts))

    @property
    def ligne(self) -> str:
        """The line of the portal: « (Certificat validé)(Date de fin de validité : 04/10/2019) »."""
        fin = f"{timezone.localtime(self.certificat.expire_le):%d/%m/%Y}"
        etat = "Certificat validé" if self.valide else "Certificat non validé"
        return f"({etat})(Date de fin de validité\u00a0: {fin})"


def de_la_fiche(fiche: Fiche) -> list[Releve]:
    """The files of a fiche, judged for its protocol and its partner."""
    joints = list(fiche.certificats_joints.select_related("certificat").defer("certificat__contenu").order_by("usage"))
    if not joints:
        return []
    lues = {joint.pk: lue(joint.certificat) for joint in joints}
    protocole = schemas.Protocole.API if fiche.genre == Genre.API else fiche.protocole
    connus = emetteurs()
    return [
        relever(
            joint.certificat,
            lues[joint.pk],
            usage=str(UsageCertificat(joint.usage).label),
            protocole=protocole,
            siret=fiche.structure.siret,
            connus=connus,
            autres=[autre for pk, autre in lues.items() if pk != joint.pk and autre is not None],
        )
        for joint in joints
    ]


def du_certificat(certificat: Certificat) -> Releve:
    """One file by itself: neither protocol nor partner."""
    return relever(certificat, lue(certificat), connus=emetteurs())


def lue(certificat: Certificat) -> Analyse | None:
    """What the reader said of a kept file, None when the row was altered."""
    try:
        return certificat.lu
    except ValueError:
        return None


def emetteurs() -> list[EmetteurConnu]:
    """The authorities that the practice accepts."""
    return [EmetteurConnu(nom, sha256) for nom, sha256 in EmetteurAdmis.objects.values_list("nom", "sha256")]


def relever(
    certificat: Certificat,
    analyse: Analyse | None,
    *,
    usage: str = "",
    protocole: Any = None,
    siret: str = "",
    connus: Sequence[EmetteurConnu] = (),
    autres: Sequence[Analyse] = (),
) -> Releve:
    """A file with our remarks and its chains. Parameters as those of `verdicts.juger`."""
    if analyse is None:
        return Releve(certificat=certificat, usage=usage, analyse=None, verdicts=(), chaines=())
    verdicts = juger(analyse, protocole or None, siret, timezone.now(), connus, reglages_de_jugement(), list(autres))
    chaines = [
        (
            [_chainon(analyse, maillon, rang) for rang, maillon in enumerate(chaine.maillons)],
            analyse.emetteur_manquant(chaine),
        )
        for chaine in analyse.chaines
    ]
    return Releve(certificat=certificat, usage=usage, analyse=analyse, verdicts=verdicts, chaines=chaines)


def _chainon(analyse: Analyse, maillon: schemas.Maillon, rang: int) -> Chainon:
    certificat = analyse.certificat(maillon.rang)
    jours = jours_restants(certificat.expire_le)
    role = "Certificat du partenaire" if rang == 0 else "Autorité racine" if certificat.auto_signe else "Autorité"
    reste = "expiré" if jours < 0 else pluriel(jours, "jour restant", "jours restants")
    return Chainon(certificat=certificat, role=role, lien=LIENS[maillon.lien], jours=reste)
