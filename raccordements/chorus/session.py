"""One caller's session with Chorus Pro: a shared PISTE token, the technical account, and one way to call a service."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import httpx

from config.http import Echange, ErreurDeReglage, Flux, Reponse
from raccordements.chorus.erreurs import (
    COMPTE_REFUSE,
    JETON_REFUSE,
    TransportChorus,
    TransportJeton,
    code_retour,
    lire_erreur,
    non_reconnue,
)
from raccordements.chorus.jetons import Jetons
from raccordements.session import SessionAJeton

JSON = "application/json;charset=utf-8"


class SessionChorus(SessionAJeton[TransportChorus]):
    """Sends calls with the bearer and `cpro-account`, and renews the token once when it is refused.

    Parameters
    ----------
    urls:
        Base addresses: `oauth` and `api`.
    client_id, client_secret:
        The PISTE application (« OAuth Credentials », not « API Keys »).
    login, mot_de_passe:
        Chorus Pro's technical account.
    jetons:
        Where the token is kept and shared.
    chemins:
        Paths by name, as in the setting CHORUS_CHEMINS.
    delai_total, taille_max:
        Seconds for one HTTP call; bytes of the largest answer. A call of a service lasts at most twice `delai_total`,
        token and renewal included.
    journal, transport:
        As for config.http.Transport; the token call has its own trace, without its body.
    portee:
        OAuth scope, empty to leave it out.

    Raises ErreurDeReglage when a part of the credentials is missing or cannot be sent.
    """

    appele = "Chorus Pro"
    emetteur = "PISTE"
    refus = frozenset({COMPTE_REFUSE, JETON_REFUSE})
    noms = ("access_token", "token_type", "expires_in")

    def __init__(
        self,
        urls: Mapping[str, str],
        *,
        client_id: str,
        client_secret: str,
        login: str,
        mot_de_passe: str,
        jetons: Jetons,
        chemins: Mapping[str, str],
        delai_total: float,
        taille_max: int,
        journal: Callable[[Echange], None] | None = None,
        transport: httpx.BaseTransport | None = None,
        portee: str = "openid",
    ) -> None:
        donnees = {
            "client id": client_id,
            "client secret": client_secret,
            "compte technique": login,
            "mot de passe technique": mot_de_passe,
        }
        if manquantes := [nom for nom, valeur in donnees.items() if not valeur]:
            raise _incomplet(f"il manque : {', '.join(manquantes)}")
        if ":" in login:
            raise _incomplet("l’identifiant du compte technique ne peut pas contenir de deux-points")
        try:
            compte = base64.b64encode(f"{login}:{mot_de_passe}".encode()).decode()
            demande = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
            self._demande = urlencode(demande | ({"scope": portee} if portee else {})).encode()
        except UnicodeEncodeError:
            raise _incomplet("une valeur contient un caractère interdit") from None
        super().__init__((urls["oauth"], client_id, client_secret, portee), jetons=jetons, delai_total=delai_total)
        self.chemins = chemins
        self._urls, self._compte = urls, compte
        self._secrets = (client_secret, mot_de_passe, compte)
        self._taille_max, self._journal, self._reseau = taille_max, journal, transport

    def service(self, chemin: str, corps: Mapping[str, Any], *, suite: str = "", ecriture: bool = False) -> Any:
        """POST to a service that answers with an envelope; returns the body when its codeRetour is 0.

        Raises the three families; a codeRetour that is not 0 is an ErreurDefinitive, whether with HTTP 200 or 400.
        """
        reponse = self.envoyer("POST", self.chemins[chemin] + suite, corps=dict(corps), ecriture=ecriture)
        code = code_retour(reponse.donnees)
        if code == "0":
            return reponse.donnees
        lu = lire_erreur(reponse)
        if code is None or lu is None or self._ouvert is None:
            raise non_reconnue(reponse, ecriture=ecriture)
        raise self._ouvert[1].refus(reponse, lu, ecriture=ecriture, statut=400)

    def _entetes(self, corps: Any) -> Mapping[str, str]:
        return {} if corps is None else {"Content-Type": JSON}

    def _ouvrir(self, jeton: str) -> TransportChorus:
        return TransportChorus(
            self._urls["api"],
            entetes={"Authorization": f"Bearer {jeton}", "cpro-account": self._compte, "Accept": JSON},
            secrets=(*self._secrets, jeton),
            delai_total=self._delai_total,
            taille_max=self._taille_max,
            journal=self._journal,
            transport=self._reseau,
            lire_erreur=lire_erreur,
        )

    def _demander_jeton(self) -> Reponse:
        with TransportJeton(
            self._urls["oauth"],
            entetes={},
            secrets=self._secrets,
            delai_total=self._delai_jeton,
            taille_max=self._taille_max,
            journal=self._journal,
            transport=self._reseau,
            lire_erreur=lire_erreur,
        ) as http:
            return http.envoyer(
                "POST",
                self.chemins["jeton"],
                # A Flux: the trace says its size, and never holds the secret.
                corps=Flux([self._demande], len(self._demande)),
                entetes={"Content-Type": "application/x-www-form-urlencoded"},
                ecriture=False,
            )


def _incomplet(cause: str) -> ErreurDeReglage:
    return ErreurDeReglage(
        f"L’appel à Chorus Pro est impossible : les identifiants sont inutilisables ({cause}). "
        "Un administrateur doit les compléter."
    )
