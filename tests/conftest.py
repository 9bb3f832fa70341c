"""Ground of every test: private servers, closed network, keys of the run's own, a real browser where there is one."""

import contextlib
import gc
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests import epreuves, reseau, serveurs

RACINE = Path(__file__).resolve().parent.parent
NAVIGATEURS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
DU_NAVIGATEUR = "tests/navigateur/"
PILE = pytest.StashKey[contextlib.ExitStack]()
# Tells the workers that files were named: what one asks for by name is run, long or not.
NOMMES = "PASSERELLE_TESTS_NOMMES"
OUVRIER = os.environ.get("PYTEST_XDIST_WORKER", "")

if not OUVRIER:
    serveurs.environnement_vierge()
elif "REDIS_URL" in os.environ and not os.environ.get("TEST_REDIS_URL"):
    adresse = os.environ["REDIS_URL"].partition("?")[0]
    os.environ["REDIS_URL"] = f"{adresse}?virtual_host={1 + int(OUVRIER[2:]) % 14}"


def chromium() -> str | None:
    """Path of the browser: CHROMIUM first, else the first one installed; None when there is none."""
    donne = os.environ.get("CHROMIUM")
    return shutil.which(donne) if donne else next(filter(None, map(shutil.which, NAVIGATEURS)), None)


def pytest_configure(config: pytest.Config) -> None:
    if config.option.help or config.option.version:
        return
    reseau.fermer()
    config.add_cleanup(reseau.alleger_tls())
    if not OUVRIER:
        if config.args_source is pytest.Config.ArgsSource.ARGS:
            os.environ[NOMMES] = "1"
        pile = config.stash[PILE] = contextlib.ExitStack()
        serveurs.demarrer_serveurs(pile)
    import django

    django.setup()
    from django.conf import settings

    # Its signals write five times at each login: the tests that judge it put it back.
    settings.AXES_ENABLED = False
    # A third of a second each with Argon2, which the demonstration of the browser tests keeps.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
    # What was loaded stays: looking through it again and again took a sixth of the computing time of the page tests.
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def pytest_unconfigure(config: pytest.Config) -> None:
    if PILE in config.stash:
        config.stash[PILE].close()


class UnSeulNavigateur(LoadScopeScheduling):
    """Tests dealt one by one, those of the browser all to one worker: it and its servers are started once.

    xdist's own groups do nothing here: they are written in `_nodeid`, which pytest 9.2 no longer reads.
    """

    def _split_scope(self, nodeid: str) -> str:
        return DU_NAVIGATEUR if nodeid.startswith(DU_NAVIGATEUR) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> UnSeulNavigateur:
    return UnSeulNavigateur(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if "navigateur" in item.path.relative_to(RACINE).parts:
            item.add_marker(pytest.mark.navigateur)
        marque = item.get_closest_marker("django_db")
        if marque and marque.kwargs.get("transaction"):
            # What migrations wrote (roles, catalogue) is put back: the end of such a test empties every table.
            options = marque.kwargs | {"serialized_rollback": True}
            item.add_marker(pytest.mark.django_db(*marque.args, **options), append=False)
    if _sans_epreuves():
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("epreuve")])
        items[:] = [item for item in items if not item.get_closest_marker("epreuve")]


def _sans_epreuves() -> bool:
    return not epreuves.DEMANDEES and not os.environ.get(NOMMES)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("navigateur") and not chromium():
        if os.environ.get("NAVIGATEUR_REQUIS") == "1":
            pytest.fail("Aucun Chromium trouvé alors que NAVIGATEUR_REQUIS=1. Installez-le ou donnez CHROMIUM.")
        pytest.skip("aucun Chromium trouvé")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _sans_epreuves():
        terminalreporter.write_line("Épreuves longues non faites : make test EPREUVES=1")
    sautes = [r for r in terminalreporter.stats.get("skipped", ()) if "aucun Chromium trouvé" in str(r.longrepr)]
    if sautes:
        terminalreporter.write_line(
            f"ATTENTION : {len(sautes)} TESTS DE NAVIGATEUR NON FAITS, AUCUN CHROMIUM TROUVÉ "
            f"(installez chromium ou donnez CHROMIUM=chemin)",
            red=True,
            bold=True,
        )


@pytest.fixture(scope="session")
def chemin_chromium() -> str:
    """Path of the installed browser, for `playwright`'s `executable_path`."""
    chemin = chromium()
    assert chemin, "test hors de tests/navigateur : aucun Chromium"
    return chemin
