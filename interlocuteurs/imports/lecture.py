"""Reads one spreadsheet, CSV or XLSX, and writes its lines as JSON. Runs as a process of its own, without Django.

Usage: `python -m interlocuteurs.imports.lecture FICHIER EXTENSION LIMITES`, `LIMITES` being the JSON of
`defenses.Limites`. Each line written is an object: `{"n": row number, "c": cells, "m": {cell: mark}}`; the last one is
`{"fin": facts}` or `{"refus": code, "faits": facts}`. A reader that dies writes neither.

A row has the number that a spreadsheet shows. Marks: `formule` (seen, never evaluated), `erreur` (#N/A and the like).
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import statistics
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from dossiers.bornes import se_borner
from interlocuteurs.imports.defenses import SORTIE_MAX, Limites, Refus, nature_reelle, verifier_archive

SEPARATEURS = (";", "\t", ",")
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
#: Most characters in one cell of a spreadsheet (Excel specifications and limits).
CELLULE_MAX = 32_767
LIGNES_FEUILLE = 1_048_576
ECHANTILLON = 64 * 2**10
#: Share of control characters from which a file is not a text.
PART_BINAIRE = 0.005
CONTROLES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
SEP_EXCEL = re.compile(r"\Asep=(.)\r?\n", re.IGNORECASE)
NUL_VISIBLE = "␀"


@dataclass(slots=True)
class Rangee:
    """One row that is not empty."""

    numero: int
    cellules: list[str]
    marques: dict[int, str] = field(default_factory=dict)


def lire(chemin: Path, extension: str, limites: Limites) -> Iterator[dict[str, Any]]:
    """The rows of a file, then its facts. Raises Refus."""
    faits: dict[str, Any] = {}
    lecteurs = {"csv": _lire_csv, "xlsx": _lire_xlsx}
    rangees = lecteurs[nature_reelle(chemin, extension)](chemin, faits)
    nombre = 0
    for rangee in rangees:
        _rogner(rangee.cellules)
        if not rangee.cellules:
            continue
        nombre += 1
        _borner(rangee, nombre, limites)
        yield {"n": rangee.numero, "c": rangee.cellules, "m": rangee.marques}
    if not nombre:
        raise Refus("vide")
    yield {"fin": faits}


def _rogner(cellules: list[str]) -> None:
    while cellules and not cellules[-1].strip():
        cellules.pop()


def _borner(rangee: Rangee, nombre: int, limites: Limites) -> None:
    # The headings, and what may stand above them, come on top of the data lines.
    if nombre > limites.lignes + 10:
        raise Refus("lignes", maximum=limites.lignes)
    if len(rangee.cellules) > limites.colonnes:
        raise Refus("colonnes", ligne=rangee.numero, maximum=limites.colonnes)
    if any(len(cellule) > CELLULE_MAX for cellule in rangee.cellules):
        raise Refus("cellule", ligne=rangee.numero, maximum=CELLULE_MAX)


def _conservable(texte: str) -> str:
    """The text as PostgreSQL can keep it: a null and a lone surrogate are shown by a sign."""
    return texte.replace("\x00", NUL_VISIBLE).encode("utf-8", "replace").decode("utf-8")


# --- CSV ---------------------------------------------------------------------------------------------------------


def _lire_csv(chemin: Path, faits: dict[str, Any]) -> Iterator[Rangee]:
    texte, faits["encodage"] = decoder(chemin.read_bytes())
    if excel := SEP_EXCEL.match(texte):
        texte, separateur = texte[excel.end() :], excel[1]
    else:
        separateur = deviner_separateur(texte)
    faits["separateur"] = separateur
    csv.field_size_limit(CELLULE_MAX)
    lecteur = csv.reader(io.StringIO(texte, newline=""), delimiter=separateur, strict=True)
    numero = 0
    while True:
        numero += 1
        try:
            cellules = next(lecteur)
        except StopIteration:
            return
        except csv.Error as exc:
            if "field limit" in str(exc):
                raise Refus("cellule", ligne=numero, maximum=CELLULE_MAX) from exc
            raise Refus("guillemets", ligne=numero) from exc
        yield Rangee(numero, [_conservable(cellule) for cellule in cellules])


def decoder(octets: bytes) -> tuple[str, str]:
    """The text of a file and the name of its encoding. Raises Refus: `binaire`, `encodage`.

    A mark at the start decides; else UTF-8 if every byte fits, for Windows-1252 text almost never does; else that.
    """
    marque = next((nom for bom, nom in BOMS if octets.startswith(bom)), None)
    if octets.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise Refus("encodage")
    for encodage in (marque,) if marque else ("utf-8", "cp1252"):
        try:
            texte = octets.decode(encodage)
        except UnicodeDecodeError:
            continue
        debut = texte[:ECHANTILLON]
        if len(CONTROLES.findall(debut)) > max(2, PART_BINAIRE * len(debut)):
            raise Refus("binaire")
        return texte, encodage
    binaire = not marque and CONTROLES.search(octets[:ECHANTILLON].decode("latin-1"))
    raise Refus("binaire" if binaire else "encodage")


def deviner_separateur(texte: str) -> str:
    """The separator that splits the most of the first records, then into the most columns."""

    def note(separateur: str) -> tuple[int, int]:
        lecteur = csv.reader(io.StringIO(texte[:ECHANTILLON], newline=""), delimiter=separateur)
        try:
            largeurs = [len(rangee) for rangee in islice(lecteur, 50) if len(rangee) > 1]
        except csv.Error:
            return 0, 0
        return len(largeurs), statistics.mode(largeurs) if largeurs else 0

    return max(SEPARATEURS, key=note)


# --- XLSX --------------------------------------------------------------------------------------------------------


def _lire_xlsx(chemin: Path, faits: dict[str, Any]) -> Iterator[Rangee]:
    # Imported here: a CSV does not pay for it.
    from openpyxl import load_workbook

    verifier_archive(chemin)
    classeur = load_workbook(chemin, read_only=True, data_only=False, keep_links=False)
    visibles = [feuille for feuille in classeur.worksheets if feuille.sheet_state == "visible"]
    if not visibles:
        raise Refus("vide")
    feuille = visibles[0]
    faits["feuille"] = _conservable(feuille.title)[:100]
    faits["feuilles_ignorees"] = len(classeur.sheetnames) - 1
    # The extent that the sheet declares may be false, and the rows would be padded to it.
    feuille.reset_dimensions()
    for numero, cellules in enumerate(feuille.rows, start=1):
        if numero > LIGNES_FEUILLE:
            raise Refus("illisible")
        yield _rangee(numero, cellules)


def _rangee(numero: int, cellules: Iterable[Any]) -> Rangee:
    rangee = Rangee(numero, [])
    for place, cellule in enumerate(cellules):
        rangee.cellules.append(_texte(cellule))
        if cellule.data_type in {"f", "e"}:
            rangee.marques[place] = "formule" if cellule.data_type == "f" else "erreur"
    return rangee


def _texte(cellule: Any) -> str:
    valeur = cellule.value
    if valeur is None:
        return ""
    if isinstance(valeur, bool):
        return "oui" if valeur else "non"
    if isinstance(valeur, (int, float)):
        return _nombre(valeur, cellule.number_format or "")
    if isinstance(valeur, datetime) and not (valeur.hour or valeur.minute):
        valeur = valeur.date()
    if isinstance(valeur, datetime):
        return f"{valeur:%d/%m/%Y %H:%M}"
    if isinstance(valeur, date):
        return f"{valeur:%d/%m/%Y}"
    # An array formula is an object that carries its text.
    return _conservable(str(getattr(valeur, "text", valeur)))


def _nombre(valeur: int | float, forme: str) -> str:
    """A number as it was typed: whole without a decimal part, zeros in front when the format of the cell shows them."""
    if isinstance(valeur, float) and not valeur.is_integer():
        return f"{valeur:.15g}".replace(".", ",")
    entier = str(int(valeur))
    return entier.zfill(len(forme)) if re.fullmatch("0+", forme) and valeur >= 0 else entier


# --- process -----------------------------------------------------------------------------------------------------


def main(arguments: list[str]) -> None:
    chemin, extension, limites = Path(arguments[0]), arguments[1], Limites(**json.loads(arguments[2]))
    se_borner(memoire=limites.memoire, secondes=limites.secondes, disque=SORTIE_MAX)
    try:
        for objet in lire(chemin, extension, limites):
            sys.stdout.write(json.dumps(objet) + "\n")
        sys.stdout.flush()
    except Refus as refus:
        _finir({"refus": refus.code, "faits": refus.faits})
    except MemoryError:
        _finir({"refus": "memoire"})
    # openpyxl lets the errors of every layer under it through: zipfile, zlib, expat, its own descriptors.
    except Exception:
        _finir({"refus": "illisible"})


def _finir(objet: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(objet) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
