"""The simulated imports, asked directly: what Loop and Azure would refuse, they refuse, in the documented order."""

import hashlib
import re

import httpx
import pytest

from dossiers.loop.simulateur import SimulateurLoop

CLE = {"cle_publique": "PUBLIQUE", "client_secret": "a:b+/=", "cle_abonnement": "abonnement", "domaine": "DEMO"}
ENTETES = {"x-apikey": "PUBLIQUE:a:b+/=", "Ocp-Apim-Subscription-Key": "abonnement"}
SIRET = "73282932000074"
LIEN = "https://stockage.exemple.fr/f.txt?sig=a"
BLOC = {"x-ms-blob-type": "BlockBlob"}
CONTENU = b"JournalCode\tJournalLib\n"
PERSO = {"codeIbs": "044212", "URI": "", "URL": LIEN, "MODELE": "M", "SIRET": SIRET}
INVALIDE = "Le numéro SIRET est invalide : il doit comporter 14 chiffres et respecter l'algorithme de Luhn"


@pytest.fixture(scope="module")
def serveur():
    with SimulateurLoop() as sim:
        yield sim


@pytest.fixture
def sim(serveur):
    serveur.remettre_a_zero()
    serveur.charger(cles=[CLE], dossiers=[{"codeIbs": "044212", "etablissements": [{"siret": SIRET}]}])
    return serveur


def appeler(sim, methode, chemin, entetes=ENTETES, **options):
    return httpx.request(methode, sim.url + chemin, headers=entetes, **options)


def regler(sim, **valeurs):
    return httpx.post(f"{sim.racine}/_simulateur/imports", json=valeurs)


def lire(sim):
    return httpx.get(f"{sim.racine}/_simulateur/imports").json()


def adresse(sim, nom="f.txt"):
    return appeler(sim, "GET", "/getFileUrlDeposit", params={"filename": nom}).json()


def deposer(sim, contenu=CONTENU, nom="f.txt"):
    depot = adresse(sim, nom)
    assert httpx.put(depot["depositUrl"], headers=BLOC, content=contenu).status_code == 201
    return depot["uri"]


def importer(sim, chemin="/importPerso", **champs):
    return appeler(sim, "POST", chemin, json=champs).json()


def statut(sim, demande):
    return appeler(sim, "GET", "/getImportStatus", params={"accountingImportRequestId": demande}).json()


# --- deposit -----------------------------------------------------------------------------------------------------


def test_une_adresse_de_depot_a_la_forme_documentee(sim):
    depot = adresse(sim)
    assert re.fullmatch(r"[0-9a-f-]{36}/f\.txt", depot["uri"])
    assert set(httpx.URL(depot["depositUrl"]).params) == {"sv", "st", "se", "sr", "sp", "sig"}
    assert appeler(sim, "GET", "/getFileUrlDeposit", {}, params={"filename": "f.txt"}).status_code == 401


@pytest.mark.parametrize("nom", ["", "f", "f.zip", "a/f.txt"])
def test_un_nom_sans_extension_permise_est_refuse(sim, nom):
    assert appeler(sim, "GET", "/getFileUrlDeposit", params={"filename": nom}).status_code == 400


@pytest.mark.parametrize(
    ("depot", "champs"), [("url", {"depositUrl"}), ("uri", {"uri"}), ("deux", {"depositUrl", "uri"})]
)
def test_les_deux_formes_de_reponse(sim, depot, champs):
    regler(sim, depot=depot)
    assert set(adresse(sim)) == champs


def alterer(url, **parametres):
    return str(httpx.URL(url).copy_merge_params(parametres))


@pytest.mark.parametrize(
    ("changer", "entetes", "statut", "code"),
    [
        (lambda url: url, {}, 400, "MissingRequiredHeader"),
        (lambda url: url, {"x-ms-blob-type": "PageBlob"}, 400, "InvalidHeaderValue"),
        (lambda url: alterer(url, sig="YQ=="), BLOC, 403, "AuthenticationFailed"),
        (lambda url: alterer(url, se="2099-01-01T00:00:00Z"), BLOC, 403, "AuthenticationFailed"),
        (lambda url: url.replace("f.txt", "g.txt"), BLOC, 403, "AuthenticationFailed"),
        (lambda url: url.partition("?")[0], BLOC, 403, "AuthenticationFailed"),
    ],
    ids=["sans-en-tete", "mauvais-en-tete", "signature", "duree", "chemin", "sans-signature"],
)
def test_le_stockage_refuse_comme_azure(sim, changer, entetes, statut, code):
    reponse = httpx.put(changer(adresse(sim)["depositUrl"]), headers=entetes, content=CONTENU)
    assert (reponse.status_code, reponse.headers["x-ms-error-code"]) == (statut, code)
    assert re.search(rf"<Error><Code>{code}</Code><Message>[^<]+\nRequestId:[^<]+</Message></Error>", reponse.text)
    assert lire(sim)["depots"] == []


