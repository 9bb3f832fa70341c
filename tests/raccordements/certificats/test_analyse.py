"""What is read of a certificate and of its chain, and what holds whatever the bytes."""

from __future__ import annotations

import base64
import hashlib
import random
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raccordements.certificats.analyse import analyser
from raccordements.certificats.defenses import Limites, Refus
from raccordements.certificats.schemas import Analyse, Forme, Lien, Maillon, SirenLu
from tests.epreuves import repetitions
from tests.raccordements.certificats import corpus
from tests.raccordements.certificats.autorite import (
    JOUR,
    MAINTENANT,
    SIREN,
    alterer,
    emettre,
    nom,
    p7b,
    p7b_en_ordre,
    p7b_pem,
    pem,
    pki,
)

LIMITES = Limites(taille=65_536, nombre=10, memoire=2**28, secondes=5)


def test_tout_ce_que_dit_un_certificat(limites):
    feuille = pki().feuille(alternatifs=[x509.DNSName("edi.exemple.test")], numero=0xABC123)
    analyse = analyser(p7b_pem(feuille, pki().intermediaire, pki().racine), limites)
    lu, intermediaire, racine = analyse.certificats
    assert lu.sujet.texte == f"C=FR, O=Essai SARL, CN=edi.exemple.test, OU=0002 {SIREN}"
    assert (lu.sujet.cn, lu.sujet.o, lu.sujet.ou) == (("edi.exemple.test",), ("Essai SARL",), (f"0002 {SIREN}",))
    assert lu.emetteur == intermediaire.sujet
    assert lu.sirens == (SirenLu(SIREN, "OU 0002"),)
    assert lu.numero_serie == "abc123"
    assert (lu.sha256, lu.sha1) == (hashlib.sha256(feuille.der).hexdigest(), hashlib.sha1(feuille.der).hexdigest())
    assert (lu.debute_le, lu.expire_le) == (MAINTENANT - 100 * JOUR, MAINTENANT + 600 * JOUR)
    assert (lu.cle_type, lu.cle_taille, lu.courbe, lu.exposant) == ("EC", 256, "secp256r1", None)
    assert (racine.cle_type, racine.cle_taille, racine.courbe, racine.exposant) == ("RSA", 2048, "", 65537)
    assert (lu.signature_hash, lu.signature_algorithme) == ("sha256", "sha256WithRSAEncryption")
    assert lu.key_usage == ("digitalSignature", "keyEncipherment")
    assert lu.extended_key_usage == ("clientAuth", "serverAuth")
    assert lu.noms_alternatifs == ("DNS:edi.exemple.test",)
    assert (lu.ac, intermediaire.ac, intermediaire.longueur_chemin, racine.longueur_chemin) == (False, True, 0, None)
    assert (lu.auto_signe, racine.auto_signe) == (False, True)
    assert lu.aki == intermediaire.ski != lu.ski
    assert (lu.version, lu.extensions_lisibles) == (3, True)
    assert analyse.feuilles == (lu,)
    assert analyse.expire_le == lu.expire_le


def test_la_chaine_va_de_la_feuille_a_la_racine(limites):
    analyse = analyser(p7b_en_ordre(*corpus.en_desordre()), limites)
    assert [c.sujet.court for c in analyse.certificats] == ["edi.exemple.test", "Serveurs d’essai", "Racine d’essai"]
    (chaine,) = analyse.chaines
    assert chaine.maillons == (Maillon(1, Lien.VERIFIE, 2), Maillon(2, Lien.VERIFIE, 3), Maillon(3, Lien.RACINE))
    assert chaine.complete
    assert analyse.emetteur_manquant(chaine) is None


def test_l_emetteur_manquant_est_nomme(limites):
    analyse = analyser(p7b(*pki().chaine()[:2]), limites)
    (chaine,) = analyse.chaines
    assert chaine.maillons[-1] == Maillon(2, Lien.ABSENT)
    manquant = analyse.emetteur_manquant(chaine)
    assert manquant
    assert manquant.court == "Racine d’essai"


