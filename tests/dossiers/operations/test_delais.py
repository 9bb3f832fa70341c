from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossiers.operations.delais import DELAI_MAX, PAUSE_MAX, delai_avant_reprise, pause_du_disjoncteur


@given(st.integers(min_value=1, max_value=200))
def test_le_delai_reste_entre_ses_bornes(tentatives):
    delai = delai_avant_reprise(tentatives).total_seconds()
    assert 0 < delai <= min(2.0 * 2 ** (tentatives - 1), DELAI_MAX)


def test_les_delais_sont_disperses():
    assert len({delai_avant_reprise(8) for _ in range(50)}) > 40


def test_le_souhait_du_distant_passe_avant():
    assert delai_avant_reprise(9, attendre=17) == timedelta(seconds=17)


@pytest.mark.parametrize(
    ("echecs", "attendu"),
    [(4, None), (5, 30), (6, 60), (7, 120), (40, PAUSE_MAX)],
)
def test_la_pause_double_a_partir_du_seuil(echecs, attendu):
    pause = pause_du_disjoncteur(echecs, seuil=5, pause=30)
    assert pause == (None if attendu is None else timedelta(seconds=attendu))
