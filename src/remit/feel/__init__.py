"""FEEL, the expression language of DMN and of Zeebe's models.

    >>> compile("a + b * 2 > 10").evaluate({"a": 1, "b": 5})
    True
    >>> compile_attribute("=amount / 4").evaluate({"amount": 5})
    Decimal('1.25')
    >>> compile_attribute("order-created").static_value
    'order-created'
    >>> unary_tests("< 5, [10..20]", dialect="dmn").matches(12)
    True

Values are plain Python values, and FEEL's own for dates, times, durations, ranges and functions:
`kinds` has the table. `from_json` and `to_json` lead from and to documents.
"""

from __future__ import annotations

from remit.feel.compiler.frames import External
from remit.feel.dates.python import from_python, to_python
from remit.feel.dates.values import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration
from remit.feel.dialects import DialectName as Dialect
from remit.feel.documents import from_json, to_json
from remit.feel.errors import (
    FeelAssertionError,
    FeelError,
    FeelLimitError,
    FeelSyntaxError,
)
from remit.feel.evaluation import Clock
from remit.feel.expressions import (
    Explained,
    Expression,
    UnaryTests,
    compile,  # noqa: A004
    compile_attribute,
    unary_tests,
)
from remit.feel.functions import MISMATCH, Function
from remit.feel.kinds import Value, kind_of
from remit.feel.names import Names
from remit.feel.ranges import Range
from remit.feel.texts import to_text
from remit.feel.types import Type, coerce

__all__ = [
    "MISMATCH",
    "Clock",
    "Date",
    "DateTime",
    "DaysTimeDuration",
    "Dialect",
    "Explained",
    "Expression",
    "External",
    "FeelAssertionError",
    "FeelError",
    "FeelLimitError",
    "FeelSyntaxError",
    "Function",
    "Names",
    "Range",
    "Time",
    "Type",
    "UnaryTests",
    "Value",
    "YearsMonthsDuration",
    "coerce",
    "compile",
    "compile_attribute",
    "from_json",
    "from_python",
    "kind_of",
    "to_json",
    "to_python",
    "to_text",
    "unary_tests",
]
