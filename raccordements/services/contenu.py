"""What a fiche says, as plain values; its canonical form and its hash; what differs between two of them.

The hash is the SHA-256 of the canonical JSON of the content: UTF-8, keys sorted, no space. It can be computed again
from any JSON export of the content, whatever the order of its keys and its spaces.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from raccordements.models import (
    LIBELLES_AIFE,
    CertificatJoint,
    EnvironnementChorus,
    Fiche,
    Generation,
    Genre,
    LigneCode,
    Mode,
    Protocole,
    UsageCertificat,
    UsagePiste,
)

#: Changes with the shape of the content; a version keeps the one it was frozen with.
FORMAT = 1
VIDE = "(vide)"
Contenu = dict[str, Any]

_MOTS: dict[str, Any] = {
    "type": Genre,
    "formulaire": Generation,
    "environnement": EnvironnementChorus,
    "protocole": Protocole,
    "usage_piste": UsagePiste,
}
_PARTENAIRE = {
    "identifiant": "Identifiant du partenaire",
    "adresse": "Adresse IP de connexion du partenaire",
    "port": "Port du partenaire",
    "chemin": "Chemin de dépôt du partenaire",
}
_CONTACT = {
    "nom": "Nom prénom du contact technique",
    "telephone": "Téléphone du contact technique",
    "courriel": "Adresse électronique du contact technique",
    "fax": "Fax du contact technique",
}
_SIMPLES = {
    "type": "Type de fiche",
    "formulaire": "Formulaire",
    "environnement": "Environnement",
    "protocole": "Protocole de raccordement",
    "application_piste": "Application PISTE",
    "usage_piste": "Type d’utilisation",
    "commentaires": "Commentaires",
}


def contenu(fiche: Fiche) -> Contenu:
    """All that a fiche sends, and nothing that Chorus Pro or the practice notes about it (status, code appli)."""
    lignes = LigneCode.objects.filter(fiche_id=fiche.pk).values_list("code_id", "mode")
    joints = CertificatJoint.objects.filter(fiche_id=fiche.pk).order_by("usage")
    return {
        "format": FORMAT,
        "type": fiche.genre,
        "formulaire": fiche.generation,
        "environnement": fiche.environnement,
        "partenaire": {"siret": fiche.structure.siret, "designation": fiche.structure.designation},
        "protocole": fiche.protocole,
        "periode": {"du": _iso(fiche.periode_du), "au": _iso(fiche.periode_au)},
        "contact": {
            "nom": fiche.contact_nom,
            "telephone": fiche.contact_telephone,
            "courriel": fiche.contact_courriel,
            "fax": fiche.contact_fax,
        },
        "reseau": {
            "aife": dict(fiche.reseau_aife),
            "partenaire": {champ: getattr(fiche, f"partenaire_{champ}") for champ in _PARTENAIRE},
        },
        "codes": dict(lignes),
        "certificats": [
            {"usage": usage, "nom_fichier": nom, "sha256": sha256}
            for usage, nom, sha256 in joints.values_list("usage", "certificat__nom_fichier", "certificat__sha256")
        ],
        "application_piste": fiche.application_piste,
        "usage_piste": fiche.usage_piste,
        "commentaires": fiche.commentaires,
    }


def canonique(contenu: Mapping[str, Any]) -> bytes:
    """The only bytes that say this content. Raises TypeError for a value JSON has not, or a float: 1.0 and 1 differ."""
    _sans_flottant(contenu)
    texte = json.dumps(contenu, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return texte.encode()


def meme_saisie(un: Mapping[str, Any], autre: Mapping[str, Any]) -> bool:
    """Whether two contents say the same but for the partner's designation, which a verification takes from Chorus Pro.

    The SIRET names the partner.
    """

    def saisie(contenu: Mapping[str, Any]) -> dict[str, Any]:
        return {**contenu, "partenaire": contenu["partenaire"]["siret"]}

    return canonique(saisie(un)) == canonique(saisie(autre))


def empreinte(contenu: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical form, in lower-case hexadecimal."""
    return sha256(canonique(contenu)).hexdigest()


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of a comparison, in French: the field, what it was, what it is."""

    champ: str
    libelle: str
    avant: str
    apres: str


def differences(avant: Mapping[str, Any] | None, apres: Mapping[str, Any]) -> list[Difference]:
    """What changed between two contents, in the order of the portal's screens; everything when there is no `avant`."""
    anciens = lisible(avant) if avant is not None else {}
    nouveaux = lisible(apres)
    champs = [*nouveaux, *(champ for champ in anciens if champ not in nouveaux)]
    return [
        Difference(champ, (nouveaux.get(champ) or anciens[champ])[0], *_valeurs(champ, anciens, nouveaux))
        for champ in champs
        if _valeurs(champ, anciens, nouveaux)[0] != _valeurs(champ, anciens, nouveaux)[1]
    ]


