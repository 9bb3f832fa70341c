"""The closed network of the tests: loopback and unix sockets only."""

import ipaddress
import os
import socket
import tempfile
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import certifi

LOCAUX = {None, "", "localhost", b"localhost"}


class ReseauFerme(RuntimeError):
    """A test tried to leave the machine. Not an OSError: no retry nor network error handling may swallow it."""


def _permis(hote: Any) -> bool:
    texte = hote.decode() if isinstance(hote, bytes) else hote
    if texte in LOCAUX or texte in _donnes():
        return True
    try:
        return ipaddress.ip_address(str(texte).partition("%")[0]).is_loopback
    except ValueError:
        return False


def _donnes() -> set[str | None]:
    """Hosts of the servers given by TEST_DATABASE_URL and TEST_REDIS_URL."""
    return {urlsplit(os.environ.get(nom, "")).hostname for nom in ("TEST_DATABASE_URL", "TEST_REDIS_URL")}


def fermer() -> None:
    """Refuse, for the whole process, any name lookup or connection outside the machine."""
    ouvrir, ouvrir_ex, chercher = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def verifier(adresse: Any) -> None:
        if isinstance(adresse, tuple) and not _permis(adresse[0]):
            raise ReseauFerme(f"Connexion refusée pendant les tests : {adresse[0]}. Le réseau y est fermé.")

    def connect(soi: socket.socket, adresse: Any) -> None:
        verifier(adresse)
        ouvrir(soi, adresse)

    def connect_ex(soi: socket.socket, adresse: Any) -> int:
        verifier(adresse)
        return ouvrir_ex(soi, adresse)

    def getaddrinfo(hote: Any, *args: Any, **options: Any) -> Any:
        verifier((hote,))
        return chercher(hote, *args, **options)

    socket.socket.connect = connect  # type: ignore[method-assign]
    socket.socket.connect_ex = connect_ex  # type: ignore[method-assign]
    socket.getaddrinfo = getaddrinfo


def alleger_tls() -> Callable[[], None]:
    """Have httpx read one public authority instead of all, some 20 ms for each client: none is met on the loopback.

    Returns what removes the file written for that.
    """
    premiere, fin, _ = certifi.contents().partition("-----END CERTIFICATE-----")
    fichier = tempfile.NamedTemporaryFile("w", suffix=".pem")  # noqa: SIM115 - lives as long as the run
    fichier.write(f"{premiere}{fin}\n")
    fichier.flush()
    certifi.where = lambda: fichier.name
    os.environ["SSL_CERT_FILE"] = fichier.name
    os.environ.pop("SSL_CERT_DIR", None)
    return fichier.close
