"""A private key, however it is written, is refused with its own sentence and appears nowhere afterwards."""

from __future__ import annotations

import base64
import json
import logging
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
    pkcs12,
)

from raccordements.certificats import cles_privees
from raccordements.certificats.analyse import analyser
from raccordements.certificats.defenses import Refus
from tests.raccordements.certificats.autorite import (
    armer,
    cle_dsa,
    cle_rsa,
    p7b,
    p7b_en_ordre,
    pem,
    pki,
    tlv,
)
from tests.raccordements.certificats.corpus import CAS

RACINE = Path(__file__).resolve().parents[3]
MOT = b"mot de passe invente"
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
PKCS8, TRADITIONNEL, OPENSSH = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL, PrivateFormat.OpenSSH
NOMS = {PKCS8: "pkcs8", TRADITIONNEL: "traditionnel", Encoding.PEM: "pem", Encoding.DER: "der"}


def ecrite(cle, forme=PKCS8, encodage=Encoding.PEM, mot: bytes | None = None) -> bytes:
    return cle.private_bytes(encodage, forme, BestAvailableEncryption(mot) if mot else NoEncryption())


def magasin(mot: bytes | None = None, cle=None, certificat: bool = True) -> bytes:
    feuille = pki().feuille(cle=cle or EC)
    return pkcs12.serialize_key_and_certificates(
        b"essai",
        cle or EC,
        feuille.certificat if certificat else None,
        [pki().racine.certificat] if certificat else None,
        BestAvailableEncryption(mot) if mot else NoEncryption(),
    )


def signe(donnees: bytes) -> bytes:
    """An S/MIME-like PKCS#7 that carries `donnees` beside its certificates."""
    feuille = pki().feuille(cle=cle_rsa())
    batisseur = pkcs7.PKCS7SignatureBuilder().set_data(donnees)
    batisseur = batisseur.add_signer(feuille.certificat, feuille.cle, hashes.SHA256())
    return batisseur.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary])


def dans_une_extension(octets: bytes) -> bytes:
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), octets)
    return p7b(*pki().chaine(extensions=[extension]))


def jwk() -> bytes:
    texte = {"kty": "EC", "crv": "P-256", "x": "aa", "y": "bb", "d": base64.urlsafe_b64encode(b"x" * 32).decode()}
    return json.dumps(texte).encode()


