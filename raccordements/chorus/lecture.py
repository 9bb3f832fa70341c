"""Reading of Chorus Pro's values, which change of type from one service to the next.

Numbers come as texts and texts as numbers, booleans as words, dates in four shapes (public clients GO and PHP, AIFE's
samples). What cannot be read is None or empty: an unknown value stays unknown.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from config.http import ErreurDefinitive

PARIS = ZoneInfo("Europe/Paris")
LONGUEUR_MAX = 300
# C0 controls and lone surrogates are valid JSON escapes and cannot be stored in PostgreSQL.
INTERDITS = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
VRAI = frozenset({"true", "1", "oui", "o", "yes", "vrai"})
FAUX = frozenset({"false", "0", "non", "n", "no", "faux"})
# `2018-02-16T15:10:28.137+01:00`, `2018-02-16`, `2016-10-25 17:42` (validity of a service), `2022-09-14 13:00:08`.
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?")


def objet(donnees: Any, source: str) -> dict[str, Any]:
    """`donnees` when it is a JSON object. Raises ErreurDefinitive."""
    if not isinstance(donnees, dict):
        raise inattendue(source)
    return donnees


def liste(donnees: Any) -> list[Any]:
    """A list; an object alone is a list of one (AIFE's own sample of listeErreurDP), anything else an empty one."""
    if isinstance(donnees, dict):
        return [donnees]
    return donnees if isinstance(donnees, list) else []


def texte(objet: dict[str, Any], nom: str, longueur: int = LONGUEUR_MAX) -> str:
    """The text of a field, at most `longueur` characters; empty when absent, null or not a scalar."""
    valeur = objet.get(nom)
    if valeur is None or isinstance(valeur, dict | list | bool):
        return ""
    return INTERDITS.sub("", str(valeur)).strip()[:longueur]


def obligatoire(objet: dict[str, Any], nom: str, source: str) -> str:
    """A text by which a record is known. Raises ErreurDefinitive when it is empty."""
    valeur = texte(objet, nom)
    if not valeur:
        raise inattendue(source)
    return valeur


def identifiant(objet: dict[str, Any], nom: str, type_identifiant: str) -> str:
    """A structure's identifier; a SIRET written as a number gets back the zeros it lost."""
    valeur = texte(objet, nom)
    nombre = isinstance(objet.get(nom), int) and type_identifiant in {"", "SIRET"}
    return valeur.zfill(14) if nombre else valeur


def entier(objet: dict[str, Any], nom: str) -> int | None:
    """A whole number, written as one, as a text or as a decimal; None otherwise."""
    valeur = texte(objet, nom, 25)
    lu = re.fullmatch(r"(-?[0-9]{1,18})(?:\.0+)?", valeur)
    return int(lu[1]) if lu else None


def numero(objet: dict[str, Any], nom: str, source: str) -> int:
    """A number by which a record is known. Raises ErreurDefinitive when it cannot be read."""
    valeur = entier(objet, nom)
    if valeur is None:
        raise inattendue(source)
    return valeur


def booleen(objet: dict[str, Any], nom: str) -> bool | None:
    """True, false, or None for anything that is not one of their usual spellings."""
    valeur = objet.get(nom)
    if isinstance(valeur, bool):
        return valeur
    mot = texte(objet, nom, 10).lower()
    return True if mot in VRAI else False if mot in FAUX else None


def moment(objet: dict[str, Any], nom: str) -> datetime | None:
    """A date and time; without an offset it is Paris time, without a time it is midnight."""
    valeur = texte(objet, nom, 40)
    if not _DATE.fullmatch(valeur):
        return None
    try:
        lu = datetime.fromisoformat(valeur.replace(",", "."))
        lu = lu if lu.tzinfo else lu.replace(tzinfo=PARIS)
        # At both ends of the calendar another zone has no such day.
        for zone in (UTC, PARIS):
            lu.astimezone(zone)
    except (ValueError, OverflowError):
        return None
    return lu


def jour(objet: dict[str, Any], nom: str) -> date | None:
    """The day of a date, in Paris."""
    lu = moment(objet, nom)
    return lu.astimezone(PARIS).date() if lu else None


def inattendue(source: str) -> ErreurDefinitive:
    """The error for an answer that does not have the documented shape."""
    return ErreurDefinitive(
        f"La réponse de Chorus Pro ({source}) n’a pas la forme attendue : le contrat de l’API a peut-être changé. "
        "Signalez-le à un administrateur avec la réponse gardée dans l’appel."
    )
