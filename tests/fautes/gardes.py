"""For each guard of the operations, a scenario that stays green with it and turns red without it."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from django.db import connection

from dossiers.models import Etat, Operation
from tests.fautes import creations
from tests.fautes.banc import Banc, arrete, attendre, tuer
from tests.fautes.bilan import CONTRAIRE, DE_TROP, FAUX_ECHEC, Bilan, dresser
from tests.fautes.cabinet import Cabinet

AJOUT = "/collaborativeOffer/addOffer"
FICHE = "/DossierComplet"
DELAI = 60.0
Scenario = Callable[[Banc, str, str], Cabinet]


@dataclass(frozen=True, slots=True)
class Garde:
    """One guard: its name in `tests.fautes.sans_garde`, French title, what it forbids, the scenario, the settings."""

    nom: str
    libelle: str
    empeche: str
    scenario: Scenario
    reglages: Callable[[], AbstractContextManager[object]] = contextlib.nullcontext

    def eprouver(self, banc: Banc, *, sans: bool) -> Bilan:
        """Play the scenario, without the guard when `sans`."""
        prefixe = f"{self.nom.upper()}{'SANS' if sans else 'AVEC'}"
        with self.reglages():
            try:
                cabinet = self.scenario(banc, prefixe, self.nom if sans else "")
            finally:
                banc.pannes()
            return dresser(cabinet)


def prise(banc: Banc, prefixe: str, sans: str) -> Cabinet:
    """Two workers of 8 threads race for 150 operations of one key."""
    cabinet = Cabinet(banc, prefixe, dossiers=150, plafond=16)
    with banc.executant(sans=sans), banc.executant(sans=sans):
        cabinet.planifier("ajouter_offre", cabinet.dossiers, offre="start")
        cabinet.attendre_la_fin(DELAI)
    return cabinet


def jeton(banc: Banc, prefixe: str, sans: str) -> Cabinet:
    """A worker is frozen with a refusal in hand; its lease ends, another reads back, sends again, and it wakes up."""
    cabinet = Cabinet(banc, prefixe, dossiers=1)
    siren = {"siren": cabinet.dossiers[0].siren}
    banc.pannes(
        {"type": "401", "chemin": FICHE, "si": siren},
        {"type": "latence", "chemin": FICHE, "si": siren, "secondes": 1.5, "fois": -1},
    )
    cabinet.corriger(cabinet.dossiers)
    with banc.executant(sans=sans, gel=True) as lent:
        attendre(lambda: arrete(lent), DELAI, lent.dernieres_lignes)
        with banc.executant(sans=sans):
            attendre(lambda: cabinet.operations.filter(etat=Etat.EN_COURS, tentatives=2).exists(), DELAI)
            os.kill(lent.pid or 0, signal.SIGCONT)
            # The row may be settled, wrongly, before the second worker's request arrives.
            attendre(lambda: dresser(cabinet).appliquees > 0, DELAI)
            cabinet.attendre_la_fin(DELAI)
    return cabinet


def bail(banc: Banc, prefixe: str, sans: str) -> Cabinet:
    """A worker is killed once its requests have left; the simulator applies them."""
    cabinet = Cabinet(banc, prefixe, dossiers=6, plafond=6)
    banc.pannes({"type": "latence", "chemin": AJOUT, "secondes": 1, "fois": -1})
    deja = banc.compte()["appels"].get(f"POST {AJOUT}", 0)
    with banc.executant(sans=sans) as tue:
        cabinet.planifier("ajouter_offre", cabinet.dossiers, offre="start")
        attendre(lambda: banc.compte()["appels"].get(f"POST {AJOUT}", 0) >= deja + 6, DELAI, tue.dernieres_lignes)
        tuer(tue)
    banc.pannes()
    with banc.executant(sans=sans):
        cabinet.attendre_la_fin(DELAI)
    return cabinet


def quarantaine(banc: Banc, prefixe: str, sans: str) -> Cabinet:
    """The connection is cut and the write applied about 1,2 s later, while a read takes 0,8 s.

    Without quarantine the first read comes before the effect, and the one that prepares the second sending after it.
    """
    cabinet = Cabinet(banc, prefixe, dossiers=6, plafond=8)
    coupures = (
        {"type": "coupure_tardive", "chemin": FICHE, "si": {"siren": dossier.siren}, "secondes": 1 + rang / 10}
        for rang, dossier in enumerate(cabinet.dossiers)
    )
    banc.pannes(*coupures, {"type": "latence", "chemin": FICHE, "secondes": 0.8, "fois": -1})
    cabinet.corriger(cabinet.dossiers)
    with banc.executant(sans=sans):
        cabinet.attendre_la_fin(DELAI)
    return cabinet


def ordre(banc: Banc, prefixe: str, sans: str) -> Cabinet:
    """An offer is added, slowly, then removed at once, on each of 5 dossiers."""
    cabinet = Cabinet(banc, prefixe, dossiers=5, plafond=16)
    banc.pannes({"type": "latence", "chemin": AJOUT, "secondes": 0.8, "fois": -1})
    with sans_index_unique() if sans else contextlib.nullcontext():
        cabinet.planifier("ajouter_offre", cabinet.dossiers, offre="start")
        cabinet.planifier("retirer_offre", cabinet.dossiers, offre="start")
        with banc.executant(fils=16, sans=sans):
            cabinet.attendre_la_fin(DELAI)
    return cabinet


@contextlib.contextmanager
def sans_index_unique() -> Iterator[None]:
    """Drop the unique index that the database opposes to a second operation in flight, then put it back."""
    index = next(c for c in Operation._meta.constraints if c.name == "operation_une_en_vol_par_objet")
    with connection.schema_editor() as editeur:
        editeur.remove_constraint(Operation, index)
    try:
        yield
    finally:
        with connection.schema_editor() as editeur:
            editeur.add_constraint(Operation, index)


GARDES = (
    Garde("prise", "la prise d’une ligne (UPDATE conditionnel)", DE_TROP, prise),
    Garde("jeton", "le jeton (un réveil tardif n’écrit rien)", FAUX_ECHEC, jeton),
    Garde("bail", "le bail expiré mène à incertaine", DE_TROP, bail),
    Garde("quarantaine", "la quarantaine avant relecture", DE_TROP, quarantaine),
    Garde("ordre", "une seule en vol par objet", CONTRAIRE, ordre),
    Garde(
        "relecture",
        "addClient sans réponse : relu par updateClient",
        FAUX_ECHEC,
        creations.avec_relecture,
        creations.relecture_permise,
    ),
    Garde("personne", "addClient sans réponse : une personne vérifie", FAUX_ECHEC, creations.sans_relecture),
)
