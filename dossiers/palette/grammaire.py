"""Verb, then object: what a line typed in the palette means.

The first words are matched with those of the verbs, in any order, by their beginnings; what is left is the object, kept
as it was typed. A line that no verb explains is a search.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from dossiers.admin import navigation
from dossiers.palette.registre import Commande, Proposition, normaliser, permises

LONGUEUR_TEXTE = 200
PROPOSITIONS = 12
#: A shorter beginning would call half of the verbs.
DEBUT = 2
MOT = re.compile(r"\S+")
VIDES = frozenset({"a", "au", "aux", "d", "de", "des", "du", "en", "et", "l", "la", "le", "les", "un", "une", "sur"})


def proposer(request: HttpRequest, texte: str) -> list[Proposition]:
    """What a line leads to, the best first; the search of its whole text comes last.

    Every address is one that the person may open, and objects are those of their portfolio. An empty line gives the
    verbs, then the pages of the menu.
    """
    texte = " ".join(texte.replace("\0", "").split())[:LONGUEUR_TEXTE]
    if not texte:
        return [*(commande.seule() for commande in permises(request.user)), *_pages(request, "")]
    trouvees: list[tuple[int, int, Proposition]] = []
    for rang, commande in enumerate(permises(request.user)):
        compris, objet = _lire(texte, commande.mots)
        if not compris:
            continue
        for proposition in _resoudre(request, commande, objet):
            trouvees.append((-compris, rang, proposition))
    trouvees.sort(key=lambda trouvee: trouvee[:2])
    propositions = [proposition for _, _, proposition in trouvees] + _pages(request, texte)
    uniques = {(une.libelle, une.adresse): une for une in propositions}
    return [*list(uniques.values())[: PROPOSITIONS - 1], recherche(texte)]


def recherche(texte: str) -> Proposition:
    """The global search of a text."""
    return Proposition(
        libelle=f"Rechercher « {texte} »",
        adresse=f"{reverse('recherche')}?{urlencode({'q': texte})}",
        detail="Dossiers, interlocuteurs, structures, opérations",
        icone="search",
    )


def _lire(texte: str, mots: Sequence[str]) -> tuple[int, str]:
    """How many letters of the line the words of a verb explain, and what is left: its object."""
    vocabulaire = {normaliser(mot) for mot in mots}
    compris, fin = 0, 0
    for trouve in MOT.finditer(texte):
        morceaux = [m for m in normaliser(trouve[0]).split() if m not in VIDES]
        if morceaux and not all(_commence(morceau, vocabulaire) for morceau in morceaux):
            break
        compris += sum(map(len, morceaux))
        fin = trouve.end()
    return compris, texte[fin:].strip()


def _commence(morceau: str, vocabulaire: set[str]) -> bool:
    return len(morceau) >= DEBUT and any(mot.startswith(morceau) for mot in vocabulaire)


def _resoudre(request: HttpRequest, commande: Commande, objet: str) -> list[Proposition]:
    if not objet:
        return [commande.seule()]
    return list(commande.viser(request, objet)) if commande.viser else []


def _pages(request: HttpRequest, texte: str) -> list[Proposition]:
    """The pages of the menu, which knows what the person may open."""
    cherches = normaliser(texte).split()
    return [
        Proposition(
            libelle=f"Aller à : {entree['title']}", adresse=entree["link"], detail=groupe["title"], icone=entree["icon"]
        )
        for groupe in navigation.menu(request)
        for entree in groupe["items"]
        if all(any(mot.startswith(c) for mot in normaliser(entree["title"]).split()) for c in cherches)
    ]
