"""Telephones as people type them; every accepted number reads back from every form in which it is written."""

import re

import phonenumbers
import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from interlocuteurs.telephone import afficher_telephone, avertissement, est_mobile, lire_telephone, motif, pour_loop
from tests.epreuves import repetitions

INDICATIFS = ("33", "262", "590", "594", "596", "508")
SEPARATEURS = st.sampled_from(["", " ", ".", "-", "\u00a0", "\u202f", " - ", "\u2011", "/"])


@pytest.mark.parametrize(
    ("saisi", "e164", "montre", "envoye"),
    [
        ("0705060302", "+33705060302", "07 05 06 03 02", "0705060302"),
        ("07 05 06 03 02", "+33705060302", "07 05 06 03 02", "0705060302"),
        ("07.05.06.03.02", "+33705060302", "07 05 06 03 02", "0705060302"),
        ("07-05\u00a006\u202f03/02", "+33705060302", "07 05 06 03 02", "0705060302"),
        ("+33 (0)7 05 06 03 02", "+33705060302", "07 05 06 03 02", "0705060302"),
        ("(+33) 7 05 06 03 02", "+33705060302", "07 05 06 03 02", "0705060302"),
        ("0033 7 05 06 03 02", "+33705060302", "07 05 06 03 02", "0705060302"),
        ("0033(0)705060302", "+33705060302", "07 05 06 03 02", "0705060302"),
        ("\u202a+33\u00a07 05 06 03 02\u202c", "+33705060302", "07 05 06 03 02", "0705060302"),
        ("０７０５０６０３０２", "+33705060302", "07 05 06 03 02", "0705060302"),
        ("0262 12 34 56", "+262262123456", "02 62 12 34 56", "0262123456"),
        ("0692 12 34 56", "+262692123456", "06 92 12 34 56", "0692123456"),
        ("+33 692 12 34 56", "+262692123456", "06 92 12 34 56", "0692123456"),
        ("0269 60 12 34", "+262269601234", "02 69 60 12 34", "0269601234"),
        ("0590 27 12 34", "+590590271234", "05 90 27 12 34", "0590271234"),
        ("0594 30 12 34", "+594594301234", "05 94 30 12 34", "0594301234"),
        ("0596 51 12 34", "+596596511234", "05 96 51 12 34", "0596511234"),
        ("0696 12 34 56", "+596696123456", "06 96 12 34 56", "0696123456"),
        ("0508 41 12 34", "+508411234", "05 08 41 12 34", "0508411234"),
        ("+508 41 12 34", "+508411234", "05 08 41 12 34", "0508411234"),
        ("+32 2 555 12 12", "+3225551212", "+32 2 555 12 12", "+3225551212"),
        ("+39 06 698 12345", "+390669812345", "+39 06 6981 2345", "+390669812345"),
        ("", "", "", ""),
        (" ", "", "", ""),
    ],
)
def test_comme_une_personne_le_tape(saisi, e164, montre, envoye):
    assert lire_telephone(saisi) == e164
    assert (afficher_telephone(e164), pour_loop(e164)) == (montre, envoye)


@pytest.mark.parametrize(
    ("saisi", "code"),
    [
        ("07 05 06 03", "impossible"),
        ("07 05 06 03 0", "impossible"),
        ("07 05 06 03 02 1", "impossible"),
        ("3631", "impossible"),
        ("705060302", "impossible"),
        ("+999 12345678", "impossible"),
        ("07 05 06 03 02 poste 4", "illisible"),
        ("070506030٢", "illisible"),
        ("++33705060302", "illisible"),
        ("sur demande", "illisible"),
        ("07 05 06 03 02" * 10, "illisible"),
    ],
)
def test_un_refus_dit_quoi_pourquoi_que_faire(saisi, code):
    with pytest.raises(ValidationError) as refus:
        lire_telephone(saisi)
    assert refus.value.code == code
    (phrase,) = refus.value.messages
    assert phrase.startswith("Le numéro de téléphone n’a pas été")
    assert "Écrivez" in phrase


def test_l_exemple_du_guide_est_possible_mais_pas_attribue():
    assert avertissement(lire_telephone("0705060302"))
    assert not avertissement(lire_telephone("06 12 34 56 78"))
    assert not avertissement("")


@pytest.mark.parametrize(
    ("e164", "mobile"),
    [
        ("+33705060302", True),
        ("+33612345678", True),
        ("+33142685300", False),
        ("+262692123456", True),
        ("+262262123456", False),
        ("+590690123456", True),
        ("+508411234", False),
        ("+32470123456", True),
        ("+3225551212", False),
    ],
)
def test_mobile_ou_fixe(e164, mobile):
    assert est_mobile(e164) is mobile


@settings(max_examples=repetitions(60, 1000), deadline=None)
@given(indicatif=st.sampled_from(INDICATIFS), chiffres=st.from_regex(r"[1-9][0-9]{8}", fullmatch=True))
def test_ce_qui_est_lu_se_relit_sous_toutes_ses_formes(indicatif, chiffres):
    try:
        e164 = lire_telephone(f"+{indicatif}{chiffres}")
    except ValidationError:
        return
    assert re.fullmatch(r"\+[1-9][0-9]{4,14}", e164)
    for forme in (e164, afficher_telephone(e164), pour_loop(e164), f"00{e164[1:]}"):
        assert lire_telephone(forme) == e164
        assert re.fullmatch(motif(e164), forme)


@settings(max_examples=repetitions(60, 1000), deadline=None)
@given(
    chiffres=st.from_regex(r"0[1-9][0-9]{8}", fullmatch=True), separateurs=st.lists(SEPARATEURS, min_size=9, max_size=9)
)
def test_dix_chiffres_se_lisent_toujours_et_repartent_tels_quels(chiffres, separateurs):
    saisi = chiffres[0] + "".join(s + c for s, c in zip(separateurs, chiffres[1:], strict=True))
    e164 = lire_telephone(saisi)
    assert lire_telephone(chiffres) == e164
    assert pour_loop(e164) == chiffres
    assert afficher_telephone(e164).replace(" ", "") == chiffres


@settings(max_examples=repetitions(60, 1000), deadline=None)
@given(st.text(max_size=30))
def test_un_texte_quelconque_est_un_numero_possible_ou_un_refus(texte):
    try:
        e164 = lire_telephone(texte)
    except ValidationError:
        return
    assert not e164 or phonenumbers.is_possible_number(phonenumbers.parse(e164))
