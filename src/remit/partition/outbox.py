"""Commands to other partitions: stored with what caused them, delivered once and in order.

    sender    outbox rows (destination, sequence) in the same commit as the cause
    receiver  applies sequence n only after n-1, and stores n in the same commit as the effect
    sender    removes what was acknowledged, sends the rest again; never what is not yet durable,
              because a sequence that a crash undid is given to another parcel

`o` destination sequence -> request        `h` source -> the last sequence applied
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct as Layout
from typing import Union

import msgspec

from remit.engine.state.rows import Rows
from remit.engine.turn import Request
from remit.protocol.commands import Command
from remit.protocol.values import Header

_row = Layout(">cHQ").pack
_applied = Layout(">cH").pack
_number = Layout(">Q")

Parcel = tuple[int, bytes]
"""(sequence, encoded request)."""


class _Request(msgspec.Struct, frozen=True, array_like=True):
    command: msgspec.Raw
    header: Header


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Request).decode
_decode_command = msgspec.msgpack.Decoder(Union[tuple(Command.__subclasses__())]).decode  # noqa: UP007


class Outbox:
    """The sending and receiving ends of one partition."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._pending: dict[int, list[Parcel]] = {}
        self._next: dict[int, int] = {}
        self._durable: dict[int, int] = {}
        self._heard: dict[int, int] = {}
        for key, row in rows.scan(b"o"):
            destination, sequence = int.from_bytes(key[1:3], "big"), int.from_bytes(key[3:], "big")
            self._pending.setdefault(destination, []).append((sequence, row))
            self._durable[destination] = sequence
        for key, row in rows.scan(b"h"):
            self._heard[int.from_bytes(key[1:], "big")] = _number.unpack(row)[0]
        for key, row in rows.scan(b"n"):
            self._next[int.from_bytes(key[1:], "big")] = _number.unpack(row)[0]

    # --- sending -----------------------------------------------------------------------------------

    def post(self, destination: int, request: Request) -> tuple[Parcel, list[tuple[bytes, bytes]]]:
        """A parcel for `destination`, and the rows that keep it until it is acknowledged."""
        sequence = self._next.get(destination, 0) + 1
        self._next[destination] = sequence
        parcel = (sequence, _encode((request.command, request.header)))
        self._pending.setdefault(destination, []).append(parcel)
        return parcel, [
            (_row(b"o", destination, sequence), parcel[1]),
            (_applied(b"n", destination), _number.pack(sequence)),
        ]

    def stored(self, destination: int, sequence: int) -> None:
        """Everything up to `sequence` is durable: from now on it may leave."""
        self._durable[destination] = sequence

    def pending(self, destination: int) -> list[Parcel]:
        """What is durable and has not been acknowledged, oldest first."""
        durable = self._durable.get(destination, 0)
        return [parcel for parcel in self._pending.get(destination, ()) if parcel[0] <= durable]

    @property
    def destinations(self) -> list[int]:
        """Partitions that something durable waits for."""
        return [each for each in self._pending if self.pending(each)]

    def acknowledged(self, destination: int, sequence: int) -> list[bytes]:
        """The rows that may go: everything up to `sequence` has been applied there, durably."""
        parcels = self._pending.get(destination, [])
        done = [parcel for parcel in parcels if parcel[0] <= sequence]
        self._pending[destination] = parcels[len(done) :]
        return [_row(b"o", destination, number) for number, _ in done]

    # --- receiving ---------------------------------------------------------------------------------

    def heard(self, source: int) -> int:
        return self._heard.get(source, 0)

    def accept(self, source: int, parcels: Sequence[Parcel]) -> list[Request]:
        """The requests among `parcels` that are new and in order; they count as heard."""
        requests = []
        for sequence, body in parcels:
            if sequence == self.heard(source) + 1:
                self._heard[source] = sequence
                packed = _decode(body)
                requests.append(Request(_decode_command(packed.command), packed.header))
        return requests

    def heard_row(self, source: int) -> tuple[bytes, bytes]:
        return _applied(b"h", source), _number.pack(self.heard(source))
