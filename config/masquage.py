"""Masking of secrets in everything that is kept or shown: headers, addresses, bodies, log lines.

Two means, used together: a secret is recognised by the *name* it is given (header, JSON key, query parameter), and by
its *value* when the caller knows it. A masked value is `•••` as a whole, never a part of it.
"""

from __future__ import annotations

import base64
import html
import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus, unquote

MASQUE = "•••"

# `cpro-account` is Chorus Pro's technical account, login and password in base64; `sig` signs an Azure storage address.
_NOM = (
    r"(?<![\w.\-])(?:"
    r"[\w.\-]{0,40}?(?:secret|passw(?:or)?d|mot_?de_?passe|token|jeton|authorization|cookie|cpro-?account|signature"
    r"|credential|cle_abonnement|apikey|connection_?data)[\w.\-]{0,40}"
    r"|[\w.\-]{0,40}?(?:key|sig|client_assertion|pwd|mdp)"
    r")(?![\w.\-])"
)
_NOM_SEUL = re.compile(_NOM, re.IGNORECASE)
_PORTEUR = re.compile(r"\b(Bearer|Basic)\s+[^\s\"',;<>]+", re.IGNORECASE)
# Loop's full key is `key:client secret`; the public part is upper-case letters and digits in every published sample.
_CLE_COMPLETE = re.compile(r"\b[A-Z0-9]{16,64}:[^\s\"'<>,;&]+")
_ENTRE_GUILLEMETS = re.compile(
    rf"""(?P<debut>{_NOM}\\?["']\s*[:,=]\s*b?)(?P<valeur>\\?"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[^\s,}}\]]+)""",
    re.IGNORECASE | re.DOTALL,
)
_EGAL = re.compile(rf"""(?P<debut>{_NOM}=)(?P<valeur>"[^"]*"?|'[^']*'?|[^\s&"'<>#]+)""", re.IGNORECASE)
_DEUX_POINTS = re.compile(rf"(?P<debut>{_NOM}\s?:\s*)(?P<valeur>[^\r\n]+)", re.IGNORECASE)
_PARAMETRE = re.compile(r"(?P<debut>[?&;#](?P<nom>[^=&;#?]+)=)(?P<valeur>[^&#]*)")
_IDENTITE = re.compile(r"(?<=://)[^/?#@\s]+@")
# The address of a private calendar is its secret: /agenda/<token>.ics.
_AGENDA = re.compile(r"(?<=/agenda/)[^/\s?#\"'<>]{8,}")
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=")


@lru_cache(maxsize=512)
def nom_sensible(nom: str) -> bool:
    """Whether a header, a JSON key or a query parameter of this name carries a secret."""
    return _NOM_SEUL.fullmatch(nom.strip()) is not None


def masquer_texte(texte: str, secrets: Iterable[str] = ()) -> str:
    """Mask, in free text, the known `secrets` and whatever stands in the place of one.

    Recognised places: `name=value`, `name: value` (to the end of the line), quoted pairs, `Bearer …`, `Basic …`,
    Loop's `key:client secret` and the address of a private calendar.
    """
    texte = _masquer_valeurs(texte, secrets)
    texte = _PORTEUR.sub(rf"\1 {MASQUE}", texte)
    if "/agenda/" in texte:
        texte = _AGENDA.sub(MASQUE, texte)
    # Most texts are header values without any of these: looking for one character is a hundred times cheaper.
    if ":" in texte:
        texte = _CLE_COMPLETE.sub(MASQUE, texte)
    if '"' in texte or "'" in texte:
        texte = _ENTRE_GUILLEMETS.sub(_remplacer, texte)
    if "=" in texte:
        texte = _EGAL.sub(_remplacer, texte)
    return _DEUX_POINTS.sub(_remplacer, texte) if ":" in texte else texte


def masquer_entetes(entetes: Mapping[str, str], secrets: Iterable[str] = ()) -> dict[str, str]:
    """Headers with the secret ones replaced by the mask, the others cleaned as free text."""
    secrets = tuple(secrets)
    return {nom: MASQUE if nom_sensible(nom) else masquer_texte(valeur, secrets) for nom, valeur in entetes.items()}


def masquer_adresse(adresse: str, secrets: Iterable[str] = ()) -> str:
    """An address without the secrets of its query string nor its `user:password@`; the rest is kept as written."""

    def parametre(trouve: re.Match[str]) -> str:
        return _remplacer(trouve) if nom_sensible(unquote(trouve["nom"])) else trouve[0]

    adresse = _PARAMETRE.sub(parametre, _masquer_valeurs(adresse, secrets))
    return _IDENTITE.sub(f"{MASQUE}@", adresse)


def masquer_corps(texte: str, secrets: Iterable[str] = ()) -> str:
    """A request or answer body without its secrets.

    JSON is masked by key at every depth and written back compact; anything else, a truncated JSON included, is masked
    as free text. The known `secrets` are removed in both, whatever their encoding (see `_formes`).
    """
    secrets = tuple(secrets)
    try:
        return _masquer_valeurs(json.dumps(_masquer_donnees(json.loads(texte), secrets), ensure_ascii=False), secrets)
    except (ValueError, RecursionError):
        return masquer_texte(texte, secrets)


