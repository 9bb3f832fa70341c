"""Refuses malformed addresses and cookies before any view, session or query reads them."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

LONGUEUR_REQUETE = 4096
"""Characters of a query string: every filter of a list fits in a tenth of it; gunicorn's own limit is a whole line."""

# PostgreSQL refuses NUL in a text. A tab or a line end comes with a pasted search term and harms nobody.
INTERDITS_REQUETE = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
INTERDITS_CHEMIN = re.compile(r"[\x00-\x1f\x7f\ufffd]")
INTERDITS_TEMOIN = re.compile(r"[\x00-\x1f\x7f]")


class EntreeSaineMiddleware:
    """Answers 400, with a French page, to an address or a cookie that no page of the product can have written.

    Refused: control characters and invalid UTF-8 in the path, the query string or a cookie (a quoted cookie may hold
    `\\000`), and a query string over `LONGUEUR_REQUETE` characters. Bodies are read by the forms, which refuse NUL.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if motif := self._motif(request):
            return render(request, "400.html", {"motif": motif}, status=400)
        return self.get_response(request)

    def _motif(self, request: HttpRequest) -> str:
        requete = request.META.get("QUERY_STRING", "")
        if len(requete) > LONGUEUR_REQUETE:
            return "elle est trop longue"
        octets = unquote_to_bytes(requete.replace("+", " "))
        if INTERDITS_REQUETE.search(octets) or INTERDITS_CHEMIN.search(request.path_info):
            return "elle contient un caractère interdit"
        if not _est_utf8(octets) or _est_recode(request.path_info):
            return "elle contient des octets illisibles"
        if any(INTERDITS_TEMOIN.search(valeur) for valeur in request.COOKIES.values()):
            return "un témoin de connexion (cookie) contient un caractère interdit"
        return ""


def _est_utf8(octets: bytes) -> bool:
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True


def _est_recode(chemin: str) -> bool:
    # Django writes each undecodable byte of a path back as `%FF`; no route of the product has a `%` in its path.
    return re.search(r"%[89A-Fa-f][0-9A-Fa-f]", chemin) is not None
