"""A file of text as blocks of whole lines, in bounded memory: what it really is, its encoding, its line ends.

Encodings: LPF, art. A. 47 A-1, XII, 1° (ASCII, ISO 8859-15, UTF-8); Windows-1252 is what Windows writes for the second.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from dossiers.ecritures.recueil import Recueil, Refus

#: Bytes of one block: small enough for the values of its lines to stay in the cache of the processor (measured).
BLOC = 32 * 2**10
LIGNE_MAX = 64 * 2**10
#: Shares of null bytes, and of other control characters, from which a file is not a text.
PART_NULS, PART_CONTROLES = 0.005, 0.02
CONTROLES = bytes(set(range(32)) - set(b"\t\n\r\f\x1a"))
#: First bytes -> code of `textes.REFUS`.
SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "archive"),
    (b"PK\x05\x06", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"BZh", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"Rar!", "archive"),
    (b"\xfd7zXZ\x00", "archive"),
    (b"\x28\xb5\x2f\xfd", "archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "classeur"),
    (b"%PDF-", "pdf"),
    (b"<?xml", "xml"),
)
#: A letter with an accent written in UTF-8, as Windows-1252 text almost never has it.
UTF8_PROBABLE = re.compile(rb"[\xc2\xc3][\x80-\xbf]|\xe2\x80[\x80-\xbf]")
OCTETS_WINDOWS = re.compile(rb"[\x80-\x9f]")


@dataclass(frozen=True, slots=True)
class Bloc:
    """Whole lines, each ended by a line feed, after a carriage return or not; number of the first one, and how many."""

    octets: bytes
    numero: int
    nombre: int


class Flux:
    """The blocks of one file, read once; its facts are whole when the last block was given.

    Parameters
    ----------
    fichier:
        Bytes, at their start. A stream without its own buffer costs the least.
    bloc:
        Bytes read at once; the findings do not depend on it.
    """

    def __init__(self, fichier: BinaryIO, recueil: Recueil, *, bloc: int = BLOC) -> None:
        self._fichier, self._recueil, self._bloc = fichier, recueil, bloc
        self._sha = hashlib.sha256()
        self.taille = 0
        self.fin_de_ligne = ""
        self.crlf = False
        self._marque = self._windows = False
        self._famille = "ascii"

    @property
    def empreinte(self) -> str:
        return self._sha.hexdigest()

    @property
    def encodage(self) -> str:
        """Name of the encoding, as far as the file was read."""
        if self._marque:
            return "UTF-8 avec BOM"
        octets = "Windows-1252" if self._windows else "ISO 8859-15"
        return {"ascii": "ASCII", "utf8": "UTF-8", "octets": octets}[self._famille]

    def decoder(self, octets: bytes) -> str:
        """A value as text, to be shown; it depends on nothing that is read after it."""
        if self._famille != "octets":
            try:
                return octets.decode()
            except UnicodeDecodeError:
                pass
        return octets.decode("cp1252" if OCTETS_WINDOWS.search(octets) else "iso8859-15", "replace")

    def blocs(self) -> Iterator[Bloc]:
        """Raises Refus."""
        debut = self._lire(LIGNE_MAX)
        while len(debut) < LIGNE_MAX and (suite := self._lire(LIGNE_MAX - len(debut))):
            debut += suite
        _reconnaitre(debut)
        if debut.startswith(codecs.BOM_UTF8):
            debut, self._marque, self._famille = debut[3:], True, "utf8"
            self._recueil.ajouter("marque_utf8", 1)
        if not debut.strip():
            raise Refus("vide")
        fin = b"\r" if b"\r" in debut[:-1] and b"\n" not in debut else b"\n"
        premiere = debut.partition(b"\n")[0]
        self.crlf = fin == b"\n" and premiere.endswith(b"\r")
        numero = 1
        for octets, nombre in self._morceaux(debut, fin):
            if fin == b"\r":
                # A line feed is not a line end of this file: it is shown as a control character of its line.
                octets = octets.replace(b"\n", b"\v").replace(b"\r", b"\n")
            if not octets.isascii():
                self._encoder(octets, numero)
            yield Bloc(octets, numero, nombre)
            numero += nombre
        self.fin_de_ligne = "CRLF" if self.crlf else "CR" if fin == b"\r" else "LF"
        if self._famille == "octets":
            self._recueil.ajouter("encodage_octets", encodage=self.encodage)

    def sans_fin(self, ligne: bytes, numero: int) -> bytes:
        """A line without its carriage return; one that does not end as the first one is told."""
        if ligne.endswith(b"\r") != self.crlf:
            self._recueil.une_fois("fins_de_ligne", numero)
        return ligne.removesuffix(b"\r")

    def _lire(self, taille: int) -> bytes:
        octets = self._fichier.read(taille)
        self._sha.update(octets)
        self.taille += len(octets)
        return octets

    def _morceaux(self, debut: bytes, fin: bytes) -> Iterator[tuple[bytes, int]]:
        """Whole lines and how many; a last line without its end is given one, the one of the others."""
        reste, lu, lignes = b"", debut, 1
        derniere_fin = b""
        while lu:
            # Cut as well what was read first: blocks of one size leave the same findings as blocks of another.
            for depart in range(0, len(lu), self._bloc):
                tampon = reste + lu[depart : depart + self._bloc]
                coupe = tampon.rfind(fin) + 1
                reste = tampon[coupe:]
                if len(reste) > LIGNE_MAX:
                    raise Refus("ligne_longue", ligne=lignes + tampon.count(fin), maximum=LIGNE_MAX)
                if coupe:
                    octets = tampon[:coupe]
                    derniere_fin = octets[-2:]
                    nombre = octets.count(fin)
                    lignes += nombre
                    yield octets, nombre
            lu = self._lire(self._bloc)
        if reste:
            yield reste + (b"\r\n" if derniere_fin == b"\r\n" else fin), 1

    def _encoder(self, octets: bytes, numero: int) -> None:
        """The encoding of a block that is not ASCII; a line of the other family is a finding."""
        if self._famille != "octets":
            try:
                codecs.utf_8_decode(octets, "strict", True)
            except UnicodeDecodeError:
                pass
            else:
                self._famille = "utf8"
                return
        elif not (b"\xc2" in octets or b"\xc3" in octets or b"\xe2\x80" in octets):
            self._windows = self._windows or OCTETS_WINDOWS.search(octets) is not None
            return
        for rang, ligne in enumerate(octets.split(b"\n"), start=numero):
            if not ligne.isascii():
                self._encoder_ligne(ligne, rang)

    def _encoder_ligne(self, ligne: bytes, numero: int) -> None:
        try:
            ligne.decode()
        except UnicodeDecodeError:
            famille = "octets"
        else:
            famille = "utf8"
        if self._famille == "ascii":
            self._famille = famille
        if self._famille == "octets" and famille == "utf8" and not UTF8_PROBABLE.search(ligne):
            famille = "octets"
        if famille != self._famille:
            autre = ligne.rstrip(b"\r").decode("utf-8" if famille == "utf8" else "cp1252", "replace")
            self._recueil.ajouter("encodages_melanges", numero, "", autre, encodage=self.encodage)
        elif famille == "octets":
            self._windows = self._windows or OCTETS_WINDOWS.search(ligne) is not None


def _reconnaitre(debut: bytes) -> None:
    """Raises Refus for what is not a text to import."""
    if not debut:
        raise Refus("vide")
    for signature, code in SIGNATURES:
        if debut.startswith(signature) or (code == "xml" and debut.lstrip(b"\xef\xbb\xbf \r\n").startswith(signature)):
            tableur = code == "archive" and (b"[Content_Types].xml" in debut or b"mimetypeapplication/vnd" in debut)
            raise Refus("classeur" if tableur else code)
    if debut.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Refus("utf16")
    if nuls := debut.count(0):
        # Latin text in UTF-16 without its mark: one byte of two is null, always on the same side.
        pairs = debut[::2].count(0)
        if nuls > len(debut) * 0.3 and not 0.05 * nuls < pairs < 0.95 * nuls:
            raise Refus("utf16")
        if nuls > max(2, PART_NULS * len(debut)) or b"\n" not in debut:
            raise Refus("binaire")
    if len(debut) - len(debut.translate(None, CONTROLES)) > max(16, PART_CONTROLES * len(debut)):
        raise Refus("binaire")