def test_une_signature_fausse_designe_le_certificat_qui_porte_le_nom(limites):
    analyse = analyser(p7b(alterer(pki().feuille()), pki().intermediaire, pki().racine), limites)
    (chaine,) = analyse.chaines
    (maillon,) = chaine.maillons
    assert maillon.lien is Lien.SIGNATURE_FAUSSE
    assert analyse.certificat(maillon.emetteur).sujet.court == "Serveurs d’essai"


def test_deux_feuilles_partagent_leurs_autorites(limites):
    analyse = analyser(corpus.deux()(), limites)
    assert len(analyse.certificats) == 4
    assert [chaine.rangs for chaine in analyse.chaines] == [(1, 2, 3), (4, 2, 3)]
    assert len(analyse.feuilles) == 2


def test_une_autorite_etrangere_n_est_pas_une_feuille(limites):
    analyse = analyser(p7b(*pki().chaine(), emettre("Étrangère", ac=True)), limites)
    assert len(analyse.chaines) == 1
    assert [analyse.certificat(rang).sujet.court for rang in analyse.etrangers] == ["Étrangère"]


def test_une_autorite_en_deux_formes_finit_par_celle_qui_ferme_la_chaine(limites):
    (chaine,) = analyser(corpus.pki_croisee(), limites).chaines
    assert chaine.complete


def test_l_echeance_est_celle_de_toute_la_chaine(limites):
    analyse = analyser(corpus.autorite(fin=20 * JOUR)(), limites)
    assert analyse.expire_le == MAINTENANT + 20 * JOUR


@pytest.mark.parametrize(
    ("ecrire", "forme", "converti"),
    [
        (p7b, Forme.PKCS7_DER, False),
        (p7b_pem, Forme.PKCS7_PEM, False),
        (p7b_en_ordre, Forme.PKCS7_DER, False),
        (lambda *emis: p7b_en_ordre(*emis, ber=True), Forme.PKCS7_DER, False),
        (lambda *emis: base64.b64encode(p7b(*emis)), Forme.PKCS7_PEM, False),
        (pem, Forme.CERTIFICAT_PEM, True),
        (lambda *emis: pem(*emis[1:]) + p7b_pem(emis[0]), Forme.CERTIFICAT_PEM, True),
    ],
    ids=["der", "pem", "openssl", "ber", "base64", "certificats", "melange"],
)
def test_les_memes_certificats_ont_une_seule_identite(ecrire, forme, converti, limites):
    emis = pki_fixe()
    analyse = analyser(ecrire(*emis), limites)
    temoin = analyser(p7b(*emis), limites)
    assert (analyse.forme, analyse.converti) == (forme, converti)
    assert (analyse.sha256, analyse.certificats, analyse.chaines) == (
        temoin.sha256,
        temoin.certificats,
        temoin.chaines,
    )
    relus = pkcs7.load_der_pkcs7_certificates(analyse.normalise)
    assert set(relus) == {un.certificat for un in emis}
    assert analyser(analyse.normalise, limites).normalise == analyse.normalise


_FIXE: list = []


def pki_fixe():
    if not _FIXE:
        _FIXE.extend(pki().chaine())
    return _FIXE


@given(graine=st.randoms(use_true_random=False), repetes=st.integers(0, 4))
@settings(max_examples=40, deadline=None)
def test_l_ordre_du_fichier_ne_change_rien(graine: random.Random, repetes: int):
    emis = [*pki_fixe(), *graine.choices(pki_fixe(), k=repetes)]
    graine.shuffle(emis)
    analyse, temoin = analyser(p7b_en_ordre(*emis), LIMITES), analyser(p7b(*pki_fixe()), LIMITES)
    assert analyse.doublons == repetes
    assert (analyse.sha256, analyse.certificats, analyse.chaines) == (
        temoin.sha256,
        temoin.certificats,
        temoin.chaines,
    )


def test_les_caracteres_qui_trompent_sont_montres(limites):
    sujet = nom("edi\u202e\x00\ntset" + "x" * 40, "Essai")
    lu = analyser(p7b(pki().feuille(sujet)), limites).certificats[0].sujet
    assert lu.trompeur
    assert lu.court.startswith("edi\ufffd\ufffd\ufffdtset")


def test_les_listes_sans_fin_sont_coupees(limites):
    alternatifs = [x509.DNSName(f"{rang}.exemple.test") for rang in range(1500)]
    lu = analyser(p7b(pki().feuille(alternatifs=alternatifs)), limites).certificats[0]
    assert len(lu.noms_alternatifs) == 100


