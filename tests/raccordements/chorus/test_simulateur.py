"""The simulator refuses what PISTE and Chorus Pro refuse, in their words; it can be loaded, moved and broken."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from dossiers.management.commands.simulateur import simulateurs
from raccordements.chorus.matelas import APPLICATIONS, COMPTES, STRUCTURES, matelas
from raccordements.chorus.simulateur import SimulateurChorus

RACINE = Path(__file__).resolve().parents[3]
APPLICATION, COMPTE = APPLICATIONS["qualification"], COMPTES["qualification"]
SECRETS = {"client_id": APPLICATION["client_id"], "client_secret": APPLICATION["client_secret"]}
DEMANDE = {"grant_type": "client_credentials", **SECRETS}


@pytest.fixture
def http(sim):
    with httpx.Client(base_url=f"{sim.racine}/qualification", timeout=10) as client:
        yield client


@pytest.fixture
def entetes(http):
    jeton = http.post("/api/oauth/token", data=DEMANDE).json()["access_token"]
    compte = httpx.BasicAuth(COMPTE["login"], COMPTE["mot_de_passe"])._auth_header.removeprefix("Basic ")
    return {"Authorization": f"Bearer {jeton}", "cpro-account": compte}


# --- token -------------------------------------------------------------------------------------------------------


def test_le_jeton_a_la_forme_vue(http):
    jeton = http.post("/api/oauth/token", data=DEMANDE | {"scope": "openid"}).json()
    assert len(jeton.pop("access_token")) == 54
    assert jeton == {"token_type": "Bearer", "expires_in": 3600, "scope": "openid"}


def test_les_memes_octets_pour_tout_ce_qui_est_faux(http):
    autre = {"client_id": "inconnu", "client_secret": "faux"}
    refus = [http.post("/api/oauth/token", data=DEMANDE | {nom: valeur}) for nom, valeur in autre.items()]
    refus.append(http.post("/api/oauth/token", data={"grant_type": "client_credentials"}))
    assert {reponse.status_code for reponse in refus} == {400}
    assert len({reponse.content for reponse in refus}) == 1
    assert refus[0].json()["error"] == "invalid_client"


def test_un_jeton_se_demande_par_un_formulaire(http):
    assert http.post("/api/oauth/token", json=DEMANDE).json()["error"] == "invalid_request"
    autre = http.post("/api/oauth/token", data=DEMANDE | {"grant_type": "password"})
    assert autre.json()["error"] == "unsupported_grant_type"


def test_un_jeton_ne_passe_pas_d_un_environnement_a_l_autre(sim, entetes):
    chemin = "/cpro/transverses/v1/health-check"
    assert httpx.get(f"{sim.racine}/qualification{chemin}", headers=entetes).status_code == 200
    assert httpx.get(f"{sim.racine}/production{chemin}", headers=entetes).status_code == 401
    assert httpx.get(f"{sim.racine}/ailleurs{chemin}", headers=entetes).status_code == 404


# --- doors, in order ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("methode", "chemin"),
    [
        ("POST", "/cpro/raccordements/v1/deposer"),
        ("GET", "/cpro/structures/v1/rechercher"),
        ("PATCH", "/cpro/organisations/v1/structures/x/parametres-edi"),
        ("GET", "/cpro/_simulateur/compte"),
    ],
)
def test_une_route_inconnue_est_un_403_vide(http, entetes, methode, chemin):
    reponse = http.request(methode, chemin, headers=entetes, json={})
    assert (reponse.status_code, reponse.content) == (403, b"")


def test_le_type_du_corps_et_sa_forme_sont_exiges(http, entetes):
    chemin = "/cpro/structures/v1/rechercher"
    assert http.post(chemin, headers=entetes, content=b"{}").status_code == 415
    for corps in (b"[]", b'"x"', b"null", b"", b"{"):
        reponse = http.post(chemin, headers=entetes | {"Content-Type": "application/json"}, content=corps)
        assert (reponse.status_code, reponse.json()["codeRetour"]) == (400, 20002)


def test_le_compte_est_verifie_apres_l_abonnement(sim, http, entetes):
    sim.charger(applications=[APPLICATION | {"abonnements": ["structures"]}])
    faux = entetes | {"cpro-account": "pas du base64 !"}
    assert http.get("/cpro/transverses/v1/health-check", headers=faux).status_code == 403
    assert http.post("/cpro/structures/v1/rechercher", headers=faux, json={}).status_code == 401


def test_les_parametres_de_page_ont_un_nom_par_service(http, entetes):
    """Under another service's name they are not seen: ten results, the first page."""
    numero = 26_300_000
    corps = {"idStructure": numero, "parametres": {"nbResultatsParPage": 1}}
    retour = http.post("/cpro/structures/v1/rechercher/services", headers=entetes, json=corps).json()
    assert retour["parametresRetour"] == {"pageCourante": 1, "pages": 1, "nbResultatsParPage": 10, "total": 2}
    corps = {"idStructure": numero, "parametresRechercherServicesStructure": {"nbResultatsParPage": 1}}
    retour = http.post("/cpro/structures/v1/rechercher/services", headers=entetes, json=corps).json()
    assert retour["parametresRetour"] == {"pageCourante": 1, "pages": 2, "nbResultatsParPage": 1, "total": 2}


