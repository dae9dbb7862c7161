"""Throw-away certificates: an authority in a folder, and what it signs, as PEM files."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Pair(NamedTuple):
    """Paths of a certificate and its key."""

    certificate: str
    key: str


class Authority:
    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        made = self._sign(self._name, self._key, (), timedelta(days=1), is_authority=True)
        self.certificate = str(folder / f"{name}.pem")
        _write(self.certificate, made, None)

    def issue(self, name: str, *uris: str, lasts: timedelta = timedelta(days=1)) -> Pair:
        """A certificate for CN `name` on this machine, with these URIs."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._sign(_named(name), key, uris, lasts, is_authority=False)
        base = self._folder / f"{abs(hash((name, uris, lasts)))}"
        pair = Pair(f"{base}.pem", f"{base}.key")
        _write(pair.certificate, made, None)
        _write(pair.key, None, key)
        return pair

    def revoke(self, path: str, *pairs: Pair) -> None:
        """The list of what was revoked, in `path`."""
        now = datetime.now(UTC)
        made = x509.CertificateRevocationListBuilder().issuer_name(self._name)
        made = made.last_update(now - timedelta(days=1)).next_update(now + timedelta(days=1))
        for pair in pairs:
            held = x509.load_pem_x509_certificate(Path(pair.certificate).read_bytes())
            entry = x509.RevokedCertificateBuilder().serial_number(held.serial_number)
            made = made.add_revoked_certificate(entry.revocation_date(now).build())
        content = made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        Path(path).write_bytes(content)

    def _sign(
        self,
        name: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        uris: tuple[str, ...],
        lasts: timedelta,
        *,
        is_authority: bool,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        others: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        others += [x509.UniformResourceIdentifier(uri) for uri in uris]
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=2))
            .not_valid_after(now + lasts)
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
            .add_extension(x509.SubjectAlternativeName(others), critical=False)
            .sign(self._key, hashes.SHA256())
        )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _write(
    path: str, certificate: x509.Certificate | None, key: ec.EllipticCurvePrivateKey | None
) -> None:
    if certificate is not None:
        Path(path).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    if key is not None:
        content = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        Path(path).write_bytes(content)
