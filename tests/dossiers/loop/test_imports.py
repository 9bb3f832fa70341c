"""Deposits, imports and their status: the contract over real HTTP with the simulator, then every odd answer."""

import io
import json
import re
import time
import tracemalloc
from pathlib import Path

import httpcore
import httpx
import pytest
import respx

from config.http import ErreurDefinitive, ErreurDeReglage, ErreurPassagere
from dossiers.catalogue import ENTREES
from dossiers.loop.client import ClientLoop
from dossiers.loop.depot import adresse_permise, deposer
from dossiers.loop.schemas import Depot, StatutImport
from dossiers.loop.simulateur import SimulateurLoop
from dossiers.services.catalogue import expression, normaliser

# Invented keys; 73282932000074 is the number that python-stdnum documents, the other SIRET is fictitious (Luhn holds).
CLE = {
    "cle_publique": "PASSERELLETEST00000000001",
    "client_secret": "Zm9pc+/secret:invente==",
    "cle_abonnement": "0123456789abcdef0123456789abcdef",
    "domaine": "CABINETDEMO",
}
CHEMINS = {
    "depot": "/getFileUrlDeposit",
    "import_perso": "/importPerso",
    "import_fec": "/importFEC",
    "statut_import": "/getImportStatus",
}
SIRET = "73282932000074"
LIEN = "https://stockage.exemple.fr/ecritures.txt?se=2099-01-01&sig=q7invente"
BASE = "https://loop.exemple/loop-api-publiques"
STOCKAGE = "https://compte.blob.exemple.fr/depots/005e3c2d-8352-49e5-82f3-8704a079b9f3/f.txt"
SIGNEE = f"{STOCKAGE}?sv=2020-08-04&se=2099-01-01&sr=b&sp=w&sig=q7%2Finvente%3D"
DEMANDE = "ca85671e-6f98-4c2e-b075-c5cd9fea57ed"


@pytest.fixture(scope="module")
def serveur():
    with SimulateurLoop() as sim:
        yield sim


@pytest.fixture
def sim(serveur):
    serveur.remettre_a_zero()
    dossiers = [{"codeIbs": "044212", "etablissements": [{"siret": SIRET}]}, {"codeIbs": "MANON001"}]
    serveur.charger(cles=[CLE], dossiers=dossiers)
    return serveur


def client(base=BASE, **options):
    acces = {nom: CLE[nom] for nom in ("cle_publique", "client_secret", "cle_abonnement")}
    return ClientLoop(base, **{**acces, "chemins": CHEMINS, "delai_total": 3, "taille_max": 10**6} | options)


@pytest.fixture
def echanges():
    return []


@pytest.fixture
def loop(sim, echanges):
    with client(sim.url, journal=echanges.append) as loop:
        yield loop


def envoyer(loop, octets=b"JournalCode\tJournalLib\n", nom="732829320FEC20251231.txt"):
    depot = loop.demander_depot(nom)
    loop.deposer(depot, io.BytesIO(octets), len(octets))
    return depot.uri


def appliques(sim):
    return sum(sum(references.values()) for references in sim.compte()["appliques"].values())


def sans_secret(*choses):
    texte = repr(choses)
    for secret in ("invente", CLE["client_secret"], CLE["cle_abonnement"]):
        assert secret not in texte


# --- the way of a file -------------------------------------------------------------------------------------------


def test_un_fichier_depose_puis_importe_jusqu_a_son_terme(sim, loop, echanges):
    uri = envoyer(loop)
    demande = loop.importer("fec", code="044212", uri=uri)
    assert demande.demande_id
    lus = []
    for attente in (0, 5, 10):
        sim.avancer(attente)
        lus.append(loop.statut_import(demande.demande_id))
    assert [(s.brut, s.statut) for s in lus] == [("1", 1), ("2", 2), ("3", 3)]
    (depose,) = sim.imports()["depots"]
    assert (depose["uri"], depose["taille"]) == (uri, 23)
    assert sim.compte()["appliques"] == {"POST /importFEC": {f"044212:{depose['empreinte']}": 1}}
    put = echanges[1]
    assert (put.methode, put.statut, put.corps_requete) == ("PUT", 201, "(23 octets non gardés)")
    assert put.adresse.endswith("&sig=•••")
    assert {nom.lower() for nom in put.entetes_requete} & {"x-apikey", "ocp-apim-subscription-key"} == set()
    assert put.entetes_requete["x-ms-blob-type"] == "BlockBlob"
    assert put.entetes_requete["content-length"] == "23"
    assert "sig=•••" in echanges[0].corps_reponse
    assert sim.imports()["intrusions"] == []


