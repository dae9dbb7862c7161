"""What `remit audit verify` costs, for one core: `python -m benchmarks.auditing` (150 s).

timed     the log that a broker under load leaves, of governed instances alone, and of such with
          ungoverned ones beside them: decisions asked again per second of CPU, best and median of
          ROUNDS, by turns
counted   instructions of a decision, where Valgrind is installed: logs of a batch for fifty
          instances, and of a batch for each (`instructions.py`)
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks import governed, instructions, load
from benchmarks.brokers import broker, deploy, tasks
from benchmarks.instructions import Count
from benchmarks.under_policy import governing
from remit import Engine
from remit.audit.reading import export
from remit.audit.verifying import PartitionReport, verify
from remit.engine.governance import POLICY
from remit.engine.state.state import State
from remit.partition.log import Chain
from remit.partition.storage.contract import Batch
from remit.partition.storage.sqlite import SqliteStore

ROUNDS = 6
SECONDS = 2.0
LOADS = 3
"""Of each kind, by turns, so many seconds each."""

LAYOUTS = 3
COUNTED = 300
"""Instances in a log that is counted."""

SIZES = (50, 1)
"""Instances in a batch of such a log."""

# --- timed -----------------------------------------------------------------------------------------


def leave_log(folder: Path, *, is_mixed: bool) -> float:
    """What a broker under load has written, exported; ungoverned instances beside each governed one."""
    completed = [0, 0]
    with tempfile.TemporaryDirectory(prefix="remit-bench-keys-") as made:
        files = Path(made)
        with broker(*governing(files)) as running:
            deploy(running.grpc, running.data, tasks("one", 1))
            policy = {"policy": str(files / "policy.json")}
            for _ in range(LOADS):
                for flags in ({}, policy) if is_mixed else (policy,):
                    done = load.run(running.grpc, seconds=SECONDS, process="one", **flags)
                    completed["policy" in flags] += done["completed"]
            export(running.data, folder)
    return completed[False] / completed[True]


def audit(folder: Path) -> tuple[PartitionReport, float]:
    """The report, and its decisions per second of CPU."""
    began = time.process_time()
    (report,) = verify(folder, governed.RING).partitions
    seconds = time.process_time() - began
    assert not report.findings, report.findings[:3]
    return report, report.decisions / seconds


def measure(folder: Path) -> None:
    logs = {"governed instances alone": False, "governed and ungoverned ones": True}
    beside = {name: leave_log(folder / name, is_mixed=is_mixed) for name, is_mixed in logs.items()}
    rates: dict[str, list[float]] = {name: [] for name in logs}
    reports: dict[str, PartitionReport] = {}
    for _ in range(ROUNDS):
        for name in logs:
            reports[name], rate = audit(folder / name)
            rates[name].append(rate)
    for name, report in reports.items():
        print(
            f"{name}: {max(rates[name]):,.0f} decisions/s at best, "
            f"{statistics.median(rates[name]):,.0f} in the median of {ROUNDS}; "
            f"{report.instances:,} governed instances, {report.position / report.batches:,.0f} records "
            f"per batch, {beside[name]:.1f} ungoverned instances beside each"
        )


# --- counted ---------------------------------------------------------------------------------------


def write_log(folder: Path, count: int, size: int) -> None:
    """So many governed one-task instances, from beginning to end in batches of `size` of them."""
    with Engine(folder) as made:
        made.deploy(("one.bpmn", tasks("one", 1)))
    store = SqliteStore.open(folder, 1)
    epoch, chain, state = store.acquire("benchmark"), Chain.of(store.recover()), State(1, 1, store)
    state.recover()
    state.governor = governed.GOVERNOR
    given = {"x": 1, POLICY: [governed.POLICY_OF_ALL]}
    now = int(time.time() * 1000)
    for _ in range(count // size):
        turns = governed.batch(state, now, given, size, {"y": 2})
        puts, deletes = state.drain()
        store.stage(Batch(puts, deletes, chain.seal(turns), epoch))
        store.sync()
    store.close()


def tell_counts(folder: Path) -> None:
    for size in SIZES:
        log = folder / f"batches-of-{size}"
        write_log(log, COUNTED, size)
        report, _ = audit(log)
        with ThreadPoolExecutor(os.cpu_count()) as several:
            ask = partial(instructions.count, "benchmarks.auditing", str(log))
            counts = several.map(ask, range(1, LAYOUTS + 1))
            found = [Count(*(part / report.decisions for part in each)) for each in counts]
        told = [
            f"{statistics.median(parts):,.0f} {name}"
            for name, parts in zip(Count._fields, zip(*found, strict=True), strict=True)
        ]
        print(f"batches of {size} instances: {', '.join(told)} per decision")


def play(log: str, layout: int) -> None:
    """A round for each line that comes in."""
    kept = instructions.lay_out(layout)
    instructions.answer(lambda: audit(Path(log))[0].decisions)
    del kept


def main(arguments: Sequence[str] = sys.argv[1:]) -> None:
    if arguments:
        play(arguments[0], int(arguments[1]))
        return
    with tempfile.TemporaryDirectory(prefix="remit-bench-audit-") as made:
        if load.build() is None:
            print("Go, which the load generator is written in, is not installed: nothing is timed.")
        else:
            measure(Path(made))
        if instructions.can_count():
            tell_counts(Path(made))
        else:
            print("Valgrind, which counts instructions, is not installed: nothing is counted.")


if __name__ == "__main__":
    main()
