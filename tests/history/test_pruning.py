"""What history forgets: by age, in small steps, with all that belongs to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine as Database
from sqlalchemy import func, select

from remit import Engine
from remit.history import pruning, schema
from remit.history.database import open_database, prepare
from remit.history.following import catch_up
from remit.history.pruning import DAY, Retention
from remit.protocol.values import BatchPlan
from remit.server.config import Config
from tests.gateway.test_rest_commands import Rest
from tests.support.broker import Broker
from tests.support.model import DISH, Model, one_task

START = 1_700_000_000_000


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Callable[[Engine], Database]]:
    """History of an engine on a file, at once."""
    opened: list[Database] = []

    def tell(engine: Engine) -> Database:
        database = open_database(f"sqlite:///{tmp_path / 'history.db'}")
        opened.append(database)
        prepare(database)
        catch_up(database, tmp_path, 1, lambda position: None)
        return database

    yield tell
    for database in opened:
        database.dispose()


def counts(database: Database) -> dict[str, int]:
    """Rows by table, of those that have any; definitions aside."""
    kept = {"meta", "positions", "process_definitions", "decision_definitions",
            "decision_requirements", "message_subscriptions"}  # fmt: skip
    with database.connect() as connection:
        found = {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in schema.metadata.sorted_tables
            if table.name not in kept
        }
    return {name: count for name, count in found.items() if count}


def prune(database: Database, days: int, *given: str) -> bool:
    """What is too old `days` after the start."""
    with database.begin() as connection:
        return pruning.prune(connection, Retention.of(given), START + days * DAY)


def deploy(engine: Engine) -> None:
    model = Model("rich").start("s").service("a", "work").end("e")
    model.catch("m", model.message("paid", "=id")).native_user("u")
    with model.sub_process("sub"):
        model.start("i").decide("d", "dish", "dish").end("j").path("i", "d", "j")
    called = Model("outer").start("s").call("c", "rich").end("e").path("s", "c", "e")
    engine.deploy(
        ("rich.bpmn", model.path("s", "a", "m", "u", "sub", "e").xml()),
        ("outer.bpmn", called.xml()),
        ("one.bpmn", one_task().xml()),
        ("dish.dmn", DISH),
    )


def run_through(engine: Engine) -> None:
    """An instance with a row in every table."""
    variables = {"id": "1", "season": "Winter", "guests": 3, "guestCount": 3}
    key = engine.create("outer", variables).key
    (job,) = engine.activate("work")
    engine.fail(job.job.key, retries=0, message="no")
    engine.batch(BatchPlan("RESOLVE_INCIDENT"), list(engine.state.incidents.rows))
    engine.run_due()
    (job,) = engine.activate("work")
    engine.complete(job.job.key)
    engine.publish("paid", "1")
    (task,) = engine.state.user_tasks.rows
    engine.complete_user_task(task)
    if key in engine.state.elements:
        engine.cancel(key)


def test_an_old_instance_is_forgotten_with_all_that_it_has_called(
    tmp_path: Path, told: Callable[[Engine], Database]
) -> None:
    with Engine(tmp_path, clock=lambda: START) as engine:
        deploy(engine)
        run_through(engine)
        running = engine.create("one").key
        database = told(engine)
    before = counts(database)
    assert before["process_instances"] == 3
    assert set(before) >= {
        "variables", "jobs", "incidents", "user_tasks", "sequence_flows", "batch_operations",
        "correlated_messages", "decision_instances", "audit", "job_counts",
    }  # fmt: skip
    prune(database, 29, "30")
    assert counts(database) == before
    prune(database, 31, "30")

    assert counts(database) == {
        "process_instances": 1, "element_instances": 3, "jobs": 1, "sequence_flows": 1,
    }  # fmt: skip
    with database.connect() as connection:
        assert connection.scalar(select(schema.INSTANCES.c.key)) == running


def test_a_process_can_be_kept_longer_or_shorter_than_the_others(
    tmp_path: Path, told: Callable[[Engine], Database]
) -> None:
    with Engine(tmp_path, clock=lambda: START) as engine:
        engine.deploy(("one.bpmn", one_task().xml()), ("two.bpmn", one_task("two").xml()))
        for process in ("one", "two"):
            engine.cancel(engine.create(process).key)
        database = told(engine)

    def left() -> list[str]:
        with database.connect() as connection:
            return list(connection.scalars(select(schema.INSTANCES.c.process_id)))

    prune(database, 20, "two=10")
    assert left() == ["one"]
    prune(database, 20, "10", "one=90")
    assert left() == ["one"]
    prune(database, 91, "10", "one=90")
    assert left() == []


def test_a_step_forgets_only_so_much(
    tmp_path: Path, told: Callable[[Engine], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "STEP", 3)
    with Engine(tmp_path, clock=lambda: START) as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        for _ in range(5):
            engine.cancel(engine.create("one").key)
        database = told(engine)
    assert prune(database, 31, "one=30") is True
    assert counts(database)["process_instances"] == 2
    assert prune(database, 31, "one=30") is False
    assert "process_instances" not in counts(database)


@pytest.mark.parametrize("given", ["soon", "order=", "-1", "order=x", "1e9"])
def test_a_retention_that_is_none_is_told_at_the_start(given: str) -> None:
    said = Config(history="none", history_retention=(given,)).problem()

    assert said.startswith(f"--history-retention: '{given}' is not DAYS or PROCESS=DAYS")


def test_a_broker_forgets_by_itself(start_broker: Callable[..., Broker]) -> None:
    rest = Rest(start_broker("--history", "", "--history-retention", "one=0"))
    rest.deploy(one_bpmn=one_task().xml(), two_bpmn=one_task("two").xml())
    keys = []
    for process in ("one", "two"):
        body = {"processDefinitionId": process}
        keys.append(rest.ask("POST", "/process-instances", body)[1]["processInstanceKey"])
        rest.ask("POST", f"/process-instances/{keys[-1]}/cancellation", {})

    def found(key: str) -> Any:
        return rest.ask("GET", f"/process-instances/{key}")[0]

    for _ in range(300):
        if found(keys[0]) == 404:
            break
        time.sleep(0.05)
    assert [found(key) for key in keys] == [404, 200]
