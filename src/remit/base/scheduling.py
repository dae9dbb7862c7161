"""How this process and those that it starts share the processors with others."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def become_batch_job() -> None:
    """Take the processor from nobody who is at work. Only Linux has it, and may forbid it."""
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def stand_aside(process: int, threads: str = "") -> None:
    """Where there are two processors, the threads of a process whose names begin so keep to the second.

    Then a busy thread that may go anywhere has the first one to itself. With more processors the kernel
    needs no advice. Only Linux can be told; threads that have ended meanwhile, or are not ours, stay as
    they are.
    """
    with contextlib.suppress(AttributeError, OSError):
        allowed = os.sched_getaffinity(0)
        if len(allowed) == 2:
            for task in Path(f"/proc/{process}/task").iterdir():
                _keep_to(task, threads, {max(allowed)})


def _keep_to(task: Path, threads: str, processors: set[int]) -> None:
    with contextlib.suppress(OSError):
        if (task / "comm").read_text().startswith(threads):
            os.sched_setaffinity(int(task.name), processors)