def masquer_connus(texte: str, secrets: Iterable[str]) -> str:
    """`texte` without the known `secrets`, otherwise verbatim."""
    return _masquer_valeurs(texte, secrets)


class FiltreMasque(logging.Filter):
    """Logging filter that masks the message, its arguments, the traceback and the stack of every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            # Left to itself, logging prints a record it cannot format raw, arguments included.
            message = f"{record.msg} {record.args!r}"
        record.msg, record.args = masquer_texte(message), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        # A formatter prints `exc_text` first; without `exc_info` none can rebuild the unmasked text.
        record.exc_info = None
        if record.exc_text:
            record.exc_text = masquer_texte(record.exc_text)
        if record.stack_info:
            record.stack_info = masquer_texte(record.stack_info)
        return True


def _remplacer(trouve: re.Match[str]) -> str:
    valeur = trouve["valeur"]
    guillemet = valeur[0] if valeur[:1] in {'"', "'"} else ""
    return f"{trouve['debut']}{guillemet}{MASQUE}{guillemet}"


def _masquer_donnees(donnees: Any, secrets: tuple[str, ...]) -> Any:
    if isinstance(donnees, dict):
        return {
            _masquer_valeurs(nom, secrets): MASQUE
            if nom_sensible(nom) and valeur not in (None, "")
            else _masquer_donnees(valeur, secrets)
            for nom, valeur in donnees.items()
        }
    if isinstance(donnees, list):
        return [_masquer_donnees(valeur, secrets) for valeur in donnees]
    return masquer_texte(donnees, secrets) if isinstance(donnees, str) else donnees


def _masquer_valeurs(texte: str, secrets: Iterable[str]) -> str:
    """Replace every occurrence of every form of the secrets; occurrences that overlap make one mask."""
    formes, noyaux = _formes(tuple(secrets))
    zones = [(debut, debut + len(forme)) for forme in formes for debut in _positions(texte, forme)]
    zones += [_mot_base64(texte, debut, debut + len(noyau)) for noyau in noyaux for debut in _positions(texte, noyau)]
    zones += [(len(texte) - reste, len(texte)) for forme in formes if (reste := _debut_en_fin(texte, forme))]
    if not zones:
        return texte
    morceaux, fin = [], 0
    for debut, arret in sorted(zones):
        if debut >= fin:
            morceaux += [texte[fin:debut], MASQUE]
        fin = max(fin, arret)
    return "".join([*morceaux, texte[fin:]])


def _positions(texte: str, forme: str) -> Iterator[int]:
    position = texte.find(forme)
    while position >= 0:
        yield position
        position = texte.find(forme, position + 1)


def _mot_base64(texte: str, debut: int, fin: int) -> tuple[int, int]:
    while debut and texte[debut - 1] in _BASE64:
        debut -= 1
    while fin < len(texte) and texte[fin] in _BASE64:
        fin += 1
    return debut, fin


def _debut_en_fin(texte: str, forme: str) -> int:
    """Length of the beginning of a secret on which a cut text ends, 0 when under half of it or 4 characters."""
    plancher = min(4, len(forme) // 2 + 1)
    if forme[:plancher] not in texte[-len(forme) :]:
        return 0
    return next(
        (n for n in range(min(len(forme) - 1, len(texte)), plancher - 1, -1) if texte.endswith(forme[:n])),
        0,
    )


@lru_cache(maxsize=32)
def _formes(secrets: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Written forms of the secrets (as is, URL, JSON, HTML), and the cores that betray them inside a base64 word.

    A secret inside a longer text (`login:secret`) has three base64 spellings according to its offset modulo 3; the
    first and last characters of each depend on the neighbours and are left out of the core.
    """
    formes: set[str] = set()
    noyaux: set[str] = set()
    for secret in filter(None, secrets):
        adresses = {quote(secret, safe="", errors="replace"), quote(secret, errors="replace")}
        adresses.add(quote_plus(secret, errors="replace"))
        formes |= adresses | {re.sub(r"%..", lambda trouve: trouve[0].lower(), adresse) for adresse in adresses}
        formes |= {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], html.escape(secret)}
        octets = secret.encode(errors="replace")
        for encoder in (base64.b64encode, base64.urlsafe_b64encode):
            formes.add(encoder(octets).decode().rstrip("="))
        for decalage, perdus in ((0, 0), (1, 2), (2, 3)):
            surs = (decalage + len(octets)) * 8 // 6
            for encoder in (base64.b64encode, base64.urlsafe_b64encode):
                noyaux.add(encoder(b"\0" * decalage + octets).decode()[perdus:surs])
    return tuple(formes), tuple(noyau for noyau in noyaux if len(noyau) >= 6)
