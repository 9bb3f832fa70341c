"""CSV of lines that Python holds."""

import csv
import io
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from config.lignes import LIGNES_PAR_PAQUET, exporter_lignes, inerte


def lire(reponse):
    texte = b"".join(reponse.streaming_content).decode("utf-8-sig")
    return texte, list(csv.reader(io.StringIO(texte, newline=""), delimiter=";"))


def test_la_forme_est_celle_d_un_tableur_francais():
    instant = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    reponse = exporter_lignes("plan", ("Code", "Heure", "Vide"), [("007", instant, None), ("a;b", 3, "")])
    texte, lignes = lire(reponse)
    assert lignes == [["Code", "Heure", "Vide"], ["007", "02/07/2026 00:30", ""], ["a;b", "3", ""]]
    assert texte.count("\r\n") == 3
    assert reponse["Content-Disposition"].startswith('attachment; filename="plan_')


def test_les_lignes_partent_par_paquets():
    reponse = exporter_lignes("grand", ("n",), ((rang,) for rang in range(2 * LIGNES_PAR_PAQUET + 1)))
    paquets = list(reponse.streaming_content)
    assert len(paquets) == 3
    assert b"".join(paquets).count(b"\r\n") == 2 * LIGNES_PAR_PAQUET + 2


@given(blancs=st.text(" \t\u00a0\u202f", max_size=3), signe=st.sampled_from("=+-@＝＋－＠"), suite=st.text(max_size=5))
def test_une_formule_est_inerte(blancs, signe, suite):
    assert inerte(f"{blancs}{signe}{suite}").startswith("'")


@given(st.integers())
def test_un_nombre_reste_un_nombre(nombre):
    assert inerte(nombre) == nombre