def test_les_annees_extremes_se_lisent(limites):
    fin = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - MAINTENANT
    lu = analyser(p7b(pki().feuille(debut=timedelta(days=-27_000), fin=fin)), limites).certificats[0]
    assert (lu.debute_le.year, lu.expire_le.year) == (1952, 9999)


@pytest.mark.parametrize(("panne", "code"), [(KeyError("x"), "illisible"), (MemoryError(), "ressources")])
def test_une_panne_de_la_bibliotheque_est_un_refus(panne, code, limites, monkeypatch):
    def ouvrir(*_: object) -> None:
        raise panne

    monkeypatch.setattr("raccordements.certificats.analyse.ouvrir", ouvrir)
    with pytest.raises(Refus) as exc:
        analyser(p7b(*pki().chaine()), limites)
    assert exc.value.code == code


# --- whatever the bytes ------------------------------------------------------------------------------------------

MATIERES = [
    p7b(*pki_fixe()),
    p7b_pem(*pki_fixe()),
    pem(*pki_fixe()),
    p7b_en_ordre(*pki_fixe(), ber=True),
    pki_fixe()[0].der,
    corpus.crl(corpus.Encoding.DER),
    corpus.csr(corpus.Encoding.PEM),
]


@st.composite
def abimes(draw: st.DrawFn) -> bytes:
    octets = bytearray(draw(st.sampled_from(MATIERES)))
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, max(0, len(octets) - 1)))
        geste = draw(st.sampled_from(["octet", "couper", "inserer", "doubler", "oter"]))
        if geste == "octet" and octets:
            octets[place] = draw(st.integers(0, 255))
        elif geste == "couper":
            del octets[place:]
        elif geste == "inserer":
            octets[place:place] = draw(st.binary(max_size=40))
        elif geste == "doubler":
            octets[place:place] = octets[place : place + draw(st.integers(0, 400))]
        else:
            del octets[place : place + draw(st.integers(1, 40))]
    return bytes(octets)


def tenter(octets: bytes) -> None:
    """Read as the child does: an analysis that holds together or a refusal, and in no time."""
    debut = time.process_time()
    try:
        analyse = analyser(octets, LIMITES)
    except Refus:
        pass
    else:
        assert Analyse.depuis_json(analyse.vers_json()) == analyse
    assert time.process_time() - debut < 2


@given(octets=abimes())
@settings(max_examples=repetitions(100, 400), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_un_fichier_abime_ne_leve_ni_ne_bloque(octets: bytes):
    tenter(octets)


@given(octets=st.binary(max_size=3000) | st.text(max_size=1000).map(str.encode))
@settings(max_examples=repetitions(50, 200), deadline=None)
def test_des_octets_quelconques_ne_levent_ni_ne_bloquent(octets: bytes):
    tenter(octets)


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"-----BEGIN CERTIFICATE-----" * 2400, id="marques"),
        pytest.param(b"-" * 65_000, id="tirets"),
        pytest.param(b"-----BEGIN " * 5900, id="marques-ouvertes"),
        pytest.param(b"M" + b"A" * 65_000, id="base64"),
        pytest.param(b"QUFB" * 16_000, id="base64-de-base64"),
        pytest.param(b'"kty"' * 13_000, id="jwk"),
        pytest.param(b"<RSAKeyValue" * 5_400, id="xml"),
        pytest.param(b"\x30\x03\x02\x01\x01" * 13_000, id="versions"),
        pytest.param(b"\x30\x80\x02\x01\x00\x02\x01\x00" * 8_000, id="entiers"),
        pytest.param(b"BEGIN " * 10_000, id="debuts"),
        pytest.param(b" " * 65_000 + b"x", id="blancs"),
        pytest.param(b"\x00" * 65_000 + b"x", id="nuls"),
        pytest.param(b"PRIVATE " * 8_000, id="mots"),
        pytest.param(b"\x30\x83\x00\xfd\xe8" + b"\x30\x80" * 32_000, id="imbrique"),
    ],
)
def test_un_fichier_fait_pour_durer_ne_dure_pas(octets: bytes):
    tenter(octets)
