"""E-mail addresses and names as they are kept: one spelling, nothing that the eye does not see.

An address is what Loop knows a contact by (API Cabinet guide: no identifier in the bodies of addClient, updateClient
nor removeApplication), so two spellings of one address would be two contacts. It is kept in lower case, its domain as
punycode.
"""

from __future__ import annotations

import re
import unicodedata

import idna
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

LONGUEUR_COURRIEL = 254
# Control, format (bidi marks, zero-width), lone surrogate, private and unassigned characters.
CATEGORIES_INVISIBLES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters and marks that show nothing: grapheme joiner, Hangul and Khmer fillers, variation selectors, braille blank.
BLANCS = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
PARTIE_LOCALE = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_valider = EmailValidator(allowlist=[])


def normaliser_courriel(texte: str) -> str:
    """The one spelling of an address.

    Raises
    ------
    ValidationError:
        Codes `invisible`, `espace`, `forme`, `local`, `domaine`, `longueur`; what happened, why, what to do.
    """
    courriel = texte.strip()
    if _invisible(courriel):
        raise _refus(
            "elle contient un caractère invisible, sans doute venu d’un copier-coller",
            "invisible",
            "Tapez-la au clavier.",
        )
    if re.search(r"\s", courriel):
        raise _refus("elle contient une espace", "espace", "Retirez l’espace.")
    local, arobase, domaine = courriel.rpartition("@")
    local = local.lower()
    if not arobase or not local or not domaine or "@" in local:
        raise _refus("elle n’a pas la forme nom@domaine", "forme", "Corrigez-la, par exemple prenom.nom@exemple.fr.")
    if not PARTIE_LOCALE.fullmatch(local):
        raise _refus(
            "la partie avant l’arobase contient un accent ou un signe que Cegid ne peut pas recevoir",
            "local",
            "Demandez à la personne une adresse sans accent.",
        )
    try:
        ascii_ = idna.encode(domaine, uts46=True, std3_rules=True).decode("ascii").lower()
        courriel = f"{local}@{ascii_}"
        _valider(courriel)
    except (idna.IDNAError, UnicodeError, ValidationError) as exc:
        raise _refus("son domaine, après l’arobase, n’existe pas sous cette forme", "domaine", "Corrigez-le.") from exc
    if len(courriel) > LONGUEUR_COURRIEL:
        raise _refus(f"elle dépasse {LONGUEUR_COURRIEL} caractères", "longueur", "Vérifiez-la.")
    return courriel


def afficher_courriel(courriel: str) -> str:
    """A kept address with its domain readable: `accueil@éléphant.exemple` for `accueil@xn--lphant-9uab.exemple`."""
    local, arobase, domaine = courriel.rpartition("@")
    try:
        return f"{local}{arobase}{idna.decode(domaine)}"
    except (idna.IDNAError, UnicodeError):
        return courriel


def normaliser_nom(texte: str) -> str:
    """A name in its composed Unicode form, single spaces. Raises ValidationError for invisible characters."""
    nom = " ".join(unicodedata.normalize("NFC", texte).split())
    if _invisible(nom):
        raise ValidationError(
            "Le nom n’a pas été accepté : il contient un caractère invisible, sans doute venu d’un copier-coller. "
            "Effacez-le et tapez-le au clavier.",
            code="invisible",
        )
    return nom


def _invisible(texte: str) -> bool:
    return bool(BLANCS.search(texte)) or any(unicodedata.category(c) in CATEGORIES_INVISIBLES for c in texte)


def _refus(cause: str, code: str, remede: str) -> ValidationError:
    return ValidationError(f"L’adresse e-mail n’a pas été acceptée : {cause}. {remede}", code=code)
