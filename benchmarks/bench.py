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

from benchmarks import load
from benchmarks.brokers import Running, broker, deploy, message_wait, tasks
from benchmarks.engine_alone import remit_instances_per_second, spiff_instances_per_second
from benchmarks.under_policy import compare

SECONDS = float(os.environ.get("SECONDS", "60"))
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
        ("one task, streamed jobs", (), {"process": "one"}),
        ("one task, polled jobs", (), {"process": "one", "poll": "true"}),
        ("one task, with history", ("--history", ""), {"process": "one"}),
        ("ten tasks", (), {"process": "ten", "tasks": 10, "creators": 32}),
        ("one message wait", (), {"process": "wait", "wait": "true"}),
        ("one task at 300/s", (), {"process": "one", "rate": 300}),
        ("one task, two partitions", ("--partitions", "2"), {"process": "one"}),
    ]
    for name, options, flags in cases:
        with broker(*options) as running, console.status(f"{name} …"):
            deploy(
                running.grpc, running.data, tasks("one", 1), tasks("ten", 10), message_wait("wait")
            )
            load.run(running.grpc, seconds=2, process="one")
            result = measure(running, seconds=SECONDS, **flags)
        table.add_row(name, *figures(result))
    with console.status("without and with a policy …"):
        compared = compare(SECONDS, measure)
    table.add_row("one task, beside governed ones", *figures(compared.ungoverned))
    table.add_row("one task, under a policy", *figures(compared.governed))
    console.print(table)
    console.print(
        f"Under a policy, in turn on the same broker: {compared.ratio:.0%} of the ungoverned rate, "
        f"{compared.admissions:.1f} admissions per instance.\n"
        f"remit audit verify of that log, {compared.records_per_batch:,.0f} records per batch: "
        f"{compared.audited_per_second:,.0f} decisions/s on one core."
    )


if __name__ == "__main__":
    main()
