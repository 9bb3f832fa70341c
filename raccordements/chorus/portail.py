"""A Chorus Pro portal that takes fiches: by the channel `api` (see `contrat`), or typed by a person (control API).

Followed from the AIFE guide (2017): the five statuses, the code appli partenaire given by the portal and never typed,
the activation by an automatic treatment « le lendemain matin », no rejected status, the qualification-only codes that
production does not offer, the certificates each protocol asks for.

Inferred, because no page says it (each is a constant or a method here, to change in one place):

- the treatment runs at 6:00 in Paris on the next working day, and the code appli is given when the fiche is received;
- an update keeps its code appli (the guide suggests it, a page about ESPD says the contrary);
- a fiche that waits for its treatment takes no other version; a deactivated one takes none;
- activation of an EDI fiche turns on the structure's `connexionEDI`, and `recevoirDonneesViaEDI` when an outgoing code
  is connected; that of an API fiche opens the APIs to the PISTE application it names;
- every refusal's text.

Control API, beside that of config.simulateur:

========================  =====================================================================================
POST saisie               a fiche typed on the portal: the channel's body (only `environnement`, `type` and
                          `partenaire.identifiant` are needed) and `"soumettre": false` to leave it Brouillon;
                          with a `reference` already known, an update. Answers its status.
POST fiche                `{"reference": "...", "geste": "retenir" | "liberer" | "activer" | "desactiver"}`: never
                          activated, activated in its turn, Activée now, Désactivée
POST matin                `{"secondes": 90}`: the treatment comes that long after each submission, and not the next
                          morning; null for the morning again. Kept by the store, for a demonstration
GET  fiches               every fiche as stored
GET  export               « Exporter les résultats » of the EDI search, as a CSV file; its true columns are not public
========================  =====================================================================================
"""

from __future__ import annotations

import base64
import binascii
import csv
import hashlib
import io
import json
import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from sqlite3 import Row
from typing import Any

from config.jours import jour_ouvre_suivant
from config.simulateur import ReponseSimulee, Requete, Simulateur, route
from raccordements.chorus.contrat import FICHE_INCONNUE, EtatPortail
from raccordements.chorus.lecture import PARIS

ENVIRONNEMENTS = ("qualification", "production")
#: Bearer that the channel accepts when none was loaded: the default of the setting CHORUS_CANAL_JETON.
JETON_CANAL = "canal-du-simulateur"
HEURE_DU_TRAITEMENT = time(6, 0)
MODES = ("Pas de raccordement", "Complète", "Partielle")
USAGES = {"SFTP": {"client"}, "AS2": {"client", "serveur"}, "PeSIT": {"client", "serveur"}}
#: AIFE guide: codes offered in qualification only.
QUALIFICATION_SEULE = ("FSO1300A", "FSO1301A", "FEN0036A")
CODE_INTERFACE = re.compile(r"[A-Z]{3}[0-9]{4}[A-Z]")
REFERENCE = re.compile(r"[A-Za-z0-9._-]{1,100}")
EMPREINTE = re.compile(r"[0-9a-f]{64}")
CERTIFICATS_MAX = 10
COLONNES = (
    "Partenaire",
    "Protocole de raccordement",
    "Code Appli partenaire",
    "Code interface",
    "Date de début",
    "Date de fin",
    "Etat courant",
)


class Refus(Exception):
    """A request refused by a handler; raising it rolls its transaction back."""

    def __init__(self, reponse: ReponseSimulee) -> None:
        super().__init__(reponse.statut)
        self.reponse = reponse


