"""What the standard and Zeebe say, line by line: every line of `cases/` is true."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from remit import feel

CASES = Path(__file__).parent / "cases"
NOW = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
FOLDERS: dict[str, tuple[feel.Dialect, ...]] = {
    "both": ("dmn", "camunda"),
    "dmn": ("dmn",),
    "camunda": ("camunda",),
}


def lines() -> list[tuple[feel.Dialect, str]]:
    return [
        (dialect, line)
        for folder, dialects in FOLDERS.items()
        for path in sorted((CASES / folder).glob("*.feel"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
        for dialect in dialects
    ]


@pytest.mark.parametrize(("dialect", "line"), lines())
def test_a_line_is_true(dialect: feel.Dialect, line: str) -> None:
    expression = feel.compile(line, dialect=dialect)

    explained = expression.evaluate_explained(
        clock=NOW, random=lambda: 0.5, uuid=lambda: "00000000-0000-4000-8000-000000000000"
    )

    assert explained.value is True, explained
