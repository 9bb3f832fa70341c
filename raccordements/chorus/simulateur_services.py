"""The simulated services of Chorus Pro that answer with an envelope, and the tables they read. See `simulateur`."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from sqlite3 import Row
from typing import Any

from config.simulateur import ReponseSimulee, Requete, route
from raccordements.chorus.lecture import PARIS
from raccordements.chorus.portail import PortailSimule, Refus

SUCCES = "TRA_MSG_00.000"
SUCCES_COMPTES = "GCU_MSG_01_000"
RIEN_TROUVE = "La recherche n'a retourné aucun résultat"
CODE_RIEN = 20000
#: Chorus Pro's own application, under which what is deposited by API or portal is known.
CODE_APPLI_CHORUS = "CPP001"
PAGE_USUELLE = 10
PAGE_MAX = 1000
EN_ATTENTE = timedelta(seconds=60)
TRAITE = timedelta(seconds=300)
#: syntaxeFlux of the API -> interface code; KB « mode EDI », and AIFE's examples for the later ones.
SYNTAXES = {
    "IN_DP_E1_UBL_INVOICE": "FSO1100A",
    "IN_DP_E1_CII": "FSO1101A",
    "IN_DP_E1_PES_FACTURE": "FSO1102A",
    "IN_DP_E1_XCBL": "FSO1105A",
    "IN_DP_E1_CII_16B": "FSO1106A",
    "IN_DP_E2_UBL_INVOICE_MIN": "FSO1110A",
    "IN_DP_E2_CII_MIN": "FSO1111A",
    "IN_DP_E2_PES_FACTURE_MIN": "FSO1112A",
    "IN_DP_E2_CPP_FACTURE_MIN": "FSO1113A",
    "IN_DP_E2_CII_MIN_16B": "FSO1116A",
    "IN_DP_E2_CII_FACTURX": "FSO1117A",
    "IN_DP_E3_UBL_INVOICE": "FSO1120A",
}
PDF = base64.b64encode(b"%PDF-1.4\n% compte rendu fictif\n%%EOF\n").decode()


class ServicesSimules(PortailSimule):
    """Routes under /cpro of the APIs Transverses, Structures, Utilisateurs and Factures."""

    schema = f"""{PortailSimule.schema}
    CREATE TABLE IF NOT EXISTS structure (environnement TEXT, id INTEGER, identifiant TEXT, type TEXT, designation TEXT,
        statut TEXT, genre TEXT, connexion_edi INTEGER, recevoir_edi INTEGER, espaces TEXT, services TEXT,
        parametres TEXT, adresse TEXT, PRIMARY KEY (environnement, id));
    CREATE TABLE IF NOT EXISTS flux (environnement TEXT, numero TEXT, nom TEXT, syntaxe TEXT, code_appli TEXT,
        code_interface TEXT, designation TEXT, depose_le TEXT, etat TEXT, erreurs TEXT,
        PRIMARY KEY (environnement, numero));
    """
    #: The technical account of the request being handled.
    compte_appelant: Row

    def fin_du_mot_de_passe(self) -> str | None:
        """When the calling account's password ends, as Chorus Pro writes it."""
        return None

    def charger_structures(self, structures: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Add or replace structures, each with its environment; see SimulateurChorus.charger."""
        self.base.executemany(
            "INSERT OR REPLACE INTO structure VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    environnement,
                    int(lu["idStructureCPP"]),
                    str(lu["identifiant"]),
                    lu.get("type", "SIRET"),
                    lu["designation"],
                    lu.get("statut", "ACTIVE"),
                    lu.get("genre", "PUBLIQUE"),
                    bool(lu.get("connexionEDI", False)),
                    bool(lu.get("recevoirDonneesViaEDI", False)),
                    json.dumps(list(lu.get("espaces", ("fournisseur", "destinataire")))),
                    json.dumps(list(lu.get("services", ()))),
                    json.dumps(dict(lu.get("parametres", {}))),
                    json.dumps(dict(lu.get("adresse", {}))),
                )
                for environnement, lu in structures
            ],
        )

    def structure_par_identifiant(self, identifiant: str) -> Row | None:
        """The structure of the request's environment that has this identifier."""
        trouvee: Row | None = self.base.execute(
            "SELECT * FROM structure WHERE environnement = ? AND identifiant = ?", (self.environnement, identifiant)
        ).fetchone()
        return trouvee

    def structures_du_compte(self) -> list[Row]:
        """The structures that the calling account reaches, by number."""
        toutes = self.base.execute(
            "SELECT * FROM structure WHERE environnement = ? ORDER BY id", (self.environnement,)
        ).fetchall()
        permises = json.loads(self.compte_appelant["structures"])
        return [s for s in toutes if permises is None or s["identifiant"] in permises]

    # --- Transverses ---------------------------------------------------------------------------------------------

    @route("GET", "/cpro/transverses/v1/health-check")
    def _sante(self, requete: Requete) -> ReponseSimulee:
        message = "L'API CPRO est actuellement disponible et fonctionnel."
        return ReponseSimulee(200, {"body": message, "statusCodeValue": 200, "statusCode": "OK"})

    @route("POST", "/cpro/transverses/v1/recuperer/structures/actives/fournisseur")
    @route("POST", "/cpro/transverses/v1/recuperer/structures/actives/destinataire")
    @route("POST", "/cpro/transverses/v1/recuperer/structures/actives/facturetravaux")
    def _structures_actives(self, requete: Requete) -> ReponseSimulee:
        espace = requete.chemin.rpartition("/")[2]
        trouvees = [
            {
                "idStructureCPP": structure["id"],
                # A number when it can be one, as in one of the published samples.
                "identifiant": _nombre(structure["identifiant"]),
                "designationStructure": structure["designation"],
            }
            for structure in self.structures_du_compte()
            if structure["statut"] == "ACTIVE" and espace in json.loads(structure["espaces"])
        ]
        if not trouvees:
            raise refus_metier(200, RIEN_TROUVE, CODE_RIEN)
        return _succes({"listeStructures": trouvees})

    @route("POST", "/cpro/transverses/v1/consulterCR")
    def _consulter_cr(self, requete: Requete) -> ReponseSimulee:
        flux, etat, etat_le = self._flux(requete)
        return _succes(
            {
                "numeroFluxDepot": flux["numero"],
                "nomFichierFlux": flux["nom"],
                "codeAppliPartenaire": flux["code_appli"],
                "codeInterfaceFlux": flux["code_interface"],
                "designationPartenaire": flux["designation"],
                "dateDepotFlux": instant(flux["depose_le"]).astimezone(PARIS).date().isoformat(),
                "etatCourantFlux": etat,
                "dateHeureEtatCourantFlux": etat_le.astimezone(PARIS).isoformat(timespec="milliseconds"),
                "fichierCR": PDF,
            }
        )

    @route("POST", "/cpro/transverses/v1/consulterCRDetaille")
    def _consulter_cr_detaille(self, requete: Requete) -> ReponseSimulee:
        flux, etat, etat_le = self._flux(requete)
        erreurs = json.loads(flux["erreurs"])
        factures = [erreur for erreur in erreurs if "numeroDP" in erreur]
        return _succes(
            {
                "codeInterfaceDepotFlux": flux["code_interface"],
                "nomFichier": flux["nom"],
                "dateDepotFlux": instant(flux["depose_le"]).astimezone(PARIS).date().isoformat(),
                "etatCourantDepotFlux": etat,
                "dateHeureEtatCourantFlux": etat_le.astimezone(PARIS).strftime("%Y-%m-%d %H:%M"),
                "listeErreurTechnique": [erreur for erreur in erreurs if "numeroDP" not in erreur],
                # AIFE's own sample has an object where there is one error.
                "listeErreurDP": factures[0] if len(factures) == 1 else factures,
            }
        )

    # --- Structures ----------------------------------------------------------------------------------------------

    @route("POST", "/cpro/structures/v1/rechercher")
    def _rechercher(self, requete: Requete) -> ReponseSimulee:
        criteres = {nom: valeur for nom, valeur in _objet(requete.corps, "structure").items() if valeur is not None}
        champs = {
            "identifiantStructure": "identifiant",
            "typeIdentifiantStructure": "type",
            "raisonSocialeStructure": "designation",
            "libelleStructure": "designation",
            "typeStructure": "genre",
        }
        lues = self.base.execute(
            "SELECT * FROM structure WHERE environnement = ? ORDER BY identifiant", (self.environnement,)
        ).fetchall()
        utiles = set(criteres) - {"typeIdentifiantStructure", "estMOA", "estMOAUniquement"}
        if not utiles:
            raise refus_metier(400, "Au moins un critère de recherche doit être renseigné.")
        trouvees = []
        for structure in lues:
            adresse = json.loads(structure["adresse"])
            tests = [str(structure[champs[nom]]) == str(valeur) for nom, valeur in criteres.items() if nom in champs]
            if "statutStructure" in criteres:
                # The question says ACTIF, the answer ACTIVE.
                tests.append(structure["statut"] == f"{criteres['statutStructure']}".replace("ACTIF", "ACTIVE"))
            for nom, cle in (("adresseCodePostal", "codePostal"), ("adresseVille", "ville")):
                if nom in criteres:
                    tests.append(adresse.get(cle) == criteres[nom])
            if all(tests):
                trouvees.append(_trouvee(structure))
        if _objet(requete.corps, "parametres").get("triSens") == "Descendant":
            trouvees.reverse()
        return _page(requete.corps, "parametres", "listeStructures", trouvees)

    @route("POST", "/cpro/structures/v1/consulter")
    def _consulter(self, requete: Requete) -> ReponseSimulee:
        structure = self._structure(requete.corps.get("idStructureCPP"), "idStructureCPP")
        atteinte = structure["id"] in {connue["id"] for connue in self.structures_du_compte()}
        return _succes(
            {
                "informationGenerales": {
                    "idStructureCPP": structure["id"],
                    "identifiantStructure": structure["identifiant"],
                    "typeIdentifiantStructure": structure["type"],
                    "libelleStructure": structure["designation"],
                    "raisonSocialeStructure": structure["designation"],
                    "structurePriveePublique": structure["genre"],
                    "dateExpirationMotPasseCompteTech": self.fin_du_mot_de_passe() if atteinte else None,
                    "estValideurDeleguee": False,
                },
                "parametres": {
                    "codeServiceDoitEtreRenseigne": False,
                    "numeroEJDoitEtreRenseigne": False,
                    "gestionNumeroEJOuCodeService": False,
                    "statutMiseEnPaiementNestPasRemonte": False,
                    "estMoaUniquement": False,
                    "getaMoa": False,
                    "nonDiffusibleInsee": False,
                    **json.loads(structure["parametres"]),
                    "connexionEDI": bool(structure["connexion_edi"]),
                    "recevoirDonneesViaEDI": bool(structure["recevoir_edi"]),
                },
                "adressePostaleDuSiege": {"pays": "France", **json.loads(structure["adresse"])},
            }
        )

    @route("POST", "/cpro/structures/v1/rechercher/services")
    def _rechercher_services(self, requete: Requete) -> ReponseSimulee:
        structure = self._structure(requete.corps.get("idStructure"), "idStructure")
        return _page(
            requete.corps, "parametresRechercherServicesStructure", "listeServices", json.loads(structure["services"])
        )

    # --- Utilisateurs --------------------------------------------------------------------------------------------

    @route("POST", "/cpro/utilisateurs/v1/monCompte/recuperer/rattachements")
    def _rattachements(self, requete: Requete) -> ReponseSimulee:
        rattachees = [
            {
                "idStructure": structure["id"],
                "identifiantStructure": structure["identifiant"],
                "typeIdentifiantStructure": structure["type"],
                "designationStructure": structure["designation"],
                "roleUtilisateur": "GESTIONNAIRE_PRINCIPAL",
                "statutUtilisateur": "ACTIF",
                "idRattachementStructure": 7_000_000 + structure["id"],
                "statutRattachementStructure": "VALIDE",
                "listeServicesRattache": [],
            }
            for structure in self.structures_du_compte()
        ]
        if _objet(requete.corps, "parametresRecherche").get("triSens") == "Descendant":
            rattachees.reverse()
        nom = "listeStructureRattachement"
        return _page(requete.corps, "parametresRecherche", nom, rattachees, libelle=SUCCES_COMPTES)

    # --- Factures ------------------------------------------------------------------------------------------------

    @route("POST", "/cpro/factures/v1/rechercher/fournisseur")
    def _rechercher_factures(self, requete: Requete) -> ReponseSimulee:
        raise refus_metier(200, RIEN_TROUVE, CODE_RIEN)

    @route("POST", "/cpro/factures/v1/deposer/flux")
    def _deposer(self, requete: Requete) -> ReponseSimulee:
        corps = requete.corps
        nom, syntaxe = corps.get("nomFichier"), corps.get("syntaxeFlux")
        if not isinstance(nom, str) or not nom.strip() or not isinstance(syntaxe, str) or syntaxe not in SYNTAXES:
            raise refus_metier(400, "Le nom du fichier ou la syntaxe du flux n'est pas valide.")
        if not isinstance(corps.get("avecSignature"), bool):
            raise refus_metier(400, "Le champ avecSignature est obligatoire.")
        try:
            contenu = base64.b64decode(corps.get("fichierFlux") or "", validate=True)
        except (binascii.Error, ValueError, TypeError):
            contenu = b""
        if not contenu:
            raise refus_metier(400, "Le fichier du flux est absent ou illisible.")
        numero = self.recevoir_flux(nom=nom, syntaxe=syntaxe, code_interface=SYNTAXES[syntaxe])
        self.compter(requete, nom)
        jour = self.maintenant().astimezone(PARIS).date().isoformat()
        return _succes({"numeroFluxDepot": numero, "dateDepot": jour, "syntaxeFlux": syntaxe})

    @route("POST", "/_simulateur/flux")
    def _recevoir_un_flux_edi(self, requete: Requete) -> ReponseSimulee:
        corps = requete.corps
        self.environnement = corps["environnement"]
        if numero := corps.get("numero"):
            self.base.execute(
                "UPDATE flux SET etat = ?, erreurs = ? WHERE environnement = ? AND numero = ?",
                (corps["etat"], json.dumps(corps.get("erreurs", [])), self.environnement, numero),
            )
        else:
            numero = self.recevoir_flux(
                nom=corps["nom"],
                code_appli=corps["code_appli"],
                code_interface=corps["code_interface"],
                etat=corps.get("etat", ""),
                erreurs=corps.get("erreurs", []),
            )
        return ReponseSimulee(corps={"numero": numero})

    def recevoir_flux(
        self,
        *,
        nom: str,
        code_interface: str,
        syntaxe: str = "",
        code_appli: str = CODE_APPLI_CHORUS,
        etat: str = "",
        erreurs: Iterable[Mapping[str, Any]] = (),
    ) -> str:
        """Record a flow and return its number: application, digits of the interface, sequence (25 characters)."""
        numero = f"{code_appli}{code_interface[3:7]}{self._prochain():015d}"
        fiche = self.base.execute(
            "SELECT siret FROM fiche WHERE environnement = ? AND code_appli = ?", (self.environnement, code_appli)
        ).fetchone()
        structure = self.structure_par_identifiant(fiche["siret"]) if fiche else None
        designation = structure["designation"] if structure else "CHORUS PRO"
        depose_le, en_json = self.maintenant().isoformat(), json.dumps([dict(erreur) for erreur in erreurs])
        valeurs = (self.environnement, numero, nom, syntaxe, code_appli, code_interface, designation)
        self.base.execute(
            "INSERT INTO flux VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*valeurs, depose_le, etat, en_json)
        )
        return numero

    def _flux(self, requete: Requete) -> tuple[Row, str, datetime]:
        """A flow, its state on this clock and since when. Raises Refus."""
        numero = requete.corps.get("numeroFluxDepot")
        if not isinstance(numero, str) or not numero:
            raise refus_metier(200, "Le champ numeroFluxDepot est obligatoire.")
        flux: Row | None = self.base.execute(
            "SELECT * FROM flux WHERE environnement = ? AND numero = ?", (self.environnement, numero)
        ).fetchone()
        if flux is None:
            raise refus_metier(200, RIEN_TROUVE, CODE_RIEN)
        depose_le = instant(flux["depose_le"])
        age = self.maintenant() - depose_le
        if flux["etat"]:
            return flux, flux["etat"], depose_le
        if age < EN_ATTENTE:
            return flux, "IN_DEPOT_PORTAIL_EN_ATTENTE_TRAITEMENT_SE_CPP", depose_le
        if age < TRAITE:
            return flux, "IN_EN_COURS_TRAITEMENT_CPP", depose_le + EN_ATTENTE
        return flux, "IN_INTEGRE", depose_le + TRAITE

    def _structure(self, numero: Any, nom: str) -> Row:
        structure: Row | None = None
        if isinstance(numero, int) and not isinstance(numero, bool) and abs(numero) < 2**63:
            structure = self.base.execute(
                "SELECT * FROM structure WHERE environnement = ? AND id = ?", (self.environnement, numero)
            ).fetchone()
        if structure is None:
            raise refus_metier(400, f"La structure demandée n'existe pas ({nom}).")
        return structure


def refus_metier(statut: int, libelle: str, code: int = 20002) -> Refus:
    """A refusal of the business: `codeRetour` and `libelle`, with the HTTP status of its API."""
    return Refus(ReponseSimulee(statut, {"codeRetour": code, "libelle": libelle}))


def instant(valeur: str) -> datetime:
    """A stored or loaded moment; Paris time without an offset."""
    lu = datetime.fromisoformat(valeur)
    return lu if lu.tzinfo else lu.replace(tzinfo=PARIS)


def _succes(corps: Mapping[str, Any], libelle: str = SUCCES) -> ReponseSimulee:
    return ReponseSimulee(200, {"codeRetour": 0, "libelle": libelle, **corps})


def _page(
    corps: Mapping[str, Any], parametres: str, nom: str, elements: list[Any], *, libelle: str = SUCCES
) -> ReponseSimulee:
    """One page of a search; the paging object under any other name is not seen, as on the real service."""
    if not elements:
        raise refus_metier(200, RIEN_TROUVE, CODE_RIEN)
    demande = _objet(corps, parametres)
    taille = min(max(_entier(demande.get("nbResultatsParPage"), PAGE_USUELLE), 1), PAGE_MAX)
    page = max(_entier(demande.get("pageResultatDemandee"), 1), 1)
    retour = {
        "pageCourante": page,
        "pages": -(-len(elements) // taille),
        "nbResultatsParPage": taille,
        "total": len(elements),
    }
    lus = elements[(page - 1) * taille : page * taille]
    return _succes({nom: lus, "parametresRetour": retour}, libelle)


def _objet(corps: Mapping[str, Any], nom: str) -> Mapping[str, Any]:
    valeur = corps.get(nom)
    if valeur is not None and not isinstance(valeur, dict):
        raise refus_metier(400, f"Le champ {nom} doit être un objet.")
    return valeur or {}


def _entier(valeur: Any, defaut: int) -> int:
    return valeur if isinstance(valeur, int) and not isinstance(valeur, bool) else defaut


def _nombre(identifiant: str) -> int | str:
    return int(identifiant) if identifiant.isascii() and identifiant.isdigit() else identifiant


def _trouvee(structure: Row) -> dict[str, Any]:
    return {
        "idStructureCPP": structure["id"],
        "identifiantStructure": structure["identifiant"],
        "typeIdentifiantStructure": structure["type"],
        "designationStructure": structure["designation"],
        "statut": structure["statut"],
    }
