"""Forms of a page, read as a browser would send them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from django.test import Client


@dataclass
class Formulaire:
    """Where a form goes, and the fields it would send untouched."""

    action: str
    methode: str
    champs: dict[str, str] = field(default_factory=dict)
    textes: str = ""

    def envoyer(self, client: Client, **autres: Any) -> Any:
        """POST it with `autres` over its own fields."""
        return client.post(self.action, {**self.champs, **autres})


class _Lecteur(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.formulaires: list[Formulaire] = []
        self._ouvert: Formulaire | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        valeurs = dict(attrs)
        if tag == "form":
            self._ouvert = Formulaire(valeurs.get("action") or "", (valeurs.get("method") or "get").lower())
            self.formulaires.append(self._ouvert)
        elif self._ouvert and tag == "input" and (nom := valeurs.get("name")):
            a_cocher = valeurs.get("type") in {"radio", "checkbox"}
            if not a_cocher or "checked" in valeurs:
                # A ticked box without value is sent as "on".
                self._ouvert.champs[nom] = valeurs.get("value") or ("on" if a_cocher else "")

    def handle_data(self, data: str) -> None:
        if self._ouvert:
            self._ouvert.textes += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._ouvert = None


def formulaires(reponse: Any) -> list[Formulaire]:
    """Every form of a page."""
    lecteur = _Lecteur()
    lecteur.feed(reponse.content.decode())
    return lecteur.formulaires


def formulaire(reponse: Any, fin_d_adresse: str) -> Formulaire:
    """The form whose action ends so; fails when there is none."""
    trouves = [f for f in formulaires(reponse) if f.action.endswith(fin_d_adresse)]
    assert trouves, f"no form towards {fin_d_adresse}"
    return trouves[0]
