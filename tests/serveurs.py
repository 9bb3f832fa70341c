"""The private servers of a test run: started once by the pytest controller, found by its workers in the environment."""

import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

from config.serveurs_prives import PostgresEmbarque, ValkeyEmbarque

EXEMPLE = Path(__file__).resolve().parent.parent / ".env.example"
# What a crash would lose is rebuilt by the next run; what is emptied after each test needs no cleaning nor statistics,
# and a plan must not depend on when they were last taken.
SANS_DURABILITE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
}


def environnement_vierge() -> None:
    """Forget every setting of the developer's machine, and give the run keys of its own, before Django loads."""
    for nom in re.findall(r"^#?([A-Z][A-Z0-9_]*)=", EXEMPLE.read_text(), re.MULTILINE):
        os.environ.pop(nom, None)
    os.environ |= {
        "PASSERELLE_ENV": "",
        "SECRET_KEY": Fernet.generate_key().decode(),
        "FERNET_KEYS": Fernet.generate_key().decode(),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }


def demarrer_serveurs(pile: contextlib.ExitStack) -> None:
    """Set DATABASE_URL and REDIS_URL: those of TEST_DATABASE_URL / TEST_REDIS_URL, else of private servers.

    `pile` stops what was started and removes its files.
    """
    base, courtier = os.environ.get("TEST_DATABASE_URL"), os.environ.get("TEST_REDIS_URL")
    if not (base and courtier):
        racine = Path(tempfile.mkdtemp(prefix="passerelle-tests-", dir="/var/tmp"))
        pile.callback(shutil.rmtree, racine, ignore_errors=True)
    if not base:
        postgres = PostgresEmbarque(racine, journal=racine / "postgresql.log", reglages=SANS_DURABILITE)
        base = pile.enter_context(postgres).url
    if not courtier:
        valkey = ValkeyEmbarque(racine, donnees=racine / "valkey-donnees", journal=racine / "valkey.log")
        courtier = pile.enter_context(valkey).url
    os.environ |= {"DATABASE_URL": base, "REDIS_URL": courtier}