def test_la_signature_n_est_dans_aucune_trace(loop, echanges):
    depot = loop.demander_depot("f.txt")
    signature = re.search(r"sig=([^&]+)", depot.url)[1]
    loop.deposer(depot, io.BytesIO(b"x"), 1)
    loop.importer("perso", code="044212", url=LIEN, modele="IMPORTPERSO")
    assert signature not in repr((echanges, depot, loop))
    assert httpx.URL(depot.url).params["sig"] not in repr(echanges)
    sans_secret(echanges)


def test_le_corps_d_import_perso_est_celui_de_l_exemple(sim):
    with respx.mock as routeur:
        route = routeur.post(f"{BASE}/importPerso").respond(200, json={"accountingImportRequestId": DEMANDE})
        fec = routeur.post(f"{BASE}/importFEC").respond(200, json={"accountingImportRequestId": DEMANDE})
        with client() as loop:
            loop.importer("perso", code="C", url=LIEN, modele="M", siret=SIRET)
            loop.importer("perso", code="C", uri="a/f.txt", modele="M")
            loop.importer("fec", code="C", uri="a/f.txt", modele="M", siret=SIRET)
        with client(siret_fec=True) as loop:
            loop.importer("fec", code="C", uri="a/f.txt", siret=SIRET)
    assert [json.loads(appel.request.content) for appel in (*route.calls, *fec.calls)] == [
        {"codeIbs": "C", "URI": "", "URL": LIEN, "MODELE": "M", "SIRET": SIRET},
        {"codeIbs": "C", "URI": "a/f.txt", "URL": "", "MODELE": "M"},
        {"codeIbs": "C", "URI": "a/f.txt", "URL": ""},
        {"codeIbs": "C", "URI": "a/f.txt", "URL": "", "SIRET": SIRET},
    ]


def test_un_import_en_erreur_est_une_reponse(sim, loop):
    sim.regler_imports(marques={"DEFAUT": "Le compte 999 n'existe pas"})
    demande = loop.importer("fec", code="044212", uri=envoyer(loop, nom="DEFAUT.csv"))
    sim.avancer(60)
    assert loop.statut_import(demande.demande_id) == StatutImport("4", 4, "Le compte 999 n'existe pas")


def test_un_code_inconnu_reste_brut(sim, loop):
    demande = loop.importer("fec", code="044212", uri=envoyer(loop))
    for brut in (25, "En quarantaine"):
        sim.regler_imports(statuts={"*": brut}, champ_statut="statut")
        assert loop.statut_import(demande.demande_id) == StatutImport(str(brut), None)


def test_une_adresse_de_depot_expiree_se_redemande(sim, loop, echanges):
    depot = loop.demander_depot("f.txt")
    sim.avancer(3601)
    with pytest.raises(ErreurPassagere) as refus:
        loop.deposer(depot, io.BytesIO(b"x"), 1)
    assert (refus.value.statut, refus.value.code, refus.value.effet_possible) == (403, "AuthenticationFailed", False)
    assert echanges[-1].erreur.startswith("ErreurPassagere")
    assert sim.imports()["depots"] == []
    assert loop.importer("fec", code="044212", uri=envoyer(loop)).demande_id


@pytest.mark.parametrize("forme", [200, 400])
@pytest.mark.parametrize(
    ("demande", "message"),
    [
        ({"code": ""}, "Le codeIbs n'est pas spécifié."),
        ({"code": "ABSENT"}, "Le dossier ABSENT n'existe pas sur le domaine."),
        (
            {"siret": "73282932000075"},
            "Le numéro SIRET est invalide : il doit comporter 14 chiffres et respecter l'algorithme de Luhn",
        ),
        (
            {"siret": "07955542100027"},
            "L'établissement correspondant au SIRET 07955542100027 n'est pas reconnu pour le dossier 044212",
        ),
    ],
)
def test_les_refus_documentes_sous_les_deux_formes(sim, loop, forme, demande, message):
    sim.regler_imports(forme_erreur=forme)
    with pytest.raises(ErreurDefinitive) as refus:
        loop.importer("perso", **{"code": "044212", "url": LIEN, "modele": "M"} | demande)
    assert refus.value.message == message
    assert refus.value.requete_id
    assert appliques(sim) == 0


