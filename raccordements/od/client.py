"""The clients of Cegid OD: the cabinet for its customer (step 1), the platform for the same customer (step 2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
from django.conf import settings

from config.http import ErreurDefinitive, ErreurDeReglage, Reponse
from raccordements.chorus.jetons import Jetons
from raccordements.chorus.lecture import texte
from raccordements.od import contrat
from raccordements.od.erreurs import TransportOD, non_reconnue
from raccordements.od.schemas import (
    AccesPlateforme,
    CleCabinet,
    Demandeur,
    DonneesConnexion,
    EtatLigne,
    Issue,
    Ligne,
    Onboarding,
    Sante,
    SouscriptionDistante,
)
from raccordements.od.session import Journal, SessionPlateforme, sans_reponse

T = TypeVar("T")


class ClientCabinet:
    """Step 1, with the cabinet's own keys, for a customer whose representative or administrator asks for it.

    A context manager, for one thread. Every method raises the three families of config.http. On a write, whatever is
    neither the success of the contract nor a readable refusal is an ErreurPassagere with `effet_possible`.

    Parameters
    ----------
    urls:
        Base addresses of one environment; `od` is used.
    cle_publique, client_secret:
        The two halves of the cabinet's APIKey, sent as `x-apikey`.
    cle_abonnement:
        The cabinet's subscription key; never the platform's.
    chemins, niveaux:
        As in the settings OD_CHEMINS and OD_NIVEAUX.
    delai_total, taille_max, journal, transport:
        As for config.http.Transport.

    Raises ErreurDeReglage when a part of the key is missing or cannot be sent in a header.
    """

    def __init__(
        self,
        urls: Mapping[str, str],
        *,
        cle_publique: str,
        client_secret: str,
        cle_abonnement: str,
        chemins: Mapping[str, str],
        niveaux: Mapping[str, str],
        delai_total: float,
        taille_max: int,
        journal: Journal | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        _complets(
            "la clé d’API du cabinet est incomplète",
            {"clé publique": cle_publique, "client secret": client_secret, "clé d’abonnement": cle_abonnement},
        )
        self._cle_publique, self._chemins, self._niveaux = cle_publique, chemins, niveaux

        def ouvrir(journal: Journal | None) -> TransportOD:
            return TransportOD(
                urls["od"],
                entetes={"x-apikey": f"{cle_publique}:{client_secret}", "Ocp-Apim-Subscription-Key": cle_abonnement},
                secrets=(client_secret, cle_abonnement),
                delai_total=delai_total,
                taille_max=taille_max,
                journal=journal,
                transport=transport,
            )

        self._transport, self._discret = ouvrir(journal), ouvrir(sans_reponse(journal))

    @classmethod
    def pour_cle(
        cls, cle: CleCabinet, *, journal: Journal | None = None, transport: httpx.BaseTransport | None = None
    ) -> Self:
        """The client of a stored key, from the settings of its environment. Raises ErreurDeReglage."""
        return cls(
            _adresses(cle.environnement),
            cle_publique=cle.cle_publique,
            client_secret=cle.client_secret,
            cle_abonnement=cle.cle_abonnement,
            chemins=settings.OD_CHEMINS,
            niveaux=settings.OD_NIVEAUX,
            delai_total=settings.OPERATIONS["delai_appel"],
            taille_max=settings.REPONSE_TAILLE_MAX,
            journal=journal,
            transport=transport,
        )

    def __repr__(self) -> str:
        return f"<ClientCabinet {self._cle_publique}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, genre: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transport.close()
        self._discret.close()

    def verifier_cle(self) -> Sante:
        """Whether Cegid OD takes the cabinet's two keys."""
        return _sante(self._transport.envoyer("GET", self._chemins["sante"], ecriture=False))

    def valider_droits(self, ligne: Ligne, demandeur: Demandeur, matricule: str) -> Onboarding:
        """Have the requester's rights checked for this line, and open the on-boarding of a platform (`matricule`).

        Not to be repeated blindly: an uncertain one is settled by `lire_ligne`. Raises ErreurDefinitive for rights
        that are not granted, DejaAilleurs for a line that another platform has.
        """
        corps = contrat.corps_onboarding(contrat.corps_ligne(ligne, self._niveaux), demandeur, matricule)
        reponse = self._transport.envoyer("POST", self._chemins["onboardings"], corps=corps, ecriture=True)
        ouvert = _lire(reponse, contrat.lire_onboarding, ecriture=True)
        if ouvert.plateforme.matricule != matricule:
            raise non_reconnue(reponse, ecriture=True)
        return ouvert

    def recevoir_connexion(self, numero: str) -> DonneesConnexion:
        """Connection data of an on-boarding, for the platform. Nothing of the answer is kept in the trace.

        Each call gives other data and voids those given before: an answer that was lost is asked for again.
        """
        chemin = _chemin(self._chemins["connexion"], onboarding=numero)
        reponse = self._discret.envoyer("POST", chemin, corps={}, ecriture=True)
        return _lire(reponse, lambda donnees: contrat.lire_connexion(donnees, numero), ecriture=True)

    def lire_ligne(self, ligne: Ligne) -> EtatLigne | None:
        """What Cegid OD knows of a line, whichever the platform; None when it does not know it."""
        try:
            reponse = self._transport.envoyer(
                "GET", self._chemins["lignes"], params=contrat.parametres_ligne(ligne, self._niveaux), ecriture=False
            )
        except ErreurDefinitive as exc:
            if _inconnu(exc, contrat.LIGNE_INCONNUE):
                return None
            raise
        etat = _lire(reponse, contrat.lire_ligne, ecriture=False)
        if etat.identifiant != ligne.identifiant:
            raise non_reconnue(reponse, ecriture=False)
        return etat

    def annuler_onboarding(self, numero: str) -> Issue:
        """End an on-boarding: its connection data are void and its subscriptions end today. Harmless to repeat."""
        try:
            reponse = self._transport.envoyer(
                "POST", _chemin(self._chemins["annuler"], onboarding=numero), corps={}, ecriture=True
            )
        except ErreurDefinitive as exc:
            if _inconnu(exc, contrat.ONBOARDING_INCONNU):
                return Issue.OUBLIEE
            raise
        if _lire(reponse, contrat.lire_onboarding, ecriture=True).numero != numero:
            raise non_reconnue(reponse, ecriture=True)
        return Issue.TERMINEE


