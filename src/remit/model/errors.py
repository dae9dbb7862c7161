"""Faults of a file that keep it from being read at all."""


class Unreadable(Exception):
    """The bytes are no model. `line` counts from 1; 0 when there is none."""

    def __init__(self, line: int, message: str, fix: str) -> None:
        super().__init__(message)
        self.line = line
        self.fix = fix
