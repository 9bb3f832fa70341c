"""What the tests of the home page share: the lines and the cards of a page, and the lists that they lead to."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from tests.rendu import sans_rendu

AUTRES_PAGES = ("supervision", "echeances", "admin:raccordements_souscription_conflits")


def ouvrir(client: Client) -> Any:
    """The home page of a client."""
    reponse = client.get(reverse("admin:index"))
    assert reponse.status_code == 200
    return reponse


def lire(client: Client) -> dict[str, Any]:
    """What the home page of a client would draw: its groups of lines, its cards, its plots."""
    with sans_rendu():
        return client.get(reverse("admin:index")).context_data["accueil"]  # type: ignore[attr-defined, no-any-return]


def _par_code(groupes: Any) -> dict[str, Any]:
    return {une.ligne.code: une for *_, attendues in groupes for une in attendues}


def lignes(client: Client) -> dict[str, Any]:
    """The lines that wait on the home page, by code, in the order of the page."""
    return _par_code(lire(client)["groupes"])


def ligne(client: Client, code: str) -> Any:
    """One line; None when nothing waits there."""
    return lignes(client).get(code)


def cartes(client: Client) -> dict[str, Any]:
    """The number of each card, and its address, by code."""
    return {carte.code: (compte, carte.adresse) for carte, compte in lire(client)["cartes"]}


def graphiques(client: Client) -> dict[str, Any]:
    """The plots of the home page, by code."""
    return {un["graphique"].code: un["graphique"] for un in lire(client)["graphiques"]}


def rangs_de_la_liste(client: Client, adresse: str) -> int:
    """How many rows a list shows under the filters of its address, none of which it ignored."""
    with sans_rendu():
        reponse: Any = client.get(adresse)
    assert reponse.status_code == 200, f"{adresse} : {reponse.status_code} {reponse.headers.get('Location', '')}"
    return reponse.context_data["cl"].result_count


def comparer(client: Client) -> dict[str, int]:
    """Open the home page, then the list of each line and card: as many rows as was said. Returns the numbers, by code.

    The pages that are no list (supervision, radar) have tests of their own.
    """
    accueil = ouvrir(client).context["accueil"]
    dits = {code: (une.compte.nombre, une.ligne.adresse) for code, une in _par_code(accueil["groupes"]).items()}
    dits |= {carte.code: (compte.nombre, carte.adresse) for carte, compte in accueil["cartes"]}
    autres = {reverse(page) for page in AUTRES_PAGES}
    listes = {code: dit for code, dit in dits.items() if dit[1].partition("?")[0] not in autres}
    vus = {adresse: rangs_de_la_liste(client, adresse) for adresse in {adresse for _, adresse in listes.values()}}
    assert {code: vus[adresse] for code, (_, adresse) in listes.items()} == {
        code: nombre for code, (nombre, _) in listes.items()
    }
    return {code: nombre for code, (nombre, _) in dits.items()}
