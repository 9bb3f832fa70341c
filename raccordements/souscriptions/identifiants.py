"""Addressing lines: reading their parts, rendering their identifier, and telling which line a text designates.

Sources: AFNOR XP Z12-013, Directory Service 1.3.0 (levels; SIREN 9 digits, SIRET 14, routing code and suffix at most
100 characters, identifier at most 125); BR-FR-23 and BR-FR-24 (characters). The directory allows `/` and not `.`, the
rules of the invoice `.` and not `/`: only what both allow is accepted, `[A-Za-z0-9_-]`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from django.core.exceptions import ValidationError

from dossiers import sirene
from raccordements.od.schemas import Ligne
from raccordements.od.schemas import Niveau as NiveauOD
from raccordements.souscriptions.etapes import Niveau

LONGUEUR_CODE = 100
LONGUEUR_IDENTIFIANT = 125
FORME_CODE = r"^[A-Za-z0-9_-]{1,100}$"
#: `SIREN_` and such a suffix would read as a SIRET, or as a SIRET and its routing code.
SUFFIXE_AMBIGU = r"^[0-9]{14}(_|$)"

_CODE = re.compile(r"[A-Za-z0-9_-]{1,100}")
_IDENTIFIANT = re.compile(r"([0-9]{9})(?:_([0-9]{14})(?:_(.+))?|_(.+))?")
_REQUIS = {
    Niveau.SIREN: (),
    Niveau.SIRET: ("siret",),
    Niveau.CODE_ROUTAGE: ("siret", "code_routage"),
    Niveau.SUFFIXE: ("suffixe",),
}
_NOMS = {"siret": "SIRET", "code_routage": "code de routage", "suffixe": "suffixe"}
#: Words of a level, without case, accents nor signs: the directory's, Cegid's as printed (« Siren (Siret + Siret) »,
#: « Suffix (Siret + Suffix) »: docs/decisions/0015), and those of the screens.
_ALIAS: dict[str, Niveau] = {
    "siren": Niveau.SIREN,
    "siretsiret": Niveau.SIREN,
    "sirensiretsiret": Niveau.SIREN,
    "siret": Niveau.SIRET,
    "sirensiret": Niveau.SIRET,
    "routingcode": Niveau.CODE_ROUTAGE,
    "codederoutage": Niveau.CODE_ROUTAGE,
    "coderoutage": Niveau.CODE_ROUTAGE,
    "sirensiretroutingcode": Niveau.CODE_ROUTAGE,
    "routingcodesirensiretroutingcode": Niveau.CODE_ROUTAGE,
    "sirensiretcoderoutage": Niveau.CODE_ROUTAGE,
    "suffix": Niveau.SUFFIXE,
    "suffixe": Niveau.SUFFIXE,
    "siretsuffix": Niveau.SUFFIXE,
    "suffixsiretsuffix": Niveau.SUFFIXE,
    "sirensuffix": Niveau.SUFFIXE,
    "sirensuffixe": Niveau.SUFFIXE,
}


def lire_niveau(mot: str) -> Niveau | None:
    """The level that `mot` names, in the directory's words, in Cegid's or in French; None when unknown."""
    decompose = unicodedata.normalize("NFKD", mot).casefold()
    return _ALIAS.get("".join(c for c in decompose if c.isascii() and c.isalnum()))


def composer(niveau: str, *, siren: str, siret: str = "", code_routage: str = "", suffixe: str = "") -> Ligne:
    """The addressing line of these parts, each read as people paste it.

    Raises
    ------
    ValidationError:
        By field: level unknown, number wrong (INSEE's keys, La Poste's rule included), SIRET of another SIREN, part
        missing for the level or foreign to it, code too long or with a character that invoices would not carry.
    """
    erreurs: dict[str, str] = {}
    lus = {"siret": siret.strip(), "code_routage": code_routage.strip(), "suffixe": suffixe.strip()}
    if niveau not in Niveau.values:
        raise ValidationError({"niveau": "Ce niveau d’adressage n’existe pas. Choisissez-en un dans la liste."})
    siren = _lire(sirene.lire_siren, siren, "siren", erreurs)
    for champ, valeur in lus.items():
        if champ not in _REQUIS[Niveau(niveau)]:
            if valeur:
                erreurs[champ] = (
                    f"Une ligne de niveau « {Niveau(niveau).label} » ne porte pas de {_NOMS[champ]}. "
                    "Videz ce champ, ou choisissez un autre niveau."
                )
        elif not valeur:
            erreurs[champ] = f"Le {_NOMS[champ]} manque : ce niveau en demande un. Saisissez-le."
        elif champ == "siret":
            lus[champ] = _lire(sirene.lire_siret, valeur, champ, erreurs)
        elif _CODE.fullmatch(valeur) is None:
            erreurs[champ] = (
                f"Le {_NOMS[champ]} n’est pas utilisable : les factures n’acceptent que 1 à {LONGUEUR_CODE} lettres "
                "sans accent, chiffres, tirets et soulignés. Recopiez-le depuis l’annuaire."
            )
    if not erreurs and lus["siret"] and lus["siret"][: sirene.LONGUEUR_SIREN] != siren:
        erreurs["siret"] = (
            "Ce SIRET est celui d’une autre entreprise : il ne commence pas par le SIREN. Vérifiez les deux numéros."
        )
    if "suffixe" not in erreurs and re.match(SUFFIXE_AMBIGU, lus["suffixe"]):
        erreurs["suffixe"] = (
            "Ce suffixe se lirait comme un SIRET : il commence par 14 chiffres. Choisissez-en un autre dans l’annuaire."
        )
    if erreurs:
        raise ValidationError({champ: ValidationError(message) for champ, message in erreurs.items()})
    return Ligne(niveau=NiveauOD(niveau), siren=siren, **lus)


def lire(identifiant: str) -> Ligne:
    """The addressing line that an identifier designates. Raises ValidationError (a plain message)."""
    trouve = _IDENTIFIANT.fullmatch(identifiant.strip())
    if trouve is None:
        raise ValidationError(
            "Cet identifiant d’adressage est illisible : il commence par les 9 chiffres d’un SIREN, suivis au besoin "
            "d’un souligné et d’un SIRET, d’un code de routage ou d’un suffixe. Recopiez-le depuis l’annuaire."
        )
    siren, siret, code, suffixe = (partie or "" for partie in trouve.groups())
    niveau = Niveau.SUFFIXE if suffixe else Niveau.CODE_ROUTAGE if code else Niveau.SIRET if siret else Niveau.SIREN
    try:
        return composer(niveau, siren=siren, siret=siret, code_routage=code, suffixe=suffixe)
    except ValidationError as refus:
        raise ValidationError(refus.messages[0]) from refus


def _lire(lecteur: Callable[[str], str], valeur: str, champ: str, erreurs: dict[str, str]) -> str:
    try:
        return lecteur(valeur)
    except ValidationError as refus:
        erreurs[champ] = str(refus.message)
        return valeur
