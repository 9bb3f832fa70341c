"""The transport: sorting of every failure, the deadline that bounds everything, the trace of every attempt."""

import gzip
import json
import socket
import ssl
import struct
import threading
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpcore
import httpx
import pytest
import respx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from config import echeance
from config.http import (
    ATTENTE_MAX,
    CORPS_GARDE,
    ErreurDefinitive,
    ErreurDeReglage,
    ErreurPassagere,
    Transport,
    lire_attente,
    lire_attente_apim,
)
from config.masquage import MASQUE

BASE = "https://loop.exemple/api"
SECRET = "q7+secret/invente=="
QUOTA = "Out of call volume quota. Quota will be replenished in 00:20:05."


def transport(journal=None, **options):
    reglages = {"base_url": BASE, "entetes": {"x-apikey": f"CLE:{SECRET}"}, "secrets": (SECRET,)}
    return Transport(**reglages | {"delai_total": 2, "taille_max": 50_000, "journal": journal} | options)


def passagere(ecriture, attendre=None):
    return ErreurPassagere, {"attendre": attendre, "effet_possible": ecriture}


def sans_effet(ecriture, attendre=None):
    return ErreurPassagere, {"attendre": attendre, "effet_possible": False}


def definitive(ecriture):
    return ErreurDefinitive, {}


def reglage(ecriture):
    return ErreurDeReglage, {}


def rep(statut, json=None, **entetes):
    texte = entetes.pop("texte", None)
    entetes = {nom.replace("_", "-"): valeur for nom, valeur in entetes.items()}
    return {"return_value": httpx.Response(statut, json=json, text=texte, headers=entetes)}


TABLE = [
    pytest.param({"side_effect": httpcore.ConnectError}, sans_effet, id="connexion-refusee-ou-dns"),
    pytest.param({"side_effect": httpcore.ConnectTimeout}, sans_effet, id="connexion-trop-lente"),
    pytest.param({"side_effect": httpcore.PoolTimeout}, sans_effet, id="attente-d-une-connexion"),
    pytest.param({"side_effect": httpcore.WriteError}, passagere, id="coupure-a-l-envoi"),
    pytest.param({"side_effect": httpcore.WriteTimeout}, passagere, id="envoi-trop-lent"),
    pytest.param({"side_effect": httpcore.ReadTimeout}, passagere, id="reponse-trop-lente"),
    pytest.param({"side_effect": httpcore.ReadError}, passagere, id="coupure-a-la-lecture"),
    pytest.param({"side_effect": httpcore.RemoteProtocolError}, passagere, id="protocole"),
    pytest.param(rep(200, texte="x" * 50_001), passagere, id="trop-gros"),
    pytest.param({"return_value": httpx.Response(200, content=b"\xff\xfe{")}, passagere, id="indechiffrable"),
    pytest.param(
        {"return_value": httpx.Response(200, content=b"{}", headers={"content-encoding": "br"})},
        passagere,
        id="codage-inconnu",
    ),
    pytest.param(
        {"return_value": httpx.Response(400, content=b"\xff", headers={"content-type": "text/plain; charset=utf-8"})},
        passagere,
        id="400-indechiffrable",
    ),
    pytest.param(rep(429), sans_effet, id="429-nu"),
    pytest.param(rep(429, retry_after="12"), lambda e: sans_effet(e, 12), id="429-secondes"),
    pytest.param(rep(429, retry_after="-5"), sans_effet, id="429-negatif"),
    pytest.param(rep(429, retry_after="99999999"), lambda e: sans_effet(e, ATTENTE_MAX), id="429-plafond"),
    pytest.param(
        rep(429, {"statusCode": 429, "message": "Rate limit is exceeded. Try again in 7 seconds."}),
        lambda e: sans_effet(e, 7),
        id="429-phrase-apim",
    ),
    pytest.param(rep(403, retry_after="3"), lambda e: sans_effet(e, 3), id="403-retry-after"),
    pytest.param(rep(403, {"statusCode": 403, "message": QUOTA}), lambda e: sans_effet(e, 1205), id="403-quota"),
    pytest.param(rep(403, {"message": "non", "code": "Interdit"}), definitive, id="403-code"),
    pytest.param(rep(403), reglage, id="403-nu"),
    pytest.param(rep(403, {"statusCode": 403, "message": "Forbidden"}), reglage, id="403-passerelle"),
    pytest.param(rep(401, {"statusCode": 401, "message": "Access denied"}), reglage, id="401"),
    pytest.param(rep(301, location="https://ailleurs.exemple/"), reglage, id="301"),
    pytest.param(rep(307, location="/ailleurs"), reglage, id="307"),
    pytest.param(rep(404), reglage, id="404-nu"),
    pytest.param(rep(404, {"statusCode": 404, "message": "Resource not found"}), reglage, id="404-passerelle"),
    pytest.param(rep(404, {"message": "Dossier inconnu", "code": "NotFound"}), definitive, id="404-du-service"),
    pytest.param(rep(408), passagere, id="408"),
    pytest.param(rep(400, {"message": "champ absent"}), definitive, id="400-lisible"),
    pytest.param(rep(409, {"error": {"message": "conflit"}}), definitive, id="409-emboite"),
    pytest.param(rep(422, {"errorCode": 22, "errorMessage": "refus"}), definitive, id="422-errorMessage"),
    pytest.param(rep(400, {"libelle": "refus", "codeRetour": 1}), definitive, id="400-libelle"),
    pytest.param(rep(400), passagere, id="400-illisible"),
    pytest.param(rep(418, texte="<html>"), passagere, id="418-html"),
    pytest.param(rep(500, {"message": "panne", "code": "Panne"}), passagere, id="500"),
    pytest.param(rep(502, texte="<html>"), passagere, id="502"),
    pytest.param(rep(503), passagere, id="503"),
    pytest.param(rep(503, retry_after="9"), lambda e: passagere(e, 9), id="503-retry-after"),
    pytest.param(rep(504), passagere, id="504"),
]


