"""The parent and its child: refusals in three parts, limits that hold, a hostile file that harms no other."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from raccordements.certificats import lecteur
from raccordements.certificats.lecteur import FichierRefuse, analyser, analyser_plusieurs
from raccordements.certificats.schemas import Analyse, Reglages
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


@pytest.mark.parametrize("mal", [b"boucle", b"dort", b"memoire", b"meurt", b"coupe"])
def test_un_fichier_qui_arrete_le_processus_ne_nuit_qu_a_lui(suspect, mal):
    debut = time.monotonic()
    avant, refus, apres = analyser_plusieurs([BON, mal, BON])
    # Stopped once after its neighbour, then once alone: each time at most twice the two seconds that it has.
    assert time.monotonic() - debut < 30
    assert isinstance(refus, FichierRefuse)
    assert refus.code == "ressources"
    assert isinstance(avant, Analyse)
    assert avant == apres


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


def limite(programme: str, **bornes: int) -> subprocess.CompletedProcess[str]:
    valeurs = {"taille": 65_536, "nombre": 10, "memoire": 2**28, "secondes": 5} | bornes
    debut = f"from raccordements.certificats.defenses import *; se_limiter(Limites(**{valeurs}))\n"
    return subprocess.run(
        [sys.executable, "-c", debut + programme], cwd=RACINE, env={}, capture_output=True, text=True, timeout=20
    )


def test_la_memoire_est_bornee():
    assert "MemoryError" in limite("bytearray(2**28)").stderr
    assert limite("bytearray(2**26)").returncode == 0


def test_le_temps_est_borne():
    debut = time.monotonic()
    assert limite("while True: pass", secondes=1).returncode < 0
    assert time.monotonic() - debut < 10


def test_un_processus_oublie_s_arrete_seul():
    fini = limite("import time; time.sleep(15)", secondes=1)
    assert fini.returncode == -signal.SIGALRM


def test_aucun_fichier_n_est_ecrit(tmp_path):
    fini = limite(f"import os; os.write(os.open({str(tmp_path / 'a')!r}, os.O_CREAT | os.O_WRONLY), b'x')")
    assert "File too large" in fini.stderr
    assert (tmp_path / "a").stat().st_size == 0


def test_le_lecteur_n_ouvre_pas_django():
    programme = "import sys, raccordements.certificats.analyse; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", programme], cwd=RACINE, env={}).returncode == 0


def test_les_reglages_donnent_les_seuils(settings):
    assert lecteur.reglages_de_jugement() == Reglages()
    settings.CERTIFICATS = settings.CERTIFICATS | {"seuils": (90, 10), "duree_max_jours": 400}
    assert lecteur.reglages_de_jugement() == Reglages(seuils=(90, 10), duree_max_jours=400)


def test_une_page_d_erreur_ne_montre_pas_les_octets(rf, settings, monkeypatch):
    from django.views.debug import SafeExceptionReporterFilter, get_exception_reporter_class

    def panne(*_: object, **__: object) -> None:
        raise OSError("panne inventée")

    settings.DEBUG = False
    monkeypatch.setattr(lecteur.subprocess, "Popen", panne)
    requete = rf.post("/")
    with pytest.raises(OSError, match="panne") as exc:
        analyser(b"octets-secrets-du-fichier")
    rapport = get_exception_reporter_class(requete)(requete, exc.type, exc.value, exc.tb)
    rapport.filter = SafeExceptionReporterFilter()
    # The frame of this test is not that of the product.
    cadres = [
        cadre for cadre in rapport.get_traceback_frames() if "raccordements/certificats/lecteur" in cadre["filename"]
    ]
    assert len(cadres) >= 3
    assert "octets-secrets" not in repr([cadre["vars"] for cadre in cadres])
