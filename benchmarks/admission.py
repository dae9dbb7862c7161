"""What a policy makes an engine do, counted: `python -m benchmarks.admission` (150 s).

Instances of one task and of ten are played by an engine in memory, and sealed as a partition does,
without and with a policy; each in a process of its own, under callgrind (`instructions.py`), which has
to be installed. What the ten tasks take more than the one is the steps'; what is left is the instance's:
its policy is bound, and all of a batch are signed together.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from benchmarks import governed, instructions
from benchmarks.instructions import Count
from remit.engine.governance import POLICY
from remit.partition.log import Chain
from remit.partition.storage.contract import Recovered

LAYOUTS = 3
TASKS = (1, 10)
PLAIN, GOVERNED = "plain", "governed"
INSTANCES = {1: 200, 10: 40}
"""In a round that is counted."""

BATCH = 20
GIVEN, WORK = {"x": 1}, {"y": 2}
POLICED = {**GIVEN, POLICY: [governed.POLICY_OF_ALL]}


class Line(NamedTuple):
    """By what a policy adds, of one kind of count: to a one-task instance, to each of its steps, and to
    the instance besides; `plain` is what such an instance takes without."""

    plain: float
    more: float
    per_step: float
    per_instance: float


def count(layouts: int = LAYOUTS) -> dict[tuple[int, str], list[Count]]:
    """What an instance takes, in each of these layouts of memory."""
    kinds = [(tasks, kind) for tasks in TASKS for kind in (PLAIN, GOVERNED)]
    asked = [(kind, layout) for kind in kinds for layout in range(1, layouts + 1)]
    with ThreadPoolExecutor(os.cpu_count()) as several:
        counts = several.map(
            lambda each: instructions.count(
                "benchmarks.admission", f"{each[0][0]}-{each[0][1]}", each[1]
            ),
            asked,
        )
        found: dict[tuple[int, str], list[Count]] = {}
        for (kind, _), each in zip(asked, counts, strict=True):
            found.setdefault(kind, []).append(Count(*(part / INSTANCES[kind[0]] for part in each)))
    return found


def lines(found: dict[tuple[int, str], list[Count]], part: int) -> list[Line]:
    """One for each layout; `part` 0 is instructions, 1 is cycles."""
    one, ten = (_admissions(tasks) for tasks in TASKS)
    made = []
    for layout in range(len(found[1, PLAIN])):
        plain = found[1, PLAIN][layout][part]
        more, more_of_ten = (
            found[tasks, GOVERNED][layout][part] - found[tasks, PLAIN][layout][part]
            for tasks in TASKS
        )
        per_step = (more_of_ten - more) / (ten - one)
        made.append(Line(plain, more, per_step, more - one * per_step))
    return made


def _admissions(tasks: int) -> float:
    """How many an instance of so many tasks takes."""
    made = governed.engine(governed.GOVERNOR, tasks)
    return governed.play(made, POLICED, governed.BATCH, WORK, tasks).admissions


def play(role: str, layout: int) -> None:
    """A round for each line that comes in."""
    kept = instructions.lay_out(layout)
    tasks, kind = int(role.partition("-")[0]), role.partition("-")[2]
    made = governed.engine(governed.GOVERNOR if kind == GOVERNED else None, tasks)
    given = POLICED if kind == GOVERNED else GIVEN
    chain = Chain.of(Recovered(0, b""))

    def play_round() -> int:
        for _ in range(INSTANCES[tasks] // BATCH):
            turns = governed.batch(made.state, made.now, given, BATCH, WORK, tasks)
            made.state.drain()
            chain.seal(turns)
        return chain.position

    instructions.answer(play_round)
    del kept


def main(arguments: Sequence[str] = sys.argv[1:]) -> None:
    if arguments:
        play(arguments[0], int(arguments[1]))
        return
    if not instructions.can_count():
        sys.exit("Valgrind, which counts instructions, is not installed.")
    found = count()
    for part, name in enumerate(Count._fields):
        told = lines(found, part)
        plain, more, per_step, per_instance = map(statistics.median, zip(*told, strict=True))
        least, most = min(each.per_step for each in told), max(each.per_step for each in told)
        print(
            f"{name}: a one-task instance {plain:,.0f}, a policy {more:,.0f} more; of that each step "
            f"{per_step:,.0f} ({least:,.0f} to {most:,.0f}), the instance {per_instance:,.0f}"
        )


if __name__ == "__main__":
    main()
