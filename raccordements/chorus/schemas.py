"""What Chorus Pro answers, parsed at the border, and what a connection test says.

Reading is tolerant where public clients disagree (see `lecture`) and strict on what a record is known by. Source: the
Swagger « Factures », AIFE's community pages and working public clients; nothing was checked against a live account.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol, Self

from raccordements.chorus import lecture
from raccordements.chorus.lecture import booleen, entier, jour, liste, moment, numero, obligatoire, texte

#: A service that Chorus Pro gives to every structure: not one of the partner's own.
SERVICE_GENERIQUE = "FACTURES_PUBLIQUES"
ERREURS_MAX = 500


class Identifiants(Protocol):
    """What stored credentials must offer. `environnement` is a key of the setting CHORUS_URLS."""

    @property
    def environnement(self) -> str: ...
    @property
    def client_id(self) -> str: ...
    @property
    def client_secret(self) -> str: ...
    @property
    def login(self) -> str: ...
    @property
    def mot_de_passe(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Sante:
    """What the health-check says; `message` verbatim."""

    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StructureTrouvee:
    """One structure as a search lists it. `statut` verbatim: the answer says ACTIVE or INACTIVE."""

    id: int
    identifiant: str
    type_identifiant: str
    designation: str
    statut: str

    @property
    def active(self) -> bool | None:
        """None when the status is an unknown word."""
        return {"ACTIVE": True, "ACTIF": True, "INACTIVE": False, "INACTIF": False}.get(self.statut.upper())

    @classmethod
    def depuis_json(cls, donnees: Any) -> Self:
        """Raises ErreurDefinitive when the element is not an object or has no idStructureCPP."""
        objet = lecture.objet(donnees, "rechercherStructure")
        genre = texte(objet, "typeIdentifiantStructure")
        return cls(
            id=numero(objet, "idStructureCPP", "rechercherStructure"),
            identifiant=lecture.identifiant(objet, "identifiantStructure", genre),
            type_identifiant=genre,
            designation=texte(objet, "designationStructure"),
            statut=texte(objet, "statut"),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class StructureConsultee:
    """One structure in full; None for what the answer does not tell.

    `connexion_edi` and `recevoir_donnees_via_edi` are the structure's EDI flags; `expiration_mot_de_passe` the day the
    technical account's password ends (Europe/Paris). Their values for a structure that is private or not attached to
    the account are not documented.
    """

    id: int | None
    identifiant: str
    type_identifiant: str
    libelle: str
    raison_sociale: str
    prive_ou_public: str
    numero_tva: str
    courriel: str
    expiration_mot_de_passe: date | None
    connexion_edi: bool | None
    recevoir_donnees_via_edi: bool | None
    code_service_obligatoire: bool | None
    numero_engagement_obligatoire: bool | None
    service_ou_engagement: bool | None
    adresse: str
    code_postal: str
    ville: str
    pays: str

    @classmethod
    def depuis_json(cls, donnees: Any) -> Self:
        """Raises ErreurDefinitive when the answer has no general information."""
        objet = lecture.objet(donnees, "consulterStructure")
        infos = lecture.objet(
            objet.get("informationGenerales") or objet.get("informationsGenerales"), "consulterStructure"
        )
        parametres = _sous_objet(objet, "parametres")
        siege = _sous_objet(objet, "adressePostaleDuSiege")
        genre = texte(infos, "typeIdentifiantStructure")
        return cls(
            id=entier(infos, "idStructureCPP"),
            identifiant=lecture.identifiant(infos, "identifiantStructure", genre),
            type_identifiant=genre,
            libelle=texte(infos, "libelleStructure"),
            raison_sociale=texte(infos, "raisonSocialeStructure"),
            prive_ou_public=texte(infos, "structurePriveePublique"),
            numero_tva=texte(infos, "numeroTVA"),
            courriel=texte(infos, "emailStructure"),
            expiration_mot_de_passe=jour(infos, "dateExpirationMotPasseCompteTech"),
            connexion_edi=booleen(parametres, "connexionEDI"),
            recevoir_donnees_via_edi=booleen(parametres, "recevoirDonneesViaEDI"),
            code_service_obligatoire=booleen(parametres, "codeServiceDoitEtreRenseigne"),
            numero_engagement_obligatoire=booleen(parametres, "numeroEJDoitEtreRenseigne"),
            service_ou_engagement=booleen(parametres, "gestionNumeroEJOuCodeService"),
            adresse=texte(siege, "adresse"),
            code_postal=texte(siege, "codePostal"),
            ville=texte(siege, "ville"),
            pays=texte(siege, "pays"),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """One service of a structure. `du`, `au`: its validity, Paris time when the answer gives no offset."""

    id: int
    code: str
    libelle: str
    actif: bool | None
    statut: str
    du: datetime | None = None
    au: datetime | None = None

    @classmethod
    def depuis_json(cls, donnees: Any) -> Self:
        """Raises ErreurDefinitive when the element is not an object or has no idService."""
        objet = lecture.objet(donnees, "rechercherServicesStructure")
        return cls(
            id=numero(objet, "idService", "rechercherServicesStructure"),
            code=texte(objet, "codeService"),
            libelle=texte(objet, "libelleService"),
            actif=booleen(objet, "estActif"),
            statut=texte(objet, "statutService"),
            du=moment(objet, "dateDbtService"),
            au=moment(objet, "dateFinService"),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Rattachement:
    """One structure that the technical account reaches. The roles and statuses are verbatim."""

    id_structure: int
    identifiant: str
    type_identifiant: str
    designation: str
    role: str
    statut_utilisateur: str
    statut: str
    services: tuple[Service, ...]

    @classmethod
    def depuis_json(cls, donnees: Any) -> Self:
        """Raises ErreurDefinitive when the element is not an object or has no idStructure."""
        objet = lecture.objet(donnees, "rattachements")
        genre = texte(objet, "typeIdentifiantStructure")
        return cls(
            id_structure=numero(objet, "idStructure", "rattachements"),
            identifiant=lecture.identifiant(objet, "identifiantStructure", genre),
            type_identifiant=genre,
            designation=texte(objet, "designationStructure"),
            role=texte(objet, "roleUtilisateur"),
            statut_utilisateur=texte(objet, "statutUtilisateur"),
            statut=texte(objet, "statutRattachementStructure"),
            services=tuple(Service.depuis_json(element) for element in liste(objet.get("listeServicesRattache"))),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class StructureActive:
    """One structure open in a space; `identifiant` comes as a text or as a number."""

    id: int
    identifiant: str
    designation: str

    @classmethod
    def depuis_json(cls, donnees: Any) -> Self:
        """Raises ErreurDefinitive when the element is not an object or has no idStructureCPP."""
        objet = lecture.objet(donnees, "structures actives")
        return cls(
            id=numero(objet, "idStructureCPP", "structures actives"),
            identifiant=lecture.identifiant(objet, "identifiant", ""),
            designation=texte(objet, "designationStructure"),
        )


class IssueFlux(StrEnum):
    """Where a deposited flow stands, whatever the word for it. INCONNUE is never taken for a wait nor for a success."""

    EN_COURS = "en cours"
    INTEGREE = "intégrée"
    INTEGREE_EN_PARTIE = "intégrée en partie"
    REJETEE = "rejetée"
    INCIDENT = "incident"
    INCONNUE = "inconnue"


#: States seen by the public clients; the Swagger has no list. Trytond takes both QP_ states for failures.
ETATS_FLUX = {
    "IN_RECU": IssueFlux.EN_COURS,
    "IN_TRAITE_SE_CPP": IssueFlux.EN_COURS,
    "IN_EN_ATTENTE_TRAITEMENT_CPP": IssueFlux.EN_COURS,
    "IN_EN_COURS_TRAITEMENT_CPP": IssueFlux.EN_COURS,
    "IN_EN_ATTENTE_RETRAITEMENT_CPP": IssueFlux.EN_COURS,
    "IN_DEPOT_PORTAIL_EN_ATTENTE_TRAITEMENT_SE_CPP": IssueFlux.EN_COURS,
    "IN_INTEGRE": IssueFlux.INTEGREE,
    "IN_INTEGRE_PARTIEL": IssueFlux.INTEGREE_EN_PARTIE,
    "IN_REJETE": IssueFlux.REJETEE,
    "QP_IRRECEVABLE": IssueFlux.REJETEE,
    "QP_RECEVABLE_AVEC_ERREUR": IssueFlux.REJETEE,
    "IN_INCIDENTE": IssueFlux.INCIDENT,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CompteRendu:
    """What consulterCR says of a flow. `code_appli` and `code_interface` are the proof of an EDI connection.

    `pdf` holds Chorus Pro's report, empty when absent or unreadable.
    """

    numero: str
    nom_fichier: str
    code_appli: str
    code_interface: str
    partenaire: str
    depose_le: datetime | None
    etat: str
    etat_le: datetime | None
    pdf: bytes = field(default=b"", repr=False)

    @property
    def issue(self) -> IssueFlux:
        return ETATS_FLUX.get(self.etat, IssueFlux.INCONNUE)

    @classmethod
    def depuis_json(cls, donnees: Any) -> Self:
        """Raises ErreurDefinitive when the answer has no state."""
        objet = lecture.objet(donnees, "consulterCR")
        return cls(
            numero=texte(objet, "numeroFluxDepot"),
            nom_fichier=texte(objet, "nomFichierFlux"),
            code_appli=texte(objet, "codeAppliPartenaire"),
            code_interface=texte(objet, "codeInterfaceFlux"),
            partenaire=texte(objet, "designationPartenaire"),
            depose_le=moment(objet, "dateDepotFlux"),
            etat=obligatoire(objet, "etatCourantFlux", "consulterCR"),
            etat_le=moment(objet, "dateHeureEtatCourantFlux"),
            pdf=_base64(objet.get("fichierCR")),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ErreurFlux:
    """One error of a flow: technical (`code`, `nature`), or of one invoice (`numero` and its two parties)."""

    libelle: str
    code: str = ""
    nature: str = ""
    numero: str = ""
    fournisseur: str = ""
    destinataire: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CompteRenduDetaille:
    """What consulterCRDetaille says of a flow; at most 500 errors of each kind are kept."""

    code_interface: str
    nom_fichier: str
    depose_le: datetime | None
    etat: str
    etat_le: datetime | None
    erreurs_techniques: tuple[ErreurFlux, ...]
    erreurs_factures: tuple[ErreurFlux, ...]

    @property
    def issue(self) -> IssueFlux:
        return ETATS_FLUX.get(self.etat, IssueFlux.INCONNUE)

    @classmethod
    def depuis_json(cls, donnees: Any) -> Self:
        """Raises ErreurDefinitive when the answer has no state."""
        objet = lecture.objet(donnees, "consulterCRDetaille")
        techniques, factures = (
            [element for element in liste(objet.get(nom))[:ERREURS_MAX] if isinstance(element, dict)]
            for nom in ("listeErreurTechnique", "listeErreurDP")
        )
        return cls(
            code_interface=texte(objet, "codeInterfaceDepotFlux"),
            nom_fichier=texte(objet, "nomFichier"),
            depose_le=moment(objet, "dateDepotFlux"),
            etat=obligatoire(objet, "etatCourantDepotFlux", "consulterCRDetaille"),
            etat_le=moment(objet, "dateHeureEtatCourantFlux"),
            erreurs_techniques=tuple(
                ErreurFlux(
                    libelle=texte(erreur, "libelleErreur", 1000),
                    code=texte(erreur, "codeErreur"),
                    nature=texte(erreur, "natureErreur"),
                )
                for erreur in techniques
            ),
            erreurs_factures=tuple(
                ErreurFlux(
                    libelle=texte(erreur, "libelleErreurDP", 1000),
                    numero=texte(erreur, "numeroDP"),
                    fournisseur=texte(erreur, "identifiantFournisseur"),
                    destinataire=texte(erreur, "identifiantDestinataire"),
                )
                for erreur in factures
            ),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class DepotFlux:
    """Chorus Pro's word that a flow was taken in; its state is asked for with `numero`."""

    numero: str
    depose_le: date | None
    syntaxe: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Organisation:
    """One structure of the « Référentiel des organisations » v1; None for what the answer does not tell."""

    uuid: str
    identifiant: str
    type_identifiant: str
    raison_sociale: str
    type_organisation: str
    statut: str
    emetteur_flux_edi: bool | None
    recevoir_cycles_vie_edi: bool | None
    derniere_maj: datetime | None

    @classmethod
    def depuis_json(cls, donnees: Any) -> Self:
        """Raises ErreurDefinitive when the element is not an object. A search by fields may leave any of them out."""
        objet = lecture.objet(donnees, "organisations")
        return cls(
            uuid=texte(objet, "uuid"),
            identifiant=texte(objet, "identifiant"),
            type_identifiant=texte(objet, "typeIdentifiant"),
            raison_sociale=texte(objet, "raisonSociale"),
            type_organisation=texte(objet, "typeOrganisation"),
            statut=texte(objet, "status"),
            emetteur_flux_edi=booleen(objet, "emetteurFluxEdi"),
            recevoir_cycles_vie_edi=booleen(objet, "recevoirCyclesViesEdi"),
            derniere_maj=moment(objet, "derniereMaj"),
        )