class PortailSimule(Simulateur):
    """The fiches of both environments. `environnement` is that of the request being handled: one at a time."""

    schema = """
    CREATE TABLE IF NOT EXISTS canal (jeton TEXT PRIMARY KEY);
    CREATE TABLE IF NOT EXISTS fiche (reference TEXT PRIMARY KEY, numero TEXT, environnement TEXT, genre TEXT,
        siret TEXT, empreinte TEXT, code_appli TEXT, etat TEXT, etat_le TEXT, traitement_le TEXT, retenue INTEGER,
        corps TEXT);
    CREATE TABLE IF NOT EXISTS rang (dernier INTEGER);
    CREATE TABLE IF NOT EXISTS matin (secondes REAL);
    """
    environnement = ""

    def activer_les_dues(self) -> None:
        """The automatic treatment, for every fiche whose morning has come on this clock."""
        dues = self.base.execute(
            "SELECT * FROM fiche WHERE traitement_le <= ? AND NOT retenue AND etat IN (?, ?)",
            (self.maintenant().isoformat(), EtatPortail.ENVOYEE, EtatPortail.ENVOYEE_MAJ),
        ).fetchall()
        for fiche in dues:
            self.base.execute(
                "UPDATE fiche SET etat = ?, etat_le = traitement_le WHERE reference = ?",
                (EtatPortail.ACTIVEE, fiche["reference"]),
            )
            self.activee(fiche, json.loads(fiche["corps"]))

    def activee(self, fiche: Row, corps: Mapping[str, Any]) -> None:
        """What an activation changes elsewhere."""

    def structure_active(self, siret: str) -> bool:
        """Whether this environment has an active structure under this identifier."""
        return True

    def fiches(self) -> list[dict[str, Any]]:
        """Every fiche as stored, its body read."""
        with self.verrou, self.base:
            self.activer_les_dues()
            lignes = self.base.execute("SELECT * FROM fiche ORDER BY numero").fetchall()
        return [dict(ligne) | {"corps": json.loads(ligne["corps"])} for ligne in lignes]

    def fiche(self, reference: str) -> dict[str, Any]:
        """One fiche as stored. Raises KeyError."""
        for fiche in self.fiches():
            if fiche["reference"] == reference:
                return fiche
        raise KeyError(reference)

    @route("POST", "/portail/fiches")
    def _recevoir(self, requete: Requete) -> ReponseSimulee:
        self._verifier_canal(requete)
        corps = requete.corps
        if not isinstance(corps, dict):
            raise _refus(400, "corps_illisible", "Le corps de la demande doit être un objet JSON.")
        _verifier_forme(corps)
        if corps.get("environnement") != self.environnement:
            raise _refus(400, "environnement", f"Cette adresse est celle de l’environnement « {self.environnement} ».")
        connue = self._ligne(corps["reference"])
        if connue and connue["etat"] != EtatPortail.BROUILLON and connue["empreinte"] == corps["empreinte"]:
            return ReponseSimulee(200, _suivi(connue))
        self._verifier_fond(corps)
        fiche = self._enregistrer(corps, connue, soumise=True)
        self.compter(requete, f"{corps['reference']}:{corps['empreinte'][:12]}")
        return ReponseSimulee(200 if connue else 201, _suivi(fiche))

    def lire_fiche(self, requete: Requete, reference: str) -> ReponseSimulee:
        """GET /portail/fiches/<reference>."""
        self._verifier_canal(requete)
        fiche = self._ligne(reference)
        if fiche is None or fiche["environnement"] != self.environnement:
            raise _refus(404, FICHE_INCONNUE, "Cette fiche n’est pas connue.")
        return ReponseSimulee(200, _suivi(fiche))

    @route("POST", "/_simulateur/saisie")
    def _saisir(self, requete: Requete) -> ReponseSimulee:
        saisie = dict(requete.corps)
        soumise = bool(saisie.pop("soumettre", True))
        self.environnement = saisie["environnement"]
        if self.environnement not in ENVIRONNEMENTS or saisie["type"] not in {"EDI", "API"}:
            raise ValueError("environnement ou type inconnu")
        if not all(map(_est_choix, saisie.get("codesInterfaces", ()))):
            raise ValueError("codesInterfaces")
        saisie.setdefault("reference", f"saisie-{self._prochain()}")
        saisie["partenaire"] = {"designation": "", **saisie["partenaire"]}
        saisie["partenaire"]["identifiant"] = str(saisie["partenaire"]["identifiant"])
        contenu = json.dumps(saisie, sort_keys=True).encode()
        saisie.setdefault("empreinte", hashlib.sha256(contenu).hexdigest())
        self.activer_les_dues()
        try:
            fiche = self._enregistrer(saisie, self._ligne(saisie["reference"]), soumise=soumise)
        except Refus as refus:
            raise ValueError(refus.reponse.corps["message"]) from refus
        return ReponseSimulee(200, _suivi(fiche))

    @route("POST", "/_simulateur/fiche")
    def _intervenir(self, requete: Requete) -> ReponseSimulee:
        reference, geste = requete.corps["reference"], requete.corps["geste"]
        self.activer_les_dues()
        if self._ligne(reference) is None:
            raise KeyError(reference)
        if geste == "desactiver":
            self.base.execute(
                "UPDATE fiche SET etat = ?, etat_le = ? WHERE reference = ?",
                (EtatPortail.DESACTIVEE, self.maintenant().isoformat(), reference),
            )
        elif geste == "activer":
            self.base.execute(
                "UPDATE fiche SET traitement_le = ?, retenue = 0 WHERE reference = ?",
                (self.maintenant().isoformat(), reference),
            )
            self.activer_les_dues()
        elif geste in {"retenir", "liberer"}:
            self.base.execute("UPDATE fiche SET retenue = ? WHERE reference = ?", (geste == "retenir", reference))
        else:
            raise ValueError(f"geste inconnu : {geste}")
        return ReponseSimulee(corps={"fait": True})

    @route("POST", "/_simulateur/matin")
    def _regler_le_matin(self, requete: Requete) -> ReponseSimulee:
        secondes = requete.corps["secondes"]
        self.base.execute("DELETE FROM matin")
        if secondes is not None:
            self.base.execute("INSERT INTO matin VALUES (?)", (float(secondes),))
        return ReponseSimulee(corps={"fait": True})

    @route("GET", "/_simulateur/fiches")
    def _lister(self, requete: Requete) -> ReponseSimulee:
        return ReponseSimulee(corps=self.fiches())

    @route("GET", "/_simulateur/export")
    def _exporter(self, requete: Requete) -> ReponseSimulee:
        sortie = io.StringIO()
        ecrivain = csv.writer(sortie, delimiter=";", lineterminator="\r\n")
        ecrivain.writerow(COLONNES)
        for fiche in self.fiches():
            environnement = requete.parametres.get("environnement", "production")
            if fiche["genre"] != "EDI" or fiche["environnement"] != environnement:
                continue
            corps, periode = fiche["corps"], fiche["corps"].get("periode") or {}
            for choix in corps.get("codesInterfaces", ()):
                if choix["mode"] != MODES[0]:
                    ecrivain.writerow(
                        (
                            f"{fiche['siret']} - {corps['partenaire']['designation']}",
                            corps.get("protocole", ""),
                            fiche["code_appli"],
                            choix["code"],
                            _jour_francais(periode.get("du")),
                            _jour_francais(periode.get("au")),
                            fiche["etat"],
                        )
                    )
        entetes = {"Content-Type": "text/csv; charset=utf-8"}
        return ReponseSimulee(200, ("\ufeff" + sortie.getvalue()).encode(), entetes)

    # --- rules ---------------------------------------------------------------------------------------------------

    def _verifier_canal(self, requete: Requete) -> None:
        porteur, _, jeton = requete.entetes.get("Authorization", "").partition(" ")
        admis = {ligne["jeton"] for ligne in self.base.execute("SELECT jeton FROM canal")} or {JETON_CANAL}
        if porteur != "Bearer" or jeton not in admis:
            raise _refus(401, "jeton", "Le jeton du canal est absent ou refusé.")

    def _verifier_fond(self, corps: Mapping[str, Any]) -> None:
        if not self.structure_active(corps["partenaire"]["identifiant"]):
            raise _refus(400, "partenaire", "Le partenaire n’existe pas ou n’est pas actif dans cet environnement.")
        if corps["type"] == "API":
            if not corps.get("applicationPiste") and not corps["certificats"]:
                raise _refus(400, "application", "Une fiche API désigne une application PISTE.")
            return
        codes = {choix["code"]: choix["mode"] for choix in corps["codesInterfaces"]}
        if not any(mode != MODES[0] for mode in codes.values()):
            raise _refus(400, "codes_interfaces", "Au moins un code interface doit être raccordé.")
        if self.environnement == "production":
            for code in QUALIFICATION_SEULE:
                if codes.get(code, MODES[0]) != MODES[0]:
                    raise _refus(400, "codes_interfaces", f"Le code interface {code} n’est pas proposé en production.")
        fournis = {mot for certificat in corps["certificats"] for mot in certificat["usage"].split(" et ")}
        if manquants := USAGES[corps["protocole"]] - fournis:
            demandes = " et ".join(sorted(manquants))
            raise _refus(400, "certificats", f"Le protocole {corps['protocole']} exige un certificat {demandes}.")
        if any(
            hashlib.sha256(base64.b64decode(certificat["contenu"])).hexdigest() != certificat["sha256"]
            for certificat in corps["certificats"]
        ):
            raise _refus(400, "certificats", "L’empreinte d’un certificat ne correspond pas à son contenu.")

    def _enregistrer(self, corps: Mapping[str, Any], connue: Row | None, *, soumise: bool) -> Row:
        etat = EtatPortail.ENVOYEE if soumise else EtatPortail.BROUILLON
        code = ""
        if connue is not None:
            code, courant = connue["code_appli"], connue["etat"]
            if connue["environnement"] != self.environnement or connue["genre"] != corps["type"]:
                raise _refus(409, "autre_fiche", "Cette référence est celle d’une autre fiche.")
            if courant in {EtatPortail.ENVOYEE, EtatPortail.ENVOYEE_MAJ}:
                raise _refus(409, "en_traitement", "La fiche est en cours de traitement : elle n’est pas modifiable.")
            if courant == EtatPortail.DESACTIVEE:
                raise _refus(409, "desactivee", "La fiche est désactivée : elle n’est plus modifiable.")
            if courant == EtatPortail.ACTIVEE:
                etat = EtatPortail.ENVOYEE_MAJ
        if corps.get("codeAppliPartenaire", "") not in {"", code}:
            raise _refus(400, "code_appli", "Le code application partenaire est donné par Chorus Pro.")
        maintenant = self.maintenant()
        rang = self._prochain()
        soumission = etat != EtatPortail.BROUILLON
        self.base.execute(
            "INSERT OR REPLACE INTO fiche VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                corps["reference"],
                connue["numero"] if connue else f"FR{rang:08d}",
                self.environnement,
                corps["type"],
                corps["partenaire"]["identifiant"],
                corps["empreinte"],
                code or (_code_appli(rang) if soumission else ""),
                etat,
                maintenant.isoformat(),
                self._traitement(maintenant).isoformat() if soumission else None,
                False,
                json.dumps(corps, ensure_ascii=False),
            ),
        )
        fiche = self._ligne(corps["reference"])
        if fiche is None:
            raise LookupError(corps["reference"])
        return fiche

    def _traitement(self, maintenant: datetime) -> datetime:
        """When what is submitted now will be treated, in the zone of `maintenant`."""
        matin = self.base.execute("SELECT secondes FROM matin").fetchone()
        if matin is None:
            return _lendemain_matin(maintenant).astimezone(maintenant.tzinfo)
        return maintenant + timedelta(seconds=matin["secondes"])

    def _ligne(self, reference: str) -> Row | None:
        trouvee: Row | None = self.base.execute("SELECT * FROM fiche WHERE reference = ?", (reference,)).fetchone()
        return trouvee

    def _prochain(self) -> int:
        dernier = int(self.base.execute("SELECT COALESCE(MAX(dernier), 0) FROM rang").fetchone()[0]) + 1
        self.base.execute("DELETE FROM rang")
        self.base.execute("INSERT INTO rang VALUES (?)", (dernier,))
        return dernier


