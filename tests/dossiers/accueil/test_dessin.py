"""The drawing of a plot: bars from zero that keep the proportions, labels that do not touch, nothing run."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dossiers.accueil.dessin import BAS, HAUT, HAUTEUR, LARGEUR, legende, total, tracer
from dossiers.accueil.registre import Graphique, Rangee


def graphique(*valeurs: tuple[int, ...], court: str = "x", titre: str = "Essai") -> Graphique:
    return Graphique(
        code="essai",
        titre=titre,
        phrase="",
        entete="Jour",
        series=tuple((f"Série {rang}", rang) for rang in range(len(valeurs[0]))),
        rangees=[Rangee(libelle=f"Barre {n}", court=court, valeurs=v) for n, v in enumerate(valeurs)],
    )


def barres(dessin: str) -> list[ElementTree.Element]:
    racine = ElementTree.fromstring(dessin)
    return [rect for rect in racine.findall("rect") if (rect.get("fill") or "").startswith("url(#essai-")]


def test_rien_ne_se_dessine_de_rien() -> None:
    assert tracer(graphique((0, 0), (0, 0))) is None


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), min_size=1, max_size=40))
def test_les_hauteurs_sont_proportionnelles_et_tiennent_dans_le_cadre(valeurs: list[tuple[int, int]]) -> None:
    dessin = tracer(graphique(*valeurs))
    if not any(map(sum, valeurs)):
        assert dessin is None
        return
    assert dessin is not None
    dessinees = barres(dessin)
    positives = [v for couple in valeurs for v in couple if v]
    assert len(dessinees) == len(positives)
    plus_haut = max(map(sum, valeurs))
    for rect, valeur in zip(dessinees, positives, strict=True):
        x, y, largeur, hauteur = (float(rect.get(nom) or 0) for nom in ("x", "y", "width", "height"))
        assert 0 <= x <= x + largeur <= LARGEUR
        assert 0 <= y <= y + hauteur <= HAUTEUR
        # The scale goes from the highest bar to twice and a half it.
        corps = HAUTEUR - HAUT - BAS
        assert corps * valeur / plus_haut / 2.5 - 0.1 <= hauteur <= corps * valeur / plus_haut + 0.1


def test_les_etiquettes_qui_se_toucheraient_sont_omises() -> None:
    trente = tracer(graphique(*[(1,)] * 30, court="01/11"))
    assert trente is not None
    assert len(re.findall("01/11", trente)) == 10
    assert str(tracer(graphique((1,), (1,), court="01/11"))).count("01/11") == 2


def test_le_total_est_sur_la_barre_et_le_plafond_se_dit() -> None:
    assert ">12</text>" in str(tracer(graphique((5, 7))))
    assert total(Rangee(libelle="", court="", valeurs=(10_000,), plus=True)) == "10\u202f000+"


def test_un_titre_ne_s_execute_pas() -> None:
    dessin = tracer(graphique((1,), titre="<script>alert(1)</script>"))
    assert dessin is not None
    assert "<script" not in dessin
    assert "style=" not in dessin


@pytest.mark.parametrize("nombre", [1, 3])
def test_chaque_serie_a_un_motif(nombre: int) -> None:
    trace = graphique((1,) * nombre)
    assert len(legende(trace)) == str(tracer(trace)).count("<pattern") == nombre


def test_une_etiquette_tient_sur_deux_lignes() -> None:
    dessin = str(tracer(graphique((1,), (2,), court="Non\ncommencé")))
    assert dessin.count(">Non</text>") == dessin.count(">commencé</text>") == 2
