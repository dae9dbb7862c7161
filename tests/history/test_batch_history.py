"""What history tells of batch operations that are held, or given up on the way."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from remit import Engine
from remit.history import entities
from remit.history.database import open_database, prepare
from remit.history.following import catch_up
from remit.history.searching import Search, search
from remit.protocol.values import Actor, BatchPlan
from tests.support.model import one_task


def told(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Batch operations and their items, as the log tells them now."""
    database = open_database(f"sqlite:///{folder / 'history.db'}")
    prepare(database)
    catch_up(database, folder, 1, lambda position: None)
    every = Search(page={"limit": 1000})
    with database.connect() as connection:
        batches = search(connection, entities.BATCH_OPERATIONS, every)["items"]
        items = search(connection, entities.BATCH_ITEMS, every)["items"]
    database.dispose()
    return batches, items


def some_items(engine: Engine) -> None:
    for _, command in engine.state.due(engine.now, 100):
        engine._play(command)


def test_what_is_left_of_a_cancelled_batch_is_cancelled(tmp_path: Path) -> None:
    with Engine(tmp_path, actor=Actor("olga", "basic")) as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        keys = [engine.create("one").key for _ in range(120)]
        engine.cancel(keys[7])
        batch = engine.batch(BatchPlan("CANCEL_PROCESS_INSTANCE"), keys).key
        some_items(engine)
        engine.steer_batch(batch, "suspend")
        (held,), items = told(tmp_path)
        assert (held["state"], held["endDate"], held["actorId"]) == ("SUSPENDED", None, "olga")
        assert (held["operationsCompletedCount"], held["operationsFailedCount"]) == (49, 1)
        assert Counter(item["state"] for item in items) == {
            "COMPLETED": 49,
            "FAILED": 1,
            "ACTIVE": 70,
        }
        engine.steer_batch(batch, "resume")
        assert told(tmp_path)[0][0]["state"] == "ACTIVE"
        engine.steer_batch(batch, "cancel")
        (given_up,), items = told(tmp_path)

    assert (given_up["state"], given_up["endDate"] is None) == ("CANCELED", False)
    assert (given_up["operationsTotalCount"], given_up["operationsCompletedCount"]) == (120, 49)
    states = {item["itemKey"]: item["state"] for item in items}
    assert Counter(states.values()) == {"COMPLETED": 49, "FAILED": 1, "CANCELED": 70}
    assert states[str(keys[7])] == "FAILED"
