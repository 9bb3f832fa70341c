"""A platform's session with Cegid OD for one line: a shared Bearer of Cegid Account, and one way to send a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

import httpx

from config.http import Echange, Reponse
from raccordements.chorus.jetons import Jetons
from raccordements.od import contrat
from raccordements.od.erreurs import (
    JETON_REFUSE,
    TransportClePlateforme,
    TransportCompte,
    TransportOD,
    TransportPlateforme,
)
from raccordements.session import SessionAJeton

NON_GARDE = "(réponse confidentielle non gardée)"

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


class SessionPlateforme(SessionAJeton[TransportPlateforme]):
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

    appele = "Cegid OD"
    emetteur = "Cegid Account"
    refus = frozenset({JETON_REFUSE})
    noms = ("accessToken", "tokenType", "expiresIn")

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
        super().__init__(
            (urls["compte"], ligne["level"], ligne["identifier"], api_key), jetons=jetons, delai_total=delai_total
        )
        self._urls, self._chemins = urls, chemins
        self._cle_abonnement, self._ligne, self._api_key = cle_abonnement, ligne, api_key
        self._taille_max, self._journal, self._reseau = taille_max, journal, transport

    def sans_jeton(self, methode: str, chemin: str) -> Reponse:
        """Send a request with the subscription key alone."""
        with self._connecter(TransportClePlateforme) as http:
            return http.envoyer(methode, chemin, ecriture=False)

    def _ouvrir(self, jeton: str) -> TransportPlateforme:
        return self._connecter(TransportPlateforme, jeton)

    def _connecter(self, genre: type[G], jeton: str = "") -> G:
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

    def _demander_jeton(self) -> Reponse:
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
            return http.envoyer("POST", self._chemins["jeton"], corps=corps, ecriture=False)