def _verifier_forme(corps: Mapping[str, Any]) -> None:
    """What the contract says of the fields. Raises Refus with the first that is wrong."""
    partenaire, contact = corps.get("partenaire"), corps.get("contactTechnique")
    certificats = corps.get("certificats")
    formes = {
        "contrat": corps.get("contrat") == 1,
        "reference": _texte(corps.get("reference"), REFERENCE),
        "empreinte": _texte(corps.get("empreinte"), EMPREINTE),
        "type": corps.get("type") in ("EDI", "API"),
        "partenaire": isinstance(partenaire, dict) and _textes(partenaire, "identifiant", "typeIdentifiant"),
        "contactTechnique": isinstance(contact, dict)
        and _textes(contact, "nomPrenom", "telephone", "adresseElectronique"),
        "certificats": isinstance(certificats, list)
        and len(certificats) <= CERTIFICATS_MAX
        and all(map(_est_certificat, certificats)),
        "codeAppliPartenaire": isinstance(corps.get("codeAppliPartenaire", ""), str),
        "applicationPiste": isinstance(corps.get("applicationPiste", ""), str),
    }
    if corps.get("type") == "EDI":
        periode, codes = corps.get("periode"), corps.get("codesInterfaces")
        formes |= {
            "protocole": isinstance(corps.get("protocole"), str) and corps["protocole"] in USAGES,
            "periode": isinstance(periode, dict) and _est_periode(periode.get("du"), periode.get("au")),
            "codesInterfaces": isinstance(codes, list)
            and all(map(_est_choix, codes))
            and len({choix["code"] for choix in codes}) == len(codes),
            "caracteristiquesReseau": isinstance(corps.get("caracteristiquesReseau"), dict),
        }
    for nom, juste in formes.items():
        if not juste:
            raise _refus(400, "champ_invalide", f"Le champ « {nom} » est absent ou invalide.")


