"""The scripted kinds of operation, and a base that is open."""

import pytest

from tests.dossiers.operations.conftest import cle, demande, distant

__all__ = ["cle", "demande", "distant", "restauree"]


@pytest.fixture
def restauree(db):
    """Make the base look restored: its identity is another's."""

    def restaurer():
        from dossiers.models import Epoque
        from dossiers.supervision import epoque

        epoque.est_ouverte()
        Epoque.objects.update(identite="7/5/1/00000001")

    return restaurer