CLES: dict[str, tuple[Callable[[], bytes], str]] = {
    **{
        f"{nom}-{NOMS[forme]}-{NOMS[encodage]}{'-chiffree' if mot else ''}": (
            lambda cle=cle, forme=forme, encodage=encodage, mot=mot: ecrite(cle(), forme, encodage, mot),
            "cle_privee",
        )
        for nom, cle, formes in (
            ("rsa", cle_rsa, (PKCS8, TRADITIONNEL)),
            ("ec", lambda: EC, (PKCS8, TRADITIONNEL)),
            ("dsa", cle_dsa, (PKCS8, TRADITIONNEL)),
            ("ed25519", lambda: ED, (PKCS8,)),
        )
        for forme in formes
        for encodage in (Encoding.PEM, Encoding.DER)
        for mot in (None, MOT)
        # DER of the former OpenSSL format has no encryption.
        if not (mot and forme is TRADITIONNEL and encodage is Encoding.DER)
    },
    "openssh": (lambda: ecrite(ED, OPENSSH), "cle_privee"),
    "openssh-nue": (lambda: base64.b64decode(b"".join(ecrite(ED, OPENSSH).splitlines()[1:-1])), "cle_privee"),
    "pkcs12": (magasin, "magasin"),
    "pkcs12-chiffre": (lambda: magasin(MOT), "magasin"),
    "pkcs12-rsa": (lambda: magasin(MOT, cle_rsa()), "magasin"),
    "pkcs12-cle-seule": (lambda: magasin(MOT, certificat=False), "magasin"),
    "pkcs12-base64": (lambda: base64.encodebytes(magasin(MOT)), "magasin"),
    "pkcs12-en-pem": (lambda: armer("CERTIFICATE", magasin(MOT)), "magasin"),
    "pkcs12-tronque": (lambda: magasin(MOT)[:120], "magasin"),
    "pkcs12-trop-gros": (lambda: magasin(MOT) + bytes(70_000), "magasin"),
    "jks": (lambda: b"\xfe\xed\xfe\xed\x00\x00\x00\x02" + bytes(50), "magasin"),
    "jceks": (lambda: b"\xce\xce\xce\xce\x00\x00\x00\x02" + bytes(50), "magasin"),
    "avec-sa-chaine": (lambda: pem(*pki().chaine()) + ecrite(EC), "cle_privee"),
    "avant-sa-chaine": (lambda: ecrite(cle_rsa(), TRADITIONNEL) + pem(*pki().chaine()), "cle_privee"),
    "chiffree-avec-sa-chaine": (lambda: pem(*pki().chaine()) + ecrite(EC, mot=MOT), "cle_privee"),
    "base64-nue": (lambda: base64.encodebytes(ecrite(cle_rsa(), encodage=Encoding.DER)), "cle_privee"),
    "base64-apres-du-texte": (
        lambda: b"voici la cle " + base64.b64encode(ecrite(EC, encodage=Encoding.DER)),
        "cle_privee",
    ),
    "base64-adresse": (lambda: base64.urlsafe_b64encode(ecrite(cle_rsa(), encodage=Encoding.DER)), "cle_privee"),
    "base64-deux-fois": (lambda: base64.encodebytes(base64.encodebytes(ecrite(EC))), "cle_privee"),
    "utf-16": (lambda: ecrite(EC).decode().encode("utf-16"), "cle_privee"),
    "utf-16-be-sans-marque": (lambda: ecrite(EC).decode().encode("utf-16-be"), "cle_privee"),
    "mal-nommee": (lambda: armer("CERTIFICATE", ecrite(EC, encodage=Encoding.DER)), "cle_privee"),
    "mal-nommee-chiffree": (lambda: armer("PKCS7", ecrite(EC, encodage=Encoding.DER, mot=MOT)), "cle_privee"),
    "lignes-entrelacees": (
        lambda: (
            b"-----BEGIN CERTIFICATE-----\n"
            + b"\nA: b\n".join(
                base64.b64encode(ecrite(EC, encodage=Encoding.DER))[i : i + 16] for i in range(0, 400, 16)
            )
            + b"\n-----END CERTIFICATE-----\n"
        ),
        "cle_privee",
    ),
    "sans-sa-fin": (lambda: ecrite(cle_rsa())[:-60], "cle_privee"),
    "sans-son-debut": (lambda: ecrite(cle_rsa())[300:], "cle_privee"),
    "entete-abime": (lambda: ecrite(EC).replace(b"-----BEGIN", b"---BEGIN"), "cle_privee"),
    "json": (lambda: json.dumps({"cle": ecrite(EC).decode()}).encode(), "cle_privee"),
    "json-sans-marques": (
        lambda: json.dumps({"cle": base64.encodebytes(ecrite(cle_rsa(), encodage=Encoding.DER)).decode()}).encode(),
        "cle_privee",
    ),
    "jwk": (jwk, "cle_privee"),
    "xml": (lambda: b"<RSAKeyValue><Modulus>AA</Modulus><D>AAAA</D></RSAKeyValue>", "cle_privee"),
    "putty": (lambda: b"PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\nAAAA\n", "cle_privee"),
    "putty-utf-16": (lambda: "PuTTY-User-Key-File-3: ssh-ed25519\nAAAA\n".encode("utf-16"), "cle_privee"),
    "pgp": (
        lambda: b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQOY\n-----END PGP PRIVATE KEY BLOCK-----",
        "cle_privee",
    ),
    "ssh2": (lambda: b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nP2/56\n", "cle_privee"),
    "html": (lambda: b"<html><pre>" + ecrite(EC) + b"</pre></html>", "cle_privee"),
    "dans-un-pkcs7": (lambda: signe(ecrite(EC)), "cle_privee"),
    "dans-un-pkcs7-der": (lambda: signe(ecrite(cle_rsa(), TRADITIONNEL, Encoding.DER)), "cle_privee"),
    "magasin-dans-un-pkcs7": (
        lambda: p7b_en_ordre(*pki().chaine(), contenu=tlv(0xA0, tlv(4, magasin(MOT)))),
        "magasin",
    ),
    "dans-une-extension": (lambda: dans_une_extension(ecrite(EC, encodage=Encoding.DER)), "cle_privee"),
    "dans-une-extension-pem": (lambda: dans_une_extension(ecrite(EC)), "cle_privee"),
    "apres-le-der": (lambda: p7b(*pki().chaine()) + ecrite(EC, encodage=Encoding.DER), "cle_privee"),
}


def fragments(octets: bytes) -> set[str]:
    """Pieces that would betray a file: its own text, and its bytes in hexadecimal and base64."""
    formes = (octets.decode("latin-1"), octets.hex(), base64.b64encode(octets).decode(), repr(octets))
    return {forme[debut : debut + 16] for forme in formes for debut in range(0, max(1, len(forme) - 16), 16)}


@pytest.mark.parametrize("nom", CLES)
def test_une_cle_privee_est_refusee(nom: str, limites):
    fichier, code = CLES[nom]
    octets = fichier()
    with pytest.raises(Refus) as exc:
        analyser(octets, limites)
    assert exc.value.code == code
    assert exc.value.faits == {}
    trace = "".join(traceback.format_exception(exc.value)) + repr(exc.value.__context__)
    assert not any(fragment in trace for fragment in fragments(octets) if fragment.strip() and len(fragment) == 16)


@pytest.mark.parametrize("cas", CAS, ids=lambda cas: cas.nom)
def test_un_certificat_n_est_pas_pris_pour_une_cle(cas):
    assert cles_privees.chercher(cas.fichier()) is None


def test_une_cle_jwk_publique_n_en_est_pas_une():
    assert cles_privees.chercher(b'{"kty": "EC", "crv": "P-256", "x": "aa", "y": "bb"}') is None


def test_rien_de_la_cle_ne_sort_du_processus_ni_de_son_parent(limites, settings, capfd, caplog):
    from raccordements.certificats import lecteur

    caplog.set_level(logging.DEBUG)
    noms = ["rsa-pkcs8-pem", "rsa-traditionnel-der", "openssh", "pkcs12", "avec-sa-chaine", "dans-un-pkcs7"]
    octets = [CLES[nom][0]() for nom in noms]
    demande = b"".join(base64.b64encode(un) + b"\n" for un in octets)
    commande = [sys.executable, "-m", lecteur.ENFANT, json.dumps(asdict(limites))]
    enfant = subprocess.run(commande, input=demande, capture_output=True, cwd=RACINE, env={}, check=True)
    resultats = lecteur.analyser_plusieurs(octets)
    dits = [enfant.stdout.decode(), enfant.stderr.decode(), caplog.text, *capfd.readouterr()]
    for un, resultat in zip(octets, resultats, strict=True):
        assert isinstance(resultat, lecteur.FichierRefuse)
        assert resultat.code in {"cle_privee", "magasin"}
        with pytest.raises(lecteur.FichierRefuse) as exc:
            lecteur.analyser(un)
        dits += ["".join(traceback.format_exception(exc.value)), repr(vars(exc.value)), repr(resultat.args)]
    for un in octets:
        assert not any(fragment in dit for dit in dits for fragment in fragments(un) if len(fragment) == 16)
    assert enfant.stdout.count(b"\n") == len(octets)
