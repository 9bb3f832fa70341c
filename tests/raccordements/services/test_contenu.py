"""The content of a fiche: one hash however it is written, and what differs between two, in French."""

import json
from copy import copy, deepcopy
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raccordements.models import Fiche, Mode
from raccordements.services import redaction
from raccordements.services.contenu import VIDE, canonique, contenu, differences, empreinte, lisible
from raccordements.services.redaction import CHAMPS_SAISIS, Saisie
from tests.raccordements.fabriques import certificat, fiche_api, fiche_edi, relue

VALEURS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda feuilles: st.lists(feuilles, max_size=4) | st.dictionaries(st.text(), feuilles, max_size=4),
    max_leaves=20,
)


def melanger(valeur):
    """The same value with the keys of every object the other way round."""
    if isinstance(valeur, dict):
        return {cle: melanger(valeur[cle]) for cle in reversed(list(valeur))}
    return [melanger(element) for element in valeur] if isinstance(valeur, list) else valeur


@given(st.dictionaries(st.text(), VALEURS), st.sampled_from([None, 2, "\t"]), st.booleans())
def test_l_empreinte_ne_depend_ni_des_espaces_ni_de_l_ordre(valeur, retrait, ascii_seul):
    exporte = json.dumps(melanger(valeur), indent=retrait, ensure_ascii=ascii_seul)
    try:
        attendue = empreinte(valeur)
    except UnicodeEncodeError:
        return  # A lone surrogate: neither the database nor a JSON file holds one.
    assert empreinte(json.loads(exporte)) == attendue


def test_la_forme_canonique_est_connue():
    assert canonique({"b": [1, None], "a": "é "}) == '{"a":"é ","b":[1,null]}'.encode()
    assert empreinte({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    with pytest.raises(TypeError):
        canonique({"a": [1.0]})


@pytest.mark.django_db
def test_l_empreinte_d_une_version_se_recalcule_depuis_la_base():
    fiche = fiche_edi()
    fige = contenu(fiche)
    assert empreinte(contenu(relue(fiche))) == empreinte(fige)
    assert empreinte(json.loads(json.dumps(fige, indent=2))) == empreinte(fige)


AUTRES = {
    "protocole": "sftp",
    "usage_piste": "direct",
    "partenaire_port": 1,
    "periode_du": date(2031, 2, 3),
    "periode_au": date(2032, 2, 3),
}


@pytest.mark.django_db
def test_tout_champ_saisi_change_l_empreinte(subtests):
    fiche = fiche_edi()
    avant = empreinte(contenu(fiche))
    for champ in sorted({*CHAMPS_SAISIS["edi"], *CHAMPS_SAISIS["api"]}):
        with subtests.test(champ):
            changee = copy(fiche)
            setattr(changee, champ, AUTRES.get(champ, "Autre"))
            assert empreinte(contenu(changee)) != avant


def test_tout_champ_d_un_formulaire_est_saisi_par_les_services():
    du_modele = {champ.name for champ in Fiche._meta.fields if champ.editable} - {"id", "structure"}
    assert du_modele == {*CHAMPS_SAISIS["edi"], *CHAMPS_SAISIS["api"]}


@pytest.mark.django_db
def test_la_comparaison_dit_en_francais_ce_qui_change():
    fiche = fiche_edi(commentaires="")
    avant = contenu(fiche)
    assert differences(avant, deepcopy(avant)) == []
    saisie = Saisie(
        champs={"commentaires": "Renouvelée.", "periode_au": fiche.periode_du, "partenaire_port": 5000},
        codes={**avant["codes"], "FEN1200A": Mode.PARTIELLE},
        certificats={"client et serveur": certificat(1)},
    )
    apres = contenu(redaction.modifier(fiche, saisie, edition=1, par=fiche.cree_par))
    lues = {d.champ: (d.libelle, d.avant, d.apres) for d in differences(avant, apres)}
    assert lues["commentaires"] == ("Commentaires", VIDE, "Renouvelée.")
    assert lues["codes.FEN1200A"] == ("Code interface FEN1200A", "Pas de raccordement", "Partielle")
    assert lues["reseau.partenaire.port"] == ("Port du partenaire", "4080", "5000")
    assert lues["periode.au"][1:] == (VIDE, f"{fiche.periode_du:%d/%m/%Y}")
    assert lues["certificats.client et serveur"][0] == "Certificat (client et serveur)"
    assert len(lues) == 5
    assert {d.champ for d in differences(None, avant)} >= {"type", "partenaire", "protocole"}


@pytest.mark.django_db
def test_une_fiche_api_se_lit_aussi():
    lignes = lisible(contenu(fiche_api()))
    assert lignes["formulaire"] == ("Formulaire", "Application PISTE")
    assert lignes["application_piste"][1] == "Application inventée"