@pytest.mark.parametrize("ecriture", [True, False], ids=["ecriture", "lecture"])
@pytest.mark.parametrize(("reponse", "attendu"), TABLE)
def test_chaque_panne_a_sa_famille(reponse, attendu, ecriture):
    famille, attributs = attendu(ecriture)
    echanges = []
    with respx.mock(assert_all_called=True) as routeur:
        routeur.post(f"{BASE}/x").mock(**reponse)
        with transport(echanges.append) as http, pytest.raises(famille) as refus:
            http.envoyer("POST", "/x", corps={}, ecriture=ecriture)
    assert {nom: getattr(refus.value, nom) for nom in attributs} == attributs
    assert refus.value.message
    assert len(echanges) == 1
    assert echanges[0].erreur.startswith(famille.__name__)


def test_une_erreur_porte_les_mots_du_service_mais_ne_les_montre_pas():
    corps = {"message": f"Jean Martin a envoyé {SECRET}\u0000", "code": "Refus"}
    with respx.mock as routeur:
        routeur.post(f"{BASE}/x").respond(400, json=corps, headers={"requestid": "r-1", "x-request-id": "x-1"})
        with transport() as http, pytest.raises(ErreurDefinitive) as refus:
            http.envoyer("POST", "/x", corps={}, ecriture=True)
    erreur = refus.value
    assert erreur.message == f"Jean Martin a envoyé {MASQUE}\ufffd"
    assert (erreur.statut, erreur.code, erreur.requete_id) == (400, "Refus", "r-1")
    assert str(erreur) == "HTTP 400, code Refus, requête r-1"
    assert "Martin" not in repr(erreur)


@pytest.mark.parametrize(
    ("valeur", "attente"),
    [
        ("", None),
        ("0", 0),
        ("120", 120),
        ("1.5", 1.5),
        ("-1", None),
        ("soon", None),
        ("9" * 30, None),
        ("7200", 3600),
        ("NaN", None),
        ("1e3", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
    ],
)
def test_retry_after(valeur, attente):
    assert lire_attente(valeur) == attente


def test_retry_after_par_date():
    assert 55 <= lire_attente(format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)) <= 60
    assert lire_attente(format_datetime(datetime.now(UTC) + timedelta(days=3), usegmt=True)) == ATTENTE_MAX


@pytest.mark.parametrize(
    ("texte", "attente"),
    [
        ("Try again in 30 seconds.", 30),
        ("replenished in 00:00:59", 59),
        ("replenished in 1.00:00:00", 3600),
        ("", None),
    ],
)
def test_attente_dans_les_phrases_d_apim(texte, attente):
    assert lire_attente_apim(texte) == attente


