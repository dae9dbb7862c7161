"""How a process that runs for long looks for garbage cycles: seldom."""

from __future__ import annotations

import gc

AFTER = 50_000
"""New objects between two looks for cycles: commands hardly make any, and a look costs them 15 %."""


def collect_seldom() -> None:
    """Once everything is loaded: leave it out of all looks from now on, and look seldom."""
    gc.freeze()
    gc.set_threshold(AFTER, 20, 100)
