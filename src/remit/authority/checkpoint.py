"""Signed checkpoints of a log: C2SP tlog-checkpoint, a signed note; with witness cosignatures.

    remit.example/cluster-1/partition-1        origin
    4096                                       number of records
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=     root of the Merkle tree over them

    — remit.example/cluster-1/partition-1 Az3grl…    key id and Ed25519 signature

A checkpoint signed by the operator alone does not keep the operator from writing everything anew:
that takes a copy held elsewhere, or the cosignature of a witness (C2SP tlog-cosignature, Ed25519).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from remit.authority.errors import BadProof, BadSignature
from remit.authority.keys import PublicKey, Signer

_NAME = re.compile(r"[^\s+]+")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_DASH = "— "
_ED25519, _COSIGNATURE = b"\x01", b"\x04"
_MAX_LINES = 64


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How long a log was, and what was in it."""

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        """The text that is signed; ends with a newline. Raises BadProof for an impossible one."""
        if not _NAME.fullmatch(self.origin) or len(self.root) != 32 or self.size < 0:
            raise BadProof("an origin has no spaces and no plus, a root has 32 bytes")
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> str:
    """The signed note; the key is known by the origin's name."""
    body = checkpoint.body()
    public = signer.public("audit")
    signature = _key_id(checkpoint.origin, _ED25519, public) + signer.sign(body.encode())
    return f"{body}\n{_line(checkpoint.origin, signature)}"


def read_checkpoint(note: str, origin: str, keys: Iterable[PublicKey]) -> Checkpoint:
    """A checkpoint of `origin`, signed by one of these audit keys.

    Raises BadProof when it is no checkpoint of this log, BadSignature when nobody we know signed it.
    """
    body, lines = _split(note)
    checkpoint = _parse(body)
    if checkpoint.origin != origin:
        raise BadProof(f"a checkpoint of {checkpoint.origin}, not of {origin}")
    by_id = {_key_id(origin, _ED25519, key): key for key in keys if "audit" in key.roles}
    for name, blob in lines:
        key = by_id.get(blob[:4]) if name == origin else None
        if key is not None:
            key.check(body.encode(), blob[4:])
            return checkpoint
    raise BadSignature(f"no known audit key signed this checkpoint of {origin}")


def origin_of(note: str) -> str:
    """Which log a note says it is about, unchecked; empty for what is no note."""
    return note.partition("\n")[0]


def unchecked(note: str) -> Checkpoint:
    """What a note says, whoever signed it. Raises BadProof for what is no checkpoint."""
    body, _ = _split(note)
    return _parse(body)


def notes_in(text: str) -> list[str]:
    """The signed notes that stand in a text one after the other; what is none comes along as it is."""
    found: list[str] = []
    lines: list[str] = []
    signed = False
    for line in text.splitlines():
        is_signature = line.startswith(_DASH)
        if signed and not is_signature:
            found.append("\n".join(lines) + "\n")
            lines = []
        lines.append(line)
        signed = is_signature
    return [*found, "\n".join(lines) + "\n"] if lines else found


def cosign(note: str, name: str, signer: Signer, at: int) -> str:
    """The note with a witness's signature, made at second `at`. Raises BadProof for no checkpoint."""
    if not _NAME.fullmatch(name):
        raise BadProof(f"a witness has a name without spaces and without plus, not {name!r}")
    unchecked(note)
    body, _ = _split(note)
    message = _cosigned(body, at)
    public = signer.public("audit")
    blob = _key_id(name, _COSIGNATURE, public) + at.to_bytes(8, "big") + signer.sign(message)
    return note + _line(name, blob)


def check_cosignature(note: str, name: str, key: PublicKey) -> int:
    """When the witness `name` signed this note, in seconds. Raises BadSignature if it did not."""
    body, lines = _split(note)
    expected = _key_id(name, _COSIGNATURE, key)
    for found, blob in lines:
        if found == name and blob[:4] == expected and len(blob) == 76:
            at = int.from_bytes(blob[4:12], "big")
            key.check(_cosigned(body, at), blob[12:])
            return at
    raise BadSignature(f"witness {name} did not sign this checkpoint")


def equivocation(first: Checkpoint, second: Checkpoint) -> str:
    """The proof that a log told two stories; empty when these two do not prove it (T16)."""
    if (first.origin, first.size) != (second.origin, second.size) or first.root == second.root:
        return ""
    return (
        f"{first.origin} signed two roots for {first.size} records: "
        f"{first.root.hex()} and {second.root.hex()}"
    )


def verifier_key(origin: str, key: PublicKey) -> str:
    """The key as other tools of this format take it: name+id+key."""
    encoded = base64.b64encode(_ED25519 + key.raw).decode()
    return f"{origin}+{_key_id(origin, _ED25519, key).hex()}+{encoded}"


def _key_id(name: str, algorithm: bytes, key: PublicKey) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + algorithm + key.raw).digest()[:4]


def _cosigned(body: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{body}".encode()


def _line(name: str, blob: bytes) -> str:
    return f"{_DASH}{name} {base64.b64encode(blob).decode()}\n"


def _split(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The signed text, and the signatures as (name, key id and signature)."""
    body, separator, rest = note.rpartition("\n\n")
    lines = rest.split("\n")
    if not separator or lines[-1] != "" or not 2 <= len(lines) <= _MAX_LINES:
        raise BadProof("not a signed note: text, an empty line, signatures")
    return body + "\n", [_signature(line) for line in lines[:-1]]


def _signature(line: str) -> tuple[str, bytes]:
    parts = line.removeprefix(_DASH).split(" ")
    if not line.startswith(_DASH) or len(parts) != 2 or not _NAME.fullmatch(parts[0]):
        raise BadProof("not a signature line")
    return parts[0], _bytes(parts[1])


def _parse(body: str) -> Checkpoint:
    lines = body.split("\n")
    if len(lines) < 4 or "" in lines[:-1] or not _SIZE.fullmatch(lines[1]):
        raise BadProof("a checkpoint has an origin, a size and a root")
    root = _bytes(lines[2])
    if len(root) != 32 or not _NAME.fullmatch(lines[0]):
        raise BadProof("an origin has no spaces and no plus, a root has 32 bytes")
    return Checkpoint(lines[0], int(lines[1]), root)


def _bytes(text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadProof("not base64") from None
    if base64.b64encode(content).decode() != text:
        raise BadProof("base64 with stray bits at its end")
    return content
