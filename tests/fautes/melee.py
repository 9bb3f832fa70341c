"""2,000 operations against a misbehaving simulator, while workers, broker and database are struck."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable
from typing import Any

from config.processus import Enfant
from dossiers.models import Dossier, Etat, Evenement, Operation
from tests.fautes.banc import Banc, tuer
from tests.fautes.bilan import Bilan, dire, dresser
from tests.fautes.cabinet import Cabinet

VAGUES = 10
PAR_VAGUE = 72
DELAI_FINAL = 150.0
#: Drawn for each call in this order; about one call in five meets one. None lasts as long as the quarantine.
PANNES: tuple[dict[str, Any], ...] = (
    {"type": "429", "retry_after": 1, "proba": 0.01},
    {"type": "403_retry_after", "retry_after": 1, "proba": 0.005},
    {"type": "503", "proba": 0.01},
    {"type": "500_avant", "proba": 0.015},
    {"type": "500_apres", "proba": 0.015},
    {"type": "coupure_avant", "proba": 0.015},
    {"type": "coupure_apres", "proba": 0.015},
    {"type": "coupure_tardive", "secondes": 2, "proba": 0.015},
    {"type": "json_tronque", "proba": 0.015},
    {"type": "html_200", "proba": 0.01},
    {"type": "html_200", "applique": True, "proba": 0.01},
    {"type": "goutte_entetes", "secondes": 0.2, "proba": 0.005},
    {"type": "goutte_corps", "secondes": 0.2, "proba": 0.005},
    {"type": "latence", "secondes": 2.5, "proba": 0.01},
    {"type": "latence", "secondes": 0.5, "proba": 0.05},
)
#: Spares the objects with several operations: a refused one would make their counts ambiguous.
CLE_REFUSEE = {"type": "401", "chemin": "/collaborativeOffer/addOffer", "si": {"offre": "start"}, "fois": 30}


class Melee:
    """One run; `graine` decides the faults drawn and the moments of the blows.

    Parameters
    ----------
    ecrire:
        Receives each line for the user.
    """

    def __init__(self, banc: Banc, *, graine: int, ecrire: Callable[[str], object]) -> None:
        self.banc, self.graine, self.ecrire = banc, graine, ecrire
        self.hasard = random.Random(graine)
        self.debut = time.monotonic()
        self.cabinet = Cabinet(banc, "MELEE", cles=5, plafond=6, dossiers=VAGUES * PAR_VAGUE)

    def jouer(self) -> Bilan:
        """Ask, strike, wait for the end, compare."""
        with contextlib.ExitStack() as pile:
            executants = [pile.enter_context(self.banc.executant()) for _ in range(2)]
            for vague in range(VAGUES):
                self._pannes(vague)
                self._demander(self.cabinet.dossiers[vague * PAR_VAGUE : (vague + 1) * PAR_VAGUE])
                time.sleep(self.hasard.uniform(1, 3))
                self._frapper(vague)
                time.sleep(self.hasard.uniform(0, 2))
                # The other worker goes on: what the database and the broker did to it shows.
                executants[vague % 2] = self._remplacer(pile, executants[vague % 2])
            self.banc.vider_le_courtier()
            self._dire("courtier vidé (2)")
            regle = self.cabinet.attendre_la_fin(DELAI_FINAL)
            self._dire("tout est réglé" if regle else f"non réglé après {DELAI_FINAL:.0f} s de plus")
        bilan = dresser(self.cabinet)
        bilan.fautes["échouée(s) sans refus de la clé"] = [
            dire(operation)
            for operation in self.cabinet.operations.filter(etat=Etat.ECHOUEE)
            .exclude(famille=Operation.Famille.REGLAGE)
            .select_related("dossier")
        ]
        return bilan

    def _pannes(self, vague: int) -> None:
        if vague in {0, VAGUES // 2}:
            refus = (CLE_REFUSEE,) if vague else ()
            self.banc.pannes(*refus, *({"fois": -1} | panne for panne in PANNES), graine=self.graine + vague)

    def _demander(self, dossiers: list[Dossier]) -> None:
        """200 operations: 72 + 30 on an offer alone, 3 × 11 on one offer in a row, 25, 24 and 16 of the other kinds."""
        cabinet = self.cabinet
        cabinet.planifier("ajouter_offre", dossiers, offre="start")
        cabinet.planifier("retirer_offre", dossiers[:30], offre="consultation")
        for geste in ("ajouter_offre", "retirer_offre", "ajouter_offre"):
            cabinet.planifier(geste, dossiers[30:41], offre="co-production")
        cabinet.planifier("provisionner", dossiers[:25])
        cabinet.corriger(dossiers[30:54])
        cabinet.planifier("actualiser_dossier", dossiers[40:56])
        self._dire(f"{cabinet.demandees} opérations demandées")

    def _frapper(self, vague: int) -> None:
        if vague == 2:
            self.banc.vider_le_courtier()
            self._dire("courtier vidé (1)")
        elif vague == 4:
            self.banc.tuer_le_courtier()
            self._dire("courtier tué, relancé")
        elif vague == 7:
            self.banc.redemarrer_postgres()
            self.cabinet.oublier_la_connexion()
            self._dire("base de données arrêtée net, relancée")

    def _remplacer(self, pile: contextlib.ExitStack, executant: Enfant) -> Enfant:
        tuer(executant)
        self._dire("exécutant tué (kill -9), remplacé")
        return pile.enter_context(self.banc.executant())

    def _dire(self, quoi: str) -> None:
        self.ecrire(f"  {time.monotonic() - self.debut:5.0f} s  {quoi}")


def traverse(cabinet: Cabinet) -> dict[str, int]:
    """What the run went through, to show that it was one: by the journal, the traces and the simulator."""
    evenements = Evenement.objects.filter(operation__in=cabinet.operations)
    return {
        "appels reçus par le simulateur": sum(cabinet.banc.compte()["appels"].values()),
        "réponses perdues (incertaines)": evenements.filter(type=Evenement.Type.OPERATION_INCERTAINE).count(),
        "  dont exécutant tué pendant l’appel": evenements.filter(
            texte__contains="s’est arrêté pendant l’appel"
        ).count(),
        "relectures de l’état distant": sum(cabinet.operations.values_list("relectures", flat=True)),
        "essais de plus sans effet (429, 403…)": sum(
            max(n - 1, 0) for n in cabinet.operations.values_list("tentatives", flat=True)
        ),
        "décisions d’une personne": evenements.filter(acteur=cabinet.personne)
        .exclude(type=Evenement.Type.OPERATION_DEMANDEE)
        .count(),
    }
