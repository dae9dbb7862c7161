"""Running the cases of the kit in the dialect of the standard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from remit.dmn.errors import DmnError
from remit.dmn.model import Model, load
from remit.dmn.result import Result
from remit.dmn.tck.cases import Case, Expected, Suite
from remit.dmn.tck.compare import is_expected
from remit.feel.texts import to_text


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one case. `is_null`: it expects null everywhere, so that nothing is easy to get.

    `is_silent`: an error was to be told, but no diagnostic was.
    """

    suite: Suite
    case: Case
    is_right: bool
    is_null: bool
    is_silent: bool
    message: str


def run(suites: Iterable[Suite]) -> Iterator[Outcome]:
    """The outcome of every case, in order."""
    for suite in suites:
        yield from run_suite(suite)


def run_suite(suite: Suite) -> Iterator[Outcome]:
    """A model that can't be loaded makes all its cases wrong."""
    try:
        model = load(suite.models, dialect="dmn")
    except (DmnError, OSError) as fault:
        for case in suite.cases:
            yield _outcome(suite, case, str(fault), is_silent=False)
        return
    for case in suite.cases:
        yield _run_case(model, suite, case)


def _run_case(model: Model, suite: Suite, case: Case) -> Outcome:
    wrong = []
    is_silent = False
    for expected in case.expected:
        try:
            result = _evaluated(model, case, expected)
        except DmnError as fault:
            wrong.append(str(fault))
            continue
        if not is_expected(expected.value, result.value):
            wrong.append(_difference(expected, result))
        elif expected.is_error and not result.diagnostics and result.failed is None:
            is_silent = True
    return _outcome(suite, case, "; ".join(wrong), is_silent=is_silent)


def _evaluated(model: Model, case: Case, expected: Expected) -> Result:
    asked = case.invocable if case.kind == "decisionService" else expected.name
    return model.evaluate(asked, case.inputs)


def _difference(expected: Expected, result: Result) -> str:
    said = f"{expected.name}: expected {to_text(expected.value)}, found {to_text(result.value)}"
    return f"{said} ({result.failure_message})" if result.failure_message else said


def _outcome(suite: Suite, case: Case, wrong: str, *, is_silent: bool) -> Outcome:
    is_null = all(each.value is None for each in case.expected)
    return Outcome(suite, case, not wrong, is_null, is_silent, wrong)
