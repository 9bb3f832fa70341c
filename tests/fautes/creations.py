"""Contacts created in Loop (addClient) whose answer is lost, with their read-back and without it.

Each contact meets one fault, and its end is foretold. With the read-back (LOOP_RELECTURE_INTERLOCUTEUR), every creation
succeeds, once; without it, each one whose answer was lost waits for a person.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any
from unittest import mock

from django.test import override_settings

from dossiers.models import Etat
from tests.fautes.banc import Banc, attendre, tuer
from tests.fautes.cabinet import DOMAINE, Cabinet

AJOUT = "/provisionningCollab/addClient"
RELECTURE = "/provisionningCollab/updateClient"
DELAI = 60.0
TUEES = 6
#: Lost answers, by the name of the contact that meets them. The late ones are applied before the quarantine ends.
PERDUES: dict[str, dict[str, Any]] = {
    "coupure-avant": {"type": "coupure_avant"},
    "coupure-apres": {"type": "coupure_apres"},
    "coupure-tardive": {"type": "coupure_tardive", "secondes": 2},
    "500-avant": {"type": "500_avant"},
    "500-apres": {"type": "500_apres"},
    "tronquee": {"type": "json_tronque"},
    "page-html": {"type": "html_200"},
    "page-html-apres": {"type": "html_200", "applique": True},
    "delai-depasse": {"type": "latence", "secondes": 2.5},
    "goutte-a-goutte": {"type": "goutte_corps", "secondes": 0.2},
    "relue-deux-fois": {"type": "coupure_apres"},
}
#: Answers that Loop gave, at once or when asked again; `prise`: the e-mail is another contact's.
REPONDUES = {"patiente": Etat.REUSSIE, "prise": Etat.ECHOUEE}


def avec_relecture(banc: Banc, prefixe: str, sans: str) -> Cabinet:
    """Every lost creation is read back, and the read-back of one is lost too.

    A lost refusal is left out: a read-back cannot tell our contact from another's (docs/decisions/0009).
    """
    return _jouer(banc, prefixe, sans, PERDUES, Etat.REUSSIE)


def sans_relecture(banc: Banc, prefixe: str, sans: str) -> Cabinet:
    """Every lost creation waits for a person, and so does a lost refusal."""
    return _jouer(banc, prefixe, sans, PERDUES | {"prise-perdue": {"type": "coupure_apres"}}, Etat.A_VERIFIER)


@contextlib.contextmanager
def relecture_permise() -> Iterator[None]:
    """The read-back on, here and in the processes started meanwhile."""
    ailleurs = mock.patch.dict(os.environ, LOOP_RELECTURE_INTERLOCUTEUR="oui")
    with override_settings(LOOP_RELECTURE_INTERLOCUTEUR=True), ailleurs:
        yield


def _jouer(banc: Banc, prefixe: str, sans: str, perdues: Mapping[str, dict[str, Any]], fin: Etat) -> Cabinet:
    """A worker is killed while Loop creates six contacts; another creates those that meet the faults."""

    def email(nom: str) -> str:
        return f"{nom}@{prefixe.lower()}.example"

    cabinet = Cabinet(banc, prefixe, dossiers=1)
    prises = [nom for nom in (*perdues, *REPONDUES) if nom.startswith("prise")]
    banc.charger(invites=["*"], contacts=[{"email": email(nom), "domaine": DOMAINE} for nom in prises])
    banc.pannes({"type": "latence", "chemin": AJOUT, "secondes": 1, "fois": -1})
    deja = banc.compte()["appels"].get(f"POST {AJOUT}", 0)
    cabinet.creer_interlocuteurs({email(f"tuee-{rang}"): fin for rang in range(TUEES)})
    with banc.executant(sans=sans) as tue:
        attendre(lambda: banc.compte()["appels"].get(f"POST {AJOUT}", 0) >= deja + TUEES, DELAI, tue.dernieres_lignes)
        tuer(tue)
    banc.pannes(
        *({"chemin": AJOUT, "si": {"email": email(nom)}} | panne for nom, panne in perdues.items()),
        {"type": "429", "retry_after": 1, "chemin": AJOUT, "si": {"email": email("patiente")}},
        {"type": "coupure_apres", "chemin": RELECTURE, "si": {"email": email("relue-deux-fois")}},
    )
    fins: dict[str, Etat] = dict(REPONDUES)
    for rang, nom in enumerate(perdues):
        # A success now and then, or the circuit of the key stays open.
        fins |= {nom: fin, f"tranquille-{rang // 2}": Etat.REUSSIE}
    cabinet.creer_interlocuteurs({email(nom): etat for nom, etat in fins.items()})
    with banc.executant(sans=sans):
        cabinet.attendre_la_fin(DELAI)
    return cabinet
