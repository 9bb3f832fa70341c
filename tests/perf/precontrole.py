"""Check of a FEC of one million lines, one entry of which does not balance, against Python's csv reading the same file.

The figure includes the start of the process that checks. Memory is the peak of that process over what it takes once its
modules are loaded, as Linux gives it for the program itself (VmHWM).
"""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from dossiers.ecritures.controle import RACINE, Limites, controler
from dossiers.ecritures.entete import OFFICIELLES
from tests.dossiers.ecritures import corpus
from tests.perf.terrain import Mesure, Terrain, chronometrer, dire

LIGNES, FAUTIVE, TOURS = 1_000_000, 654_321, 5
PART, MEMOIRE = 0.5, 60
ANORMALES = 100_000
LIMITES = {"memoire": 512 * 2**20, "secondes": 600}
POINTE = """
import sys
from dossiers.ecritures import controle

def pointe():
    with open("/proc/self/status") as etat:
        return next(ligne.split()[1] for ligne in etat if ligne.startswith("VmHWM"))

repos = pointe()
controle.main(sys.argv[1:])
sys.stderr.write(f"{repos} {pointe()}")
"""
#: Journal -> label, then account, label and auxiliary of each line of its entries.
MODELES = {
    "VT": ("Journal des ventes", ("411000", "Clients", "C"), ("707100", "Ventes de marchandises France", ""),
           ("445711", "TVA collectée au taux normal", "")),
    "AC": ("Journal des achats", ("401000", "Fournisseurs", "F"), ("607100", "Achats de marchandises", ""),
           ("445660", "TVA déductible sur biens et services", "")),
    "BQ": ("Banque du Val inventé", ("512100", "Compte courant", ""), ("411000", "Clients", "C")),
    "OD": ("Opérations diverses", ("641100", "Salaires et appointements", ""), ("421000", "Personnel, dû", ""),
           ("431000", "Sécurité sociale", ""), ("437300", "Caisses de retraite", "")),
}  # fmt: skip


def ecrire(chemin: Path, nombre: int, fautive: int = 0) -> None:
    """A clean FEC in the order of its dates, but for the amount of the line `fautive` of the file (1: the header)."""
    with chemin.open("w", encoding="utf-8", newline="") as fichier:
        fichier.write("\t".join(OFFICIELLES) + "\r\n")
        for numero, cellules in enumerate(_lignes(nombre), start=2):
            if numero == fautive:
                cellules[11 if cellules[11] != "0,00" else 12] = "0,01"
            fichier.write("\t".join(cellules) + "\r\n")


def _lignes(nombre: int) -> Iterator[list[str]]:
    hasard = random.Random(20261122)
    faites = ecriture = 0
    while faites < nombre:
        ecriture += 1
        code = hasard.choice(("VT", "VT", "AC", "BQ", "BQ", "OD"))
        libelle, *comptes = MODELES[code]
        rang = faites * 365 // nombre
        jour = f"2025{1 + rang * 12 // 365:02d}{1 + rang % 28:02d}"
        parts = [hasard.randrange(100, 900_000) for _ in comptes[1:]]
        for place, (compte, nom, tiers) in enumerate(comptes[: nombre - faites]):
            numero = hasard.randrange(400)
            somme = corpus.montant(parts[place - 1] if place else sum(parts))
            au_debit = (code != "AC") == (place == 0)
            yield [
                code, libelle, str(ecriture), jour, compte, nom,
                f"{tiers}{numero:05d}" if tiers else "", f"Société inventée {numero}" if tiers else "",
                f"{code}-2025-{ecriture:07d}", jour, f"Pièce {ecriture} du {jour[6:]}/{jour[4:6]}, réf. {numero * 79}",
                somme if au_debit else "0,00", "0,00" if au_debit else somme,
                "AB" if tiers and numero % 2 else "", jour if tiers and numero % 2 else "", jour, "", "",
            ]  # fmt: skip
        faites += len(comptes[: nombre - faites])


