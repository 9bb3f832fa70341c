"""How everything is written for Cegid OD and Cegid Account: the one place to change when their contract is known.

Cegid publishes no address, path, body nor answer of these services (pages read: externalPdp-Onboarding,
externalPdp-NominalUseCase). What is theirs: two steps, rights validated before connection data are given, an APIKey in
these data, a Bearer of Cegid Account for one customer and one addressing line, the platform's own subscription key on
the starred requests, an exclusive endpoint, the four levels. Every name and word below is ours; paths are in the
setting OD_CHEMINS, the words of the levels in OD_NIVEAUX. Nothing receives Cegid OD's notifications:
neither their call nor their signature is public.

========================  =====================================================================================
`sante`                   GET, either subscription key
`onboardings`             POST, cabinet: validates the rights
`connexion`               POST, cabinet: gives connection data, those given before are void
`annuler`                 POST, cabinet: ends an on-boarding
`lignes`                  GET, cabinet: what is known of a line
`jeton`                   POST on Cegid Account, connection data: gives a Bearer
`souscriptions`           POST and GET, starred: subscribe; the subscriptions of the Bearer's line
`terminer`                POST, starred: ends a subscription
========================  =====================================================================================
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from config.http import ErreurDefinitive
from raccordements.chorus.lecture import jour, liste, moment, texte
from raccordements.od.schemas import (
    Demandeur,
    DonneesConnexion,
    EtatLigne,
    EtatOD,
    Ligne,
    Niveau,
    Onboarding,
    PlateformeDistante,
    Qualite,
    SouscriptionDistante,
)

#: `code` of the refusals that mean something of their own to the client.
LIGNE_INCONNUE = "UnknownAddressingLine"
ONBOARDING_INCONNU = "UnknownOnboarding"
SOUSCRIPTION_INCONNUE = "UnknownSubscription"
DEJA_AILLEURS = "OnboardedElsewhere"
CLE_PLATEFORME_EXIGEE = "PdpSubscriptionKeyRequired"
CLE_CABINET_EXIGEE = "CustomerSubscriptionKeyRequired"

QUALITES = {
    Qualite.REPRESENTANT_LEGAL: "legalRepresentative",
    Qualite.ADMINISTRATEUR_HABILITE: "authorizedAdministrator",
}
ETATS = {
    "rightsValidated": EtatOD.DROITS_VALIDES,
    "onboarded": EtatOD.ON_BOARDEE,
    "cancelled": EtatOD.ANNULEE,
    "subscribed": EtatOD.SOUSCRITE,
    "active": EtatOD.ACTIVE,
    "ended": EtatOD.TERMINEE,
}
#: Characters of the connection data that are kept.
CONNEXION_MAX = 16 * 1024
ENDPOINT_MAX = 2000


def corps_ligne(ligne: Ligne, niveaux: Mapping[str, str]) -> dict[str, str]:
    """An addressing line: its level in Cegid's word, its parts apart, and its identifier."""
    corps = {"level": niveaux[ligne.niveau], "siren": ligne.siren}
    if ligne.niveau in {Niveau.SIRET, Niveau.CODE_ROUTAGE}:
        corps["siret"] = ligne.siret
    if ligne.niveau is Niveau.CODE_ROUTAGE:
        corps["routingCode"] = ligne.code_routage
    if ligne.niveau is Niveau.SUFFIXE:
        corps["suffix"] = ligne.suffixe
    return corps | {"identifier": ligne.identifiant}


def parametres_ligne(ligne: Ligne, niveaux: Mapping[str, str]) -> dict[str, str]:
    """What names a line in an address. The level is needed: a suffix of 14 digits reads as a SIRET."""
    return {"level": niveaux[ligne.niveau], "identifier": ligne.identifiant}


def corps_onboarding(ligne: dict[str, str], demandeur: Demandeur, matricule: str) -> dict[str, Any]:
    """The body of `onboardings`."""
    return {
        "addressingLine": ligne,
        "requester": {"quality": QUALITES[demandeur.qualite], "name": demandeur.nom, "email": demandeur.email},
        "platform": {"registrationNumber": matricule},
    }


def corps_jeton(ligne: dict[str, str], api_key: str) -> dict[str, Any]:
    """The body of `jeton`."""
    return {"apiKey": api_key, "addressingLine": ligne}


