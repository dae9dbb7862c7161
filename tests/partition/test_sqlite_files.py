"""Partition files and their archive when the power goes, the disk lies, or readers come along."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from remit.base.errors import Unavailable
from remit.engine.turn import Request, Turn
from remit.partition.log import Chain, open_batches, read_turns
from remit.partition.storage import sqlite
from remit.partition.storage.archive import Archive
from remit.partition.storage.contract import Batch, Fenced, StoreFull
from remit.partition.storage.sqlite import SqliteStore, read_log
from remit.partition.storage.tail import Tail
from remit.protocol.commands import PinClock
from remit.protocol.events.partition import ClockPinned

WRITER = """
import sys
from pathlib import Path
from remit.partition.log import Chain
from remit.partition.storage.contract import Batch
from remit.partition.storage.sqlite import SqliteStore
from tests.partition.test_sqlite_files import turn

store = SqliteStore.open(Path(sys.argv[1]), 1)
epoch = store.acquire("writer")
chain = Chain.of(store.recover())
while True:
    number = chain.position + 1
    rows = [(b"%d-%d" % (number, part), bytes(200)) for part in range(20)]
    store.stage(Batch(rows, [], chain.seal([turn(number)]), epoch))
    store.sync()
    if number % 31 == 0:
        store.archive_log()
    print(number, flush=True)
