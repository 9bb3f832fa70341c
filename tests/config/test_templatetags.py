"""Dates and durations as a French reader expects them."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from config.templatetags.cabinet import date_relative, duree

MAINTENANT = datetime(2026, 12, 2, 23, 30, tzinfo=UTC)  # 3 December, 00:30 in Paris


@pytest.mark.parametrize(
    ("valeur", "attendu"),
    [
        (None, "—"),
        ("", "—"),
        (date(2026, 12, 3), "03/12/2026 — aujourd’hui"),
        (date(2026, 12, 4), "04/12/2026 — demain"),
        (date(2026, 12, 2), "02/12/2026 — hier"),
        (date(2027, 1, 13), "13/01/2027 — dans 41\u00a0jours"),
        (date(2026, 11, 23), "23/11/2026 — il y a 10\u00a0jours"),
        (date(2027, 6, 1), "01/06/2027 — dans 6\u00a0mois"),
        (date(2099, 6, 30), "30/06/2099 — dans 72\u00a0ans"),
        (MAINTENANT + timedelta(seconds=20), "03/12/2026 00:30 — à l’instant"),
        (MAINTENANT - timedelta(minutes=1), "03/12/2026 00:29 — il y a 1\u00a0minute"),
        (MAINTENANT + timedelta(hours=2), "03/12/2026 02:30 — dans 2\u00a0heures"),
        (MAINTENANT - timedelta(days=1), "02/12/2026 00:30 — il y a 1\u00a0jour"),
    ],
)
def test_date_relative(valeur, attendu):
    with time_machine.travel(MAINTENANT, tick=False):
        assert date_relative(valeur) == attendu


@pytest.mark.parametrize(
    ("valeur", "attendu"),
    [
        (None, "—"),
        (timedelta(seconds=10), "moins d’une minute"),
        (timedelta(minutes=30), "30\u00a0minutes"),
        (timedelta(hours=1), "1\u00a0heure"),
        (timedelta(days=2, hours=3), "2\u00a0jours"),
    ],
)
def test_duree(valeur, attendu):
    assert duree(valeur) == attendu
