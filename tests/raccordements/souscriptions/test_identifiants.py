"""Addressing lines: their parts, their identifier, the words of their level."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from raccordements.souscriptions.etapes import Niveau
from raccordements.souscriptions.identifiants import LONGUEUR_IDENTIFIANT, composer, lire, lire_niveau
from tests.fabriques import siren_fictif, siret_fictif

SIREN, SIRET = siren_fictif(1), siret_fictif(1)


@pytest.mark.parametrize(
    ("mots", "niveau"),
    [
        (["SIREN", "Siren (Siret + Siret)", "Siret + Siret"], Niveau.SIREN),
        (["SIREN_SIRET", "Siret", "SIRET", "Siren + Siret"], Niveau.SIRET),
        (
            ["SIREN_SIRET_CODEROUTAGE", "Routing code (Siren + Siret + Routing code)", "Code de routage"],
            Niveau.CODE_ROUTAGE,
        ),
        (["SIREN_SUFFIXE", "Suffix (Siret + Suffix)", "Siret + Suffix", "suffix", "Suffixe"], Niveau.SUFFIXE),
        (["", "GLN", "Siren + Siret + Suffix"], None),
    ],
)
def test_les_mots_de_cegid_et_de_l_annuaire_designent_le_meme_niveau(mots, niveau):
    assert {lire_niveau(mot) for mot in mots} == {niveau}


@pytest.mark.parametrize(
    ("niveau", "parties", "identifiant"),
    [
        (Niveau.SIREN, {}, SIREN),
        (Niveau.SIRET, {"siret": SIRET}, f"{SIREN}_{SIRET}"),
        (Niveau.CODE_ROUTAGE, {"siret": SIRET, "code_routage": "ACHATS_1"}, f"{SIREN}_{SIRET}_ACHATS_1"),
        (Niveau.SUFFIXE, {"suffixe": "Agence-2"}, f"{SIREN}_Agence-2"),
    ],
)
def test_une_ligne_s_ecrit_et_se_relit(niveau, parties, identifiant):
    ligne = composer(niveau, siren=SIREN, **parties)
    assert ligne.identifiant == identifiant
    assert lire(identifiant) == ligne


def test_les_numeros_se_collent_comme_ils_viennent():
    pastes = composer(
        Niveau.SIRET, siren=f" {SIREN[:3]} {SIREN[3:6]}.{SIREN[6:]}", siret=f"{SIRET[:9]}\u202f{SIRET[9:]}"
    )
    assert pastes.identifiant == f"{SIREN}_{SIRET}"


def test_la_poste_a_sa_regle():
    assert composer(Niveau.SIRET, siren="356000000", siret="35600000049837").siret == "35600000049837"


@pytest.mark.parametrize(
    ("niveau", "parties", "champ"),
    [
        ("GLN", {}, "niveau"),
        (Niveau.SIREN, {"siren": "123456789"}, "siren"),
        (Niveau.SIREN, {"siret": SIRET}, "siret"),
        (Niveau.SIREN, {"suffixe": "A"}, "suffixe"),
        (Niveau.SIRET, {}, "siret"),
        (Niveau.SIRET, {"siret": siret_fictif(2)}, "siret"),
        (Niveau.SIRET, {"siret": SIRET[:-1] + str((int(SIRET[-1]) + 1) % 10)}, "siret"),
        (Niveau.CODE_ROUTAGE, {"siret": SIRET}, "code_routage"),
        (Niveau.CODE_ROUTAGE, {"siret": SIRET, "code_routage": "A" * 101}, "code_routage"),
        (Niveau.CODE_ROUTAGE, {"siret": SIRET, "code_routage": "A/B"}, "code_routage"),
        (Niveau.SUFFIXE, {"suffixe": "A.B"}, "suffixe"),
        (Niveau.SUFFIXE, {"suffixe": "é"}, "suffixe"),
        (Niveau.SUFFIXE, {"suffixe": "A\n"[:1] + "\nB"}, "suffixe"),
        (Niveau.SUFFIXE, {"suffixe": SIRET}, "suffixe"),
        (Niveau.SUFFIXE, {"suffixe": f"{SIRET}_A"}, "suffixe"),
    ],
)
def test_une_partie_fausse_se_dit_a_son_champ(niveau, parties, champ):
    with pytest.raises(ValidationError) as refus:
        composer(niveau, **{"siren": SIREN, **parties})
    assert list(refus.value.message_dict) == [champ]


@given(code=st.from_regex(r"[A-Za-z0-9_-]{1,100}", fullmatch=True))
def test_aucun_identifiant_n_est_ambigu(code):
    for niveau, parties in (
        (Niveau.CODE_ROUTAGE, {"siret": SIRET, "code_routage": code}),
        (Niveau.SUFFIXE, {"suffixe": code}),
    ):
        try:
            ligne = composer(niveau, siren=SIREN, **parties)
        except ValidationError:
            assert niveau == Niveau.SUFFIXE
            continue
        assert len(ligne.identifiant) <= LONGUEUR_IDENTIFIANT
        assert lire(ligne.identifiant) == ligne


@given(st.text(max_size=60))
def test_un_texte_quelconque_se_lit_ou_se_refuse(texte):
    try:
        ligne = lire(texte)
    except ValidationError:
        return
    assert ligne.identifiant == texte.strip()
