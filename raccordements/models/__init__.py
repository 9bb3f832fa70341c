from raccordements.models.adressage import LigneAdressage
from raccordements.models.approbation import Delegation, Participation, Redaction, Version
from raccordements.models.canal import CanalFiches
from raccordements.models.certificat import Certificat
from raccordements.models.compte import CompteChorus
from raccordements.models.evenement import EvenementFiche
from raccordements.models.fiche import CertificatJoint, Fiche, FicheAPI, FicheEDI, LigneCode
from raccordements.models.jeton import JetonAcces
from raccordements.models.plateforme import HoteAdmis, Plateforme
from raccordements.models.reference import LIBELLES_AIFE, CodeInterface, EmetteurAdmis, ReferenceReseau, Surete
from raccordements.models.souscription import DonneesConnexion, Mandat, Souscription
from raccordements.models.statuts import (
    ACTIONS,
    TRANSITIONS,
    Action,
    Approbation,
    EnvironnementChorus,
    Etat,
    Generation,
    Genre,
    Mode,
    Protocole,
    UsageCertificat,
    UsagePiste,
    lire_etat,
)
from raccordements.models.structure import Structure

__all__ = [
    "ACTIONS",
    "LIBELLES_AIFE",
    "TRANSITIONS",
    "Action",
    "Approbation",
    "CanalFiches",
    "Certificat",
    "CertificatJoint",
    "CodeInterface",
    "CompteChorus",
    "Delegation",
    "DonneesConnexion",
    "EmetteurAdmis",
    "EnvironnementChorus",
    "Etat",
    "EvenementFiche",
    "Fiche",
    "FicheAPI",
    "FicheEDI",
    "Generation",
    "Genre",
    "HoteAdmis",
    "JetonAcces",
    "LigneAdressage",
    "LigneCode",
    "Mandat",
    "Mode",
    "Participation",
    "Plateforme",
    "Protocole",
    "Redaction",
    "ReferenceReseau",
    "Souscription",
    "Structure",
    "Surete",
    "UsageCertificat",
    "UsagePiste",
    "Version",
    "lire_etat",
]
