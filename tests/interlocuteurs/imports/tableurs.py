"""Spreadsheets made for the tests, ordinary and hostile. Every person is invented."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

ENTETES = ("E-mail", "Nom", "Prénom", "Mobile", "Code dossier", "Offre")
FEUILLE = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)


def texte_csv(*rangees: Sequence[str], separateur: str = ";", entetes: Sequence[str] = ENTETES) -> str:
    """A CSV as a French spreadsheet writes it."""
    return "".join(separateur.join(cellules) + "\r\n" for cellules in (entetes, *rangees))


def ecrire(dossier: Path, nom: str, contenu: str | bytes) -> Path:
    chemin = dossier / nom
    chemin.write_bytes(contenu.encode() if isinstance(contenu, str) else contenu)
    return chemin


def xlsx(dossier: Path, nom: str, *rangees: Sequence[Any]) -> Path:
    """A workbook of one sheet; a text that starts with `=` is a formula, as typed in a spreadsheet."""
    chemin = dossier / nom
    with xlsxwriter.Workbook(chemin) as classeur:
        feuille = classeur.add_worksheet("Contacts")
        for rang, cellules in enumerate(rangees):
            for place, cellule in enumerate(cellules):
                feuille.write(rang, place, cellule)
    return chemin


def recoudre(chemin: Path, partie: str, contenu: str | bytes) -> Path:
    """The same workbook with one of its parts replaced."""
    tampon = io.BytesIO()
    with zipfile.ZipFile(chemin) as source, zipfile.ZipFile(tampon, "w", zipfile.ZIP_DEFLATED) as cible:
        assert partie in source.namelist()
        for entree in source.infolist():
            cible.writestr(entree.filename, contenu if entree.filename == partie else source.read(entree))
    chemin.write_bytes(tampon.getvalue())
    return chemin