def test_rien_ne_part_sans_un_chemin_et_un_seul(sim, loop):
    for manque in ({}, {"url": LIEN, "uri": "a/f.txt"}):
        with pytest.raises(ErreurDefinitive):
            loop.importer("fec", code="044212", **manque)
    with pytest.raises(ErreurDefinitive, match="sans réponse"):
        loop.importer("perso", code="044212", url=LIEN)
    assert sim.compte()["appels"] == {}


@pytest.mark.parametrize(
    "nom", ["", "f", "f.zip", "f.txt.gz", ".txt", "a/f.txt", "..\\f.txt", "f\n.txt", "x" * 200 + ".txt"]
)
def test_un_nom_de_fichier_que_loop_refuserait_ne_part_pas(sim, loop, nom):
    with pytest.raises(ErreurDefinitive):
        loop.demander_depot(nom)
    assert sim.compte()["appels"] == {}


@pytest.mark.parametrize("nom", ["f.TXT", "Écritures & co (1) +%41.csv", "a.b.tra", "é" * 100 + ".txt"])
def test_un_nom_de_fichier_singulier_fait_le_voyage(sim, loop, nom):
    uri = envoyer(loop, nom=nom)
    assert uri.endswith(f"/{nom}")
    assert loop.importer("fec", code="044212", uri=uri).demande_id


# --- every fault -------------------------------------------------------------------------------------------------

FAUTES = [
    ({"type": "401"}, ErreurDeReglage, None, 0),
    ({"type": "429", "retry_after": 4}, ErreurPassagere, False, 0),
    ({"type": "500_avant"}, ErreurPassagere, True, 0),
    ({"type": "500_apres"}, ErreurPassagere, True, 1),
    ({"type": "coupure_avant"}, ErreurPassagere, True, 0),
    ({"type": "coupure_apres"}, ErreurPassagere, True, 1),
    ({"type": "json_tronque"}, ErreurPassagere, True, 1),
    ({"type": "html_200"}, ErreurPassagere, True, 0),
    ({"type": "goutte_corps"}, ErreurPassagere, True, 1),
]


@pytest.mark.parametrize(("panne", "famille", "effet_possible", "effets"), FAUTES)
@pytest.mark.parametrize("genre", ["perso", "fec"])
def test_chaque_panne_d_un_import(sim, genre, panne, famille, effet_possible, effets):
    sim.poser_pannes([panne | {"chemin": "/importPerso" if genre == "perso" else "/importFEC"}])
    with client(sim.url, delai_total=0.4) as loop, pytest.raises(famille) as refus:
        loop.importer(genre, code="044212", url=LIEN, modele="M")
    assert getattr(refus.value, "effet_possible", None) is effet_possible
    assert appliques(sim) == effets


@pytest.mark.parametrize("panne", [panne for panne, *_ in FAUTES if panne["type"] not in {"401", "json_tronque"}])
def test_aucune_panne_d_un_depot_ne_laisse_d_effet_possible(sim, panne):
    sim.poser_pannes([panne | {"chemin": "/depot"}])
    with client(sim.url, delai_depot=1) as loop:
        depot = loop.demander_depot("f.txt")
        # The answer to a deposit has no body to drip.
        if panne["type"] == "goutte_corps":
            loop.deposer(depot, io.BytesIO(b"x"), 1)
            return
        with pytest.raises(ErreurPassagere) as refus:
            loop.deposer(depot, io.BytesIO(b"x"), 1)
    assert refus.value.effet_possible is False


