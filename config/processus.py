"""A child process with its log, tied to the life of the one that started it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

PR_SET_PDEATHSIG = 1  # linux/prctl.h
ARRETS: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 10), (signal.SIGKILL, 5))


class Enfant:
    """One long-lived child process; a context manager that stops it.

    Parameters
    ----------
    nom:
        What the user reads.
    commande:
        Program and arguments, never a shell line.
    journal:
        File that receives both outputs; emptied at each start.
    arrets:
        Signals to send in turn, each with the seconds to wait before the next; the first one is also what the child
        receives if its parent disappears (Linux only, and only when the starting thread is the main one).
    groupe_propre:
        Keeps the child out of the terminal's Ctrl-C, for a server that must outlive its clients.
    options:
        Passed to `subprocess.Popen` (`env`, `cwd`, `user`, `group`...).
    """

    def __init__(
        self,
        nom: str,
        commande: Sequence[str],
        journal: Path,
        *,
        arrets: tuple[tuple[signal.Signals, float], ...] = ARRETS,
        groupe_propre: bool = False,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.nom, self.commande, self.journal, self.arrets = nom, list(commande), journal, arrets
        self._options = dict(options or {}) | ({"process_group": 0} if groupe_propre else {})
        self._processus: subprocess.Popen[bytes] | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.nom}>"

    def __enter__(self) -> Self:
        self.demarrer()
        return self

    def __exit__(self, *exc: object) -> None:
        self.arreter()

    @property
    def pid(self) -> int | None:
        return self._processus.pid if self._processus else None

    @property
    def code(self) -> int | None:
        """Exit code; None while it runs or before it starts."""
        return self._processus.poll() if self._processus else None

    def demarrer(self) -> None:
        """Start the process and return at once. Raises OSError when the program cannot run."""
        self.journal.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.journal.open("wb") as sortie:
            self._processus = subprocess.Popen(
                self.commande,
                stdin=subprocess.DEVNULL,
                stdout=sortie,
                stderr=subprocess.STDOUT,
                preexec_fn=_a_la_mort_du_parent(self.arrets[0][0]),
                **self._options,
            )

    def prevenir(self) -> None:
        """Send the first stop signal without waiting, so that several children end at the same time."""
        if self._processus is not None and self._processus.poll() is None:
            self._processus.send_signal(self.arrets[0][0])

    def arreter(self) -> None:
        """Stop it, gently then by force; returns when it is gone. Harmless when it never started."""
        processus = self._processus
        if processus is None:
            return
        for signum, delai in self.arrets:
            if processus.poll() is not None:
                return
            processus.send_signal(signum)
            try:
                processus.wait(delai)
            except subprocess.TimeoutExpired:
                continue

    def dernieres_lignes(self, nombre: int = 15) -> str:
        """The end of its log."""
        try:
            with self.journal.open(errors="replace") as flux:
                return "".join(deque(flux, maxlen=nombre)).rstrip()
        except OSError:
            return ""


def _a_la_mort_du_parent(signum: signal.Signals) -> Callable[[], None] | None:
    """A hook run in the child: ask the kernel for `signum` when the parent ends, even by kill -9."""
    if not sys.platform.startswith("linux"):
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def poser() -> None:
        prctl(PR_SET_PDEATHSIG, int(signum))
        if os.getppid() != parent:
            os.kill(os.getpid(), signum)

    return poser
