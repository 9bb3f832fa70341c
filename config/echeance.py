"""Sockets that know when the current call must be over.

httpx bounds each silence, not the whole: a server that drips one byte at a time holds a call for ever. Here every
read, write, handshake and name resolution gets what is left of one deadline.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from functools import cache
from typing import Any

import httpcore
import httpx

# A server closes idle connections when it likes; a write sent on one that just closed would look uncertain.
EXPIRATION_CONNEXION = 2.0


class Echeance:
    """The moment (monotonic clock, seconds) after which the current call may no longer touch the network."""

    fin = float("inf")

    def reste(self, erreur: type[httpcore.TimeoutException], souhait: float | None = None) -> float:
        """Seconds left, at most `souhait`. Raises `erreur` when none is left."""
        reste = self.fin - time.monotonic()
        if reste <= 0:
            raise erreur("total deadline")
        return reste if souhait is None else min(reste, souhait)


class TransportBorne(httpx.HTTPTransport):
    """httpx's transport over one kept-alive connection, verified by TLS, whose sockets obey `echeance`."""

    def __init__(self, echeance: Echeance) -> None:
        super().__init__(verify=_contexte_tls(), trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=_contexte_tls(),
            max_connections=1,
            keepalive_expiry=EXPIRATION_CONNEXION,
            network_backend=_Reseau(echeance),
        )


class _Reseau(httpcore.NetworkBackend):
    def __init__(self, echeance: Echeance) -> None:
        self._echeance = echeance
        self._reseau = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        adresses = resoudre(host, port, self._echeance.reste(httpcore.ConnectTimeout, timeout))
        for restantes in range(len(adresses), 0, -1):
            # A silent first address leaves their share of time to the others.
            part = self._echeance.reste(httpcore.ConnectTimeout, timeout) / restantes
            try:
                flux = self._reseau.connect_tcp(adresses[-restantes], port, part, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if restantes == 1:
                    raise
            else:
                return _Flux(flux, self._echeance)
        raise httpcore.ConnectError("no address")


class _Flux(httpcore.NetworkStream):
    def __init__(self, flux: httpcore.NetworkStream, echeance: Echeance) -> None:
        self._flux, self._echeance = flux, echeance

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._flux.read(max_bytes, self._echeance.reste(httpcore.ReadTimeout, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # httpcore's own write bounds each partial send; a reader that takes a few bytes at a time would renew it.
        prise: socket.socket = self._flux.get_extra_info("socket")
        while buffer:
            prise.settimeout(self._echeance.reste(httpcore.WriteTimeout, timeout))
            try:
                buffer = buffer[prise.send(buffer) :]
            except TimeoutError as exc:
                raise httpcore.WriteTimeout(str(exc)) from exc
            except OSError as exc:
                raise httpcore.WriteError(str(exc)) from exc

    def close(self) -> None:
        self._flux.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        reste = self._echeance.reste(httpcore.ConnectTimeout, timeout)
        return _Flux(self._flux.start_tls(ssl_context, server_hostname, reste), self._echeance)

    def get_extra_info(self, info: str) -> Any:
        return self._flux.get_extra_info(info)


@cache
def _contexte_tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def resoudre(hote: str, port: int, delai: float) -> list[str]:
    """Addresses of a host within `delai` seconds: the system's resolver takes no deadline, so it runs aside.

    Raises httpcore.ConnectError, httpcore.ConnectTimeout.
    """
    trouve: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def chercher() -> None:
        try:
            trouve.put([str(info[4][0]) for info in socket.getaddrinfo(hote, port, type=socket.SOCK_STREAM)])
        except Exception as exc:
            trouve.put(exc)

    threading.Thread(target=chercher, daemon=True).start()
    try:
        adresses = trouve.get(timeout=delai)
    except queue.Empty:
        raise httpcore.ConnectTimeout("name resolution") from None
    if isinstance(adresses, OSError | UnicodeError):
        raise httpcore.ConnectError("name resolution") from adresses
    if isinstance(adresses, Exception):
        raise adresses
    return adresses
