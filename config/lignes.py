"""CSV of lines that Python holds (a plan, the outcome of a lot), in the shape of the exports of `config.exports`."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header

LIGNES_PAR_PAQUET = 1000
# What a spreadsheet runs: = + - @ (full-width too) even after blanks, a tab, a carriage return (OWASP, CSV Injection).
FORMULE = re.compile(r"\s*[=+@\-\uff1d\uff0b\uff0d\uff20]|[\t\r]")

Cellule = str | int | datetime | None


def inerte(valeur: Cellule) -> str | int:
    """The cell as a spreadsheet shows it and never runs it; Europe/Paris hours; a number stays a number."""
    if isinstance(valeur, datetime):
        return f"{timezone.localtime(valeur):%d/%m/%Y %H:%M}"
    if isinstance(valeur, str) and FORMULE.match(valeur):
        return f"'{valeur}"
    return "" if valeur is None else valeur


def exporter_lignes(nom: str, titres: Sequence[str], lignes: Iterable[Sequence[Cellule]]) -> StreamingHttpResponse:
    """`lignes` under `titres`, streamed as `<nom>_<aaaa-mm-jj>.csv`: `;`, UTF-8 with BOM, CRLF, inert formulas."""
    reponse = StreamingHttpResponse(_paquets(titres, lignes), content_type="text/csv; charset=utf-8")
    reponse["Content-Disposition"] = content_disposition_header(True, f"{nom}_{timezone.localdate():%Y-%m-%d}.csv")
    reponse["Cache-Control"] = "no-store"
    return reponse


def _paquets(titres: Sequence[str], lignes: Iterable[Sequence[Cellule]]) -> Iterator[bytes]:
    tampon = io.StringIO()
    ecrivain = csv.writer(tampon, delimiter=";", lineterminator="\r\n")
    tampon.write("\ufeff")
    ecrivain.writerow(titres)
    rangees = ([inerte(cellule) for cellule in ligne] for ligne in lignes)
    while True:
        ecrivain.writerows(islice(rangees, LIGNES_PAR_PAQUET))
        if not (paquet := tampon.getvalue()):
            return
        yield paquet.encode()
        tampon.seek(0)
        tampon.truncate()