def lisible(contenu: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Every line of a content as (French label, French value), by field, in the order of the portal's screens."""
    lignes: dict[str, tuple[str, str]] = {}
    for champ in ("type", "formulaire", "environnement"):
        lignes[champ] = (_SIMPLES[champ], _mot(champ, contenu[champ]))
    partenaire = contenu["partenaire"]
    lignes["partenaire"] = ("Partenaire", " - ".join(filter(None, (partenaire["siret"], partenaire["designation"]))))
    lignes["protocole"] = (_SIMPLES["protocole"], _mot("protocole", contenu["protocole"]))
    for borne in ("du", "au"):
        lignes[f"periode.{borne}"] = (f"Période de raccordement, {borne}", _jour(contenu["periode"][borne]))
    for certificat in contenu["certificats"]:
        usage = UsageCertificat(certificat["usage"]).label.lower()
        lignes[f"certificats.{certificat['usage']}"] = (
            f"Certificat ({usage})",
            f"{certificat['nom_fichier']}, empreinte {certificat['sha256']}",
        )
    for champ, libelle in _CONTACT.items():
        lignes[f"contact.{champ}"] = (libelle, contenu["contact"][champ])
    aife, sien = contenu["reseau"]["aife"], contenu["reseau"]["partenaire"]
    for champ, libelle in LIBELLES_AIFE.items():
        lignes[f"reseau.aife.{champ}"] = (f"{libelle} (AIFE)", _texte(aife.get(champ)))
    lignes["reseau.aife.vu_le"] = ("Valeurs de l’AIFE vues le", _jour(aife.get("vu_le")))
    for champ, libelle in _PARTENAIRE.items():
        lignes[f"reseau.partenaire.{champ}"] = (libelle, _texte(sien[champ]))
    for code, mode in sorted(contenu["codes"].items()):
        lignes[f"codes.{code}"] = (f"Code interface {code}", str(Mode(mode).label))
    for champ in ("application_piste", "usage_piste"):
        lignes[champ] = (_SIMPLES[champ], _mot(champ, contenu[champ]))
    lignes["commentaires"] = (_SIMPLES["commentaires"], contenu["commentaires"])
    return lignes


def _valeurs(
    champ: str, anciens: Mapping[str, tuple[str, str]], nouveaux: Mapping[str, tuple[str, str]]
) -> tuple[str, str]:
    avant, apres = (lignes.get(champ, ("", ""))[1] or VIDE for lignes in (anciens, nouveaux))
    return avant, apres


def _mot(champ: str, valeur: str) -> str:
    return str(_MOTS[champ](valeur).label) if valeur and champ in _MOTS else valeur


def _texte(valeur: Any) -> str:
    return "" if valeur is None else str(valeur)


def _jour(iso: str | None) -> str:
    return f"{date.fromisoformat(iso):%d/%m/%Y}" if iso else ""


def _iso(jour: date | None) -> str | None:
    return jour.isoformat() if jour else None


def _sans_flottant(valeur: Any) -> None:
    if isinstance(valeur, float):
        raise TypeError("a float has several spellings")
    for element in valeur.values() if isinstance(valeur, Mapping) else valeur if isinstance(valeur, list) else ():
        _sans_flottant(element)
