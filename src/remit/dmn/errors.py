"""DmnError                base of everything this room raises
├── UnreadableModel     a file is no DMN that is read here
├── UnknownDecision     nothing in the model has this id or name
└── DecisionFailed      a decision has no value; `Model.evaluate` tells it in its result
"""

from __future__ import annotations


class DmnError(Exception):
    """Base of all faults of DMN."""


class UnreadableModel(DmnError):
    """The sentence says which file, which line, what is wrong and what to do."""


class UnknownDecision(DmnError):
    """The sentence names what was asked for and what there is."""

    def __init__(self, asked: str, known: tuple[str, ...]) -> None:
        there = ", ".join(f"'{each}'" for each in known) or "none"
        super().__init__(f"no decision or service '{asked}'; there is: {there}")


class InputsRefused(DmnError):
    """The inputs are lists in lists, or contexts in contexts, hundreds deep."""


class DecisionFailed(DmnError):
    """The logic has no value: broken at deployment, a hit policy was violated, or a limit met."""
