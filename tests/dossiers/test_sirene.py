"""SIREN and SIRET: vectors of public references, and what the keys can and cannot see."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import assume, given
from hypothesis import strategies as st

from dossiers import sirene
from dossiers.sirene import Etat
from dossiers.templatetags.dossiers_extras import siren as filtre_siren
from dossiers.templatetags.dossiers_extras import siret as filtre_siret

SIRETS = [
    "07955542100027", "21750001600019", "81034732800017", "38214190100159",
    "39747182200080", "37982199400124", "11000201100044", "73282932000074",
]  # fmt: skip
LA_POSTE = "356000000"


def luhn(chiffres: str) -> bool:
    """An independent reading of the key, to judge the one in use."""
    total = 0
    for rang, chiffre in enumerate(reversed(chiffres)):
        n = int(chiffre) * (2 if rang % 2 else 1)
        total += n - 9 if n > 9 else n
    return total % 10 == 0


def avec_cle(debut: str) -> str:
    return next(debut + cle for cle in "0123456789" if luhn(debut + cle))


sirens = st.text("0123456789", min_size=8, max_size=8).map(avec_cle).filter(lambda n: n not in {"0" * 9, LA_POSTE})
sirets = st.builds(lambda siren, nic: avec_cle(siren + nic), sirens, st.text("0123456789", min_size=4, max_size=4))


@pytest.mark.parametrize("numero", SIRETS)
def test_les_sirets_connus_sont_justes(numero):
    assert sirene.lire_siret(numero) == numero
    assert sirene.lire_siren(numero[:9]) == numero[:9]


@pytest.mark.parametrize("numero", ["35600000000048", "35600000049837"])
def test_la_poste_suit_sa_regle(numero):
    assert sirene.lire_siret(numero) == numero


def test_la_poste_refuse_une_somme_qui_n_est_pas_multiple_de_cinq():
    assert sirene.verdict_siret("35600000049838").etat is Etat.CLE_FAUSSE


@pytest.mark.parametrize(
    "colle",
    [
        "732 829 320 00074",
        "732.829.320.00074",
        "732\u00a0829\u00a0320\u00a000074",
        "732\u202f829\u202f320\u202f00074\n",
        "\t732-829-320–00074",
        "７３２８２９３２０００００７４".replace("０００００７４", "００００７４"),
        "\ufeff73282932000074\u200b",
    ],
)
def test_un_numero_colle_est_lu(colle):
    assert sirene.lire_siret(colle) == "73282932000074"


@pytest.mark.parametrize(
    ("texte", "code"),
    [
        ("", "illisible"),
        ("73282932O", "illisible"),
        ("٧٣٢٨٢٩٣٢٠", "illisible"),
        ("73282932", "longueur"),
        ("7328293200", "longueur"),
        ("000000000", "nul"),
        ("123456789", "cle"),
    ],
)
def test_un_siren_refuse_dit_pourquoi_et_quoi_faire(texte, code):
    with pytest.raises(ValidationError) as refus:
        sirene.lire_siren(texte)
    assert refus.value.code == code
    fait, remede = refus.value.message.split(". ", 1)
    assert " : " in fait.replace("\u00a0", " ")
    assert remede.endswith(".")


def test_un_siret_juste_dont_le_siren_est_faux_est_refuse():
    assert luhn("18008832420387")
    assert not luhn("180088324")
    with pytest.raises(ValidationError):
        sirene.lire_siret("18008832420387")


@pytest.mark.parametrize("numero", ["00000000000149", "18008832420387", "180 088 324 20387"])
def test_une_structure_de_test_avertit_sans_bloquer(numero):
    verdict = sirene.verdict_siret(numero)
    assert verdict.etat is Etat.STRUCTURE_TEST
    assert not verdict.bloquant
    assert verdict.numero == numero.replace(" ", "")
    assert "qualification" in verdict.message


def test_les_structures_de_test_sont_un_reglage(settings):
    settings.STRUCTURES_TEST = []
    assert sirene.verdict_siret("00000000000149").bloquant


@pytest.mark.parametrize(
    ("texte", "etat", "numero"),
    [
        ("732829320", Etat.VALIDE, "732829320"),
        ("732829321", Etat.CLE_FAUSSE, "732829321"),
        ("abc", Etat.ILLISIBLE, ""),
    ],
)
def test_verdict_siren(texte, etat, numero):
    verdict = sirene.verdict_siren(texte)
    assert (verdict.etat, verdict.numero) == (etat, numero)
    assert verdict.bloquant is bool(verdict.message)


@given(sirens, st.integers(0, 8), st.integers(1, 9))
def test_un_chiffre_faux_est_vu_et_le_siren_d_origine_propose(numero, rang, ecart):
    faux = numero[:rang] + str((int(numero[rang]) + ecart) % 10) + numero[rang + 1 :]
    assert not sirene.siren_valide(faux)
    assert numero in sirene.suggestions(faux)


@given(sirets, st.integers(0, 13), st.integers(1, 9))
def test_un_chiffre_faux_est_vu_et_le_siret_d_origine_propose(numero, rang, ecart):
    faux = numero[:rang] + str((int(numero[rang]) + ecart) % 10) + numero[rang + 1 :]
    assume(not faux.startswith(LA_POSTE))
    assert not sirene.siret_valide(faux)
    assert numero in sirene.suggestions(faux)


@given(sirets, st.integers(0, 12))
def test_deux_voisins_echanges_sont_vus_sauf_zero_neuf(numero, rang):
    a, b = numero[rang], numero[rang + 1]
    assume(a != b)
    faux = numero[:rang] + b + a + numero[rang + 2 :]
    assume(not faux.startswith((LA_POSTE, "0" * 9)))
    if {a, b} == {"0", "9"} and rang != 8:
        assert sirene.siret_valide(faux)
    else:
        assert not sirene.siret_valide(faux)
        assert numero in sirene.suggestions(faux)


def test_limites_de_la_regle_de_la_poste():
    assert sirene.siret_valide("35600000049387")  # 83 and 38 swapped
    assert sirene.siret_valide("35600000049832")  # 7 changed by 5
    assert sirene.suggestions("35600000049832") == []


@given(st.text("0123456789", min_size=9, max_size=14))
def test_les_suggestions_sont_justes_distinctes_et_a_un_glissement(numero):
    proposes = sirene.suggestions(numero)
    assert len(proposes) == len(set(proposes))
    for propose in proposes:
        assert sirene.verdict_siren(propose).numero or sirene.verdict_siret(propose).numero
        differences = [i for i in range(len(numero)) if numero[i] != propose[i]]
        assert len(differences) == 1 or (len(differences) == 2 and differences[1] == differences[0] + 1)


def test_les_numeros_deja_connus_viennent_en_premier():
    faux = "732829321"
    ordinaire = sirene.suggestions(faux)
    connu = ordinaire[-1]
    assert sirene.suggestions(faux, connus={connu})[0] == connu
    siret_faux = "73282932000079"
    assert "73282932000074" in sirene.suggestions(siret_faux, connus={"732829320"})


def test_un_siren_connu_classe_les_sirets():
    # One digit of the SIREN wrong: 732829320 is one of several SIRENs a slip away.
    proposes = sirene.suggestions("73282932100074", connus={"732829320"})
    assert proposes[0] == "73282932000074"
    dernier = sirene.suggestions("732829321")[-1]
    assert sirene.suggestions("732829321", connus={dernier})[0] == dernier


@given(st.text())
def test_aucun_texte_ne_fait_tomber_la_lecture(texte):
    for verdict in (sirene.verdict_siren(texte), sirene.verdict_siret(texte)):
        assert verdict.numero == "" or (verdict.numero.isascii() and verdict.numero.isdigit())
    assert isinstance(sirene.suggestions(texte), list)


def test_affichage_avec_espaces_fines_insecables():
    assert sirene.afficher_siren("732829320") == "732\u202f829\u202f320"
    assert sirene.afficher_siret("73282932000074") == "732\u202f829\u202f320\u202f00074"
    assert sirene.afficher_siret("ABC") == "ABC"
    assert filtre_siren(None) == filtre_siret("") == "—"
    assert filtre_siret("73282932000074") == sirene.afficher_siret("73282932000074")


@given(sirets)
def test_ce_qui_est_affiche_se_relit(numero):
    assert sirene.lire_siret(sirene.afficher_siret(numero)) == numero