"""


def turn(position: int) -> Turn:
    return Turn(position, 1000 + position, Request(PinClock(position)), None, [ClockPinned(1, 2)])


def write(store: SqliteStore, epoch: int, chain: Chain, count: int = 1) -> None:
    for _ in range(count):
        sealed = chain.seal([turn(chain.position + 1)])
        store.stage(Batch([], [], sealed, epoch))
        store.sync()


def write_until(is_so: Callable[[], bool], store: SqliteStore, epoch: int, chain: Chain) -> None:
    """What happens beside the commits happens within half a minute."""
    began = time.monotonic()
    while not is_so():
        write(store, epoch, chain)
        assert time.monotonic() - began < 30


def first_in(store: SqliteStore) -> int:
    """The first position that the file itself still has; 0 when it has none."""
    found: int | None = store._reader.execute("SELECT min(first_position) FROM log").get
    return found or 0


def opened(folder: Path) -> tuple[SqliteStore, int, Chain]:
    store = SqliteStore.open(folder, 1)
    return store, store.acquire("test"), Chain.of(store.recover())


@pytest.mark.crash
def test_a_writer_killed_at_any_moment_leaves_whole_batches_only(tmp_path: Path) -> None:
    said = 0
    for round_number in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        for _ in range(40 + 13 * round_number):
            said = int(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        rest, _ = writer.communicate(timeout=10)
        said = max([said, *(int(line) for line in rest.splitlines() if line)])
        store, _, _ = opened(tmp_path)
        positions = [each.position for each in read_turns(store)]
        rows = {key.split(b"-")[0] for key, _ in store.scan(b"")}

        assert positions[-1] >= said
        assert positions == list(range(1, positions[-1] + 1, 2))
        assert rows == {b"%d" % position for position in positions}
        assert len(store.scan(b"")) == 20 * len(positions)
        store.close()


def test_a_file_that_is_no_partition_is_named_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "partition-1.db").write_bytes(b"not a database at all " * 400)

    with pytest.raises(Unavailable, match=r"partition-1\.db can't be opened"):
        SqliteStore.open(tmp_path, 1)


def test_a_torn_page_is_named_in_a_sentence(tmp_path: Path) -> None:
    store, epoch, _ = opened(tmp_path)
    store.stage(Batch([(b"%08d" % n, bytes(500)) for n in range(2000)], [], None, epoch))
    store.sync()
    store.close()
    path = tmp_path / "partition-1.db"
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 4)
        file.write(os.urandom(size // 2))
    torn = SqliteStore.open(tmp_path, 1)

    with pytest.raises(Unavailable, match=r"partition-1\.db can't be read"):
        torn.scan(b"")
    torn.close()


def test_a_crash_between_sealing_and_deleting_tells_each_batch_once(tmp_path: Path) -> None:
    store, epoch, chain = opened(tmp_path)
    write(store, epoch, chain, 3)
    Archive(tmp_path / "archive", "partition-1").write(list(read_log(store.path, 0)))
    store.close()

    again, epoch, chain = opened(tmp_path)
    write(again, epoch, chain, 2)
    assert [each.position for each in read_turns(again)] == [1, 3, 5, 7, 9]
    again.archive_log()
    write(again, epoch, chain)

    assert [each.position for each in read_turns(again)] == [1, 3, 5, 7, 9, 11]
    assert [each.position for each in read_turns(again, after=6)] == [7, 9, 11]
    again.close()


def test_segments_that_overlap_tell_each_batch_once(tmp_path: Path) -> None:
    store, epoch, chain = opened(tmp_path)
    write(store, epoch, chain, 3)
    first = list(read_log(store.path, 0))
    archive = Archive(tmp_path / "archive", "partition-1")
    archive.write(first[:2])
    archive.write(first)

    assert [each.position for each in read_turns(store)] == [1, 3, 5]
    store.close()


def test_a_reader_sees_the_log_whole_while_it_moves_to_the_archive(tmp_path: Path) -> None:
    store, epoch, chain = opened(tmp_path)
    write(store, epoch, chain, 2)
    store.archive_log()
    write(store, epoch, chain, 3)
    reading = read_log(store.path, 0)
    seen = [next(reading)]  # it is among the segments
    store.archive_log()
    write(store, epoch, chain)
    seen.extend(reading)
    assert [each.position for each in open_batches(seen)] == [1, 3, 5, 7, 9, 11]

    write(store, epoch, chain)
    reading = read_log(store.path, 10)
    seen = [next(reading)]  # it is in the file
    write(store, epoch, chain)
    store.archive_log()
    seen.extend(reading)
    assert [each.first_position for each in seen] == [11, 13]
    assert [each.position for each in read_turns(store)] == list(range(1, 17, 2))
    store.close()


def test_the_log_moves_to_the_archive_beside_the_commits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "SEGMENT_BYTES", 3_000)
    store, epoch, chain = opened(tmp_path)
    write_until(lambda: len([*(tmp_path / "archive").glob("*.log")]) > 2, store, epoch, chain)
    write_until(lambda: first_in(store) > 100, store, epoch, chain)
    first = first_in(store)
    written = list(range(1, chain.position, 2))

    assert [each.position for each in read_turns(store)] == written
    for after in (0, 50, first - 2, first - 1, first, chain.position - 1):
        told = [each.position for each in read_turns(store, after=after)]
        assert told == [position for position in written if position > after]
    store.close()
    again, _, _ = opened(tmp_path)
    assert [each.position for each in read_turns(again)] == written
    again.close()


def test_a_reader_does_not_open_the_archive_for_what_the_file_still_has(tmp_path: Path) -> None:
    store, epoch, chain = opened(tmp_path)
    write(store, epoch, chain, 2)
    store.archive_log()
    write(store, epoch, chain, 2)
    for segment in (tmp_path / "archive").iterdir():
        segment.write_bytes(b"no database")

    assert [each.position for each in read_turns(store, after=4)] == [5, 7]
    with pytest.raises(apsw.NotADBError):
        list(read_log(store.path, 3))
    store.close()


def test_a_fenced_broker_seals_nothing(tmp_path: Path) -> None:
    store, epoch, chain = opened(tmp_path)
    write(store, epoch, chain, 2)
    newer, _, _ = opened(tmp_path)

    with pytest.raises(Fenced):
        store.archive_log()

    assert not (tmp_path / "archive").exists()
    assert [each.position for each in read_turns(newer)] == [1, 3]
    store.close()
    newer.close()


def test_a_commit_stands_when_its_log_can_not_be_sealed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sqlite, "SEGMENT_BYTES", 100)
    store, epoch, chain = opened(tmp_path)
    (tmp_path / "archive").write_text("a file where the folder should be")
    write_until(lambda: "the log is not sealed yet" in caplog.text, store, epoch, chain)
    (tmp_path / "archive").unlink()
    write_until(lambda: any((tmp_path / "archive").glob("*.log")), store, epoch, chain)

    assert [each.position for each in read_turns(store)] == list(range(1, chain.position, 2))
    store.close()


def test_a_full_file_writes_nothing_of_the_batch(tmp_path: Path) -> None:
    store, epoch, _ = opened(tmp_path)
    store.stage(Batch([(b"a", b"1")], [], None, epoch))
    store.sync()
    pages = store._writer.execute("PRAGMA page_count").get
    store._writer.execute(f"PRAGMA max_page_count = {pages + 2}")

    with pytest.raises(StoreFull):
        store.stage(Batch([(b"b", bytes(100_000)), (b"a", b"2")], [], None, epoch))
    store._writer.execute("PRAGMA max_page_count = 1073741823")
    store.stage(Batch([(b"c", b"3")], [], None, epoch))
    store.sync()

    assert list(store.scan(b"")) == [(b"a", b"1"), (b"c", b"3")]
    store.close()


def test_a_file_is_written_through_before_a_commit_returns(tmp_path: Path) -> None:
    store, _, _ = opened(tmp_path)
    journal = store._writer.execute("PRAGMA journal_mode").get
    level = store._writer.execute("PRAGMA synchronous").get

    assert (journal, level) == ("wal", 2)
    assert isinstance(store._writer, apsw.Connection)
    store.close()


def test_a_reader_at_the_end_of_the_log_need_not_open_the_file_until_somebody_writes(
    tmp_path: Path,
) -> None:
    store, epoch, chain = opened(tmp_path)
    write(store, epoch, chain)
    tail = Tail(store.path)
    assert not tail.is_there(), "nothing has been read yet"
    assert len(list(read_log(store.path, 0))) == 1
    tail.reached()
    assert tail.is_there()
    assert tail.is_there(), "asking changes nothing"

    write(store, epoch, chain)
    assert not tail.is_there()
    assert not tail.is_there(), "who has not read the end since does not stand there"
    write(store, epoch, chain)
    tail.reached()
    assert not tail.is_there(), "what was written after asking may not have been read"
    tail.reached()
    assert tail.is_there()
    store.archive_log()
    assert not tail.is_there(), "sealing the log is a write as well"
    tail.reached()
    store.close()
    assert tail.is_there(), "a broker that has gone leaves nothing new"


def test_another_file_in_the_place_of_the_old_one_is_read(tmp_path: Path) -> None:
    store, epoch, chain = opened(tmp_path)
    write(store, epoch, chain)
    copy = tmp_path / "restored.db"
    store._writer.execute("VACUUM INTO ?", (str(copy),))
    tail = Tail(store.path)
    tail.is_there()
    tail.reached()
    store.close()
    for each in store.path.parent.glob(store.path.name + "-*"):
        each.unlink()
    os.replace(copy, store.path)

    assert not tail.is_there(), "its end is not the end of the other"
    tail.reached()
    assert tail.is_there()
    store.path.unlink()
    assert not tail.is_there(), "there is no file"


class Disk(apsw.VFS):
    """The files of SQLite on a disk that confirms nothing until it is let."""

    def __init__(self) -> None:
        super().__init__("held", "unix", makedefault=True)
        self.is_asked, self.may_confirm = threading.Event(), threading.Event()
        self.may_confirm.set()

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        disk = self

        class File(apsw.VFSFile):
            def xSync(self, flags: int) -> None:  # noqa: N802
                disk.is_asked.set()
                assert disk.may_confirm.wait(10)
                super().xSync(flags)

        return File("unix", name, flags)


@pytest.fixture
def disk() -> Iterator[Disk]:
    disk = Disk()
    yield disk
    disk.unregister()


def test_a_commit_that_the_disk_confirms_late_is_not_missed(tmp_path: Path, disk: Disk) -> None:
    store, epoch, chain = opened(tmp_path)
    write(store, epoch, chain)
    before = chain.position
    tail = Tail(store.path)
    disk.is_asked.clear()
    disk.may_confirm.clear()
    writing = threading.Thread(target=write, args=(store, epoch, chain))
    writing.start()
    assert disk.is_asked.wait(10)
    time.sleep(0.2)  # a disk may take longer than that
    tail.is_there()
    assert list(read_log(store.path, before)) == [], "it is not confirmed"
    tail.reached()
    disk.may_confirm.set()
    writing.join()

    assert not tail.is_there()
    assert len(list(read_log(store.path, before))) == 1
    del tail  # before the store: the last one to close tries to write, and a reader can't
    store.close()
