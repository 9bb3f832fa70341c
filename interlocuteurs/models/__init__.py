from interlocuteurs.models.acces import Acces
from interlocuteurs.models.importation import ImportInterlocuteurs, LigneImport
from interlocuteurs.models.interlocuteur import Interlocuteur

__all__ = ["Acces", "ImportInterlocuteurs", "Interlocuteur", "LigneImport"]
