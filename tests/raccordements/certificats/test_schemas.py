"""JSON both ways, and nothing but what was written is read."""

from __future__ import annotations

import copy
import json

import pytest

from raccordements.certificats.analyse import analyser
from raccordements.certificats.schemas import Analyse, EmetteurConnu, Verdict
from tests.raccordements.certificats.autorite import p7b, pki


@pytest.fixture(scope="module")
def donnees(limites):
    return json.loads(json.dumps(analyser(p7b(*pki().chaine()), limites).vers_json()))


def poser(*chemin, valeur):
    def geste(donnees):
        for cle in chemin[:-1]:
            donnees = donnees[cle]
        donnees[chemin[-1]] = valeur

    return geste


@pytest.mark.parametrize(
    "geste",
    [
        pytest.param(lambda d: d.pop("sha256"), id="champ-absent"),
        pytest.param(poser("autre", valeur=1), id="champ-inconnu"),
        pytest.param(poser("doublons", valeur=True), id="booleen-pour-nombre"),
        pytest.param(poser("doublons", valeur="0"), id="texte-pour-nombre"),
        pytest.param(poser("forme", valeur="p12"), id="forme-inconnue"),
        pytest.param(poser("forme", valeur=["pkcs7_der"]), id="liste-pour-forme"),
        pytest.param(poser("normalise", valeur="*"), id="pas-base64"),
        pytest.param(poser("normalise", valeur="AAAA"), id="empreinte-d-un-autre"),
        pytest.param(poser("certificats", valeur={}), id="objet-pour-liste"),
        pytest.param(poser("certificats", valeur=[]), id="sans-certificat"),
        pytest.param(poser("chaines", valeur=[]), id="sans-chaine"),
        pytest.param(poser("chaines", 0, "maillons", valeur=[]), id="chaine-vide"),
        pytest.param(poser("chaines", 0, "maillons", 0, "emetteur", valeur=9), id="rang-de-personne"),
        pytest.param(poser("etrangers", valeur=[0]), id="rang-nul"),
        pytest.param(poser("certificats", 0, "rang", valeur=2), id="rangs-melanges"),
        pytest.param(poser("certificats", 0, "expire_le", valeur="2028-01-01T00:00:00"), id="date-sans-fuseau"),
        pytest.param(poser("certificats", 0, "expire_le", valeur="demain"), id="pas-une-date"),
        pytest.param(poser("certificats", 0, "sujet", valeur=None), id="rien-pour-un-objet"),
    ],
)
def test_un_json_abime_est_refuse(donnees, geste):
    donnees = copy.deepcopy(donnees)
    geste(donnees)
    with pytest.raises(ValueError):  # noqa: PT011
        Analyse.depuis_json(donnees)


def test_le_json_intact_se_lit(donnees):
    assert Analyse.depuis_json(donnees).vers_json() == donnees


@pytest.mark.parametrize("autre", [None, [], "texte", 3])
def test_autre_chose_qu_un_objet_est_refuse(autre):
    for genre in (Analyse, Verdict, EmetteurConnu):
        with pytest.raises(ValueError, match="dict expected"):
            genre.depuis_json(autre)


def test_le_fichier_n_est_pas_dans_la_representation(donnees):
    assert "normalise" not in repr(Analyse.depuis_json(donnees))
