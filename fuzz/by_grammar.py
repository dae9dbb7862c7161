"""Expressions that hypothesis builds by the grammar: `python -m fuzz.by_grammar SECONDS`."""

from __future__ import annotations

import sys
import time
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from fuzz.targets import evaluate_text, load_table
from tests.feel.test_feel_laws import EXPRESSION, JSON

ROUND = 2_000


@given(EXPRESSION, JSON, JSON)
@settings(max_examples=ROUND, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def evaluate(text: str, a: Any, b: Any) -> None:
    evaluate_text(text, {"a": a, "b": b})


@given(EXPRESSION | st.text(max_size=30))
@settings(
    max_examples=ROUND // 10, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
def decide(text: str) -> None:
    load_table(text)


def main() -> None:
    seconds, started, rounds = float(sys.argv[1]), time.monotonic(), 0
    while time.monotonic() - started < seconds:
        seed(rounds)(evaluate)()
        seed(rounds)(decide)()
        rounds += 1
        print(f"{rounds * (ROUND + ROUND // 10):,} examples, nothing undocumented", flush=True)


main()
