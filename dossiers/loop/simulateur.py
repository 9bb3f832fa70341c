"""A Cegid Loop as strict and as odd as its public pages say.

Documented and followed exactly: both headers, APIM's 401 sentences, LOOPHUB as a GET with a JSON body and a bare array,
bodies field by field, success sentences, DossierComplet's PUT array with its revision and its `success` / `errors` with
HTTP 200, the CollaborateurBadLogin object, `requestid` and `x-request-id`.

Inferred, because no public page says it (each is a constant or a method here, to change in one place):

- a refused x-apikey, or one not activated in Loop Hub, is a 401 in the gateway's shape;
- an offer or a provisioning with a Standard key is a 403 with the error object (`CabinetKeyRequired`); LOOPHUB and the
  reads accept both kinds of key;
- a body that is not the documented one is a 400 with the error object (`InvalidParameters`);
- an unknown file is a 400 with the error object (`DossierNotFound`) and importPerso's sentence;
- adding an offer twice, removing an absent one or provisioning again succeeds like the first time, and counts as one
  more effect;
- provisionCompany answers `{}`; addCollaborativeOffer takes addOffer's body with `email`, and answers like addOffer, or
  with updateClient's sentence when the contact has the offer already;
- removeOffer takes the offer away from every contact of the file;
- an e-mail is one contact of the domain, whatever its case: addClient refuses it even for the same name or another file
  (« déjà associé à un autre interlocuteur »), before looking at the tenant;
- addClient, updateClient and addCollaborativeOffer refuse whoever is not invited on the tenant; a contact loaded with
  the data is invited, the others by the control API (POST /_simulateur/inviter);
- addClient and updateClient want every field of the sample, `telephone` possibly empty; updateClient writes the record
  then gives the offer, and answers with the sentence when it was there already;
- removeApplication of an offer that the contact does not have succeeds, and counts as one more effect;
- the French refusals come as a 400 with the error object;
- checkCollaborateurAccess allows the file's two named logins and those of its `acces`.

The accounting imports are in `simulateur_imports`.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from sqlite3 import Row
from typing import Any

from stdnum import luhn

from config.simulateur import ReponseSimulee, Requete, route
from dossiers.loop.simulateur_imports import ImportsSimules, Refus

OFFRES = ("start", "co-production", "consultation")
CLE_MANQUANTE = (
    "Access denied due to missing subscription key. "
    "Make sure to include subscription key when making requests to an API."
)
CLE_INVALIDE = (
    "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription."
)
EMAIL_PRIS = "L'e-mail de cet interlocuteur est déjà associé à un autre interlocuteur"
A_INVITER = "Pour proposer un service à un interlocuteur vous devez d'abord l'inviter sur votre tenant"
INCONNU = "interlocuteur n'existe pas"
DEJA_AFFECTEE = "L'application est déjà affectée à l'interlocuteur."
APIKEY_REFUSEE = "Access denied due to invalid or inactive x-apikey."
DOMAINE = "PASSERELLE"
#: Fields of addClient's body, and their types.
FICHE: dict[str, type] = {
    "email": str,
    "codeDossier": str,
    "offre": str,
    "nom": str,
    "prenom": str,
    "telephone": str,
    "profile": str,
    "social": bool,
}
FICHE_GARDEE = ("email", "nom", "prenom", "telephone", "profile", "social", "actif", "defaultIssuer")


class SimulateurLoop(ImportsSimules):
    """Loop's public API; one key, one domain, any number of files.

    Every file loaded without `cles` is attached to all the keys of its domain.
    """

    nom = "loop"
    prefixe = "/loop-api-publiques"
    schema = f"""{ImportsSimules.schema}
    CREATE TABLE IF NOT EXISTS cle (cle_publique TEXT PRIMARY KEY, client_secret TEXT, cle_abonnement TEXT,
        domaine TEXT, avancee INTEGER, active INTEGER);
    CREATE TABLE IF NOT EXISTS dossier (domaine TEXT, code TEXT COLLATE NOCASE, object_id TEXT, revision INTEGER,
        fiche TEXT, siren TEXT, forme TEXT, etablissements TEXT, acces TEXT, cles TEXT, provisionne INTEGER DEFAULT 0,
        PRIMARY KEY (domaine, code));
    CREATE TABLE IF NOT EXISTS offre (domaine TEXT, code TEXT COLLATE NOCASE, offre TEXT, contact TEXT,
        PRIMARY KEY (domaine, code, offre, contact));
    CREATE TABLE IF NOT EXISTS interlocuteur (domaine TEXT, email TEXT COLLATE NOCASE, object_id TEXT, revision INTEGER,
        utilisateur_id TEXT, utilisateur_revision INTEGER, fiche TEXT, PRIMARY KEY (domaine, email));
    CREATE TABLE IF NOT EXISTS invitation (domaine TEXT, email TEXT COLLATE NOCASE, PRIMARY KEY (domaine, email));
    CREATE TABLE IF NOT EXISTS collaborateur (login TEXT PRIMARY KEY COLLATE NOCASE);
    CREATE TABLE IF NOT EXISTS revision (derniere INTEGER);
    """

    def charger(
        self,
        *,
        dossiers: Iterable[Mapping[str, Any]] = (),
        cles: Iterable[Mapping[str, Any]] = (),
        contacts: Iterable[str | Mapping[str, Any]] = (),
        invites: Iterable[str] = (),
        collaborateurs: Iterable[str] = (),
    ) -> None:
        """Add or replace data, in one transaction. The control API takes the same names: POST /_simulateur/charger.

        `cles`: `cle_publique`, `client_secret`, `cle_abonnement`, `domaine`, and `avancee`, `active` (both true).
        `dossiers`: LOOPHUB's ten fields (only `codeIbs` is needed), `siren`, `formeJuridique`, `etablissements` (wire
        objects), `domaine`, `cles` (public keys), `acces` (logins), `provisionne`.
        `contacts`: e-mails of existing contacts, or their records (`email`, `domaine`, fields of addClient and
        updateClient, `acces`: pairs of file code and offer); `invites`: e-mails invited on the tenant, `*` for all;
        `collaborateurs`: logins beside those named by the files.
        """
        with self.verrou, self.base:
            self.base.executemany(
                "INSERT OR REPLACE INTO cle VALUES (:cle_publique, :client_secret, :cle_abonnement, :domaine, "
                ":avancee, :active)",
                ({"domaine": DOMAINE, "avancee": True, "active": True} | dict(cle) for cle in cles),
            )
            domaine = self._domaine_usuel()
            a_charger = list(dossiers)
            derniere = self._nouvelles_revisions(len(a_charger))
            lignes = [self._ligne(dossier, domaine, derniere - rang) for rang, dossier in enumerate(a_charger)]
            self.base.executemany("INSERT OR REPLACE INTO dossier VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", lignes)
            for contact in contacts:
                if not isinstance(contact, str):
                    self._charger_contact(contact, domaine)
                elif self._interlocuteur(domaine, contact) is None:
                    self._charger_contact({"email": contact}, domaine)
            self._inviter(domaine, invites)
            logins = {login for ligne in lignes for login in json.loads(ligne[8])} | set(collaborateurs)
            self.base.executemany("INSERT OR IGNORE INTO collaborateur VALUES (?)", ((login,) for login in logins))

    def offres(self, code: str) -> set[str]:
        """Offers of a file, whatever the domain and the contact."""
        with self.verrou:
            return {ligne["offre"] for ligne in self.base.execute("SELECT offre FROM offre WHERE code = ?", (code,))}

    def interlocuteur(self, email: str) -> dict[str, Any]:
        """A contact as stored: fields of its record, objectId, revisions of its two objects. Raises KeyError."""
        with self.verrou:
            ligne = self.base.execute("SELECT * FROM interlocuteur WHERE email = ?", (email,)).fetchone()
        if ligne is None:
            raise KeyError(email)
        fiche: dict[str, Any] = json.loads(ligne["fiche"])
        return dict(ligne) | fiche

    def acces(self, email: str) -> set[tuple[str, str]]:
        """(file code, offer) pairs of a contact."""
        with self.verrou:
            lignes = self.base.execute("SELECT code, offre FROM offre WHERE contact = ?", (email.lower(),))
            return {(ligne["code"], ligne["offre"]) for ligne in lignes}

    def inviter(self, *emails: str, domaine: str = "") -> None:
        """Invite e-mails on the tenant of a domain (that of the first key); `*` invites everybody.

        Also POST /_simulateur/inviter: `{"emails": ["..."]}`.
        """
        with self.verrou, self.base:
            self._inviter(domaine or self._domaine_usuel(), emails)

    def dossier(self, code: str) -> dict[str, Any]:
        """A file as stored. Raises KeyError."""
        with self.verrou:
            ligne = self.base.execute("SELECT * FROM dossier WHERE code = ?", (code,)).fetchone()
        if ligne is None:
            raise KeyError(code)
        return dict(ligne)

    def entetes(self) -> dict[str, str]:
        return {
            "requestid": str(uuid.uuid4()),
            "x-request-id": uuid.uuid4().hex,
            "strict-transport-security": "max-age=15724800; includeSubDomains",
        }

    def traiter(self, requete: Requete) -> ReponseSimulee:
        try:
            return super().traiter(requete)
        except Refus as refus:
            return self._objet_d_erreur(refus)

    def avant(self, requete: Requete) -> ReponseSimulee | None:
        if requete.suite:
            # The storage: the signature in the address is the whole permission.
            return None
        abonnement = requete.entetes.get("Ocp-Apim-Subscription-Key", "")
        if not abonnement:
            return self.echec(401, CLE_MANQUANTE)
        if not self.base.execute("SELECT 1 FROM cle WHERE cle_abonnement = ?", (abonnement,)).fetchone():
            return self.echec(401, CLE_INVALIDE)
        publique, deux_points, secret = requete.entetes.get("x-apikey", "").partition(":")
        cle = self._cle(publique)
        if not deux_points or cle is None or cle["client_secret"] != secret or not cle["active"]:
            return self.echec(401, APIKEY_REFUSEE)
        if requete.octets and requete.entetes.get_content_type() != "application/json":
            raise Refus("The content type must be application/json.", "InvalidParameters")
        return None

    @route("POST", "/_simulateur/charger")
    def _charger(self, requete: Requete) -> ReponseSimulee:
        self.charger(**requete.corps)
        return ReponseSimulee(corps={"fait": True})

    @route("POST", "/_simulateur/inviter")
    def _inviter_par_commande(self, requete: Requete) -> ReponseSimulee:
        self.inviter(*requete.corps["emails"], domaine=requete.corps.get("domaine", ""))
        return ReponseSimulee(corps={"fait": True})

    @route("GET", "/loophub")
    @route("GET", "/LOOPHUB")
    def _loophub(self, requete: Requete) -> ReponseSimulee:
        demande = requete.corps if requete.octets else dict(requete.parametres)
        champs = _champs(demande, apiKey=str, domain=str)
        cle = self._cle_appelante(requete)
        if champs["apiKey"] != cle["cle_publique"]:
            raise Refus("The apiKey is not the key of the request.", "InvalidParameters")
        if champs["domain"].upper() != cle["domaine"].upper():
            raise Refus(f"The domain {champs['domain']} is not found.", "DomainNotFound")
        lignes = self.base.execute("SELECT fiche, cles FROM dossier WHERE domaine = ? ORDER BY code", (cle["domaine"],))
        rattaches = (f for f, cles in lignes if cles is None or cle["cle_publique"] in json.loads(cles))
        return ReponseSimulee(corps=f"[{','.join(rattaches)}]".encode())

    @route("POST", "/collaborativeOffer/addOffer")
    def _ajouter_offre(self, requete: Requete) -> ReponseSimulee:
        champs = _champs(requete.corps, codeDossier=str, offre=str)
        return self._changer_offre(requete, champs, ajouter=True)

    @route("POST", "/collaborativeOffer/addCollaborativeOffer")
    def _ajouter_offre_collaborative(self, requete: Requete) -> ReponseSimulee:
        champs = _champs(requete.corps, codeDossier=str, offre=str, email=str)
        dossier, contact = self._contact(requete, champs, invite=True)
        if not self._affecter(requete, dossier, contact, champs["offre"]):
            return _texte(DEJA_AFFECTEE)
        message = f"L'offre {champs['offre']} a été ajoutée au dossier client {champs['codeDossier']}"
        return ReponseSimulee(corps={"message": message})

    @route("POST", "/provisionningCollab/addClient")
    def _ajouter_interlocuteur(self, requete: Requete) -> ReponseSimulee:
        champs = _champs(requete.corps, vides=("telephone",), **FICHE)
        dossier = self._dossier_et_offre(requete, champs)
        domaine, email = dossier["domaine"], champs["email"]
        if self._interlocuteur(domaine, email) is not None:
            raise Refus(EMAIL_PRIS, "InterlocuteurEmailAlreadyUsed")
        self._exiger_invite(domaine, email)
        contact = self._ecrire_contact(domaine, champs)
        self._affecter(requete, dossier, contact, champs["offre"])
        return self._les_deux_objets(domaine, email)

    @route("POST", "/provisionningCollab/updateClient")
    def _modifier_interlocuteur(self, requete: Requete) -> ReponseSimulee:
        champs = _champs(requete.corps, vides=("telephone",), **FICHE, actif=bool, defaultIssuer=bool)
        dossier, contact = self._contact(requete, champs, invite=True)
        self._ecrire_contact(dossier["domaine"], champs)
        if not self._affecter(requete, dossier, contact, champs["offre"]):
            return _texte(DEJA_AFFECTEE)
        return self._les_deux_objets(dossier["domaine"], champs["email"])

    @route("POST", "/provisionningCollab/removeApplication")
    def _retirer_application(self, requete: Requete) -> ReponseSimulee:
        champs = _champs(requete.corps, email=str, codeDossier=str, offre=str)
        dossier, contact = self._contact(requete, champs, invite=False)
        self.base.execute(
            "DELETE FROM offre WHERE domaine = ? AND code = ? AND offre = ? AND contact = ?",
            (dossier["domaine"], dossier["code"], champs["offre"], contact["email"].lower()),
        )
        self._ecrire_contact(dossier["domaine"], json.loads(contact["fiche"]))
        self.compter(requete, f"{contact['email'].lower()}:{dossier['code']}:{champs['offre']}")
        return self._les_deux_objets(dossier["domaine"], contact["email"])

    @route("POST", "/collaborativeOffer/removeOffer")
    def _retirer_offre(self, requete: Requete) -> ReponseSimulee:
        champs = _champs(requete.corps, codeDossier=str, offre=str)
        return self._changer_offre(requete, champs, ajouter=False)

    @route("POST", "/companyProvisioning/provisionCompany")
    def _provisionner(self, requete: Requete) -> ReponseSimulee:
        champs = _champs(requete.corps, codeDossier=str)
        dossier = self._dossier(requete, champs["codeDossier"], cabinet=True)
        self.base.execute(
            "UPDATE dossier SET provisionne = 1 WHERE domaine = ? AND code = ?", (dossier["domaine"], dossier["code"])
        )
        self.compter(requete, dossier["code"])
        return ReponseSimulee(corps={})

    @route("GET", "/DossierComplet")
    def _lire_dossier(self, requete: Requete) -> ReponseSimulee:
        return ReponseSimulee(corps=_complet(self._dossier(requete, requete.parametres.get("codeDossier", ""))))

    @route("PUT", "/DossierComplet")
    def _modifier_dossier(self, requete: Requete) -> ReponseSimulee:
        dossier = self._dossier(requete, requete.parametres.get("codeDossier", ""))
        if not isinstance(requete.corps, list) or not requete.corps:
            raise Refus("The body must be an array.", "InvalidParameters")
        succes, erreurs = [], []
        for element in requete.corps:
            try:
                succes.append(self._modifier(requete, dossier, element))
            except Refus as refus:
                erreurs.append({"message": refus.message, "code": refus.code})
        return ReponseSimulee(corps={"success": succes, "errors": erreurs})

    @route("GET", "/etablissementComplet")
    def _etablissements(self, requete: Requete) -> ReponseSimulee:
        dossier = self._dossier(requete, requete.parametres.get("codeDossier", ""))
        return ReponseSimulee(corps=dossier["etablissements"].encode())

    @route("POST", "/checkCollaborateurAccess")
    def _acces(self, requete: Requete) -> ReponseSimulee:
        champs = _champs(requete.corps, domain=str, codeDossier=str, login=str)
        if champs["domain"].upper() != self._cle_appelante(requete)["domaine"].upper():
            raise Refus(f"The domain {champs['domain']} is not found.", "DomainNotFound")
        login = champs["login"]
        if not self.base.execute("SELECT 1 FROM collaborateur WHERE login = ?", (login,)).fetchone():
            raise Refus(f"The collaborateur {login} is not found.", "CollaborateurBadLogin")
        permis = json.loads(self._dossier(requete, champs["codeDossier"])["acces"])
        return ReponseSimulee(corps={"accessAllowed": login.lower() in {autre.lower() for autre in permis}})

    def _dossier_et_offre(self, requete: Requete, champs: Mapping[str, Any]) -> Row:
        dossier = self._dossier(requete, champs["codeDossier"], cabinet=True)
        if champs["offre"] not in OFFRES:
            raise Refus(f"The offer {champs['offre']} is not found.", "InvalidParameters")
        return dossier

    def _contact(self, requete: Requete, champs: Mapping[str, Any], *, invite: bool) -> tuple[Row, Row]:
        """The file and the contact of a request. Raises Refus."""
        dossier = self._dossier_et_offre(requete, champs)
        contact = self._interlocuteur(dossier["domaine"], champs["email"])
        if contact is None:
            raise Refus(INCONNU, "InterlocuteurNotFound")
        if invite:
            self._exiger_invite(dossier["domaine"], champs["email"])
        return dossier, contact

    def _interlocuteur(self, domaine: str, email: str) -> Row | None:
        trouve: Row | None = self.base.execute(
            "SELECT * FROM interlocuteur WHERE domaine = ? AND email = ?", (domaine, email)
        ).fetchone()
        return trouve

    def _exiger_invite(self, domaine: str, email: str) -> None:
        requete = "SELECT 1 FROM invitation WHERE domaine = ? AND email IN (?, '*')"
        if not self.base.execute(requete, (domaine, email)).fetchone():
            raise Refus(A_INVITER, "InterlocuteurNotInvited")

    def _ecrire_contact(self, domaine: str, champs: Mapping[str, Any]) -> Row:
        """Create or change a contact and its client user; both revisions move."""
        email = champs["email"]
        ancien = self._interlocuteur(domaine, email)
        fiche = {"actif": True, "defaultIssuer": False} | (json.loads(ancien["fiche"]) if ancien else {})
        fiche |= {nom: champs[nom] for nom in FICHE_GARDEE if nom in champs}
        if ancien is not None:
            fiche["email"] = ancien["email"]
        derniere = self._nouvelles_revisions(2)
        identite = (_identifiant(f"{domaine}/{email.lower()}"), derniere - 1)
        utilisateur = (_identifiant(f"{domaine}/{email.lower()}/utilisateur"), derniere)
        self.base.execute(
            "INSERT OR REPLACE INTO interlocuteur VALUES (?, ?, ?, ?, ?, ?, ?)",
            (domaine, fiche["email"], *identite, *utilisateur, json.dumps(fiche, ensure_ascii=False)),
        )
        ecrit = self._interlocuteur(domaine, email)
        if ecrit is None:
            raise Refus(INCONNU, "InterlocuteurNotFound")
        return ecrit

    def _affecter(self, requete: Requete, dossier: Row, contact: Row, offre: str) -> bool:
        """Give an offer to a contact and count the effect; False when the contact had it already."""
        email = contact["email"].lower()
        curseur = self.base.execute(
            "INSERT OR IGNORE INTO offre VALUES (?, ?, ?, ?)", (dossier["domaine"], dossier["code"], offre, email)
        )
        self.compter(requete, f"{email}:{dossier['code']}:{offre}")
        return curseur.rowcount > 0

    def _les_deux_objets(self, domaine: str, email: str) -> ReponseSimulee:
        contact = self._interlocuteur(domaine, email)
        if contact is None:
            raise Refus(INCONNU, "InterlocuteurNotFound")
        return ReponseSimulee(
            corps={
                "interloc": _objet("interlocuteur", contact["object_id"], contact["revision"]),
                "user": _objet("utilisateurClient", contact["utilisateur_id"], contact["utilisateur_revision"]),
            }
        )

    def _domaine_usuel(self) -> str:
        premiere = self.base.execute("SELECT domaine FROM cle LIMIT 1").fetchone()
        return str(premiere["domaine"]) if premiere else DOMAINE

    def _inviter(self, domaine: str, emails: Iterable[str]) -> None:
        self.base.executemany("INSERT OR IGNORE INTO invitation VALUES (?, ?)", ((domaine, email) for email in emails))

    def _charger_contact(self, contact: Mapping[str, Any], domaine: str) -> None:
        domaine = contact.get("domaine", domaine)
        defauts = {"nom": "", "prenom": "", "telephone": "", "profile": "2.0", "social": True}
        self._ecrire_contact(domaine, defauts | dict(contact))
        self._inviter(domaine, [contact["email"]])
        self.base.executemany(
            "INSERT OR IGNORE INTO offre VALUES (?, ?, ?, ?)",
            ((domaine, code, offre, contact["email"].lower()) for code, offre in contact.get("acces", ())),
        )

    def _changer_offre(self, requete: Requete, champs: Mapping[str, str], *, ajouter: bool) -> ReponseSimulee:
        offre = champs["offre"]
        dossier = self._dossier_et_offre(requete, champs)
        cible = (dossier["domaine"], dossier["code"], offre)
        if ajouter:
            self.base.execute("INSERT OR IGNORE INTO offre VALUES (?, ?, ?, '')", cible)
        else:
            self.base.execute("DELETE FROM offre WHERE domaine = ? AND code = ? AND offre = ?", cible)
        self.compter(requete, f"{dossier['code']}:{offre}")
        geste = "ajoutée au" if ajouter else "retirée du"
        message = f"L'offre {offre} a été {geste} dossier client {champs['codeDossier']}"
        return ReponseSimulee(corps={"message": message})

    def _modifier(self, requete: Requete, dossier: Row, element: Any) -> dict[str, str]:
        if not isinstance(element, dict) or set(element) - {"objectId", "revisionId", "siren", "formeJuridique"}:
            raise Refus("The element has unknown fields.", "InvalidParameters")
        if not all(isinstance(valeur, str) for valeur in element.values()) or "revisionId" not in element:
            raise Refus("objectId and revisionId are mandatory strings.", "InvalidParameters")
        if element.get("objectId") != dossier["object_id"]:
            raise Refus("The objectId is not the one of the file.", "ObjectNotFound")
        cible = (dossier["domaine"], dossier["code"])
        actuel = self.base.execute("SELECT * FROM dossier WHERE domaine = ? AND code = ?", cible).fetchone()
        if element["revisionId"] != _revision(actuel["revision"]):
            raise Refus("The object has been modified by another user.", "RevisionConflict")
        siren = element.get("siren", actuel["siren"])
        if siren and not (re.fullmatch(r"[0-9]{9}", siren) and luhn.is_valid(siren)):
            raise Refus("The siren is invalid.", "InvalidParameters")
        forme = element.get("formeJuridique", actuel["forme"])
        if not re.fullmatch(r"[A-Z]{0,6}", forme):
            raise Refus("The formeJuridique is invalid.", "InvalidParameters")
        nouvelle = self._nouvelles_revisions(1)
        self.base.execute(
            "UPDATE dossier SET siren = ?, forme = ?, revision = ? WHERE domaine = ? AND code = ?",
            (siren, forme, nouvelle, *cible),
        )
        self.compter(requete, f"{dossier['object_id']}:{siren}")
        return {
            "objectId": dossier["object_id"],
            "revisionId": _revision(nouvelle),
            "siren": siren,
            "formeJuridique": forme,
        }

    def _dossier(self, requete: Requete, code: str, *, cabinet: bool = False) -> Row:
        """The file of a request. Raises Refus when the key is not enough or the file is unknown on its domain."""
        cle = self._cle_appelante(requete)
        if cabinet and not cle["avancee"]:
            raise Refus("The apiKey does not give access to this function.", "CabinetKeyRequired", 403)
        requis = (cle["domaine"], code)
        dossier: Row | None = self.base.execute(
            "SELECT * FROM dossier WHERE domaine = ? AND code = ?", requis
        ).fetchone()
        if dossier is None:
            raise Refus(f"Le dossier {code} n'existe pas sur le domaine.", "DossierNotFound")
        return dossier

    def _cle(self, publique: str) -> Row | None:
        trouvee: Row | None = self.base.execute("SELECT * FROM cle WHERE cle_publique = ?", (publique,)).fetchone()
        return trouvee

    def _cle_appelante(self, requete: Requete) -> Row:
        cle = self._cle(requete.entetes.get("x-apikey", "").partition(":")[0])
        if cle is None:
            raise Refus(APIKEY_REFUSEE, "Unauthorized", 401)
        return cle

    def _objet_d_erreur(self, refus: Refus) -> ReponseSimulee:
        corps = {
            "stack": f"MicroserviceError[{refus.code}]: {refus.message}\n    at handler (service.js:1:1)",
            "message": refus.message,
            "code": refus.code,
            "error": None,
            "id": str(uuid.uuid4()),
            "name": f"MicroserviceError[{refus.code}]",
            "statusCode": refus.statut,
            "requestId": str(uuid.uuid4()),
        }
        return ReponseSimulee(refus.statut, corps)

    def _nouvelles_revisions(self, nombre: int) -> int:
        """The last of `nombre` revision numbers never given before."""
        derniere = self.base.execute("SELECT COALESCE(MAX(derniere), 211000) FROM revision").fetchone()[0] + nombre
        self.base.execute("DELETE FROM revision")
        self.base.execute("INSERT INTO revision VALUES (?)", (derniere,))
        return int(derniere)

    def _ligne(self, dossier: Mapping[str, Any], domaine: str, revision: int) -> tuple[Any, ...]:
        code = dossier["codeIbs"]
        domaine = dossier.get("domaine", domaine)
        logins = [dossier.get("maitreDossier", ""), dossier.get("engagementManager", ""), *dossier.get("acces", ())]
        # Stable identifiers: loading the same file again must not give it another identity.
        object_id = dossier.get("objectId") or _identifiant(f"{domaine}/{code}")
        fiche = {
            "objectId": object_id,
            "codeIbs": code,
            "nom": dossier.get("nom", ""),
            "prenom": dossier.get("prenom", ""),
            "nomUsuel": dossier.get("nomUsuel", code),
            "raisonSociale": dossier.get("raisonSociale", code),
            "maitreDossier": logins[0],
            "maitreDossierId": dossier.get("maitreDossierId") or _identifiant(logins[0]),
            "engagementManager": logins[1],
            "engagementManagerId": dossier.get("engagementManagerId") or _identifiant(logins[1]),
        }
        etablissements = [
            {"objectId": _identifiant(f"{object_id}/{rang}"), "revisionId": _revision(revision), "type": 1, "nature": 2}
            | {"prenom": "", "name": "", "raisonsociale": fiche["raisonSociale"][:35]}
            | dict(etablissement)
            for rang, etablissement in enumerate(dossier.get("etablissements", ()))
        ]
        cles = dossier.get("cles")
        return (
            domaine,
            code,
            object_id,
            revision,
            json.dumps(fiche, ensure_ascii=False),
            dossier.get("siren", ""),
            dossier.get("formeJuridique", ""),
            json.dumps(etablissements, ensure_ascii=False),
            json.dumps([login for login in logins if login]),
            None if cles is None else json.dumps(cles),
            bool(dossier.get("provisionne", False)),
        )


def _champs(corps: Any, *, vides: tuple[str, ...] = (), **types: type) -> dict[str, Any]:
    """The body, when it has exactly these fields; only those of `vides` may be empty. Raises Refus."""
    if not isinstance(corps, dict):
        raise Refus("The body must be a JSON object.", "InvalidParameters")
    if inconnus := set(corps) - set(types):
        raise Refus(f"Unknown parameter: {', '.join(sorted(inconnus))}.", "InvalidParameters")
    for nom, genre in types.items():
        if not isinstance(corps.get(nom), genre) or (corps[nom] == "" and nom not in vides):
            raise Refus(f"The parameter {nom} is mandatory.", "InvalidParameters")
    return corps


def _texte(phrase: str) -> ReponseSimulee:
    return ReponseSimulee(corps=phrase.encode(), entetes={"Content-Type": "text/plain; charset=utf-8"})


def _objet(classe: str, object_id: str, revision: int) -> dict[str, Any]:
    data = {"objectId": object_id, "$status": "none", "revisionId": _revision(revision)}
    return {"module": "cabinet", "className": classe, "data": data}


def _complet(dossier: Row) -> dict[str, str]:
    return {
        "objectId": dossier["object_id"],
        "revisionId": _revision(dossier["revision"]),
        "siren": dossier["siren"],
        "formeJuridique": dossier["forme"],
    }


def _revision(numero: int) -> str:
    return f"0x{numero:016X}"


def _identifiant(nom: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, nom))
