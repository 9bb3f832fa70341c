from dossiers.models.avis import Avis, Courriel, Tournee
from dossiers.models.battement import Battement, ControleConservation
from dossiers.models.cle import CleApi, Environnement
from dossiers.models.collaborateur import Collaborateur
from dossiers.models.dossier import Dossier, Etablissement, Offre
from dossiers.models.ecart import Ecart
from dossiers.models.ecritures import ImportEcritures, ModeleImport, SuiviImport
from dossiers.models.epoque import Epoque
from dossiers.models.explication import Explication
from dossiers.models.guichet import AvecGuichet, Guichet
from dossiers.models.journal import Evenement, journaliser
from dossiers.models.operation import (
    EN_VOL,
    JAMAIS,
    NON_REGLEES,
    REGLEES,
    TRANSITIONS,
    Appel,
    Etat,
    Lot,
    Operation,
)
from dossiers.models.preference import Agenda, Preference
from dossiers.models.recherche_enregistree import RechercheEnregistree

__all__ = [
    "EN_VOL",
    "JAMAIS",
    "NON_REGLEES",
    "REGLEES",
    "TRANSITIONS",
    "Agenda",
    "Appel",
    "AvecGuichet",
    "Avis",
    "Battement",
    "CleApi",
    "Collaborateur",
    "ControleConservation",
    "Courriel",
    "Dossier",
    "Ecart",
    "Environnement",
    "Epoque",
    "Etablissement",
    "Etat",
    "Evenement",
    "Explication",
    "Guichet",
    "ImportEcritures",
    "Lot",
    "ModeleImport",
    "Offre",
    "Operation",
    "Preference",
    "RechercheEnregistree",
    "SuiviImport",
    "Tournee",
    "journaliser",
]
