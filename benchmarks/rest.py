"""`python -m benchmarks.rest`: what a call costs through REST, beside the same call through gRPC.

CALLS (default 20000) of each kind, one after the other, by 64 clients at once: create, activate (one job
each), complete. "varied" are clients that send other headers with each call (`traceparent`). Server CPU
is user and system time of all of the broker's processes.
"""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import load
from benchmarks.brokers import Running, broker, deploy, tasks

CALLS = int(os.environ.get("CALLS", "20000"))
KINDS = ("create", "activate", "complete")
console = Console(width=110)


def phases(running: Running, *, rest: bool, vary: bool = False) -> dict[str, Any]:
    """Calls, seconds and server CPU of each kind of call; `vary`: with other headers each time."""
    pids = ",".join(str(pid) for pid in running.pids())
    address = running.http if rest else running.grpc
    options: dict[str, object] = {"rest": "true"} if rest else {}
    if vary:
        options["vary"] = "true"
    return load.run(address, process="one", count=CALLS, phases=pids, **options)


def microseconds(result: dict[str, Any], kind: str) -> float:
    phase = result[kind]
    assert not phase["refused"], f"{phase['refused']} calls to {kind} were refused"
    spent: float = phase["server_cpu_seconds"]
    return spent / max(1, int(phase["calls"])) * 1e6


def main() -> None:
    if load.build() is None:
        console.print("The load needs Go for its generator: it is not installed here.")
        return
    console.print(
        f"{datetime.now(UTC):%Y-%m-%d} · {platform.machine()} · {os.cpu_count()} cores · Python "
        f"{platform.python_version()} · {CALLS:,} calls each"
    )
    table = Table(
        "call", "REST µs", "varied µs", "REST calls/s", "gRPC µs", "gRPC calls/s", "REST : gRPC"
    )
    with broker() as running:
        deploy(running.grpc, running.data, tasks("one", 1))
        load.run(running.grpc, seconds=2, process="one")
        load.run(running.http, seconds=2, process="one", rest="true")
        rest, grpc = phases(running, rest=True), phases(running, rest=False)
        varied = phases(running, rest=True, vary=True)
    sums = [0.0, 0.0]
    for kind in KINDS:
        ours, theirs = microseconds(rest, kind), microseconds(grpc, kind)
        if kind != "activate":
            sums = [sums[0] + ours, sums[1] + theirs]
        table.add_row(
            kind, f"{ours:.0f}", f"{microseconds(varied, kind):.0f}",
            f"{rest[kind]['calls'] / rest[kind]['seconds']:,.0f}",
            f"{theirs:.0f}", f"{grpc[kind]['calls'] / grpc[kind]['seconds']:,.0f}",
            f"{ours / theirs:.2f}",
        )  # fmt: skip
    table.add_row(
        "create + complete",
        f"{sums[0]:.0f}",
        "",
        "",
        f"{sums[1]:.0f}",
        "",
        f"{sums[0] / sums[1]:.2f}",
    )
    console.print(table)


if __name__ == "__main__":
    main()