@respx.mock
def test_succes_et_trace_masquee(respx_mock):
    route = respx_mock.get(f"{BASE}/x").respond(
        200, json={"token": "abc", "ok": 1}, headers={"requestid": "r-1", "x-request-id": "x-1", "set-cookie": "a=b"}
    )
    echanges = []
    with transport(echanges.append) as http:
        reponse = http.envoyer(
            "GET", "/x", corps={"apiKey": "CLE"}, params={"codeDossier": "D&1", "sig": "s"}, ecriture=False
        )
        http.envoyer("GET", "/x", ecriture=False)
    requete = route.calls[0].request
    assert requete.method == "GET"
    assert json.loads(requete.content) == {"apiKey": "CLE"}
    assert requete.headers["x-apikey"] == f"CLE:{SECRET}"
    assert requete.headers["content-type"] == "application/json"
    assert "cookie" not in route.calls[1].request.headers
    assert (reponse.statut, reponse.donnees, reponse.requete_id) == (200, {"token": "abc", "ok": 1}, "r-1")
    trace = echanges[0]
    assert trace.adresse == f"{BASE}/x?codeDossier=D%261&sig={MASQUE}"
    assert trace.entetes_requete["x-apikey"] == trace.entetes_reponse["set-cookie"] == MASQUE
    assert json.loads(trace.corps_reponse) == {"token": MASQUE, "ok": 1}
    assert (trace.statut, trace.erreur, trace.requete_id, trace.x_requete_id) == (200, "", "r-1", "x-1")
    assert trace.debut.utcoffset() == timedelta(0)
    assert SECRET not in repr(echanges) + repr(http) + repr(reponse)


@pytest.mark.parametrize("taille", [CORPS_GARDE + 1, 200_000])
def test_la_trace_d_un_long_corps_est_coupee_et_le_dit(respx_mock, taille):
    respx_mock.get(f"{BASE}/x").respond(200, json=["x" * (CORPS_GARDE - 20) + SECRET + "y" * taille])
    echanges = []
    with transport(echanges.append, taille_max=10**6) as http:
        http.envoyer("GET", "/x", ecriture=False)
    garde = echanges[0].corps_reponse
    assert garde.endswith("octets en tout)")
    assert len(garde) < CORPS_GARDE + 60
    assert SECRET[:5] not in garde


def test_un_journal_en_panne_remonte_apres_avoir_rendu_la_connexion():
    def journal(echange):
        raise OSError("disque plein")

    with serveur(reponse_http(b"{}"), reponse_http(b"{}")) as (port, connexions):
        http = transport(journal, base_url=f"http://127.0.0.1:{port}")
        with http:
            for _ in range(2):
                with pytest.raises(OSError, match="disque plein"):
                    http.envoyer("GET", "/x", ecriture=False)
    assert len(connexions) == 1


@pytest.mark.parametrize("valeur", ["accentué", "a\nb", "a\r\nX: y", " bord", "", "a\0b"])
def test_un_en_tete_interdit_est_refuse_avant_toute_connexion(valeur):
    with pytest.raises(ErreurDeReglage) as refus:
        transport(entetes={"x-apikey": valeur})
    assert "x-apikey" in refus.value.message
    assert str(refus.value) == "sans réponse"


@pytest.mark.parametrize("adresse", ["", "loop.exemple", "ftp://loop.exemple", "http://"])
def test_une_adresse_de_base_invalide(adresse):
    with pytest.raises(ErreurDeReglage):
        transport(base_url=adresse)


# --- real sockets ------------------------------------------------------------------------------------------------


def reponse_http(corps, statut="200 OK", **entetes):
    lignes = "".join(f"{nom.replace('_', '-')}: {valeur}\r\n" for nom, valeur in entetes.items())
    return f"HTTP/1.1 {statut}\r\nContent-Length: {len(corps)}\r\n{lignes}\r\n".encode() + corps


def couper(prise):
    prise.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    prise.close()


@contextmanager
def serveur(*scenes):
    """Plays one scene per request: bytes to send, or a function of the socket. Yields the port and the connections."""
    ecoute = socket.create_server(("127.0.0.1", 0))
    connexions, fin, restantes = [], threading.Event(), list(scenes)

    def lire_requete(prise):
        recu = b""
        while b"\r\n\r\n" not in recu:
            if not (morceau := prise.recv(65536)):
                return False
            recu += morceau
        return True

    def servir():
        while restantes:
            try:
                prise, _ = ecoute.accept()
            except OSError:
                return
            connexions.append(prise)
            try:
                while restantes and lire_requete(prise):
                    scene = restantes.pop(0)
                    if callable(scene):
                        scene(prise, fin)
                        break
                    prise.sendall(scene)
            except OSError:
                continue

    fil = threading.Thread(target=servir, daemon=True)
    fil.start()
    try:
        yield ecoute.getsockname()[1], connexions
    finally:
        fin.set()
        # Closing alone does not wake the thread that accepts.
        ecoute.shutdown(socket.SHUT_RDWR)
        ecoute.close()
        for prise in connexions:
            # Nor the one that reads.
            with suppress(OSError):
                prise.shutdown(socket.SHUT_RDWR)
            prise.close()
        fil.join(2)