def test_une_recherche_exige_un_critere(http, entetes):
    for structure in ({}, {"typeIdentifiantStructure": "SIRET"}, {"identifiantStructure": None}):
        reponse = http.post("/cpro/structures/v1/rechercher", headers=entetes, json={"structure": structure})
        assert reponse.status_code == 400
        assert "critère" in reponse.json()["libelle"]


def test_la_question_dit_actif_et_la_reponse_active(http, entetes):
    structure = {"identifiantStructure": STRUCTURES[0][0], "statutStructure": "ACTIF"}
    reponse = http.post("/cpro/structures/v1/rechercher", headers=entetes, json={"structure": structure}).json()
    assert reponse["listeStructures"][0]["statut"] == "ACTIVE"


@pytest.mark.parametrize("numero", ["1", True, None, 2**70, 404])
def test_un_numero_impossible_est_un_refus_et_non_une_panne(http, entetes, numero):
    reponse = http.post("/cpro/structures/v1/consulter", headers=entetes, json={"idStructureCPP": numero})
    assert (reponse.status_code, reponse.json()["codeRetour"]) == (400, 20002)


@pytest.mark.parametrize(
    "faux",
    [
        {"nomFichier": ""},
        {"syntaxeFlux": "IN_INCONNUE"},
        {"syntaxeFlux": ["IN_DP_E1_CII"]},
        {"avecSignature": None},
        {"fichierFlux": "???"},
        {"fichierFlux": 12},
        {"fichierFlux": ""},
    ],
)
def test_un_depot_mal_forme_est_refuse_sans_effet(sim, http, entetes, faux):
    corps = {"fichierFlux": "PHgvPg==", "nomFichier": "f.xml", "syntaxeFlux": "IN_DP_E1_CII", "avecSignature": False}
    reponse = http.post("/cpro/factures/v1/deposer/flux", headers=entetes, json=corps | faux)
    assert reponse.status_code == 400
    assert sim.compte()["appliques"] == {}


# --- control -----------------------------------------------------------------------------------------------------


def test_la_commande_du_simulateur_charge_regle_et_compte(sim):
    sim.remettre_a_zero()
    controle = f"{sim.racine}/_simulateur"
    assert httpx.post(f"{controle}/charger", json=matelas()).json() == {"fait": True}
    assert httpx.get(f"{controle}/etat").json()["nom"] == "chorus"
    httpx.post(f"{controle}/horloge", json={"avance_secondes": 86_400})
    assert datetime.now(UTC) + timedelta(hours=23) < sim.maintenant()
    pannes = [{"type": "503", "chemin": "/qualification/api/oauth/token", "retry_after": 9}]
    httpx.post(f"{controle}/pannes", json=pannes)
    reponse = httpx.post(f"{sim.racine}/qualification/api/oauth/token", data=DEMANDE)
    assert (reponse.status_code, reponse.headers["Retry-After"]) == (503, "9")
    assert httpx.post(f"{sim.racine}/qualification/api/oauth/token", data=DEMANDE).status_code == 200
    assert httpx.get(f"{controle}/compte").json()["appels"] == {"POST /qualification/api/oauth/token": 2}


@pytest.mark.parametrize(
    "corps", [{"applications": [{"environnement": "test"}]}, {"structures": [{}]}, {"inconnu": []}, []]
)
def test_un_chargement_illisible_est_refuse_et_ne_change_rien(sim, corps):
    reponse = httpx.post(f"{sim.racine}/_simulateur/charger", json=corps)
    assert reponse.status_code == 400
    assert len(sim.base.execute("SELECT * FROM structure").fetchall()) == len(matelas()["structures"])


def test_le_magasin_survit_a_un_redemarrage(tmp_path):
    magasin = str(tmp_path / "chorus.sqlite3")
    with SimulateurChorus(magasin=magasin) as sim:
        sim.charger(**matelas())
        jeton = httpx.post(f"{sim.racine}/qualification/api/oauth/token", data=DEMANDE).json()["access_token"]
    with SimulateurChorus(magasin=magasin) as sim:
        reponse = httpx.get(
            f"{sim.racine}/qualification/cpro/transverses/v1/health-check", headers={"Authorization": f"Bearer {jeton}"}
        )
        assert reponse.status_code == 401
        assert reponse.json()["Description"] == "[invalid field]"


def test_la_commande_lance_ce_simulateur_la():
    """The process itself is tried with the simulator of Loop (tests/config)."""
    with simulateurs()["chorus"]() as sim:
        assert httpx.get(f"{sim.racine}/_simulateur/etat").json()["nom"] == "chorus"
        assert httpx.post(f"{sim.racine}/_simulateur/matelas").json() == {"fait": True}
        assert httpx.post(f"{sim.racine}/qualification/api/oauth/token", data=DEMANDE).status_code == 200
