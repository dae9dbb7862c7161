"""The process that writes history leaves the processor to others."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from remit.history import following

TELL = """
import os
from remit.history.following import stand_back
stand_back()
print(os.nice(0), os.sched_getscheduler(0))
"""


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="only Linux has batch jobs")
def test_it_is_a_batch_job_and_nice() -> None:
    told = subprocess.run([sys.executable, "-c", TELL], capture_output=True, text=True, check=True)

    niceness = os.nice(0) + following.NICENESS
    assert told.stdout.split() == [str(min(niceness, 19)), str(os.SCHED_BATCH)]
