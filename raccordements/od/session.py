"""A platform's session with Cegid OD for one line: a shared Bearer of Cegid Account, and one way to send a call."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx

from config.http import Echange, ErreurDeReglage, ErreurPassagere, Reponse
from raccordements.chorus.jetons import Jeton, Jetons
from raccordements.chorus.lecture import entier
from raccordements.od import contrat
from raccordements.od.erreurs import (
    JETON_REFUSE,
    TransportClePlateforme,
    TransportCompte,
    TransportOD,
    TransportPlateforme,
)

#: Seconds a token is kept when its life is not told.
DUREE_PRUDENTE = 300.0
DUREE_MAX = 24 * 3600.0
DELAI_JETON = 10.0
NON_GARDE = "(réponse confidentielle non gardée)"
_JETON = re.compile(r"[\x21-\x7e]{1,4096}")

Journal = Callable[[Echange], None]
G = TypeVar("G", bound=TransportOD)


def sans_reponse(journal: Journal | None) -> Journal | None:
    """A journal that keeps nothing of what a success answers: connection data have no known shape to mask."""
    if journal is None:
        return None

    def noter(echange: Echange) -> None:
        refuse = echange.statut is not None and echange.statut >= 400
        journal(echange if refuse or not echange.corps_reponse else replace(echange, corps_reponse=NON_GARDE))

    return noter


class SessionPlateforme:
    """Sends starred requests, and renews the token once when it is refused.

    Parameters
    ----------
    urls:
        Base addresses: `od` and `compte` (Cegid Account).
    cle_abonnement:
        The platform's own subscription key, the same for all its customers.
    ligne:
        The addressing line on the wire, as `contrat.corps_ligne` writes it: the perimeter of the token.
    api_key:
        That of the connection data of this line.
    jetons:
        Where the token is kept and shared, one per customer and line (Cegid asks to reuse it until it expires).
    chemins:
        Paths by name, as in the setting OD_CHEMINS.
    delai_total, taille_max:
        Seconds for one HTTP call; bytes of the largest answer. A starred request lasts at most twice `delai_total`,
        token and renewal included.
    journal, transport:
        As for config.http.Transport; the trace of the token call has no answer.
    """

    def __init__(
        self,
        urls: Mapping[str, str],
        *,
        cle_abonnement: str,
        ligne: dict[str, str],
        api_key: str,
        jetons: Jetons,
        chemins: Mapping[str, str],
        delai_total: float,
        taille_max: int,
        journal: Journal | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._urls, self._jetons, self._chemins = urls, jetons, chemins
        self._cle_abonnement, self._ligne, self._api_key = cle_abonnement, ligne, api_key
        self._delai_total, self._delai_jeton = delai_total, min(DELAI_JETON, delai_total / 2)
        self._taille_max, self._journal, self._reseau = taille_max, journal, transport
        # Other connection data are another key: a line on-boarded again never meets a token of the former ones.
        empreinte = "\n".join((urls["compte"], ligne["level"], ligne["identifier"], api_key))
        self._cle = hashlib.sha256(empreinte.encode()).hexdigest()
        self._ouvert: tuple[str, TransportPlateforme] | None = None

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
        """Send a starred request and return its 2xx answer. A cached token that is refused is replaced, once."""
        debut = time.monotonic()
        jeton, neuf = self._jeton()
        try:
            return self._transport(jeton.valeur).envoyer(methode, chemin, corps=corps, params=params, ecriture=ecriture)
        except ErreurDeReglage as exc:
            if exc.code != JETON_REFUSE or neuf:
                raise
            self._jetons.oublier(self._cle, jeton)
            if time.monotonic() - debut > self._delai_total - self._delai_jeton:
                raise ErreurPassagere(
                    "Cegid OD a refusé l’appel après une longue attente, peut-être parce que le jeton avait expiré. "
                    "Rien n’a été modifié ; un nouvel essai est possible avec un autre jeton.",
                    effet_possible=False,
                    statut=exc.statut,
                    requete_id=exc.requete_id,
                ) from exc
        jeton, _ = self._jeton()
        return self._transport(jeton.valeur).envoyer(methode, chemin, corps=corps, params=params, ecriture=ecriture)

    def sans_jeton(self, methode: str, chemin: str) -> Reponse:
        """Send a request with the subscription key alone."""
        with self._ouvrir(TransportClePlateforme) as http:
            return http.envoyer(methode, chemin, ecriture=False)

    def obtenir_jeton(self) -> None:
        """Make sure that there is a usable token."""
        self._jeton()

    def _transport(self, jeton: str) -> TransportPlateforme:
        """The connection that carries this token; a token is a secret, and a Transport knows all of its own."""
        if self._ouvert and self._ouvert[0] == jeton:
            return self._ouvert[1]
        self.fermer()
        transport = self._ouvrir(TransportPlateforme, jeton)
        self._ouvert = (jeton, transport)
        return transport

    def _ouvrir(self, genre: type[G], jeton: str = "") -> G:
        porteur = {"Authorization": f"Bearer {jeton}"} if jeton else {}
        return genre(
            self._urls["od"],
            entetes=porteur | {"Ocp-Apim-Subscription-Key": self._cle_abonnement},
            secrets=(self._cle_abonnement, self._api_key, jeton),
            delai_total=self._delai_total,
            taille_max=self._taille_max,
            journal=self._journal,
            transport=self._reseau,
        )

    def _jeton(self) -> tuple[Jeton, bool]:
        """A token, and whether this very call asked for it."""
        faits: list[Jeton] = []

        def fabriquer() -> Jeton:
            faits.append(self._demander_jeton())
            return faits[0]

        jeton = self._jetons.obtenir(self._cle, fabriquer)
        return jeton, bool(faits)

    def _demander_jeton(self) -> Jeton:
        obtenu_le = datetime.now(UTC)
        with TransportCompte(
            self._urls["compte"],
            entetes={},
            secrets=(self._api_key,),
            delai_total=self._delai_jeton,
            taille_max=self._taille_max,
            journal=sans_reponse(self._journal),
            transport=self._reseau,
        ) as http:
            corps = contrat.corps_jeton(self._ligne, self._api_key)
            # Asking twice gives two tokens and changes nothing else: never a doubt about the write that needs one.
            reponse = http.envoyer("POST", self._chemins["jeton"], corps=corps, ecriture=False)
        donnees = reponse.donnees if isinstance(reponse.donnees, dict) else {}
        valeur, genre = donnees.get("accessToken"), donnees.get("tokenType", "Bearer")
        if not (isinstance(valeur, str) and _JETON.fullmatch(valeur)) or str(genre).lower() != "bearer":
            raise ErreurPassagere(
                "Cegid Account a répondu autre chose qu’un jeton. Rien n’a été modifié ; un nouvel essai est possible.",
                effet_possible=False,
                statut=reponse.statut,
                requete_id=reponse.requete_id,
            )
        duree = entier(donnees, "expiresIn")
        return Jeton(valeur, obtenu_le, DUREE_PRUDENTE if duree is None else min(max(duree, 0), DUREE_MAX))
