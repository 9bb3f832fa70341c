"""Files of certificates and what must be said of each: codes of verdicts, or the code of a refusal."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from raccordements.certificats.schemas import EmetteurConnu
from tests.raccordements.certificats.autorite import (
    AUTORITE,
    AUTRE_SIREN,
    CLIENT,
    JOUR,
    MAINTENANT,
    SERVEUR,
    SIREN,
    Emis,
    alterer,
    armer,
    cle_dsa,
    cle_rsa,
    emettre,
    nom,
    p7b,
    p7b_brut,
    p7b_en_ordre,
    p7b_pem,
    pem,
    pki,
    resigner,
    tlv,
)

PAR_NOM = (EmetteurConnu(AUTORITE),)
#: What is said of a file without a fault.
SAINS = frozenset({"chaine_complete", "usages_conformes", "en_cours_de_validite", "siren_conforme", "emetteur_connu"})


@dataclass(frozen=True, kw_only=True)
class Cas:
    nom: str
    fichier: Callable[[], bytes]
    #: Codes added to `SAINS` and taken from it.
    plus: set[str] = field(default_factory=set)
    moins: set[str] = field(default_factory=set)
    protocole: str | None = "as2"
    siren: str | None = SIREN
    emetteurs: Callable[[], tuple[EmetteurConnu, ...]] = lambda: PAR_NOM

    @property
    def attendus(self) -> set[str]:
        assert self.moins <= SAINS
        return (SAINS - self.moins) | self.plus


def avec(**options: Any) -> Callable[[], bytes]:
    return lambda: p7b(*pki().chaine(**options))


def sujet(*attributs: tuple[x509.ObjectIdentifier, str], cn: str | None = "edi.exemple.test", o: str | None = "Essai"):
    return nom(cn, o, *attributs)


def ou(texte: str) -> tuple[x509.ObjectIdentifier, str]:
    return NameOID.ORGANIZATIONAL_UNIT_NAME, texte


def identifiant(texte: str) -> tuple[x509.ObjectIdentifier, str]:
    return NameOID.ORGANIZATION_IDENTIFIER, texte


def faible(hachage: str) -> Callable[[], bytes]:
    return lambda: p7b(resigner(pki().feuille(), pki().intermediaire, hachage), pki().intermediaire, pki().racine)


def seule(**options: Any) -> Emis:
    return emettre(nom("seule.exemple.test", "Essai", ou(f"0002 {SIREN}")), **options)


def homonyme() -> bytes:
    """The intermediate in the file has the right name and another key."""
    faux = emettre(nom("Serveurs d’essai"), pki().racine, ac=True, fin=3000 * JOUR)
    return p7b(pki().feuille(), faux, pki().racine)


def homonyme_d_une_autre_sorte() -> bytes:
    """As above; the keys are not even of one kind, and no identifier says so."""
    faux = emettre(nom("Serveurs d’essai"), pki().racine, ac=True, fin=3000 * JOUR, identifiants=False)
    return p7b(pki().feuille(identifiants=False), faux, pki().racine)


def homonyme_sous_sha1() -> bytes:
    """The signature is not verified any more; the identifiers tell that the issuer is another one."""
    faux = emettre(nom("Serveurs d’essai"), pki().racine, ac=True, fin=3000 * JOUR)
    return p7b(resigner(pki().feuille(), pki().intermediaire, "sha1"), faux, pki().racine)


def cercle() -> bytes:
    un, deux = nom("Un"), nom("Deux")
    cle_un, cle_deux = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    a = emettre(un, Emis(emettre(deux, cle=cle_deux, ac=True).certificat, cle_deux), cle=cle_un, ac=True)
    b = emettre(deux, Emis(emettre(un, cle=cle_un, ac=True).certificat, cle_un), cle=cle_deux, ac=True)
    return p7b(pki().feuille(par=a), a, b)


def chemin_trop_long() -> bytes:
    haut = emettre("Haut", pki().racine, ac=True, chemin=0)
    bas = emettre("Bas", haut, ac=True)
    return p7b(pki().feuille(par=bas), bas, haut, pki().racine)


def sous_une_feuille() -> bytes:
    faux = pki().feuille(nom("faux", "Essai"))
    return p7b(pki().feuille(par=faux), faux, pki().intermediaire, pki().racine)


def autorite(**dates: timedelta) -> Callable[[], bytes]:
    def fichier() -> bytes:
        autre = emettre("Autre", pki().racine, ac=True, **dates)
        return p7b(pki().feuille(par=autre), autre, pki().racine)

    return fichier


def racine_sha1() -> bytes:
    racine = emettre(nom("Vieille racine"), ac=True, cle=cle_rsa())
    racine = resigner(racine, racine, "sha1")
    return p7b(pki().feuille(par=racine), racine)


def extensions_repetees() -> bytes:
    """A leaf whose extensions cannot be read: the number of one is that of another."""
    cle_du_sujet, cle_de_l_emetteur = bytes.fromhex("0603551d0e"), bytes.fromhex("0603551d23")
    der = pki().feuille().der
    assert der.count(cle_du_sujet) == 1
    return p7b_brut(der.replace(cle_du_sujet, cle_de_l_emetteur), pki().intermediaire.der, pki().racine.der)


def dates_inversees() -> bytes:
    """A certificate whose end comes before its beginning: no library would make it."""
    feuille = pki().feuille(debut=-2 * JOUR, fin=2 * JOUR)
    debut, fin = (
        tlv(0x17, f"{instant:%y%m%d%H%M%SZ}".encode())
        for instant in (feuille.certificat.not_valid_before_utc, feuille.certificat.not_valid_after_utc)
    )
    assert feuille.der.count(debut + fin) == 1
    return p7b_brut(feuille.der.replace(debut + fin, fin + debut), pki().intermediaire.der, pki().racine.der)


def pki_croisee() -> bytes:
    """The root in two forms, of one name and one key: by itself, and by an older root that is absent."""
    vieille = emettre("Très vieille racine", ac=True)
    croisee = emettre(nom("Racine d’essai"), vieille, ac=True, cle=cle_rsa(), fin=7000 * JOUR)
    return p7b(*pki().chaine(), croisee)


def deux(usages_un: Any = (CLIENT,), usages_deux: Any = (SERVEUR,), **options: Any) -> Callable[[], bytes]:
    def fichier() -> bytes:
        un, autre = pki().feuille(usages=usages_un, **options), pki().feuille(usages=usages_deux, **options)
        return p7b(un, autre, pki().intermediaire, pki().racine)

    return fichier


SANS_CHAINE = {"chaine_complete"}
CAS = (
    # --- shapes
    Cas(nom="p7b-der", fichier=avec()),
    Cas(nom="p7b-pem", fichier=lambda: p7b_pem(*pki().chaine())),
    Cas(nom="p7b-ber", fichier=lambda: p7b_en_ordre(*pki().chaine(), ber=True)),
    Cas(nom="p7b-openssl", fichier=lambda: p7b_en_ordre(*pki().chaine())),
    Cas(nom="p7b-base64-nu", fichier=lambda: base64.encodebytes(p7b(*pki().chaine()))),
    Cas(nom="p7b-utf16", fichier=lambda: p7b_pem(*pki().chaine()).decode().encode("utf-16")),
    Cas(nom="p7b-utf16-sans-marque", fichier=lambda: p7b_pem(*pki().chaine()).decode().encode("utf-16-le")),
    Cas(nom="p7b-bom-crlf", fichier=lambda: b"\xef\xbb\xbf" + p7b_pem(*pki().chaine()).replace(b"\n", b"\r\n")),
    Cas(nom="p7b-fin-de-ligne-apres-der", fichier=lambda: p7b(*pki().chaine()) + b"\r\n"),
    Cas(nom="p7b-sous-le-nom-de-certificat", fichier=lambda: armer("CERTIFICATE", p7b(*pki().chaine()))),
    Cas(nom="p7b-avec-contenu", fichier=lambda: p7b_en_ordre(*pki().chaine(), contenu=tlv(0xA0, tlv(4, b"bonjour")))),
    Cas(nom="pem-en-chaine", fichier=lambda: pem(*pki().chaine()), plus={"converti"}),
    Cas(
        nom="pem-commente",
        fichier=lambda: "Attributs : été\n".encode("latin-1") + pem(*pki().chaine()),
        plus={"converti"},
    ),
    Cas(
        nom="pem-avec-aides-openssl",
        fichier=lambda: b"".join(
            armer("TRUSTED CERTIFICATE", emis.der + tlv(0x30, tlv(0x0C, b"alias"))) for emis in pki().chaine()
        ),
        plus={"converti"},
    ),
    Cas(
        nom="der-seul",
        fichier=lambda: pki().feuille().der,
        plus={"converti", "chaine_incomplete"},
        moins=SANS_CHAINE,
    ),
    Cas(
        nom="pem-et-liste-de-revocation",
        fichier=lambda: pem(*pki().chaine()) + crl(Encoding.PEM) + csr(Encoding.PEM),
        plus={"converti", "autres_elements"},
    ),
    Cas(nom="desordre", fichier=lambda: p7b_en_ordre(*en_desordre()), plus={"desordre"}),
    Cas(nom="pem-desordre", fichier=lambda: pem(*en_desordre()), plus={"converti", "desordre"}),
    Cas(nom="doublons", fichier=lambda: p7b_en_ordre(*pki().chaine(), pki().racine, pki().racine), plus={"doublons"}),
    # --- chain
    Cas(nom="sans-racine", fichier=lambda: p7b(*pki().chaine()[:2]), plus={"chaine_incomplete"}, moins=SANS_CHAINE),
    Cas(nom="feuille-seule", fichier=lambda: p7b(pki().feuille()), plus={"chaine_incomplete"}, moins=SANS_CHAINE),
    Cas(
        nom="sans-intermediaire",
        fichier=lambda: p7b(pki().feuille(), pki().racine),
        plus={"chaine_incomplete", "certificat_etranger"},
        moins=SANS_CHAINE,
    ),
    Cas(nom="etranger", fichier=lambda: p7b(*pki().chaine(), emettre("Z", ac=True)), plus={"certificat_etranger"}),
    Cas(nom="emetteur-homonyme", fichier=homonyme, plus={"signature_fausse"}, moins=SANS_CHAINE),
    Cas(
        nom="emetteur-homonyme-d-une-autre-sorte",
        fichier=homonyme_d_une_autre_sorte,
        plus={"signature_fausse"},
        moins=SANS_CHAINE,
    ),
    Cas(
        nom="emetteur-homonyme-sous-sha1",
        fichier=homonyme_sous_sha1,
        plus={"signature_fausse", "signature_faible"},
        moins=SANS_CHAINE,
    ),
    Cas(
        nom="signature-alteree",
        fichier=lambda: p7b(alterer(pki().feuille()), pki().intermediaire, pki().racine),
        plus={"signature_fausse"},
        moins=SANS_CHAINE,
    ),
    Cas(nom="cercle", fichier=cercle, plus={"chaine_circulaire"}, moins=SANS_CHAINE),
    Cas(nom="racine-croisee", fichier=pki_croisee, plus={"certificat_etranger"}),
    Cas(nom="chemin-trop-long", fichier=chemin_trop_long, plus={"chemin_trop_long"}),
    Cas(nom="emetteur-sans-droit", fichier=sous_une_feuille, plus={"emetteur_non_ac", "chemin_trop_long"}),
    Cas(nom="racine-sha1", fichier=racine_sha1),
    # --- nature
    Cas(
        nom="auto-signe",
        fichier=lambda: p7b(seule()),
        plus={"auto_signe"},
        moins={"chaine_complete", "emetteur_connu"},
    ),
    Cas(
        nom="auto-signe-autorite",
        fichier=lambda: p7b(seule(ac=True)),
        plus={"auto_signe", "feuille_ac", "usages_non_precises"},
        moins={"chaine_complete", "emetteur_connu", "usages_conformes"},
    ),
    Cas(
        nom="autorites-sans-feuille",
        fichier=lambda: p7b(pki().intermediaire, pki().racine),
        plus={"feuille_ac", "usages_non_precises", "siren_absent"},
        moins={"usages_conformes", "siren_conforme"},
    ),
    Cas(
        nom="extensions-repetees",
        fichier=extensions_repetees,
        plus={"extensions_illisibles", "usages_non_precises", "signature_fausse"},
        moins={"usages_conformes", "chaine_complete"},
    ),
    # --- dates
    Cas(nom="expire", fichier=avec(fin=-1 * JOUR), plus={"expire"}, moins={"en_cours_de_validite"}),
    Cas(nom="futur", fichier=avec(debut=2 * JOUR), plus={"pas_encore_valable"}, moins={"en_cours_de_validite"}),
    Cas(
        nom="dates-inversees",
        fichier=dates_inversees,
        plus={"dates_inversees", "signature_fausse"},
        moins={"en_cours_de_validite", "chaine_complete"},
    ),
    *(
        Cas(
            nom=f"reste-{jours}-jours",
            fichier=avec(fin=jours * JOUR),
            plus={"echeance_proche"},
            moins={"en_cours_de_validite"},
        )
        for jours in (60, 30, 15, 7, 1, 0)
    ),
    Cas(nom="reste-61-jours", fichier=avec(fin=61 * JOUR)),
    Cas(nom="trop-long", fichier=avec(debut=-1 * JOUR, fin=2900 * JOUR), plus={"duree_excessive"}),
    Cas(nom="autorite-expiree", fichier=autorite(fin=-1 * JOUR), plus={"autorite_expiree"}),
    Cas(nom="autorite-future", fichier=autorite(debut=JOUR), plus={"autorite_pas_encore_valable"}),
    Cas(nom="autorite-finit-avant", fichier=autorite(fin=20 * JOUR), plus={"autorite_echeance"}),
    # --- usages
    *(
        Cas(
            nom=f"{protocole}-{nom_usages}",
            fichier=avec(usages=usages),
            protocole=protocole,
            plus=plus,
            moins={"usages_conformes"} if plus else set(),
        )
        for protocole, nom_usages, usages, plus in (
            ("pesit", "client-et-serveur", (CLIENT, SERVEUR), set()),
            ("pesit", "client", (CLIENT,), {"usage_serveur_absent"}),
            ("pesit", "serveur", (SERVEUR,), {"usage_client_absent"}),
            ("as2", "client", (CLIENT,), {"usage_serveur_absent"}),
            ("as2", "serveur", (SERVEUR,), {"usage_client_absent"}),
            ("as2", "aucun", (ExtendedKeyUsageOID.CODE_SIGNING,), {"usage_client_absent", "usage_serveur_absent"}),
            ("as2", "tous", (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,), set()),
            ("as2", "non-precises", None, {"usages_non_precises"}),
            ("sftp", "client", (CLIENT,), set()),
            ("sftp", "serveur", (SERVEUR,), {"usage_client_absent"}),
            ("sftp", "client-et-serveur", (CLIENT, SERVEUR), set()),
            ("api", "client", (CLIENT,), set()),
            ("api", "serveur", (SERVEUR,), {"usage_client_absent"}),
        )
    ),
    Cas(
        nom="sans-protocole",
        fichier=avec(usages=(ExtendedKeyUsageOID.CODE_SIGNING,)),
        protocole=None,
        moins={"usages_conformes"},
    ),
    Cas(nom="sans-droit-de-signer", fichier=avec(signe=False), plus={"usage_signature_absent"}),
    Cas(nom="client-et-serveur-separes", fichier=deux(), plus={"plusieurs_certificats"}),
    Cas(nom="deux-clients-en-sftp", fichier=deux(), protocole="sftp", plus={"plusieurs_certificats"}),
    # --- strength
    Cas(nom="rsa-1024", fichier=avec(cle=cle_rsa(1024)), plus={"cle_faible"}),
    Cas(nom="rsa-2048", fichier=avec(cle=cle_rsa())),
    Cas(nom="rsa-exposant-3", fichier=avec(cle=cle_rsa(2048, 3)), plus={"exposant_faible"}),
    Cas(nom="ec-192", fichier=avec(cle=ec.generate_private_key(ec.SECP192R1())), plus={"cle_faible"}),
    Cas(nom="ec-384", fichier=avec(cle=ec.generate_private_key(ec.SECP384R1()))),
    Cas(nom="ec-koblitz", fichier=avec(cle=ec.generate_private_key(ec.SECP256K1())), plus={"cle_inhabituelle"}),
    Cas(nom="ed25519", fichier=avec(cle=ed25519.Ed25519PrivateKey.generate()), plus={"cle_inhabituelle"}),
    Cas(nom="dsa", fichier=avec(cle=cle_dsa()), plus={"cle_inhabituelle"}),
    Cas(nom="sha1", fichier=faible("sha1"), plus={"signature_faible", "lien_non_verifiable"}, moins=SANS_CHAINE),
    Cas(nom="md5", fichier=faible("md5"), plus={"signature_faible", "lien_non_verifiable"}, moins=SANS_CHAINE),
    Cas(
        nom="signature-inconnue",
        fichier=faible("inconnue"),
        plus={"signature_inconnue", "lien_non_verifiable"},
        moins=SANS_CHAINE,
    ),
    # --- subject
    *(
        Cas(nom=f"siren-{nom_cas}", fichier=avec(sujet=sujet(*attributs)))
        for nom_cas, attributs in (
            ("ou-siret", [ou(f"0002 {SIREN}00017")]),
            ("ou-espaces", [ou("0002 123 456 782")]),
            ("registre", [identifiant(f"NTRFR-{SIREN}")]),
            ("tva", [identifiant(f"VATFR-32{SIREN}")]),
            ("tva-pays", [identifiant(f"VATFR-FR32{SIREN}")]),
            (
                "validation-etendue",
                [(NameOID.JURISDICTION_COUNTRY_NAME, "FR"), (NameOID.SERIAL_NUMBER, "123 456 782")],
            ),
            ("deux-fois", [ou(f"0002 {SIREN}"), identifiant(f"NTRFR-{SIREN}")]),
        )
    ),
    *(
        Cas(
            nom=f"siren-absent-{nom_cas}",
            fichier=avec(sujet=sujet(*attributs)),
            plus={"siren_absent"},
            moins={"siren_conforme"},
        )
        for nom_cas, attributs in (
            ("rien", []),
            ("ou-sans-0002", [ou(SIREN)]),
            ("ou-trop-court", [ou("0002 12345678")]),
            ("autre-pays", [identifiant(f"NTRBE-{SIREN}")]),
            ("numero-sans-pays", [(NameOID.SERIAL_NUMBER, SIREN)]),
        )
    ),
    Cas(
        nom="siren-different",
        fichier=avec(sujet=sujet(ou(f"0002 {AUTRE_SIREN}"))),
        plus={"siren_different"},
        moins={"siren_conforme"},
    ),
    Cas(
        nom="siren-contradictoire",
        fichier=avec(sujet=sujet(ou(f"0002 {AUTRE_SIREN}"), identifiant(f"NTRFR-{SIREN}"))),
        plus={"siren_contradictoire"},
    ),
    Cas(nom="sans-partenaire", fichier=avec(), siren=None, moins={"siren_conforme"}),
    Cas(nom="siret-du-partenaire", fichier=avec(), siren=f"{SIREN}00017"),
    Cas(nom="sujet-vide", fichier=avec(sujet=sujet(ou(f"0002 {SIREN}"), cn=None, o=None)), plus={"sujet_vide"}),
    Cas(
        nom="nom-trompeur",
        fichier=avec(sujet=sujet(ou(f"0002 {SIREN}"), cn="edi\u202e.tset\x07")),
        plus={"nom_trompeur"},
    ),
    Cas(nom="joker", fichier=avec(alternatifs=[x509.DNSName("*.exemple.test")]), plus={"joker"}),
    Cas(nom="joker-cn", fichier=avec(sujet=sujet(ou(f"0002 {SIREN}"), cn="*.exemple.test")), plus={"joker"}),
    Cas(
        nom="adresse-ip",
        fichier=avec(alternatifs=[x509.IPAddress(ipaddress.ip_address("192.0.2.7"))]),
        plus={"adresse_ip"},
    ),
    Cas(nom="adresse-ip-cn", fichier=avec(sujet=sujet(ou(f"0002 {SIREN}"), cn="2001:db8::7")), plus={"adresse_ip"}),
    # --- issuer
    Cas(
        nom="emetteur-inconnu",
        fichier=avec(),
        emetteurs=lambda: (EmetteurConnu("Une autre autorité"),),
        plus={"emetteur_inconnu"},
        moins={"emetteur_connu"},
    ),
    Cas(nom="liste-vide", fichier=avec(), emetteurs=tuple, plus={"liste_vide"}, moins={"emetteur_connu"}),
    Cas(nom="emetteur-par-cn", fichier=avec(), emetteurs=lambda: (EmetteurConnu("  racine D’ESSAI "),)),
    Cas(
        nom="emetteur-par-empreinte",
        fichier=avec(),
        emetteurs=lambda: (EmetteurConnu("Autre nom", pki().racine.sha256.upper()),),
    ),
    Cas(
        nom="emetteur-usurpe",
        fichier=avec(),
        emetteurs=lambda: (EmetteurConnu(AUTORITE, "ab" * 32),),
        plus={"emetteur_usurpe"},
        moins={"emetteur_connu"},
    ),
    Cas(
        nom="empreinte-sous-une-signature-alteree",
        fichier=lambda: p7b(alterer(pki().feuille()), pki().intermediaire, pki().racine),
        emetteurs=lambda: (EmetteurConnu("Autre nom", pki().intermediaire.sha256),),
        plus={"emetteur_inconnu", "signature_fausse"},
        moins={"emetteur_connu", "chaine_complete"},
    ),
    Cas(
        nom="empreinte-sous-une-signature-non-verifiee",
        fichier=faible("inconnue"),
        emetteurs=lambda: (EmetteurConnu("Autre nom", pki().intermediaire.sha256),),
        plus={"emetteur_inconnu", "signature_inconnue", "lien_non_verifiable"},
        moins={"emetteur_connu", "chaine_complete"},
    ),
    Cas(
        nom="empreinte-d-une-racine-sans-lien",
        fichier=lambda: p7b(pki().feuille(), pki().racine),
        emetteurs=lambda: (EmetteurConnu("Autre nom", pki().racine.sha256),),
        plus={"emetteur_inconnu", "chaine_incomplete", "certificat_etranger"},
        moins={"emetteur_connu", "chaine_complete"},
    ),
)


def en_desordre() -> list[Emis]:
    """Neither in the order of the chain nor in that of DER."""
    feuille, *autorites = pki().chaine()
    ordre = [*reversed(autorites), feuille]
    if [emis.der for emis in ordre] == sorted(emis.der for emis in ordre):
        ordre = [ordre[1], ordre[0], ordre[2]]
    return ordre


def csr(forme: Encoding) -> bytes:
    cle = ec.generate_private_key(ec.SECP256R1())
    demande = x509.CertificateSigningRequestBuilder().subject_name(nom("edi.exemple.test")).sign(cle, hashes.SHA256())
    return demande.public_bytes(forme)


def crl(forme: Encoding) -> bytes:
    liste = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(pki().racine.certificat.subject)
        .last_update(MAINTENANT)
        .next_update(MAINTENANT + JOUR)
    )
    return liste.sign(pki().racine.cle, hashes.SHA256()).public_bytes(forme)


def publique(forme: Encoding) -> bytes:
    return cle_rsa().public_key().public_bytes(forme, PublicFormat.SubjectPublicKeyInfo)


def chiffre() -> bytes:
    batisseur = pkcs7.PKCS7EnvelopeBuilder().set_data(b"bonjour")
    destinataire = emettre("destinataire", cle=cle_rsa()).certificat
    return batisseur.add_recipient(destinataire).encrypt(Encoding.DER, [])


def longueur_folle() -> bytes:
    return bytes.fromhex("3084fffffff0") + b"\x02\x01\x01" * 50


def onze() -> bytes:
    return p7b(*(emettre(f"Autorité {rang}", ac=True) for rang in range(11)))


def cassee() -> bytes:
    """A certificate whose name is said to be UTF-8 and is not."""
    return pki().feuille().der.replace(b"edi.exemple.test", b"\xff" * 16)


def bombe() -> bytes:
    """As many sequences, one in the other, as the file may hold."""
    return b"\x30\x80" * 32_000


#: Name of the case -> file, code of the refusal.
REFUSES: dict[str, tuple[Callable[[], bytes], str]] = {
    "vide": (lambda: b"", "vide"),
    "blancs": (lambda: b" \r\n\x00\x00\t", "vide"),
    "trop-gros": (lambda: p7b(*pki().chaine()) + bytes(65_536), "taille"),
    "onze-certificats": (onze, "nombre"),
    "pkcs7-sans-certificat": (lambda: p7b_brut(), "sans_certificat"),
    "pkcs7-contenu-sans-certificat": (lambda: p7b_brut(contenu=tlv(0xA0, tlv(4, b"facture"))), "sans_certificat"),
    "pkcs7-liste-vide": (lambda: p7b_brut(b"", ber=True), "sans_certificat"),
    "pkcs7-donnees": (lambda: tlv(0x30, bytes.fromhex("06092a864886f70d010701") + tlv(0xA0, tlv(4, b"x"))), "contenu"),
    "pkcs7-chiffre": (chiffre, "chiffre"),
    "csr-der": (lambda: csr(Encoding.DER), "csr"),
    "csr-pem": (lambda: csr(Encoding.PEM), "csr"),
    "crl-der": (lambda: crl(Encoding.DER), "crl"),
    "crl-pem": (lambda: crl(Encoding.PEM), "crl"),
    "cle-publique-der": (lambda: publique(Encoding.DER), "cle_publique"),
    "cle-publique-pem": (lambda: publique(Encoding.PEM), "cle_publique"),
    "html": (lambda: b"\r\n<!DOCTYPE html><html><body>Connectez-vous</body></html>", "page"),
    "xml": (lambda: b"<?xml version='1.0'?><a/>", "page"),
    "pdf": (lambda: b"%PDF-1.7\n" + bytes(range(256)), "document"),
    "zip": (lambda: b"PK\x03\x04" + bytes(60), "document"),
    "texte": (lambda: "Bonjour,\nvoici le certificat demandé.\n".encode(), "texte"),
    "csv-windows": (lambda: "SIRET;Désignation\r\n1;Été\r\n".encode("cp1252"), "texte"),
    "binaire": (lambda: bytes(range(1, 256)) * 4, "illisible"),
    "der-tronque": (lambda: p7b(*pki().chaine())[:-100], "tronque"),
    "der-a-l-en-tete": (lambda: p7b(*pki().chaine())[:3], "tronque"),
    "pem-tronque": (lambda: p7b_pem(*pki().chaine())[:-40], "tronque"),
    "pem-sans-debut": (lambda: p7b_pem(*pki().chaine())[30:], "tronque"),
    "pem-debuts-sans-fin": (lambda: b"-----BEGIN CERTIFICATE-----\n" * 2000, "tronque"),
    "pem-debut-abime": (lambda: b"-----BEGIN CERTIFICATE----\nMIIB\n", "tronque"),
    "pem-contenu-tronque": (lambda: armer("PKCS7", p7b(*pki().chaine())[:-100]), "tronque"),
    "pem-pas-base64": (lambda: b"-----BEGIN PKCS7-----\nMII*$\n-----END PKCS7-----\n", "base64"),
    "pem-vide": (lambda: b"-----BEGIN PKCS7-----\n-----END PKCS7-----\n", "illisible"),
    "suite-inattendue": (lambda: p7b(*pki().chaine()) + b"\x30\x03\x02\x01\x05", "illisible"),
    "bombe": (bombe, "illisible"),
    "longueur-folle": (longueur_folle, "tronque"),
    "longueur-sur-cent-octets": (lambda: b"\x30\xe4" + b"\xff" * 200, "illisible"),
    "sequence-vide": (lambda: b"\x30\x00", "illisible"),
    "pkcs7-certificat-casse": (lambda: p7b_brut(pki().feuille().der[:-30]), "illisible"),
    "nom-casse": (cassee, "abime"),
}
