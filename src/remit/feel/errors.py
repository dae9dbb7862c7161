"""FeelError                 base of everything this room raises
       ├── FeelSyntaxError      the text is no expression: where, what was found, what was expected
       ├── FeelLimitError       the expression asks for too much: too long, too deep, too many
       └── FeelAssertionError   `assert` did not hold (Zeebe's dialect only)

Everything else an expression can do wrong gives null and a warning, as FEEL has it.
"""

from __future__ import annotations


class FeelError(Exception):
    """Base of all faults of FEEL."""


class FeelSyntaxError(FeelError):
    """`line` and `column` count from 1; `found` and `expected` are parts of a sentence."""

    def __init__(self, text: str, offset: int, found: str, expected: str) -> None:
        self.offset = offset
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
    """Too long, nested too deep, or a list, a text or a computation too large."""


class FeelAssertionError(FeelError):
    """The condition of `assert(value, condition, cause)` did not hold; the message is its cause."""