def corps_souscription(ligne: dict[str, str], endpoint: str, du: date, au: date | None) -> dict[str, Any]:
    """The body of `souscriptions`. `au`: last day routed, included; None without an end."""
    return {
        "addressingLine": ligne,
        "endpoint": endpoint,
        "effectiveDate": du.isoformat(),
        "endDate": au and au.isoformat(),
    }


def corps_fin(au: date) -> dict[str, str]:
    """The body of `terminer`. `au`: last day routed, included."""
    return {"endDate": au.isoformat()}


def lire_onboarding(donnees: Any) -> Onboarding:
    """Raises ErreurDefinitive without a number or a platform."""
    lu = _objet(donnees, "on-boarding")
    brut = texte(lu, "status", 40)
    return Onboarding(
        numero=_obligatoire(lu, "onboardingId", "on-boarding"),
        etat=ETATS.get(brut),
        etat_brut=brut,
        plateforme=lire_plateforme(lu.get("platform")),
        valide_le=moment(lu, "validatedAt"),
    )


def lire_connexion(donnees: Any, numero: str) -> DonneesConnexion:
    """The connection data of the on-boarding `numero`. Raises ErreurDefinitive without an APIKey."""
    lu = _objet(donnees, "données de connexion")
    contenu = _objet(lu.get("connectionData"), "données de connexion")
    connexion = DonneesConnexion(json.dumps(contenu, ensure_ascii=False))
    if texte(lu, "onboardingId") != numero or not connexion.api_key or len(connexion.texte) > CONNEXION_MAX:
        raise inattendue("données de connexion")
    return connexion


def lire_souscription(donnees: Any) -> SouscriptionDistante:
    """Raises ErreurDefinitive without a number or a platform."""
    lu = _objet(donnees, "souscription")
    brut = texte(lu, "status", 40)
    return SouscriptionDistante(
        numero=_obligatoire(lu, "subscriptionId", "souscription"),
        etat=ETATS.get(brut),
        etat_brut=brut,
        plateforme=lire_plateforme(lu.get("platform")),
        endpoint=texte(lu, "endpoint", ENDPOINT_MAX),
        du=jour(lu, "effectiveDate"),
        au=jour(lu, "endDate"),
        souscrite_le=moment(lu, "subscribedAt"),
    )


def lire_souscriptions(donnees: Any) -> tuple[SouscriptionDistante, ...]:
    """Raises ErreurDefinitive when there is no list."""
    lues = _objet(donnees, "souscriptions").get("subscriptions")
    if not isinstance(lues, list):
        raise inattendue("souscriptions")
    return tuple(lire_souscription(lue) for lue in lues)


def lire_ligne(donnees: Any) -> EtatLigne:
    """Raises ErreurDefinitive without the line's identifier."""
    lu = _objet(donnees, "ligne d’adressage")
    return EtatLigne(
        identifiant=_obligatoire(_objet(lu.get("addressingLine"), "ligne d’adressage"), "identifier", "ligne"),
        onboardings=tuple(lire_onboarding(element) for element in liste(lu.get("onboardings"))),
        souscriptions=tuple(lire_souscription(element) for element in liste(lu.get("subscriptions"))),
    )


def lire_plateforme(donnees: Any) -> PlateformeDistante:
    """Raises ErreurDefinitive without a number."""
    lu = _objet(donnees, "plateforme")
    return PlateformeDistante(
        matricule=_obligatoire(lu, "registrationNumber", "plateforme"), nom=texte(lu, "name", 150)
    )


def lire_ailleurs(donnees: Any) -> tuple[PlateformeDistante, datetime | None] | None:
    """Which platform already has the line, and since when, in a refusal; None when it does not say."""
    details = donnees.get("details") if isinstance(donnees, dict) else None
    if not isinstance(details, dict):
        return None
    try:
        return lire_plateforme(details.get("platform")), moment(details, "since")
    except ErreurDefinitive:
        return None


def inattendue(source: str) -> ErreurDefinitive:
    """The error for an answer that does not have the form of this contract."""
    return ErreurDefinitive(
        f"La réponse de Cegid OD ({source}) n’a pas la forme attendue : le contrat de l’API a peut-être changé. "
        "Signalez-le à un administrateur avec la réponse gardée dans l’appel."
    )


def _objet(donnees: Any, source: str) -> dict[str, Any]:
    if not isinstance(donnees, dict):
        raise inattendue(source)
    return donnees


def _obligatoire(objet: dict[str, Any], nom: str, source: str) -> str:
    valeur = texte(objet, nom)
    if not valeur:
        raise inattendue(source)
    return valeur
