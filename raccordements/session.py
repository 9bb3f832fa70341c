"""A session whose calls carry a token: kept and shared between callers, renewed once when it is refused.

Chorus Pro (tokens of PISTE) and Cegid OD (tokens of Cegid Account) both have one.
"""

from __future__ import annotations

import hashlib
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, TypeVar

from config.http import ErreurDeReglage, ErreurPassagere, Reponse, Transport
from raccordements.chorus.jetons import Jeton, Jetons
from raccordements.chorus.lecture import entier

#: Seconds a token is kept when its life is not told.
DUREE_PRUDENTE = 300.0
DUREE_MAX = 24 * 3600.0
DELAI_JETON = 10.0
_JETON = re.compile(r"[\x21-\x7e]{1,4096}")
T = TypeVar("T", bound=Transport)


class SessionAJeton(ABC, Generic[T]):
    """Sends calls with a bearer, and renews it once when it is refused.

    Attributes
    ----------
    appele, emetteur:
        Who is called, and who gives the tokens, as people read them.
    refus:
        Codes of the errors that a token may be the cause of.
    noms:
        Where the answer of `emetteur` has the token, its kind and its life in seconds.

    Parameters
    ----------
    identite:
        What the token depends on, secrets included: another credential never meets a token of the former one.
    jetons:
        Where tokens are kept.
    delai_total:
        Seconds for one HTTP call. A call lasts at most twice as long, token and renewal included.
    """

    appele: ClassVar[str]
    emetteur: ClassVar[str]
    refus: ClassVar[frozenset[str]]
    noms: ClassVar[tuple[str, str, str]]

    def __init__(self, identite: Iterable[str], *, jetons: Jetons, delai_total: float) -> None:
        self._cle = hashlib.sha256("\n".join(identite).encode()).hexdigest()
        self._jetons = jetons
        self._delai_total, self._delai_jeton = delai_total, min(DELAI_JETON, delai_total / 2)
        self._ouvert: tuple[str, T] | None = None

    @abstractmethod
    def _ouvrir(self, jeton: str) -> T:
        """A connection that carries this token; a token is a secret, and a Transport knows all of its own."""

    @abstractmethod
    def _demander_jeton(self) -> Reponse:
        """The answer of `emetteur` to one call. Raises the three families."""

    def _entetes(self, corps: Any) -> Mapping[str, str]:
        """Headers of one call."""
        return {}

    def fermer(self) -> None:
        """Release the kept-alive connection."""
        if self._ouvert:
            self._ouvert[1].close()
            self._ouvert = None

    def envoyer(
        self,
        methode: str,
        chemin: str,
        *,
        corps: Any = None,
        params: Mapping[str, str] | None = None,
        ecriture: bool = False,
    ) -> Reponse:
        """Send one call and return its 2xx answer. A kept token that is refused is replaced, once."""

        def appeler(jeton: Jeton) -> Reponse:
            return self._transport(jeton.valeur).envoyer(
                methode, chemin, corps=corps, params=params, entetes=self._entetes(corps), ecriture=ecriture
            )

        debut = time.monotonic()
        jeton, neuf = self._jeton()
        try:
            return appeler(jeton)
        except ErreurDeReglage as exc:
            if exc.code not in self.refus or neuf:
                raise
            self._jetons.oublier(self._cle, jeton)
            if time.monotonic() - debut > self._delai_total - self._delai_jeton:
                raise ErreurPassagere(
                    f"{self.appele} a refusé l’appel après une longue attente, peut-être parce que le jeton avait "
                    "expiré. Rien n’a été modifié ; un nouvel essai est possible avec un autre jeton.",
                    effet_possible=False,
                    statut=exc.statut,
                    requete_id=exc.requete_id,
                ) from exc
        return appeler(self._jeton()[0])

    def obtenir_jeton(self) -> None:
        """Make sure that there is a usable token."""
        self._jeton()

    def _transport(self, jeton: str) -> T:
        if self._ouvert and self._ouvert[0] == jeton:
            return self._ouvert[1]
        self.fermer()
        transport = self._ouvrir(jeton)
        self._ouvert = (jeton, transport)
        return transport

    def _jeton(self) -> tuple[Jeton, bool]:
        """A token, and whether this very call asked for it."""
        faits: list[Jeton] = []

        def fabriquer() -> Jeton:
            obtenu_le = datetime.now(UTC)
            faits.append(self._lire_jeton(self._demander_jeton(), obtenu_le))
            return faits[0]

        jeton = self._jetons.obtenir(self._cle, fabriquer)
        return jeton, bool(faits)

    def _lire_jeton(self, reponse: Reponse, obtenu_le: datetime) -> Jeton:
        donnees = reponse.donnees if isinstance(reponse.donnees, dict) else {}
        nom, nom_genre, nom_duree = self.noms
        valeur, genre = donnees.get(nom), donnees.get(nom_genre, "Bearer")
        if not (isinstance(valeur, str) and _JETON.fullmatch(valeur)) or str(genre).lower() != "bearer":
            raise ErreurPassagere(
                f"{self.emetteur} a répondu autre chose qu’un jeton. Rien n’a été modifié ; un nouvel essai est "
                "possible.",
                effet_possible=False,
                statut=reponse.statut,
                requete_id=reponse.requete_id,
            )
        duree = entier(donnees, nom_duree)
        return Jeton(valeur, obtenu_le, DUREE_PRUDENTE if duree is None else min(max(duree, 0), DUREE_MAX))
