"""Finds the certificates in the bytes of a file, whatever wraps them. No Django here.

Read: PKCS#7 and single certificates, in DER, in PEM, in base64 without its first and last lines; several PEM blocks one
after the other; a PKCS#7 under the label of a certificate, as some servers write it. The contents decide.
"""

from __future__ import annotations

import base64
import binascii
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from raccordements.certificats import cles_privees
from raccordements.certificats.defenses import Refus
from raccordements.certificats.schemas import Forme

OID_SIGNE = bytes.fromhex("06092a864886f70d010702")
OID_CHIFFRES = tuple(bytes.fromhex(f"06092a864886f70d0107{fin}") for fin in ("03", "04", "06"))
SUITE = 0x30
BLANCS = b" \t\r\n\x00\x1a"
CONTROLES = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
MARQUE = re.compile(r"-----(BEGIN|END) ([A-Za-z0-9 #._-]{1,60}?)-----")
PAGE = re.compile(r"\s*<(?:!doctype|\?xml|html|head|body|!--)", re.IGNORECASE)
#: PDF, ZIP (Office included), former Office, GZIP, RAR, 7z, PNG, JPEG.
DOCUMENTS = (
    b"%PDF",
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0",
    b"\x1f\x8b",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x89PNG",
    b"\xff\xd8\xff",
)
BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True, slots=True)
class Contenu:
    """What was found: the shape of the file, its certificates in its order, and the names of what else it holds."""

    forme: Forme
    certificats: list[x509.Certificate]
    ignores: tuple[str, ...]


def ouvrir(octets: bytes, taille_max: int) -> Contenu:
    """The certificates of a file. Raises Refus: see `lecteur.REFUS`.

    A private key is looked for before anything is read, and once more in what the blocks hold.
    """
    if not octets.strip(BLANCS):
        raise Refus("vide")
    if cle := cles_privees.chercher(octets):
        raise Refus(cle)
    if len(octets) > taille_max:
        raise Refus("taille", maximum=taille_max)
    if octets.startswith(DOCUMENTS):
        raise Refus("document")
    texte = _texte(octets)
    blocs = [_exact(octets)] if texte is None else list(_blocs(texte))
    certificats: list[x509.Certificate] = []
    ignores: dict[str, None] = {}
    signes = 0
    for der in blocs:
        if texte is not None and (cle := cles_privees.chercher(der)):
            raise Refus(cle)
        if _est_signe(der):
            signes += 1
            certificats += _certificats_pkcs7(der)
        else:
            lu = _lire_seul(der)
            if isinstance(lu, str):
                ignores[lu] = None
            else:
                certificats.append(lu)
    if not certificats:
        raise Refus(next(iter(ignores), "sans_certificat"))
    formes = (Forme.CERTIFICAT_DER, Forme.CERTIFICAT_PEM, Forme.PKCS7_DER, Forme.PKCS7_PEM)
    forme = formes[2 * (signes == len(blocs)) + (texte is not None)]
    return Contenu(forme, certificats, tuple(ignores))


# --- texts -------------------------------------------------------------------------------------------------------


def _texte(octets: bytes) -> str | None:
    """The file as a text, None when it is binary."""
    if octets[0] == SUITE and not octets[1:2].isalnum():
        return None
    encodage = next((nom for bom, nom in BOMS if octets.startswith(bom)), None)
    try:
        texte = octets.decode(encodage or ("utf-16-le" if octets[1:2] == b"\x00" else "utf-8"))
    except UnicodeDecodeError:
        texte = octets.decode("latin-1")
    texte = texte.rstrip("\x00\x1a")
    return texte if "-----BEGIN " in texte or not CONTROLES.search(texte) else None


