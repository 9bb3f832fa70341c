"""A Cegid OD and a Cegid Account for external PDPs: strict on both subscription keys, on bodies and on perimeters.

Addresses: `/od/...` behind the gateway of Cegid Developers, `/compte/token` for Cegid Account. Names and paths are
those of `contrat`, which are ours: Cegid publishes none.

Followed from Cegid's pages (externalPdp-Onboarding, externalPdp-NominalUseCase) and generic Azure API Management: two
steps; connection data only once the rights are validated; the starred requests carry the platform's own subscription
key, the others the cabinet's; a cooperation contract before the second step; a Bearer for one line, reusable until it
expires; one exclusive endpoint per on-boarded line; the gateway's two 401 sentences.

Inferred, because no page says it (each is a constant or a method here, to change in one place):

- every refusal's code and French text, ours: no page quotes one;
- connection data are given by a call of their own, and each call voids those given before;
- a line belongs to one platform at a time: another is refused while the first has no end date, and told which and
  since when;
- dates are days in Paris, both included; nothing starts or ends before today;
- an on-boarding that is cancelled ends its subscriptions the same day; one that was forgotten answers as if it had
  never been.

Control API, beside that of config.simulateur:

========================  =====================================================================================
POST charger              see `charger`
POST matelas              loads the invented data of `matelas`
POST oublier              `{"identifiant": "..."}`: everything of a line is forgotten, or
                          `{"souscription": "..."}`: this subscription alone
POST revoquer             `{"onboarding": "..."}`: its connection data and Bearers are void
GET  onboardings          every on-boarding as stored, with its subscriptions; no secret
========================  =====================================================================================
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from config.simulateur import ReponseSimulee, Requete, route
from raccordements.chorus.portail import Refus
from raccordements.od import contrat
from raccordements.od.matelas import matelas
from raccordements.od.simulateur_regles import ReglesOD, refus

CLE_MANQUANTE = (
    "Access denied due to missing subscription key. "
    "Make sure to include subscription key when making requests to an API."
)
CLE_INVALIDE = (
    "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription."
)
APIKEY_REFUSEE = "Invalid or missing x-apikey"
SANS_JETON = 'Bearer realm="cegid-od"'
JETON_INCONNU = 'Bearer realm="cegid-od", error="invalid_token", error_description="The token is unknown or expired"'
_NUMERO = re.compile(r"(/od/(onboardings|subscriptions)/)([^/]+)(/[a-zA-Z]+)")


class SimulateurOD(ReglesOD):
    """The gateway, the two doors and the control of the simulated Cegid OD."""

    nom = "od"

    def urls(self) -> dict[str, str]:
        """Base addresses, as in the setting OD_URLS."""
        return {"od": f"{self.racine}/od", "compte": f"{self.racine}/compte"}

    def charger(
        self,
        *,
        cabinets: Iterable[Mapping[str, Any]] = (),
        plateformes: Iterable[Mapping[str, Any]] = (),
        droits: Iterable[Mapping[str, Any]] = (),
        duree_jeton: int | None = None,
    ) -> None:
        """Add or replace data, in one transaction. The control API takes the same names: POST /_simulateur/charger.

        `cabinets`: `cle_publique`, `client_secret`, `cle_abonnement`.
        `plateformes`: `matricule`, `nom`, `cle_abonnement`, and `contrat` (true).
        `droits`: `siren` (`*` for the customers that have none of their own), `email` (`*` for all), `qualite`.
        `duree_jeton`: seconds that the next Bearers live.
        """
        with self.verrou, self.base:
            self.base.executemany(
                "INSERT OR REPLACE INTO cabinet VALUES (:cle_publique, :client_secret, :cle_abonnement)",
                [dict(lu) for lu in cabinets],
            )
            self.base.executemany(
                "INSERT OR REPLACE INTO plateforme VALUES (:matricule, :nom, :cle_abonnement, :contrat)",
                [{"contrat": True} | dict(lu) for lu in plateformes],
            )
            self.base.executemany(
                "INSERT OR REPLACE INTO droit VALUES (:siren, :email, :qualite)",
                [dict(lu) | {"email": lu["email"].lower()} for lu in droits],
            )
            if duree_jeton is not None:
                self.duree_jeton = int(duree_jeton)

    def entetes(self) -> dict[str, str]:
        return {"requestid": str(uuid.uuid4()), "x-request-id": uuid.uuid4().hex}

    def noter_appel(self, requete: Requete) -> Any:
        return super().noter_appel(_par_modele(requete))

    def traiter(self, requete: Requete) -> ReponseSimulee:
        try:
            return super().traiter(_par_modele(requete))
        except Refus as exc:
            return exc.reponse

    def avant(self, requete: Requete) -> ReponseSimulee | None:
        """Gateway, route, credentials, body: in this order."""
        if requete.chemin.startswith("/od/") and (refusee := self._passerelle(requete)):
            return refusee
        if (requete.methode, requete.chemin) not in self.routes:
            return self.echec(404, "Resource not found")
        if requete.chemin.startswith(("/od/onboardings", "/od/addressingLines")):
            if self.cabinet is None:
                raise refus(403, contrat.CLE_CABINET_EXIGEE, "Cette demande exige la clé d’abonnement du cabinet.")
        elif requete.chemin.startswith("/od/subscriptions"):
            if self.plateforme is None:
                raise refus(403, contrat.CLE_PLATEFORME_EXIGEE, "Cette demande exige la clé d’abonnement de la PDP.")
            self._porteur(requete)
        if requete.methode == "POST":
            if requete.entetes.get_content_type() != "application/json":
                return self.echec(415, "Unsupported Media Type")
            if not isinstance(requete.corps, dict):
                raise refus(400, "InvalidBody", "Le corps de la demande doit être un objet JSON.")
        return None

    def _passerelle(self, requete: Requete) -> ReponseSimulee | None:
        """Whose subscription key it is, and the cabinet's own key beside its own."""
        abonnement = requete.entetes.get("Ocp-Apim-Subscription-Key", "")
        if not abonnement:
            return self.echec(401, CLE_MANQUANTE)
        self.cabinet = self.ligne_de("SELECT * FROM cabinet WHERE cle_abonnement = ?", abonnement)
        self.plateforme = self.ligne_de("SELECT * FROM plateforme WHERE cle_abonnement = ?", abonnement)
        if self.cabinet is None and self.plateforme is None:
            return self.echec(401, CLE_INVALIDE)
        if self.cabinet is not None:
            publique, _, secret = requete.entetes.get("x-apikey", "").partition(":")
            if (publique, secret) != (self.cabinet["cle_publique"], self.cabinet["client_secret"]):
                return self.echec(401, APIKEY_REFUSEE)
        return None

    def _porteur(self, requete: Requete) -> None:
        """The on-boarding of the Bearer, which must be the platform's own. Raises Refus."""
        genre, _, valeur = requete.entetes.get("Authorization", "").partition(" ")
        if genre.lower() != "bearer" or not valeur:
            raise Refus(ReponseSimulee(401, b"", {"WWW-Authenticate": SANS_JETON}))
        onboarding = self.ligne_de(
            "SELECT onboarding.* FROM onboarding JOIN jeton ON jeton.onboarding = onboarding.rang "
            "WHERE jeton.jeton = ? AND jeton.expire_le > ?",
            valeur,
            self.maintenant().isoformat(),
        )
        if onboarding is None:
            raise Refus(ReponseSimulee(401, b"", {"WWW-Authenticate": JETON_INCONNU}))
        if self.plateforme is None or onboarding["matricule"] != self.plateforme["matricule"]:
            raise refus(403, "ForeignToken", "Ce jeton est celui d’une autre plateforme.")
        self.onboarding = onboarding

    @route("GET", "/od/health")
    def _sante(self, requete: Requete) -> ReponseSimulee:
        return ReponseSimulee(200, {"status": "UP"})

    @route("POST", "/_simulateur/charger")
    def _charger(self, requete: Requete) -> ReponseSimulee:
        self.charger(**requete.corps)
        return ReponseSimulee(corps={"fait": True})

    @route("POST", "/_simulateur/matelas")
    def _charger_le_matelas(self, requete: Requete) -> ReponseSimulee:
        self.charger(**matelas())
        return ReponseSimulee(corps={"fait": True})

    @route("POST", "/_simulateur/oublier")
    def _oublier(self, requete: Requete) -> ReponseSimulee:
        if numero := requete.corps.get("souscription"):
            oubliees = self.base.execute("DELETE FROM souscription WHERE rang = ?", (self.rang(numero),)).rowcount
        else:
            identifiant = (requete.corps["identifiant"],)
            choix = "onboarding IN (SELECT rang FROM onboarding WHERE identifiant = ?)"
            for table in ("jeton", "souscription"):
                self.base.execute(f"DELETE FROM {table} WHERE {choix}", identifiant)  # noqa: S608 - two names above
            oubliees = self.base.execute("DELETE FROM onboarding WHERE identifiant = ?", identifiant).rowcount
        if not oubliees:
            raise KeyError("rien à oublier")
        return ReponseSimulee(corps={"fait": True})

    @route("POST", "/_simulateur/revoquer")
    def _revoquer(self, requete: Requete) -> ReponseSimulee:
        self.annuler_les_donnees(self.rang(requete.corps["onboarding"]))
        return ReponseSimulee(corps={"fait": True})

    @route("GET", "/_simulateur/onboardings")
    def _lister(self, requete: Requete) -> ReponseSimulee:
        return ReponseSimulee(corps=self.onboardings())


def _par_modele(requete: Requete) -> Requete:
    """A request whose path is its model, `/od/onboardings/{onboarding}/cancel`; its number is in `suite`."""
    lu = _NUMERO.fullmatch(requete.chemin)
    if lu is None:
        return requete
    nom = {"onboardings": "{onboarding}", "subscriptions": "{souscription}"}[lu[2]]
    return replace(requete, chemin=f"{lu[1]}{nom}{lu[4]}", suite=unquote(lu[3]))
