"""French working days."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.jours import dimanche_de_paques, est_ouvre, feries, jour_ouvre_suivant


# Sundays published by the Bureau des longitudes.
@pytest.mark.parametrize(
    "dimanche",
    [
        "2000-04-23",
        "2008-03-23",
        "2011-04-24",
        "2019-04-21",
        "2024-03-31",
        "2026-04-05",
        "2027-03-28",
        "2038-04-25",
        "2049-04-18",
    ],
)
def test_paques(dimanche):
    attendu = date.fromisoformat(dimanche)
    assert dimanche_de_paques(attendu.year) == attendu


def test_les_feries_de_2026():
    attendus = ["01-01", "04-06", "05-01", "05-08", "05-14", "05-25", "07-14", "08-15", "11-01", "11-11", "12-25"]
    assert sorted(feries(2026)) == [date.fromisoformat(f"2026-{jour}") for jour in attendus]


@pytest.mark.parametrize(
    ("jour", "suivant"),
    [
        ("2026-11-19", "2026-11-20"),
        ("2026-11-20", "2026-11-23"),
        ("2026-11-10", "2026-11-12"),
        ("2026-12-24", "2026-12-28"),
        ("2026-12-31", "2027-01-04"),
        ("2026-04-03", "2026-04-07"),
        ("2026-05-13", "2026-05-15"),
    ],
)
def test_le_jour_ouvre_suivant(jour, suivant):
    assert jour_ouvre_suivant(date.fromisoformat(jour)) == date.fromisoformat(suivant)


@given(st.dates(date(1990, 1, 1), date(2150, 1, 1)))
def test_le_suivant_est_ouvre_et_rien_ne_l_est_entre_les_deux(jour):
    suivant = jour_ouvre_suivant(jour)
    assert est_ouvre(suivant)
    assert timedelta() < suivant - jour <= timedelta(days=5)
    assert not any(est_ouvre(jour + timedelta(days=n)) for n in range(1, (suivant - jour).days))
