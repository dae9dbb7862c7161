"""The logs of a real broker with two partitions: messages from one to the other, and shared work."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import apsw
import msgspec
import pytest
import zstandard

from remit import Engine
from remit.audit.reading import batches, partitions
from remit.audit.sealing import Sealer
from remit.audit.verifying import EXIT_CODES, Report, verify
from remit.authority.policy import Clause
from remit.partition.log import raw_turns
from tests.support.broker import Broker
from tests.support.governed import RING, WORK, auditor, governed_options, grant, policy
from tests.support.model import Model, one_task

SPEAKS = Clause(id="M", do=("message.*", "event.catch"))
KEYS = [f"order-{number}" for number in range(6)]


def waited(report: Callable[[], Report], decisions: int) -> Report:
    """The report, once everything is in the logs."""
    deadline = time.monotonic() + 20
    while True:
        found = report()
        if sum(part.decisions for part in found.partitions) >= decisions:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.2)


def played(folder: Path) -> None:
    """Two partitions with governed instances in both, and messages from one to the other."""
    model = Model("r").start("s").end("e")
    model.catch("c", model.message("go", "=key")).service("w", "work")
    with Broker(folder, "--partitions", "2", *governed_options(folder.parent)) as broker:
        client = broker.client()
        client.deploy("r.bpmn", model.path("s", "c", "w", "e").xml())
        time.sleep(0.5)  # until the other partition has it
        for key in KEYS:
            given = json.dumps({"_policy": policy(grant(WORK, SPEAKS)), "key": key})
            client.call("CreateProcessInstance", bpmnProcessId="r", version=-1, variables=given)
        for key in KEYS:
            client.call(
                "PublishMessage", name="go", correlationKey=key, timeToLive=60_000,
                variables='{"x": 1}',
            )  # fmt: skip
        done = 0
        while done < len(KEYS):
            for job in client.activate("work", len(KEYS)):
                client.call("CompleteJob", jobKey=job.key, variables="{}")
                done += 1


def test_r24_r16_both_logs_hold_together_where_messages_cross(tmp_path: Path) -> None:
    played(tmp_path / "data")
    folder = tmp_path / "data"
    assert partitions(folder) == [1, 2]
    report = waited(lambda: verify(folder, RING), 10 * len(KEYS))
    assert [part.findings for part in report.partitions] == [[], []]
    assert sum(part.instances for part in report.partitions) == len(KEYS)
    assert all(part.instances for part in report.partitions)
    assert verify(folder, RING, workers=4) == report


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of such a broker, after its end, with checkpoints up to there."""
    folder = tmp_path_factory.mktemp("partitions") / "data"
    played(folder)
    waited(lambda: verify(folder, RING), 10 * len(KEYS))
    for partition in (1, 2):
        sealer = Sealer(folder, partition, "test", auditor)
        sealer.follow()
        sealer.sign()
    assert [part.findings for part in verify(folder, RING).partitions] == [[], []]
    return folder


def copied(data: Path, folder: Path, source: int, to: int) -> Path:
    """A copy of the data folder, in which one partition's files stand in the place of another's."""
    shutil.copytree(data, folder)
    for path in folder.glob(f"partition-{to}.*"):
        path.unlink()
    for path in folder.glob(f"partition-{source}.*"):
        shutil.copy(path, folder / path.name.replace(f"-{source}.", f"-{to}.", 1))
    return folder


def found_in(report: Report, partition: int) -> list[str]:
    (part,) = (each for each in report.partitions if each.partition == partition)
    return [each.text for each in part.findings if each.kind == "partition"]


@pytest.mark.parametrize(("source", "to"), [(1, 2), (2, 1)])
def test_t15_a_log_in_the_place_of_that_of_another_partition_is_found(
    data: Path, tmp_path: Path, source: int, to: int
) -> None:
    folder = copied(data, tmp_path / "copied", source, to)
    shutil.rmtree(folder / "checkpoints")

    report = verify(folder, RING)
    said = found_in(report, to)
    assert any(f"which partition {source} has made" in each for each in said)
    assert any("one of the two is a copy" in each for each in found_in(report, 2))
    assert report.exit_code == EXIT_CODES["partition"]
    assert not [each for each in found_in(report, source) if "has made" in each]
    assert verify(folder, RING, workers=4) == report

    (folder / f"partition-{source}.db").unlink()  # nothing to compare it with
    assert found_in(verify(folder, RING), to) == [each for each in said if "has made" in each]


def test_t15_with_checkpoints_such_a_log_is_not_the_one_that_was_signed_either(
    data: Path, tmp_path: Path
) -> None:
    report = verify(copied(data, tmp_path / "copied", 1, 2), RING)
    assert found_in(report, 2)
    assert "checkpoint" in {each.kind for each in report.partitions[1].findings}

    folder = copied(data, tmp_path / "both", 1, 2)
    signed = folder / "checkpoints"
    shutil.copy(signed / "partition-1.checkpoints", signed / "partition-2.checkpoints")
    report = verify(folder, RING)
    assert found_in(report, 2)
    assert any(
        "partition-1' among those of partition-2" in each.text
        for each in report.partitions[1].findings
    )


def test_t15_a_log_without_policies_is_known_by_its_instances_and_messages(tmp_path: Path) -> None:
    with Engine(tmp_path) as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        engine.create("one")
        engine.publish("go", "key", time_to_live_ms=60_000)
    (tmp_path / "partition-1.db").rename(tmp_path / "partition-3.db")

    (part,) = verify(tmp_path, RING).partitions
    (finding,) = part.findings
    assert (finding.kind, part.partition) == ("partition", 3)
    assert "which partition 1 has made" in finding.text


def test_partitions_that_only_have_what_came_to_them_may_be_alike(
    start_broker: Callable[..., Broker],
) -> None:
    broker = start_broker("--partitions", "3")
    broker.client().deploy("one.bpmn", one_task().xml())
    broker.stop()
    folder = broker.data
    shutil.copy(folder / "partition-2.db", folder / "partition-3.db")

    assert [part.findings for part in verify(folder, RING).partitions] == [[], [], []]


def test_t15_instances_of_another_partition_that_were_put_in_are_found(
    data: Path, tmp_path: Path
) -> None:
    """Positions and chain made good, as somebody would who can."""
    folder = tmp_path / "spliced"
    shutil.copytree(data, folder)
    shutil.rmtree(folder / "checkpoints")
    splice(folder)

    said = found_in(verify(folder, RING), 2)
    assert len(said) == 1
    assert "which partition 1 has made" in said[0]


def splice(folder: Path) -> None:
    """At the end of partition 2's log the turns of partition 1 stand once more."""
    turns = [
        msgspec.msgpack.decode(raw)
        for partition in (2, 1)
        for batch in batches(folder, partition)
        for raw in raw_turns(batch)
    ]
    position = 1
    for turn in turns:
        turn[0] = position
        position += 1 + len(turn[6])
    body = zstandard.ZstdCompressor().compress(msgspec.msgpack.encode(turns))
    database = apsw.Connection(str(folder / "partition-2.db"))
    database.execute("DELETE FROM log")
    row = (1, position - 1, b"", hashlib.sha256(body).digest(), body)
    columns = "first_position, last_position, previous, hash, body"
    database.execute(f"INSERT INTO log ({columns}) VALUES (?, ?, ?, ?, ?)", row)
    database.close()