@pytest.mark.parametrize("panne", [panne for panne, *_ in FAUTES if panne["type"] != "401"], ids=str)
@pytest.mark.parametrize("chemin", ["/getFileUrlDeposit", "/getImportStatus"])
def test_aucune_panne_d_une_lecture_ne_laisse_d_effet_possible(sim, chemin, panne):
    with client(sim.url, delai_total=0.4) as loop:
        demande = loop.importer("fec", code="044212", url=LIEN).demande_id
        sim.poser_pannes([panne | {"chemin": chemin}])
        with pytest.raises(ErreurPassagere) as refus:
            loop.demander_depot("f.txt") if "Deposit" in chemin else loop.statut_import(demande)
    assert refus.value.effet_possible is False


# --- the answer to a deposit request -----------------------------------------------------------------------------

URI = "005e3c2d-8352-49e5-82f3-8704a079b9f3/f.txt"


def demander(corps, **options):
    with respx.mock as routeur, client(**options) as loop:
        routeur.get(f"{BASE}/getFileUrlDeposit", params={"filename": "f.txt"}).respond(200, json=corps)
        return loop.demander_depot("f.txt")


@pytest.mark.parametrize(
    "corps",
    [
        {"depositUrl": SIGNEE, "uri": URI},
        {"DepositURL": SIGNEE, "URI": URI},
        {"data": {"deposituRL": SIGNEE, "Uri": URI}},
        [{"depositUrl": f" {SIGNEE} ", "uri": URI, "neuf": 1}],
    ],
)
def test_les_noms_de_la_reponse_sont_lus_largement(corps):
    assert demander(corps) == Depot(SIGNEE, URI)


def test_sans_uri_le_reglage_decide():
    with pytest.raises(ErreurDefinitive) as refus:
        demander({"depositUrl": SIGNEE})
    assert "LOOP_DEPOT_URI_DU_CHEMIN" in refus.value.message
    assert demander({"depositUrl": SIGNEE}, uri_du_chemin=True).uri == URI
    with pytest.raises(ErreurDefinitive):
        demander({"depositUrl": "https://compte.blob.exemple.fr/f.txt?sig=a"}, uri_du_chemin=True)


@pytest.mark.parametrize("corps", [{"uri": URI}, {}, [], {"depositUrl": None, "uri": URI}, {"depositUrl": "x" * 5000}])
def test_sans_adresse_rien_n_est_depose(corps):
    with pytest.raises(ErreurDefinitive):
        demander(corps)


@pytest.mark.parametrize(
    "adresse",
    [
        "http://compte.blob.exemple.fr/c/f.txt", "https://127.0.0.1/c/f.txt", "http://localhost:80/c/f", "https://10.0.0.1/f",
        "https://stockage/f", "https://a:b@compte.exemple.fr/f", "https://compte.exemple.fr:0/f", "https://compte.exemple.fr/",
        "https://compte.exemple.fr\\@10.0.0.1/f", "https://compte.exemple.fr/a b", "ftp://compte.exemple.fr/f", "f.txt",
        "https://[::1/f", "https://169.254.169.254/latest",
    ],
)  # fmt: skip
def test_une_adresse_de_depot_douteuse_est_refusee(adresse):
    with pytest.raises(ErreurDefinitive) as refus:
        demander({"depositUrl": adresse, "uri": URI})
    assert "adresse https publique" in refus.value.message
    with pytest.raises(ErreurDefinitive):
        deposer(Depot(adresse, URI), io.BytesIO(b"x"), 1, delai_total=1)


def test_cette_machine_n_est_permise_qu_au_simulateur():
    assert adresse_permise("http://127.0.0.1:8091/depot/a/f.txt", boucle_locale=True)
    assert not adresse_permise("http://127.0.0.1:8091/depot/a/f.txt", boucle_locale=False)
    assert not adresse_permise("http://10.0.0.1/depot/a/f.txt", boucle_locale=True)


# --- the answer to a deposit -------------------------------------------------------------------------------------


def azure(statut, code="", message="non", **entetes):
    corps = f"\ufeff<Error><Code>{code}</Code><Message>{message}\nRequestId:1\nTime:2</Message></Error>"
    return {"return_value": httpx.Response(statut, text=corps if code else "", headers=entetes)}


