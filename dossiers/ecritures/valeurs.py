"""Amounts and dates of a FEC, as bytes: LPF, art. A. 47 A-1, X and XII."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date

from dossiers.ecritures.entete import lire_date
from dossiers.ecritures.recueil import Recueil

#: Twelve digits before the decimals: a larger number is no amount of a practice's client.
MONTANT = re.compile(rb"([+-]?)(\d{0,12})(?:([.,])(\d*))?([+-]?)")
MILLIERS = re.compile(r"[+-]?\d{1,3}(?:[ .,'’\u00a0\u202f]\d{3})+(?:[.,]\d*)?[+-]?")
SENS = {b"D": True, b"C": False, b"+1": True, b"-1": False}


class Montants:
    """Reads amounts line after line, and remembers how this file writes them.

    `decimale`, `signe`: what was seen first, which the others must follow. `nuls`, `formes`: how often each writing of
    zero and each number of decimals was seen.
    """

    def __init__(self, recueil: Recueil) -> None:
        self._recueil = recueil
        self.decimale = self.signe = self.sens = b""
        self.nuls: Counter[bytes] = Counter()
        self.formes: Counter[int] = Counter()

    def lire(self, brut: bytes, ligne: int, colonne: str, texte: str) -> int | None:
        """Cents, 0 for nothing, None when it cannot be read; what is wrong is told."""
        valeur = brut.strip()
        lu = MONTANT.fullmatch(valeur)
        if valeur and (not lu or not (lu[2] or lu[4]) or (lu[1] and lu[5])):
            milliers = MILLIERS.fullmatch(texte.strip())
            self._recueil.ajouter("montant_milliers" if milliers else "montant_illisible", ligne, colonne, texte)
            return None
        if not lu or not valeur:
            self.nuls[brut] += 1
            return 0
        gauche, entier, separateur, decimales, droite = lu.groups(b"")
        if separateur:
            self._voir_decimale(separateur, ligne, colonne, texte)
        if gauche or droite:
            self._voir_signe(b"<" if gauche else b">", ligne, colonne, texte)
        if decimales[2:].strip(b"0"):
            self._recueil.ajouter("montant_precision", ligne, colonne, texte)
            return None
        centimes = int(entier or b"0") * 100 + int((decimales + b"00")[:2])
        if centimes:
            self.formes[len(decimales)] += 1
        elif not (gauche or droite) and separateur in (b"", self.decimale):
            self.nuls[brut] += 1
        return -centimes if b"-" in (gauche, droite) else centimes

    def lire_sens(self, brut: bytes, ligne: int, texte: str) -> bool | None:
        """True for a debit, None when it cannot be read: LPF X."""
        debit = SENS.get(brut)
        if debit is None:
            self._recueil.ajouter("champ_vide" if not brut.strip() else "sens_invalide", ligne, "Sens", texte)
            return None
        lettres = brut[-1:].isalpha()
        self.sens = self.sens or (b"D" if lettres else b"1")
        if lettres != (self.sens == b"D"):
            self._recueil.ajouter("sens_melange", ligne, "Sens", texte)
        return debit

    def _voir_decimale(self, separateur: bytes, ligne: int, colonne: str, texte: str) -> None:
        if not self.decimale:
            self.decimale = separateur
            if separateur == b".":
                self._recueil.ajouter("montant_point", ligne, colonne, texte)
        elif separateur != self.decimale:
            self._recueil.ajouter("montant_separateurs", ligne, colonne, texte)

    def _voir_signe(self, bout: bytes, ligne: int, colonne: str, texte: str) -> None:
        self.signe = self.signe or bout
        if bout != self.signe:
            self._recueil.ajouter("montant_signes", ligne, colonne, texte)


def centimes(montant: bytes) -> int:
    """Cents of digits with at most two decimals after a comma or a point."""
    entier, _, decimales = montant.replace(b".", b",").partition(b",")
    signe = -1 if entier[:1] == b"-" else 1
    return signe * (int(entier.lstrip(b"-")) * 100 + int((decimales + b"00")[:2]))


def tous_les_centimes(montants: Sequence[bytes], decimale: bytes) -> list[int]:
    """Cents of amounts that all have two decimals."""
    return list(map(int, b"\n".join(montants).replace(decimale, b"").split(b"\n")))


class Jours:
    """Days already judged: a file has few of them, and many lines.

    `permis`: days that EcritureDate may have without a finding; `reels`: every real day seen.
    """

    def __init__(self, cloture: date | None) -> None:
        self.permis: set[bytes] = set()
        self.reels: set[bytes] = set()
        self.cloture = cloture
        self.plancher = mois_avant(cloture, 24) if cloture else None
        self._plafond = cloture.strftime("%Y%m%d").encode() if cloture else b"99999999"
        self._bas = self.plancher.strftime("%Y%m%d").encode() if self.plancher else b""

    def apprendre(self, jours: set[bytes]) -> bool:
        """Whether all are real; judge those that are new."""
        for jour in jours - self.reels:
            if lire_date(jour.decode("ascii", "replace")) is None:
                return False
            self.reels.add(jour)
            if self._bas < jour <= self._plafond:
                self.permis.add(jour)
        return True

    def trop_tard(self, jour: bytes) -> bool:
        return jour > self._plafond


def mois_avant(jour: date, mois: int) -> date:
    """The last day before a period of so many months that ends on that day."""
    annee, rang = divmod(jour.year * 12 + jour.month - 1 - mois, 12)
    return date.fromordinal(date(annee + (rang + 1) // 12, (rang + 1) % 12 + 1, 1).toordinal() - 1)
