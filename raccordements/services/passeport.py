"""The passport of a fiche: what it says, its chains of certificates, who wrote and decided, and the hash of all that.

The JSON export proves itself: the hash of its content is computed again from it, and so is the seal of the whole
document. `manage.py verifier_passeport` does both, and asks the database what it knows of that version.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from dossiers.models import Collaborateur
from dossiers.services.erreurs import ActionImpossible
from raccordements.certificats.schemas import Lien
from raccordements.models import Certificat, EvenementFiche, Fiche, Participation, Version
from raccordements.services.contenu import Contenu, contenu, differences, empreinte

FORMAT = 1
EVENEMENTS_MAX = 500
LIENS = {
    Lien.VERIFIE: "émis et signé par le certificat suivant",
    Lien.RACINE: "autorité racine",
    Lien.ABSENT: "émetteur absent du fichier",
    Lien.SIGNATURE_FAUSSE: "signature que son émetteur n’a pas faite",
    Lien.NON_VERIFIABLE: "signature d’un type qui n’est plus vérifié",
}
Document = dict[str, Any]


def etablir(fiche: Fiche, *, par: Collaborateur, numero: int | None = None) -> Document:
    """The passport of one version of a fiche, as plain JSON values.

    Parameters
    ----------
    numero:
        Number of the version; by default the one Chorus Pro has, else the last that left, else the one submitted. A
        fiche that was never submitted has the passport of its draft.

    Raises ActionImpossible when the fiche has no such version.
    """
    versions = list(
        fiche.versions.select_related("soumise_par", "decide_par", "delegation__delegant")
        .prefetch_related("participations__personne")
        .order_by("numero")
    )
    version = _choisir(fiche, versions, numero)
    fige: Contenu = version.contenu if version else contenu(fiche)
    precedente = _precedente(versions, version)
    document: Document = {
        "passeport": FORMAT,
        "etabli_le": _instant(timezone.now()),
        "etabli_par": str(par),
        "fiche": _faits(fiche),
        "version": _version(version) if version else None,
        "contenu": fige,
        "empreinte": empreinte(fige),
        "chaines": _chaines(fige),
        "compare_a": precedente.numero if precedente else None,
        "differences": [
            {"champ": d.champ, "libelle": d.libelle, "avant": d.avant, "apres": d.apres}
            for d in differences(precedente.contenu if precedente else None, fige)
        ]
        if precedente
        else [],
        "versions": [_version(v) for v in versions],
        "evenements": _evenements(fiche),
    }
    return document | {"sceau": empreinte(document)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a passport is worth. `base`: whether the database has this version with this hash, None when unknown."""

    empreinte_dite: str
    empreinte_calculee: str
    sceau_dit: str
    sceau_calcule: str
    base: bool | None

    @property
    def contenu_egal(self) -> bool:
        return self.empreinte_dite == self.empreinte_calculee

    @property
    def document_egal(self) -> bool:
        return self.sceau_dit == self.sceau_calcule

    @property
    def conforme(self) -> bool:
        return self.contenu_egal and self.document_egal and self.base is not False


def verifier(document: Any) -> Verification:
    """Compute again the two hashes of a passport, and look for its version. Raises ValueError for another document."""
    if not isinstance(document, dict) or document.get("passeport") != FORMAT:
        raise ValueError("not a passport of this format")
    fige, sans_sceau = document.get("contenu"), {cle: v for cle, v in document.items() if cle != "sceau"}
    if not isinstance(fige, dict):
        raise ValueError("a passport has a content")
    try:
        calculee, sceau = empreinte(fige), empreinte(sans_sceau)
    except TypeError as exc:
        raise ValueError("a passport has no float") from exc
    return Verification(
        empreinte_dite=str(document.get("empreinte")),
        empreinte_calculee=calculee,
        sceau_dit=str(document.get("sceau")),
        sceau_calcule=sceau,
        base=_en_base(document, calculee),
    )


def _en_base(document: Document, calculee: str) -> bool | None:
    fiche, version = document.get("fiche"), document.get("version")
    reference = fiche.get("reference") if isinstance(fiche, dict) else None
    numero = version.get("numero") if isinstance(version, dict) else None
    try:
        cle = UUID(reference if isinstance(reference, str) else "")
    except ValueError:
        return None
    if not isinstance(numero, int) or abs(numero) > 2**31:
        return None
    gardee = Version.objects.filter(fiche__reference=cle, numero=numero).values_list("empreinte", flat=True).first()
    return None if gardee is None else gardee == calculee


