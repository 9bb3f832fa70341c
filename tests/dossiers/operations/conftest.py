"""Imports stand inside the fixtures: a test named on the command line has this file read before Django is set up."""

import pytest


@pytest.fixture
def distant(monkeypatch):
    """The scripted remote, with its kinds: `essai` (no read-back), `relisible`, `lecture`."""
    from dossiers.operations import registre
    from tests.dossiers.operations.scenario import Distant, NatureScriptee

    distant = Distant()
    for nature in (
        NatureScriptee(distant, "essai"),
        NatureScriptee(distant, "relisible", relisible=True),
        NatureScriptee(distant, "lecture", ecriture=False),
    ):
        monkeypatch.setitem(registre._NATURES, nature.cle, nature)
    return distant


@pytest.fixture
def cle(db):
    from tests.fabriques import CleApiFactory

    return CleApiFactory(prete=True, plafond=4)


@pytest.fixture
def demande(cle, distant):
    """Create a due operation of a scripted kind on a dossier of its own."""
    from tests.fabriques import DossierFactory, OperationFactory

    def creer(nature="essai", **champs):
        champs.setdefault("dossier", DossierFactory(cle=cle))
        return OperationFactory(nature=nature, cle=cle, parametres={}, **champs)

    return creer
