"""The client of Cegid Loop's public API: one method per endpoint, answers judged endpoint by endpoint."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, BinaryIO, Literal, Protocol, Self
from urllib.parse import urlsplit

import httpx
from django.conf import settings

from config.http import (
    Echange,
    ErreurDefinitive,
    ErreurDeReglage,
    ErreurDistante,
    ErreurPassagere,
    Reponse,
    Transport,
)
from config.reglages import BOUCLE_LOCALE
from dossiers.loop import depot as stockage
from dossiers.loop.erreurs import REFUS_CONNUS, lire_erreur, lire_phrase, statut_ecrit
from dossiers.loop.schemas import (
    URI_MAX,
    Accuse,
    AccuseInterlocuteur,
    DemandeImport,
    Depot,
    DossierComplet,
    DossierLoopHub,
    EtablissementLoop,
    FicheInterlocuteur,
    StatutImport,
    inattendue,
    liste,
)

#: What Loop says of an accès that is already there: plain text with HTTP 200 (API Cabinet guide, updateClient).
DEJA_AFFECTEE = "L'application est déjà affectée à l'interlocuteur"


class Cle(Protocol):
    """What a stored API key must offer."""

    @property
    def environnement(self) -> str: ...
    @property
    def cle_publique(self) -> str: ...
    @property
    def client_secret(self) -> str: ...
    @property
    def cle_abonnement(self) -> str: ...


class ClientLoop:
    """Calls Loop with one API key. A context manager; its connection is kept alive between calls.

    Every method raises the three families of config.http. On a write, whatever is neither the documented success nor a
    readable refusal is an ErreurPassagere with `effet_possible`: Loop has no idempotency key (reference: no page
    mentions one), so the caller must look before sending again.

    Parameters
    ----------
    cle_publique, client_secret:
        The two halves of the APIKey, sent together as `x-apikey`.
    cle_abonnement:
        The Azure API Management subscription key.
    chemins:
        Paths by name, as in the setting LOOP_CHEMINS.
    delai_total, taille_max:
        Seconds for a whole call; bytes of the largest answer.
    ajout, champ_contact:
        "addOffer" (deprecated by Cegid since 01/07/2024) or "addCollaborativeOffer", and the name the latter gives to
        its contact: its body is not public.
    delai_depot:
        Seconds for the sending of a file to the storage.
    uri_du_chemin:
        Whether a deposit answer without `uri` has it read in the path of its address (inferred, see `depot`).
    siret_fec:
        Whether importFEC is given the SIRET: one connector does, no page mentions it.
    parametre_statut:
        Name under which getImportStatus takes the request id.

    Raises ErreurDeReglage when a half of the key is missing or cannot be sent in a header.
    """

    def __init__(
        self,
        base_url: str,
        *,
        cle_publique: str,
        client_secret: str,
        cle_abonnement: str,
        chemins: Mapping[str, str],
        delai_total: float,
        taille_max: int,
        journal: Callable[[Echange], None] | None = None,
        transport: httpx.BaseTransport | None = None,
        ajout: str = "addOffer",
        champ_contact: str = "email",
        delai_depot: float = 600,
        uri_du_chemin: bool = False,
        siret_fec: bool = False,
        parametre_statut: str = "accountingImportRequestId",
    ) -> None:
        donnees = {"clé publique": cle_publique, "client secret": client_secret, "clé d’abonnement": cle_abonnement}
        if manquantes := [nom for nom, valeur in donnees.items() if not valeur]:
            raise ErreurDeReglage(
                f"L’appel à Cegid Loop est impossible : la clé d’API est incomplète ({', '.join(manquantes)}). "
                "Un administrateur doit la compléter sur la fiche de la clé."
            )
        self._cle_publique = cle_publique
        self._chemins = chemins
        self._ajout, self._champ_contact = ajout, champ_contact
        self._delai_depot, self._uri_du_chemin = delai_depot, uri_du_chemin
        self._siret_fec, self._parametre_statut = siret_fec, parametre_statut
        self._journal, self._reseau = journal, transport
        self._transport = Transport(
            base_url,
            entetes={"x-apikey": f"{cle_publique}:{client_secret}", "Ocp-Apim-Subscription-Key": cle_abonnement},
            secrets=(client_secret, cle_abonnement),
            delai_total=delai_total,
            taille_max=taille_max,
            journal=journal,
            transport=transport,
            lire_erreur=lire_erreur,
        )
        # The simulator stands on this machine, and so does its storage.
        self._boucle_locale = urlsplit(base_url).hostname in BOUCLE_LOCALE

    @classmethod
    def pour_cle(
        cls,
        cle: Cle,
        *,
        journal: Callable[[Echange], None] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> Self:
        """The client of a stored key, from the settings of its environment. Raises ErreurDeReglage."""
        adresse = settings.LOOP_URLS.get(cle.environnement, "")
        if not adresse:
            raise ErreurDeReglage(
                f"L’appel à Cegid Loop est impossible : aucune adresse n’est réglée pour l’environnement "
                f"« {cle.environnement} ». Un administrateur doit renseigner le réglage "
                f"LOOP_URL_{cle.environnement.upper()}."
            )
        return cls(
            adresse,
            cle_publique=cle.cle_publique,
            client_secret=cle.client_secret,
            cle_abonnement=cle.cle_abonnement,
            chemins=settings.LOOP_CHEMINS,
            delai_total=settings.OPERATIONS["delai_appel"],
            taille_max=settings.REPONSE_TAILLE_MAX,
            journal=journal,
            transport=transport,
            ajout=settings.LOOP_AJOUT_OFFRE,
            champ_contact=settings.LOOP_CHAMP_CONTACT,
            delai_depot=settings.LOOP_DEPOT_DELAI,
            uri_du_chemin=settings.LOOP_DEPOT_URI_DU_CHEMIN,
            siret_fec=settings.LOOP_IMPORT_FEC_SIRET,
            parametre_statut=settings.LOOP_IMPORT_PARAMETRE,
        )

    def __repr__(self) -> str:
        return f"<ClientLoop {self._cle_publique}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, genre: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transport.close()

    def loophub(self, domaine: str) -> list[DossierLoopHub]:
        """The files attached to this key on the firm's domain. LOOPHUB is a GET with a JSON body."""
        corps = {"apiKey": self._cle_publique, "domain": domaine}
        reponse = self._lire("loophub", corps=corps)
        return [DossierLoopHub.depuis_json(element) for element in liste(reponse.donnees, "LOOPHUB")]

    def ajouter_offre(self, code: str, offre: str, contact: str = "") -> Accuse:
        """Give an offer (`start`, `co-production`, `consultation`) to a file, or to one contact of it.

        The reply of addCollaborativeOffer is not public: beside addOffer's sentence, the sentence that updateClient
        documents for a repeat is a success.
        """
        corps = {"codeDossier": code, "offre": offre}
        if self._ajout == "addOffer":
            return self._ecrire("ajouter_offre", corps, _phrase_offre(code, offre, "ajoutée au"))
        if not contact:
            raise ErreurDefinitive(
                "L’offre n’a pas été demandée : l’ajout par addCollaborativeOffer exige un interlocuteur. "
                "Choisissez-en un, puis recommencez."
            )
        return self.donner_acces(contact, code, offre)

    def retirer_offre(self, code: str, offre: str) -> Accuse:
        """Take an offer away from a file."""
        return self._ecrire(
            "retirer_offre", {"codeDossier": code, "offre": offre}, _phrase_offre(code, offre, "retirée du")
        )

    def ajouter_interlocuteur(self, fiche: FicheInterlocuteur, code: str, offre: str) -> AccuseInterlocuteur:
        """Create a contact and its client user, with a first offer on a file (addClient).

        Raises ErreurDefinitive for an e-mail that another contact has, and for one not invited on the firm's tenant.
        """
        return self._ecrire_interlocuteur("ajouter_interlocuteur", _corps_interlocuteur(fiche, code, offre))

    def modifier_interlocuteur(self, fiche: FicheInterlocuteur, code: str, offre: str) -> AccuseInterlocuteur:
        """Write the whole record of the contact that has this e-mail (updateClient).

        The body names an offer on a file, which the contact then has: name one that it already has.
        """
        corps = _corps_interlocuteur(fiche, code, offre)
        corps |= {"actif": fiche.actif, "defaultIssuer": fiche.emetteur_par_defaut}
        return self._ecrire_interlocuteur("modifier_interlocuteur", corps)

    def donner_acces(self, email: str, code: str, offre: str) -> AccuseInterlocuteur:
        """Give an offer on a file to an existing contact (addCollaborativeOffer).

        Neither its body nor its reply is public: addOffer's sentence is a success too.
        """
        corps = {"codeDossier": code, "offre": offre, self._champ_contact: email}
        return self._ecrire_interlocuteur(
            "ajouter_offre_collaborative", corps, autre_succes=_phrase_offre(code, offre, "ajoutée au")
        )

    def retirer_application(self, email: str, code: str, offre: str) -> AccuseInterlocuteur:
        """Take an offer on a file away from one contact (removeApplication)."""
        corps = {"email": email, "codeDossier": code, "offre": offre}
        return self._ecrire_interlocuteur("retirer_application", corps)

    def provisionner(self, code: str) -> Accuse:
        """Create the SQL database and the document store of a file.

        The reply body is not documented: any 200 that is neither a failure nor a page is a success.
        """
        return self._ecrire("provisionner", {"codeDossier": code}, None)

    def lire_dossier(self, code: str) -> DossierComplet:
        """The legal identity of a file, with the revision to send back to change it."""
        donnees = self._lire("dossier_complet", params={"codeDossier": code}).donnees
        if isinstance(donnees, list) or (isinstance(donnees, dict) and "data" in donnees):
            elements = liste(donnees, "DossierComplet")
            donnees = elements[0] if len(elements) == 1 else None
        return DossierComplet.depuis_json(donnees)

    def modifier_dossier(
        self, code: str, *, object_id: str, revision_id: str, siren: str, forme_juridique: str
    ) -> DossierComplet:
        """Change the legal identity of a file and return it with its new revision.

        Optimistic concurrency: a revision that is no longer the current one is refused (ErreurDefinitive).
        """
        element = {
            "objectId": object_id,
            "revisionId": revision_id,
            "siren": siren,
            "formeJuridique": forme_juridique,
        }
        reponse = self._appeler("PUT", "dossier_complet", params={"codeDossier": code}, corps=[element], ecriture=True)
        succes = reponse.donnees.get("success") if isinstance(reponse.donnees, dict) else None
        if not isinstance(succes, list) or len(succes) != 1:
            raise _non_reconnue(reponse)
        try:
            ecrit = DossierComplet.depuis_json(succes[0])
        except ErreurDefinitive as exc:
            raise _non_reconnue(reponse) from exc
        if ecrit.object_id.lower() != object_id.lower() or ecrit.siren != siren:
            raise _non_reconnue(reponse)
        return ecrit

    def etablissements(self, code: str) -> list[EtablissementLoop]:
        """The establishments of a file."""
        reponse = self._lire("etablissements", params={"codeDossier": code})
        return [EtablissementLoop.depuis_json(element) for element in liste(reponse.donnees, "etablissementComplet")]

    def verifier_acces(self, domaine: str, code: str, login: str) -> bool:
        """Whether a member of the firm's staff may open a file. Raises ErreurDefinitive for an unknown login.

        This endpoint gives its refusals with HTTP 400, 403 or 500 alike; the `code` of the object tells them apart from
        a breakdown. Source: LOOP/CheckCollaboratorAccess.html.
        """
        corps = {"domain": domaine, "codeDossier": code, "login": login}
        try:
            reponse = self._lire("acces_collaborateur", methode="POST", corps=corps)
        except ErreurPassagere as exc:
            if exc.code and exc.statut == 500:
                raise ErreurDefinitive(
                    exc.message, statut=exc.statut, code=exc.code, requete_id=exc.requete_id
                ) from exc
            raise
        permis = reponse.donnees.get("accessAllowed") if isinstance(reponse.donnees, dict) else None
        if not isinstance(permis, bool):
            raise inattendue("checkCollaborateurAccess")
        return permis

    def demander_depot(self, nom_fichier: str) -> Depot:
        """An address where to put one file (getFileUrlDeposit). `nom_fichier` ends in .tra, .txt or .csv.

        The page documents `depositUrl` and `uri` apart: both are needed here, `uri` being read in the path of the
        address where the settings say so.
        """
        stockage.verifier_nom(nom_fichier)
        donnees = self._lire("depot", params={"filename": nom_fichier}).donnees
        depot = Depot.depuis_json(donnees)
        if not stockage.adresse_permise(depot.url, boucle_locale=self._boucle_locale):
            raise stockage.adresse_refusee()
        if not depot.uri and self._uri_du_chemin:
            depot = Depot(depot.url, stockage.uri_du_chemin(depot.url))
        if not depot.uri:
            raise ErreurDefinitive(
                "Le dépôt n’a pas été fait : Loop a donné une adresse sans l’URI que l’import doit citer. "
                "Un administrateur peut demander de la lire dans l’adresse (réglage LOOP_DEPOT_URI_DU_CHEMIN)."
            )
        if len(depot.uri) > URI_MAX or "?" in depot.uri:
            raise ErreurDefinitive(
                "Le dépôt n’a pas été fait : Loop a donné pour URI une adresse signée ou démesurée, qui ne peut pas "
                "être gardée. Un administrateur doit le signaler au support de Cegid, avec l’appel ci-dessous."
            )
        return depot

    def deposer(self, depot: Depot, fichier: BinaryIO, taille: int) -> None:
        """Send a file of `taille` bytes to the storage, without Loop's credentials: see `depot.deposer`."""
        stockage.deposer(
            depot,
            fichier,
            taille,
            delai_total=self._delai_depot,
            boucle_locale=self._boucle_locale,
            journal=self._journal,
            transport=self._reseau,
        )

    def importer(
        self,
        genre: Literal["perso", "fec"],
        *,
        code: str,
        url: str = "",
        uri: str = "",
        modele: str = "",
        siret: str = "",
    ) -> DemandeImport:
        """Ask for an import of accounting entries (importPerso, importFEC); it runs later.

        Never to be sent again blindly: a repeat may double the entries in the client's books.

        Parameters
        ----------
        url, uri:
            Exactly one: a link that works 24 hours more at least, or what a deposit gave.
        modele:
            Name of the import model; "perso" only.
        siret:
            Establishment to feed, empty for the main one. importFEC only takes it where the settings say so.

        Success is a non-empty `accountingImportRequestId` and no error beside it. Raises ErreurDefinitive for the
        documented refusals, which come with HTTP 200 or 400; anything else than these two leaves the write uncertain.
        """
        if bool(url) == bool(uri):
            raise ErreurDefinitive(
                "L’import n’a pas été demandé : il faut soit un lien, soit un fichier déposé, et un seul des deux. "
                "Choisissez l’un ou l’autre, puis recommencez."
            )
        corps = {"codeIbs": code, "URI": uri, "URL": url}
        if genre == "perso":
            if not modele:
                raise ErreurDefinitive(
                    "L’import n’a pas été demandé : un import personnalisé exige un modèle. "
                    "Choisissez le modèle, puis recommencez."
                )
            corps["MODELE"] = modele
        if siret and (genre == "perso" or self._siret_fec):
            corps["SIRET"] = siret
        chemin = "import_perso" if genre == "perso" else "import_fec"
        reponse = self._envoyer("POST", chemin, corps=corps, ecriture=True)
        demande, lu = DemandeImport.depuis_json(reponse.donnees), lire_erreur(reponse)
        if lu and not demande.demande_id and REFUS_CONNUS.fullmatch(lu[0]):
            raise self._refus(reponse, lu, ecriture=True)
        if lu or not demande.demande_id:
            raise _non_reconnue(reponse, message=lu[0] if lu else "")
        return demande

    def statut_import(self, demande_id: str) -> StatutImport:
        """How far an import is (getImportStatus). An import that failed is an answer, not an exception."""
        reponse = self._envoyer("GET", "statut_import", params={self._parametre_statut: demande_id}, ecriture=False)
        if statut := StatutImport.depuis_json(reponse.donnees):
            return statut
        if lu := lire_erreur(reponse):
            raise self._refus(reponse, lu, ecriture=False)
        raise _non_reconnue(reponse, ecriture=False)

    def _lire(
        self, chemin: str, *, methode: str = "GET", corps: Any = None, params: Mapping[str, str] | None = None
    ) -> Reponse:
        reponse = self._appeler(methode, chemin, corps=corps, params=params, ecriture=False)
        if reponse.donnees is None:
            raise _non_reconnue(reponse, ecriture=False)
        return reponse

    def _ecrire(self, chemin: str, corps: Mapping[str, str], succes: str | None) -> Accuse:
        """`succes`: the sentence of success, None when any body will do."""
        reponse = self._appeler("POST", chemin, corps=dict(corps), ecriture=True)
        phrase = lire_phrase(reponse)
        if succes is None:
            # A page, or JSON that was cut.
            if reponse.donnees is None and re.match(r"\s*[<{\[\"]", reponse.texte):
                raise _non_reconnue(reponse)
        elif not _dit(phrase, succes):
            raise _non_reconnue(reponse)
        return Accuse(phrase)

    def _ecrire_interlocuteur(
        self, chemin: str, corps: Mapping[str, str | bool], *, autre_succes: str = ""
    ) -> AccuseInterlocuteur:
        """Success is the pair of objects that removeApplication documents, or one of the sentences."""
        reponse = self._appeler("POST", chemin, corps=dict(corps), ecriture=True)
        accuse = AccuseInterlocuteur.depuis_json(reponse.donnees, lire_phrase(reponse))
        if not accuse.interlocuteur.object_id and not _dit(accuse.message, DEJA_AFFECTEE, autre_succes):
            raise _non_reconnue(reponse)
        return accuse

    def _appeler(
        self,
        methode: str,
        chemin: str,
        *,
        corps: Any = None,
        params: Mapping[str, str] | None = None,
        ecriture: bool,
    ) -> Reponse:
        reponse = self._envoyer(methode, chemin, corps=corps, params=params, ecriture=ecriture)
        if lu := lire_erreur(reponse):
            raise self._refus(reponse, lu, ecriture=ecriture)
        return reponse

    def _envoyer(
        self,
        methode: str,
        chemin: str,
        *,
        corps: Any = None,
        params: Mapping[str, str] | None = None,
        ecriture: bool,
    ) -> Reponse:
        """An answer with a 2xx status, which may hold a refusal."""
        return self._transport.envoyer(
            methode,
            self._chemins[chemin],
            corps=corps,
            params=params,
            entetes={"Content-Type": "application/json"},
            ecriture=ecriture,
        )

    def _refus(self, reponse: Reponse, lu: tuple[str, str], *, ecriture: bool) -> ErreurDistante:
        return self._transport.refus(reponse, lu, ecriture=ecriture, statut=statut_ecrit(reponse.donnees) or 400)


