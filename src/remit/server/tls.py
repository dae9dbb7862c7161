"""TLS of both ports: certificate, key and the authority of client certificates come from files.

    --tls-cert FILE --tls-key FILE     PEM; both ports speak TLS 1.2 or 1.3, nothing else
    --tls-client-ca FILE               PEM; callers show a certificate that this authority signed
    --tls-client-crl FILE              PEM; certificates that it has revoked since

Envoy, which has the gRPC port, is given copies in a private folder, as secrets that it reads again when
they are replaced; the REST port is our own and has a `Context`. The files are looked at once a second;
what can't be used (a certificate without its key, half a file) is told in the log, and the last good
ones stay in use. Connections keep the certificate they began with.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import ssl
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509

from remit.base import pem

LOOK_SECONDS = 1.0

SERVER, CLIENTS = "server", "clients"
"""Names of the secrets: our certificate and key; the authority of client certificates."""

_TYPES = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3"

log = logging.getLogger("remit.server")


class TlsFiles(msgspec.Struct, frozen=True):
    """Paths; empty for none. `client_ca` needs the first two, `revoked` needs `client_ca`."""

    certificate: str = ""
    key: str = ""
    client_ca: str = ""
    revoked: str = ""

    def __bool__(self) -> bool:
        return bool(self.certificate or self.key or self.client_ca or self.revoked)

    def problem(self) -> str:
        """What is wrong with the files, as a sentence; empty when nothing is."""
        if not self:
            return ""
        if not (self.certificate and self.key):
            return "TLS needs both --tls-cert and --tls-key"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self.certificate, self.key, password=pem.no_password)
        except (OSError, ValueError) as fault:
            return f"--tls-cert {self.certificate} and --tls-key {self.key} can't be used: {fault}"
        try:
            if self.client_ca:
                context.load_verify_locations(self.client_ca)
        except OSError as fault:
            return f"--tls-client-ca {self.client_ca} can't be used: {fault}"
        return self._problem_of_revoked() if self.revoked else ""

    def _problem_of_revoked(self) -> str:
        if not self.client_ca:
            return "--tls-client-crl needs --tls-client-ca as well"
        try:
            x509.load_pem_x509_crl(Path(self.revoked).read_bytes())
        except (OSError, ValueError) as fault:
            return f"--tls-client-crl {self.revoked} can't be used: {fault}"
        return ""

    def marks(self) -> pem.Mark:
        """What changes when a file is written or replaced."""
        return pem.marks(self.certificate, self.key, self.client_ca, self.revoked)

    def context(self, *, is_required: bool) -> ssl.SSLContext:
        """For connections that speak HTTP/1.1. `is_required`: none without a certificate.

        Raises `OSError` and `ValueError` for files of which `problem` says what is wrong.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        context.load_cert_chain(self.certificate, self.key, password=pem.no_password)
        if self.client_ca:
            context.load_verify_locations(self.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED if is_required else ssl.CERT_OPTIONAL
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # as Envoy takes authorities
        if self.revoked:
            context.load_verify_locations(self.revoked)
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        return context


class Context:
    """The files as our own port uses them. `is_required`: no connection without a certificate."""

    def __init__(self, files: TlsFiles, *, is_required: bool) -> None:
        self._files = files
        self._is_required = is_required
        self._watched = pem.Watched(files, log)
        self.now = files.context(is_required=is_required)

    def renew(self) -> bool:
        """There is another one, since the files have changed.

        A fresh one, so that no session goes on that the authority of before, or the list of what was
        revoked then, has let in.
        """
        if not self._watched.changed():
            return False
        self.now = self._files.context(is_required=self._is_required)
        return True


class Secrets:
    """The files as Envoy reads them, in `folder`, which is nobody else's."""

    def __init__(self, files: TlsFiles, folder: Path) -> None:
        self._files = files
        self._folder = folder
        self._watched = pem.Watched(files, log)
        self._write()

    async def keep(self) -> None:
        """Look at the files for ever, and bring what is new to the server."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.renew()

    def renew(self) -> None:
        if self._watched.changed():
            self._write()

    def transport_socket(self, *, is_required: bool) -> dict[str, Any]:
        """What a listener's filter chain needs. `is_required`: no connection without a certificate."""
        common: dict[str, Any] = {
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "tls_certificate_sds_secret_configs": [self._source(SERVER)],
        }
        if self._files.client_ca:
            common["validation_context_sds_secret_config"] = self._source(CLIENTS)
        return {
            "name": "envoy.transport_sockets.tls",
            "typed_config": {
                "@type": f"{_TYPES}.DownstreamTlsContext",
                "common_tls_context": common,
                "require_client_certificate": is_required,
            },
        }

    def _source(self, name: str) -> dict[str, Any]:
        path = {"path": str(self._path(name))}
        return {
            "name": name,
            "sds_config": {"path_config_source": path, "resource_api_version": "V3"},
        }

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def _write(self) -> None:
        pair = {
            "certificate_chain": _inline(self._files.certificate),
            "private_key": _inline(self._files.key),
        }
        self._replace(SERVER, {"tls_certificate": pair})
        if self._files.client_ca:
            authority: dict[str, Any] = {"trusted_ca": _inline(self._files.client_ca)}
            if self._files.revoked:
                authority["crl"] = _inline(self._files.revoked)
                authority["only_verify_leaf_cert_crl"] = True
            self._replace(CLIENTS, {"validation_context": authority})

    def _replace(self, name: str, secret: dict[str, Any]) -> None:
        """By a move, since that is what Envoy watches for."""
        content = {"resources": [{"@type": f"{_TYPES}.Secret", "name": name, **secret}]}
        fresh = self._path(name).with_suffix(".new")
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(content, file)
        fresh.replace(self._path(name))


def _inline(path: str) -> dict[str, str]:
    return {"inline_string": Path(path).read_text()}
