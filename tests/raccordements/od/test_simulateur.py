"""The simulator refuses what the contract refuses, in words of its own; it can be loaded, moved and broken."""

import json

import httpx
import pytest

from dossiers.management.commands.simulateur import simulateurs
from raccordements.od import contrat
from raccordements.od.matelas import CABINET, PLATEFORMES, matelas
from raccordements.od.simulateur import APIKEY_REFUSEE, CLE_INVALIDE, CLE_MANQUANTE, SimulateurOD

SIREN = "990001018"
SIRET = "99000101800011"
ABONNEMENT = "Ocp-Apim-Subscription-Key"
LIGNE = {"level": "Siren", "siren": SIREN, "identifier": SIREN}
DEMANDE = {
    "addressingLine": LIGNE,
    "requester": {"quality": "legalRepresentative", "name": "Dominique Exemple", "email": "c@exemple.test"},
    "platform": {"registrationNumber": "0901"},
}
AU_CABINET = {
    ABONNEMENT: CABINET["cle_abonnement"],
    "x-apikey": f"{CABINET['cle_publique']}:{CABINET['client_secret']}",
}
A_LA_PLATEFORME = {ABONNEMENT: PLATEFORMES[0]["cle_abonnement"]}


@pytest.fixture
def http(sim):
    with httpx.Client(base_url=sim.racine, timeout=10) as client:
        yield client


@pytest.fixture
def etoilee(http):
    """Headers of a starred request."""
    numero = http.post("/od/onboardings", headers=AU_CABINET, json=DEMANDE).json()["onboardingId"]
    reponse = http.post(f"/od/onboardings/{numero}/connectionData", headers=AU_CABINET, json={})
    demande = {"apiKey": reponse.json()["connectionData"]["apiKey"], "addressingLine": LIGNE}
    jeton = http.post("/compte/token", json=demande).json()["accessToken"]
    return A_LA_PLATEFORME | {"Authorization": f"Bearer {jeton}"}


@pytest.fixture
def demande(jour):
    return {
        "addressingLine": LIGNE,
        "endpoint": "https://pdp.exemple.test/1",
        "effectiveDate": jour().isoformat(),
        "endDate": None,
    }


# --- doors, in order ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entetes", "message"),
    [
        ({}, CLE_MANQUANTE),
        ({"x-apikey": AU_CABINET["x-apikey"]}, CLE_MANQUANTE),
        ({ABONNEMENT: "autre"}, CLE_INVALIDE),
        ({ABONNEMENT: CABINET["cle_abonnement"]}, APIKEY_REFUSEE),
        (AU_CABINET | {"x-apikey": "autre:cle"}, APIKEY_REFUSEE),
    ],
)
def test_la_passerelle_exige_ses_cles_avant_tout(http, entetes, message):
    for chemin in ("/od/onboardings", "/od/health", "/od/inconnu"):
        reponse = http.post(chemin, headers=entetes, content=b"{")
        assert (reponse.status_code, reponse.json()) == (401, {"statusCode": 401, "message": message})


@pytest.mark.parametrize(
    ("methode", "chemin"),
    [
        ("POST", "/od/onboardings"),
        ("POST", "/od/onboardings/ONB-000001/connectionData"),
        ("POST", "/od/onboardings/ONB-000001/cancel"),
        ("GET", "/od/addressingLines"),
    ],
)
def test_la_premiere_etape_refuse_la_cle_de_la_plateforme(http, methode, chemin):
    reponse = http.request(methode, chemin, headers=A_LA_PLATEFORME, json=DEMANDE)
    assert (reponse.status_code, reponse.json()["code"]) == (403, contrat.CLE_CABINET_EXIGEE)


@pytest.mark.parametrize(
    ("methode", "chemin"),
    [("POST", "/od/subscriptions"), ("GET", "/od/subscriptions"), ("POST", "/od/subscriptions/SUB-000001/end")],
)
def test_les_demandes_etoilees_exigent_la_cle_de_la_plateforme_et_un_jeton(sim, http, etoilee, methode, chemin):
    porteur = {"Authorization": etoilee["Authorization"]}
    reponse = http.request(methode, chemin, headers=AU_CABINET | porteur, json={})
    assert (reponse.status_code, reponse.json()["code"]) == (403, contrat.CLE_PLATEFORME_EXIGEE)
    sans = http.request(methode, chemin, headers=A_LA_PLATEFORME, json={})
    assert (sans.status_code, sans.content, "error" in sans.headers["www-authenticate"]) == (401, b"", False)
    sim.avancer(3601)
    expire = http.request(methode, chemin, headers=etoilee, json={})
    assert (expire.status_code, 'error="invalid_token"' in expire.headers["www-authenticate"]) == (401, True)


def test_une_route_inconnue_est_celle_de_la_passerelle(http):
    for chemin in ("/od/inconnu", "/od/onboardings/1/2/3", "/od/_simulateur/etat", "/ailleurs", "/compte/jeton"):
        reponse = http.get(chemin, headers=AU_CABINET)
        assert (reponse.status_code, reponse.json()) == (404, {"statusCode": 404, "message": "Resource not found"})


