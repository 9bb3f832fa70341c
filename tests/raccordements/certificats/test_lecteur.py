"""The parent and its child: refusals in three parts, limits that hold, a hostile file that harms no other."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from raccordements.certificats import lecteur
from raccordements.certificats.lecteur import FichierRefuse, analyser, analyser_plusieurs
from raccordements.certificats.schemas import Analyse
from tests.raccordements.certificats.autorite import p7b, pki
from tests.raccordements.certificats.corpus import CAS, REFUSES

RACINE = Path(__file__).resolve().parents[3]
BON = p7b(*pki().chaine())


@pytest.fixture
def suspect(monkeypatch, settings):
    """The child replaced by one that misbehaves on demand, with two seconds to live."""
    settings.CERTIFICATS = settings.CERTIFICATS | {"secondes": 2}
    monkeypatch.setattr(lecteur, "ENFANT", "tests.raccordements.certificats.enfant_suspect")


def test_un_fichier_est_lu_par_un_autre_processus():
    analyse = analyser(BON)
    assert isinstance(analyse, Analyse)
    assert analyse.chaines[0].complete


def test_tout_le_corpus_en_un_lot():
    bons, mauvais = [cas.fichier() for cas in CAS], [fichier() for fichier, _ in REFUSES.values()]
    resultats = analyser_plusieurs([*bons, *mauvais])
    assert all(isinstance(resultat, Analyse) for resultat in resultats[: len(bons)])
    refus = resultats[len(bons) :]
    assert [resultat.code for resultat in refus] == [code for _, code in REFUSES.values()]
    for resultat in refus:
        for phrase in (resultat.constat, resultat.cause, resultat.remede):
            assert re.fullmatch(r"[A-ZÉÀ].*[.]", phrase), phrase
            assert not re.search(r" [:;!?»]|« |'|\{|\}", phrase)


def test_chaque_refus_a_ses_trois_parties_et_le_corpus_les_montre():
    hors_corpus = {"cle_privee", "magasin", "ressources"}
    assert {code for _, code in REFUSES.values()} | hors_corpus == set(lecteur.REFUS)
    assert "64 kilooctets" in FichierRefuse("taille", maximum=64).cause


def test_la_taille_est_dite_en_kilooctets():
    with pytest.raises(FichierRefuse) as exc:
        analyser(BON + bytes(70_000))
    assert exc.value.code == "taille"
    assert "64 kilooctets" in exc.value.cause


def test_une_cle_privee_a_sa_phrase():
    refus = FichierRefuse("cle_privee")
    assert refus.constat == "Le fichier a été refusé, et rien n’en a été gardé."


def test_aucun_fichier_ne_demarre_aucun_processus(monkeypatch):
    monkeypatch.setattr(lecteur.subprocess, "Popen", None)
    assert analyser_plusieurs([]) == []


def test_un_lot_se_partage_entre_plusieurs_processus(settings, monkeypatch):
    settings.CERTIFICATS = settings.CERTIFICATS | {"fichiers": 2}
    lots = []
    demander = lecteur._demander
    monkeypatch.setattr(lecteur, "_demander", lambda f, bornes: lots.append(len(f)) or demander(f, bornes))
    assert len(analyser_plusieurs([BON] * 5)) == 5
    assert lots == [2, 2, 1]


@pytest.mark.epreuve
@pytest.mark.parametrize("mal", [b"dort", b"memoire", b"meurt", b"coupe"])
def test_un_fichier_qui_arrete_le_processus_ne_nuit_qu_a_lui(suspect, mal):
    debut = time.monotonic()
    avant, refus, apres = analyser_plusieurs([BON, mal, BON])
    # Stopped once after its neighbour, then once alone: each time at most twice the two seconds that it has.
    assert time.monotonic() - debut < 30
    assert isinstance(refus, FichierRefuse)
    assert refus.code == "ressources"
    assert isinstance(avant, Analyse)
    assert avant == apres


@pytest.mark.epreuve
def test_un_fichier_qui_calcule_sans_fin_est_arrete(suspect):
    refus, apres = analyser_plusieurs([b"boucle", BON])
    assert isinstance(refus, FichierRefuse)
    assert refus.code == "ressources"
    assert isinstance(apres, Analyse)


@pytest.mark.parametrize("mal", [b"bavarde", b"ment", b"invente"])
def test_une_reponse_inventee_est_un_refus(suspect, mal):
    refus, apres = analyser_plusieurs([mal, BON])
    assert isinstance(refus, FichierRefuse)
    assert refus.code == "illisible"
    assert isinstance(apres, Analyse)


def test_le_processus_n_a_aucun_environnement(suspect, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "un-secret-de-test")
    (refus,) = analyser_plusieurs([b"environnement"])
    assert isinstance(refus, FichierRefuse)
    assert "plus de 0 certificats" in refus.cause
