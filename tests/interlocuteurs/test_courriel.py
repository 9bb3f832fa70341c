"""One spelling per address, and nothing that the eye does not see."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from interlocuteurs.courriel import afficher_courriel, normaliser_courriel, normaliser_nom
from tests.epreuves import repetitions

INVISIBLES = ["\u200b", "\u200e", "\u202e", "\u2066", "\u00ad", "\ufeff", "\x00", "\x1f", "\u3164", "\u2800", "\ufe0f"]


@pytest.mark.parametrize(
    ("saisi", "garde"),
    [
        ("Jeanne.Inventee@Exemple.FR", "jeanne.inventee@exemple.fr"),
        ("  a@exemple.fr\n", "a@exemple.fr"),
        ("a+b@exemple.fr", "a+b@exemple.fr"),
        ("accueil@Éléphant.example", "accueil@xn--lphant-9uab.example"),
        ("accueil@xn--lphant-9uab.example", "accueil@xn--lphant-9uab.example"),
        ("a@EXEMPLE。FR", "a@exemple.fr"),
        ("a@e\u0301tude.example", "a@xn--tude-9oa.example"),
    ],
)
def test_une_seule_ecriture(saisi, garde):
    assert normaliser_courriel(saisi) == garde
    assert normaliser_courriel(garde) == garde


@pytest.mark.parametrize(
    ("saisi", "code"),
    [
        *((f"a{signe}b@exemple.fr", "invisible") for signe in INVISIBLES),
        *((f"ab@exem{signe}ple.fr", "invisible") for signe in INVISIBLES),
        ("\u200ba@exemple.fr", "invisible"),
        ("a b@exemple.fr", "espace"),
        ("a\u00a0b@exemple.fr", "espace"),
        ("exemple.fr", "forme"),
        ("@exemple.fr", "forme"),
        ("a@b@exemple.fr", "forme"),
        ("a@", "forme"),
        ("", "forme"),
        ("jérôme@exemple.fr", "local"),
        ("a..b@exemple.fr", "local"),
        (".a@exemple.fr", "local"),
        ('"a"@exemple.fr', "local"),
        ("a@exemple", "domaine"),
        ("a@localhost", "domaine"),
        ("a@[127.0.0.1]", "domaine"),
        ("a@-exemple.fr", "domaine"),
        ("a@exem_ple.fr", "domaine"),
        ("a@xn--zzzzzz.fr", "domaine"),
        ("a" * 250 + "@exemple.fr", "longueur"),
    ],
)
def test_un_refus_dit_quoi_pourquoi_que_faire(saisi, code):
    with pytest.raises(ValidationError) as refus:
        normaliser_courriel(saisi)
    (phrase,) = refus.value.messages
    assert phrase.startswith("L’adresse e-mail n’a pas été acceptée")
    assert refus.value.code == code


def test_le_domaine_se_montre_lisible():
    assert afficher_courriel("accueil@xn--lphant-9uab.example") == "accueil@éléphant.example"
    assert afficher_courriel("a@exemple.fr") == "a@exemple.fr"
    assert afficher_courriel("illisible") == "illisible"


@settings(max_examples=repetitions(60, 1000), deadline=None)
@given(st.text(max_size=40) | st.emails())
def test_l_ecriture_gardee_est_stable_ascii_et_minuscule(texte):
    try:
        garde = normaliser_courriel(texte)
    except ValidationError:
        return
    assert garde.isascii()
    assert garde == garde.lower()
    assert normaliser_courriel(garde) == garde
    assert normaliser_courriel(afficher_courriel(garde)) == garde


@pytest.mark.parametrize(
    ("saisi", "garde"),
    [
        ("  Inventée ", "Inventée"),
        ("de  la\u00a0Tour", "de la Tour"),
        ("Ele\u0301onore", "Eléonore"),
        ("O’Brien", "O’Brien"),
    ],
)
def test_un_nom(saisi, garde):
    assert normaliser_nom(saisi) == garde


@pytest.mark.parametrize("signe", INVISIBLES)
def test_un_nom_n_a_rien_d_invisible(signe):
    if signe.isspace():
        return
    with pytest.raises(ValidationError):
        normaliser_nom(f"Inven{signe}tée")
