"""The kinds of operation of Chorus Pro, of the channel `api` and of Cegid OD; importing them registers them."""

from raccordements.natures.chorus import NatureChorus, TesterCompteChorus, VerifierFiche, VerifierStructure
from raccordements.natures.etapes_od import (
    OnboarderSouscription,
    RenoncerSouscription,
    RenouvelerConnexion,
    ResilierSouscription,
    SouscrirePlateforme,
)
from raccordements.natures.od import LireSouscription, NatureOD, TesterCleAbonnement
from raccordements.natures.suivi import ObserverFiche, SuivreFiche
from raccordements.natures.transmission import TransmettreFiche

__all__ = [
    "LireSouscription",
    "NatureChorus",
    "NatureOD",
    "ObserverFiche",
    "OnboarderSouscription",
    "RenoncerSouscription",
    "RenouvelerConnexion",
    "ResilierSouscription",
    "SouscrirePlateforme",
    "SuivreFiche",
    "TesterCleAbonnement",
    "TesterCompteChorus",
    "TransmettreFiche",
    "VerifierFiche",
    "VerifierStructure",
]
