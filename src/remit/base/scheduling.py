"""How this process and those that it starts share the processors with others."""

from __future__ import annotations

import contextlib
import os


def become_batch_job() -> None:
    """Take the processor from nobody who is at work. Only Linux has it, and may forbid it."""
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
