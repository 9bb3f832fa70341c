"""Telephone numbers: read as people type them in France, stored as E.164, shown and sent in the French way.

Rules (ARCEP numbering plan; libphonenumber, measured with version 9.0.42):

- a number without country code is dialled from France: ten digits, the first a zero. Overseas numbers are dialled the
  same way but have their own country code, so each is tried in its own region: FR, then RE, GP, MQ, GF, YT, PM;
- some prefixes are overseas ones although libphonenumber takes their numbers for metropolitan (0269, 0508, 0596, 0639);
- the numbers of Saint-Pierre-et-Miquelon are six digits behind 0508;
- Cegid's own sample (0705060302, API Cabinet guide) is possible but not valid for libphonenumber: what is possible is
  accepted, what is not valid is only warned about.
"""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from django.core.exceptions import ValidationError
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

REGIONS = ("FR", "RE", "GP", "MQ", "GF", "YT", "PM")
#: Country codes of the French numbering plan.
INDICATIFS = frozenset({33, 262, 508, 590, 594, 596})
SAINT_PIERRE = "508"
#: Prefixes that the plan gives to overseas territories, and their country codes.
OUTREMER = {
    "0262": 262,
    "0263": 262,
    "0269": 262,
    "0639": 262,
    "0692": 262,
    "0693": 262,
    "0508": 508,
    "0590": 590,
    "0690": 590,
    "0691": 590,
    "0594": 594,
    "0694": 594,
    "0596": 596,
    "0696": 596,
    "0697": 596,
}
LONGUEUR_MAX = 60
SEPARATEURS = frozenset({"Zs", "Zl", "Zp", "Pd", "Cc", "Cf"})
MOBILES = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


def lire_telephone(texte: str) -> str:
    """The E.164 form of a number as typed: spaces of any kind, dots, dashes, slashes, `(0)`, `0033` and `+33`.

    An empty text stays empty.

    Raises
    ------
    ValidationError:
        Codes `illisible`, `impossible`; what happened, why, what to do.
    """
    compact = _compacter(texte)
    if not compact:
        return ""
    if not re.fullmatch(r"\+?[0-9]+", compact):
        raise ValidationError(
            "Le numéro de téléphone n’a pas été compris : il contient autre chose que des chiffres, des espaces, des "
            "points, des tirets ou l’indicatif +33. Écrivez-le comme 07 05 06 03 02.",
            code="illisible",
        )
    numero = _francais(compact) if compact.startswith("0") else _analyser(compact)
    if numero is None:
        raise ValidationError(
            "Le numéro de téléphone n’a pas été accepté : il n’a pas le bon nombre de chiffres pour son pays. "
            "Écrivez 10 chiffres pour la France (07 05 06 03 02), ou commencez par l’indicatif du pays (+32…).",
            code="impossible",
        )
    return phonenumbers.format_number(numero, PhoneNumberFormat.E164)


def avertissement(e164: str) -> str:
    """What to warn about a stored number, as a French sentence; empty for one that looks attributed."""
    if not e164 or phonenumbers.is_valid_number(phonenumbers.parse(e164)):
        return ""
    return "Ce numéro est possible mais n’appartient à aucune tranche attribuée connue : vérifiez-le."


def est_mobile(e164: str) -> bool:
    """Whether a stored number is a mobile one; in the French plan, 06 and 07 say so whatever libphonenumber knows."""
    numero = phonenumbers.parse(e164)
    if numero.country_code in INDICATIFS:
        return str(numero.national_number)[0] in "67"
    return phonenumbers.number_type(numero) in MOBILES


def afficher_telephone(e164: str) -> str:
    """`07 05 06 03 02` for a French or overseas number, `+32 2 555 12 12` for any other."""
    if not e164:
        return ""
    if national := _forme_nationale(e164):
        return " ".join(national[rang : rang + 2] for rang in range(0, 10, 2))
    return phonenumbers.format_number(phonenumbers.parse(e164), PhoneNumberFormat.INTERNATIONAL)


def pour_loop(e164: str) -> str:
    """The ten national digits of a French or overseas number, as the API Cabinet guide shows; E.164 for any other."""
    return _forme_nationale(e164) or e164


def motif(e164: str) -> str:
    """Regular expression of a number however it is written: national or international, separators or not.

    Fit for Python and for PostgreSQL; it does not look at what stands before and after.
    """
    numero = phonenumbers.parse(e164)
    separes = r"[\s./()-]*".join
    national, indicatif = str(numero.national_number), str(numero.country_code)
    chiffres = "0" * bool(numero.italian_leading_zero) + national
    international = rf"(\+|00)[\s(]*{indicatif}[\s./)-]*(\(0\))?[\s./-]*{separes(chiffres)}"
    return rf"({international}|{separes(ici)})" if (ici := _forme_nationale(e164)) else international


def _compacter(texte: str) -> str:
    if len(texte) > LONGUEUR_MAX:
        return "?"
    normal = unicodedata.normalize("NFKC", texte)
    # Address books wrap a copied number in invisible direction marks.
    visible = "".join(c for c in normal if unicodedata.category(c) not in SEPARATEURS)
    compact = re.sub(r"[./\u2212]", "", visible)
    if compact.startswith("00"):
        compact = f"+{compact[2:]}"
    return re.sub(r"[()]", "", re.sub(r"^(\(?\+[0-9]{1,3}\)?)\(0\)", r"\1", compact))


def _francais(compact: str) -> PhoneNumber | None:
    """A number dialled from France, in the region where it is attributed; else in France when it is possible there."""
    if indicatif := OUTREMER.get(compact[:4]):
        chiffres = compact[4:] if str(indicatif) == SAINT_PIERRE else compact[1:]
        return _analyser(f"+{indicatif}{chiffres}")
    lus = [numero for region in REGIONS if (numero := _analyser(compact, region))]
    valides = (numero for numero in lus if phonenumbers.is_valid_number(numero))
    en_france = lus[0] if lus and lus[0].country_code == 33 else None
    return next(valides, en_france)


def _analyser(compact: str, region: str | None = None) -> PhoneNumber | None:
    if region is None and not compact.startswith("+"):
        return None
    try:
        numero = phonenumbers.parse(compact, region)
    except NumberParseException:
        return None
    if not phonenumbers.is_possible_number(numero) or not _longueur_juste(numero):
        return None
    if numero.country_code == 33 and region is None:
        # People write +33 before overseas numbers too.
        return _francais(f"0{numero.national_number}")
    return numero


def _longueur_juste(numero: PhoneNumber) -> bool:
    """In the French plan, nine digits behind the country code (six in Saint-Pierre); libphonenumber lets eight pass."""
    if numero.country_code not in INDICATIFS:
        return True
    longueurs = {6, 9} if str(numero.country_code) == SAINT_PIERRE else {9}
    return not numero.italian_leading_zero and len(str(numero.national_number)) in longueurs


def _forme_nationale(e164: str) -> str:
    """Ten digits that read back as `e164`, or an empty text."""
    if not e164:
        return ""
    numero = phonenumbers.parse(e164)
    chiffres = str(numero.national_number)
    if numero.country_code not in INDICATIFS:
        return ""
    saint_pierre = str(numero.country_code) == SAINT_PIERRE and len(chiffres) == 6
    national = f"0{SAINT_PIERRE}{chiffres}" if saint_pierre else f"0{chiffres}"
    if len(national) != 10:
        return ""
    relu = _francais(national)
    return national if relu and phonenumbers.format_number(relu, PhoneNumberFormat.E164) == e164 else ""
