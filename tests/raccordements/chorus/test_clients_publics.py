"""Public clients of Chorus Pro that no one here wrote, played as bare HTTP requests and served as they come.

The call sequences are facts read in two connectors in production, l10n_fr_chorus_account (OCA, Odoo) and
account_fr_chorus (trytond): order of the calls, headers, bodies, and what each reads in the answers. No code of theirs
is here.
"""

import base64
from datetime import datetime

import httpx
import pytest

from raccordements.chorus.matelas import APPLICATIONS, COMPTES, STRUCTURES

APPLICATION, COMPTE = APPLICATIONS["qualification"], COMPTES["qualification"]
CPRO_ACCOUNT = base64.b64encode(f"{COMPTE['login']}:{COMPTE['mot_de_passe']}".encode())
SIRET = STRUCTURES[0][0]


@pytest.fixture
def http(sim):
    """A plain client, with the headers that `requests` would send by default."""
    entetes = {"User-Agent": "python-requests/2.32", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
    with httpx.Client(base_url=f"{sim.racine}/qualification", headers=entetes, timeout=10) as client:
        yield client


# --- OCA ---------------------------------------------------------------------------------------------------------


class Oca:
    """Token by a form that holds the credentials and the scope; JSON typed with its charset, no Accept of its own."""

    def __init__(self, http):
        self.http = http
        reponse = http.post(
            "/api/oauth/token",
            data={
                "grant_type": "client_credentials",
                "client_id": APPLICATION["client_id"],
                "client_secret": APPLICATION["client_secret"],
                "scope": "openid",
            },
        )
        assert reponse.status_code == 200
        jeton = reponse.json()
        # It counts its 240 seconds of margin on this number.
        assert int(jeton["expires_in"]) - 240 > 0
        self.entetes = {
            "Content-type": "application/json;charset=utf-8",
            "cpro-account": CPRO_ACCOUNT.decode(),
            "Authorization": f"{jeton['token_type']} {jeton['access_token']}",
        }

    def post(self, chemin, corps):
        reponse = self.http.post(f"/cpro/{chemin}", json=corps, headers=self.entetes)
        assert reponse.status_code == 200, reponse.text
        return reponse.json()


def test_le_connecteur_de_l_oca_trouve_une_structure_et_ses_services(http):
    oca = Oca(http)
    recherche = {"structure": {"identifiantStructure": SIRET, "typeIdentifiantStructure": "SIRET"}}
    reponse = oca.post("structures/v1/rechercher", recherche)
    assert len(reponse["listeStructures"]) == 1
    numero = reponse["listeStructures"][0]["idStructureCPP"]
    assert not (reponse["parametresRetour"]["pages"] > 1)

    consultee = oca.post("structures/v1/consulter", {"idStructureCPP": numero})
    for drapeau in ("gestionNumeroEJOuCodeService", "codeServiceDoitEtreRenseigne", "numeroEJDoitEtreRenseigne"):
        assert consultee["parametres"][drapeau] is False

    services = oca.post(
        "structures/v1/rechercher/services",
        {"idStructure": numero, "parametresRechercherServicesStructure": {"nbResultatsParPage": 10000}},
    )
    assert services["codeRetour"] == 0
    gardes = {s["codeService"]: int(s["idService"]) for s in services["listeServices"] if s["estActif"]}
    assert set(gardes) - {"FACTURES_PUBLIQUES"} == {"COMPTA"}


def test_le_connecteur_de_l_oca_depose_un_flux_et_le_suit(sim, http):
    oca = Oca(http)
    depot = oca.post(
        "factures/v1/deposer/flux",
        {
            "fichierFlux": base64.b64encode(b"%PDF-1.4 facture fictive").decode(),
            "nomFichier": "FAC-2026-001.pdf",
            "syntaxeFlux": "IN_DP_E2_CII_FACTURX",
            "avecSignature": False,
        },
    )
    assert depot["codeRetour"] == 0
    numero = depot["numeroFluxDepot"]
    premier = oca.post("transverses/v1/consulterCRDetaille", {"numeroFluxDepot": numero})
    assert premier["etatCourantDepotFlux"] not in ("IN_REJETE", "IN_INTEGRE", "IN_INTEGRE_PARTIEL")
    sim.avancer(600)
    dernier = oca.post("transverses/v1/consulterCRDetaille", {"numeroFluxDepot": numero})
    assert dernier["etatCourantDepotFlux"] == "IN_INTEGRE"
    assert (dernier["listeErreurTechnique"], dernier["listeErreurDP"]) == ([], [])
    assert dernier["libelle"] == "TRA_MSG_00.000"
    # It looks for the invoices of an integrated flow; none here, which it reads as an absent list.
    assert not oca.post("factures/v1/rechercher/fournisseur", {"numeroFluxDepot": numero}).get("listeFactures")


def test_le_connecteur_de_l_oca_lit_le_refus_d_une_structure_absente(http):
    recherche = {"structure": {"identifiantStructure": "99999999999999", "typeIdentifiantStructure": "SIRET"}}
    reponse = Oca(http).post("structures/v1/rechercher", recherche)
    assert not reponse.get("listeStructures")
    assert reponse["codeRetour"] == 20000


# --- trytond -----------------------------------------------------------------------------------------------------


class Trytond:
    """Token by Basic authentication (what requests-oauthlib does with a secret), without scope; plain JSON type."""

    def __init__(self, http):
        self.http = http
        reponse = http.post(
            "/api/oauth/token",
            data={"grant_type": "client_credentials"},
            headers={"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"},
            auth=(APPLICATION["client_id"], APPLICATION["client_secret"]),
        )
        reponse.raise_for_status()
        self.jeton = reponse.json()["access_token"]

    def post(self, chemin, corps):
        entetes = {"cpro-account": CPRO_ACCOUNT.decode(), "Authorization": f"Bearer {self.jeton}"}
        reponse = self.http.post(f"/{chemin}", json=corps, headers=entetes)
        reponse.raise_for_status()
        return reponse.json()


def test_le_module_de_trytond_depose_un_flux_et_lit_son_compte_rendu(sim, http):
    trytond = Trytond(http)
    depot = trytond.post(
        "cpro/factures/v1/deposer/flux",
        {
            "fichierFlux": base64.b64encode(b"<facture/>").decode("ascii"),
            "nomFichier": "UNCEFACT-FAC-2026-002.xml",
            "syntaxeFlux": "IN_DP_E1_CII_16B",
            "avecSignature": False,
        },
    )
    assert not depot["codeRetour"]
    assert datetime.strptime(depot["dateDepot"], "%Y-%m-%d")
    sim.avancer(600)
    rendu = trytond.post("cpro/transverses/v1/consulterCR", {"numeroFluxDepot": depot["numeroFluxDepot"]})
    assert not rendu["codeRetour"]
    assert rendu["etatCourantFlux"] in {"IN_INTEGRE", "IN_RECU", "IN_TRAITE_SE_CPP"}
    assert sim.compte()["appliques"] == {
        "POST /qualification/cpro/factures/v1/deposer/flux": {"UNCEFACT-FAC-2026-002.xml": 1}
    }


def test_le_module_de_trytond_reprend_un_jeton_quand_le_sien_a_vecu(sim, http):
    trytond = Trytond(http)
    sim.avancer(3601)
    with pytest.raises(httpx.HTTPStatusError) as refus:
        trytond.post("cpro/transverses/v1/consulterCR", {"numeroFluxDepot": "CPP0"})
    assert refus.value.response.status_code == 401
    assert Trytond(http).post("cpro/transverses/v1/consulterCR", {"numeroFluxDepot": "CPP0"})["codeRetour"] == 20000


# --- the health-check, as the sandbox tests of the PHP client do -------------------------------------------------


def test_le_controle_de_sante_prouve_tout_d_un_coup(http):
    jeton = Trytond(http).jeton
    entetes = {"Authorization": f"Bearer {jeton}", "cpro-account": CPRO_ACCOUNT.decode()}
    bon = http.get("/cpro/transverses/v1/health-check", headers=entetes)
    assert (bon.status_code, bon.json()["statusCodeValue"]) == (200, 200)
    faux = entetes | {"cpro-account": base64.b64encode(b"bad_login:x").decode()}
    assert http.get("/cpro/transverses/v1/health-check", headers=faux).status_code == 401
    mauvais = http.get("/cpro/organisations/v1/healthcheck", headers=faux)
    assert mauvais.json() == {"ErrorCode": "401", "Description": "[invalid field]"}
    bon = http.get("/cpro/organisations/v1/healthcheck", headers=entetes)
    assert (bon.status_code, bon.content) == (200, b"")
    sans = http.get("/cpro/transverses/v1/health-check")
    assert sans.status_code == 400
    assert 'realm="DefaultRealm", error="invalid_request"' in sans.headers["WWW-Authenticate"]
