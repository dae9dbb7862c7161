"""The governed purchase of `make run` goes as its story says, and its log holds together."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.timeout(120)
def test_the_governed_purchase_ends_well_and_is_audited() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "examples.governed.run"],
        capture_output=True, text=True, timeout=110, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-2000:]
    said = done.stdout
    assert "The agent sees ['budget', 'wish']" in said
    assert "gets 0 of them" in said
    assert "the data are worth 300 now" in said
    assert "0 jobs, by clause LOOK-FIRST" in said
    assert "the cashier gets 1 job and pays" in said
    assert "Nothing is wrong with this log." in said
