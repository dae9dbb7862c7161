"""What a process does, counted instead of timed: Valgrind's callgrind plays the processor.

A count is the same again, whatever else runs on the machine, to 30 in a million. Where things come to
lie in memory moves it by a thousandth, since much is looked up by its address: so there are several
layouts, and those that are compared have the same ones. Cycles are callgrind's estimate from the caches
that it plays too: one for an instruction, 10 for a miss of the first cache, 100 for one of the last.
Branches guessed wrong, and instructions that go side by side or wait for each other, are in neither.
"""

from __future__ import annotations

import gc
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

T = TypeVar("T")

COUNTED = "counted"
"""The line that asks a process for a round that counts; any other asks for one that does not."""

INSIDE = "PyNumber_MatrixMultiply"
"""Of C functions callgrind counts what happens inside: this one is the operator `@`, of nobody else."""

VALGRIND = (
    "valgrind", "--tool=callgrind", "--instr-atstart=no", "--collect-atstart=no",
    f"--toggle-collect={INSIDE}", "--cache-sim=yes", "--callgrind-out-file=/dev/null",
)  # fmt: skip


class Count(NamedTuple):
    instructions: float
    cycles: float


def can_count() -> bool:
    return shutil.which("valgrind") is not None and shutil.which("vgdb") is not None


def count(module: str, role: str, layout: int) -> Count:
    """What `python -m module role layout` does in a round that counts.

    It plays a round for each line that comes in, and answers with one: the first so that Python has seen
    the code, the second so that the caches are warm, the third counts.
    """
    with subprocess.Popen(
        [*VALGRIND, sys.executable, "-m", module, role, str(layout)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONHASHSEED": str(layout)},
    ) as player:  # fmt: skip
        ask(player)
        subprocess.run(
            ("vgdb", f"--pid={player.pid}", "instrumentation", "on"), capture_output=True
        )
        ask(player)
        ask(player, COUNTED)
        _, said = player.communicate()
    return _reckoned(said)


def ask(player: subprocess.Popen[str], line: str = "") -> str:
    """Its answer to a line."""
    assert player.stdin is not None
    assert player.stdout is not None
    player.stdin.write(f"{line}\n")
    player.stdin.flush()
    return player.stdout.readline()


def _reckoned(said: str) -> Count:
    """From the names of what was counted, and the counts, as callgrind says them at its end."""
    names, counts = (
        found[1].split() if (found := re.search(f"{head} *: (.*)", said)) else []
        for head in ("Events", "Collected")
    )
    by_name = dict(zip(names, map(int, counts), strict=False))
    if not by_name.get("Ir"):
        raise RuntimeError(
            f"Expected callgrind to count what is inside {INSIDE}, but it said: {said}"
        )
    first = sum(by_name[name] for name in ("I1mr", "D1mr", "D1mw"))
    last = sum(by_name[name] for name in ("ILmr", "DLmr", "DLmw"))
    return Count(by_name["Ir"], by_name["Ir"] + 10 * first + 100 * last)


# --- in the process that is counted ----------------------------------------------------------------


def lay_out(layout: int) -> Sequence[bytes]:
    """As long as this is kept, what comes after it lies in memory as it does in no other layout."""
    luck = random.Random(layout)
    return [bytes(luck.randrange(16, 2_000)) for _ in range(100 * layout)]


class _Counted:
    def __matmul__(self, work: Callable[[], T]) -> T:
        return work()


def counted(work: Callable[[], T]) -> T:
    """Do this; under Valgrind it is counted."""
    return _Counted() @ work


def answer(play_round: Callable[[], object]) -> None:
    """A round for each line that comes in. Garbage waits: it would fall on one and not on the next."""
    gc.collect()
    gc.freeze()
    gc.disable()
    for line in sys.stdin:
        print(counted(play_round) if line.strip() == COUNTED else play_round(), flush=True)
        gc.collect()
