"""Every file of the corpus, read and judged: exactly the expected verdicts, exactly the expected refusal."""

from __future__ import annotations

import json
import re

import pytest

from raccordements.certificats.analyse import analyser
from raccordements.certificats.defenses import Refus
from raccordements.certificats.schemas import ORIGINE, Analyse, Gravite, Reglages, Verdict
from raccordements.certificats.textes import TEXTES
from raccordements.certificats.verdicts import juger
from tests.raccordements.certificats.autorite import MAINTENANT
from tests.raccordements.certificats.corpus import CAS, REFUSES, Cas


def test_le_corpus_est_assez_grand():
    assert len(CAS) + len(REFUSES) >= 40
    assert len({cas.nom for cas in CAS}) == len(CAS)


@pytest.mark.parametrize("cas", CAS, ids=lambda cas: cas.nom)
def test_chaque_fichier_a_ses_verdicts(cas: Cas, limites):
    analyse = analyser(cas.fichier(), limites)
    assert Analyse.depuis_json(json.loads(json.dumps(analyse.vers_json()))) == analyse
    verdicts = juger(analyse, cas.protocole, cas.siren, MAINTENANT, cas.emetteurs(), Reglages())
    assert {verdict.code for verdict in verdicts} == cas.attendus
    assert verdicts == sorted(verdicts, key=lambda v: list(Gravite).index(v.gravite))
    for verdict in verdicts:
        assert verdict.origine == ORIGINE
        assert verdict.rang is None or 1 <= verdict.rang <= len(analyse.certificats)
        assert Verdict.depuis_json(json.loads(json.dumps(verdict.vers_json()))) == verdict
        for phrase in (verdict.quoi, verdict.pourquoi, verdict.que_faire):
            assert re.fullmatch(r"[A-ZÉÀ].*[.]", phrase), phrase
            assert not re.search(r" [:;!?»]|« |'|\{|\}", phrase), "French typography, no format left"


def test_chaque_code_de_verdict_est_dans_le_corpus():
    vus = set().union(*(cas.attendus for cas in CAS))
    assert vus == set(TEXTES)


@pytest.mark.parametrize("nom", REFUSES)
def test_chaque_fichier_hostile_a_son_refus(nom: str, limites):
    fichier, code = REFUSES[nom]
    with pytest.raises(Refus) as exc:
        analyser(fichier(), limites)
    assert exc.value.code == code
