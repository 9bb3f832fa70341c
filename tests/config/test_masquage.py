"""What is masked, and that nothing of a secret is left whatever its place."""

import base64
import io
import json
import logging
import re
import sys
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.masquage import (
    MASQUE,
    FiltreMasque,
    masquer_adresse,
    masquer_connus,
    masquer_corps,
    masquer_entetes,
    masquer_texte,
    nom_sensible,
)

# Invented secrets, with the characters that real ones hold.
SECRET = 'aB3+/x=:Yz9&é"w'
secrets = (
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="•"), min_size=6, max_size=40
    )
    .map(str.strip)
    .filter(lambda secret: len(secret) >= 6)
)
entourages = st.text(max_size=60)


@pytest.mark.parametrize(
    "nom",
    [
        "x-apikey",
        "X-APIKEY",
        "Ocp-Apim-Subscription-Key",
        "Authorization",
        "Set-Cookie",
        "cpro-account",
        "client_secret",
        "sig",
        "key",
        "password",
        "motDePasse",
        "access_token",
        "apiKey",
        "api-key-secret",
    ],
)
def test_noms_sensibles(nom):
    assert nom_sensible(nom)


@pytest.mark.parametrize("nom", ["codeDossier", "Content-Type", "requestid", "design", "message", "offre", "keynote"])
def test_noms_ordinaires(nom):
    assert not nom_sensible(nom)


def test_entetes():
    entetes = {
        "x-apikey": "CLE:secret",
        "Content-Type": "application/json",
        "Location": "https://depot.exemple/f?sv=1&sig=abc%2Bdef",
    }
    assert masquer_entetes(entetes) == {
        "x-apikey": MASQUE,
        "Content-Type": "application/json",
        "Location": f"https://depot.exemple/f?sv=1&sig={MASQUE}",
    }


@pytest.mark.parametrize(
    ("adresse", "attendue"),
    [
        ("https://h/f?sv=2&sig=a%2Bb%3D&se=3", f"https://h/f?sv=2&sig={MASQUE}&se=3"),
        ("https://h/f?codeDossier=044212&take=%22100%22", "https://h/f?codeDossier=044212&take=%22100%22"),
        ("https://h/f?access%5Ftoken=abc", f"https://h/f?access%5Ftoken={MASQUE}"),
        ("https://jean:motdepasse@h/f", f"https://{MASQUE}@h/f"),
        ("https://h/f#token=abc&x=1", f"https://h/f#token={MASQUE}&x=1"),
    ],
)
def test_adresses(adresse, attendue):
    assert masquer_adresse(adresse) == attendue


def test_corps_json_masque_par_nom_a_toute_profondeur():
    corps = {"a": [{"clientSecret": "s1", "b": {"token": {"valeur": "s2"}}}], "numero": 3, "password": ""}
    masque = json.loads(masquer_corps(json.dumps(corps)))
    assert masque == {"a": [{"clientSecret": MASQUE, "b": {"token": MASQUE}}], "numero": 3, "password": ""}


@pytest.mark.parametrize(
    "corps",
    [
        '{"client_secret": "zQx-secret-9',
        '{"x": 1, "token":"zQx-secret-9", "y": [',
        "grant_type=client_credentials&client_secret=zQx-secret-9&scope=openid",
        "<p>password: zQx-secret-9</p>",
        "x-apikey: zQx-secret-9 et la suite",
        "Authorization: Bearer zQx-secret-9",
        "{'Ocp-Apim-Subscription-Key': 'zQx-secret-9'}",
        "(b'x-apikey', b'zQx-secret-9')",
        "ABCDEFGHIJKLMNOPQRSTUVWXY:zQx-secret-9",
        '"{\\"token\\": \\"zQx-secret-9\\"}"',
    ],
)
def test_texte_sans_connaitre_le_secret(corps):
    assert "zQx" not in masquer_corps(corps)
    assert "secret-9" not in masquer_corps(corps)


@pytest.mark.parametrize(
    "texte",
    [
        "L'offre consultation a été ajoutée au dossier client MANON001",
        "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.",
        "Il est 12:30, dossier 044212 : rien à signaler.",
    ],
)
def test_un_message_ordinaire_reste_entier(texte):
    assert masquer_texte(texte) == texte


