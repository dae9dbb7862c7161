"""FeelError                base of everything this room raises
       ├── FeelSyntaxError     the text is no expression: where, what was found, what was expected
       └── FeelLimitError      the expression asks for too much

Everything else an expression can do wrong gives null and a warning, as FEEL has it.
"""

from __future__ import annotations


class FeelError(Exception):
    """Base of all faults of FEEL."""


class FeelSyntaxError(FeelError):
    """`line` and `column` count from 1."""

    def __init__(self, text: str, offset: int, found: str, expected: str) -> None:
        self.line = text.count("\n", 0, offset) + 1
        self.column = offset - (text.rfind("\n", 0, offset) + 1) + 1
        self.found = found
        self.expected = expected
        shown = text if len(text) <= 200 else f"{text[:200]}…"
        super().__init__(
            f"failed to parse expression '{shown}': found {found} at line {self.line}, column "
            f"{self.column}, expected {expected}"
        )


class FeelLimitError(FeelError):
    """Nested too deep, or a list or a power too large."""