def lire(chemin: Path) -> None:
    """The same file through csv.reader, and nothing done with it."""
    with chemin.open(encoding="utf-8", newline="") as fichier:
        for _ in csv.reader(fichier, delimiter="\t"):
            pass


def memoire(chemin: Path) -> tuple[float, float]:
    """MiB of the process that checks: once loaded, and at its peak over that."""
    limites = json.dumps(asdict(Limites(genre="fec", nom=corpus.NOM, **LIMITES)))
    fini = subprocess.run(
        [sys.executable, "-c", POINTE, str(chemin), limites], cwd=RACINE, env={}, capture_output=True, check=True
    )
    repos, pointe = (int(valeur) / 2**10 for valeur in fini.stderr.split())
    return repos, pointe - repos


def mesurer(terrain: Terrain) -> list[Mesure]:
    chemin = terrain.dossier / "fec.txt"
    dire(f"  FEC de {LIGNES} lignes : écriture…")
    ecrire(chemin, LIGNES, FAUTIVE)
    dire("  contrôle et lecture, tour à tour…")
    controles, lectures = [], []
    for _ in range(TOURS):
        lectures.append(chronometrer(lambda: lire(chemin)))
        controles.append(chronometrer(lambda: controler(chemin, "fec", corpus.NOM, **LIMITES)))
    rapport = controler(chemin, "fec", corpus.NOM, **LIMITES)
    fautives = [constat.ligne for constat in rapport.constats if constat.code == "ecriture_desequilibree"]
    trouvee = len(fautives) == rapport.bloquants == 1 and 0 <= FAUTIVE - (fautives[0] or 0) < 4
    part = min(lectures) / min(controles)
    repos, pointe = memoire(chemin)
    anormales = _anormales(terrain)
    quoi = f"contrôle d’un FEC de {LIGNES} lignes"
    return [
        Mesure(
            quoi=f"{quoi} ({chemin.stat().st_size / 2**20:.0f} Mio)",
            mesure=f"{LIGNES / min(controles):.0f} lignes/s",
            repere=f"csv.reader : {LIGNES / min(lectures):.0f} lignes/s",
            rapport=f"{part:.0%}",
            but=f"≥ {PART:.0%}",
            tenu=part >= PART,
        ),
        Mesure(
            quoi=f"{quoi} : mémoire de pointe du processus au-dessus du repos",
            mesure=f"{pointe:.0f} Mio",
            repere=f"au repos : {repos:.0f} Mio",
            rapport=f"{pointe / MEMOIRE:.0%}",
            but=f"< {MEMOIRE} Mio",
            tenu=pointe < MEMOIRE,
        ),
        Mesure(
            quoi=f"{quoi} : l’écriture déséquilibrée, et elle seule",
            mesure=f"{rapport.bloquants} trouvée, ligne {fautives[0] if fautives else '–'}",
            repere=f"montant faussé à la ligne {FAUTIVE}",
            rapport="100 %" if trouvee else "0 %",
            but="trouvée",
            tenu=trouvee,
        ),
        Mesure(
            quoi=f"contrôle de {ANORMALES} lignes toutes à expliquer",
            mesure=f"{ANORMALES / anormales:.0f} lignes/s",
            repere=f"{LIGNES / min(controles):.0f} lignes/s sans rien à dire",
            rapport=f"× {anormales / ANORMALES * LIGNES / min(controles):.1f}",
        ),
    ]


def _anormales(terrain: Terrain) -> float:
    chemin = terrain.dossier / "anormal.txt"
    ecrire(chemin, ANORMALES)
    chemin.write_bytes(chemin.read_bytes().replace(b"\t\t\r\n", b"\t\teuro\r\n"))
    debut = time.perf_counter()
    rapport = controler(chemin, "fec", corpus.NOM, **LIMITES)
    duree = time.perf_counter() - debut
    if rapport.avertissements != ANORMALES:
        raise RuntimeError(f"{rapport.avertissements} lignes expliquées sur {ANORMALES}")
    return duree
