"""Ground of every test: private servers, closed network, keys of the run's own, a real browser where there is one."""

import contextlib
import os
import shutil
from pathlib import Path

import pytest

from tests import reseau, serveurs

RACINE = Path(__file__).resolve().parent.parent
NAVIGATEURS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PILE = pytest.StashKey[contextlib.ExitStack]()
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
    if not OUVRIER:
        pile = config.stash[PILE] = contextlib.ExitStack()
        serveurs.demarrer_serveurs(pile)
    import django

    django.setup()


def pytest_unconfigure(config: pytest.Config) -> None:
    if PILE in config.stash:
        config.stash[PILE].close()


# First: xdist reads the groups in the same hook.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "navigateur" in item.path.relative_to(RACINE).parts:
            item.add_marker(pytest.mark.navigateur)
            # One worker for all: a browser and its servers are started once.
            item.add_marker(pytest.mark.xdist_group("navigateur"))
    # The longest group first, so that it does not run alone at the end.
    items.sort(key=lambda item: item.get_closest_marker("navigateur") is None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("navigateur") and not chromium():
        if os.environ.get("NAVIGATEUR_REQUIS") == "1":
            pytest.fail("Aucun Chromium trouvé alors que NAVIGATEUR_REQUIS=1. Installez-le ou donnez CHROMIUM.")
        pytest.skip("aucun Chromium trouvé")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
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