class Etat(StrEnum):
    """How a step of a connection test ended."""

    REUSSI = "réussi"
    ECHOUE = "échoué"
    NON_ESSAYE = "non essayé"


@dataclass(frozen=True, kw_only=True, slots=True)
class Etape:
    """One step of a connection test, in French: its cause and its remedy are empty when it succeeded.

    `cle`: `jeton`, `compte_technique`, `abonnements`, `rattachement`; in the details of `abonnements`, the API's name
    in addresses (`transverses`...). `code`: that of the error, or empty.
    """

    cle: str
    libelle: str
    etat: Etat
    cause: str = ""
    remede: str = ""
    code: str = ""
    details: tuple[Etape, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """The four steps of a connection test, in order."""

    etapes: tuple[Etape, ...]

    @property
    def reussi(self) -> bool:
        """Whether no step failed and at least one was tried."""
        etats = {etape.etat for etape in self.etapes}
        return Etat.ECHOUE not in etats and Etat.REUSSI in etats

    @property
    def premier_echec(self) -> Etape | None:
        """The first step that failed, None when none did."""
        return next((etape for etape in self.etapes if etape.etat is Etat.ECHOUE), None)


def _sous_objet(objet: dict[str, Any], nom: str) -> dict[str, Any]:
    valeur = objet.get(nom)
    return valeur if isinstance(valeur, dict) else {}


def _base64(valeur: Any) -> bytes:
    try:
        return base64.b64decode(valeur, validate=True) if isinstance(valeur, str) else b""
    except (binascii.Error, ValueError):
        return b""
