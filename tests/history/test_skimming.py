"""What history leaves unread of the log makes no difference to what it tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from remit import Engine
from remit.history.database import open_database, prepare
from remit.history.projection import Projection
from remit.history.schema import metadata
from remit.history.skimming import BRIEF, Skimming
from remit.partition.log import Read, open_batches
from remit.partition.storage.sqlite import read_log
from remit.protocol.events import EVENTS
from remit.protocol.values import POLICY
from tests.support.governed import ALICE, GOVERNOR, WORK, WORKER, grant, policy
from tests.support.model import one_task


def played(folder: Path) -> None:
    """Instances that end in each way, with jobs that fail, under a policy and without one."""
    with Engine(folder, governor=GOVERNOR, actor=ALICE) as engine:
        engine.deploy(("p.bpmn", one_task("p", "work").xml()))
        for number in range(3):
            engine.create("p", {"number": number, "more": {"list": [1, "two", None]}})
        engine.create("p", {POLICY: policy(grant(WORK))})
        with engine.acting_as(WORKER):
            first, second, third, governed = (each.job for each in engine.activate("work", limit=4))
            engine.complete(first.key, {"done": True})
            engine.fail(second.key, retries=0, message="no luck")
            engine.cancel(third.instance)
            engine.complete(governed.key)
        engine.create("p")


def tables(folder: Path, name: str, read: Read | None) -> dict[str, list[Any]]:
    """All rows after telling the log of `folder`, three turns at a time."""
    database = open_database(f"sqlite:///{folder / name}.db")
    prepare(database)
    projection = Projection(1, {})
    with database.begin() as connection:
        turns = open_batches(read_log(folder / "partition-1.db", 0), 0, read)
        for number, turn in enumerate(turns, 1):
            projection.tell(turn)
            if number % 3 == 0:
                projection.write(connection)
        projection.write(connection)
        return {
            each.name: sorted(map(repr, connection.execute(select(each))))
            for each in metadata.sorted_tables
        }


def test_a_log_that_is_skimmed_tells_the_same_rows(tmp_path: Path) -> None:
    played(tmp_path)

    in_full, skimmed = tables(tmp_path, "full", None), tables(tmp_path, "brief", Skimming())

    assert skimmed == in_full
    for name, rows in (("process_instances", 5), ("jobs", 5), ("incidents", 1)):
        assert len(in_full[name]) == rows
    names = {event.__class__.__name__ for turn in _turns(tmp_path) for event in turn.events}
    assert {"StepAdmitted", "OwnStepAdmitted"} <= names


def _turns(folder: Path) -> Any:
    return open_batches(read_log(folder / "partition-1.db", 0), 0, Skimming())


@pytest.mark.parametrize("event", BRIEF, ids=lambda each: each.__name__)
def test_what_is_read_of_an_event_is_where_the_log_has_it(event: Any) -> None:
    brief = BRIEF[event]
    assert EVENTS[brief.__struct_config__.tag] is event
    assert brief.__struct_fields__ == event.__struct_fields__[: len(brief.__struct_fields__)]
