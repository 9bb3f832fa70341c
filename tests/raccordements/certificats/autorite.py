"""A small certification authority for the tests. Every name, number and key is invented; keys are made at each run."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

MAINTENANT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
JOUR = timedelta(days=1)
# Fictitious SIRENs with a right key.
SIREN, AUTRE_SIREN = "123456782", "987654324"
CLIENT, SERVEUR = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
AUTORITE = "Autorité d’essai"
#: Signature algorithms of one length: `cryptography` 50 signs no certificate with MD5 nor SHA-1 any more.
OID_RSA = {"sha256": "0b", "sha1": "05", "md5": "04", "inconnue": "7f"}


DRAPEAUX_ABSENTS = (
    "content_commitment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True)
class Emis:
    certificat: x509.Certificate
    cle: Any

    @property
    def der(self) -> bytes:
        return self.certificat.public_bytes(Encoding.DER)

    @property
    def sha256(self) -> str:
        return self.certificat.fingerprint(hashes.SHA256()).hex()


@cache
def cle_rsa(bits: int = 2048, exposant: int = 65537) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(exposant, bits)


@cache
def cle_dsa() -> dsa.DSAPrivateKey:
    return dsa.generate_private_key(2048)


def nom(cn: str | None, o: str | None = AUTORITE, *attributs: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    debut = [(NameOID.COUNTRY_NAME, "FR"), (NameOID.ORGANIZATION_NAME, o), (NameOID.COMMON_NAME, cn)]
    return x509.Name([x509.NameAttribute(oid, valeur) for oid, valeur in (*debut, *attributs) if valeur is not None])


def emettre(
    sujet: str | x509.Name,
    par: Emis | None = None,
    *,
    ac: bool = False,
    chemin: int | None = None,
    cle: Any = None,
    debut: timedelta = -100 * JOUR,
    fin: timedelta = 600 * JOUR,
    usages: Sequence[x509.ObjectIdentifier] | None = (CLIENT, SERVEUR),
    signe: bool | None = True,
    alternatifs: Sequence[x509.GeneralName] = (),
    extensions: Sequence[x509.ExtensionType] = (),
    emetteur: x509.Name | None = None,
    identifiants: bool = True,
    numero: int | None = None,
) -> Emis:
    """A certificate signed by `par`, or by itself; dates are relative to `MAINTENANT`."""
    cle = cle or ec.generate_private_key(ec.SECP256R1())
    sujet = nom(sujet) if isinstance(sujet, str) else sujet
    signataire = par.cle if par else cle
    batisseur = (
        x509.CertificateBuilder()
        .subject_name(sujet)
        .issuer_name(emetteur or (par.certificat.subject if par else sujet))
        .public_key(cle.public_key())
        .serial_number(numero or x509.random_serial_number())
        .not_valid_before(MAINTENANT + debut)
        .not_valid_after(MAINTENANT + fin)
    )
    ajouts: list[x509.ExtensionType] = [*extensions]
    if identifiants:
        ajouts.append(x509.SubjectKeyIdentifier.from_public_key(cle.public_key()))
        ajouts.append(x509.AuthorityKeyIdentifier.from_issuer_public_key(signataire.public_key()))
    if ac:
        ajouts.append(x509.BasicConstraints(ca=True, path_length=chemin))
    else:
        if usages is not None:
            ajouts.append(x509.ExtendedKeyUsage(usages))
        if signe is not None:
            drapeaux = dict.fromkeys(DRAPEAUX_ABSENTS, False)
            ajouts.append(x509.KeyUsage(digital_signature=signe, key_encipherment=True, **drapeaux))
    if alternatifs:
        ajouts.append(x509.SubjectAlternativeName(alternatifs))
    for extension in ajouts:
        batisseur = batisseur.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    sans_hachage = type(signataire).__name__.startswith("Ed")
    return Emis(batisseur.sign(signataire, None if sans_hachage else hashes.SHA256()), cle)


def resigner(emis: Emis, par: Emis, hachage: str) -> Emis:
    """The same certificate signed by the RSA key of `par` with another algorithm of `OID_RSA`."""
    ancien, nouveau = (bytes.fromhex(f"06092a864886f70d0101{OID_RSA[nom]}") for nom in ("sha256", hachage))
    corps = emis.certificat.tbs_certificate_bytes.replace(ancien, nouveau)
    fonction = {"sha1": hashes.SHA1(), "md5": hashes.MD5()}.get(hachage, hashes.SHA256())
    signature = par.cle.sign(corps, padding.PKCS1v15(), fonction)
    ancien_algorithme = tlv(0x30, ancien + b"\x05\x00")
    der = tlv(0x30, corps + ancien_algorithme.replace(ancien, nouveau) + tlv(0x03, b"\x00" + signature))
    return Emis(x509.load_der_x509_certificate(der), emis.cle)


def alterer(emis: Emis) -> Emis:
    """The same certificate with one bit of its signature changed."""
    der = bytearray(emis.der)
    der[-1] ^= 1
    return Emis(x509.load_der_x509_certificate(bytes(der)), emis.cle)


@dataclass(frozen=True)
class Pki:
    racine: Emis
    intermediaire: Emis

    def feuille(self, sujet: str | x509.Name | None = None, **options: Any) -> Emis:
        return emettre(sujet or TITULAIRE, options.pop("par", self.intermediaire), **options)

    def chaine(self, **options: Any) -> list[Emis]:
        return [self.feuille(**options), self.intermediaire, self.racine]


TITULAIRE = nom("edi.exemple.test", "Essai SARL", (NameOID.ORGANIZATIONAL_UNIT_NAME, f"0002 {SIREN}"))


@cache
def pki() -> Pki:
    racine = emettre(nom("Racine d’essai"), ac=True, cle=cle_rsa(), debut=-3000 * JOUR, fin=6000 * JOUR)
    intermediaire = emettre(nom("Serveurs d’essai"), racine, ac=True, chemin=0, cle=cle_rsa(3072), fin=3000 * JOUR)
    return Pki(racine, intermediaire)


# --- files -------------------------------------------------------------------------------------------------------


def p7b(*emis: Emis) -> bytes:
    """A DER PKCS#7, sorted as DER sorts a SET."""
    return pkcs7.serialize_certificates([un.certificat for un in emis], Encoding.DER)