def _phrase_offre(code: str, offre: str, geste: str) -> str:
    return f"L'offre {offre} a été {geste} dossier client {code}"


def _dit(phrase: str, *attendues: str) -> bool:
    """Whether `phrase` is one of the sentences, whatever its case, blanks, apostrophes and final period."""
    # No expression made of the sentences: they hold a code, and each would be compiled for one call.
    dite = re.sub(r"\s+", " ", phrase.replace("’", "'")).casefold()
    return any(dite in (attendue.casefold(), f"{attendue.casefold()}.") for attendue in attendues if attendue)


def _corps_interlocuteur(fiche: FicheInterlocuteur, code: str, offre: str) -> dict[str, str | bool]:
    return {
        "email": fiche.email,
        "codeDossier": code,
        "offre": offre,
        "nom": fiche.nom,
        "prenom": fiche.prenom,
        "telephone": fiche.telephone,
        "profile": fiche.profil,
        "social": fiche.social,
    }


def _non_reconnue(reponse: Reponse, *, ecriture: bool = True, message: str = "") -> ErreurPassagere:
    """`message`: what the remote said, shown verbatim."""
    suite = (
        "La demande a pu être prise en compte : vérifiez son effet dans Loop avant de la renvoyer."
        if ecriture
        else "Rien n’a été modifié ; un nouvel essai est possible."
    )
    return ErreurPassagere(
        message or f"Cegid Loop a répondu autre chose que ce que son API annonce. {suite}",
        effet_possible=ecriture,
        statut=reponse.statut,
        requete_id=reponse.requete_id,
    )