class ClientPlateforme:
    """Step 2: the starred requests of one platform, on behalf of one customer at one addressing line.

    A context manager, for one thread; raises as ClientCabinet. A refused Bearer or connection data is an
    ErreurDeReglage (`erreurs`: JETON_REFUSE, CONNEXION_REFUSEE); the latter may mean that Cegid forgot the line, which
    `ClientCabinet.lire_ligne` tells.

    Parameters
    ----------
    urls, chemins, niveaux, delai_total, taille_max, journal, transport:
        As for ClientCabinet; `urls` needs `od` and `compte`.
    acces:
        The platform's subscription key, the connection data and the line.
    jetons:
        Where Bearers are kept.
    """

    def __init__(
        self,
        urls: Mapping[str, str],
        *,
        acces: AccesPlateforme,
        jetons: Jetons,
        chemins: Mapping[str, str],
        niveaux: Mapping[str, str],
        delai_total: float,
        taille_max: int,
        journal: Journal | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        api_key = acces.connexion.api_key
        _complets(
            "les accès de la plateforme sont incomplets",
            {"clé d’abonnement de la plateforme": acces.cle_abonnement, "données de connexion": api_key},
        )
        self._ligne, self._chemins = contrat.corps_ligne(acces.ligne, niveaux), chemins
        self._session = SessionPlateforme(
            urls,
            cle_abonnement=acces.cle_abonnement,
            ligne=self._ligne,
            api_key=api_key,
            jetons=jetons,
            chemins=chemins,
            delai_total=delai_total,
            taille_max=taille_max,
            journal=journal,
            transport=transport,
        )

    @classmethod
    def pour_acces(
        cls,
        acces: AccesPlateforme,
        *,
        jetons: Jetons,
        journal: Journal | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> Self:
        """The client of stored credentials, from the settings of their environment. Raises ErreurDeReglage."""
        return cls(
            _adresses(acces.environnement),
            acces=acces,
            jetons=jetons,
            chemins=settings.OD_CHEMINS,
            niveaux=settings.OD_NIVEAUX,
            delai_total=settings.OPERATIONS["delai_appel"],
            taille_max=settings.REPONSE_TAILLE_MAX,
            journal=journal,
            transport=transport,
        )

    def __repr__(self) -> str:
        return f"<ClientPlateforme {self._ligne['identifier']}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, genre: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.fermer()

    def verifier_cle(self) -> Sante:
        """Whether Cegid OD takes the platform's subscription key; no Bearer is asked for."""
        return _sante(self._session.sans_jeton("GET", self._chemins["sante"]))

    def verifier_connexion(self) -> None:
        """Whether Cegid Account gives a Bearer for the connection data, unless a usable one is kept already."""
        self._session.obtenir_jeton()

    def souscrire(self, endpoint: str, *, du: date, au: date | None = None) -> SouscriptionDistante:
        """Register where Cegid OD notifies for this line, from a day on.

        Never to be repeated blindly: an uncertain one is settled by `souscriptions`.

        Parameters
        ----------
        endpoint:
            Exclusive to this line: Cegid OD refuses an address that another one has.
        du, au:
            First and last day routed, both included; no end without `au`.
        """
        corps = contrat.corps_souscription(self._ligne, endpoint, du, au)
        reponse = self._session.envoyer("POST", self._chemins["souscriptions"], corps=corps, ecriture=True)
        souscription = _lire(reponse, contrat.lire_souscription, ecriture=True)
        if (souscription.endpoint, souscription.du, souscription.au) != (endpoint, du, au):
            raise non_reconnue(reponse, ecriture=True)
        return souscription

    def souscriptions(self) -> tuple[SouscriptionDistante, ...]:
        """This platform's subscriptions of this line, ended ones included; empty when Cegid OD knows none."""
        reponse = self._session.envoyer("GET", self._chemins["souscriptions"])
        return _lire(reponse, contrat.lire_souscriptions, ecriture=False)

    def terminer(self, numero: str, *, au: date) -> Issue:
        """End a subscription; `au` is the last day routed, included. Harmless to repeat with the same day."""
        chemin = _chemin(self._chemins["terminer"], souscription=numero)
        try:
            reponse = self._session.envoyer("POST", chemin, corps=contrat.corps_fin(au), ecriture=True)
        except ErreurDefinitive as exc:
            if _inconnu(exc, contrat.SOUSCRIPTION_INCONNUE):
                return Issue.OUBLIEE
            raise
        finie = _lire(reponse, contrat.lire_souscription, ecriture=True)
        if (finie.numero, finie.au) != (numero, au):
            raise non_reconnue(reponse, ecriture=True)
        return Issue.TERMINEE


def _adresses(environnement: str) -> Mapping[str, str]:
    urls: Mapping[str, str] = settings.OD_URLS.get(environnement, {})
    if not (urls.get("od") and urls.get("compte")):
        raise ErreurDeReglage(
            f"L’appel à Cegid OD est impossible : les adresses de l’environnement « {environnement} » ne sont pas "
            f"réglées. Un administrateur doit renseigner OD_URL_{environnement.upper()} et "
            f"OD_COMPTE_URL_{environnement.upper()}."
        )
    return urls


def _complets(constat: str, donnees: Mapping[str, str]) -> None:
    if manquantes := [nom for nom, valeur in donnees.items() if not valeur]:
        raise ErreurDeReglage(
            f"L’appel à Cegid OD est impossible : {constat} ({', '.join(manquantes)}). "
            "Un administrateur doit les compléter."
        )


def _chemin(modele: str, **numeros: str) -> str:
    return modele.format(**{nom: quote(numero, safe="") for nom, numero in numeros.items()})


def _sante(reponse: Reponse) -> Sante:
    message = texte(reponse.donnees, "status") if isinstance(reponse.donnees, dict) else ""
    if not message:
        raise non_reconnue(reponse, ecriture=False)
    return Sante(message)


def _lire(reponse: Reponse, lire: Callable[[Any], T], *, ecriture: bool) -> T:
    """An answer parsed; one that has not the form of the contract leaves a write uncertain."""
    try:
        return lire(reponse.donnees)
    except ErreurDefinitive as exc:
        if not ecriture and reponse.donnees is not None:
            raise
        raise non_reconnue(reponse, ecriture=ecriture) from exc


def _inconnu(exc: ErreurDefinitive, code: str) -> bool:
    """Whether the service itself says that it does not know the object: a wrong address has no such code."""
    return exc.code == code and exc.statut in {404, 410}
