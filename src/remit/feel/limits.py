"""How much one evaluation may do. A value may hold another many times over: a list of a few dozen
steps can stand for more items than there is time to walk, so every walk has a budget."""

from __future__ import annotations

from typing import Final

from remit.feel.errors import FeelLimitError

MAX_ITEMS: Final = 1_000_000
"""Items that one evaluation makes or visits in its lists, and that one walk through a value meets."""

MAX_TEXT: Final = 1_000_000
"""Characters of one string."""


class Budget:
    """What is left for one walk."""

    __slots__ = ("left",)

    def __init__(self, left: int = MAX_ITEMS) -> None:
        self.left = left

    def spend(self, items: int) -> None:
        """Raises FeelLimitError when nothing is left."""
        self.left -= items
        if self.left < 0:
            raise FeelLimitError(f"an evaluation makes at most {MAX_ITEMS} items")


def check_text(length: int) -> None:
    """Raises FeelLimitError for a string that would be too long."""
    if length > MAX_TEXT:
        raise FeelLimitError(f"a string has at most {MAX_TEXT} characters")
