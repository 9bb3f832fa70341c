"""What a set-up without settings runs on: keys generated for it, and the addresses of its private servers.

Nothing here runs in production. The servers themselves are in `serveurs_prives`.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

NOM_BASE = "passerelle"
PORT_SOCKET = "5432"
SCHEMAS_POSTGRES = ("postgres://", "postgresql://")
# Not /run nor XDG_RUNTIME_DIR: root's database lives there too (see `serveurs_prives`) and must survive a reboot.
RACINE_RUNTIME = Path("/var/tmp")  # noqa: S108 - the name below is not guessable, and its owner is checked


def secrets_locaux(var: Path) -> dict[str, Any]:
    """Keys of this checkout, made at first use and kept in `var/secrets.json`, readable by its owner only.

    Two processes starting together get the same keys: the file appears whole or not at all, and the first one wins.

    Returns `SECRET_KEY` (text), `FERNET_KEYS` (list of one key) and `INSTANCE` (random name of this checkout).
    Raises ImproperlyConfigured when the folder cannot be written or the file cannot be read.
    """
    fichier = var / "secrets.json"
    try:
        if not fichier.exists():
            _deposer(
                fichier,
                {
                    "SECRET_KEY": secrets.token_urlsafe(50),
                    "FERNET_KEYS": [Fernet.generate_key().decode()],
                    "INSTANCE": secrets.token_hex(4),
                },
            )
        lus = json.loads(fichier.read_text())
        return {nom: lus[nom] for nom in ("SECRET_KEY", "FERNET_KEYS", "INSTANCE")}
    except OSError as exc:
        raise ImproperlyConfigured(
            f"Clés locales inaccessibles : {fichier.name} ne peut être ni lu ni créé dans le dossier « var » "
            f"({exc.strerror}). Lancez la commande avec l’utilisateur qui possède ce dossier, ou donnez SECRET_KEY et "
            f"FERNET_KEYS avec PASSERELLE_PRODUCTION=oui."
        ) from None
    except (ValueError, KeyError, TypeError):
        raise ImproperlyConfigured(
            "Clés locales illisibles : var/secrets.json est abîmé. Restaurez ce fichier, ou supprimez tout le dossier "
            "« var » pour repartir d’une démonstration neuve (ses secrets chiffrés seront perdus)."
        ) from None


def _deposer(fichier: Path, contenu: dict[str, Any]) -> None:
    fichier.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    brouillon = fichier.with_name(f".{fichier.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descripteur = os.open(brouillon, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descripteur, "w") as flux:
            json.dump(contenu, flux)
        os.link(brouillon, fichier)
    except FileExistsError:
        pass
    finally:
        brouillon.unlink()


def dossier_runtime(var: Path) -> Path:
    """Folder of the private servers' sockets: short, because a unix socket's path is limited to 107 bytes.

    Stable for one checkout and one user. A checkout deleted and cloned again at the same place gets another folder, so
    that a database never meets keys that did not encrypt it. Raises ImproperlyConfigured where there is no unix socket.
    """
    if os.name != "posix":
        raise ImproperlyConfigured(
            "Réglages DATABASE_URL et REDIS_URL manquants : les serveurs privés ne sont pas fournis pour ce système. "
            "Donnez les adresses de serveurs existants, ou lancez « docker compose up »."
        )
    origine = f"{os.geteuid()}:{var.resolve()}:{secrets_locaux(var)['INSTANCE']}"
    return RACINE_RUNTIME / f"passerelle-{hashlib.sha256(origine.encode()).hexdigest()[:12]}"


def base_depuis_url(url: str) -> dict[str, Any]:
    """The Django database entry of a `DATABASE_URL`. Raises ImproperlyConfigured, never showing the address itself."""
    if not url.startswith(SCHEMAS_POSTGRES):
        raise ImproperlyConfigured(
            "Réglage DATABASE_URL invalide : PostgreSQL est la seule base acceptée. Donnez une adresse de la forme "
            "postgres://utilisateur:motdepasse@serveur:5432/base."
        )
    try:
        urlsplit(url)
        base: dict[str, Any] = environ.Env.db_url_config(url)
    except ValueError:
        base = {}
    if not base.get("NAME"):
        raise ImproperlyConfigured(
            "Réglage DATABASE_URL invalide : le port ou le nom de la base ne se lit pas. Donnez une adresse de la "
            "forme postgres://utilisateur:motdepasse@serveur:5432/base "
            "(caractères spéciaux du mot de passe encodés en %XX)."
        )
    return base


def base_embarquee(var: Path) -> dict[str, Any]:
    """The Django database entry of the private PostgreSQL of the checkout that owns `var`."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": NOM_BASE,
        "USER": NOM_BASE,
        "HOST": str(dossier_runtime(var) / "postgres"),
        "PORT": PORT_SOCKET,
    }


def url_valkey(var: Path) -> str:
    """The Celery broker address of the private Valkey of the checkout that owns `var`."""
    return adresse_socket_valkey(dossier_runtime(var) / "valkey" / "v.sock")


def adresse_socket_valkey(socket: Path) -> str:
    return f"redis+socket://{quote(str(socket))}?virtual_host=0"
