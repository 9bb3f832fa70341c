"""What the tests of the home page share: the lines and the cards of a page, and the lists that they lead to."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

AUTRES_PAGES = ("supervision", "echeances", "admin:raccordements_souscription_conflits")


def ouvrir(client: Client) -> Any:
    """The home page of a client."""
    reponse = client.get(reverse("admin:index"))
    assert reponse.status_code == 200
    return reponse


def lignes(client: Client) -> dict[str, Any]:
    """The lines that wait on the home page, by code, in the order of the page."""
    groupes = ouvrir(client).context["accueil"]["groupes"]
    return {une.ligne.code: une for *_, attendues in groupes for une in attendues}


def ligne(client: Client, code: str) -> Any:
    """One line; None when nothing waits there."""
    return lignes(client).get(code)


def cartes(client: Client) -> dict[str, Any]:
    """The number of each card, and its address, by code."""
    return {carte.code: (compte, carte.adresse) for carte, compte in ouvrir(client).context["accueil"]["cartes"]}


def rangs_de_la_liste(client: Client, adresse: str) -> int:
    """How many rows a list shows under the filters of its address, none of which it ignored."""
    reponse = client.get(adresse)
    assert reponse.status_code == 200, f"{adresse} : {reponse.status_code} {reponse.headers.get('Location', '')}"
    return reponse.context["cl"].result_count


def comparer(client: Client) -> dict[str, int]:
    """Open the list of each line and of each card: as many rows as was said. Returns the numbers, by code.

    The pages that are no list (supervision, radar) have tests of their own.
    """
    dits = {une.ligne.code: (une.compte.nombre, une.ligne.adresse) for une in lignes(client).values()}
    dits |= {code: (compte.nombre, adresse) for code, (compte, adresse) in cartes(client).items()}
    autres = {reverse(page) for page in AUTRES_PAGES}
    listes = {code: dit for code, dit in dits.items() if dit[1].partition("?")[0] not in autres}
    vus = {code: rangs_de_la_liste(client, adresse) for code, (_, adresse) in listes.items()}
    assert vus == {code: nombre for code, (nombre, _) in listes.items()}
    return {code: nombre for code, (nombre, _) in dits.items()}