def test_une_signature_expire_et_ne_vaut_pas_avant_son_heure(sim):
    url = adresse(sim)["depositUrl"]
    for secondes in (3601, -3610):
        sim.avancer(secondes)
        assert httpx.put(url, headers=BLOC, content=CONTENU).status_code == 403
    sim.avancer(9)
    assert httpx.put(url, headers=BLOC, content=CONTENU).status_code == 201


@pytest.mark.parametrize("nom", ENTETES)
def test_une_cle_de_loop_apportee_au_stockage_est_refusee_et_retenue(sim, nom):
    reponse = httpx.put(adresse(sim)["depositUrl"], headers=BLOC | {nom: ENTETES[nom]}, content=CONTENU)
    assert reponse.status_code == 400
    (intrusion,) = lire(sim)["intrusions"]
    assert intrusion["entete"] == nom
    assert ENTETES[nom] not in str(intrusion)


def test_un_depot_coupe_en_chemin_ne_compte_pas(sim):
    def court():
        yield b"x" * 1000
        raise ConnectionError

    with pytest.raises(ConnectionError):
        httpx.put(adresse(sim)["depositUrl"], headers=BLOC | {"Content-Length": "5000"}, content=court())
    assert lire(sim)["depots"] == []


def test_le_contenu_n_est_garde_que_par_son_empreinte(sim):
    uri = deposer(sim)
    (depot,) = lire(sim)["depots"]
    assert (depot["uri"], depot["taille"]) == (uri, len(CONTENU))
    assert depot["empreinte"] == hashlib.sha256(CONTENU).hexdigest()
    assert httpx.get(f"{sim.racine}/depot/{uri}").status_code == 404


# --- import ------------------------------------------------------------------------------------------------------

#: Each body has the fault of its line and of all those below: the order of the page is the order of the answers.
ORDRE = [
    ({"codeIbs": "", "URI": "", "URL": "", "SIRET": "1"}, "Le codeIbs n'est pas spécifié."),
    (
        {"codeIbs": "ABSENT", "URI": "", "URL": "", "SIRET": "1"},
        "Le chemin d'accès URI ou l'URL du fichier n'est pas spécifié.",
    ),
    (
        {"codeIbs": "ABSENT", "URI": "a/f.txt", "URL": LIEN, "SIRET": "1"},
        "Ambiguité sur le chemin d'accès, seul un des deux champs doit être renseigné.",
    ),
    ({"codeIbs": "ABSENT", "URL": LIEN, "SIRET": "1"}, "Le dossier ABSENT n'existe pas sur le domaine."),
    ({"SIRET": "1"}, INVALIDE),
    ({"SIRET": "73282932000075"}, INVALIDE),
    ({"SIRET": "７3282932000074"}, INVALIDE),
    (
        {"SIRET": "07955542100027"},
        "L'établissement correspondant au SIRET 07955542100027 n'est pas reconnu pour le dossier 044212",
    ),
]


@pytest.mark.parametrize(("champs", "message"), ORDRE)
def test_les_six_phrases_dans_leur_ordre(sim, champs, message):
    reponse = appeler(sim, "POST", "/importPerso", json=PERSO | champs)
    assert reponse.status_code == 200
    assert set(reponse.json()) == {"error"}
    assert set(reponse.json()["error"]) == {"instanceId", "message"}
    assert reponse.json()["error"]["message"] == message
    regler(sim, forme_erreur=400)
    reponse = appeler(sim, "POST", "/importPerso", json=PERSO | champs)
    assert (reponse.status_code, reponse.json()["message"], reponse.json()["statusCode"]) == (400, message, 400)
    assert lire(sim)["imports"] == []


