"""What governance costs those who do not use it: `python -m benchmarks.ungoverned`.

Engines play the same one-task process, in memory, each in a process of its own:

    product     as it is, and no authority is known
    bare        the same code with every question of governance taken out of it as it is loaded
    configured  as it is; keys are known, and an instance under a policy stands beside the others
    governed    as it is, and every instance is under a policy (it is counted only)

Their instructions are counted where Valgrind is installed: that shows a thousandth. What is counted has
the same layouts of memory for all of them; a loss is the median over these, with the least and the most.

Their CPU time is taken besides, which shows per cents. Rounds are short and go round, so that whatever
else runs weighs on all alike. Two processes of the very same code differ by a per cent (where things
come to lie in memory), so there are several of each, started in turn. A loss is the median over the sets
of processes, and its interval is that of the median of resamples (95 %).
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

from benchmarks import bare, instructions
from benchmarks.instructions import Count, can_count

PRODUCT, BARE, CONFIGURED, GOVERNED = "product", "bare", "configured", "governed"
ROLES = (PRODUCT, BARE, CONFIGURED)
SETS, ROUNDS = 8, 12
"""How many processes of each kind, and how many rounds each of them plays."""

LAYOUTS = 3
INSTANCES, COUNTED_INSTANCES = 1_000, 300
"""In a round that is timed, and in one that is counted, which takes a hundred times as long."""

POLICY = "_policy"


class Loss(NamedTuple):
    """In per cent of an instance, with its bounds."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:+.2f} % ({self.low:+.2f} to {self.high:+.2f})"


class Found(NamedTuple):
    """µs of an engine alone, by kind; what asking costs, and what being ready to ask costs."""

    microseconds: Mapping[str, float]
    asking: Loss
    readiness: Loss


# --- counting --------------------------------------------------------------------------------------


def count(layouts: int = LAYOUTS) -> dict[str, list[Count]]:
    """What an instance takes, by kind, in each of these layouts of memory."""
    asked = [(role, layout) for role in (*ROLES, GOVERNED) for layout in range(1, layouts + 1)]
    with ThreadPoolExecutor(os.cpu_count()) as several:
        counts = several.map(lambda each: instructions.count("benchmarks.ungoverned", *each), asked)
        found: dict[str, list[Count]] = {}
        for (role, _), each in zip(asked, counts, strict=True):
            found.setdefault(role, []).append(Count(*(part / COUNTED_INSTANCES for part in each)))
    return found


def tell_counts(found: Mapping[str, Sequence[Count]]) -> None:
    for role, counts in found.items():
        executed = statistics.median(each.instructions for each in counts)
        cycles = statistics.median(each.cycles for each in counts)
        print(
            f"{role:11} {executed:11,.0f} instructions, {cycles:11,.0f} estimated cycles, an instance"
        )
    for told, role, beside in (
        ("Asking at all costs an ungoverned instance", PRODUCT, BARE),
        ("Keys, and a governed instance beside it, cost it", CONFIGURED, PRODUCT),
        ("Both together cost it", CONFIGURED, BARE),
        ("A policy of its own costs an instance", GOVERNED, PRODUCT),
    ):
        pairs = list(zip(found[role], found[beside], strict=True))
        by_instructions = _spread([one.instructions / other.instructions for one, other in pairs])
        by_cycles = _spread([one.cycles / other.cycles for one, other in pairs])
        print(f"{told} {by_instructions} of instructions, {by_cycles} of estimated cycles")


def _spread(ratios: Sequence[float]) -> Loss:
    """The median of the layouts, the least and the most."""
    return _in_per_cent(statistics.median(ratios), min(ratios), max(ratios))


# --- timing ----------------------------------------------------------------------------------------


def measure(sets: int = SETS, rounds: int = ROUNDS) -> Found:
    """`sets` times a process of each kind, `rounds` of each by turns."""
    medians: list[dict[str, float]] = []
    for _ in range(sets):
        with _players() as players:
            medians.append(_played(players, rounds))
    return Found(
        {role: statistics.median(each[role] for each in medians) for role in ROLES},
        _loss([each[PRODUCT] / each[BARE] for each in medians]),
        _loss([each[CONFIGURED] / each[PRODUCT] for each in medians]),
    )


def tell(found: Found) -> None:
    for role, spent in found.microseconds.items():
        print(f"{role:11} {spent:7.2f} µs of CPU per one-task instance, in memory")
    print(f"Asking at all costs an ungoverned instance {found.asking} of CPU time")
    print(f"Keys, and a governed instance beside it, cost it {found.readiness} of CPU time")


def _played(players: Mapping[str, subprocess.Popen[str]], rounds: int) -> dict[str, float]:
    """The median of the rounds of each, after one that does not count."""
    times: dict[str, list[float]] = {role: [] for role in players}
    order = list(players)
    for number in range(rounds + 1):
        for role in order:
            found = float(instructions.ask(players[role]))
            if number:
                times[role].append(found)
        order.append(order.pop(0))
    return {role: statistics.median(each) for role, each in times.items()}


def _loss(ratios: Sequence[float]) -> Loss:
    luck = random.Random(1)
    resampled = sorted(statistics.median(luck.choices(ratios, k=len(ratios))) for _ in range(2_000))
    return _in_per_cent(statistics.median(ratios), resampled[50], resampled[-51])


def _in_per_cent(*ratios: float) -> Loss:
    return Loss(*((each - 1) * 100 for each in ratios))


@contextmanager
def _players() -> Iterator[dict[str, subprocess.Popen[str]]]:
    """One process of each kind, in an order of luck."""
    roles = list(ROLES)
    random.shuffle(roles)
    players = {
        role: subprocess.Popen(
            [sys.executable, "-m", "benchmarks.ungoverned", role],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for role in roles
    }  # fmt: skip
    try:
        yield players
    finally:
        for each in players.values():
            each.communicate()


# --- in the processes ------------------------------------------------------------------------------


def play(role: str, layout: int = 0) -> None:
    """A round for each line that comes in: µs of CPU per instance. With a `layout`: to be counted."""
    kept = instructions.lay_out(layout)
    if role == BARE:
        sys.meta_path.insert(0, bare.Bare())
    from benchmarks import engine_alone, governed  # only now: what they load may be changed

    made = governed.engine(governed.GOVERNOR if role in (CONFIGURED, GOVERNED) else None)
    policy = {POLICY: [governed.POLICY_OF_ALL]}
    if role == CONFIGURED:
        made.create("one", policy)
        made.activate("work")  # it stays, so that the table of governed instances is not empty
    given = {"x": 1, **(policy if role == GOVERNED else {})}
    instances = COUNTED_INSTANCES if layout else INSTANCES

    def play_round(count: int = instances) -> float:
        return engine_alone.play(made, given, count, governed.HEADER) / count * 1e6

    questions = bare.asked(lambda: play_round(engine_alone.BATCH))
    if role == BARE and questions:
        raise RuntimeError(f"Expected no questions of governance, but these are asked: {questions}")
    instructions.answer(play_round)
    del kept


def main() -> None:
    if len(sys.argv) > 1:
        play(sys.argv[1], *map(int, sys.argv[2:]))
        return
    if can_count():
        began = time.perf_counter()
        tell_counts(count())
        print(f"{LAYOUTS} layouts of memory, {time.perf_counter() - began:.0f} s")
    else:
        print(
            "Valgrind, which counts instructions, is not installed: CPU time alone can't show 1 %."
        )
    began = time.perf_counter()
    tell(measure())
    print(f"{SETS} sets of {ROUNDS} rounds, {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
