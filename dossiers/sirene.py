"""SIREN and SIRET numbers: reading what people paste, checking the key offline, explaining a failure.

Rules (INSEE; python-stdnum `stdnum.fr.siren`, `stdnum.fr.siret`):

- a SIREN is 9 digits with a Luhn key; a SIRET is a SIREN, then 5 digits, with a Luhn key over the 14;
- La Poste (SIREN 356000000), head office 35600000000048 apart: the sum of the 14 digits is a multiple of 5;
- nine zeros have a right key and are nobody: python-stdnum accepts them, this module does not;
- the Chorus Pro qualification platform uses structures with a wrong key (`settings.STRUCTURES_TEST`): they are told
  apart, to be warned about and not blocked.

A right key does not prove that the number exists or is active. Numbers are text: leading zeros are digits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from stdnum.exceptions import ValidationError as NumeroFaux
from stdnum.fr import siren as stdnum_siren
from stdnum.fr import siret as stdnum_siret

LONGUEUR_SIREN = 9
LONGUEUR_SIRET = 14
FINE_INSECABLE = "\u202f"
SEPARATEURS = frozenset({"Zs", "Zl", "Zp", "Pd", "Cc", "Cf"})


class Etat(TextChoices):
    """What can be said of a number without asking anyone."""

    VALIDE = "valide", "Clé juste"
    CLE_FAUSSE = "cle_fausse", "Clé fausse"
    STRUCTURE_TEST = "structure_test", "Structure de test"
    ILLISIBLE = "illisible", "Illisible"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The number as digits (`""` when unreadable), its state, and the French sentences to show (`""` when valid)."""

    numero: str
    etat: Etat
    message: str = ""

    @property
    def bloquant(self) -> bool:
        return self.etat in {Etat.CLE_FAUSSE, Etat.ILLISIBLE}


def chiffres(texte: str) -> str:
    """`texte` as pasted, full-width digits made ASCII, without spaces of any kind, dots, dashes and invisible marks."""
    normal = unicodedata.normalize("NFKC", texte)
    return "".join(c for c in normal if c != "." and unicodedata.category(c) not in SEPARATEURS)


def lire_siren(texte: str) -> str:
    """The nine ASCII digits of a SIREN.

    Raises
    ------
    ValidationError:
        Codes `illisible`, `longueur`, `nul`, `cle`; what happened, why, what to do.
    """
    return _lire(texte, "SIREN", LONGUEUR_SIREN, siren_valide)


def lire_siret(texte: str) -> str:
    """The fourteen ASCII digits of a SIRET, La Poste's rule included. Raises ValidationError as `lire_siren` does."""
    return _lire(texte, "SIRET", LONGUEUR_SIRET, siret_valide)


def verdict_siren(texte: str) -> Verdict:
    """State of a SIREN, never an exception."""
    return _verdict(texte, lire_siren)


def verdict_siret(texte: str) -> Verdict:
    """State of a SIRET, never an exception; a test structure is a warning (`bloquant` is false)."""
    return _verdict(texte, lire_siret)


def admettre_siren(texte: str) -> str:
    """The nine digits of a SIREN that may be recorded: valid, or of a test structure. Raises as `lire_siren` does."""
    return _admettre(texte, verdict_siren, lire_siren)


def admettre_siret(texte: str) -> str:
    """The fourteen digits of a SIRET that may be recorded, as `admettre_siren`. Raises as `lire_siret` does."""
    return _admettre(texte, verdict_siret, lire_siret)


def siren_valide(numero: str) -> bool:
    """Whether nine ASCII digits carry a right key."""
    return _accepte(stdnum_siren.validate, numero, LONGUEUR_SIREN)


def siret_valide(numero: str) -> bool:
    """Whether fourteen ASCII digits carry a right key, their SIREN too."""
    return _accepte(stdnum_siret.validate, numero, LONGUEUR_SIRET)


