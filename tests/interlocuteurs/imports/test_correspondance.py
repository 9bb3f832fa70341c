from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("titre", "champ"),
    [
        ("E-mail", "email"),
        ("EMAIL", "email"),
        ("Courriel", "email"),
        ("Adresse e-mail *", "email"),
        ("adresse mail", "email"),
        ("Mél", "email"),
        ("Nom", "nom"),
        ("NOM DE FAMILLE", "nom"),
        ("Prénom", "prenom"),
        ("prenom", "prenom"),
        ("Mobile", "mobile"),
        ("Portable", "mobile"),
        ("Tél. portable", "mobile"),
        ("Téléphone fixe", "fixe"),
        ("Tél", "telephone"),
        ("N° de téléphone", "telephone"),
        ("Code dossier", "dossier"),
        ("N° dossier", "dossier"),
        ("codeDossier", "dossier"),
        ("Dossier", "dossier"),
        ("Offre (start, co-production…)", "offre"),
        ("Profil", "profil"),
    ],
)
def test_les_en_tetes_francais_sont_reconnus(titre, champ):
    from interlocuteurs.imports.correspondance import deviner

    assert deviner(["Remarques", titre]) == {champ: 1}


def test_le_synonyme_le_plus_sur_l_emporte():
    from interlocuteurs.imports.correspondance import deviner

    assert deviner(["Code", "Nom contact", "Nom", "Code dossier"]) == {"dossier": 3, "nom": 2}


def test_aucun_synonyme_ne_dit_deux_champs():
    from interlocuteurs.imports.correspondance import CHAMPS, simplifier

    tous = [synonyme for champ in CHAMPS for synonyme in champ.synonymes]
    assert len(tous) == len(set(tous))
    assert all(simplifier(synonyme) == synonyme for synonyme in tous), "a synonym is written simplified"


def test_un_titre_peut_preceder_les_en_tetes():
    from interlocuteurs.imports.correspondance import ligne_d_entete

    assert ligne_d_entete([["Contacts du cabinet"], ["Nom", "Prénom", "E-mail"], ["Dupont", "Zoé", "z@t.example"]]) == 1
    assert ligne_d_entete([["A", "B"], ["c", "d"]]) == 0
    assert ligne_d_entete([]) == 0


@pytest.mark.parametrize(
    ("place", "nom"), [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (702, "AAA")]
)
def test_le_nom_d_une_colonne_est_celui_du_tableur(place, nom):
    from interlocuteurs.imports.correspondance import lettre

    assert lettre(place) == nom


@given(st.lists(st.text(max_size=20), max_size=12))
def test_deviner_ne_donne_que_des_colonnes_du_fichier(entetes):
    from interlocuteurs.imports.correspondance import PAR_NOM, deviner

    trouvees = deviner(entetes)
    assert set(trouvees) <= set(PAR_NOM)
    assert all(0 <= place < len(entetes) for place in trouvees.values())
    assert len(set(trouvees.values())) == len(trouvees), "a column says one thing"


@given(st.text(alphabet="ABC0123", min_size=2, max_size=8), st.data())
def test_un_code_a_un_signe_pres_est_propose(code, data):
    from interlocuteurs.imports.proches import CodesProches

    rang = data.draw(st.integers(0, len(code) - 1))
    avant, apres = code[:rang], code[rang + 1 :]
    faute = data.draw(st.sampled_from([f"{avant}{apres}", f"{avant}X{code[rang:]}", f"{avant}X{apres}"]))
    assert code in CodesProches([code, "ZZZZZZ"]).proposer(faute.lower())


def test_les_zeros_perdus_par_le_tableur_sont_retrouves():
    from interlocuteurs.imports.proches import CodesProches

    assert CodesProches(["004421", "999999"]).proposer("4421") == ["004421"]
    assert CodesProches(["A" * 35]).proposer("B" * 5000) == []