@pytest.mark.parametrize(
    ("reponse", "famille"),
    [
        pytest.param(azure(403, "AuthenticationFailed"), ErreurPassagere, id="signature"),
        pytest.param(
            azure(403, **{"x-ms-error-code": "AuthenticationFailed"}), ErreurPassagere, id="signature-en-tete"
        ),
        pytest.param(azure(403, "AuthorizationPermissionMismatch"), ErreurDeReglage, id="permission"),
        pytest.param(azure(403), ErreurDeReglage, id="403-nu"),
        pytest.param(azure(401, "NoAuthenticationInformation"), ErreurDeReglage, id="401"),
        pytest.param(azure(400, "InvalidHeaderValue"), ErreurDefinitive, id="400"),
        pytest.param(azure(404, "ContainerNotFound"), ErreurDefinitive, id="404"),
        pytest.param(azure(404), ErreurDefinitive, id="404-nu"),
        pytest.param(azure(409, "BlobImmutableDueToPolicy"), ErreurDefinitive, id="409"),
        pytest.param(azure(413, "RequestBodyTooLarge"), ErreurDefinitive, id="413"),
        pytest.param(azure(307, location="https://ailleurs.exemple.fr/"), ErreurDeReglage, id="renvoi"),
        pytest.param(azure(500, "InternalError"), ErreurPassagere, id="500"),
        pytest.param(azure(503, "ServerBusy", **{"retry-after": "9"}), ErreurPassagere, id="503"),
        pytest.param({"return_value": httpx.Response(200, text="<html>")}, ErreurPassagere, id="200"),
        pytest.param({"return_value": httpx.Response(202)}, ErreurPassagere, id="202"),
        pytest.param({"side_effect": httpcore.ConnectError}, ErreurPassagere, id="connexion"),
        pytest.param({"side_effect": httpcore.WriteTimeout}, ErreurPassagere, id="envoi-lent"),
        pytest.param({"side_effect": httpcore.ReadTimeout}, ErreurPassagere, id="delai"),
        pytest.param({"side_effect": httpcore.RemoteProtocolError}, ErreurPassagere, id="coupure"),
    ],
)
def test_chaque_reponse_du_stockage_a_sa_famille(reponse, famille, echanges):
    with respx.mock(assert_all_called=True) as routeur:
        routeur.put(STOCKAGE).mock(**reponse)
        with pytest.raises(famille) as refus:
            deposer(Depot(SIGNEE, URI), io.BytesIO(b"x"), 1, delai_total=1, journal=echanges.append)
    assert getattr(refus.value, "effet_possible", False) is False
    assert refus.value.message
    assert "RequestId" not in refus.value.message
    (echange,) = echanges
    # A 2xx that is not Azure's 201 is judged after the transport.
    assert echange.statut in {200, 202} or echange.erreur.startswith(famille.__name__)
    sans_secret(echanges, refus.value, refus.value.message)


def test_un_stockage_qui_repete_la_signature_ne_la_montre_pas(echanges):
    for forme in ("q7%2Finvente%3D", "q7/invente="):
        with respx.mock as routeur:
            routeur.put(STOCKAGE).mock(**azure(400, "InvalidUri", f"signature {forme} refusee"))
            with pytest.raises(ErreurDefinitive) as refus:
                deposer(Depot(SIGNEE, URI), io.BytesIO(b"x"), 1, delai_total=1, journal=echanges.append)
        sans_secret(echanges, refus.value.message)
        assert refus.value.message == "signature ••• refusee"


@pytest.mark.parametrize("taille", [-1, 0, 1, 4, 6, 200_000])
def test_un_fichier_qui_n_a_pas_sa_taille_n_est_pas_depose(sim, loop, taille):
    depot = loop.demander_depot("f.txt")
    with pytest.raises(ErreurDefinitive):
        loop.deposer(depot, io.BytesIO(b"cinq."), taille)
    assert sim.imports()["depots"] == []
    assert sim.compte()["appels"].get("PUT /depot", 0) == 0


def test_un_fichier_illisible_laisse_un_nouvel_essai(loop, echanges):
    class Abime(io.BytesIO):
        def read(self, taille=-1):
            raise OSError("invente")

    depot = loop.demander_depot("f.txt")
    with pytest.raises(ErreurPassagere) as refus:
        loop.deposer(depot, Abime(), 5)
    assert refus.value.effet_possible is False
    assert echanges[-1].erreur.startswith("ErreurPassagere")


