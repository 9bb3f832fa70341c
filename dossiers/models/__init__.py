from dossiers.models.cle import CleApi, Environnement
from dossiers.models.collaborateur import Collaborateur
from dossiers.models.dossier import Dossier, Etablissement, Offre
from dossiers.models.ecart import Ecart
from dossiers.models.ecritures import ImportEcritures, ModeleImport, SuiviImport
from dossiers.models.explication import Explication
from dossiers.models.journal import Evenement, journaliser
from dossiers.models.operation import EN_VOL, NON_REGLEES, REGLEES, TRANSITIONS, Appel, Etat, Lot, Operation

__all__ = [
    "EN_VOL",
    "NON_REGLEES",
    "REGLEES",
    "TRANSITIONS",
    "Appel",
    "CleApi",
    "Collaborateur",
    "Dossier",
    "Ecart",
    "Environnement",
    "Etablissement",
    "Etat",
    "Evenement",
    "Explication",
    "ImportEcritures",
    "Lot",
    "ModeleImport",
    "Offre",
    "Operation",
    "SuiviImport",
    "journaliser",
]