def au_compte_gouttes(octets):
    def scene(prise, fin):
        for octet in octets:
            prise.sendall(bytes((octet,)))
            if fin.wait(0.05):
                return

    return scene


def appeler(port, **options):
    with transport(base_url=f"http://127.0.0.1:{port}", **options) as http:
        return http.envoyer("POST", "/x", corps={"a": 1}, ecriture=True)


LENTES = {
    "entetes": au_compte_gouttes(b"HTTP/1.1 200 OK\r\nX-Rien: " + b"a" * 2000),
    "corps": au_compte_gouttes(reponse_http(b"a" * 2000)),
    "informations": au_compte_gouttes(b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "silence": lambda prise, fin: fin.wait(10),
}


@pytest.mark.parametrize("lente", LENTES)
def test_le_delai_total_borne_tout(lente):
    debut = time.monotonic()
    with serveur(LENTES[lente]) as (port, _), pytest.raises(ErreurPassagere) as refus:
        appeler(port, delai_total=0.3)
    assert time.monotonic() - debut < 1.5
    assert refus.value.effet_possible
    assert "délai" in refus.value.message


def test_le_delai_total_borne_un_envoi_que_personne_ne_lit():
    debut = time.monotonic()
    with (
        socket.create_server(("127.0.0.1", 0)) as ecoute,
        transport(base_url=f"http://127.0.0.1:{ecoute.getsockname()[1]}", delai_total=0.5) as http,
        pytest.raises(ErreurPassagere) as refus,
    ):
        http.envoyer("POST", "/x", corps="x" * 20_000_000, ecriture=True)
    assert refus.value.effet_possible
    assert time.monotonic() - debut < 2


def test_le_delai_total_borne_la_resolution_de_nom(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: time.sleep(3))
    debut = time.monotonic()
    with pytest.raises(ErreurPassagere) as refus:
        appeler(80, delai_total=0.3)
    assert not refus.value.effet_possible
    assert time.monotonic() - debut < 1.5


def test_un_nom_inconnu_n_a_rien_envoye(monkeypatch):
    def inconnu(*arguments, **options):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", inconnu)
    with pytest.raises(ErreurPassagere) as refus:
        appeler(80)
    assert not refus.value.effet_possible


def test_la_deuxieme_adresse_sert_quand_la_premiere_refuse(monkeypatch):
    with serveur(reponse_http(b"{}")) as (port, _):
        deux = [(0, 0, 0, "", ("127.0.0.2", port)), (0, 0, 0, "", ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: deux)
        monkeypatch.setattr(socket, "create_connection", _connexion_directe)
        assert appeler(port).donnees == {}


def _connexion_directe(adresse, delai=None, source_address=None):
    prise = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    prise.settimeout(delai)
    try:
        prise.connect(adresse)
    except OSError:
        prise.close()
        raise
    return prise


def test_connexion_refusee():
    with socket.create_server(("127.0.0.1", 0)) as ecoute:
        port = ecoute.getsockname()[1]
    with pytest.raises(ErreurPassagere) as refus:
        appeler(port)
    assert not refus.value.effet_possible
    assert "Rien n’a été envoyé" in refus.value.message


COUPURES = {
    "reset": lambda prise, fin: couper(prise),
    "fin_sans_reponse": lambda prise, fin: prise.shutdown(socket.SHUT_RDWR),
    "reset_dans_les_entetes": lambda prise, fin: (prise.sendall(b"HTTP/1.1 200 O"), couper(prise)),
    "corps_incomplet": lambda prise, fin: (prise.sendall(reponse_http(b"{}x")[:-1]), prise.shutdown(socket.SHUT_RDWR)),
    "pas_du_http": lambda prise, fin: prise.sendall(b"SSH-2.0-x\r\n\r\n"),
}


@pytest.mark.parametrize("coupure", COUPURES)
def test_une_coupure_laisse_une_ecriture_incertaine(coupure):
    with serveur(COUPURES[coupure]) as (port, _), pytest.raises(ErreurPassagere) as refus:
        appeler(port)
    assert refus.value.effet_possible


def test_la_connexion_est_gardee_d_un_appel_a_l_autre():
    with serveur(*[reponse_http(b"{}", Set_Cookie="a=b")] * 3) as (port, connexions):
        with transport(base_url=f"http://127.0.0.1:{port}") as http:
            for _ in range(3):
                http.envoyer("GET", "/x", ecriture=False)
        assert len(connexions) == 1


def test_une_connexion_oisive_est_abandonnee_avant_que_le_serveur_la_ferme(monkeypatch):
    monkeypatch.setattr(echeance, "EXPIRATION_CONNEXION", 0.05)
    with serveur(reponse_http(b"{}"), reponse_http(b"{}")) as (port, connexions):
        with transport(base_url=f"http://127.0.0.1:{port}") as http:
            http.envoyer("GET", "/x", ecriture=False)
            time.sleep(0.2)
            http.envoyer("GET", "/x", ecriture=False)
        assert len(connexions) == 2


def test_une_redirection_n_est_pas_suivie():
    with serveur(reponse_http(b"", "302 Found", Location="/y")) as (port, connexions):
        with pytest.raises(ErreurDeReglage):
            appeler(port)
        assert len(connexions) == 1


@pytest.mark.parametrize("donnees", [{"a": "é" * 1000}, []])
def test_gzip(donnees):
    corps = gzip.compress(json.dumps(donnees).encode())
    with serveur(reponse_http(corps, Content_Encoding="gzip")) as (port, _):
        assert appeler(port).donnees == donnees


def test_une_bombe_gzip_est_arretee_au_plafond():
    corps = gzip.compress(b"0" * 30_000_000)
    assert len(corps) < 50_000
    with serveur(reponse_http(corps, Content_Encoding="gzip")) as (port, _), pytest.raises(ErreurPassagere) as refus:
        appeler(port)
    assert refus.value.effet_possible
    assert "volumineuse" in refus.value.message


@pytest.mark.parametrize("corps", [gzip.compress(b"{}" * 500)[:-9], b"pas du gzip"], ids=["coupe", "faux"])
def test_un_gzip_abime_laisse_une_ecriture_incertaine(corps):
    with serveur(reponse_http(corps, Content_Encoding="gzip")) as (port, _), pytest.raises(ErreurPassagere) as refus:
        appeler(port)
    assert refus.value.effet_possible


def test_le_certificat_est_verifie():
    contexte = echeance._contexte_tls()
    assert contexte.verify_mode is ssl.CERT_REQUIRED
    assert contexte.check_hostname


def test_un_serveur_sans_tls_n_obtient_rien():
    vus = []

    def scene(prise, fin):
        vus.append(prise)

    with serveur(scene) as (port, _), pytest.raises(ErreurPassagere) as refus:
        transport(base_url=f"https://127.0.0.1:{port}", delai_total=0.5).envoyer("POST", "/x", ecriture=True)
    assert not refus.value.effet_possible
    assert not vus


def test_le_mandataire_de_l_environnement_est_ignore(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with serveur(reponse_http(b"{}")) as (port, _):
        assert appeler(port).statut == 200


def test_un_transport_de_remplacement_est_accepte():
    faux = httpx.MockTransport(lambda requete: httpx.Response(200, json={"vu": requete.url.path}))
    with transport(transport=faux) as http:
        assert http.envoyer("GET", "/y", ecriture=False).donnees == {"vu": "/api/y"}


def test_un_certificat_refuse_est_un_reglage_et_rien_n_est_envoye(tmp_path):
    """A real TLS server whose certificate nobody vouches for: no request reaches it, and no later try would do."""
    cle = ec.generate_private_key(ec.SECP256R1())
    nom = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    debut = datetime(2026, 1, 1, tzinfo=UTC)
    certificat = (
        x509.CertificateBuilder()
        .subject_name(nom)
        .issuer_name(nom)
        .public_key(cle.public_key())
        .serial_number(1)
        .not_valid_before(debut)
        .not_valid_after(debut + timedelta(days=3650))
        .sign(cle, hashes.SHA256())
    )
    fichier = tmp_path / "serveur.pem"
    fichier.write_bytes(
        certificat.public_bytes(serialization.Encoding.PEM)
        + cle.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    contexte = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    contexte.load_cert_chain(fichier)
    recus = []

    def servir(prise):
        with suppress(OSError), contexte.wrap_socket(prise.accept()[0], server_side=True) as ouverte:
            recus.append(ouverte.recv(1000))

    with socket.create_server(("127.0.0.1", 0)) as prise:
        fil = threading.Thread(target=servir, args=(prise,))
        fil.start()
        adresse = f"https://127.0.0.1:{prise.getsockname()[1]}"
        with (
            Transport(adresse, entetes={}, delai_total=5, taille_max=1000) as transport,
            pytest.raises(ErreurDeReglage) as erreur,
        ):
            transport.envoyer("POST", "/", corps={}, ecriture=True)
        fil.join(5)
    assert "certificat" in erreur.value.message
    assert not any(recus)
