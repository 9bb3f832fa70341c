"""requirements.txt pins, with hashes and without any address, everything pyproject.toml asks for."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

RACINE = Path(__file__).resolve().parents[2]
VERROU = (RACINE / "requirements.txt").read_text()
PROJET = tomllib.loads((RACINE / "pyproject.toml").read_text())["project"]
DIRECTES = [*PROJET["dependencies"], *(d for groupe in PROJET["optional-dependencies"].values() for d in groupe)]
BLOCS = re.findall(r"^([A-Za-z0-9][\w.-]*)==([^ ;\\]+)(.*(?:\n    .*)*)", VERROU, re.MULTILINE)


@pytest.mark.parametrize("dependance", DIRECTES)
def test_chaque_dependance_directe_est_verrouillee_dans_ses_bornes(dependance):
    voulue = Requirement(dependance)
    versions = [version for nom, version, _ in BLOCS if canonicalize_name(nom) == canonicalize_name(voulue.name)]
    assert versions, f"{voulue.name} manque au verrou : make verrou"
    assert all(voulue.specifier.contains(version) for version in versions)


def test_chaque_paquet_porte_ses_empreintes():
    assert len(BLOCS) > len(DIRECTES)
    assert [nom for nom, _, suite in BLOCS if "--hash=sha256:" not in suite] == []


def test_le_verrou_ne_nomme_aucun_depot():
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links|file:", VERROU)
