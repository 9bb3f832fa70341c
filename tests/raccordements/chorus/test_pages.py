"""Paging whatever the service writes about its pages: every element once, in order, and always an end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.http import ErreurDefinitive
from raccordements.chorus.pages import PAGES_MAX, RATTACHEMENTS, SERVICES, STRUCTURES, Pagination, parcourir

FORMES = ["imbriquee", "a_plat", "textes", "total_seul", "pages_seul", "absente", "nulle"]


def service(elements, forme, pagination):
    """A service that holds `elements`, and writes about its pages in one of the known manners."""
    demandes = []

    def demander(corps):
        (nom,) = corps
        assert nom == pagination.demande
        page, taille = corps[nom]["pageResultatDemandee"], corps[nom]["nbResultatsParPage"]
        demandes.append(page)
        lus = elements[(page - 1) * taille : page * taille]
        retour = {"pageCourante": page, "pages": -(-len(elements) // taille), "total": len(elements)}
        retour |= {"nbResultatsParPage": taille}
        if forme == "textes":
            retour = {cle: str(valeur) for cle, valeur in retour.items()}
        elif forme == "total_seul":
            del retour["pages"]
        elif forme == "pages_seul":
            retour = {"pages": retour["pages"]}
        reponse = {"codeRetour": 0, pagination.liste: lus or None}
        if forme == "a_plat":
            return reponse | retour
        return reponse | ({} if forme == "absente" else {"parametresRetour": None if forme == "nulle" else retour})

    return demander, demandes


@pytest.mark.parametrize("forme", FORMES)
@given(total=st.integers(0, 60), taille=st.integers(1, 12))
def test_chaque_element_vient_une_fois_dans_l_ordre(forme, total, taille):
    pagination = Pagination(demande="parametresQuelconques", liste="liste", taille=taille)
    demander, demandes = service([{"id": n} for n in range(total)], forme, pagination)
    assert [element["id"] for element in parcourir(pagination, demander)] == list(range(total))
    pages = -(-total // taille)
    # Without any word about its pages, a service is asked once more after a full page.
    assert len(demandes) <= pages + (forme in {"absente", "nulle"} or not total)


def test_un_service_qui_donne_toujours_la_meme_page_n_en_a_qu_une():
    def demander(corps):
        return {"listeStructures": [{"id": 1}, {"id": 2}], "parametresRetour": {"pages": 9}}

    assert len(list(parcourir(STRUCTURES, demander))) == 2


def test_une_recherche_sans_fin_est_refusee():
    appels = []

    def demander(corps):
        appels.append(corps)
        return {"listeServices": [{"id": len(appels)}], "parametresRetour": {"pages": 10**6}}

    with pytest.raises(ErreurDefinitive) as refus:
        list(parcourir(SERVICES, demander))
    assert len(appels) == PAGES_MAX
    assert "Précisez-la" in refus.value.message


def test_chaque_service_a_ses_noms():
    assert [(p.demande, p.liste) for p in (STRUCTURES, SERVICES, RATTACHEMENTS)] == [
        ("parametres", "listeStructures"),
        ("parametresRechercherServicesStructure", "listeServices"),
        ("parametresRecherche", "listeStructureRattachement"),
    ]
    assert STRUCTURES.parametres(3)["parametres"]["pageResultatDemandee"] == 3
