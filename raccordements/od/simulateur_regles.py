"""The two steps of the simulated Cegid OD: its store, its rules and its refusals. See `simulateur`."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from sqlite3 import Row
from typing import Any
from urllib.parse import urlsplit

from config.simulateur import ReponseSimulee, Requete, Simulateur, route
from dossiers.sirene import siren_valide, siret_valide
from raccordements.chorus.lecture import PARIS
from raccordements.chorus.portail import Refus
from raccordements.od import contrat
from raccordements.od.schemas import Ligne, Niveau

DUREE_JETON = 3600
IDENTIFIANT_MAX = 125
#: The words of the source document, the default of the setting OD_NIVEAUX.
NIVEAUX = {
    "Siren": Niveau.SIREN,
    "Siret": Niveau.SIRET,
    "RoutingCode": Niveau.CODE_ROUTAGE,
    "Suffix": Niveau.SUFFIXE,
}
PARTIES = {
    Niveau.SIREN: set(),
    Niveau.SIRET: {"siret"},
    Niveau.CODE_ROUTAGE: {"siret", "routingCode"},
    Niveau.SUFFIXE: {"suffix"},
}
# Letters, digits and what both the directory and BR-FR rules allow, plus each one's own sign.
CODE_ROUTAGE = re.compile(r"[A-Za-z0-9_/-]{1,100}")
SUFFIXE = re.compile(r"[A-Za-z0-9_.-]{1,100}")
COURRIEL = re.compile(r"[^@\s]+@[^@\s]+")


class ReglesOD(Simulateur):
    """Routes of the two steps. `cabinet`, `plateforme`, `onboarding`: who the request being handled comes from."""

    schema = """
    CREATE TABLE IF NOT EXISTS cabinet (cle_publique TEXT PRIMARY KEY, client_secret TEXT, cle_abonnement TEXT);
    CREATE TABLE IF NOT EXISTS plateforme (matricule TEXT PRIMARY KEY, nom TEXT, cle_abonnement TEXT, contrat INTEGER);
    CREATE TABLE IF NOT EXISTS droit (siren TEXT, email TEXT, qualite TEXT, PRIMARY KEY (siren, email, qualite));
    CREATE TABLE IF NOT EXISTS onboarding (rang INTEGER PRIMARY KEY AUTOINCREMENT, cabinet TEXT, matricule TEXT,
        niveau TEXT, identifiant TEXT, ligne TEXT, demandeur TEXT, etat TEXT, valide_le TEXT, api_key TEXT);
    CREATE TABLE IF NOT EXISTS jeton (jeton TEXT PRIMARY KEY, onboarding INTEGER, expire_le TEXT);
    CREATE TABLE IF NOT EXISTS souscription (rang INTEGER PRIMARY KEY AUTOINCREMENT, onboarding INTEGER, endpoint TEXT,
        du TEXT, au TEXT, souscrite_le TEXT);
    """
    duree_jeton = DUREE_JETON
    cabinet: Row | None = None
    plateforme: Row | None = None
    onboarding: Row

    def remettre_a_zero(self) -> None:
        super().remettre_a_zero()
        self.duree_jeton = DUREE_JETON

    def onboardings(self) -> list[dict[str, Any]]:
        """Every on-boarding, with its line, its requester and its subscriptions; no secret."""
        with self.verrou:
            return [
                self._en_clair(lu)
                | {"addressingLine": json.loads(lu["ligne"]), "requester": json.loads(lu["demandeur"])}
                | {"subscriptions": [self._souscription(s) for s in self._souscriptions(lu["rang"])]}
                for lu in self.base.execute("SELECT * FROM onboarding ORDER BY rang").fetchall()
            ]

    def aujourd_hui(self) -> date:
        """The day in Paris on this clock."""
        return self.maintenant().astimezone(PARIS).date()

    def ligne_de(self, requete: str, *valeurs: Any) -> Row | None:
        """The first row of a query."""
        trouvee: Row | None = self.base.execute(requete, valeurs).fetchone()
        return trouvee

    def rang(self, numero: str) -> int:
        """The row of `ONB-000012` or `SUB-000012`; 0, which nothing has, for another text."""
        lu = re.fullmatch(r"(?:ONB|SUB)-([0-9]{6,12})", numero)
        return int(lu[1]) if lu else 0

    def annuler_les_donnees(self, rang: int) -> None:
        """Connection data and Bearers of an on-boarding are void."""
        self.base.execute("UPDATE onboarding SET api_key = NULL WHERE rang = ?", (rang,))
        self.base.execute("DELETE FROM jeton WHERE onboarding = ?", (rang,))

    # --- step 1, the cabinet for its customer --------------------------------------------------------------------

    @route("POST", "/od/onboardings")
    def _valider_les_droits(self, requete: Requete) -> ReponseSimulee:
        corps = requete.corps
        _exactement(corps, "addressingLine", "requester", "platform")
        ligne = _ligne(corps["addressingLine"])
        demandeur = _demandeur(corps["requester"])
        _exactement(corps["platform"], "registrationNumber", nom="platform")
        plateforme = self.ligne_de(
            "SELECT * FROM plateforme WHERE matricule = ?", corps["platform"]["registrationNumber"]
        )
        if plateforme is None:
            raise refus(400, "UnknownPlatform", "Aucune plateforme n’a ce matricule.")
        self._verifier_droits(ligne, demandeur)
        self._verifier_libre(ligne, plateforme["matricule"])
        rang = self.base.execute(
            "INSERT INTO onboarding (cabinet, matricule, niveau, identifiant, ligne, demandeur, etat, valide_le) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._appelant()["cle_publique"],
                plateforme["matricule"],
                ligne.niveau,
                ligne.identifiant,
                json.dumps(corps["addressingLine"]),
                json.dumps(demandeur, ensure_ascii=False),
                "rightsValidated",
                self.maintenant().isoformat(),
            ),
        ).lastrowid
        self.compter(requete, f"{ligne.identifiant}@{plateforme['matricule']}")
        return ReponseSimulee(201, self._en_clair(self._lire_onboarding(rang)))

    @route("POST", "/od/onboardings/{onboarding}/connectionData")
    def _donner_les_donnees(self, requete: Requete) -> ReponseSimulee:
        _exactement(requete.corps)
        onboarding = self._onboarding_du_cabinet(requete.suite)
        if onboarding["etat"] == "cancelled":
            raise refus(409, "OnboardingCancelled", "Cet on-boarding est annulé : il n’a plus de données de connexion.")
        self.annuler_les_donnees(onboarding["rang"])
        api_key = f"{secrets.token_hex(12).upper()}:{secrets.token_urlsafe(32)}"
        self.base.execute(
            "UPDATE onboarding SET api_key = ?, etat = 'onboarded' WHERE rang = ?", (api_key, onboarding["rang"])
        )
        self.compter(requete, requete.suite)
        donnees = {
            "apiKey": api_key,
            "platform": onboarding["matricule"],
            "addressingLine": json.loads(onboarding["ligne"]),
        }
        return ReponseSimulee(200, {"onboardingId": requete.suite, "status": "onboarded", "connectionData": donnees})

    @route("POST", "/od/onboardings/{onboarding}/cancel")
    def _annuler(self, requete: Requete) -> ReponseSimulee:
        _exactement(requete.corps)
        onboarding, jour = self._onboarding_du_cabinet(requete.suite), self.aujourd_hui().isoformat()
        self.annuler_les_donnees(onboarding["rang"])
        self.base.execute("UPDATE onboarding SET etat = 'cancelled' WHERE rang = ?", (onboarding["rang"],))
        self.base.execute(
            "UPDATE souscription SET au = ? WHERE onboarding = ? AND (au IS NULL OR au > ?)",
            (jour, onboarding["rang"], jour),
        )
        self.compter(requete, requete.suite)
        return ReponseSimulee(200, self._en_clair(self._lire_onboarding(onboarding["rang"])))

    @route("GET", "/od/addressingLines")
    def _lire_la_ligne(self, requete: Requete) -> ReponseSimulee:
        niveau, identifiant = requete.parametres.get("level", ""), requete.parametres.get("identifier", "")
        if set(requete.parametres) != {"level", "identifier"} or niveau not in NIVEAUX:
            raise refus(400, "InvalidParameters", "Les paramètres level et identifier sont exigés, et eux seuls.")
        lus = self._onboardings_de(NIVEAUX[niveau], identifiant)
        if not lus:
            raise refus(404, contrat.LIGNE_INCONNUE, "Cette ligne d’adressage n’est pas connue.")
        ici = self._appelant()["cle_publique"]
        souscriptions = [
            self._souscription(souscription, visible=lu["cabinet"] == ici)
            for lu in lus
            for souscription in self._souscriptions(lu["rang"])
        ]
        corps = {"addressingLine": json.loads(lus[0]["ligne"]), "onboardings": [self._en_clair(lu) for lu in lus]}
        return ReponseSimulee(200, corps | {"subscriptions": souscriptions})

    # --- Cegid Account -------------------------------------------------------------------------------------------

    @route("POST", "/compte/token")
    def _donner_un_jeton(self, requete: Requete) -> ReponseSimulee:
        _exactement(requete.corps, "apiKey", "addressingLine")
        ligne = _ligne(requete.corps["addressingLine"])
        onboarding = self.ligne_de("SELECT * FROM onboarding WHERE api_key = ?", requete.corps["apiKey"])
        if onboarding is None:
            raise refus(401, "InvalidApiKey", "La clé d’API n’est pas reconnue.")
        if (onboarding["niveau"], onboarding["identifiant"]) != (ligne.niveau, ligne.identifiant):
            raise refus(403, "PerimeterMismatch", "Cette clé d’API est celle d’une autre ligne d’adressage.")
        jeton = secrets.token_urlsafe(40)
        expire_le = self.maintenant() + timedelta(seconds=self.duree_jeton)
        self.base.execute("INSERT INTO jeton VALUES (?, ?, ?)", (jeton, onboarding["rang"], expire_le.isoformat()))
        return ReponseSimulee(200, {"accessToken": jeton, "tokenType": "Bearer", "expiresIn": self.duree_jeton})

    # --- step 2, the platform (starred requests) -----------------------------------------------------------------

    @route("POST", "/od/subscriptions")
    def _souscrire(self, requete: Requete) -> ReponseSimulee:
        corps = requete.corps
        _exactement(corps, "addressingLine", "endpoint", "effectiveDate", "endDate")
        ligne, du = _ligne(corps["addressingLine"]), _jour(corps["effectiveDate"], "effectiveDate")
        au = None if corps["endDate"] is None else _jour(corps["endDate"], "endDate")
        if (ligne.niveau, ligne.identifiant) != (self.onboarding["niveau"], self.onboarding["identifiant"]):
            raise refus(403, "PerimeterMismatch", "Le jeton est celui d’une autre ligne d’adressage.")
        if not self._la_plateforme()["contrat"]:
            raise refus(
                403,
                "CooperationContractMissing",
                "La plateforme n’a pas formalisé son contrat de coopération avec Cegid.",
            )
        if du < self.aujourd_hui() or (au is not None and au < du):
            raise refus(
                400, "InvalidPeriod", "La période ne peut ni commencer avant aujourd’hui, ni finir avant son début."
            )
        self._verifier_endpoint(corps["endpoint"])
        self._verifier_periode(du, au)
        rang = self.base.execute(
            "INSERT INTO souscription (onboarding, endpoint, du, au, souscrite_le) VALUES (?, ?, ?, ?, ?)",
            (
                self.onboarding["rang"],
                corps["endpoint"],
                du.isoformat(),
                au and au.isoformat(),
                self.maintenant().isoformat(),
            ),
        ).lastrowid
        self.compter(requete, f"{ligne.identifiant}@{self.onboarding['matricule']}")
        return ReponseSimulee(201, self._souscription(self._lire_souscription(rang)))

    @route("GET", "/od/subscriptions")
    def _lister_les_souscriptions(self, requete: Requete) -> ReponseSimulee:
        lues = [self._souscription(lue) for lue in self._souscriptions(self.onboarding["rang"])]
        return ReponseSimulee(200, {"subscriptions": lues})

    @route("POST", "/od/subscriptions/{souscription}/end")
    def _terminer(self, requete: Requete) -> ReponseSimulee:
        _exactement(requete.corps, "endDate")
        au = _jour(requete.corps["endDate"], "endDate")
        lue = self.ligne_de(
            "SELECT * FROM souscription WHERE rang = ? AND onboarding = ?",
            self.rang(requete.suite),
            self.onboarding["rang"],
        )
        if lue is None:
            raise refus(404, contrat.SOUSCRIPTION_INCONNUE, "Cette souscription n’est pas connue pour cette ligne.")
        if lue["au"] is not None and lue["au"] < au.isoformat():
            raise refus(409, "SubscriptionEnded", f"Cette souscription se termine déjà le {_en_francais(lue['au'])}.")
        if au.isoformat() != lue["au"] and au < max(self.aujourd_hui(), date.fromisoformat(lue["du"])):
            raise refus(
                400, "InvalidPeriod", "Une souscription ne peut finir ni avant aujourd’hui, ni avant son début."
            )
        self.base.execute("UPDATE souscription SET au = ? WHERE rang = ?", (au.isoformat(), lue["rang"]))
        self.compter(requete, requete.suite)
        return ReponseSimulee(200, self._souscription(self._lire_souscription(lue["rang"])))

    # --- rules ---------------------------------------------------------------------------------------------------

    def _verifier_droits(self, ligne: Ligne, demandeur: Mapping[str, str]) -> None:
        siens = "SELECT 1 FROM droit WHERE siren = ?"
        siren = ligne.siren if self.ligne_de(siens, ligne.siren) else "*"
        if not self.ligne_de(siens, siren):
            raise refus(404, "UnknownCustomer", f"Le client {ligne.siren} n’est pas connu de Cegid.")
        if not self.ligne_de(
            f"{siens} AND email IN (?, '*') AND qualite = ?", siren, demandeur["email"].lower(), demandeur["quality"]
        ):
            raise refus(
                403,
                "RightsNotGranted",
                "Cet utilisateur n’est ni le représentant légal ni un administrateur habilité de ce client.",
            )

    def _verifier_libre(self, ligne: Ligne, matricule: str) -> None:
        """A line has one platform at a time; one whose end is known leaves the place."""
        for lu in self._onboardings_de(ligne.niveau, ligne.identifiant):
            if lu["etat"] == "cancelled":
                continue
            if lu["matricule"] == matricule:
                raise refus(
                    409, "AlreadyOnboarded", f"La ligne {ligne.identifiant} est déjà on-boardée pour cette plateforme."
                )
            siennes = self._souscriptions(lu["rang"])
            ouverte = next((lue for lue in siennes if lue["au"] is None), None)
            if ouverte is not None or not siennes:
                raise self._ailleurs(lu, ouverte["du"] if ouverte is not None else lu["valide_le"])

    def _verifier_endpoint(self, endpoint: Any) -> None:
        try:
            lu = urlsplit(endpoint)
            juste = lu.scheme == "https" and bool(lu.hostname) and not lu.username and not lu.fragment
        except (ValueError, TypeError, AttributeError):
            juste = False
        if not juste or len(endpoint) > contrat.ENDPOINT_MAX:
            raise refus(400, "InvalidEndpoint", "L’adresse de notification doit être une adresse https complète.")
        if self.ligne_de(
            "SELECT 1 FROM souscription JOIN onboarding ON onboarding.rang = onboarding WHERE endpoint = ? "
            "AND (au IS NULL OR au >= ?) AND (niveau, identifiant) != (?, ?)",
            endpoint,
            self.aujourd_hui().isoformat(),
            self.onboarding["niveau"],
            self.onboarding["identifiant"],
        ):
            raise refus(
                409,
                "EndpointNotExclusive",
                "Cette adresse de notification est déjà celle d’une autre ligne d’adressage.",
            )

    def _verifier_periode(self, du: date, au: date | None) -> None:
        for lu in self._onboardings_de(self.onboarding["niveau"], self.onboarding["identifiant"]):
            for autre in self._souscriptions(lu["rang"]):
                fin = autre["au"] or "9999-12-31"
                if fin < max(du.isoformat(), autre["du"]) or (au is not None and autre["du"] > au.isoformat()):
                    continue
                if lu["matricule"] != self.onboarding["matricule"]:
                    raise self._ailleurs(lu, autre["du"])
                jusque = f"jusqu’au {_en_francais(autre['au'])}" if autre["au"] else "sans date de fin"
                raise refus(
                    409,
                    "SubscriptionOverlap",
                    f"La ligne {lu['identifiant']} a déjà une souscription du {_en_francais(autre['du'])} {jusque} : "
                    "deux souscriptions ne peuvent pas se chevaucher.",
                )

    def _ailleurs(self, onboarding: Row, depuis: str) -> Refus:
        plateforme = self._plateforme(onboarding["matricule"])
        return refus(
            409,
            contrat.DEJA_AILLEURS,
            f"La ligne {onboarding['identifiant']} est déjà rattachée à la plateforme « {plateforme['name']} » "
            f"(matricule {onboarding['matricule']}) depuis le {_en_francais(depuis)}.",
            {"platform": plateforme, "since": depuis},
        )

    # --- store ---------------------------------------------------------------------------------------------------

    def _appelant(self) -> Row:
        if self.cabinet is None:
            raise LookupError("cabinet")
        return self.cabinet

    def _la_plateforme(self) -> Row:
        if self.plateforme is None:
            raise LookupError("plateforme")
        return self.plateforme

    def _plateforme(self, matricule: str) -> dict[str, str]:
        lue = self.ligne_de("SELECT nom FROM plateforme WHERE matricule = ?", matricule)
        return {"registrationNumber": matricule, "name": lue["nom"] if lue else ""}

    def _onboarding_du_cabinet(self, numero: str) -> Row:
        lu = self.ligne_de(
            "SELECT * FROM onboarding WHERE rang = ? AND cabinet = ?",
            self.rang(numero),
            self._appelant()["cle_publique"],
        )
        if lu is None:
            raise refus(404, contrat.ONBOARDING_INCONNU, "Cet on-boarding n’est pas connu.")
        return lu

    def _onboardings_de(self, niveau: str, identifiant: str) -> list[Row]:
        return self.base.execute(
            "SELECT * FROM onboarding WHERE niveau = ? AND identifiant = ? ORDER BY rang", (niveau, identifiant)
        ).fetchall()

    def _souscriptions(self, onboarding: int) -> list[Row]:
        return self.base.execute(
            "SELECT * FROM souscription WHERE onboarding = ? ORDER BY rang", (onboarding,)
        ).fetchall()

    def _lire_onboarding(self, rang: int | None) -> Row:
        lu: Row = self.base.execute("SELECT * FROM onboarding WHERE rang = ?", (rang,)).fetchone()
        return lu

    def _lire_souscription(self, rang: int | None) -> Row:
        lue: Row = self.base.execute("SELECT * FROM souscription WHERE rang = ?", (rang,)).fetchone()
        return lue

    def _en_clair(self, onboarding: Row) -> dict[str, Any]:
        return {
            "onboardingId": f"ONB-{onboarding['rang']:06d}",
            "status": onboarding["etat"],
            "platform": self._plateforme(onboarding["matricule"]),
            "validatedAt": onboarding["valide_le"],
        }

    def _souscription(self, lue: Row, *, visible: bool = True) -> dict[str, Any]:
        jour = self.aujourd_hui().isoformat()
        finie = lue["au"] is not None and (lue["au"] < jour or lue["au"] < lue["du"])
        return {
            "subscriptionId": f"SUB-{lue['rang']:06d}",
            "status": "ended" if finie else "active" if lue["du"] <= jour else "subscribed",
            "platform": self._plateforme(self._lire_onboarding(lue["onboarding"])["matricule"]),
            "endpoint": lue["endpoint"] if visible else "",
            "effectiveDate": lue["du"],
            "endDate": lue["au"],
            "subscribedAt": lue["souscrite_le"],
        }


def refus(statut: int, code: str, message: str, details: Mapping[str, Any] | None = None) -> Refus:
    """A refusal in the form of `contrat`."""
    return Refus(ReponseSimulee(statut, {"code": code, "message": message} | ({"details": details} if details else {})))


def _exactement(corps: Any, *noms: str, nom: str = "") -> None:
    """The fields, all of them and no other. Raises Refus."""
    if not isinstance(corps, dict) or set(corps) != set(noms):
        champs = ", ".join(noms) or "aucun"
        raise refus(400, "InvalidBody", f"Champs attendus{f' dans {nom}' if nom else ''}, et eux seuls : {champs}.")


def _ligne(corps: Any) -> Ligne:
    mot = corps.get("level") if isinstance(corps, dict) else None
    niveau = NIVEAUX.get(mot) if isinstance(mot, str) else None
    if niveau is None:
        raise refus(400, "InvalidAddressingLine", f"Le niveau de la ligne doit être l’un de : {', '.join(NIVEAUX)}.")
    _exactement(corps, "level", "siren", "identifier", *PARTIES[niveau], nom="addressingLine")
    ligne = Ligne(
        niveau=niveau,
        siren=corps["siren"],
        siret=corps.get("siret", ""),
        code_routage=corps.get("routingCode", ""),
        suffixe=corps.get("suffix", ""),
    )
    juste = all(isinstance(valeur, str) for valeur in corps.values()) and (
        siren_valide(ligne.siren)
        and ("siret" not in corps or (siret_valide(ligne.siret) and ligne.siret.startswith(ligne.siren)))
        and ("routingCode" not in corps or CODE_ROUTAGE.fullmatch(ligne.code_routage))
        and ("suffix" not in corps or SUFFIXE.fullmatch(ligne.suffixe))
        and corps["identifier"] == ligne.identifiant
        and len(ligne.identifiant) <= IDENTIFIANT_MAX
    )
    if not juste:
        raise refus(400, "InvalidAddressingLine", "Les parties de la ligne d’adressage ne sont pas valides ensemble.")
    return ligne


def _demandeur(corps: Any) -> dict[str, str]:
    _exactement(corps, "quality", "name", "email", nom="requester")
    if (
        corps["quality"] not in contrat.QUALITES.values()
        or not isinstance(corps["name"], str)
        or not corps["name"].strip()
        or not isinstance(corps["email"], str)
        or not COURRIEL.fullmatch(corps["email"])
    ):
        raise refus(
            400, "InvalidRequester", "Le demandeur doit avoir une qualité connue, un nom et une adresse e-mail."
        )
    lu: dict[str, str] = corps
    return lu


def _jour(valeur: Any, nom: str) -> date:
    try:
        return date.fromisoformat(valeur) if re.fullmatch(r"\d{4}-\d\d-\d\d", valeur) else date.fromisoformat("")
    except (TypeError, ValueError):
        raise refus(400, "InvalidBody", f"Le champ {nom} doit être une date AAAA-MM-JJ.") from None


def _en_francais(moment: str) -> str:
    """A stored day or moment, as a day."""
    return datetime.fromisoformat(moment).strftime("%d/%m/%Y")
