"""What a kind of operation is, and where its class is found."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from config.http import Echange, ErreurDistante

if TYPE_CHECKING:
    from dossiers.models import Dossier, Guichet, Operation

Journal = Callable[[Echange], None]


class PasEncore(Exception):
    """The remote is still at work: ask again after `delai`. What it said so far is `resultat`."""

    def __init__(self, resultat: Any, delai: timedelta) -> None:
        super().__init__("not finished")
        self.resultat, self.delai = resultat, delai


class Constat(Enum):
    """What reading the remote state says of a write whose answer was lost."""

    APPLIQUEE = "appliquee"
    ABSENTE = "absente"
    INDECIDABLE = "indecidable"


class Nature(ABC):
    """One kind of operation. Stateless; registered once by its application.

    Attributes
    ----------
    cle, libelle:
        Stable code kept in rows; French label.
    systeme:
        Remote system, as in the error catalogue: `loop`, `chorus`, `od`.
    ecriture:
        Whether the call may change the remote state. A lost answer to a write is never followed by a blind second call.
    repetable:
        Whether repeating the call is harmless although it writes.
    relisible:
        Whether `relire` can tell, after a quarantine, if the write was applied. Otherwise a person decides.
    relecture_ecrit:
        Whether `relire` itself writes (it sends the same values again): its answer lost, a quarantine starts anew.
    constat_ecrit:
        Whether declaring its effect present asks the remote for something again.
    relancable:
        Whether a failure may be queued anew as it stands; otherwise it is asked for again where it was.
    preuve:
        French name of what a person must copy from the remote product to declare an effect present; "" for nothing.
    permission:
        Full name of the permission that asking for it requires.
    """

    cle: ClassVar[str]
    libelle: ClassVar[str]
    systeme: ClassVar[str] = "loop"
    ecriture: ClassVar[bool] = True
    repetable: ClassVar[bool] = False
    relisible: ClassVar[bool] = False
    relecture_ecrit: ClassVar[bool] = False
    constat_ecrit: ClassVar[bool] = False
    relancable: ClassVar[bool] = True
    preuve: ClassVar[str] = ""
    permission: ClassVar[str]

    def intitule(self, operation: Operation) -> str:
        """French title of one operation, for screens and journal."""
        return f"{self.libelle} – {operation.dossier.code if operation.dossier else operation.guichet.nom}"

    @abstractmethod
    def objet(self, guichet: Guichet, dossier: Dossier | None, parametres: dict[str, Any]) -> str:
        """Name of the remote object touched: one operation in flight per name, in the order of their creation."""

    @abstractmethod
    def client(self, guichet: Guichet, journal: Journal) -> AbstractContextManager[Any]:
        """Open the remote client for the credential of `guichet`. Raises ErreurDeReglage when it is not configured."""

    def empechement(self, guichet: Guichet) -> str:
        """Why the credential of `guichet` cannot make this call now, in French; empty when it can."""
        return ""

    def temoigne(self, guichet: Guichet, erreur: ErreurDistante | None = None) -> bool:
        """Whether an answer (`erreur` None: a success) tells how the credential of `guichet` is.

        Otherwise its circuit stays as it is: a refusal made here, or a fault of one object among those it serves.
        """
        return True

    def guichet_de(self, operation: Operation) -> Guichet:
        """Where `operation` would queue if it were asked for anew."""
        return operation.guichet

    @abstractmethod
    def appeler(self, client: Any, operation: Operation) -> Any:
        """Make the call. Raises one of the three families of `config.http`, or PasEncore."""

    @abstractmethod
    def reussir(self, operation: Operation, resultat: Any) -> None:
        """Write the result on the business models, inside the settling transaction.

        Raises ActionImpossible when they cannot keep it any more: the operation fails then, with that message.
        """

    def message(self, resultat: Any) -> str:
        """What the remote said, verbatim, or our French summary of it."""
        return str(getattr(resultat, "message", ""))

    def patienter(self, operation: Operation, resultat: Any) -> None:
        """Write on the business models what an unfinished remote said, inside the transaction that waits again."""

    def admettre_preuve(self, operation: Operation, texte: str) -> str:
        """The proof a person typed, as it is kept in `parametres["preuve"]`. Raises ActionImpossible."""
        return ""

    def declarer_appliquee(self, operation: Operation) -> None:
        """Write on the business models that a person saw the effect, without any answer of the remote."""

    def echouer(self, operation: Operation) -> None:
        """Write a definitive failure on the business models, inside the settling transaction."""

    def annuler(self, operation: Operation) -> None:
        """Undo the local intent of an operation that never left, inside the cancelling transaction."""

    def relire(self, client: Any, operation: Operation) -> tuple[Constat, Any]:
        """Read the remote state after the quarantine; the second value is given to `reussir` when applied."""
        return Constat.INDECIDABLE, None

    def a_regarder(self, operation: Operation) -> str:
        """What a person must look at in the remote product to decide, in French."""
        return "Vérifiez dans le produit distant si l’effet demandé est présent."

    @property
    def sans_risque(self) -> bool:
        """Whether sending it again can do no harm."""
        return not self.ecriture or self.repetable


N = TypeVar("N", bound=Nature)
Suite = Callable[["Operation"], None]
_NATURES: dict[str, Nature] = {}
_SUITES: dict[str, list[Suite]] = {}


def enregistrer(classe: type[N]) -> type[N]:
    """Class decorator: make a kind of operation known under its `cle`."""
    if classe.cle in _NATURES:
        raise ValueError(f"operation kind registered twice: {classe.cle}")
    _NATURES[classe.cle] = classe()
    return classe


def nature(cle: str) -> Nature:
    """The kind registered under `cle`. Raises KeyError."""
    return _NATURES[cle]


def natures() -> list[Nature]:
    """Every registered kind, in order of registration."""
    return list(_NATURES.values())


def apres_reussite(cle: str) -> Callable[[Suite], Suite]:
    """Decorator: what an application above writes when an operation of the kind `cle` succeeds.

    It runs inside the settling transaction, after the kind's own writes, whether the remote or a person said so.
    """

    def declarer(suite: Suite) -> Suite:
        _SUITES.setdefault(cle, []).append(suite)
        return suite

    return declarer


def suites(cle: str) -> Sequence[Suite]:
    """What was declared by `apres_reussite` for a kind, in order of registration."""
    return _SUITES.get(cle, ())
