"""Callers that show a certificate: who they are is what the certificate says.

The server has checked the certificate and passes on what it says in `x-forwarded-client-cert`, as Envoy
words it (`said_of` on the REST port); what a caller wrote there itself is gone by then. A SPIFFE id (the
certificate's one URI) is the name of a workload, method "mtls", level "svid"; else the name is the
subject's one CN, level "mtls".
"""

from __future__ import annotations

import hashlib
import re

from cryptography import x509
from cryptography.x509.oid import NameOID

from remit.gateway.faults import Code, Status
from remit.protocol.values import Actor

HEADER = b"x-forwarded-client-cert"
REMEMBERED = 1_000

_SAID = re.compile(r'Hash=[0-9a-f]{64};Subject="((?:[^"\\]|\\.)*)"(?:;URI=(.*))?', re.DOTALL)
_SPIFFE = re.compile(r"spiffe://[a-z0-9._-]{1,255}(?:/[A-Za-z0-9._-]+)+")


class Certificates:
    def __init__(self) -> None:
        self._known: dict[bytes, Actor] = {}

    def actor(self, said: bytes) -> Actor:
        """Whom the certificate names; raises `Status` when it names nobody, or more than one."""
        found = self._known.get(said)
        if found is None:
            found = actor_of(said.decode("latin-1"))
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[said] = found
        return found


def said_of(certificate: bytes) -> bytes:
    """What `HEADER` says of a certificate in DER: its SHA-256, its subject (RFC 2253), its URIs.

    One that can't be read says nothing that `actor_of` would take.
    """
    try:
        read = x509.load_der_x509_certificate(certificate)
        subject = _ascii(read.subject.rfc4514_string())
        uris = ";URI=".join(_ascii(each) for each in _uris(read))
    except ValueError:
        return b"unreadable"
    digest = hashlib.sha256(certificate).hexdigest()
    return f'Hash={digest};Subject="{subject}";URI={uris}'.encode("ascii")


def _uris(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return names.value.get_values_for_type(x509.UniformResourceIdentifier)


def _ascii(text: str) -> str:
    """Other signs as the bytes of their UTF-8, which RFC 2253 escapes one by one.

    >>> _ascii("CN=J\u00f6rg")
    'CN=J\\\\C3\\\\B6rg'
    """
    return "".join(
        sign if " " <= sign <= "~" else "".join(f"\\{byte:02X}" for byte in sign.encode())
        for sign in text
    )


def actor_of(said: str) -> Actor:
    """
    >>> actor_of('Hash=' + 'a' * 64 + ';Subject="CN=ada,O=acme";URI=').id
    'ada'
    """
    read = _SAID.fullmatch(said)
    if read is None:
        raise _unknown("the client certificate can't be read")
    uris = read[2] or ""
    if "spiffe://" in uris:
        if _SPIFFE.fullmatch(uris) is None:
            raise _unknown("the client certificate has to hold one SPIFFE id, and no other URI")
        return Actor(uris, "mtls", "svid")
    return Actor(_common_name(read[1]), "mtls", "mtls")


def _common_name(subject: str) -> str:
    try:
        named = x509.Name.from_rfc4514_string(subject)
    except ValueError:
        raise _unknown("the subject of the client certificate can't be read") from None
    names = named.get_attributes_for_oid(NameOID.COMMON_NAME)
    if len(names) != 1 or not names[0].value:
        raise _unknown("the client certificate has no SPIFFE id, and not one name (CN)")
    return str(names[0].value)


def _unknown(said: str) -> Status:
    return Status(Code.UNAUTHENTICATED, said)
