"""The contract of the channel `api`: what is posted of a fiche, and what is said of its status.

AIFE publishes no API that takes a fiche (reference: none in the published service lists). This contract is this
product's own, version 1; the simulated portal implements it, and so may a practice's own gateway:

- `POST <address>/fiches`, bearer token, the body of `FicheTransmise.en_json`: 201 with the status for a new
  transmission, 200 for one already known under the same reference and the same content hash, which changes nothing;
- `GET <address>/fiches/<reference>`: 200 with the status, 404 `fiche_inconnue`;
- refusals: 4xx with `{"code": "...", "message": "..."}`, the message in French.
"""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Literal, Self

from raccordements.chorus.lecture import moment, objet, obligatoire, texte

VERSION = 1
FICHE_INCONNUE = "fiche_inconnue"


class EtatPortail(StrEnum):
    """The « Etat courant » of a fiche in the portal's words (AIFE guide, 2017): these five and no other."""

    BROUILLON = "Brouillon"
    ENVOYEE = "Envoyée"
    ENVOYEE_MAJ = "Envoyée MAJ"
    ACTIVEE = "Activée"
    DESACTIVEE = "Désactivée"


def lire_etat(mot: str) -> EtatPortail | None:
    """A status as any portal screen writes it (its API list has ENVOYEE in capitals); None when unknown."""
    return _ETATS.get(_sans_accent(mot))


def _sans_accent(mot: str) -> str:
    decompose = unicodedata.normalize("NFKD", mot).replace("_", " ")
    return " ".join("".join(c for c in decompose if not unicodedata.combining(c)).upper().split())


_ETATS = {_sans_accent(etat.value): etat for etat in EtatPortail}


@dataclass(frozen=True, kw_only=True, slots=True)
class Partenaire:
    """The structure that is connected."""

    identifiant: str
    designation: str
    type_identifiant: str = "SIRET"


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactTechnique:
    """The guide's four fields; `fax` may be empty."""

    nom_prenom: str
    telephone: str
    adresse_electronique: str
    fax: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificatTransmis:
    """One .p7b file: its public certificates only. `usage`: "client", "serveur", or "client et serveur"."""

    usage: Literal["client", "serveur", "client et serveur"]
    nom_fichier: str
    contenu: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class FicheTransmise:
    """A fiche as it leaves: exactly the version that was approved.

    Parameters
    ----------
    reference:
        Names the fiche for ever, at most 100 of `A-Z a-z 0-9 . _ -`.
    empreinte:
        SHA-256 in hexadecimal of the approved version: the same fiche with another hash is an update.
    du, au:
        « Période de raccordement », EDI only.
    codes_interfaces:
        Code -> mode (« Pas de raccordement », « Complète », « Partielle »), EDI only.
    reseau:
        The partner's side of the network block, label -> value, EDI only.
    application_piste, type_utilisation:
        API only, today's form.
    code_appli:
        Empty at creation (Chorus Pro gives it); that of the fiche for an update.
    """

    reference: str
    empreinte: str
    type: Literal["EDI", "API"]
    environnement: Literal["qualification", "production"]
    partenaire: Partenaire
    contact: ContactTechnique
    certificats: tuple[CertificatTransmis, ...] = ()
    protocole: Literal["", "PeSIT", "SFTP", "AS2"] = ""
    du: date | None = None
    au: date | None = None
    codes_interfaces: Mapping[str, str] = field(default_factory=dict)
    reseau: Mapping[str, str] = field(default_factory=dict)
    application_piste: str = ""
    type_utilisation: str = ""
    code_appli: str = ""
    commentaires: str = ""

    def en_json(self) -> dict[str, Any]:
        """The body of the POST."""
        corps: dict[str, Any] = {
            "contrat": VERSION,
            "reference": self.reference,
            "empreinte": self.empreinte,
            "type": self.type,
            "environnement": self.environnement,
            "partenaire": {
                "identifiant": self.partenaire.identifiant,
                "typeIdentifiant": self.partenaire.type_identifiant,
                "designation": self.partenaire.designation,
            },
            "contactTechnique": {
                "nomPrenom": self.contact.nom_prenom,
                "telephone": self.contact.telephone,
                "adresseElectronique": self.contact.adresse_electronique,
                "fax": self.contact.fax,
            },
            "certificats": [
                {
                    "usage": certificat.usage,
                    "nomFichier": certificat.nom_fichier,
                    "sha256": sha256(certificat.contenu).hexdigest(),
                    "contenu": base64.b64encode(certificat.contenu).decode(),
                }
                for certificat in self.certificats
            ],
            "codeAppliPartenaire": self.code_appli,
            "commentaires": self.commentaires,
        }
        if self.type == "API":
            return corps | {"applicationPiste": self.application_piste, "typeUtilisation": self.type_utilisation}
        return corps | {
            "protocole": self.protocole,
            "periode": {"du": self.du and self.du.isoformat(), "au": self.au and self.au.isoformat()},
            "codesInterfaces": [{"code": code, "mode": mode} for code, mode in self.codes_interfaces.items()],
            "caracteristiquesReseau": dict(self.reseau),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class SuiviFiche:
    """What the channel says of a fiche. `etat` is None when its word, `etat_brut`, is not one of the five."""

    reference: str
    empreinte: str
    etat_brut: str
    code_appli: str
    numero: str
    etat_le: datetime | None

    @property
    def etat(self) -> EtatPortail | None:
        return lire_etat(self.etat_brut)

    @classmethod
    def depuis_json(cls, donnees: Any) -> Self:
        """Raises ErreurDefinitive without a reference or a status."""
        lu = objet(donnees, "canal api")
        return cls(
            reference=obligatoire(lu, "reference", "canal api"),
            empreinte=texte(lu, "empreinte"),
            etat_brut=obligatoire(lu, "etat", "canal api"),
            code_appli=texte(lu, "codeAppliPartenaire", 20),
            numero=texte(lu, "numero", 60),
            etat_le=moment(lu, "etatLe"),
        )
