"""Counting outcomes, and the kit's own file of results."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TextIO

from remit.dmn.tck.runner import Outcome


@dataclass(frozen=True, slots=True)
class Counts:
    """Cases of one level: an engine that always answers null gets the null ones right."""

    level: str
    right: int
    total: int
    null_right: int
    null_total: int
    silent: int


def count(outcomes: Iterable[Outcome]) -> list[Counts]:
    """Counts by level, in order of their names."""
    by_level: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_level.setdefault(outcome.suite.level, []).append(outcome)
    return [_counts(level, found) for level, found in sorted(by_level.items())]


def _counts(level: str, outcomes: list[Outcome]) -> Counts:
    null = [each for each in outcomes if each.is_null]
    return Counts(
        level,
        sum(each.is_right for each in outcomes),
        len(outcomes),
        sum(each.is_right for each in null),
        len(null),
        sum(each.is_silent for each in outcomes),
    )


def write_csv(outcomes: Iterable[Outcome], file: TextIO) -> None:
    """`tck_results.csv`: folder with level, test file, case, SUCCESS or ERROR, message."""
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for each in outcomes:
        folder = f"{each.suite.level}/{each.suite.folder}"
        state = "SUCCESS" if each.is_right else "ERROR"
        writer.writerow((folder, each.suite.file, each.case.id, state, each.message))
