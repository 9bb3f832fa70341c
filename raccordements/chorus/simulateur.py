"""A PISTE and a Chorus Pro as strict and as odd as public clients say, in both environments.

Every address starts with the environment: `/qualification/api/oauth/token`, `/qualification/cpro/...`,
`/qualification/portail/...`, and the same under `/production`. Credentials of one are unknown to the other.

Followed from the reference (sandbox tests of public clients, AIFE's Swagger and pages): the token as a form, by Basic
or in the body, 3600 seconds, one same 400 `invalid_client` for whatever is wrong; 400 with a challenge without bearer;
the 401 body of a wrong `cpro-account`; an empty 403 for an API without subscription and for an unknown route;
`codeRetour` with HTTP 200 or 400; 20000 for a search without result; paging objects and their defaults, which change of
name; identifiers as text or number; `listeErreurDP` as an object when there is one error; dates in three shapes; the
424 days and the 30 minutes of a technical account; the bare lists and `{error, message}` lists of organisations v1.

Inferred, because no public source says it (each is a constant or a method here, to change in one place):

- the order: bearer, route and subscription, technical account, content type, body;
- an unknown or ended bearer is a 401 with `error="invalid_token"` (RFC 6750) and no body;
- Structures and Factures refuse with HTTP 400, the others with 200; the codes and texts of refusals but 20000's;
- the account's password end date is told for the structures it reaches, and null for the others;
- a flow deposited by API is waiting for 60 seconds, treated for 240 more, then integrated;
- an application whose raccordement is not active meets the same 403 everywhere.

Control API, beside those of config.simulateur and `portail`:

========================  =====================================================================================
POST charger              see `charger`
POST matelas              loads the invented data of `matelas`
POST flux                 `{"environnement", "code_appli", "code_interface", "nom"}`, with `etat` and `erreurs`: an
                          EDI flow received, or with `numero` the state of a known one. Answers its number.
========================  =====================================================================================
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from sqlite3 import Row
from typing import Any
from urllib.parse import parse_qs, unquote

from config.simulateur import CONTROLE, ReponseSimulee, Requete, route
from raccordements.chorus.lecture import PARIS
from raccordements.chorus.matelas import matelas
from raccordements.chorus.portail import ENVIRONNEMENTS, MODES, Refus
from raccordements.chorus.simulateur_organisations import OrganisationsSimulees
from raccordements.chorus.simulateur_services import instant, refus_metier

DUREE_JETON = 3600
VIE_DU_MOT_DE_PASSE = timedelta(days=424)
DELAI_DU_COMPTE = timedelta(minutes=30)
APIS = ("transverses", "structures", "utilisateurs", "factures", "organisations")
CLIENT_REFUSE = {"error": "invalid_client", "error_description": "Client authentication failed"}
SANS_JETON = (
    'Bearer realm="DefaultRealm", error="invalid_request", error_description="Unable to find token in the message"'
)
JETON_INCONNU = (
    'Bearer realm="DefaultRealm", error="invalid_token", '
    'error_description="Unable to find the access token in persistent storage."'
)
COMPTE_REFUSE = {"ErrorCode": "401", "Description": "[invalid field]"}


class SimulateurChorus(OrganisationsSimulees):
    """PISTE, Chorus Pro's API and its portal."""

    nom = "chorus"
    schema = f"""{OrganisationsSimulees.schema}
    CREATE TABLE IF NOT EXISTS application (environnement TEXT, client_id TEXT, client_secret TEXT, nom TEXT,
        abonnements TEXT, raccordee INTEGER, duree INTEGER, PRIMARY KEY (environnement, client_id));
    CREATE TABLE IF NOT EXISTS compte (environnement TEXT, login TEXT, mot_de_passe TEXT, cree_le TEXT, structures TEXT,
        PRIMARY KEY (environnement, login));
    CREATE TABLE IF NOT EXISTS jeton (environnement TEXT, jeton TEXT PRIMARY KEY, client_id TEXT, expire_le TEXT);
    """

    def urls(self, environnement: str) -> dict[str, str]:
        """Base addresses of an environment, as in the setting CHORUS_URLS."""
        base = f"{self.racine}/{environnement}"
        return {"oauth": base, "api": base, "canal": f"{base}/portail"}

    def charger(
        self,
        *,
        applications: Iterable[Mapping[str, Any]] = (),
        comptes: Iterable[Mapping[str, Any]] = (),
        structures: Iterable[Mapping[str, Any]] = (),
        jetons_canal: Iterable[str] = (),
    ) -> None:
        """Add or replace data, in one transaction; every record has its `environnement`.

        `applications`: `client_id`, `client_secret`, and `nom`, `abonnements` (of APIS, all by default), `raccordee`
        (true), `duree` of its tokens in seconds.
        `comptes`: `login`, `mot_de_passe`, and `cree_le` (ISO; a month ago), `structures` (identifiers; all).
        `structures`: `idStructureCPP`, `identifiant`, `designation`, and `type` (SIRET), `statut` (ACTIVE), `genre`
        (PUBLIQUE), `connexionEDI`, `recevoirDonneesViaEDI`, `espaces`, `services` (wire objects), `parametres` and
        `adresse` (wire objects).
        `jetons_canal`: bearers of the channel, instead of JETON_CANAL.
        """
        usuel = (self.maintenant() - timedelta(days=30)).isoformat()
        with self.verrou, self.base:
            self.base.executemany(
                "INSERT OR REPLACE INTO application VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        _environnement(lu),
                        lu["client_id"],
                        lu["client_secret"],
                        lu.get("nom", ""),
                        json.dumps(list(lu.get("abonnements", APIS))),
                        bool(lu.get("raccordee", True)),
                        int(lu.get("duree", DUREE_JETON)),
                    )
                    for lu in applications
                ],
            )
            self.base.executemany(
                "INSERT OR REPLACE INTO compte VALUES (?, ?, ?, ?, ?)",
                [
                    (
                        _environnement(lu),
                        lu["login"],
                        lu["mot_de_passe"],
                        lu.get("cree_le", usuel),
                        json.dumps(lu.get("structures")),
                    )
                    for lu in comptes
                ],
            )
            self.charger_structures((_environnement(lu), lu) for lu in structures)
            self.base.executemany("INSERT OR REPLACE INTO canal VALUES (?)", ((jeton,) for jeton in jetons_canal))

    @route("POST", "/_simulateur/charger")
    def _charger(self, requete: Requete) -> ReponseSimulee:
        self.charger(**requete.corps)
        return ReponseSimulee(corps={"fait": True})

    @route("POST", "/_simulateur/matelas")
    def _charger_le_matelas(self, requete: Requete) -> ReponseSimulee:
        self.charger(**matelas())
        return ReponseSimulee(corps={"fait": True})

    def echec(self, statut: int, message: str) -> ReponseSimulee:
        if statut == 401:
            return ReponseSimulee(401, COMPTE_REFUSE)
        return ReponseSimulee(statut, {"ErrorCode": str(statut), "Description": message})

    def traiter(self, requete: Requete) -> ReponseSimulee:
        _, environnement, *_ = requete.chemin.split("/", 2)
        chemin = requete.chemin.removeprefix(f"/{environnement}")
        with self.verrou:
            self.environnement = environnement
            try:
                with self.base:
                    self.activer_les_dues()
                    return self._aiguiller(replace(requete, chemin=chemin))
            except Refus as refus:
                return refus.reponse

    def compter(self, requete: Requete, reference: str) -> None:
        super().compter(replace(requete, chemin=f"/{self.environnement}{requete.chemin}"), reference)

    def structure_active(self, siret: str) -> bool:
        structure = self.structure_par_identifiant(siret)
        return structure is not None and structure["statut"] == "ACTIVE"

    def activee(self, fiche: Row, corps: Mapping[str, Any]) -> None:
        if fiche["genre"] == "API":
            self.base.execute(
                "UPDATE application SET raccordee = 1 WHERE environnement = ? AND nom = ?",
                (fiche["environnement"], corps.get("applicationPiste", "")),
            )
            return
        sortants = any(
            choix["code"][:3] in {"FEN", "FAR"} and choix["mode"] != MODES[0]
            for choix in corps.get("codesInterfaces", ())
        )
        self.base.execute(
            "UPDATE structure SET connexion_edi = 1, recevoir_edi = MAX(recevoir_edi, ?) "
            "WHERE environnement = ? AND identifiant = ?",
            (sortants, fiche["environnement"], fiche["siret"]),
        )

    # --- PISTE ---------------------------------------------------------------------------------------------------

    def _aiguiller(self, requete: Requete) -> ReponseSimulee:
        if self.environnement not in ENVIRONNEMENTS:
            return ReponseSimulee(404, {"message": "Adresse inconnue : elle commence par l’environnement."})
        if not requete.chemin.startswith("/cpro/"):
            return self._hors_api(requete)
        application = self._application(requete)
        _, _, api, *_suite = requete.chemin.split("/", 3)
        traitement = self.routes.get((requete.methode, requete.chemin))
        connue = traitement is not None or (api == "organisations" and self.est_organisation(requete))
        if not connue or api not in json.loads(application["abonnements"]) or not application["raccordee"]:
            return ReponseSimulee(403, b"")
        self.compte_appelant = self._compte(requete)
        if requete.methode != "GET":
            if requete.entetes.get_content_type() != "application/json":
                return self.echec(415, "Unsupported Media Type")
            if not isinstance(requete.corps, dict):
                raise refus_metier(400, "Le corps de la demande doit être un objet JSON.")
        return traitement(self, requete) if traitement else self.organisation(requete)

    def _hors_api(self, requete: Requete) -> ReponseSimulee:
        prefixe = "/portail/fiches/"
        if requete.methode == "GET" and requete.chemin.startswith(prefixe):
            return self.lire_fiche(requete, unquote(requete.chemin.removeprefix(prefixe)))
        traitement = self.routes.get((requete.methode, requete.chemin))
        if traitement is None or requete.chemin.startswith(CONTROLE):
            return ReponseSimulee(404, {"message": "Adresse inconnue."})
        return traitement(self, requete)

    @route("POST", "/api/oauth/token")
    def _donner_un_jeton(self, requete: Requete) -> ReponseSimulee:
        if requete.entetes.get_content_type() != "application/x-www-form-urlencoded":
            return ReponseSimulee(400, {"error": "invalid_request", "error_description": "Invalid content type"})
        formulaire = {nom: valeurs[0] for nom, valeurs in parse_qs(requete.octets.decode(errors="replace")).items()}
        if formulaire.get("grant_type") != "client_credentials":
            return ReponseSimulee(
                400, {"error": "unsupported_grant_type", "error_description": "Unsupported grant type"}
            )
        client_id, client_secret = _basic(requete) or (formulaire.get("client_id"), formulaire.get("client_secret"))
        application = self.base.execute(
            "SELECT * FROM application WHERE environnement = ? AND client_id = ? AND client_secret = ?",
            (self.environnement, client_id, client_secret),
        ).fetchone()
        if application is None:
            return ReponseSimulee(400, CLIENT_REFUSE)
        valeur = secrets.token_urlsafe(40)[:54]
        expire_le = self.maintenant() + timedelta(seconds=application["duree"])
        self.base.execute(
            "INSERT INTO jeton VALUES (?, ?, ?, ?)", (self.environnement, valeur, client_id, expire_le.isoformat())
        )
        corps = {"access_token": valeur, "token_type": "Bearer", "expires_in": application["duree"]}
        return ReponseSimulee(200, corps | {"scope": formulaire.get("scope", "openid")})

    def _application(self, requete: Requete) -> Row:
        """The application of the bearer. Raises Refus."""
        porteur, _, valeur = requete.entetes.get("Authorization", "").partition(" ")
        if porteur.lower() != "bearer" or not valeur:
            raise Refus(ReponseSimulee(400, b"", {"WWW-Authenticate": SANS_JETON}))
        application: Row | None = self.base.execute(
            "SELECT application.* FROM application JOIN jeton USING (environnement, client_id) "
            "WHERE jeton.jeton = ? AND environnement = ? AND jeton.expire_le > ?",
            (valeur, self.environnement, self.maintenant().isoformat()),
        ).fetchone()
        if application is None:
            raise Refus(ReponseSimulee(401, b"", {"WWW-Authenticate": JETON_INCONNU}))
        return application

    def _compte(self, requete: Requete) -> Row:
        """The technical account of `cpro-account`, when its password is of age and not over. Raises Refus."""
        try:
            clair = base64.b64decode(requete.entetes.get("cpro-account", ""), validate=True).decode()
        except (binascii.Error, ValueError):
            clair = ""
        login, _, mot_de_passe = clair.partition(":")
        compte: Row | None = self.base.execute(
            "SELECT * FROM compte WHERE environnement = ? AND login = ? AND mot_de_passe = ?",
            (self.environnement, login, mot_de_passe),
        ).fetchone()
        if compte is not None:
            age = self.maintenant() - instant(compte["cree_le"])
            if DELAI_DU_COMPTE <= age < VIE_DU_MOT_DE_PASSE:
                return compte
        raise Refus(ReponseSimulee(401, COMPTE_REFUSE))

    def fin_du_mot_de_passe(self) -> str | None:
        fin = instant(self.compte_appelant["cree_le"]) + VIE_DU_MOT_DE_PASSE
        return fin.astimezone(PARIS).replace(hour=0, minute=0, second=0, microsecond=0).isoformat()


def _environnement(lu: Mapping[str, Any]) -> str:
    environnement = str(lu["environnement"])
    if environnement not in ENVIRONNEMENTS:
        raise ValueError(f"environnement inconnu : {environnement}")
    return environnement


def _basic(requete: Requete) -> tuple[str, str] | None:
    genre, _, valeur = requete.entetes.get("Authorization", "").partition(" ")
    if genre.lower() != "basic":
        return None
    try:
        client_id, _, client_secret = base64.b64decode(valeur, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return client_id, client_secret
