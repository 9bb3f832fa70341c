"""Looks for a private key in bytes, wherever and however it is written. No Django, no `cryptography`.

Two kinds: `cle_privee` (PEM of every label, PKCS#8, PKCS#1, SEC 1, DSA, OpenSSH, PuTTY, PGP, JWK, XML) and `magasin`
(PKCS#12, Java key store). A key is found at any place of the bytes, inside another structure, in UTF-16, under base64
again, in PEM blocks that are cut or mislabelled. Nothing of what was found is ever returned: the name of the kind only.

Shapes: RFC 5208 and 5958 (PKCS#8), RFC 8017 A.1.2 (PKCS#1), RFC 5915 (SEC 1), RFC 7292 (PKCS#12).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

CLE, MAGASIN = "cle_privee", "magasin"
ENTIER, OCTETS, OID, SUITE = 0x02, 0x04, 0x06, 0x30
#: Base64 inside base64: an S/MIME message that carries a PEM has two levels.
NIVEAUX_MAX = 4

_TEXTES = re.compile(
    rb"(?:BEGIN|END)[^\r\n]{0,40}PRIVATE\s{0,4}KEY|PRIVATE\s{0,4}KEY(?:\sBLOCK)?\s{0,4}-"
    rb"|PuTTY-User-Key-File|openssh-key-v1\x00",
    re.IGNORECASE,
)
# A JWK and an XML key: the public part has the first mark, only the private one has both.
_PAIRES = ((re.compile(rb'"kty"'), re.compile(rb'"[dk]"\s{0,8}:')), (re.compile(rb"<RSAKeyValue"), re.compile(rb"<D>")))
_MAGASINS = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")
# A SEQUENCE that begins with the INTEGER 0, 1 or 3, at any place.
_SUITE = rb"\x30(?:[\x00-\x80]|\x81.|\x82..|\x83...|\x84....)"
_DEBUT = re.compile(_SUITE + rb"(?=\x02\x01[\x00\x01\x03])", re.DOTALL)
_PKCS7 = re.compile(_SUITE + rb"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07", re.DOTALL)
# Encryption by password (PKCS#5: 1.2.840.113549.1.5, PKCS#12: 1.2.840.113549.1.12.1) and the bags of PKCS#12 that hold
# a key (1.2.840.113549.1.12.10.1.1 and .2): they protect keys, a file of certificates has none.
_PROTEGEE = re.compile(
    rb"\x06[\x09-\x0b]\x2a\x86\x48\x86\xf7\x0d\x01(?:\x05[\x01-\x0d]|\x0c\x01[\x01-\x06]|\x0c\x0a\x01[\x01\x02])"
)
_BASE64 = re.compile(rb"[A-Za-z0-9+/_\-][A-Za-z0-9+/_\-\s\\]{40,}={0,2}")
_ARMURE = re.compile(rb"-{2,}[^\r\n]*?-{2,}")


def chercher(octets: bytes, niveau: int = 0) -> str | None:
    """`cle_privee`, `magasin`, or None when nothing of the kind is there."""
    for forme in _formes(octets):
        if forme.startswith(_MAGASINS):
            return MAGASIN
        if _TEXTES.search(forme) or any(marque.search(forme) and secret.search(forme) for marque, secret in _PAIRES):
            return CLE
        if trouve := _structure(forme):
            return trouve
    if niveau < NIVEAUX_MAX:
        for cache in _sous_base64(octets):
            if trouve := chercher(cache, niveau + 1):
                return trouve
    return None


def _formes(octets: bytes) -> Iterator[bytes]:
    yield octets
    # A text in UTF-16 has one byte out of two null.
    if octets.count(0) * 3 > len(octets):
        yield octets.replace(b"\x00", b"")


def _structure(octets: bytes) -> str | None:
    protegee = CLE if _PROTEGEE.search(octets) else None
    for debut in _DEBUT.finditer(octets):
        place = debut.end()
        if octets[place + 2] == 3:
            # The version of a PKCS#12, before a ContentInfo of PKCS#7.
            if _PKCS7.match(octets, place + 3):
                return MAGASIN
        elif _est_une_cle(octets, place + 3):
            return CLE
    return protegee


def _est_une_cle(octets: bytes, place: int) -> bool:
    """Whether what follows the version, at `place`, is the rest of a private key."""
    suite = list(_elements(octets, place, 9))
    etiquettes = [etiquette for etiquette, _, _ in suite]
    if etiquettes[:2] == [SUITE, OCTETS]:
        # PrivateKeyInfo: an algorithm, whose first element is an OID, then the key.
        _, debut, longueur = suite[0]
        return longueur > 2 and octets[debut] == OID
    if etiquettes[:1] == [OCTETS]:
        # ECPrivateKey: 14 to 72 bytes for the curves in use, then optional parameters and public key.
        longueur = suite[0][2]
        return 14 <= longueur <= 72 and (len(etiquettes) == 1 or etiquettes[1] in {0xA0, 0xA1})
    entiers = next((rang for rang, etiquette in enumerate(etiquettes) if etiquette != ENTIER), len(etiquettes))
    # RSAPrivateKey has eight numbers after its version, DSAPrivateKey five; the first one is a modulus.
    return entiers >= 5 and suite[0][2] >= 48


def _elements(octets: bytes, place: int, maximum: int) -> Iterator[tuple[int, int, int]]:
    """Tag, place and length of the contents of the elements that follow one another from `place`."""
    for _ in range(maximum):
        entete = octets[place : place + 6]
        if len(entete) < 2:
            return
        etiquette, longueur, debut = entete[0], entete[1], place + 2
        if longueur > 0x80:
            taille = longueur & 0x7F
            if taille > 4 or len(entete) < 2 + taille:
                return
            longueur, debut = int.from_bytes(entete[2 : 2 + taille], "big"), debut + taille
        elif longueur == 0x80:
            return
        yield etiquette, debut, longueur
        place = debut + longueur


def _sous_base64(octets: bytes) -> Iterator[bytes]:
    texte = octets.replace(b"\x00", b"") if octets.count(0) * 3 > len(octets) else octets
    for suite in _BASE64.findall(_ARMURE.sub(b"\x00", texte)):
        mots = re.sub(rb"\\[nr]|[\s\\]", b"", suite).translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
        # Cut or glued, a base64 text is read from any of its four offsets.
        for decalage in range(4):
            utile = mots[decalage : len(mots) - (len(mots) - decalage) % 4]
            try:
                yield base64.b64decode(utile)
            except binascii.Error:
                continue
