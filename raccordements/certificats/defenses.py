"""What a file from outside may cost its reader, and the reasons for refusing it. No Django here."""

from __future__ import annotations

import resource
import signal
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


def se_limiter(limites: Limites) -> None:
    """Bound this process for good: memory, computing time; no file, no child of its own, no core dump.

    The alarm ends it when its parent died before it could, one second after the parent would have.
    """
    plafonds = {
        resource.RLIMIT_AS: limites.memoire,
        resource.RLIMIT_CPU: limites.secondes,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_CORE: 0,
    }
    for ressource, plafond in plafonds.items():
        dur = resource.getrlimit(ressource)[1]
        atteignable = plafond if dur == resource.RLIM_INFINITY else min(plafond, dur)
        resource.setrlimit(ressource, (atteignable, atteignable))
    signal.alarm(2 * limites.secondes + 1)
