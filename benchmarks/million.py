"""`make bench-long`: a million instances waiting, a million finished; half an hour.

COUNT makes it smaller.
"""

from __future__ import annotations

import os
import tempfile
import time

from rich.console import Console
from rich.progress import Progress

from benchmarks import load
from benchmarks.bench import measure
from benchmarks.brokers import Running, broker, deploy, message_wait, tasks

COUNT = int(os.environ.get("COUNT", "1000000"))
CHUNK = 50_000
PROBE_SECONDS = 15

console = Console(width=110)


def one_task_cost(running: Running) -> dict[str, float]:
    return measure(running, seconds=PROBE_SECONDS, process="one", poll="true")


def waiting(folder: str) -> None:
    """A million instances at a message: memory, throughput of new ones, time to restart."""
    with broker(folder=folder) as running, Progress(console=console) as progress:
        deploy(running.grpc, running.data, tasks("one", 1), message_wait("wait"))
        empty = one_task_cost(running)
        bar = progress.add_task("instances waiting", total=COUNT)
        made, seconds = 0, 0.0
        while made < COUNT:
            wanted = min(CHUNK, COUNT - made)
            result = load.run(
                running.grpc, process="wait", seconds=600, count=wanted, **{"create-only": "true"}
            )
            made += result["created"]
            seconds += result["seconds"]
            progress.update(bar, completed=made)
        full = one_task_cost(running)
    began = time.monotonic()
    with broker(folder=folder) as running:
        restart = time.monotonic() - began
        load.run(running.grpc, process="one", seconds=2, poll="true")
        memory = running.memory_mib()
    console.print(
        f"{made:,} waiting at a message: created at {made / seconds:,.0f}/s; memory "
        f"{full['memory_mib']:,.0f} MiB, {memory:,.0f} MiB after a restart, which took "
        f"{restart:.1f} s\n"
        f"new one-task instances: {empty['per_second']:,.0f}/s on an empty broker, "
        f"{full['per_second']:,.0f}/s beside them ({full['per_second'] / empty['per_second']:.0%})"
    )


def finished(folder: str) -> None:
    """The cost of an instance from ten thousand to a million finished ones."""
    with broker(folder=folder) as running, Progress(console=console) as progress:
        deploy(running.grpc, running.data, tasks("one", 1))
        bar = progress.add_task("instances finished", total=COUNT)
        done, costs = 0, []
        while done < COUNT:
            result = measure(running, seconds=PROBE_SECONDS, process="one", poll="true")
            done += int(result["completed"])
            costs.append(result["server_us"])
            progress.update(bar, completed=min(done, COUNT))
        memory = running.memory_mib()
    first, last = costs[0], costs[-1]
    console.print(
        f"{done:,} finished: {first:.0f} µs of server CPU per instance at first, {last:.0f} µs at last "
        f"({last / first:.0%}), highest {max(costs):.0f} µs; memory {memory:,.0f} MiB"
    )


def main() -> None:
    if load.build() is None:
        console.print("The load generator needs Go, which is not installed here.")
        return
    for part in (waiting, finished):
        with tempfile.TemporaryDirectory(prefix="remit-million-") as folder:
            part(folder)


if __name__ == "__main__":
    main()
