"""The sequence of EcritureNum: LPF, art. A. 47 A-1, VII, 1° (« séquence continue »); BOI-CF-IOR-60-40-20, § 100.

« Cette numérotation peut être unique sur l’ensemble du fichier ou être propre à chaque journal »: both are followed,
and the one that breaks less often is the file's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

from dossiers.ecritures.rapport import GARDES_PAR_CODE
from dossiers.ecritures.recueil import Recueil

#: Breaks after which a way of numbering is no longer followed; journals and prefixes followed at most.
ABANDON, SUITES_MAX = 10_000, 10_000
FORME = re.compile(rb"(.*?)(\d{1,18})", re.DOTALL)
Rupture = tuple[int, bytes, int, int]


@dataclass(slots=True)
class Suite:
    """One way of numbering: last number of each of its series, and its breaks (line, journal, before, after)."""

    derniers: dict[Hashable, int] = field(default_factory=dict)
    trous: list[Rupture] = field(default_factory=list)
    desordres: list[Rupture] = field(default_factory=list)
    nombre_trous: int = 0
    nombre_desordres: int = 0

    @property
    def ruptures(self) -> int:
        return self.nombre_trous + self.nombre_desordres

    @property
    def abandonnee(self) -> bool:
        return self.ruptures >= ABANDON

    def voir(self, serie: Hashable, numero: int, journal: bytes, ligne: int) -> None:
        dernier = self.derniers.get(serie)
        if dernier is None:
            if len(self.derniers) < SUITES_MAX:
                self.derniers[serie] = numero
        elif numero == dernier + 1:
            self.derniers[serie] = numero
        elif self.abandonnee:
            return
        elif numero > dernier:
            self.derniers[serie] = numero
            self.nombre_trous += 1
            if len(self.trous) < GARDES_PAR_CODE:
                self.trous.append((ligne, journal, dernier, numero))
        else:
            self.nombre_desordres += 1
            if len(self.desordres) < GARDES_PAR_CODE:
                self.desordres.append((ligne, journal, dernier, numero))


class Numerotation:
    """Both ways of numbering, followed entry by entry."""

    def __init__(self) -> None:
        self.fichier, self.journaux = Suite(), Suite()

    def voir(self, journal: bytes, numero: bytes, ligne: int) -> None:
        """One entry. A number that does not end with digits belongs to no sequence."""
        if lu := FORME.fullmatch(numero):
            serie, nombre = lu[1], int(lu[2])
            self.fichier.voir(serie, nombre, journal, ligne)
            self.journaux.voir((journal, serie) if serie else journal, nombre, journal, ligne)

    def voir_tous(self, journaux: Sequence[bytes], numeros: Sequence[bytes], lignes: Sequence[int]) -> None:
        """The same for entries that follow each other."""
        if not b"".join(numeros).isdigit() or not all(numeros) or max(map(len, numeros)) > 18:
            for journal, numero, ligne in zip(journaux, numeros, lignes, strict=True):
                self.voir(journal, numero, ligne)
            return
        nombres = list(map(int, numeros))
        dernier = self.fichier.derniers.get(b"")
        if dernier is not None and nombres == list(range(dernier + 1, dernier + 1 + len(nombres))):
            self.fichier.derniers[b""] = nombres[-1]
        elif not self.fichier.abandonnee:
            for journal, nombre, ligne in zip(journaux, nombres, lignes, strict=True):
                self.fichier.voir(b"", nombre, journal, ligne)
        derniers, voir = self.journaux.derniers, self.journaux.voir
        if self.journaux.abandonnee:
            return
        for journal, nombre, ligne in zip(journaux, nombres, lignes, strict=True):
            if derniers.get(journal) == nombre - 1:
                derniers[journal] = nombre
            else:
                voir(journal, nombre, journal, ligne)

    def dire(self, recueil: Recueil, texte: Callable[[bytes], str]) -> None:
        """The breaks of the way of numbering that breaks less often."""
        par_journal = self.journaux.ruptures < self.fichier.ruptures
        suite = self.journaux if par_journal else self.fichier
        if suite.abandonnee:
            recueil.ajouter("numerotation_absente", colonne="EcritureNum")
            return
        for code, ruptures, nombre in (
            ("numero_trou", suite.trous, suite.nombre_trous),
            ("numero_desordre", suite.desordres, suite.nombre_desordres),
        ):
            for ligne, journal, avant, apres in ruptures:
                serie = f" dans le journal {texte(journal)[:30]}" if par_journal else ""
                recueil.ajouter(code, ligne, "EcritureNum", str(apres), avant=str(avant), apres=str(apres), serie=serie)
            recueil.compter(code, nombre - len(ruptures))
