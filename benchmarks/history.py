"""`python -m benchmarks.history`: what searching costs over a large history, and what writing it costs.

FINISHED and ACTIVE (default 1,000,000 and 100,000) are the instances in it, ROUNDS (40) how often each
search is asked, over REST, with the broker running. WRITING_SECONDS (20) is the length of each load,
four of each in turn; HISTORY a database URL other than SQLite beside the data. FOLDER keeps the large
history there, so that the next run with it asks at once.
"""

from __future__ import annotations

import itertools
import os
import platform
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks import history_data, load
from benchmarks.bench import counters, measure
from benchmarks.brokers import Running, broker, cpu_of, deploy, tasks
from benchmarks.rest_calls import RestCalls, rest_calls
from remit.history.database import clear, open_database, positions
from remit.server.config import Config

FINISHED = int(os.environ.get("FINISHED", "1000000"))
ACTIVE = int(os.environ.get("ACTIVE", "100000"))
ROUNDS = int(os.environ.get("ROUNDS", "40"))
WRITING_ROUNDS = 4
WRITING_SECONDS = float(os.environ.get("WRITING_SECONDS", "20"))
URL = os.environ.get("HISTORY", "")
FOLDER = os.environ.get("FOLDER", "")
console = Console(width=120)

Body = dict[str, Any]


# --- searching -------------------------------------------------------------------------------------


def operators(sample: Body) -> Iterator[tuple[str, str, Body]]:
    """The twelve searches that operators live in: name, path, body."""
    instance, today = sample["processInstanceKey"], _hours_ago(24)
    newest = [{"field": "startDate", "order": "DESC"}]
    yield (
        "running instances, newest first",
        "/process-instances",
        {"filter": {"state": "ACTIVE"}, "sort": newest},
    )
    yield (
        "instances with an incident",
        "/process-instances",
        {"filter": {"state": "ACTIVE", "hasIncident": True}, "sort": newest},
    )
    yield (
        "running instances of one process",
        "/process-instances",
        {"filter": {"processDefinitionId": "order-1", "state": "ACTIVE"}, "sort": newest},
    )
    yield (
        "what ended in the last day",
        "/process-instances",
        {"filter": {"endDate": {"$gte": today}}, "sort": [{"field": "endDate", "order": "DESC"}]},
    )
    yield "by business id", "/process-instances", {"filter": {"businessId": sample["businessId"]}}
    yield (
        "by the value of a variable",
        "/process-instances",
        {"filter": {"variables": [{"name": "orderId", "value": sample["orderId"]}]}},
    )
    yield (
        "elements of an instance",
        "/element-instances",
        {
            "filter": {"processInstanceKey": instance},
            "sort": [{"field": "startDate", "order": "ASC"}],
        },
    )
    yield "variables of an instance", "/variables", {"filter": {"processInstanceKey": instance}}
    yield (
        "open incidents, newest first",
        "/incidents",
        {"filter": {"state": "ACTIVE"}, "sort": [{"field": "creationTime", "order": "DESC"}]},
    )
    yield (
        "my tasks",
        "/user-tasks",
        {
            "filter": {"assignee": sample["assignee"], "state": "CREATED"},
            "sort": [
                {"field": "priority", "order": "DESC"},
                {"field": "creationDate", "order": "DESC"},
            ],
        },
    )
    yield (
        "open tasks of a group",
        "/user-tasks",
        {
            "filter": {"candidateGroup": "team-2", "state": "CREATED"},
            "sort": [{"field": "creationDate", "order": "ASC"}],
        },
    )
    yield ("waiting jobs of a type", "/jobs",
           {"filter": {"type": "reserve-1", "state": "CREATED"}})  # fmt: skip


