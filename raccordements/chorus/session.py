"""One caller's session with Chorus Pro: a shared PISTE token, the technical account, and one way to call a service."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx

from config.http import Echange, ErreurDeReglage, ErreurPassagere, Flux, Reponse
from raccordements.chorus.erreurs import (
    COMPTE_REFUSE,
    JETON_REFUSE,
    TransportChorus,
    TransportJeton,
    code_retour,
    lire_erreur,
    non_reconnue,
)
from raccordements.chorus.jetons import Jeton, Jetons
from raccordements.chorus.lecture import entier

#: Seconds a token is kept when its life is not told.
DUREE_PRUDENTE = 300.0
DUREE_MAX = 24 * 3600.0
DELAI_JETON = 10.0
JSON = "application/json;charset=utf-8"
_JETON = re.compile(r"[\x21-\x7e]{1,4096}")


class SessionChorus:
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
        self.chemins = chemins
        self._urls, self._jetons, self._compte = urls, jetons, compte
        self._delai_total, self._delai_jeton = delai_total, min(DELAI_JETON, delai_total / 2)
        self._secrets = (client_secret, mot_de_passe, compte)
        self._taille_max, self._journal, self._reseau = taille_max, journal, transport
        # Another secret is another key: credentials that were corrected never meet a token of the former ones.
        empreinte = "\n".join((urls["oauth"], client_id, client_secret, portee))
        self._cle = hashlib.sha256(empreinte.encode()).hexdigest()
        self._ouvert: tuple[str, TransportChorus] | None = None

    def fermer(self) -> None:
        """Release the kept-alive connection."""
        if self._ouvert:
            self._ouvert[1].close()
            self._ouvert = None

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

    def envoyer(self, methode: str, chemin: str, *, corps: Any = None, ecriture: bool = False) -> Reponse:
        """Send one call and return its 2xx answer. A cached token that is refused is replaced, once."""
        debut = time.monotonic()
        jeton, neuf = self._jeton()
        try:
            return self._appeler(jeton, methode, chemin, corps, ecriture)
        except ErreurDeReglage as exc:
            if exc.code not in {COMPTE_REFUSE, JETON_REFUSE} or neuf:
                raise
            self._jetons.oublier(self._cle, jeton)
            if time.monotonic() - debut > self._delai_total - self._delai_jeton:
                raise ErreurPassagere(
                    "Chorus Pro a refusé l’appel après une longue attente, peut-être parce que le jeton avait expiré. "
                    "Rien n’a été modifié ; un nouvel essai est possible avec un autre jeton.",
                    effet_possible=False,
                    statut=exc.statut,
                    requete_id=exc.requete_id,
                ) from exc
        return self._appeler(self._jeton()[0], methode, chemin, corps, ecriture)

    def obtenir_jeton(self) -> None:
        """Make sure that there is a usable token."""
        self._jeton()

    def _appeler(self, jeton: Jeton, methode: str, chemin: str, corps: Any, ecriture: bool) -> Reponse:
        entetes = {} if corps is None else {"Content-Type": JSON}
        return self._transport(jeton).envoyer(methode, chemin, corps=corps, entetes=entetes, ecriture=ecriture)

    def _transport(self, jeton: Jeton) -> TransportChorus:
        """The connection that carries this token; a token is a secret, and a Transport knows all of its own."""
        if self._ouvert and self._ouvert[0] == jeton.valeur:
            return self._ouvert[1]
        self.fermer()
        transport = TransportChorus(
            self._urls["api"],
            entetes={"Authorization": f"Bearer {jeton.valeur}", "cpro-account": self._compte, "Accept": JSON},
            secrets=(*self._secrets, jeton.valeur),
            delai_total=self._delai_total,
            taille_max=self._taille_max,
            journal=self._journal,
            transport=self._reseau,
            lire_erreur=lire_erreur,
        )
        self._ouvert = (jeton.valeur, transport)
        return transport

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
            reponse = http.envoyer(
                "POST",
                self.chemins["jeton"],
                # A Flux: the trace says its size, and never holds the secret.
                corps=Flux([self._demande], len(self._demande)),
                entetes={"Content-Type": "application/x-www-form-urlencoded"},
                ecriture=False,
            )
        donnees = reponse.donnees if isinstance(reponse.donnees, dict) else {}
        valeur, genre = donnees.get("access_token"), donnees.get("token_type", "Bearer")
        if not (isinstance(valeur, str) and _JETON.fullmatch(valeur)) or str(genre).lower() != "bearer":
            raise ErreurPassagere(
                "PISTE a répondu autre chose qu’un jeton. Rien n’a été modifié ; un nouvel essai est possible.",
                effet_possible=False,
                statut=reponse.statut,
                requete_id=reponse.requete_id,
            )
        duree = entier(donnees, "expires_in")
        return Jeton(valeur, obtenu_le, DUREE_PRUDENTE if duree is None else min(max(duree, 0), DUREE_MAX))


def _incomplet(cause: str) -> ErreurDeReglage:
    return ErreurDeReglage(
        f"L’appel à Chorus Pro est impossible : les identifiants sont inutilisables ({cause}). "
        "Un administrateur doit les compléter."
    )
