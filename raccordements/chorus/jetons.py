"""PISTE's access tokens: what is kept of one, how long, and how a single call serves any number of callers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

#: Share of its life after which a token is replaced. PISTE gives no refresh token: another one is asked for.
PART_UTILE = 0.8
#: Clocks of two hosts may differ by this much.
ECART_HORLOGES = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Jeton:
    """An access token. `obtenu_le`: when it was asked for, in UTC; `duree`: its life in seconds."""

    valeur: str = field(repr=False)
    obtenu_le: datetime
    duree: float

    @property
    def renouveler_le(self) -> datetime:
        """From this moment on another one must be asked for, although this one still lives."""
        return self.obtenu_le + timedelta(seconds=self.duree * PART_UTILE)

    def utilisable(self, maintenant: datetime) -> bool:
        """Whether a caller may be given it: not yet at 80 % of its life, and not from a clock that went back."""
        return self.obtenu_le - ECART_HORLOGES <= maintenant < self.renouveler_le


class Jetons(Protocol):
    """Where tokens are kept, one per `cle`: an opaque text of 64 characters that changes with the credentials.

    An implementation keeps `valeur` encrypted if it leaves the process. Both methods may be called by any number of
    threads, processes and hosts that share it.
    """

    def obtenir(self, cle: str, fabriquer: Callable[[], Jeton]) -> Jeton:
        """The kept token when it is `utilisable`, else that of one call of `fabriquer`, kept for the others.

        Single flight: callers of one key that come during the call wait for its result, or for its error. What
        `fabriquer` raises goes up, and nothing is kept of it. It opens a socket: no lock on a row nor transaction may
        be held around it; a lease that outlives its holder must end by itself.
        """

    def oublier(self, cle: str, jeton: Jeton) -> None:
        """Drop the kept token if it is still this one: of many callers refused together, one asks for another."""


class JetonsEnMemoire:
    """The tokens of one process."""

    def __init__(self) -> None:
        self._verrou = threading.Lock()
        self._gardes: dict[str, Jeton] = {}
        self._attendus: dict[str, Future[Jeton]] = {}

    def obtenir(self, cle: str, fabriquer: Callable[[], Jeton]) -> Jeton:
        """See Jetons. The same error object is raised to all the callers that waited together."""
        with self._verrou:
            garde = self._gardes.get(cle)
            if garde and garde.utilisable(datetime.now(UTC)):
                return garde
            attendu = self._attendus.get(cle)
            if attendu is None:
                promis = self._attendus[cle] = Future()
        if attendu is not None:
            return attendu.result()
        try:
            jeton = fabriquer()
        except BaseException as exc:
            with self._verrou:
                del self._attendus[cle]
            promis.set_exception(exc)
            raise
        with self._verrou:
            self._gardes[cle] = jeton
            del self._attendus[cle]
        promis.set_result(jeton)
        return jeton

    def oublier(self, cle: str, jeton: Jeton) -> None:
        """See Jetons."""
        with self._verrou:
            if self._gardes.get(cle) == jeton:
                del self._gardes[cle]
