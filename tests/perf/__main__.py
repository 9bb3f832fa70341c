"""`make bench`: measure the product and print one table of ratios. `make bench QUOI="operations listes"` for a part.

It measures and never judges a time: each figure stands beside a peer or a limit of the same run, and the exit code is 0
even when an aim is missed.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module

from tests.perf.terrain import Mesure, dire, machine, preparer, tableau

QUOI = (
    "operations",
    "synchronisation",
    "plans",
    "listes",
    "exports",
    "requetes",
    "imports",
    "precontrole",
    "certificats",
    "fiches",
    "accueil",
)


def main() -> None:
    lecteur = argparse.ArgumentParser(prog="make bench", description="Mesures de vitesse et de mémoire.")
    lecteur.add_argument("quoi", nargs="*", choices=[*QUOI, []], help="les mesures à faire (toutes par défaut)")
    choisies = lecteur.parse_args().quoi or QUOI
    mesures: list[Mesure] = []
    with preparer() as terrain:
        for nom in choisies:
            dire(f"{nom}…")
            mesures += import_module(f"tests.perf.{nom}").mesurer(terrain)
    charge = os.getloadavg()[0]
    dire(f"\n{machine()}, charge moyenne {charge:.1f}\n\n{tableau(mesures)}")
    if manquees := [mesure.quoi for mesure in mesures if mesure.tenu is False]:
        dire("\n".join(["", f"ATTENTION : {len(manquees)} but(s) MANQUÉ(S)", *(f"  – {quoi}" for quoi in manquees)]))


if __name__ == "__main__":
    sys.exit(main())
