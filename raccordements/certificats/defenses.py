"""What a file from outside may cost its reader, and the reasons for refusing it. No Django here."""

from __future__ import annotations

from dataclasses import dataclass


class Refus(Exception):
    """A file that is not read. `code` is a key of `lecteur.REFUS`, `faits` fill its sentences.

    It never carries a byte of the file: a private key could be among them.
    """

    def __init__(self, code: str, **faits: int) -> None:
        super().__init__(code)
        self.code, self.faits = code, faits


@dataclass(frozen=True, slots=True, kw_only=True)
class Limites:
    """Ceilings: bytes of a file, certificates in it; bytes of memory and seconds of computing of the process."""

    taille: int
    nombre: int
    memoire: int
    secondes: int