def test_le_depot_a_un_delai_en_tout(sim):
    sim.poser_pannes([{"type": "latence", "chemin": "/depot", "secondes": 5}])
    with client(sim.url, delai_depot=0.5) as loop:
        depot = loop.demander_depot("f.txt")
        debut = time.monotonic()
        with pytest.raises(ErreurPassagere):
            loop.deposer(depot, io.BytesIO(b"x"), 1)
    assert time.monotonic() - debut < 3


class Zeros(io.RawIOBase):
    """A file of `taille` zeros that exists nowhere."""

    def __init__(self, taille):
        self.reste = taille

    def readable(self):
        return True

    def readinto(self, tampon):
        lus = min(len(tampon), self.reste)
        self.reste -= lus
        tampon[:lus] = bytes(lus)
        return lus


def test_deux_cents_megaoctets_se_deposent_sans_memoire(sim, loop):
    taille = 200 * 1024 * 1024
    depot = loop.demander_depot("gros.txt")
    tracemalloc.start()
    try:
        loop.deposer(depot, Zeros(taille), taille)
        sommet = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sim.imports()["depots"][0]["taille"] == taille
    # The simulator is in this process too; 2 MiB measured, November 2026.
    assert sommet < 8 * 1024 * 1024


# --- the answer to an import -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "corps",
    [
        {"json": {}}, {"json": []}, {"json": {"accountingImportRequestId": ""}}, {"text": ""}, {"text": "OK"},
        {"json": {"accountingImportRequestId": None}}, {"json": {"accountingImportRequestId": "x" * 101}},
        {"json": {"accountingImportRequestId": {"id": DEMANDE}}}, {"text": "<html>"}, {"json": DEMANDE},
        {"text": '{"accountingImportRequestId": "ca85671e'}, {"json": {"message": "Demande enregistrée"}},
        {"json": {"id": DEMANDE}},
    ],
    ids=str,
)  # fmt: skip
def test_sans_numero_de_demande_l_import_est_incertain(corps):
    with respx.mock as routeur, client() as loop:
        routeur.post(f"{BASE}/importPerso").respond(200, **corps)
        with pytest.raises(ErreurPassagere) as refus:
            loop.importer("perso", code="C", url=LIEN, modele="M")
    assert refus.value.effet_possible


def test_un_numero_a_cote_d_une_erreur_est_incertain():
    corps = {"accountingImportRequestId": DEMANDE, "error": {"message": "refus"}}
    with respx.mock as routeur, client() as loop:
        routeur.post(f"{BASE}/importFEC").respond(200, json=corps)
        with pytest.raises(ErreurPassagere) as refus:
            loop.importer("fec", code="C", url=LIEN)
    assert refus.value.effet_possible


@pytest.mark.parametrize("statut", [200, 400])
@pytest.mark.parametrize("forme", ["texte", "chaine", "message", "error", "objet"])
def test_un_refus_connu_est_definitif_sous_toutes_ses_formes(statut, forme):
    phrase = "Le dossier C n'existe pas sur le domaine."
    objet = {"stack": "x", "message": phrase, "code": "X", "error": None, "statusCode": 400}
    corps = {
        "texte": {"text": phrase},
        "chaine": {"json": phrase},
        "message": {"json": {"message": phrase}},
        "error": {"json": {"error": {"instanceId": "1", "message": phrase}}},
        "objet": {"json": objet},
    }[forme]
    with respx.mock as routeur, client() as loop:
        routeur.post(f"{BASE}/importPerso").respond(statut, **corps)
        with pytest.raises(ErreurDefinitive) as refus:
            loop.importer("perso", code="C", url=LIEN, modele="M")
    assert refus.value.message == phrase


@pytest.mark.parametrize("statut", [200, 400, 500])
def test_un_refus_qui_cite_le_lien_ne_montre_pas_sa_signature(statut, echanges):
    corps = {"error": {"message": f"Le fichier {LIEN} est illisible"}}
    with respx.mock as routeur, client(journal=echanges.append) as loop:
        routeur.post(f"{BASE}/importPerso").respond(statut, json=corps)
        with pytest.raises((ErreurDefinitive, ErreurPassagere)) as refus:
            loop.importer("perso", code="C", url=LIEN, modele="M")
    assert refus.value.message == f"Le fichier {LIEN.replace('q7invente', '•••')} est illisible"
    sans_secret(echanges, refus.value)


