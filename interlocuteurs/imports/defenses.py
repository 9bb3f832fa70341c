"""What a file from outside may cost its reader, and the traps looked for before opening it. No Django here.

An XLSX is a ZIP of XML parts: it can unfold into gigabytes (zip bomb), or declare entities that multiply (entity bomb).
Measured with openpyxl 3.1.5: an entity bomb raises ParseError after about 240 MB; hence the ceiling on memory as well.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

SIGNATURE_ZIP = b"PK\x03\x04"
#: Compound file: the former .xls, and every workbook protected by a password.
SIGNATURE_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PARTIES_MAX = 2000
#: The bytes of all the parts once unfolded; 20,000 contacts make about ten million.
DEPLIE_MAX = 256 * 2**20
SORTIE_MAX = 128 * 2**20
MORCEAU = 64 * 2**10


class Refus(Exception):
    """A file that cannot be read. `code` is a key of `lecteur.REFUS`, `faits` fill its sentences."""

    def __init__(self, code: str, **faits: str | int) -> None:
        super().__init__(code)
        self.code, self.faits = code, faits


@dataclass(frozen=True, slots=True, kw_only=True)
class Limites:
    """Ceilings of one reading: data lines, columns, bytes of memory, seconds of computing."""

    lignes: int
    colonnes: int
    memoire: int
    secondes: int


def nature_reelle(chemin: Path, extension: str) -> str:
    """`csv` or `xlsx`, from the bytes of the file and not from its name alone.

    Raises Refus: `vide`, `ancien`, `extension`, `inconnue`.
    """
    with chemin.open("rb") as fichier:
        debut = fichier.read(8)
    if not debut:
        raise Refus("vide")
    if debut.startswith(SIGNATURE_OLE):
        raise Refus("ancien")
    est_zip = debut.startswith(SIGNATURE_ZIP)
    if extension in {"csv", "txt"}:
        if est_zip:
            raise Refus("extension", extension=extension)
        return "csv"
    if extension != "xlsx":
        raise Refus("inconnue", extension=extension)
    if not est_zip:
        raise Refus("extension", extension=extension)
    return "xlsx"


def verifier_archive(chemin: Path) -> None:
    """Look for the traps of an XLSX without unfolding it. Raises Refus: `illisible`, `bombe`, `entites`.

    The sizes that the directory declares bind `zipfile`: it gives no byte beyond them.
    """
    try:
        with zipfile.ZipFile(chemin) as archive:
            parties = archive.infolist()
            if len(parties) > PARTIES_MAX or sum(partie.file_size for partie in parties) > DEPLIE_MAX:
                raise Refus("bombe")
            if not {"[Content_Types].xml", "xl/workbook.xml"} <= set(archive.namelist()):
                raise Refus("illisible")
            for partie in parties:
                if partie.filename.endswith((".xml", ".rels")):
                    _refuser_doctype(archive, partie)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError) as exc:
        raise Refus("illisible") from exc


class _Racine(Exception):
    """The root element was reached: no document type can follow it."""


def _refuser_doctype(archive: zipfile.ZipFile, partie: zipfile.ZipInfo) -> None:
    """An office document never has a document type declaration, the only place where entities are declared."""

    def refuser(*_: object) -> None:
        raise Refus("entites")

    def arreter(*_: object) -> None:
        raise _Racine

    lecteur = expat.ParserCreate()
    lecteur.StartDoctypeDeclHandler = refuser
    lecteur.StartElementHandler = arreter
    try:
        with archive.open(partie) as flux:
            while morceau := flux.read(MORCEAU):
                lecteur.Parse(morceau)
    except _Racine:
        return
    except expat.ExpatError as exc:
        raise Refus("illisible") from exc
