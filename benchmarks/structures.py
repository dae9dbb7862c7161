"""What large structures cost: many items, deep calls, deep nesting, large models.

`python -m benchmarks.structures` prints µs of CPU per item or element, and the longest single step in
ms of CPU. In memory: what a commit costs is another benchmark's.
"""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from remit import Engine
from remit.base.garbage import AFTER
from remit.embedded import engine as embedded
from remit.engine.step import step
from tests.support.model import Model

console = Console(width=110)


@dataclass
class Longest:
    """Milliseconds of the longest step so far."""

    milliseconds: float = 0.0


@contextmanager
def watched() -> Iterator[Longest]:
    """Every step of embedded engines is timed."""
    longest = Longest()

    def timed(*arguments: object) -> object:
        began = time.thread_time()
        try:
            return step(*arguments)  # type: ignore[arg-type]
        finally:
            spent = (time.thread_time() - began) * 1000
            longest.milliseconds = max(longest.milliseconds, spent)

    vars(embedded)["step"] = timed
    try:
        yield longest
    finally:
        vars(embedded)["step"] = step


def items(count: int, *, output: bool) -> tuple[float, float]:
    """µs of CPU per item of a parallel multi-instance job, and the longest step in ms."""
    model = Model("p").start("s").service("a", "work")
    result = {"output": "=item * 2", "result": "all"} if output else {}
    model.repeat("=given", **result).end("e").path("s", "a", "e")  # type: ignore[arg-type]
    with watched() as longest:
        engine = Engine()
        engine.deploy(("p.bpmn", model.xml()))
        began = time.process_time()
        engine.create("p", {"given": list(range(count))})
        while jobs := engine.activate("work", limit=100, fetch_variables=["item"]):
            for job in jobs:
                engine.complete(job.job.key)
        spent = time.process_time() - began
        assert not engine.state.elements.rows, "it has not completed"
    return spent / count * 1e6, longest.milliseconds


def calls(depth: int) -> float:
    """µs of CPU per call of a chain of processes, each calling the next."""
    engine = Engine()
    for level in range(depth):
        model = Model(f"p{level}").start("s")
        if level == depth - 1:
            model.plain("manualTask", "c")
        else:
            model.call("c", f"p{level + 1}")
        engine.deploy((f"p{level}.bpmn", model.end("e").path("s", "c", "e").xml()))
    return _per(engine, "p0", depth)


def nested(depth: int) -> float:
    """µs of CPU per sub-process of a nest."""
    model = Model("p")

    def inside(level: int) -> None:
        model.start(f"s{level}").end(f"e{level}")
        if level == depth:
            model.plain("manualTask", "inner").path(f"s{level}", "inner", f"e{level}")
            return
        with model.sub_process(f"sub{level}"):
            inside(level + 1)
        model.path(f"s{level}", f"sub{level}", f"e{level}")

    inside(0)
    engine = Engine()
    engine.deploy(("p.bpmn", model.xml()))
    return _per(engine, "p", depth)


def in_a_row(count: int) -> tuple[float, float]:
    """Seconds to deploy a process of so many tasks and flows, and µs of CPU per task."""
    model = Model("p").start("s")
    names = [f"t{number}" for number in range(count)]
    for name in names:
        model.plain("manualTask", name)
    content = model.end("e").path("s", *names, "e").xml()
    engine = Engine()
    began = time.process_time()
    engine.deploy(("p.bpmn", content))
    deployed = time.process_time() - began
    return deployed, _per(engine, "p", count)


def _per(engine: Engine, process: str, count: int) -> float:
    """µs of CPU per one of `count` of an instance that runs through; the second run counts."""
    engine.create(process)
    rounds = max(1, 2000 // count)
    began = time.process_time()
    for _ in range(rounds):
        engine.create(process)
    spent = time.process_time() - began
    assert not engine.state.elements.rows, "it has not completed"
    return spent / rounds / count * 1e6


def main() -> None:
    gc.freeze()
    gc.set_threshold(AFTER, 20, 100)  # as the broker does
    table = Table(title="A parallel multi-instance job: µs of CPU per item, longest step in ms")
    for column in ("items", "without results", "", "with results", ""):
        table.add_column(column, justify="right")
    for count in (1_000, 10_000, 100_000):
        plain, longest = items(count, output=False)
        kept, longer = items(count, output=True)
        table.add_row(
            f"{count:,}", f"{plain:.0f}", f"{longest:.1f}", f"{kept:.0f}", f"{longer:.1f}"
        )
    console.print(table)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    console.print(f"Largest memory of this process: {peak:,.0f} MiB\n")
    table = Table(title="Deep and large: µs of CPU")
    for column in ("what", "small", "large"):
        table.add_column(column, justify="right")
    table.add_row("a call, depth 2 and 100", f"{calls(2):.0f}", f"{calls(100):.0f}")
    table.add_row("a sub-process, depth 2 and 50", f"{nested(2):.0f}", f"{nested(50):.0f}")
    few, many = in_a_row(10), in_a_row(2_500)
    table.add_row("a task, 10 and 2,500 in a row", f"{few[1]:.0f}", f"{many[1]:.0f}")
    console.print(table)
    console.print(
        f"A model of 5,003 elements (2,500 tasks, their flows) deploys in {many[0]:.2f} s"
    )


if __name__ == "__main__":
    main()
