"""Where rows lie on disk: an ordered map, so that what is used together lies together.

i root  table key …     everything an instance owns, contiguous under its root key
c name… table key       messages and their subscriptions, contiguous per (tenant, name, key)
l key                   root of the aggregate that owns the row with this key
d due kind key          what is due, in order of time      -> root
r type… key             jobs that wait for a worker, in order of key -> root
g name… key             who listens to a signal, in order of key -> root
k tenant, id, …         locks of message start events -> instance
b key                   how the policies of several instances begin
p table key             definitions and whatever the whole partition shares
s                       scalars: position, next key, clock
"""

from __future__ import annotations

from struct import Struct as Layout

INSTANCE = b"i"
CORRELATION = b"c"
LOCATOR = b"l"
DUE = b"d"
READY = b"r"
LISTENING = b"g"
LOCK = b"k"
PARTITION = b"p"
BEGINNING = b"b"
SCALARS = b"s"

_root = Layout(">cQ").pack
_owned = Layout(">cQBQ").pack
_key = Layout(">cQ").pack
_due = Layout(">cQBQ")
_shared = Layout(">cBQ").pack
_long = Layout(">Q")


def root_prefix(root: int) -> bytes:
    return _root(INSTANCE, root)


def owned(number: int, root: int, key: int) -> bytes:
    """The address of a row that an instance owns."""
    return _owned(INSTANCE, root, number, key)


def named(number: int, root: int, scope: int, name: str) -> bytes:
    """The same for rows that have a name inside their scope."""
    return _owned(INSTANCE, root, number, scope) + name.encode()


def indexed(number: int, root: int, scope: int, index: int) -> bytes:
    """The same for rows that have a number inside their scope."""
    return _owned(INSTANCE, root, number, scope) + _long.pack(index)


def table_of_owned(address: bytes) -> int:
    return address[9]


def text(*parts: str) -> bytes:
    """Texts one after the other, each with its length, so that no text is the prefix of another."""
    pieces = []
    for part in parts:
        encoded = part.encode()
        pieces.append(len(encoded).to_bytes(4, "big"))
        pieces.append(encoded)
    return b"".join(pieces)


def correlation_prefix(tenant: str, name: str, correlation_key: str) -> bytes:
    return CORRELATION + text(tenant, name, correlation_key)


def correlated(number: int, tenant: str, name: str, correlation_key: str, key: int) -> bytes:
    prefix = correlation_prefix(tenant, name, correlation_key)
    return prefix + bytes((number,)) + _long.pack(key)


def locator(key: int) -> bytes:
    return _key(LOCATOR, key)


def beginning(key: int) -> bytes:
    return _key(BEGINNING, key)


def due(at: int, kind: int, key: int) -> bytes:
    return _due.pack(DUE, at, kind, key)


def due_parts(address: bytes) -> tuple[int, int, int]:
    _, at, kind, key = _due.unpack(address)
    return at, kind, key


def ready_prefix(tenant: str, job_type: str) -> bytes:
    return READY + text(tenant, job_type)


def ready(tenant: str, job_type: str, key: int) -> bytes:
    return ready_prefix(tenant, job_type) + _long.pack(key)


def listening_prefix(tenant: str, signal: str) -> bytes:
    return LISTENING + text(tenant, signal)


def lock(tenant: str, process_id: str, correlation_key: str) -> bytes:
    return LOCK + text(tenant, process_id, correlation_key)


def shared(number: int, key: int) -> bytes:
    return _shared(PARTITION, number, key)


def shared_name(number: int, name: str) -> bytes:
    """The same for rows that have a name instead of a key."""
    return PARTITION + bytes((number,)) + name.encode()


def pack_key(key: int) -> bytes:
    return _long.pack(key)


def unpack_key(row: bytes) -> int:
    value: int = _long.unpack(row)[0]
    return value
