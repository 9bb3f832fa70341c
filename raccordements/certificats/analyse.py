"""Reads files of certificates and writes what they say as JSON. Runs as a process of its own, without Django.

Usage: `python -m raccordements.certificats.analyse LIMITES`, `LIMITES` being the JSON of `defenses.Limites`. Each line
read is a file in base64; each line written answers the next file: `{"analyse": …}` or `{"refus": code, "faits": …}`.
A reader that a limit stops writes no more; it never writes on its error output.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from dossiers.bornes import se_borner
from raccordements.certificats.conteneurs import ouvrir
from raccordements.certificats.defenses import Limites, Refus
from raccordements.certificats.schemas import Analyse, Certificat, Chaine, Lien, Maillon, Nom, SirenLu

#: Characters kept of one attribute, of a whole name; entries kept of a list.
ATTRIBUT_MAX, NOM_MAX, LISTE_MAX = 200, 1000, 100
ETIQUETTES = {
    NameOID.COMMON_NAME: "CN",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.ORGANIZATION_IDENTIFIER: "organizationIdentifier",
    NameOID.SERIAL_NUMBER: "serialNumber",
    NameOID.COUNTRY_NAME: "C",
    NameOID.LOCALITY_NAME: "L",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
    NameOID.EMAIL_ADDRESS: "E-mail",
}
# Characters that do not show, that change the direction of what follows or that end a line.
INVISIBLES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
# RGS v2 A3 III.1: an OU of « 0002 » (ISO 6523, SIRENE), a space, then the SIREN or the SIRET.
OU_SIRENE = re.compile(r"0002[\s:/-]{0,3}([0-9]{9})(?:[0-9]{5})?")
# ETSI EN 319 412-1, 5.1.4: NTR is the national register, VAT the intra-EU number, two characters of key then the SIREN.
REGISTRE = re.compile(r"NTRFR-([0-9]{9})(?:[0-9]{5})?")
TVA = re.compile(r"VATFR-(?:FR)?[0-9A-Z]{2}([0-9]{9})")
NUMERO = re.compile(r"([0-9]{9})(?:[0-9]{5})?")
USAGES = {
    ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
    ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
    ExtendedKeyUsageOID.CODE_SIGNING: "codeSigning",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "emailProtection",
    ExtendedKeyUsageOID.TIME_STAMPING: "timeStamping",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSPSigning",
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "anyExtendedKeyUsage",
}
USAGES_CLE = {
    "digital_signature": "digitalSignature",
    "content_commitment": "nonRepudiation",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign",
    "crl_sign": "cRLSign",
}
HACHAGE_NOMME = re.compile(r"md2|md4|md5|sha-?1(?!\d)|sha-?(?:224|256|384|512)", re.IGNORECASE)
HACHAGES_FAIBLES = frozenset({"md2", "md4", "md5", "sha1"})


def analyser(octets: bytes, limites: Limites) -> Analyse:
    """What a file of certificates says. Raises Refus, and nothing else."""
    try:
        return _analyser(octets, limites)
    except Refus:
        raise
    except MemoryError:
        raise Refus("ressources") from None
    # Certificates break in every field, and each field has its own exceptions under it: none carries the file on.
    except Exception:
        raise Refus("illisible") from None


def _analyser(octets: bytes, limites: Limites) -> Analyse:
    contenu = ouvrir(octets, limites.taille)
    uniques = {certificat.public_bytes(Encoding.DER): certificat for certificat in contenu.certificats}
    if len(uniques) > limites.nombre:
        raise Refus("nombre", maximum=limites.nombre)
    recus = list(uniques.items())
    certificats = []
    for place, (der, certificat) in enumerate(recus, start=1):
        try:
            certificats.append(_certificat(place, der, certificat))
        except (ValueError, x509.InvalidVersion):
            raise Refus("abime", rang=place) from None
    chaines, etrangers = _chainer(certificats, [certificat for _, certificat in recus])
    # Ranks follow the chains; a certificate of several chains stands in the first.
    ordre = list(dict.fromkeys([place for chaine in chaines for place in chaine.rangs] + etrangers))
    rang = {place: nouveau for nouveau, place in enumerate(ordre, start=1)}
    normalise = pkcs7.serialize_certificates(list(uniques.values()), Encoding.DER)
    ders = [der for der, _ in recus]
    return Analyse(
        forme=contenu.forme,
        certificats=tuple(replace(certificats[place - 1], rang=rang[place]) for place in ordre),
        chaines=tuple(
            Chaine(tuple(Maillon(rang[m.rang], m.lien, m.emetteur and rang[m.emetteur]) for m in chaine.maillons))
            for chaine in chaines
        ),
        etrangers=tuple(rang[place] for place in etrangers),
        doublons=len(contenu.certificats) - len(uniques),
        # DER sorts the certificates of a PKCS#7 by their bytes: that order is nobody's fault.
        ordonne=_suivis(chaines) or ders == sorted(ders),
        ignores=contenu.ignores,
        normalise=normalise,
        sha256=hashlib.sha256(normalise).hexdigest(),
    )


# --- chains ------------------------------------------------------------------------------------------------------


def _chainer(certificats: list[Certificat], x509s: list[x509.Certificate]) -> tuple[list[Chaine], list[int]]:
    """The chains, sorted by the fingerprint of their leaf, and the authorities that none uses."""
    suites = {certificat.rang: _suite(certificat, certificats, x509s) for certificat in certificats}
    emetteurs = {suite.emetteur for suite in suites.values() if suite.lien in {Lien.VERIFIE, Lien.NON_VERIFIABLE}}
    libres = [certificat for certificat in certificats if certificat.rang not in emetteurs]
    # Certificates that issue one another in a circle leave none free: each is then tried as a leaf.
    feuilles = [c for c in libres if not c.ac] or libres or certificats
    chaines = [_chaine(feuille.rang, suites) for feuille in sorted(feuilles, key=lambda c: c.sha256)]
    utiles = {rang for chaine in chaines for rang in chaine.rangs}
    etrangers = sorted((c for c in certificats if c.rang not in utiles), key=lambda c: c.sha256)
    return chaines, [certificat.rang for certificat in etrangers]


def _suite(certificat: Certificat, certificats: list[Certificat], x509s: list[x509.Certificate]) -> Maillon:
    if certificat.auto_signe:
        return Maillon(certificat.rang, Lien.RACINE)
    sujet = x509s[certificat.rang - 1].issuer
    essais = [
        (_lien(certificat, candidat, x509s), candidat)
        for candidat in certificats
        if candidat.rang != certificat.rang and x509s[candidat.rang - 1].subject == sujet
    ]
    if not essais:
        return Maillon(certificat.rang, Lien.ABSENT)
    preference = (Lien.VERIFIE, Lien.NON_VERIFIABLE, Lien.SIGNATURE_FAUSSE)
    # One authority may have several certificates for one key: first the one that ends the chain, then the one that
    # lasts most.
    lien, emetteur = min(
        essais,
        key=lambda essai: (
            preference.index(essai[0]),
            not essai[1].auto_signe,
            -essai[1].expire_le.timestamp(),
            essai[1].sha256,
        ),
    )
    return Maillon(certificat.rang, lien, emetteur.rang)


def _lien(certificat: Certificat, candidat: Certificat, x509s: list[x509.Certificate]) -> Lien:
    try:
        x509s[certificat.rang - 1].verify_directly_issued_by(x509s[candidat.rang - 1])
    except InvalidSignature:
        return Lien.SIGNATURE_FAUSSE
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # MD5 and SHA-1 are not verified any more by `cryptography`; any other reason is a key of another kind.
        autre_cle = certificat.aki and candidat.ski and certificat.aki != candidat.ski
        verifiable = certificat.signature_hash and certificat.signature_hash not in HACHAGES_FAIBLES
        return Lien.SIGNATURE_FAUSSE if autre_cle or verifiable else Lien.NON_VERIFIABLE
    return Lien.VERIFIE


def _chaine(rang: int, suites: dict[int, Maillon]) -> Chaine:
    maillons: list[Maillon] = []
    vus: set[int] = set()
    suivant: int | None = rang
    while suivant is not None and suivant not in vus:
        vus.add(suivant)
        maillon = suites[suivant]
        maillons.append(maillon)
        suivant = None if maillon.lien is Lien.SIGNATURE_FAUSSE else maillon.emetteur
    return Chaine(tuple(maillons))


def _suivis(chaines: list[Chaine]) -> bool:
    """Whether every certificate stands before its issuer, as in the places of the file."""
    return all(
        maillon.emetteur is None or maillon.rang < maillon.emetteur for chaine in chaines for maillon in chaine.maillons
    )


# --- one certificate ---------------------------------------------------------------------------------------------


def _certificat(place: int, der: bytes, certificat: x509.Certificate) -> Certificat:
    extensions, lisibles = _extensions(certificat)
    contraintes = extensions.get(ExtensionOID.BASIC_CONSTRAINTS)
    alternatifs = extensions.get(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    cle_type, cle_taille, courbe, exposant = _cle(certificat)
    lu = Certificat(
        rang=place,
        sujet=_nom(certificat.subject),
        emetteur=_nom(certificat.issuer),
        sirens=_sirens(certificat.subject),
        numero_serie=f"{certificat.serial_number:x}",
        sha256=hashlib.sha256(der).hexdigest(),
        sha1=hashlib.sha1(der, usedforsecurity=False).hexdigest(),
        debute_le=certificat.not_valid_before_utc,
        expire_le=certificat.not_valid_after_utc,
        cle_type=cle_type,
        cle_taille=cle_taille,
        courbe=courbe,
        exposant=exposant,
        signature_hash=_hachage(certificat),
        signature_algorithme=_nom_algorithme(certificat),
        key_usage=_usages_cle(extensions.get(ExtensionOID.KEY_USAGE)),
        extended_key_usage=_usages(extensions.get(ExtensionOID.EXTENDED_KEY_USAGE)),
        noms_alternatifs=_alternatifs(alternatifs) if alternatifs else (),
        ac=bool(contraintes and contraintes.ca),
        longueur_chemin=contraintes.path_length if contraintes else None,
        auto_signe=False,
        ski=_hex(getattr(extensions.get(ExtensionOID.SUBJECT_KEY_IDENTIFIER), "digest", None)),
        aki=_hex(getattr(extensions.get(ExtensionOID.AUTHORITY_KEY_IDENTIFIER), "key_identifier", None)),
        version=certificat.version.value + 1,
        extensions_lisibles=lisibles,
    )
    meme_nom = certificat.subject == certificat.issuer
    lui_meme = meme_nom and _lien(replace(lu, rang=1), replace(lu, rang=1), [certificat]) is not Lien.SIGNATURE_FAUSSE
    return replace(lu, auto_signe=lui_meme)


def _extensions(certificat: x509.Certificate) -> tuple[dict[x509.ObjectIdentifier, Any], bool]:
    try:
        return {extension.oid: extension.value for extension in certificat.extensions}, True
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return {}, False


def _cle(certificat: x509.Certificate) -> tuple[str, int | None, str, int | None]:
    """Kind, size in bits, curve, exponent."""
    try:
        cle = certificat.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "inconnue", None, "", None
    if isinstance(cle, rsa.RSAPublicKey):
        return "RSA", cle.key_size, "", cle.public_numbers().e
    if isinstance(cle, ec.EllipticCurvePublicKey):
        return "EC", cle.key_size, cle.curve.name, None
    if isinstance(cle, dsa.DSAPublicKey):
        return "DSA", cle.key_size, "", None
    if isinstance(cle, ed25519.Ed25519PublicKey):
        return "Ed25519", None, "", None
    return "Ed448" if isinstance(cle, ed448.Ed448PublicKey) else "inconnue", None, "", None


def _hachage(certificat: x509.Certificate) -> str:
    try:
        hachage = certificat.signature_hash_algorithm
    except UnsupportedAlgorithm:
        trouve = HACHAGE_NOMME.search(_nom_algorithme(certificat))
        return trouve[0].lower().replace("-", "") if trouve else ""
    return hachage.name if hachage else ""


def _nom_algorithme(certificat: x509.Certificate) -> str:
    oid = certificat.signature_algorithm_oid
    return oid.dotted_string if oid._name == "Unknown OID" else oid._name


def _usages_cle(usage: x509.KeyUsage | None) -> tuple[str, ...] | None:
    return None if usage is None else tuple(nom for champ, nom in USAGES_CLE.items() if getattr(usage, champ))


def _usages(usages: x509.ExtendedKeyUsage | None) -> tuple[str, ...] | None:
    return None if usages is None else tuple(USAGES.get(oid, oid.dotted_string) for oid in list(usages)[:LISTE_MAX])


def _alternatifs(noms: x509.SubjectAlternativeName) -> tuple[str, ...]:
    etiquettes: dict[type, str] = {x509.DNSName: "DNS", x509.IPAddress: "IP", x509.RFC822Name: "email"}
    return tuple(
        f"{etiquettes.get(type(nom), type(nom).__name__)}:{lisible(str(getattr(nom, 'value', '')))[0]}"
        for nom in list(noms)[:LISTE_MAX]
    )


def _hex(octets: bytes | None) -> str:
    return (octets or b"").hex()


# --- names -------------------------------------------------------------------------------------------------------


def _nom(nom: x509.Name) -> Nom:
    parties: dict[str, list[str]] = {}
    morceaux, trompeur = [], False
    for attribut in list(nom)[:LISTE_MAX]:
        valeur, cache = lisible(_valeur(attribut))
        trompeur |= cache
        etiquette = ETIQUETTES.get(attribut.oid, attribut.oid.dotted_string)
        parties.setdefault(etiquette, []).append(valeur)
        morceaux.append(f"{etiquette}={valeur}")
    return Nom(
        texte=_couper(", ".join(morceaux), NOM_MAX),
        cn=tuple(parties.get("CN", ())),
        o=tuple(parties.get("O", ())),
        ou=tuple(parties.get("OU", ())),
        organization_identifier=tuple(parties.get("organizationIdentifier", ())),
        serial_number=tuple(parties.get("serialNumber", ())),
        trompeur=trompeur,
    )


def _valeur(attribut: x509.NameAttribute[Any]) -> str:
    return attribut.value if isinstance(attribut.value, str) else attribut.value.hex()


def lisible(texte: str) -> tuple[str, bool]:
    """The text on one line, cut, a sign in place of what does not show; and whether there was any such character."""
    propre = "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in INVISIBLES else c for c in texte)
    return _couper(propre, ATTRIBUT_MAX), propre != texte


def _couper(texte: str, longueur: int) -> str:
    return texte if len(texte) <= longueur else texte[: longueur - 1] + "…"


def _sirens(sujet: x509.Name) -> tuple[SirenLu, ...]:
    """The SIRENs of a subject, without repetition, in the order of its attributes."""
    francais = any(
        attribut.oid == NameOID.JURISDICTION_COUNTRY_NAME and _valeur(attribut).upper() == "FR" for attribut in sujet
    )
    return tuple(dict.fromkeys(siren for attribut in sujet for siren in _sirens_de(attribut, francais)))


def _sirens_de(attribut: x509.NameAttribute[Any], francais: bool) -> Iterator[SirenLu]:
    formes: Iterable[tuple[re.Pattern[str], str]] = ()
    if attribut.oid == NameOID.ORGANIZATIONAL_UNIT_NAME:
        formes = ((OU_SIRENE, "OU 0002"),)
    elif attribut.oid == NameOID.ORGANIZATION_IDENTIFIER:
        formes = (
            (REGISTRE, "organizationIdentifier NTRFR"),
            (TVA, "organizationIdentifier VATFR"),
            (OU_SIRENE, "organizationIdentifier 0002"),
        )
    elif attribut.oid == NameOID.SERIAL_NUMBER and francais:
        # Extended validation: the number in the register of the country of incorporation (CA/Browser Forum EV 7.1.4.2).
        formes = ((NUMERO, "serialNumber"),)
    valeur = re.sub(r"(?<=[0-9])\s(?=[0-9]{3})", "", _valeur(attribut).strip().upper())
    for forme, source in formes:
        if trouve := forme.fullmatch(valeur):
            yield SirenLu(trouve[1], source)


# --- process -----------------------------------------------------------------------------------------------------


def main(arguments: list[str]) -> None:
    limites = Limites(**json.loads(arguments[0]))
    se_borner(memoire=limites.memoire, secondes=limites.secondes, disque=0, enfants=False)
    for ligne in sys.stdin:
        try:
            reponse: dict[str, Any] = {"analyse": analyser(base64.b64decode(ligne), limites).vers_json()}
        except Refus as refus:
            reponse = {"refus": refus.code, "faits": refus.faits}
        sys.stdout.write(json.dumps(reponse) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
