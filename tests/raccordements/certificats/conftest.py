import pytest

from raccordements.certificats.defenses import Limites


@pytest.fixture(scope="session")
def limites() -> Limites:
    """The default ceilings."""
    return Limites(taille=65_536, nombre=10, memoire=2**28, secondes=5)
