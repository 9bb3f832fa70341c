"""The client of Chorus Pro's API through PISTE: one method per service."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import date
from types import TracebackType
from typing import Any, Literal, Self

import httpx
from django.conf import settings

from config.http import Echange, ErreurDefinitive, ErreurDeReglage, ErreurPassagere
from raccordements.chorus import pages
from raccordements.chorus.diagnostic import Sondes, etablir
from raccordements.chorus.erreurs import AUCUN_RESULTAT, code_retour, non_reconnue
from raccordements.chorus.jetons import Jetons, JetonsEnMemoire
from raccordements.chorus.lecture import entier, jour, liste, texte
from raccordements.chorus.organisations import Organisations
from raccordements.chorus.schemas import (
    CompteRendu,
    CompteRenduDetaille,
    DepotFlux,
    Diagnostic,
    Identifiants,
    Rattachement,
    Sante,
    Service,
    StructureActive,
    StructureConsultee,
    StructureTrouvee,
)
from raccordements.chorus.session import SessionChorus

Espace = Literal["fournisseur", "destinataire", "facturetravaux"]
#: Seconds of one call of a connection test, at most: it makes up to seven.
DELAI_TEST = 10.0


class ClientChorus:
    """Calls Chorus Pro with one PISTE application and one technical account. A context manager, for one thread.

    Every method raises the three families of config.http. An ErreurDeReglage has a code that names what to correct
    (`erreurs`: APPLICATION_REFUSEE, JETON_REFUSE, COMPTE_REFUSE, API_NON_ABONNEE).

    Parameters
    ----------
    urls:
        Base addresses of one environment: `oauth` and `api`.
    client_id, client_secret, login, mot_de_passe, jetons, chemins, delai_total, taille_max, journal, transport, portee:
        See SessionChorus.
    environnement:
        "qualification" or "production": the test deposit is for the former only.
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
        environnement: str,
        journal: Callable[[Echange], None] | None = None,
        transport: httpx.BaseTransport | None = None,
        portee: str = "openid",
    ) -> None:
        def ouvrir(jetons: Jetons, delai_total: float) -> SessionChorus:
            return SessionChorus(
                urls,
                client_id=client_id,
                client_secret=client_secret,
                login=login,
                mot_de_passe=mot_de_passe,
                jetons=jetons,
                chemins=chemins,
                delai_total=delai_total,
                taille_max=taille_max,
                journal=journal,
                transport=transport,
                portee=portee,
            )

        self.environnement = environnement
        self._login, self._delai_total, self._ouvrir = login, delai_total, ouvrir
        self._session = ouvrir(jetons, delai_total)

    @classmethod
    def pour_identifiants(
        cls,
        identifiants: Identifiants,
        *,
        jetons: Jetons | None = None,
        journal: Callable[[Echange], None] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> Self:
        """The client of stored credentials, from the settings of their environment. Raises ErreurDeReglage.

        Its token is that of every process of the practice, unless `jetons` says where it is kept.
        """
        # Only here: a client made of values needs no model.
        from raccordements.chorus.jetons_en_base import JetonsEnBase

        environnement = identifiants.environnement
        urls = settings.CHORUS_URLS.get(environnement, {})
        if not (urls.get("oauth") and urls.get("api")):
            raise ErreurDeReglage(
                f"L’appel à Chorus Pro est impossible : les adresses de l’environnement « {environnement} » ne sont "
                f"pas réglées. Un administrateur doit renseigner CHORUS_OAUTH_URL_{environnement.upper()} et "
                f"CHORUS_API_URL_{environnement.upper()}."
            )
        return cls(
            urls,
            client_id=identifiants.client_id,
            client_secret=identifiants.client_secret,
            login=identifiants.login,
            mot_de_passe=identifiants.mot_de_passe,
            jetons=jetons or JetonsEnBase(),
            chemins=settings.CHORUS_CHEMINS,
            delai_total=settings.OPERATIONS["delai_appel"],
            taille_max=settings.REPONSE_TAILLE_MAX,
            environnement=environnement,
            journal=journal,
            transport=transport,
        )

    def __repr__(self) -> str:
        return f"<ClientChorus {self._login} ({self.environnement})>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, genre: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.fermer()

    @property
    def organisations(self) -> Organisations:
        """The reads of the « Référentiel des organisations », with the same credentials."""
        return Organisations(self._session)

    def verifier_sante(self) -> Sante:
        """Whether Chorus Pro is up (health-check): it proves token, technical account and subscription together."""
        return _sante(self._session)

    def rechercher_structures(
        self,
        *,
        siret: str = "",
        type_identifiant: str = "SIRET",
        actives: bool | None = None,
        raison_sociale: str = "",
        code_postal: str = "",
        ville: str = "",
        type_structure: Literal["", "PUBLIQUE", "PRIVEE"] = "",
    ) -> list[StructureTrouvee]:
        """The structures that meet every criterion given; none is an empty list.

        `siret` is the identifier of the kind `type_identifiant`. Raises ErreurDefinitive without any criterion.
        """
        criteres = {
            "identifiantStructure": siret,
            "typeIdentifiantStructure": type_identifiant if siret else "",
            "statutStructure": {True: "ACTIF", False: "INACTIF", None: ""}[actives],
            "raisonSocialeStructure": raison_sociale,
            "adresseCodePostal": code_postal,
            "adresseVille": ville,
            "typeStructure": type_structure,
        }
        structure = {nom: valeur for nom, valeur in criteres.items() if valeur}
        if not structure:
            raise ErreurDefinitive(
                "La recherche n’a pas été faite : Chorus Pro exige au moins un critère. "
                "Donnez un SIRET ou une raison sociale, puis recommencez."
            )
        trouvees = self._pages("structures_rechercher", {"structure": structure}, pages.STRUCTURES)
        return [StructureTrouvee.depuis_json(element) for element in trouvees]

    def consulter_structure(self, id_structure: int) -> StructureConsultee:
        """One structure in full, with its EDI flags and the end of the technical password."""
        return StructureConsultee.depuis_json(
            self._session.service("structures_consulter", {"idStructureCPP": id_structure})
        )

    def services(self, id_structure: int) -> list[Service]:
        """The services of a structure, the one that Chorus Pro gives to all included (SERVICE_GENERIQUE)."""
        trouves = self._pages("services_rechercher", {"idStructure": id_structure}, pages.SERVICES)
        return [Service.depuis_json(element) for element in trouves]

    def mes_rattachements(self) -> list[Rattachement]:
        """The structures that the technical account reaches."""
        return _rattachements(self._session)

    def structures_actives(self, espace: Espace) -> list[StructureActive]:
        """The structures of the technical account that are open in a space. There is none for the raccordements."""
        return _actives(self._session, espace)

    def consulter_cr(self, numero: str, *, depose_le: date | None = None, syntaxe: str = "") -> CompteRendu:
        """The state of a deposited flow, with the code appli and the code interface that it came by.

        Raises ErreurDefinitive for an unknown flow. Whether EDI flow numbers are accepted is not documented.
        """
        corps = {"numeroFluxDepot": numero, "dateDepot": depose_le and depose_le.isoformat(), "syntaxeFlux": syntaxe}
        return CompteRendu.depuis_json(self._session.service("consulter_cr", _sans_vides(corps)))

    def consulter_cr_detaille(self, numero: str, *, syntaxe: str = "") -> CompteRenduDetaille:
        """The state of a deposited flow with its errors. Raises ErreurDefinitive for an unknown flow."""
        corps = _sans_vides({"numeroFluxDepot": numero, "syntaxeFlux": syntaxe})
        return CompteRenduDetaille.depuis_json(self._session.service("consulter_cr_detaille", corps))

    def deposer_flux(
        self, nom_fichier: str, contenu: bytes, syntaxe: str, *, avec_signature: bool = False
    ) -> DepotFlux:
        """Deposit a test flow; never sent again blindly, a repeat would be another flow.

        Raises ErreurDefinitive in any other environment than qualification.
        """
        if self.environnement != "qualification":
            raise ErreurDefinitive(
                "Le flux n’a pas été déposé : le dépôt d’essai est réservé à la qualification, il créerait de vraies "
                "factures en production. Choisissez des identifiants de qualification."
            )
        corps = {
            "fichierFlux": base64.b64encode(contenu).decode(),
            "nomFichier": nom_fichier,
            "syntaxeFlux": syntaxe,
            "avecSignature": avec_signature,
        }
        donnees = self._session.service("deposer_flux", corps, ecriture=True)
        numero = texte(donnees, "numeroFluxDepot")
        if not numero:
            raise ErreurPassagere(
                "Chorus Pro a répondu sans donner le numéro du flux. Le dépôt a pu être pris en compte : vérifiez-le "
                "dans « Suivi des flux » avant de le refaire.",
                effet_possible=True,
                statut=200,
            )
        return DepotFlux(numero=numero, depose_le=jour(donnees, "dateDepot"), syntaxe=texte(donnees, "syntaxeFlux"))

    def tester(
        self, *, siret: str = "", apis: tuple[str, ...] = ("transverses", "structures", "utilisateurs")
    ) -> Diagnostic:
        """Try the credentials in four steps: token, technical account, subscription to each of `apis`, attachment.

        Never raises for what a remote does. Always asks for another token, which nobody else uses: it is the secret
        that is tried, not the cache. Up to seven calls of ten seconds each; after one that got no answer, the others
        are not tried.

        Parameters
        ----------
        siret:
            Identifier of the structure that the account must reach; without it the last step is not tried.
        apis:
            Names in addresses, of `erreurs.APIS`.
        """
        session = self._ouvrir(JetonsEnMemoire(), min(self._delai_total, DELAI_TEST))
        try:
            return etablir(
                Sondes(
                    jeton=session.obtenir_jeton,
                    apis={
                        "transverses": lambda: _sante(session),
                        "structures": lambda: _sonder(session, "structures_rechercher", _SONDE_STRUCTURES),
                        "utilisateurs": lambda: _sonder(session, "rattachements", pages.RATTACHEMENTS.parametres(1)),
                        "factures": lambda: _sonder(session, "factures_fournisseur", _SONDE_FACTURES),
                        "organisations": lambda: Organisations(session).verifier_sante(),
                    },
                    rattachements=lambda: {lu.identifiant for lu in _rattachements(session)},
                ),
                apis=apis,
                siret=siret,
            )
        finally:
            session.fermer()

    def _pages(self, chemin: str, corps: Mapping[str, Any], pagination: pages.Pagination) -> list[Any]:
        return _parcourir(self._session, chemin, corps, pagination)


#: Harmless searches, which say nothing of anybody: the SIRET of AIFE's own samples, and a flow that does not exist.
_SONDE_STRUCTURES = {"structure": {"identifiantStructure": "99999999999999", "typeIdentifiantStructure": "SIRET"}}
_SONDE_FACTURES = {"numeroFluxDepot": "CPP0000000000000000000000"}


def _sante(session: SessionChorus) -> Sante:
    reponse = session.envoyer("GET", session.chemins["sante"])
    donnees = reponse.donnees if isinstance(reponse.donnees, dict) else {}
    message = texte(donnees, "body")
    if not message:
        raise non_reconnue(reponse, ecriture=False)
    if entier(donnees, "statusCodeValue") not in {200, None}:
        raise ErreurPassagere(message, effet_possible=False, statut=entier(donnees, "statusCodeValue"))
    return Sante(message)


def _parcourir(
    session: SessionChorus, chemin: str, corps: Mapping[str, Any], pagination: pages.Pagination
) -> list[Any]:
    def demander(parametres: dict[str, Any]) -> Mapping[str, Any]:
        donnees: Mapping[str, Any] = _ou_rien(lambda: session.service(chemin, {**corps, **parametres}))
        return donnees

    return list(pages.parcourir(pagination, demander))


def _rattachements(session: SessionChorus) -> list[Rattachement]:
    elements = _parcourir(session, "rattachements", {}, pages.RATTACHEMENTS)
    return [Rattachement.depuis_json(element) for element in elements]


def _actives(session: SessionChorus, espace: str) -> list[StructureActive]:
    donnees = _ou_rien(lambda: session.service("structures_actives", {}, suite=f"/{espace}"))
    return [StructureActive.depuis_json(element) for element in liste(donnees.get("listeStructures"))]


def _sonder(session: SessionChorus, chemin: str, corps: Mapping[str, Any]) -> None:
    """Whether a service can be reached: a refusal of the business means that it was."""
    try:
        session.service(chemin, corps)
    except ErreurDefinitive as exc:
        if code_retour({"codeRetour": exc.code}) is None:
            raise


def _ou_rien(appel: Callable[[], Any]) -> Any:
    """The answer of a search, empty when it found nothing."""
    try:
        return appel()
    except ErreurDefinitive as exc:
        if exc.code == AUCUN_RESULTAT:
            return {}
        raise


def _sans_vides(corps: Mapping[str, Any]) -> dict[str, Any]:
    return {nom: valeur for nom, valeur in corps.items() if valeur}