def test_le_type_du_corps_et_sa_forme_sont_exiges(http):
    assert http.post("/od/onboardings", headers=AU_CABINET, content=b"{}").status_code == 415
    for corps in (b"[]", b'"x"', b"null", b"", b"{"):
        entetes = AU_CABINET | {"Content-Type": "application/json"}
        reponse = http.post("/od/onboardings", headers=entetes, content=corps)
        assert (reponse.status_code, reponse.json()["code"]) == (400, "InvalidBody")


# --- bodies ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("faux", "code"),
    [
        ({"enPlus": 1}, "InvalidBody"),
        ({"platform": {"registrationNumber": "0904"}}, "UnknownPlatform"),
        ({"platform": {"registrationNumber": "0901", "name": "x"}}, "InvalidBody"),
        ({"platform": "0901"}, "InvalidBody"),
        ({"requester": DEMANDE["requester"] | {"quality": "cousin"}}, "InvalidRequester"),
        ({"requester": DEMANDE["requester"] | {"name": " "}}, "InvalidRequester"),
        ({"requester": DEMANDE["requester"] | {"email": "personne"}}, "InvalidRequester"),
        ({"requester": {"quality": "legalRepresentative"}}, "InvalidBody"),
        ({"addressingLine": None}, "InvalidAddressingLine"),
        ({"addressingLine": LIGNE | {"level": "SIREN"}}, "InvalidAddressingLine"),
        ({"addressingLine": LIGNE | {"level": ["Siren"]}}, "InvalidAddressingLine"),
        ({"addressingLine": LIGNE | {"siret": SIRET}}, "InvalidBody"),
        ({"addressingLine": LIGNE | {"identifier": "990001026"}}, "InvalidAddressingLine"),
        ({"addressingLine": LIGNE | {"siren": 990001018}}, "InvalidAddressingLine"),
        (
            {"addressingLine": {"level": "Siren", "siren": "990001019", "identifier": "990001019"}},
            "InvalidAddressingLine",
        ),
    ],
)
def test_une_demande_mal_formee_est_refusee_sans_effet(sim, http, faux, code):
    reponse = http.post("/od/onboardings", headers=AU_CABINET, json=DEMANDE | faux)
    assert (reponse.status_code, reponse.json()["code"]) == (400, code)
    assert reponse.json()["message"].endswith(".")
    assert sim.compte()["appliques"] == {}


@pytest.mark.parametrize(
    ("niveau", "parties", "identifiant", "admise"),
    [
        ("Siret", {"siret": SIRET}, f"{SIREN}_{SIRET}", True),
        ("Siret", {"siret": "99000102600014"}, f"{SIREN}_99000102600014", False),
        ("Siret", {"siret": "99000101800012"}, f"{SIREN}_99000101800012", False),
        ("RoutingCode", {"siret": SIRET, "routingCode": "A/b-1_2"}, f"{SIREN}_{SIRET}_A/b-1_2", True),
        ("RoutingCode", {"siret": SIRET, "routingCode": "A.b"}, f"{SIREN}_{SIRET}_A.b", False),
        ("RoutingCode", {"siret": SIRET, "routingCode": "A" * 101}, f"{SIREN}_{SIRET}_{'A' * 101}", False),
        ("RoutingCode", {"siret": SIRET, "routingCode": "A" * 100}, f"{SIREN}_{SIRET}_{'A' * 100}", True),
        ("Suffix", {"suffix": "A.b-1_2"}, f"{SIREN}_A.b-1_2", True),
        ("Suffix", {"suffix": "A/b"}, f"{SIREN}_A/b", False),
        ("Suffix", {"suffix": ""}, f"{SIREN}_", False),
    ],
)
def test_les_parties_de_chaque_niveau(http, niveau, parties, identifiant, admise):
    ligne = {"level": niveau, "siren": SIREN, "identifier": identifiant, **parties}
    reponse = http.post("/od/onboardings", headers=AU_CABINET, json=DEMANDE | {"addressingLine": ligne})
    assert reponse.status_code == (201 if admise else 400)


@pytest.mark.parametrize(
    ("faux", "code"),
    [
        ({"enPlus": 1}, "InvalidBody"),
        ({"effectiveDate": "01/12/2026"}, "InvalidBody"),
        ({"effectiveDate": "20261201"}, "InvalidBody"),
        ({"effectiveDate": None}, "InvalidBody"),
        ({"effectiveDate": "2020-01-01"}, "InvalidPeriod"),
        ({"endDate": "2020-01-01"}, "InvalidPeriod"),
        ({"endpoint": "http://pdp.exemple.test/1"}, "InvalidEndpoint"),
        ({"endpoint": "https://moi@pdp.exemple.test/1"}, "InvalidEndpoint"),
        ({"endpoint": "https://"}, "InvalidEndpoint"),
        ({"endpoint": "https://[x"}, "InvalidEndpoint"),
        ({"endpoint": 12}, "InvalidEndpoint"),
        ({"endpoint": None}, "InvalidEndpoint"),
        ({"addressingLine": {"level": "Siren", "siren": "990001026", "identifier": "990001026"}}, "PerimeterMismatch"),
    ],
)
def test_une_souscription_mal_formee_est_refusee_sans_effet(sim, http, etoilee, demande, faux, code):
    avant = sim.compte()["appliques"]
    reponse = http.post("/od/subscriptions", headers=etoilee, json=demande | faux)
    assert (reponse.status_code, reponse.json()["code"]) == (403 if code == "PerimeterMismatch" else 400, code)
    assert sim.compte()["appliques"] == avant


