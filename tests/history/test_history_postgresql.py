"""History in PostgreSQL: a real server answers what the tests of searching ask of SQLite."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.gateway.test_rest_commands import Rest
from tests.history import test_history_search, test_history_statistics
from tests.support.broker import Broker
from tests.support.model import one_task
from tests.support.postgresql import NoPostgresql, postgresql

troubled = test_history_statistics.troubled
pytestmark = pytest.mark.xdist_group("postgresql")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    try:
        with postgresql() as found:
            yield found
    except NoPostgresql as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def rest(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    with Broker(tmp_path_factory.mktemp("postgresql"), "--history", url) as broker:
        yield Rest(broker)


def _tests_of_searching() -> dict[str, Any]:
    """The tests of history that need nothing but `rest`."""
    return {
        f"{name}_in_postgresql": test
        for module in (test_history_search, test_history_statistics)
        for name, test in vars(module).items()
        if name.startswith("test_")
        and not {"start_broker", "shared_broker"} & set(inspect.signature(test).parameters)
    }


globals().update(_tests_of_searching())


def test_history_is_made_anew_in_postgresql(
    url: str, start_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS anew")
    own = f"{url}?options=-csearch_path%3Danew"
    broker = start_broker("--history", own)
    Rest(broker).deploy(p_bpmn=one_task("p", "work").xml())
    body = {"processDefinitionId": "p", "variables": {"text": "a\x00b"}}
    key = Rest(broker).ask("POST", "/process-instances", body)[1]["processInstanceKey"]
    broker.stop()
    command = [sys.executable, "-m", "remit.cli.main", "history", "rebuild", "--history", own]
    done = subprocess.run(
        [*command, "--data", str(broker.data)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    broker.start()

    status, found = Rest(broker).ask("GET", f"/process-instances/{key}")
    assert (status, found["state"]) == (200, "ACTIVE")


def test_a_database_that_is_not_there_is_said_at_the_start(
    start_broker: Callable[..., Broker],
) -> None:
    with pytest.raises(AssertionError, match="--history"):
        start_broker("--history", "postgresql+psycopg://nobody@127.0.0.1:1/nothing")