def suggestions(numero: str, connus: Collection[str] = ()) -> list[str]:
    """Valid numbers one slip away from `numero`: two swapped neighbours, or one wrong digit.

    Parameters
    ----------
    numero:
        A SIREN or a SIRET as typed; another length has no suggestion.
    connus:
        SIRENs or SIRETs already known locally. A suggestion among them, or whose SIREN is, comes first.

    Limits, inherent to the keys: Luhn sees every single wrong digit but not the swap of `09` and `90`; under La Poste's
    rule a digit changed by 5 and any swap go unseen, so the number has a right key and nothing is suggested for it.
    """
    numero = chiffres(numero)
    valide = {LONGUEUR_SIREN: siren_valide, LONGUEUR_SIRET: siret_valide}.get(len(numero))
    if valide is None or not _en_chiffres(numero) or valide(numero):
        return []
    trouves = [candidat for candidat in dict.fromkeys(_a_un_glissement(numero)) if valide(candidat)]
    return sorted(trouves, key=lambda n: not (n in connus or n[:LONGUEUR_SIREN] in connus))


def afficher_siren(numero: str) -> str:
    """`732829320` as `732 829 320`, with narrow no-break spaces; anything else unchanged."""
    if len(numero) != LONGUEUR_SIREN or not _en_chiffres(numero):
        return numero
    return FINE_INSECABLE.join((numero[:3], numero[3:6], numero[6:]))


def afficher_siret(numero: str) -> str:
    """`73282932000074` as `732 829 320 00074`, with narrow no-break spaces; anything else unchanged."""
    if len(numero) != LONGUEUR_SIRET or not _en_chiffres(numero):
        return numero
    return FINE_INSECABLE.join((afficher_siren(numero[:LONGUEUR_SIREN]), numero[LONGUEUR_SIREN:]))


def _lire(texte: str, nom: str, longueur: int, valide: Callable[[str], bool]) -> str:
    numero = chiffres(texte)
    if not _en_chiffres(numero):
        raise ValidationError(
            f"Le numéro {nom} est illisible : il contient autre chose que des chiffres. "
            f"Saisissez ses {longueur} chiffres, avec ou sans espaces.",
            code="illisible",
        )
    if len(numero) != longueur:
        compte = f"{len(numero)} chiffre{'s' if len(numero) > 1 else ''}"
        raise ValidationError(
            f"Le numéro {nom} est incomplet ou trop long : il compte {compte} au lieu de {longueur}. "
            f"Recopiez-le depuis un document officiel du client.",
            code="longueur",
        )
    if numero[:LONGUEUR_SIREN] == "0" * LONGUEUR_SIREN:
        raise ValidationError(
            f"Le numéro {nom} n’existe pas : ses neuf premiers chiffres sont des zéros. "
            f"Saisissez le vrai numéro du client.",
            code="nul",
        )
    if not valide(numero):
        raise ValidationError(
            f"Le numéro {nom} contient une erreur de saisie : sa clé de contrôle est fausse. "
            f"Vérifiez chaque chiffre sur un document officiel du client.",
            code="cle",
        )
    return numero


def _verdict(texte: str, lire: Callable[[str], str]) -> Verdict:
    numero = chiffres(texte)
    try:
        return Verdict(lire(numero), Etat.VALIDE)
    except ValidationError as exc:
        if numero in settings.STRUCTURES_TEST:
            return Verdict(
                numero,
                Etat.STRUCTURE_TEST,
                "Ce numéro est celui d’une structure de test : sa clé de contrôle est fausse à dessein. "
                "Ne l’utilisez que sur la plateforme de qualification.",
            )
        etat = Etat.CLE_FAUSSE if exc.code in {"cle", "nul"} else Etat.ILLISIBLE
        return Verdict(numero if etat is Etat.CLE_FAUSSE else "", etat, exc.message)


def _admettre(texte: str, juger: Callable[[str], Verdict], lire: Callable[[str], str]) -> str:
    verdict = juger(texte)
    return verdict.numero if verdict.etat is Etat.STRUCTURE_TEST else lire(texte)


def _accepte(valider: Callable[[str], str], numero: str, longueur: int) -> bool:
    if len(numero) != longueur or not _en_chiffres(numero) or numero[:LONGUEUR_SIREN] == "0" * LONGUEUR_SIREN:
        return False
    try:
        valider(numero)
    except NumeroFaux:
        return False
    return True


def _en_chiffres(texte: str) -> bool:
    return re.fullmatch("[0-9]+", texte) is not None


def _a_un_glissement(numero: str) -> Iterator[str]:
    for i in range(len(numero) - 1):
        yield numero[:i] + numero[i + 1] + numero[i] + numero[i + 2 :]
    for i in range(len(numero)):
        for chiffre in "0123456789":
            yield numero[:i] + chiffre + numero[i + 1 :]