def _blocs(texte: str) -> Iterator[bytes]:
    """The DER of each PEM block, or that of a base64 text without any. Raises Refus."""
    ouvert: tuple[str, int] | None = None
    vu = False
    for marque in MARQUE.finditer(texte):
        sens, etiquette = marque.groups()
        if sens == "BEGIN":
            if ouvert:
                raise Refus("tronque")
            ouvert, vu = (etiquette, marque.end()), True
        elif ouvert is None or ouvert[0] != etiquette:
            raise Refus("tronque")
        else:
            yield _exact(_base64(texte[ouvert[1] : marque.start()]), etiquette)
            ouvert = None
    if ouvert or (not vu and "-----BEGIN" in texte):
        raise Refus("tronque")
    if vu:
        return
    if PAGE.match(texte):
        raise Refus("page")
    nu = "".join(texte.split())
    if not re.fullmatch(r"M[A-Za-z0-9+/]{60,}={0,2}", nu):
        raise Refus("texte")
    yield _exact(_base64(nu))


def _base64(texte: str) -> bytes:
    # RFC 1421 allows lines « Name: value » before the contents.
    lignes = (ligne for ligne in texte.splitlines() if ":" not in ligne)
    try:
        return base64.b64decode("".join("".join(lignes).split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refus("base64") from None


# --- DER ---------------------------------------------------------------------------------------------------------


def _exact(der: bytes, etiquette: str = "") -> bytes:
    """`der` without what follows its end. Raises Refus: `tronque`, `illisible`."""
    fin = _bornes(der)[1]
    if fin is None:
        return der
    if fin > len(der):
        raise Refus("tronque")
    # OpenSSL writes its own remarks after a TRUSTED CERTIFICATE: they are no part of it.
    if der[fin:].strip(BLANCS) and not etiquette.startswith("TRUSTED "):
        raise Refus("illisible")
    return der[:fin]


def _bornes(der: bytes) -> tuple[int, int | None]:
    """Where the contents of a SEQUENCE begin, and where they end: None when only its end mark tells. Raises Refus."""
    if len(der) < 2 or der[0] != SUITE or der[1] > 0x84:
        raise Refus("illisible")
    longueur, debut = der[1], 2
    if longueur == 0x80:
        return debut, None
    if longueur > 0x80:
        debut += longueur & 0x7F
        longueur = int.from_bytes(der[2:debut], "big")
    return debut, debut + longueur


def _est_signe(der: bytes) -> bool:
    """Whether it is a PKCS#7 of the kind that carries certificates. Raises Refus: `chiffre`, `contenu`."""
    debut = _bornes(der)[0]
    if der[debut : debut + 1] != b"\x06":
        return False
    if der.startswith(OID_CHIFFRES, debut):
        raise Refus("chiffre")
    if not der.startswith(OID_SIGNE, debut):
        raise Refus("contenu")
    return True


def _certificats_pkcs7(der: bytes) -> list[x509.Certificate]:
    with warnings.catch_warnings():
        # Files of Windows and of Java are BER more often than DER; `cryptography` 50 reads them and warns.
        warnings.simplefilter("ignore")
        try:
            certificats = pkcs7.load_der_pkcs7_certificates(der)
        except UnsupportedAlgorithm:
            raise Refus("contenu") from None
        except ValueError as exc:
            raise Refus("sans_certificat" if "no certificate" in str(exc) else "illisible") from None
    if not certificats:
        raise Refus("sans_certificat")
    return certificats


def _lire_seul(der: bytes) -> x509.Certificate | str:
    """The certificate that `der` is, or the name of what it is instead. Raises Refus."""
    try:
        return x509.load_der_x509_certificate(der)
    except (ValueError, x509.InvalidVersion):
        pass
    autres: dict[str, Callable[[bytes], object]] = {
        "csr": x509.load_der_x509_csr,
        "crl": x509.load_der_x509_crl,
        "cle_publique": serialization.load_der_public_key,
    }
    for nom, lire in autres.items():
        try:
            lire(der)
        except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
            continue
        return nom
    raise Refus("illisible")