def beside(sample: Body, rest: RestCalls) -> Iterator[tuple[str, str, Body]]:
    """Others that are asked often: the audit, dashboards, pages far behind."""
    yield "the newest commands", "/audit-logs", {"sort": [{"field": "timestamp", "order": "DESC"}]}
    yield ("who did what to an instance", "/audit-logs",
           {"filter": {"processInstanceKey": sample["processInstanceKey"]}})  # fmt: skip
    yield "all instances, by key", "/process-instances", {"page": {"limit": 100}}
    far = rest.ask(
        "POST", "/process-instances/search", {"page": {"from": FINISHED // 2, "limit": 100}}
    )
    cursor = far["page"]["endCursor"]
    yield "the same, a page in the middle", "/process-instances", {"page": {"after": cursor}}
    newest = [{"field": "startDate", "order": "DESC"}]
    yield "all instances, newest first", "/process-instances", {"sort": newest}


STATISTICS: tuple[tuple[str, str, Body], ...] = (
    ("running instances per process", "/process-definitions/statistics/process-instances", {}),
    ("errors, by message", "/incidents/statistics/process-instances-by-error", {}),
)

FILTERS: dict[str, Body] = {
    "/process-instances": {
        "processDefinitionId": "order-2", "processDefinitionName": {"$like": "Order *"},
        "processDefinitionVersion": {"$gt": 0}, "state": "COMPLETED", "hasIncident": False,
        "startDate": {"$gte": "{today}"}, "endDate": {"$lt": "{today}"}, "businessId": {"$like": "B-7*"},
        "tenantId": "<default>", "parentProcessInstanceKey": {"$exists": False},
        "elementId": "approve", "elementInstanceState": "ACTIVE",
        "variables": [{"name": "amount", "value": "70"}], "errorMessage": {"$like": "*warehouse 1*"},
        "processInstanceKey": {"$notIn": ["1"]},
    },
    "/element-instances": {
        "elementId": "reserve", "state": "COMPLETED", "type": "USER_TASK", "hasIncident": True,
        "processDefinitionId": "order-3", "startDate": {"$gte": "{today}"},
        "elementName": {"$like": "App*"}, "tenantId": "<default>",
    },
    "/variables": {
        "name": "orderId", "value": {"$like": '"o-77*'}, "tenantId": "<default>",
        "isTruncated": False, "scopeKey": {"$neq": "1"},
    },
    "/jobs": {
        "type": {"$like": "reserve*"}, "state": "COMPLETED", "worker": "bench", "retries": {"$gt": 0},
        "elementId": "reserve", "processDefinitionId": "order-3", "errorMessage": {"$exists": True},
        "creationTime": {"$gte": "{today}"},
    },
    "/incidents": {
        "state": "ACTIVE", "errorType": "JOB_NO_RETRIES", "errorMessage": {"$like": "*warehouse 1*"},
        "processDefinitionId": "order-1", "creationTime": {"$gte": "{today}"},
    },
    "/user-tasks": {
        "state": "COMPLETED", "assignee": {"$exists": True}, "candidateGroup": "sales",
        "priority": {"$gte": 50}, "elementId": "approve", "processDefinitionId": "order-3",
        "creationDate": {"$gte": "{today}"}, "name": {"$like": "App*"},
    },
    "/audit-logs": {
        "entityType": "JOB", "operationType": "COMPLETE", "result": "SUCCESS",
        "processDefinitionId": "order-3", "timestamp": {"$gte": "{today}"}, "actorId": {"$neq": "x"},
    },
}  # fmt: skip


def pairs() -> Iterator[tuple[str, str, Body]]:
    """Every pair of filters of every entity."""
    for path, filters in FILTERS.items():
        for one, other in itertools.combinations(filters, 2):
            wanted = {name: _dated(filters[name]) for name in (one, other)}
            yield f"{path}: {one}, {other}", path, {"filter": wanted}


def _dated(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _hours_ago(24) if v == "{today}" else v for k, v in value.items()}
    return value


def _hours_ago(hours: int) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat()


def milliseconds(rest: RestCalls, path: str, body: Body, rounds: int) -> list[float]:
    """How long each of `rounds` searches took, the shortest first."""
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        rest.ask("POST", path, body)
        found.append((time.perf_counter() - began) * 1000)
    return sorted(found)


def searching() -> None:
    with tempfile.TemporaryDirectory(prefix="remit-bench-") as made:
        folder = FOLDER or made
        if not (Path(folder) / "history.db").exists():
            make_history(folder)
        with broker("--history", URL, folder=folder) as running, rest_calls(running.http) as rest:
            ask_everything(rest)


def make_history(folder: str) -> None:
    """A broker's data with a few instances that ran, and their copies in its history."""
    with broker("--history", URL, folder=folder) as running, rest_calls(running.http) as rest:
        deploy(running.grpc, running.data, *history_data.models())
        history_data.run_templates(rest)
    copies = max(FINISHED // history_data.FINISHED, ACTIVE // history_data.ACTIVE) - 1
    engine = open_database(Config(data=folder, history=URL).history_url)
    began = time.perf_counter()
    with Progress(console=console) as progress:
        bar = progress.add_task("copying instances", total=copies)
        history_data.multiply(engine, copies, lambda n: progress.update(bar, completed=n))
    engine.dispose()
    size = (Path(folder) / "history.db").stat().st_size if not URL else 0
    console.print(
        f"{(copies + 1) * history_data.FINISHED:,} finished, "
        f"{(copies + 1) * history_data.ACTIVE:,} active, made in "
        f"{time.perf_counter() - began:.0f} s, {size / 2**20:,.0f} MiB"
    )


def ask_everything(rest: RestCalls) -> None:
    sample = _sample(rest)
    table = Table("search", "p50 ms", "p95 ms", "total")
    named = [
        *operators(sample), *beside(sample, rest),
        *((name, path.removesuffix("/search"), body) for name, path, body in STATISTICS),
    ]  # fmt: skip
    for name, path, body in named:
        where = path if "statistics" in path else f"{path}/search"
        times = milliseconds(rest, where, body, ROUNDS)
        total = rest.ask("POST", where, body)["page"]["totalItems"]
        p95 = times[int(0.95 * (len(times) - 1))]
        table.add_row(name, f"{times[len(times) // 2]:.1f}", f"{p95:.1f}", f"{total:,}")
    console.print(table)
    slow = []
    found = 0
    for name, path, body in pairs():
        found += 1
        best = milliseconds(rest, f"{path}/search", body, 2)[0]
        slow.append((best, name))
    slow.sort(reverse=True)
    over = sum(1 for each, _ in slow if each > 500)
    console.print(f"{found} searches with two filters, the better of two runs: {over} over 500 ms")
    for each, name in slow[:25]:
        console.print(f"  {each:8.0f} ms  {name}")


def _sample(rest: RestCalls) -> Body:
    """An instance of the middle, with what it is found by."""
    wanted = {"page": {"from": FINISHED // 2, "limit": 1}}
    (row,) = rest.ask("POST", "/process-instances/search", wanted)["items"]
    inside = {"processInstanceKey": row["processInstanceKey"], "name": "orderId"}
    (variable,) = rest.ask("POST", "/variables/search", {"filter": inside})["items"]
    mine = {"filter": {"state": "CREATED"}, "page": {"limit": 1}}
    (task,) = rest.ask("POST", "/user-tasks/search", mine)["items"]
    return {**row, "orderId": variable["value"], "assignee": task["assignee"]}


# --- writing ---------------------------------------------------------------------------------------


def writing() -> None:
    """One-task instances, without and with history in turn: CPU, throughput, how far it is behind."""
    with broker() as plain, broker("--history", URL) as told:
        for running in (plain, told):
            deploy(running.grpc, running.data, tasks("one", 1))
            load.run(running.grpc, seconds=2, process="one")
        without: list[float] = []
        rates: list[float] = []
        lags: list[float] = []
        cpu = instances = 0.0
        for _ in range(WRITING_ROUNDS):
            with _watching(plain, lambda seen: None):
                result = measure(plain, seconds=WRITING_SECONDS, process="one")
            without.append(result["per_second"])
            before = _projection_cpu(told)
            with _behind(told, lags) as behind, _watching(told, behind):
                result = measure(told, seconds=WRITING_SECONDS, process="one")
            _wait_until_told(told)
            cpu += _projection_cpu(told) - before
            instances += result["completed"]
            rates.append(result["per_second"])
    lags.sort()
    slower = [1 - rate / alone for rate, alone in zip(rates, without, strict=True)]
    table = Table("writing", "")
    for name, value in (
        ("instances/s without history", f"{fmean(without):,.0f}"),
        ("instances/s with history", f"{fmean(rates):,.0f}"),
        (
            f"slower by, mean of {len(slower)} rounds (least to most)",
            f"{1 - fmean(rates) / fmean(without):.1%} ({min(slower):.1%} to {max(slower):.1%})",
        ),
        ("CPU of the projection per instance", f"{cpu / instances * 1e6:.0f} µs"),
        ("behind, p50 / p99 / longest", " / ".join(f"{_at(lags, s):.2f} s" for s in (0.5, 0.99, 1))),
    ):  # fmt: skip
        table.add_row(name, value)
    console.print(table)


def _at(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0


def _projection_cpu(running: Running) -> float:
    """User and system time of the process that writes history."""
    return sum(
        cpu_of(pid)
        for pid in running.pids()
        if b"remit.history.following" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )


@contextmanager
def _behind(running: Running, lags: list[float]) -> Iterator[Callable[[float], None]]:
    """What collects, given where the log is now, how many seconds ago it was where history is."""
    engine = open_database(Config(data=str(running.data), history=URL).history_url)
    seen: list[tuple[float, float]] = []

    def look(reached: float) -> None:
        seen.append((time.monotonic(), reached))
        told = positions(engine).get(1, 0)
        while len(seen) > 1 and seen[1][1] <= told:
            seen.pop(0)
        is_there = seen[0][1] <= told and len(seen) == 1
        lags.append(0.0 if is_there else time.monotonic() - seen[0][0])

    try:
        yield look
    finally:
        engine.dispose()


@contextmanager
def _watching(running: Running, look: Callable[[float], None]) -> Iterator[None]:
    """`look` is told five times a second where the log is: the broker answers that in either case."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.2):
            look(counters(running)["log_position"])

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _wait_until_told(running: Running) -> None:
    with rest_calls(running.http) as rest:
        rest.ask("POST", "/process-instances/search", {"page": {"limit": 1}})
    time.sleep(1)


def main() -> None:
    console.print(
        f"{datetime.now(UTC):%Y-%m-%d} · {platform.machine()} · {os.cpu_count()} cores · Python "
        f"{platform.python_version()} · {URL or 'SQLite'}"
    )
    if WRITING_SECONDS and load.build() is not None:
        if URL:
            clear(open_database(URL))
        writing()
        if URL:
            clear(open_database(URL))  # another broker's log comes next
    if FINISHED:
        searching()


if __name__ == "__main__":
    main()
