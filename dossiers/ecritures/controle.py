"""Checks one file in a process of its own, bounded in memory and time, and gives its report.

Usage of the process: `python -m dossiers.ecritures.controle FICHIER LIMITES`, `LIMITES` being the JSON of `Limites`. It
writes one line, the JSON of `rapport.Rapport`; a process that dies writes none. It has no Django, no setting and no
environment: a hostile file finds no secret there.
"""

from __future__ import annotations

import gc
import json
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, assert_never, cast

from dossiers.bornes import se_borner
from dossiers.ecritures.fec import controler_fec
from dossiers.ecritures.personnalise import controler_perso
from dossiers.ecritures.rapport import Rapport, visible
from dossiers.ecritures.textes import REFUS

RACINE = Path(__file__).resolve().parents[2]
#: Bytes that the process may write to one file: the entries that do not balance, of a file of any size.
DISQUE = 8 * 2**30
Genre = Literal["fec", "perso"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limites:
    """What is checked and what it may cost: bytes of address space, seconds of computing."""

    genre: Genre
    nom: str
    memoire: int
    secondes: int


def controler(
    chemin: Path | str, genre: str, nom_fichier: str, *, memoire: int | None = None, secondes: int | None = None
) -> Rapport:
    """The report of the file at `chemin`; never an exception for what a file may hold, or do to its reader.

    Parameters
    ----------
    genre:
        "fec" or "perso".
    nom_fichier:
        Name the person gave.
    memoire, secondes:
        Limits of the process, those of `settings.ECRITURES` by default. It is killed after twice `secondes` of clock.
    """
    if genre not in ("fec", "perso"):
        raise ValueError(f"genre inconnu : {genre}")
    if memoire is None or secondes is None:
        from django.conf import settings

        memoire = settings.ECRITURES["memoire"] if memoire is None else memoire
        secondes = settings.ECRITURES["secondes"] if secondes is None else secondes
    limites = Limites(genre=cast(Genre, genre), nom=nom_fichier, memoire=memoire, secondes=secondes)
    connus = {"genre": genre, "nom_fichier": visible(nom_fichier)}
    commande = [sys.executable, "-m", "dossiers.ecritures.controle", str(chemin), json.dumps(asdict(limites))]
    try:
        fini = subprocess.run(
            commande,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=RACINE,
            # Of two entries alike among very many, the same are compared at each run.
            env={"PYTHONHASHSEED": "0"},
            timeout=2 * secondes,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _refuser("temps", connus, secondes)
    try:
        return Rapport.depuis_json(fini.stdout)
    except (KeyError, TypeError, ValueError):
        return _refuser("temps" if fini.returncode == -signal.SIGXCPU else "arret", connus, secondes)


def _refuser(code: str, connus: dict[str, str], secondes: int) -> Rapport:
    return Rapport.refuse(code, REFUS[code].format(secondes=secondes), **connus)


def controler_ici(chemin: Path, limites: Limites) -> Rapport:
    """The report of a file, made in this process."""
    connus = {"genre": limites.genre, "nom_fichier": visible(limites.nom)}
    try:
        with chemin.open("rb", buffering=0) as fichier:
            match limites.genre:
                case "fec":
                    return controler_fec(fichier, limites.nom)
                case "perso":
                    return controler_perso(fichier, limites.nom)
                case _:
                    assert_never(limites.genre)
    except OSError:
        return _refuser("introuvable", connus, limites.secondes)
    except MemoryError:
        return _refuser("memoire", connus, limites.secondes)


def main(arguments: list[str]) -> None:
    chemin, limites = Path(arguments[0]), Limites(**json.loads(arguments[1]))
    se_borner(memoire=limites.memoire, secondes=limites.secondes, disque=DISQUE)
    # Nothing here makes cycles, and the collector would look through every value of every block.
    gc.disable()
    sys.stdout.write(controler_ici(chemin, limites).en_json() + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