def test_un_corps_coupe_ne_montre_pas_le_debut_d_un_secret():
    assert masquer_connus(f"... {SECRET[:9]}", [SECRET]) == f"... {MASQUE}"


def test_des_occurrences_qui_se_recouvrent_font_un_seul_masque():
    assert masquer_connus("xabcdy", ["abc", "bcd"]) == f"x{MASQUE}y"


def test_json_tres_profond():
    assert masquer_corps("[" * 100_000).startswith("[")


def se_decode(texte, secret):
    """Whether some base64 word of the text, read from any of its characters, holds the secret."""
    for mot in re.findall(r"[A-Za-z0-9+/]{4,}", texte.replace("-", "+").replace("_", "/")):
        for debut in range(4):
            lisible = mot[debut:][: (len(mot) - debut) // 4 * 4]
            if secret.encode() in base64.b64decode(lisible):
                return True
    return False


def test_se_decode_reconnait_un_secret_decale():
    for login in ("a", "ab", "abc"):
        assert se_decode(base64.b64encode(f"{login}:motdepasse:x".encode()).decode(), "motdepasse")


@given(secret=secrets, avant=entourages, apres=entourages)
def test_aucune_forme_d_un_secret_connu_ne_survit(secret, avant, apres):
    clair = f"{avant}{secret}{apres}"
    ecrits = {
        "texte": clair,
        "json": json.dumps({"message": clair, secret: [clair]}),
        "json_lisible": json.dumps({"message": clair}, ensure_ascii=False),
        "json_coupe": json.dumps({"message": clair})[:-1],
        "adresse": f"https://h/{quote(secret)}?q={quote_plus(secret)}&r={quote(secret, safe='')}",
        "base64": base64.b64encode(secret.encode()).decode(),
        "base64_url": base64.urlsafe_b64encode(f"login:{secret}".encode()).decode(),
        "base64_decale": base64.b64encode(f"{avant[:2]}{secret}{apres[:1]}".encode(errors="replace")).decode(),
    }
    for forme, ecrit in ecrits.items():
        masque = masquer_corps(ecrit, [secret])
        assert secret not in masque, forme
        assert json.dumps(secret)[1:-1] not in masque, forme
        assert quote(secret, safe="") not in masque, forme
        assert not se_decode(masque, secret), forme
    assert secret not in masquer_adresse(ecrits["adresse"], [secret])
    assert secret not in "".join(masquer_entetes({"x-note": clair}, [secret]).values())


@given(avant=entourages)
def test_sans_secret_connu_le_texte_est_rendu_tel_quel(avant):
    assert masquer_connus(avant, [""]) == avant


@pytest.fixture
def journal():
    sortie = io.StringIO()
    gestionnaire = logging.StreamHandler(sortie)
    gestionnaire.addFilter(FiltreMasque())
    gestionnaire.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("tests.masquage")
    logger.addHandler(gestionnaire)
    logger.propagate = False
    yield logger, sortie
    logger.removeHandler(gestionnaire)


def test_filtre_masque_message_et_arguments(journal):
    logger, sortie = journal
    logger.error("GET %s %s", "https://h/f?sig=abcdef", {"x-apikey": "CLE:valeur"})
    assert sortie.getvalue().strip() == f"GET https://h/f?sig={MASQUE} {{'x-apikey': '{MASQUE}'}}"


def test_filtre_masque_la_trace_et_la_pile(journal):
    logger, sortie = journal
    valeur = "-".join(("valeur", "secrete"))
    try:
        raise ValueError(f"Bearer {valeur}")
    except ValueError:
        logger.exception("échec", stack_info=True)
    assert valeur not in sortie.getvalue()
    assert f"ValueError: Bearer {MASQUE}" in sortie.getvalue()


def test_filtre_ne_laisse_pas_logging_imprimer_un_message_mal_forme(journal, monkeypatch):
    erreurs = io.StringIO()
    monkeypatch.setattr(sys, "stderr", erreurs)
    logger, sortie = journal
    logger.error("deux %s %s", "token=valeur-secrete")
    assert "valeur-secrete" not in sortie.getvalue() + erreurs.getvalue()
