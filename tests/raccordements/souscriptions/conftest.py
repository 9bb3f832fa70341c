"""One day for the whole folder, and someone who may do everything."""

import datetime as dt

import pytest
import time_machine


@pytest.fixture
def aujourd_hui():
    with time_machine.travel(dt.datetime(2026, 9, 10, 10, 0, tzinfo=dt.UTC), tick=True):
        yield dt.date(2026, 9, 10)


@pytest.fixture
def par(db):
    # Django is not ready when this file is read.
    from tests.raccordements.fabriques_od import superutilisateur

    return superutilisateur()
