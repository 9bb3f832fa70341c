"""The accounting imports of the Loop simulator: deposit, importPerso, importFEC, status.

Documented and followed exactly: getFileUrlDeposit's name with its extension and its two fields; Azure Blob's PUT with
`x-ms-blob-type` and a signature that expires, and its XML errors; importPerso's body and its six sentences in their
order; `accountingImportRequestId`; the two shapes of error.

Inferred (each is one line to change here):

- the storage is this server under `/depot`; a blob is known by `<uuid>/<name>`, its bytes are hashed and not kept;
- any request to the storage with one of Loop's credentials is refused, and recorded;
- importFEC has importPerso's rules without MODELE, and a SIRET only when `siret_fec` is set;
- refusals come with HTTP 200 and `{"error": {"instanceId", "message"}}`, as importJson's page says, or with HTTP 400
  and the error object, according to `forme_erreur`;
- after the six sentences: MODELE is mandatory, a URI names a deposited blob, a URL is https (it is never read);
- an import waits `attente` seconds (status 1), runs `duree` seconds (2), then ends (3), or fails (4) with a message
  when its content or its file's name was declared faulty;
- two demands for the same content make two imports: nothing here is idempotent, which is what fault tests count.

Control API: POST /_simulateur/imports changes the settings (`REGLAGES`), GET returns the deposits, the imports, and the
requests that brought a credential to the storage. The effects are counted by file and content (the blob's SHA-256, or
the link without its query string): see `compte`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from abc import abstractmethod
from datetime import datetime, timedelta
from sqlite3 import Row
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from xml.sax.saxutils import escape

from stdnum import luhn

from config.simulateur import Panne, ReponseSimulee, Requete, Simulateur, route

SANS_CODE = "Le codeIbs n'est pas spécifié."
SANS_CHEMIN = "Le chemin d'accès URI ou l'URL du fichier n'est pas spécifié."
DEUX_CHEMINS = "Ambiguité sur le chemin d'accès, seul un des deux champs doit être renseigné."
SIRET_INVALIDE = "Le numéro SIRET est invalide : il doit comporter 14 chiffres et respecter l'algorithme de Luhn"
ECHEC = "L'import a échoué : le fichier comporte des erreurs."
#: Azure Storage's own words (Microsoft, « Common REST API error codes », « Blob Storage error codes »).
AZURE = {
    "AuthenticationFailed": (
        403,
        "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly "
        "including the signature.",
    ),
    "MissingRequiredHeader": (400, "An HTTP header that's mandatory for this request is not specified."),
    "InvalidHeaderValue": (400, "The value for one of the HTTP headers is not in the correct format."),
    "ResourceNotFound": (404, "The specified resource does not exist."),
    "UnsupportedHttpVerb": (405, "The resource doesn't support the specified HTTP verb."),
}
#: No secret: whoever reads this file may sign for the simulator.
_CLE_DE_SIGNATURE = b"simulateur"
#: Settings of the control API, with their values at the start.
REGLAGES: dict[str, Any] = {
    "forme_erreur": 200,  # or 400
    "depot": "deux",  # or "url", "uri": what getFileUrlDeposit answers
    "duree_depot": 3600,  # seconds of life of a deposit address
    "siret_fec": False,
    "attente": 5,
    "duree": 10,
    "marques": {},  # part of a file name: message of its failure
    "empreintes": {},  # SHA-256 of a content: message of its failure
    "statuts": {},  # request id, or "*": the status to answer whatever it is
    "champ_statut": "status",  # or "statut"
    "statut_en_texte": False,
}


class Refus(Exception):
    """A request that Loop refuses with its error object."""

    def __init__(self, message: str, code: str, statut: int = 400) -> None:
        super().__init__(message)
        self.message, self.code, self.statut = message, code, statut


class ImportsSimules(Simulateur):
    """The routes of the imports, for SimulateurLoop."""

    depot = "/depot"
    schema = """
    CREATE TABLE IF NOT EXISTS blob (uri TEXT PRIMARY KEY, taille INTEGER, empreinte TEXT, depose_le TEXT);
    CREATE TABLE IF NOT EXISTS import (id TEXT PRIMARY KEY, genre TEXT, domaine TEXT, code TEXT, uri TEXT, url TEXT,
        modele TEXT, siret TEXT, contenu TEXT, nom TEXT, cree_le TEXT, echec TEXT);
    CREATE TABLE IF NOT EXISTS reglage_import (nom TEXT PRIMARY KEY, valeur TEXT);
    CREATE TABLE IF NOT EXISTS intrusion (requete TEXT, entete TEXT);
    """

    @abstractmethod
    def _dossier(self, requete: Requete, code: str) -> Row:
        """The file of a request. Raises Refus."""

    @abstractmethod
    def _objet_d_erreur(self, refus: Refus) -> ReponseSimulee:
        """A refusal as the error object."""

    def regler_imports(self, **valeurs: Any) -> None:
        """Change settings of `REGLAGES`; those that are dictionaries are replaced whole. Raises ValueError."""
        if inconnus := set(valeurs) - set(REGLAGES):
            raise ValueError(f"réglages inconnus : {', '.join(sorted(inconnus))}")
        lignes = [(nom, json.dumps(valeur)) for nom, valeur in valeurs.items()]
        with self.verrou, self.base:
            self.base.executemany("INSERT OR REPLACE INTO reglage_import VALUES (?, ?)", lignes)

    def imports(self) -> dict[str, list[dict[str, Any]]]:
        """`depots`, `imports` (with their present `statut`) and `intrusions`, oldest first."""
        with self.verrou:
            lus = {
                nom: [dict(ligne) for ligne in self.base.execute(f"SELECT * FROM {table} ORDER BY rowid")]  # noqa: S608
                for nom, table in (("depots", "blob"), ("imports", "import"), ("intrusions", "intrusion"))
            }
            for ligne in lus["imports"]:
                ligne["statut"] = self._avancement(ligne["cree_le"], ligne["echec"])
        return lus

    def noter_appel(self, requete: Requete) -> Panne | None:
        if requete.suite and (apportes := _identifiants(requete)):
            with self.verrou, self.base:
                lignes = [(f"{requete.methode} {requete.suite}", nom) for nom in apportes]
                self.base.executemany("INSERT INTO intrusion VALUES (?, ?)", lignes)
        return super().noter_appel(requete)

    @route("GET", "/_simulateur/imports")
    def _lire_imports(self, requete: Requete) -> ReponseSimulee:
        return ReponseSimulee(corps=self.imports())

    @route("POST", "/_simulateur/imports")
    def _regler_par_commande(self, requete: Requete) -> ReponseSimulee:
        self.regler_imports(**requete.corps)
        return ReponseSimulee(corps={"fait": True})

    @route("GET", "/getFileUrlDeposit")
    def _demander_depot(self, requete: Requete) -> ReponseSimulee:
        nom = requete.parametres.get("filename", "")
        if nom.rpartition(".")[2].lower() not in {"tra", "txt", "csv"} or "/" in nom:
            raise Refus("The filename must end with tra, txt or csv.", "InvalidParameters")
        uri = f"{uuid.uuid4()}/{nom}"
        debut = self.maintenant()
        fin = debut + timedelta(seconds=self._reglage("duree_depot"))
        bornes = {"st": f"{debut:%Y-%m-%dT%H:%M:%SZ}", "se": f"{fin:%Y-%m-%dT%H:%M:%SZ}"}
        parametres = {"sv": "2020-08-04", **bornes, "sr": "b", "sp": "w", "sig": _signer(uri, **bornes)}
        requete_signee = "&".join(f"{nom}={quote(valeur, safe='')}" for nom, valeur in parametres.items())
        corps = {"depositUrl": f"{self.racine}{self.depot}/{quote(uri)}?{requete_signee}", "uri": uri}
        for absent in {"url": ["uri"], "uri": ["depositUrl"]}.get(self._reglage("depot"), []):
            del corps[absent]
        return ReponseSimulee(corps=corps)

    @route("PUT", "/depot")
    def _recevoir(self, requete: Requete) -> ReponseSimulee:
        uri, parametres = unquote(requete.suite), requete.parametres
        if _identifiants(requete):
            return _azure("InvalidHeaderValue")
        genre = requete.entetes.get("x-ms-blob-type")
        if genre != "BlockBlob":
            return _azure("InvalidHeaderValue" if genre else "MissingRequiredHeader")
        debut, fin = parametres.get("st", ""), parametres.get("se", "")
        signature = parametres.get("sig", "")
        if not hmac.compare_digest(_signer(uri, st=debut, se=fin).encode(), signature.encode()):
            return _azure("AuthenticationFailed")
        if not debut <= f"{self.maintenant():%Y-%m-%dT%H:%M:%SZ}" < fin:
            return _azure("AuthenticationFailed")
        self.base.execute(
            "INSERT OR REPLACE INTO blob VALUES (?, ?, ?, ?)",
            (uri, requete.taille, requete.empreinte, self.maintenant().isoformat()),
        )
        return ReponseSimulee(201, b"", {"ETag": f'"0x{requete.empreinte[:15].upper()}"'})

    @route("GET", "/depot")
    @route("POST", "/depot")
    @route("DELETE", "/depot")
    @route("PATCH", "/depot")
    def _rien_d_autre(self, requete: Requete) -> ReponseSimulee:
        return _azure("ResourceNotFound" if requete.methode == "GET" else "UnsupportedHttpVerb")

    @route("POST", "/importPerso")
    def _import_perso(self, requete: Requete) -> ReponseSimulee:
        return self._importer(requete, {"codeIbs", "URI", "URL", "MODELE", "SIRET"})

    @route("POST", "/importFEC")
    def _import_fec(self, requete: Requete) -> ReponseSimulee:
        return self._importer(requete, {"codeIbs", "URI", "URL"} | ({"SIRET"} if self._reglage("siret_fec") else set()))

    @route("GET", "/getImportStatus")
    def _statut(self, requete: Requete) -> ReponseSimulee:
        demande = requete.parametres.get("accountingImportRequestId", "")
        ligne = self.base.execute("SELECT * FROM import WHERE id = ?", (demande,)).fetchone()
        if ligne is None:
            raise Refus(f"The import request {demande} is not found.", "ImportNotFound")
        self._dossier(requete, ligne["code"])
        statut: Any = self._avancement(ligne["cree_le"], ligne["echec"])
        message = ligne["echec"] if statut == 4 else ""
        forces = self._reglage("statuts")
        statut = forces.get(demande, forces.get("*", statut))
        if self._reglage("statut_en_texte"):
            statut = str(statut)
        corps = {"accountingImportRequestId": demande, self._reglage("champ_statut"): statut}
        return ReponseSimulee(corps=corps | ({"message": message} if message else {}))

    def _importer(self, requete: Requete, connus: set[str]) -> ReponseSimulee:
        try:
            champs = self._verifier(requete, connus)
        except Refus as refus:
            if self._reglage("forme_erreur") == 400:
                return self._objet_d_erreur(refus)
            return ReponseSimulee(corps={"error": {"instanceId": str(uuid.uuid4()), "message": refus.message}})
        uri, url = champs["URI"], champs["URL"]
        blob = self._blob(uri)
        contenu = blob["empreinte"] if blob else url.partition("?")[0]
        nom = unquote(uri or urlsplit(url).path).rpartition("/")[2]
        demande = str(uuid.uuid4())
        genre = requete.chemin.removeprefix("/import").lower()
        dossier = self._dossier(requete, champs["codeIbs"])
        self.base.execute(
            "INSERT INTO import VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(demande, genre, dossier["domaine"], dossier["code"], uri, url, champs["MODELE"], champs["SIRET"]),
                *(contenu, nom, self.maintenant().isoformat(), self._echec_prevu(contenu, nom)),
            ),
        )
        self.compter(requete, f"{dossier['code']}:{contenu}")
        return ReponseSimulee(corps={"accountingImportRequestId": demande})

    def _verifier(self, requete: Requete, connus: set[str]) -> dict[str, str]:
        """The fields of a demand, `""` for the absent ones. Raises Refus: the shape, the six sentences, the rest."""
        corps = requete.corps
        if not isinstance(corps, dict) or not all(isinstance(valeur, str) for valeur in corps.values()):
            raise Refus("The body must be a JSON object of strings.", "InvalidParameters")
        if inconnus := set(corps) - connus:
            raise Refus(f"Unknown parameter: {', '.join(sorted(inconnus))}.", "InvalidParameters")
        champs = {nom: corps.get(nom, "") for nom in ("codeIbs", "URI", "URL", "MODELE", "SIRET")}
        code, uri, url, siret = (champs[nom] for nom in ("codeIbs", "URI", "URL", "SIRET"))
        if not code:
            raise Refus(SANS_CODE, "InvalidParameters")
        if not uri and not url:
            raise Refus(SANS_CHEMIN, "InvalidParameters")
        if uri and url:
            raise Refus(DEUX_CHEMINS, "InvalidParameters")
        dossier = self._dossier(requete, code)
        if siret:
            if not (len(siret) == 14 and siret.isascii() and siret.isdigit() and luhn.is_valid(siret)):
                raise Refus(SIRET_INVALIDE, "InvalidParameters")
            if siret not in {element.get("siret") for element in json.loads(dossier["etablissements"])}:
                raise Refus(
                    f"L'établissement correspondant au SIRET {siret} n'est pas reconnu pour le dossier {code}",
                    "InvalidParameters",
                )
        if "MODELE" in connus and not champs["MODELE"]:
            raise Refus("The parameter MODELE is mandatory.", "InvalidParameters")
        if uri and self._blob(uri) is None:
            raise Refus(f"The file {uri} is not found.", "FileNotFound")
        if url and not _https(url):
            raise Refus("The URL must be an https address.", "InvalidParameters")
        return champs

    def _blob(self, uri: str) -> Row | None:
        trouve: Row | None = self.base.execute("SELECT * FROM blob WHERE uri = ?", (uri,)).fetchone()
        return trouve

    def _echec_prevu(self, contenu: str, nom: str) -> str:
        marques: dict[str, str] = self._reglage("marques")
        empreintes: dict[str, str] = self._reglage("empreintes")
        par_nom = next((message or ECHEC for marque, message in marques.items() if marque in nom), "")
        return (empreintes[contenu] or ECHEC) if contenu in empreintes else par_nom

    def _avancement(self, cree_le: str, echec: str) -> int:
        age = (self.maintenant() - datetime.fromisoformat(cree_le)).total_seconds()
        if age < self._reglage("attente"):
            return 1
        if age < self._reglage("attente") + self._reglage("duree"):
            return 2
        return 4 if echec else 3

    def _reglage(self, nom: str) -> Any:
        ligne = self.base.execute("SELECT valeur FROM reglage_import WHERE nom = ?", (nom,)).fetchone()
        return json.loads(ligne["valeur"]) if ligne else REGLAGES[nom]


def _identifiants(requete: Requete) -> list[str]:
    """The credentials of Loop that a request to the storage brings."""
    return [nom for nom in ("x-apikey", "Ocp-Apim-Subscription-Key", "Authorization") if nom in requete.entetes]


def _signer(uri: str, *, st: str, se: str) -> str:
    return base64.b64encode(hmac.digest(_CLE_DE_SIGNATURE, f"{uri}\n{st}\n{se}\nw".encode(), hashlib.sha256)).decode()


def _azure(code: str) -> ReponseSimulee:
    statut, message = AZURE[code]
    moment = f"RequestId:{uuid.uuid4()}\nTime:2022-03-26T15:23:51.0000000Z"
    corps = (
        f'\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code>'
        f"<Message>{escape(message)}\n{moment}</Message></Error>"
    )
    return ReponseSimulee(statut, corps.encode(), {"Content-Type": "application/xml", "x-ms-error-code": code})


def _https(url: str) -> bool:
    try:
        morceaux = urlsplit(url)
    except ValueError:
        return False
    return morceaux.scheme == "https" and bool(morceaux.hostname)
