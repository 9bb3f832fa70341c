"""Has a file read by a process of its own, bounded in memory and time, and tells its refusals in French."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import IO, Any

from django.conf import settings

from dossiers.services.erreurs import ActionImpossible
from interlocuteurs.imports.defenses import Limites

CONSTAT = "Le fichier n’a pas été lu."
ENREGISTRER = "Enregistrez-le depuis votre tableur au format « CSV UTF-8 » ou « Classeur Excel (.xlsx) »."
#: Cause and remedy of each code of `defenses.Refus`.
REFUS: dict[str, tuple[str, str]] = {
    "vide": ("Il ne contient aucune ligne.", "Vérifiez que vous avez choisi le bon fichier et sa première feuille."),
    "ancien": ("C’est un ancien classeur (.xls), ou un classeur protégé par un mot de passe.", ENREGISTRER),
    "extension": ("Son contenu n’est pas celui d’un fichier « .{extension} ».", ENREGISTRER),
    "inconnue": ("Les fichiers « .{extension} » ne s’importent pas.", ENREGISTRER),
    "binaire": ("Ce n’est pas un tableau : son contenu n’est pas du texte lisible.", ENREGISTRER),
    "encodage": ("Ses accents sont écrits dans un encodage qui n’est pas reconnu.", ENREGISTRER),
    "illisible": ("Le classeur est abîmé ou incomplet.", "Ouvrez-le dans votre tableur et enregistrez-le de nouveau."),
    "bombe": (
        "Une fois décompressé, il prendrait une place démesurée.",
        "Copiez les seules lignes utiles dans un nouveau classeur. S’il vient d’un tiers, prévenez un administrateur.",
    ),
    "entites": (
        "Il contient des définitions qu’aucun tableur n’écrit, et qui servent à saturer qui l’ouvre.",
        "Ne l’ouvrez pas et prévenez un administrateur.",
    ),
    "memoire": (
        "Sa lecture demanderait trop de mémoire ou de temps.",
        "Copiez les seules lignes utiles dans un nouveau fichier, sans image ni mise en forme.",
    ),
    "lignes": (
        "Il compte plus de {maximum} lignes.",
        "Partagez-le en plusieurs fichiers qui gardent la même ligne d’en-tête.",
    ),
    "colonnes": (
        "Sa ligne {ligne} compte plus de {maximum} colonnes.",
        "Supprimez les colonnes inutiles, ou vérifiez le séparateur.",
    ),
    "cellule": (
        "Sa ligne {ligne} a une cellule de plus de {maximum} caractères.",
        "Raccourcissez-la. Dans un CSV, un guillemet qui n’est pas refermé donne aussi ce résultat.",
    ),
    "guillemets": (
        "À la ligne {ligne}, un guillemet n’est pas refermé, ou un texte le suit.",
        "Corrigez ce guillemet, ou enregistrez de nouveau le fichier depuis votre tableur.",
    ),
}


@dataclass(frozen=True, slots=True)
class Ligne:
    """One row that is not empty: its number in the spreadsheet, its cells, and what was seen in them."""

    numero: int
    cellules: list[str]
    marques: dict[int, str]


@dataclass(frozen=True, slots=True)
class Lecture:
    """A file that was read: facts (encoding, separator, sheet) and rows, read once, in order."""

    faits: dict[str, Any]
    lignes: Iterator[Ligne]


def refus(code: str, **faits: str | int) -> ActionImpossible:
    """The three sentences of a refusal."""
    cause, remede = REFUS[code]
    return ActionImpossible(CONSTAT, cause.format(**faits), remede)


def extension(nom: str) -> str:
    """Extension of a file name in lower case, without its dot and cut short: it is shown in a sentence."""
    return PurePath(nom).suffix[1:11].lower() or "?"


@contextmanager
def lire(chemin: Path, nom: str) -> Iterator[Lecture]:
    """Read the file at `chemin`, named `nom` by the person. Raises ActionImpossible.

    The child has neither settings nor environment: a hostile file finds no secret there.
    """
    reglages = settings.IMPORT
    limites = Limites(
        lignes=reglages["lignes"],
        colonnes=reglages["colonnes"],
        memoire=reglages["memoire"],
        secondes=reglages["secondes"],
    )
    commande = [sys.executable, "-m", "interlocuteurs.imports.lecture", str(chemin), extension(nom)]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as sortie:
        try:
            subprocess.run(
                [*commande, json.dumps(asdict(limites))],
                stdin=subprocess.DEVNULL,
                stdout=sortie,
                stderr=subprocess.DEVNULL,
                cwd=settings.BASE_DIR,
                env={},
                timeout=2 * limites.secondes,
                check=False,
            )
        except subprocess.TimeoutExpired as exc:
            raise refus("memoire") from exc
        fin = _derniere(sortie)
        if "fin" not in fin:
            # A reader that says nothing was stopped by one of its limits.
            raise refus(fin.get("refus", "memoire"), **fin.get("faits", {}))
        sortie.seek(0)
        yield Lecture(fin["fin"], _lignes(sortie))


def _derniere(sortie: IO[str]) -> dict[str, Any]:
    octets = sortie.buffer  # type: ignore[attr-defined]
    octets.seek(max(0, octets.seek(0, os.SEEK_END) - 4096))
    lignes = octets.read().splitlines()
    try:
        objet = json.loads(lignes[-1])
    except (IndexError, ValueError):
        return {}
    return objet if isinstance(objet, dict) else {}


def _lignes(sortie: IO[str]) -> Iterator[Ligne]:
    for ligne in sortie:
        objet = json.loads(ligne)
        if "fin" in objet:
            return
        yield Ligne(objet["n"], objet["c"], {int(place): marque for place, marque in objet["m"].items()})
