"""TLS of the sidecar, on both sides, from PEM files that may be replaced while it runs.

    workers ──TLS──▶ sidecar     `Door`: our certificate and key; who has signed those of the workers
    sidecar ──TLS──▶ broker      `Way`: who has signed the broker's; our own, where it asks for one

New connections use the files as they are then. Files that can't be used (a certificate without its
key, half a file) are told in the log, and the last good ones stay. Open connections keep theirs.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
from msgspec import Struct

from remit.base import pem

log = logging.getLogger("remit.sidecar")


class Door(Struct, frozen=True):
    """Paths for the side of the workers. With `client_ca` they have to show a certificate of it."""

    certificate: str
    key: str
    client_ca: str = ""

    def problem(self) -> str:
        """What is wrong with the files, as a sentence; empty when nothing is."""
        return _problem_of_pair(self.certificate, self.key) or _problem_of_authority(self.client_ca)

    def marks(self) -> pem.Mark:
        return pem.marks(self.certificate, self.key, self.client_ca)

    def configuration(self) -> grpc.ServerCertificateConfiguration:
        pair = (_read(self.key), _read(self.certificate))
        return grpc.ssl_server_certificate_configuration([pair], _read(self.client_ca) or None)

    def credentials(self) -> grpc.ServerCredentials:
        """The files are looked at for each connection that is opened."""
        return grpc.dynamic_ssl_server_credentials(
            self.configuration(),
            Renewed(self),  # type: ignore[arg-type]  # None is "as before", the stubs forget it
            require_client_authentication=bool(self.client_ca),
        )


class Way(Struct, frozen=True):
    """Paths for the side of the broker. Without `authority`: those that this system trusts."""

    authority: str = ""
    certificate: str = ""
    key: str = ""

    def problem(self) -> str:
        pair = _problem_of_pair(self.certificate, self.key) if self.certificate or self.key else ""
        return pair or _problem_of_authority(self.authority)

    def marks(self) -> pem.Mark:
        return pem.marks(self.authority, self.certificate, self.key)

    def credentials(self) -> grpc.ChannelCredentials:
        authority, key, own = (
            _read(path) or None for path in (self.authority, self.key, self.certificate)
        )
        return grpc.ssl_channel_credentials(authority, key, own)


class Renewed:
    """What grpc asks for each new connection: another configuration, or None to go on with the last."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._watched = pem.Watched(door, log)

    def __call__(self) -> grpc.ServerCertificateConfiguration | None:
        return self._door.configuration() if self._watched.changed() else None


def _problem_of_pair(certificate: str, key: str) -> str:
    if not (certificate and key):
        return "a certificate and its key go together"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    return _attempted(
        f"{certificate} with the key {key}",
        lambda: context.load_cert_chain(certificate, key, password=pem.no_password),
    )


def _problem_of_authority(path: str) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    return _attempted(path, lambda: context.load_verify_locations(path)) if path else ""


def _attempted(what: str, load: Callable[[], Any]) -> str:
    try:
        load()
    except (OSError, ValueError) as fault:
        return f"{what} can't be used: {fault}"
    return ""


def _read(path: str) -> bytes:
    return Path(path).read_bytes() if path else b""