@pytest.mark.parametrize("corps", [{}, {"endDate": None}, {"endDate": "2020-01-01"}, {"endDate": "2099-01-01", "x": 1}])
def test_une_fin_mal_formee_est_refusee(http, etoilee, demande, corps):
    numero = http.post("/od/subscriptions", headers=etoilee, json=demande).json()["subscriptionId"]
    assert http.post(f"/od/subscriptions/{numero}/end", headers=etoilee, json=corps).status_code == 400


@pytest.mark.parametrize("numero", ["SUB-000404", "1", "SUB-", "%2e%2e", "SUB-99999999999999999999"])
def test_un_numero_impossible_est_inconnu_et_non_une_panne(http, etoilee, numero, jour):
    fin = http.post(f"/od/subscriptions/{numero}/end", headers=etoilee, json={"endDate": jour().isoformat()})
    assert (fin.status_code, fin.json()["code"]) == (404, contrat.SOUSCRIPTION_INCONNUE)


def test_l_adresse_de_notification_d_un_autre_cabinet_n_est_pas_montree(sim, http, etoilee, demande):
    http.post("/od/subscriptions", headers=etoilee, json=demande)
    autre = {"cle_publique": "AUTRE", "client_secret": "autre-secret-fictif", "cle_abonnement": "cccc0001"}
    sim.charger(cabinets=[autre])
    parametres = {"level": "Siren", "identifier": SIREN}
    vues = [
        http.get("/od/addressingLines", headers=entetes, params=parametres).json()["subscriptions"][0]["endpoint"]
        for entetes in (AU_CABINET, {ABONNEMENT: "cccc0001", "x-apikey": "AUTRE:autre-secret-fictif"})
    ]
    assert vues == [demande["endpoint"], ""]
    assert http.get("/od/addressingLines", headers=AU_CABINET, params={"identifier": SIREN}).status_code == 400


# --- control -----------------------------------------------------------------------------------------------------


def test_les_comptes_portent_sur_le_modele_du_chemin_et_la_reference(sim, http, etoilee, demande):
    numero = http.post("/od/subscriptions", headers=etoilee, json=demande).json()["subscriptionId"]
    for _ in range(2):
        http.post(f"/od/subscriptions/{numero}/end", headers=etoilee, json={"endDate": demande["effectiveDate"]})
    compte = http.get("/_simulateur/compte").json()
    assert compte["appliques"]["POST /od/subscriptions/{souscription}/end"] == {numero: 2}
    assert compte["appliques"]["POST /od/onboardings"] == {f"{SIREN}@0901": 1}
    assert compte["appels"]["POST /od/subscriptions/{souscription}/end"] == 2


def test_le_matelas_se_charge_et_l_etat_ne_montre_aucun_secret(sim, http, etoilee):
    sim.remettre_a_zero()
    assert http.post("/od/onboardings", headers=AU_CABINET, json=DEMANDE).status_code == 401
    assert http.post("/_simulateur/matelas").status_code == 200
    assert http.post("/od/onboardings", headers=AU_CABINET, json=DEMANDE).status_code == 201
    numero = http.get("/_simulateur/onboardings").json()[0]["onboardingId"]
    reponse = http.post(f"/od/onboardings/{numero}/connectionData", headers=AU_CABINET, json={})
    cle = reponse.json()["connectionData"]["apiKey"]
    lus = http.get("/_simulateur/onboardings").json()
    assert lus[0]["addressingLine"] == LIGNE
    assert not any(moitie in json.dumps(lus) for moitie in cle.split(":"))
    assert http.post("/_simulateur/revoquer", json={"onboarding": numero}).status_code == 200
    assert http.post("/compte/token", json={"apiKey": cle, "addressingLine": LIGNE}).status_code == 401


@pytest.mark.parametrize(
    ("commande", "corps"),
    [("oublier", {}), ("oublier", {"identifiant": "inconnu"}), ("oublier", {"souscription": "x"}), ("revoquer", {})],
)
def test_une_commande_illisible_est_refusee(http, commande, corps):
    assert http.post(f"/_simulateur/{commande}", json=corps).status_code == 400


def test_le_magasin_survit_a_un_redemarrage(tmp_path):
    magasin = str(tmp_path / "od.sqlite3")
    with SimulateurOD(magasin=magasin) as sim:
        sim.charger(**matelas())
        httpx.post(f"{sim.racine}/od/onboardings", headers=AU_CABINET, json=DEMANDE).raise_for_status()
    with SimulateurOD(magasin=magasin) as sim:
        assert len(sim.onboardings()) == 1


def test_la_commande_le_connait():
    assert simulateurs()["od"] is SimulateurOD
