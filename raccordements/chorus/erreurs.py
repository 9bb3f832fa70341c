"""How PISTE and Chorus Pro write their failures, and what each means.

Shapes (public clients and their sandbox tests; AIFE's appendix of messages is not public)::

    a  {"codeRetour": 20002, "libelle": "..."}                        HTTP 400, or 200: both count
    b  {"error": "invalid_client", "error_description": "..."}        HTTP 400, the token
    c  [{"error": "NotFoundReference", "message": "..."}]             HTTP 400, Référentiel des organisations
    d  {"ErrorCode": "401", "Description": "[invalid field]"}         HTTP 401, the technical account
    e  empty, with WWW-Authenticate: Bearer ... error_description=    HTTP 400 or 401, the bearer
    f  empty                                                          HTTP 403, no subscription to the API
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from config.http import ErreurDefinitive, ErreurDeReglage, ErreurDistante, ErreurPassagere, Reponse, Transport
from config.http import lire_erreur_usuelle as lire_usuelle
from raccordements.chorus.lecture import INTERDITS

#: Codes of the errors that name the credential to correct.
APPLICATION_REFUSEE = "invalid_client"
JETON_REFUSE = "jeton_refuse"
COMPTE_REFUSE = "compte_technique_refuse"
API_NON_ABONNEE = "api_non_abonnee"
#: codeRetour of a search without result (PASTELL; « La recherche n'a retourné aucun résultat »).
AUCUN_RESULTAT = "20000"
TEXTE_MAX = 2000
#: Names of the APIs in PISTE, by their part of the address.
APIS = {
    "transverses": "Transverses",
    "structures": "Structures",
    "utilisateurs": "Utilisateurs",
    "factures": "Factures",
    "organisations": "Référentiel des organisations",
}

_DEFI = re.compile(r'(\w+)="([^"]*)"')


def lire_erreur(reponse: Reponse) -> tuple[str, str] | None:
    """Message and code of a failure, None when the answer is not a readable one."""
    donnees = reponse.donnees
    if isinstance(donnees, dict):
        for lire in (_enveloppe, _oauth, _passerelle):
            if lu := lire(donnees):
                return lu
    elif isinstance(donnees, list) and (lu := _liste(donnees)):
        return lu
    defi = dict(_DEFI.findall(reponse.entetes.get("www-authenticate", "")))
    if message := defi.get("error_description") or defi.get("error"):
        return _propre(message), defi.get("error", "")
    return lire_usuelle(reponse)


def code_retour(donnees: Any) -> str | None:
    """The `codeRetour` of an answer as a text, None when it has none that can be read."""
    valeur = donnees.get("codeRetour") if isinstance(donnees, dict) else None
    if isinstance(valeur, bool) or not isinstance(valeur, int | str):
        return None
    lu = str(valeur).strip()
    return str(int(lu)) if re.fullmatch(r"-?[0-9]{1,9}", lu) else None


class TransportChorus(Transport):
    """Transport whose refusals name the credential to correct: technical account, or subscription of an API."""

    _api = ""

    def envoyer(self, methode: str, chemin: str, **options: Any) -> Reponse:
        self._api = nom_api(chemin)
        return super().envoyer(methode, chemin, **options)

    def refus(
        self, reponse: Reponse, lu: tuple[str, str], *, ecriture: bool, statut: int | None = None
    ) -> ErreurDistante:
        erreur = super().refus(reponse, lu, ecriture=ecriture, statut=statut)
        marques: dict[str, Any] = {"statut": erreur.statut, "requete_id": erreur.requete_id}
        if jeton_refuse(reponse):
            return ErreurDeReglage(
                "Chorus Pro ne reconnaît pas le jeton donné par PISTE : les adresses des jetons et des API sont "
                "peut-être de deux environnements. Un administrateur doit vérifier ces deux réglages.",
                code=JETON_REFUSE,
                **marques,
            )
        if erreur.statut == 401:
            return ErreurDeReglage(
                "Chorus Pro refuse le compte technique : son identifiant ou son mot de passe est faux, il a expiré "
                "(424 jours), ou il a été créé il y a moins de 30 minutes. Un administrateur doit le vérifier, puis "
                "ressaisir son mot de passe.",
                code=COMPTE_REFUSE,
                **marques,
            )
        if erreur.statut == 403 and isinstance(erreur, ErreurDeReglage):
            return ErreurDeReglage(
                lu[0]
                or f"PISTE refuse l’accès à l’API {self._api or 'demandée'}, alors que le jeton est bon : "
                "l’application n’y est pas abonnée, ses conditions d’utilisation ne sont pas acceptées, ou le "
                "raccordement n’est pas actif. Un administrateur doit vérifier l’application dans PISTE.",
                code=API_NON_ABONNEE,
                **marques,
            )
        return erreur


class TransportJeton(Transport):
    """Transport of the token call, whose every refusal is about the PISTE application."""

    def refus(
        self, reponse: Reponse, lu: tuple[str, str], *, ecriture: bool, statut: int | None = None
    ) -> ErreurDistante:
        erreur = super().refus(reponse, lu, ecriture=ecriture, statut=statut)
        code = _mot(reponse.donnees, "error") if isinstance(reponse.donnees, dict) else ""
        if erreur.statut == 401 or (code and isinstance(erreur, ErreurDefinitive)):
            code = code or APPLICATION_REFUSEE
            return ErreurDeReglage(
                "PISTE refuse l’application : son identifiant (client id) ou son secret est faux, ou il appartient à "
                "l’autre environnement. Un administrateur doit les recopier depuis « OAuth Credentials » dans PISTE, "
                "et non depuis « API Keys »."
                if code == APPLICATION_REFUSEE
                else f"PISTE refuse de donner un jeton ({code}) : la demande ou l’application n’est pas admise. "
                "Un administrateur doit vérifier l’application dans PISTE.",
                code=code,
                statut=erreur.statut,
                requete_id=erreur.requete_id,
            )
        return erreur


def jeton_refuse(reponse: Reponse) -> bool:
    """Whether the gateway says that the bearer itself is unknown or over (RFC 6750, `invalid_token`)."""
    return reponse.statut in {400, 401} and 'error="invalid_token"' in reponse.entetes.get("www-authenticate", "")


def nom_api(chemin: str) -> str:
    """Name in PISTE of the API that a path belongs to, empty when unknown."""
    return next((nom for mot, nom in APIS.items() if f"/{mot}/" in chemin), "")


def non_reconnue(reponse: Reponse, *, ecriture: bool) -> ErreurPassagere:
    """The error for an answer that is neither a documented success nor a readable refusal."""
    suite = (
        "La demande a pu être prise en compte : vérifiez son effet dans Chorus Pro avant de la renvoyer."
        if ecriture
        else "Rien n’a été modifié ; un nouvel essai est possible."
    )
    return ErreurPassagere(
        f"Chorus Pro a répondu autre chose que ce que son API annonce. {suite}",
        effet_possible=ecriture,
        statut=reponse.statut,
        requete_id=reponse.requete_id,
    )


def _propre(message: str) -> str:
    return INTERDITS.sub(" ", message).strip()[:TEXTE_MAX]


def _mot(objet: Mapping[str, Any], nom: str) -> str:
    valeur = objet.get(nom)
    return _propre(str(valeur)) if isinstance(valeur, str | int) and not isinstance(valeur, bool) else ""


def _enveloppe(donnees: dict[str, Any]) -> tuple[str, str] | None:
    code = code_retour(donnees)
    if code is None or code == "0":
        return None
    return _mot(donnees, "libelle") or f"Chorus Pro a refusé la demande (code {code}) sans l’expliquer.", code


def _oauth(donnees: dict[str, Any]) -> tuple[str, str] | None:
    code = _mot(donnees, "error")
    return (_mot(donnees, "error_description") or code, code) if code else None


def _passerelle(donnees: dict[str, Any]) -> tuple[str, str] | None:
    code, message = _mot(donnees, "ErrorCode"), _mot(donnees, "Description")
    return (message or code, code) if code else None


def _liste(donnees: list[Any]) -> tuple[str, str] | None:
    erreurs = [(_mot(e, "message"), _mot(e, "error")) for e in donnees if isinstance(e, dict)]
    lues = [(message or code, code) for message, code in erreurs if code]
    return (" ".join(dict.fromkeys(message for message, _ in lues)), lues[0][1]) if lues else None
