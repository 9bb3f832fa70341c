"""Reading of settings from the environment: a bad or missing one is refused by its name, in French.

django-environ reads `bool('oui')` as False without a word, lets `int('')` fail without naming the variable, takes a
value that starts with `$` for the name of another one, and logs a malformed `.env` line whole, secret included; every
reading goes through this module so that none of it can happen.
"""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

VRAI = frozenset({"1", "true", "yes", "on", "oui", "vrai"})
FAUX = frozenset({"0", "false", "no", "off", "non", "faux"})
# What django-environ can read; it ignores the rest of the file.
LIGNE_ENV = re.compile(r"\s*(#.*)?|(export )?[A-Za-z_0-9]+=.*")
CLE_FERNET = re.compile(r"[A-Za-z0-9_-]{43}=")
BOUCLE_LOCALE = frozenset({"127.0.0.1", "::1", "localhost"})
NOMS_SECRETS = ("SECRET", "KEY", "CLE", "URL", "MOT_DE_PASSE", "JETON")


class Reglages:
    """Typed access to the process environment.

    Parameters
    ----------
    fichier:
        Optional `.env` file; the process environment wins over it. Raises ImproperlyConfigured if a line is unreadable.
    """

    def __init__(self, fichier: Path | None = None) -> None:
        if fichier is None or not fichier.is_file():
            return
        for numero, ligne in enumerate(fichier.read_text(encoding="utf-8").splitlines(), start=1):
            if not LIGNE_ENV.fullmatch(ligne):
                raise ImproperlyConfigured(
                    f"Fichier {fichier.name} illisible à la ligne {numero} : elle n’a pas la forme NOM=valeur. "
                    f"Écrivez le nom au début de la ligne, sans espace autour du signe égal."
                )
        environ.Env.read_env(fichier, overwrite=False)

    def est_donne(self, nom: str) -> bool:
        """Whether `nom` has a value that is not blank."""
        return bool(os.environ.get(nom, "").strip())

    def texte(self, nom: str, defaut: str | None = None) -> str:
        """The raw text of `nom`; `defaut=None` makes it required. Raises ImproperlyConfigured."""
        valeur = os.environ.get(nom, "").strip()
        if valeur:
            return valeur
        if defaut is None:
            raise ImproperlyConfigured(
                f"Réglage {nom} manquant : il est obligatoire ici. Donnez-lui une valeur dans l’environnement "
                f"ou dans le fichier .env (voir .env.example)."
            )
        return defaut

    def booleen(self, nom: str, defaut: bool = False) -> bool:
        """`oui`/`non` and their usual spellings. Raises ImproperlyConfigured on any other word."""
        valeur = self.texte(nom, "oui" if defaut else "non")
        if valeur.lower() in VRAI | FAUX:
            return valeur.lower() in VRAI
        raise self._refus(nom, valeur, "attendu « oui » ou « non »")

    def entier(self, nom: str, defaut: int, *, minimum: int = 0, maximum: int = 2**31) -> int:
        """A whole number between `minimum` and `maximum`. Raises ImproperlyConfigured."""
        valeur = self.texte(nom, str(defaut))
        try:
            nombre = int(valeur)
        except ValueError:
            raise self._refus(nom, valeur, "attendu un nombre entier") from None
        if not minimum <= nombre <= maximum:
            raise self._refus(nom, valeur, f"attendu un nombre entre {minimum} et {maximum}")
        return nombre

    def choix(self, nom: str, defaut: str, permis: tuple[str, ...]) -> str:
        """One word of `permis`. Raises ImproperlyConfigured."""
        valeur = self.texte(nom, defaut)
        if valeur not in permis:
            raise self._refus(nom, valeur, f"attendu l’un de : {', '.join(permis)}")
        return valeur

    def liste(self, nom: str, defaut: tuple[str, ...] | None = ()) -> list[str]:
        """Comma-separated words; `defaut=None` makes it required. Raises ImproperlyConfigured."""
        valeur = self.texte(nom, None if defaut is None else ",".join(defaut))
        return [mot.strip() for mot in valeur.split(",") if mot.strip()]

    def adresse(self, nom: str, defaut: str | None = None) -> str:
        """An https address (http on this machine) without final slash, `""` when neither given nor required.

        Raises ImproperlyConfigured.
        """
        valeur = self.texte(nom, defaut)
        if not valeur:
            return ""
        try:
            morceaux = urlsplit(valeur)
            lisible = morceaux.port != 0
        except ValueError:
            lisible = False
        if not lisible or morceaux.scheme not in {"http", "https"} or not morceaux.hostname or morceaux.username:
            raise self._refus(nom, valeur, "attendu une adresse http(s) complète, sans identifiant")
        if morceaux.scheme == "http" and morceaux.hostname not in BOUCLE_LOCALE:
            raise self._refus(nom, valeur, "attendu une adresse https : les clés partiraient en clair sur le réseau")
        return valeur.rstrip("/")

    def courriel(self, nom: str) -> dict[str, Any]:
        """Django's EMAIL_* settings from `smtp://user:password@server:587`, `smtps://` for TLS from the first byte.

        `smtp://` asks for STARTTLS unless the server is this machine. Without a value, mails are written on the
        console. Raises ImproperlyConfigured, without showing any of it.
        """
        valeur = self.texte(nom, "")
        if not valeur:
            return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
        try:
            morceaux = urlsplit(valeur)
            port = morceaux.port or {"smtp": 587, "smtps": 465}[morceaux.scheme]
        except (ValueError, KeyError):
            morceaux, port = urlsplit(""), 0
        if not morceaux.hostname or morceaux.path.strip("/") or morceaux.query:
            raise self._refus(nom, valeur, "attendu une adresse de la forme smtp://utilisateur:motdepasse@serveur:587")
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": morceaux.hostname,
            "EMAIL_PORT": port,
            "EMAIL_HOST_USER": unquote(morceaux.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(morceaux.password or ""),
            "EMAIL_USE_SSL": morceaux.scheme == "smtps",
            "EMAIL_USE_TLS": morceaux.scheme == "smtp" and morceaux.hostname not in BOUCLE_LOCALE,
        }

    def courtier(self, nom: str) -> str:
        """A required `redis://`, `rediss://` or `redis+socket://` address. Raises ImproperlyConfigured."""
        valeur = self.texte(nom)
        try:
            morceaux = urlsplit(valeur)
            cible = morceaux.path if morceaux.scheme == "redis+socket" else morceaux.hostname
            lisible = morceaux.scheme in {"redis", "rediss", "redis+socket"} and cible and morceaux.port != 0
        except ValueError:
            lisible = False
        if not lisible:
            raise self._refus(nom, valeur, "attendu une adresse de la forme redis://serveur:6379/0")
        return valeur

    def cles_fernet(self, nom: str, defaut: tuple[str, ...] | None = None) -> list[str]:
        """Encryption keys, the one that encrypts first. Raises ImproperlyConfigured, without showing any of them.

        The field library accepts any text as a key and stretches it: a short password would pass for a key.
        """
        cles = self.liste(nom, defaut)
        for rang, cle in enumerate(cles, start=1):
            if not CLE_FERNET.fullmatch(cle) or len(base64.urlsafe_b64decode(cle)) != 32:
                raise ImproperlyConfigured(
                    f"Réglage {nom} invalide : la clé n° {rang} n’est pas une clé de chiffrement (32 octets en base64, "
                    f"44 caractères). Créez-en une avec « PASSERELLE_PRODUCTION=non python manage.py nouvelle_cle »."
                )
        if not cles:
            raise ImproperlyConfigured(
                f"Réglage {nom} manquant : il porte les clés qui chiffrent les secrets. "
                f"Créez-en une avec « PASSERELLE_PRODUCTION=non python manage.py nouvelle_cle » "
                f"et gardez-la hors de la base."
            )
        return cles

    @staticmethod
    def _refus(nom: str, valeur: str, attendu: str) -> ImproperlyConfigured:
        montre = valeur if len(valeur) <= 40 and not any(mot in nom for mot in NOMS_SECRETS) else "…"
        return ImproperlyConfigured(
            f"Réglage {nom} invalide : « {montre} ». Il est {attendu}. Corrigez-le dans l’environnement ou dans .env."
        )