def _choisir(fiche: Fiche, versions: list[Version], numero: int | None) -> Version | None:
    if numero is None:
        pk = fiche.version_active_id or fiche.version_envoyee_id or fiche.version_id
        return next((version for version in versions if version.pk == pk), versions[-1] if versions else None)
    trouvee = next((version for version in versions if version.numero == numero), None)
    if trouvee is None:
        raise ActionImpossible(
            "Le passeport n’a pas été établi.",
            f"La fiche n’a pas de version {numero}.",
            "Choisissez l’une des versions que montre sa page.",
        )
    return trouvee


def _precedente(versions: list[Version], version: Version | None) -> Version | None:
    """The last version approved before this one."""
    avant = [v for v in versions if v.etat == Version.Etat.APPROUVEE and (version is None or v.numero < version.numero)]
    return avant[-1] if avant else None


def _faits(fiche: Fiche) -> dict[str, Any]:
    return {
        "numero": fiche.pk,
        "reference": str(fiche.reference),
        "type": fiche.genre,
        "environnement": fiche.environnement,
        "siret": fiche.structure.siret,
        "designation": fiche.structure.designation,
        "etat_courant": fiche.get_etat_display(),
        "approbation": fiche.get_approbation_display(),
        "code_appli": fiche.code_appli,
        "envoyee_le": _instant(fiche.envoyee_le),
        "activee_le": _instant(fiche.activee_le),
        "creee_par": str(fiche.cree_par),
        "creee_le": _instant(fiche.cree_le),
    }


def _version(version: Version) -> dict[str, Any]:
    participations = version.participations.all()
    return {
        "numero": version.numero,
        "etat": version.get_etat_display(),
        "empreinte": version.empreinte,
        "soumise_par": str(version.soumise_par),
        "soumise_le": _instant(version.soumise_le),
        "redacteurs": [str(p.personne) for p in participations if p.role == Participation.Role.REDACTEUR],
        "decidee_par": str(version.decide_par) if version.decide_par else "",
        "decidee_le": _instant(version.decide_le),
        "par_delegation_de": str(version.delegation.delegant) if version.delegation else "",
        "motif": version.motif,
    }


def _chaines(fige: Contenu) -> list[dict[str, Any]]:
    """Each file of certificates, chain by chain, from the leaf to the root."""
    joints = fige["certificats"]
    gardes = {
        c.sha256: c.lu
        for c in Certificat.objects.filter(sha256__in=[joint["sha256"] for joint in joints]).defer("contenu")
    }
    return [
        {
            "usage": joint["usage"],
            "fichier": joint["nom_fichier"],
            "sha256": joint["sha256"],
            "maillons": [
                {
                    "sujet": analyse.certificat(maillon.rang).sujet.texte,
                    "emetteur": analyse.certificat(maillon.rang).emetteur.texte,
                    "numero_serie": analyse.certificat(maillon.rang).numero_serie,
                    "sha256": analyse.certificat(maillon.rang).sha256,
                    "du": _instant(analyse.certificat(maillon.rang).debute_le),
                    "au": _instant(analyse.certificat(maillon.rang).expire_le),
                    "lien": LIENS[maillon.lien],
                }
                for chaine in analyse.chaines
                for maillon in chaine.maillons
            ]
            if (analyse := gardes.get(joint["sha256"]))
            else [],
        }
        for joint in joints
    ]


def _evenements(fiche: Fiche) -> list[dict[str, Any]]:
    """The life of the fiche, the oldest first; the last EVENEMENTS_MAX."""
    derniers = EvenementFiche.objects.filter(fiche_id=fiche.pk).pour_frise().order_by("-id")[:EVENEMENTS_MAX]
    return [
        {
            "le": _instant(evenement.cree_le),
            "type": evenement.get_type_display(),
            "texte": evenement.texte,
            "par": str(evenement.acteur) if evenement.acteur else "",
        }
        for evenement in reversed(derniers)
    ]


def _instant(instant: datetime | None) -> str | None:
    return timezone.localtime(instant).isoformat(timespec="seconds") if instant else None