def _texte(valeur: Any, forme: re.Pattern[str]) -> bool:
    return isinstance(valeur, str) and forme.fullmatch(valeur) is not None


def _textes(objet: Mapping[str, Any], *noms: str) -> bool:
    return all(isinstance(objet.get(nom), str) and objet[nom].strip() for nom in noms)


def _est_choix(choix: Any) -> bool:
    return isinstance(choix, dict) and _texte(choix.get("code"), CODE_INTERFACE) and choix.get("mode") in MODES


def _est_certificat(certificat: Any) -> bool:
    if not isinstance(certificat, dict) or not _textes(certificat, "usage", "nomFichier", "sha256", "contenu"):
        return False
    try:
        base64.b64decode(certificat["contenu"], validate=True)
    except (binascii.Error, ValueError):
        return False
    return certificat["usage"] in {"client", "serveur", "client et serveur"}


def _est_periode(du: Any, au: Any) -> bool:
    try:
        debut = date.fromisoformat(du)
        return au is None or debut <= date.fromisoformat(au)
    except (TypeError, ValueError):
        return False


def _lendemain_matin(maintenant: datetime) -> datetime:
    """6:00 in Paris on the working day after this moment."""
    return datetime.combine(jour_ouvre_suivant(maintenant.astimezone(PARIS).date()), HEURE_DU_TRAITEMENT, PARIS)


def _code_appli(rang: int) -> str:
    """Three letters and three digits, as in every sample (VFE039); the next letters once the digits are used up."""
    lettres, chiffres = divmod(rang, 1000)
    return f"VF{chr(ord('E') + lettres % 22)}{chiffres:03d}"


def _suivi(fiche: Row) -> dict[str, Any]:
    return {
        "reference": fiche["reference"],
        "empreinte": fiche["empreinte"],
        "numero": fiche["numero"],
        "etat": fiche["etat"],
        "etatLe": fiche["etat_le"],
        "codeAppliPartenaire": fiche["code_appli"],
    }


def _jour_francais(valeur: str | None) -> str:
    return date.fromisoformat(valeur).strftime("%d/%m/%Y") if valeur else ""


def _refus(statut: int, code: str, message: str) -> Refus:
    return Refus(ReponseSimulee(statut, {"code": code, "message": message}))