@pytest.mark.parametrize(
    "champs",
    [{"MODELE": ""}, {"modele": "M"}, {"URI": 3}, {"URL": "http://stockage.exemple.fr/f"}, {"URL": "https://"},
     {"URL": "", "URI": "ailleurs/f.txt"}],
    ids=str,
)  # fmt: skip
def test_le_reste_du_corps_est_exige_aussi(sim, champs):
    assert "error" in importer(sim, **PERSO | champs)
    assert lire(sim)["imports"] == []


def test_import_fec_n_a_pas_de_siret_sauf_reglage(sim):
    corps = {"codeIbs": "044212", "URI": "", "URL": LIEN}
    assert importer(sim, "/importFEC", **corps)["accountingImportRequestId"]
    assert "error" in importer(sim, "/importFEC", **corps, SIRET=SIRET)
    regler(sim, siret_fec=True)
    assert importer(sim, "/importFEC", **corps, SIRET=SIRET)["accountingImportRequestId"]


def test_deux_envois_du_meme_contenu_comptent_deux_fois(sim):
    for _ in range(2):
        importer(sim, "/importFEC", codeIbs="044212", URI=deposer(sim), URL="")
    importer(sim, "/importFEC", codeIbs="044212", URI="", URL=LIEN)
    importer(sim, "/importFEC", codeIbs="044212", URI="", URL=LIEN.replace("sig=a", "sig=b"))
    empreinte = hashlib.sha256(CONTENU).hexdigest()
    attendu = {f"044212:{empreinte}": 2, "044212:https://stockage.exemple.fr/f.txt": 2}
    assert sim.compte()["appliques"] == {"POST /importFEC": attendu}


def test_les_deux_en_tetes_de_loop_restent_exiges(sim):
    assert appeler(sim, "POST", "/importPerso", {}, json=PERSO).status_code == 401
    assert appeler(sim, "PUT", "/depot", BLOC).status_code == 401


# --- status ------------------------------------------------------------------------------------------------------


def test_un_import_attend_court_puis_finit(sim):
    demande = importer(sim, **PERSO)["accountingImportRequestId"]
    vus = []
    for secondes in (4, 1, 9, 1, 10**6):
        sim.avancer(secondes)
        vus.append(statut(sim, demande)["status"])
    assert vus == [1, 2, 2, 3, 3]


@pytest.mark.parametrize(
    "reglage",
    [{"marques": {"DEFAUT": "non"}}, {"empreintes": {hashlib.sha256(CONTENU).hexdigest(): "non"}}],
    ids=["nom", "contenu"],
)
def test_un_import_declare_en_erreur_finit_en_erreur(sim, reglage):
    regler(sim, attente=0, duree=0, **reglage)
    demande = importer(sim, "/importFEC", codeIbs="044212", URI=deposer(sim, nom="DEFAUT.txt"), URL="")
    lu = statut(sim, demande["accountingImportRequestId"])
    assert (lu["status"], lu["message"]) == (4, "non")
    (vu,) = lire(sim)["imports"]
    assert (vu["statut"], vu["nom"], vu["genre"]) == (4, "DEFAUT.txt", "fec")


def test_le_statut_se_force_et_s_ecrit_autrement(sim):
    demande = importer(sim, **PERSO)["accountingImportRequestId"]
    regler(sim, statuts={demande: 25}, champ_statut="statut", statut_en_texte=True)
    assert statut(sim, demande) == {"accountingImportRequestId": demande, "statut": "25"}


def test_une_demande_inconnue_est_refusee(sim):
    assert statut(sim, "inconnue")["message"] == "The import request inconnue is not found."


def test_un_reglage_inconnu_est_refuse(sim):
    assert regler(sim, inconnu=1).status_code == 400


def test_depots_imports_et_reglages_survivent_a_un_redemarrage(tmp_path):
    magasin = str(tmp_path / "simulateur.sqlite3")
    with SimulateurLoop(magasin=magasin) as sim:
        sim.charger(cles=[CLE], dossiers=[{"codeIbs": "044212"}])
        regler(sim, attente=0, duree=0)
        uri = deposer(sim)
        demande = importer(sim, "/importFEC", codeIbs="044212", URI=uri, URL="")["accountingImportRequestId"]
    with SimulateurLoop(magasin=magasin) as sim:
        assert statut(sim, demande)["status"] == 3
        assert importer(sim, "/importFEC", codeIbs="044212", URI=uri, URL="")["accountingImportRequestId"]