def p7b_pem(*emis: Emis) -> bytes:
    return pkcs7.serialize_certificates([un.certificat for un in emis], Encoding.PEM)


def pem(*emis: Emis) -> bytes:
    return b"".join(un.certificat.public_bytes(Encoding.PEM) for un in emis)


def armer(etiquette: str, der: bytes) -> bytes:
    lignes = "\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64))
    return f"-----BEGIN {etiquette}-----\n{lignes}\n-----END {etiquette}-----\n".encode()


def tlv(etiquette: int, contenu: bytes) -> bytes:
    longueur = len(contenu)
    if longueur < 128:
        return bytes([etiquette, longueur]) + contenu
    taille = (longueur.bit_length() + 7) // 8
    return bytes([etiquette, 0x80 | taille]) + longueur.to_bytes(taille, "big") + contenu


def indefini(etiquette: int, contenu: bytes) -> bytes:
    return bytes([etiquette, 0x80]) + contenu + b"\x00\x00"


def p7b_brut(*ders: bytes, contenu: bytes = b"", ber: bool = False, sorte: str = "02") -> bytes:
    """A PKCS#7 whose certificates keep their order, as OpenSSL writes it; `ber` as Java and Windows often do."""
    suite = indefini if ber else tlv
    donnees = suite(0x30, bytes.fromhex("06092a864886f70d010701") + contenu)
    certificats = suite(0xA0, b"".join(ders)) if ders else b""
    signe = suite(0x30, tlv(2, b"\x01") + tlv(0x31, b"") + donnees + certificats + tlv(0x31, b""))
    return suite(0x30, bytes.fromhex(f"06092a864886f70d0107{sorte}") + suite(0xA0, signe))


def p7b_en_ordre(*emis: Emis, **options: Any) -> bytes:
    return p7b_brut(*(un.der for un in emis), **options)
