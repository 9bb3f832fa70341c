"""What a process that reads a file from outside may cost. No Django here: such a process has no secret."""

from __future__ import annotations

import resource
import signal


def se_borner(*, memoire: int, secondes: int, disque: int, enfants: bool = True) -> None:
    """Bound this process for good; no core dump. An alarm ends it should its parent die before it could.

    Parameters
    ----------
    memoire, secondes:
        Bytes of address space; seconds of computing. A parent waits twice as many, and the alarm one more.
    disque:
        Bytes it may write to one file.
    enfants:
        Whether it may start processes of its own.
    """
    plafonds = {
        resource.RLIMIT_AS: memoire,
        resource.RLIMIT_CPU: secondes,
        resource.RLIMIT_FSIZE: disque,
        resource.RLIMIT_CORE: 0,
    }
    if not enfants:
        plafonds[resource.RLIMIT_NPROC] = 0
    for ressource, plafond in plafonds.items():
        dur = resource.getrlimit(ressource)[1]
        atteignable = plafond if dur == resource.RLIM_INFINITY else min(plafond, dur)
        # At its hard limit of time a process is killed without the signal that says why.
        marge = 1 if ressource == resource.RLIMIT_CPU and (dur == resource.RLIM_INFINITY or dur > atteignable) else 0
        resource.setrlimit(ressource, (atteignable, atteignable + marge))
    signal.alarm(2 * secondes + 1)
