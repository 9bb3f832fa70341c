"""What was not imported, as a file to correct and to send again: the original columns, then the reason."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

import xlsxwriter
from django.http import FileResponse, StreamingHttpResponse
from django.utils import timezone

from config.exports import CARACTERES_PAR_CELLULE, TYPE_XLSX
from config.lignes import exporter_lignes
from interlocuteurs.imports.correspondance import MOTIF_DU_REJET, lettre
from interlocuteurs.models import ImportInterlocuteurs, LigneImport

Issue, Verdict = LigneImport.Issue, LigneImport.Verdict


def rejets_csv(importation: ImportInterlocuteurs) -> StreamingHttpResponse:
    """The rejected lines as CSV. An apostrophe makes inert what a spreadsheet would run; the import takes it off."""
    return exporter_lignes(_nom(importation), _titres(importation), _rejets(importation))


def rejets_xlsx(importation: ImportInterlocuteurs) -> FileResponse:
    """The rejected lines as text cells, exactly as they came: a spreadsheet keeps the leading zeros of codes."""
    fichier = tempfile.TemporaryFile(suffix=".xlsx")  # noqa: SIM115  closed by the response
    try:
        _ecrire(fichier, [_titres(importation), *_rejets(importation)])
    except BaseException:
        fichier.close()
        raise
    fichier.seek(0)
    nom = f"{_nom(importation)}_{timezone.localdate():%Y-%m-%d}.xlsx"
    reponse = FileResponse(fichier, as_attachment=True, filename=nom, content_type=TYPE_XLSX)
    reponse["Cache-Control"] = "no-store"
    return reponse


def toutes_csv(importation: ImportInterlocuteurs) -> StreamingHttpResponse:
    """Every line with its verdict, for the preview and the result."""
    titres = ["Ligne", "Verdict", "Motif", *_entetes(importation)]
    return exporter_lignes(f"import_{importation.pk}", titres, _toutes(importation))


def _nom(importation: ImportInterlocuteurs) -> str:
    return f"import_{importation.pk}_rejets"


def _entetes(importation: ImportInterlocuteurs) -> list[str]:
    return [titre or f"Colonne {lettre(place)}" for place, titre in enumerate(importation.entetes)]


def _titres(importation: ImportInterlocuteurs) -> list[str]:
    return [*importation.entetes, MOTIF_DU_REJET]


def _rejets(importation: ImportInterlocuteurs) -> Iterator[list[str]]:
    lignes = importation.lignes.rejets().values_list("cellules", "motif")
    for cellules, motif in lignes.iterator(chunk_size=2000):
        yield [*_completer(cellules, len(importation.entetes)), motif]


def _toutes(importation: ImportInterlocuteurs) -> Iterator[list[str | int]]:
    lignes = importation.lignes.order_by("numero").values_list("numero", "verdict", "issue", "motif", "cellules")
    for numero, verdict, issue, motif, cellules in lignes.iterator(chunk_size=2000):
        libelle = Issue(issue).label if issue else Verdict(verdict).label if verdict else ""
        yield [numero, str(libelle), motif, *_completer(cellules, len(importation.entetes))]


def _completer(cellules: Sequence[str], largeur: int) -> list[str]:
    """The cells under the headings; those beyond them have no column."""
    return [*cellules[:largeur], *[""] * (largeur - len(cellules))]


def _ecrire(fichier: Any, rangees: Sequence[Sequence[str]]) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(fichier, options) as classeur:
        feuille = classeur.add_worksheet("Rejets")
        feuille.freeze_panes(1, 0)
        texte = classeur.add_format({"num_format": "@"})
        for rang, cellules in enumerate(rangees):
            for place, cellule in enumerate(cellules):
                feuille.write_string(rang, place, cellule[:CARACTERES_PAR_CELLULE], texte)
