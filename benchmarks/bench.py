"""`make bench`: what one instance costs, and how many go through.

Prints a table; the figures that we keep are in benchmarks/RESULTS.md, with machine and date.
SECONDS shortens or lengthens each load (default 60).
"""

from __future__ import annotations

import os
import platform
import re
import urllib.request
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import load, ungoverned
from benchmarks.brokers import Running, broker, deploy, message_wait, tasks
from benchmarks.engine_alone import remit_instances_per_second, spiff_instances_per_second
from benchmarks.under_policy import compare

SECONDS = float(os.environ.get("SECONDS", "60"))
STREAMED, WITH_HISTORY = "one task, streamed jobs", "one task, with history"
ONE, TWO = "one task, many clients", "one task, many clients, two partitions"
MANY = 256
"""Clients that create at once, where two partitions are to be kept busy."""

console = Console(width=110)


def measure(running: Running, **options: object) -> dict[str, Any]:
    """One load, with the server's CPU per instance and the generator's share of all CPU."""
    before, parts = running.cpu_seconds(), counters(running)
    result = load.run(running.grpc, **options)
    server = running.cpu_seconds() - before
    after = counters(running)
    for part in ("step", "encode", "store"):
        spent = after.get(f"{part}_seconds", 0) - parts.get(f"{part}_seconds", 0)
        result[f"{part}_us"] = spent / max(1, result["completed"]) * 1e6
    result["per_second"] = result["completed"] / result["seconds"]
    result["server_us"] = server / max(1, result["completed"]) * 1e6
    result["generator_share"] = result["cpu_seconds"] / (server + result["cpu_seconds"])
    result["memory_mib"] = running.memory_mib()
    return result


def counters(running: Running) -> dict[str, float]:
    """The broker's own counters, summed over its partitions."""
    if not running.http:
        return {}
    with urllib.request.urlopen(f"http://{running.http}/metrics") as answer:
        text = answer.read().decode()
    found: dict[str, float] = {}
    for name, value in re.findall(r"^remit_(\w+?)(?:_total)?\{[^}]*\} (\S+)$", text, re.MULTILINE):
        found[name] = found.get(name, 0) + float(value)
    return found


def split(result: dict[str, Any]) -> str:
    """Where an instance's CPU goes: what is not engine, encoding or store is the edge."""
    parts = {part: result[f"{part}_us"] for part in ("step", "encode", "store")}
    edge = max(0.0, result["server_us"] - sum(parts.values()))
    return f"{edge:.0f} + {parts['step']:.0f} + {parts['encode']:.0f} + {parts['store']:.0f}"


def figures(result: dict[str, Any]) -> tuple[str, ...]:
    """The columns of one load."""
    return (
        f"{result['per_second']:,.0f}",
        f"{result['server_us']:.0f}",
        split(result),
        f"{result['p50_ms']:.1f}",
        f"{result['p99_ms']:.1f}",
        f"{result['generator_share']:.0%}",
        f"{result['memory_mib']:.0f}",
    )


def of_partitions(one: dict[str, Any], two: dict[str, Any]) -> str:
    """What the second partition brings, with the generator on the same cores and without it.

    One partition is held up by its one thread, whatever the generator takes of the other core; two
    partitions could have the generator's share too.
    """
    alone = two["per_second"] / (1 - two["generator_share"])
    return (
        f"Two partitions finish {two['per_second'] / one['per_second']:.2f} times what one does; "
        f"with the generator's share of the cores {alone:,.0f}/s, "
        f"{alone / one['per_second']:.2f} times."
    )


def main() -> None:
    console.print(
        f"{datetime.now(UTC):%Y-%m-%d} · {platform.machine()} · {os.cpu_count()} cores · Python "
        f"{platform.python_version()} · {SECONDS:g} s each"
    )
    table = Table(
        "what", "instances/s", "server µs", "edge + engine + encode + store", "p50 ms", "p99 ms",
        "generator", "MiB",
    )  # fmt: skip
    alone = remit_instances_per_second()
    table.add_row("engine alone, in memory", f"{alone:,.0f}", f"{1e6 / alone:.0f}")
    spiff = spiff_instances_per_second()
    if spiff is not None:
        table.add_row("SpiffWorkflow, in memory", f"{spiff:,.0f}", f"{1e6 / spiff:.0f}")
    if load.build() is None:
        console.print(table)
        console.print("The loads over gRPC need Go for their generator: it is not installed here.")
        return
    cases: list[tuple[str, tuple[str, ...], dict[str, object]]] = [
        (STREAMED, (), {"process": "one"}),
        ("one task, polled jobs", (), {"process": "one", "poll": "true"}),
        (WITH_HISTORY, ("--history", ""), {"process": "one"}),
        ("ten tasks", (), {"process": "ten", "tasks": 10, "creators": 32}),
        ("one message wait", (), {"process": "wait", "wait": "true"}),
        ("one task at 300/s", (), {"process": "one", "rate": 300}),
        (ONE, (), {"process": "one", "creators": MANY}),
        (TWO, ("--partitions", "2"), {"process": "one", "creators": MANY}),
    ]
    results: dict[str, dict[str, Any]] = {}
    for name, options, flags in cases:
        with broker(*options) as running, console.status(f"{name} …"):
            deploy(
                running.grpc, running.data, tasks("one", 1), tasks("ten", 10), message_wait("wait")
            )
            load.run(running.grpc, seconds=2, process="one")
            results[name] = measure(running, seconds=SECONDS, **flags)
        table.add_row(name, *figures(results[name]))
    with console.status("without and with a policy …"):
        compared = compare(SECONDS, measure)
    table.add_row("one task, beside governed ones", *figures(compared.ungoverned))
    table.add_row("one task, under a policy", *figures(compared.governed))
    console.print(table)
    console.print(of_partitions(results[ONE], results[TWO]))
    slower = 1 - results[WITH_HISTORY]["per_second"] / results[STREAMED]["per_second"]
    console.print(f"With history commands are {slower:.0%} slower.")
    console.print(
        f"Under a policy, in turn on the same broker: {compared.ratio:.0%} of the ungoverned rate, "
        f"{compared.admissions:.1f} admissions per instance, {compared.more_us:.0f} µs of the server.\n"
        f"remit audit verify of that log, {compared.records_per_batch:,.0f} records per batch: "
        f"{compared.audited_per_second:,.0f} decisions/s on one core."
    )
    with console.status("instances without a policy …"):
        ungoverned.tell(ungoverned.measure())


if __name__ == "__main__":
    main()
