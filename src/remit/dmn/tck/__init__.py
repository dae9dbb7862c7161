"""The DMN Technology Compatibility Kit: reading its cases, running them, saying what came out.

for outcome in run(find_suites(folder)):
    print(outcome.suite, outcome.case, outcome.is_right, outcome.message)
"""

from __future__ import annotations

from remit.dmn.tck.cases import Case, Suite, find_suites
from remit.dmn.tck.report import Counts, count, write_csv
from remit.dmn.tck.runner import Outcome, run, run_suite

__all__ = [
    "Case",
    "Counts",
    "Outcome",
    "Suite",
    "count",
    "find_suites",
    "run",
    "run_suite",
    "write_csv",
]
