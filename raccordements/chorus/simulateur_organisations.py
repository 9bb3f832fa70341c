"""The simulated reads of « Référentiel des organisations » v1.1.6. See `simulateur`.

Bare lists, `{error, message}` lists with HTTP 400, and the exact texts that the public client PHP met on the sandbox.
"""

from __future__ import annotations

import json
import re
import uuid
from sqlite3 import Row
from typing import Any
from urllib.parse import unquote

from config.simulateur import ReponseSimulee, Requete
from raccordements.chorus.portail import Refus
from raccordements.chorus.simulateur_services import ServicesSimules

BASE = "/cpro/organisations/v1"
IDENTIFIANT_INVALIDE = (
    "L'identifiant passé en paramètre n'est ni un UUID, ni un SIRET, ni un numéro de TVA Intracommunautaire."
)
FORMES = re.compile(r"[0-9a-f]{32}|[0-9]{14}|[A-Z]{2}[0-9A-Z]{2,12}")
CHEMINS = re.compile(
    rf"GET {BASE}/(?:healthcheck|structures/[^/]+(?:/services|/pieces_jointes)?|services/[^/]+)"
    rf"|POST {BASE}/(?:structures|services)/recherche"
)
STATUTS = {"ACTIVE": "active", "INACTIVE": "inactive"}


class OrganisationsSimulees(ServicesSimules):
    """Routes under /cpro/organisations/v1."""

    def est_organisation(self, requete: Requete) -> bool:
        """Whether the path is one of this API's."""
        return CHEMINS.fullmatch(f"{requete.methode} {requete.chemin}") is not None

    def organisation(self, requete: Requete) -> ReponseSimulee:
        """Answer one of its paths."""
        ressource, *suite = requete.chemin.removeprefix(f"{BASE}/").split("/")
        if ressource == "healthcheck":
            return ReponseSimulee(200, b"")
        if suite == ["recherche"]:
            return ReponseSimulee(200, self._organisations(requete.corps) if ressource == "structures" else [])
        if ressource == "services":
            raise _refus("NotFoundReference", "Aucun Services trouvé")
        structure = self._trouver(unquote(suite[0]))
        if suite[1:] == ["services"]:
            return ReponseSimulee(200, [_service(lu) for lu in json.loads(structure["services"])])
        return ReponseSimulee(200, [] if suite[1:] else _organisation(structure))

    def _organisations(self, corps: dict[str, Any]) -> list[dict[str, Any]]:
        filtre, champs = corps.get("identifiant"), corps.get("_fields")
        lues = self.base.execute(
            "SELECT * FROM structure WHERE environnement = ? ORDER BY id", (self.environnement,)
        ).fetchall()
        if isinstance(filtre, dict):
            if filtre.get("op") != "=":
                raise _refus("ParamsInvalidOperator", "L'opérateur de recherche n'est pas géré.")
            lues = [lue for lue in lues if lue["identifiant"] == filtre.get("val")]
        trouvees = [_organisation(lue) for lue in lues]
        if isinstance(champs, list):
            trouvees = [{nom: valeur for nom, valeur in lue.items() if nom in champs} for lue in trouvees]
        return trouvees

    def _trouver(self, identifiant: str) -> Row:
        if not FORMES.fullmatch(identifiant):
            raise _refus("ParamsInvalidUuidStructures", IDENTIFIANT_INVALIDE)
        structure = self.structure_par_identifiant(identifiant)
        if structure is None:
            lues = self.base.execute("SELECT * FROM structure WHERE environnement = ?", (self.environnement,))
            structure = next((lue for lue in lues.fetchall() if _uuid(lue) == identifiant), None)
        if structure is None:
            raise _refus("NotFoundReference", "Aucun Structures trouvé")
        return structure


def _organisation(structure: Row) -> dict[str, Any]:
    return {
        "uuid": _uuid(structure),
        "identifiant": structure["identifiant"],
        "typeIdentifiant": "0" if structure["type"] == "SIRET" else structure["type"],
        "raisonSociale": structure["designation"],
        "typeOrganisation": "public" if structure["genre"] == "PUBLIQUE" else "private",
        "status": STATUTS.get(structure["statut"], "activation in progress"),
        "emetteurFluxEdi": bool(structure["connexion_edi"]),
        "recevoirCyclesViesEdi": bool(structure["recevoir_edi"]),
        "derniereMaj": "2022-09-14 13:00:08",
    }


def _service(service: dict[str, Any]) -> dict[str, Any]:
    return {
        "uuid": uuid.uuid5(uuid.NAMESPACE_OID, f"service/{service['idService']}").hex,
        "codeService": service.get("codeService", ""),
        "libelleService": service.get("libelleService", ""),
    }


def _uuid(structure: Row) -> str:
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{structure['environnement']}/{structure['id']}").hex


def _refus(erreur: str, message: str) -> Refus:
    return Refus(ReponseSimulee(400, [{"error": erreur, "message": message}]))