# --- the answer to a status --------------------------------------------------------------------------------------


def lire(parametre="accountingImportRequestId", **reponse):
    with respx.mock as routeur, client(parametre_statut=parametre) as loop:
        routeur.get(f"{BASE}/getImportStatus", params={parametre: DEMANDE}).respond(**{"status_code": 200} | reponse)
        return loop.statut_import(DEMANDE)


@pytest.mark.parametrize(
    ("corps", "brut", "statut"),
    [
        ({"status": 1}, "1", 1),
        ({"status": "2"}, "2", 2),
        ({"statut": 3}, "3", 3),
        ({"Status": " 4 "}, "4", 4),
        ({"STATUT": "04"}, "04", 4),
        ({"status": 3.0}, "3.0", 3),
        ({"status": None, "statut": 2}, "2", 2),
        ([{"status": 1}], "1", 1),
        ({"data": {"status": 1}}, "1", 1),
        ({"status": 0}, "0", None),
        ({"status": 5}, "5", None),
        ({"status": 25}, "25", None),
        ({"status": -1}, "-1", None),
        ({"status": "Terminé"}, "Terminé", None),
    ],
    ids=str,
)
def test_le_statut_est_lu_largement(corps, brut, statut):
    assert lire(json=corps) == StatutImport(brut, statut)


def test_le_nom_du_parametre_se_regle():
    assert lire(parametre="id", json={"status": 1}).statut == 1


@pytest.mark.parametrize(
    ("corps", "message"),
    [
        ({"message": "un"}, "un"),
        ({"errorMessage": "un"}, "un"),
        ({"error": {"message": "un", "stack": "/srv/chemin.js"}}, "un"),
        ({"error": "un"}, "un"),
        ({"errors": ["un", {"message": "deux"}, {"message": "un"}]}, "un deux"),
        ({"erreurs": [{"message": {"message": "un"}}]}, "un"),
        ({"message": f"vu {LIEN} ici\u0000"}, f"vu {LIEN.replace('q7invente', '•••')} ici"),
        ({"message": 3, "error": None}, ""),
        ({"message": "x" * 5000}, "x" * 1000 + "…"),
    ],
    ids=lambda valeur: str(valeur)[:40],
)
def test_le_message_d_un_echec_est_cherche_ou_il_est_d_usage(corps, message):
    assert lire(json={"status": 4} | corps).message == message


@pytest.mark.parametrize(
    ("reponse", "famille"),
    [
        ({"text": "<html>"}, ErreurPassagere),
        ({"json": {}}, ErreurPassagere),
        ({"json": {"status": {"code": 1}}}, ErreurPassagere),
        ({"json": {"status": True}}, ErreurPassagere),
        ({"json": {"error": {"message": "inconnue"}}}, ErreurDefinitive),
        ({"json": {"message": "non", "code": "X"}, "status_code": 400}, ErreurDefinitive),
        ({"json": {"statusCode": 401, "message": "non"}}, ErreurDeReglage),
        ({"status_code": 404}, ErreurDeReglage),
        ({"status_code": 503}, ErreurPassagere),
    ],
    ids=str,
)
def test_un_statut_illisible_a_sa_famille(reponse, famille):
    with pytest.raises(famille) as refus:
        lire(**reponse)
    assert getattr(refus.value, "effet_possible", False) is False


# --- words -------------------------------------------------------------------------------------------------------


def test_chaque_phrase_du_depot_a_son_explication():
    source = (Path(__file__).resolve().parents[3] / "dossiers/loop/depot.py").read_text()
    levees = re.findall(r"Erreur(?:Passagere|Definitive|DeReglage)\(\s*((?:f?\"[^\"]*\"\s*)+)", source)
    assert len(levees) >= 8
    motifs = [expression(entree.motif) for entree in ENTREES]
    for levee in levees:
        phrase = normaliser("".join(re.findall(r"\"([^\"]*)\"", levee))).rstrip(" .")
        assert sum(bool(motif.fullmatch(phrase)) for motif in motifs) == 1, phrase
