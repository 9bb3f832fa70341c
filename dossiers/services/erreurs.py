from __future__ import annotations


class ActionImpossible(Exception):
    """A refused gesture, told to the person in three parts: what happened, why, what to do."""

    def __init__(self, constat: str, cause: str, remede: str) -> None:
        super().__init__(f"{constat} {cause} {remede}")
        self.constat, self.cause, self.remede = constat, cause, remede
