"""What every store promises: order, atomic batches, fencing, a log that is whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from remit.engine.turn import Request, Turn
from remit.partition.log import Chain, ChainBroken, open_batch, read_turns
from remit.partition.overlay import Overlay
from remit.partition.storage.contract import Batch, Fenced, LogBatch, Store
from remit.partition.storage.memory import MemoryStore
from remit.partition.storage.sqlite import SqliteStore
from remit.protocol.commands import PinClock
from remit.protocol.events.partition import ClockPinned


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = MemoryStore() if request.param == "memory" else SqliteStore.open(tmp_path, 1)
    yield made
    made.close()


def write(store: Store, epoch: int, *puts: tuple[bytes, bytes], **more: object) -> None:
    deletes: tuple[bytes, ...] = more.get("deletes", ())  # type: ignore[assignment]
    log: LogBatch | None = more.get("log")  # type: ignore[assignment]
    store.stage(Batch(puts, deletes, log, epoch))
    store.sync()


def turn(position: int) -> Turn:
    return Turn(position, 1000 + position, Request(PinClock(position)), None, [ClockPinned(1, 2)])


def test_rows_are_read_back_in_order(store: Store) -> None:
    epoch = store.acquire("a")
    write(store, epoch, (b"b2", b"2"), (b"b1", b"1"), (b"a", b"0"), (b"c", b"3"))

    assert store.get(b"b1") == b"1"
    assert store.get(b"nothing") is None
    assert list(store.scan(b"b")) == [(b"b1", b"1"), (b"b2", b"2")]
    assert list(store.scan(b"b", after=b"b1")) == [(b"b2", b"2")]
    assert list(store.scan(b"", limit=1)) == [(b"a", b"0")]


def test_prefixes_of_the_highest_bytes_end_where_they_should(store: Store) -> None:
    epoch = store.acquire("a")
    write(store, epoch, (b"a\xff\xff", b"1"), (b"b", b"2"))

    assert list(store.scan(b"a\xff")) == [(b"a\xff\xff", b"1")]


def test_a_batch_puts_and_deletes_at_once(store: Store) -> None:
    epoch = store.acquire("a")
    write(store, epoch, (b"a", b"1"), (b"b", b"1"))
    write(store, epoch, (b"a", b"2"), deletes=(b"b", b"not there"))

    assert list(store.scan(b"")) == [(b"a", b"2")]


def test_a_stale_epoch_is_refused_and_writes_nothing(store: Store) -> None:
    old = store.acquire("a")
    new = store.acquire("b")

    with pytest.raises(Fenced):
        write(store, old, (b"a", b"1"))
    write(store, new, (b"b", b"2"))

    assert list(store.scan(b"")) == [(b"b", b"2")]


def test_the_log_is_read_back_from_any_position(store: Store) -> None:
    epoch = store.acquire("a")
    chain = Chain.of(store.recover())
    for position in (1, 3, 5):
        write(store, epoch, log=chain.seal([turn(position)]))

    assert store.recover().position == 6
    assert [each.position for each in read_turns(store)] == [1, 3, 5]
    assert [each.position for each in read_turns(store, after=2)] == [3, 5]
    assert Chain.of(store.recover()).hash == chain.hash


def test_a_changed_batch_breaks_the_chain() -> None:
    batch = Chain(0, b"").seal([turn(1)])
    forged = LogBatch(
        batch.first_position, batch.last_position, batch.previous, batch.hash, batch.body + b"x"
    )

    with pytest.raises(ChainBroken, match="1-2"):
        list(open_batch(forged))


def test_a_missing_batch_breaks_the_chain() -> None:
    store = MemoryStore()
    epoch = store.acquire("a")
    chain = Chain(0, b"")
    first, second, third = (chain.seal([turn(position)]) for position in (1, 3, 5))
    for batch in (first, third):
        write(store, epoch, log=batch)

    assert second.previous == first.hash
    with pytest.raises(ChainBroken):
        list(read_turns(store))


def test_sealed_segments_move_to_the_archive_and_stay_readable(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path, 1)
    epoch = store.acquire("a")
    chain = Chain.of(store.recover())
    for position in (1, 3):
        write(store, epoch, log=chain.seal([turn(position)]))
    store.archive_log()
    write(store, epoch, log=chain.seal([turn(5)]))
    store.close()

    again = SqliteStore.open(tmp_path, 1)
    again.acquire("b")

    assert len(list((tmp_path / "archive").glob("*.log"))) == 1
    assert [each.position for each in read_turns(again)] == [1, 3, 5]
    again.archive_log()
    assert again.recover().position == 6
    again.close()


def test_an_overlay_shows_what_is_not_durable_yet(store: Store) -> None:
    epoch = store.acquire("a")
    write(store, epoch, (b"a", b"1"), (b"b", b"1"), (b"d", b"1"))
    overlay = Overlay(store)
    first = overlay.add([(b"a", b"2"), (b"c", b"2")], [b"b"])
    second = overlay.add([(b"a", b"3")], [])

    assert overlay.get(b"a") == b"3"
    assert overlay.get(b"b") is None
    assert list(overlay.scan(b"")) == [(b"a", b"3"), (b"c", b"2"), (b"d", b"1")]
    assert list(overlay.scan(b"", after=b"a", limit=1)) == [(b"c", b"2")]
    overlay.drop(first)
    assert overlay.get(b"a") == b"3"
    overlay.drop(second)
    assert overlay.get(b"a") == b"1"
