"""What must hold for any input: the public doors raise documented errors and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec

from remit import dmn, feel
from remit.authority import jws
from remit.authority.errors import AuthorityFault
from remit.authority.policy import Grant, read

NOW = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
CONTEXT: Mapping[str, Any] = {"a": 1, "b": [1, None, {"x": "s"}], "x": {"a": 2.5, "b": "P1D"}}

DECISION = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d"
 namespace="n"><inputData id="i" name="a"/><decision id="t" name="t"><informationRequirement>
<requiredInput href="#i"/></informationRequirement><decisionTable hitPolicy="FIRST">
<input><inputExpression><text>a</text></inputExpression></input><output name="o"/>
<rule><inputEntry><text>{cell}</text></inputEntry><outputEntry><text>{cell}</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


def evaluate_text(text: str, context: Mapping[str, Any] = CONTEXT) -> None:
    """An expression and a cell, in both dialects."""
    dialects: tuple[feel.Dialect, ...] = ("camunda", "dmn")
    for dialect in dialects:
        with suppress(feel.FeelError):
            explained = feel.compile(text, dialect=dialect).evaluate_explained(context, clock=NOW)
            feel.to_json(explained.value)
            feel.to_text(explained.value)
        with suppress(feel.FeelError):
            feel.unary_tests(text, dialect=dialect).matches(1, context, clock=NOW)


def load_file(content: bytes) -> None:
    """A DMN file; every decision in it is evaluated without inputs."""
    with suppress(dmn.DmnError):
        model = dmn.load(content)
        for decision in model.decisions:
            model.evaluate(decision.id, {}, clock=NOW)


def load_table(text: str) -> None:
    """A decision table with this text in its cells."""
    load_file(DECISION.format(cell=text.replace("&", "&amp;").replace("<", "&lt;")).encode())


def read_policy(content: bytes) -> None:
    """A signed block as it arrives, and the claims inside one."""
    text = content.decode("latin-1")
    with suppress(AuthorityFault):
        jws.read(text, "grant", "bind", "derive", "succ")
    with suppress(AuthorityFault, msgspec.DecodeError, UnicodeDecodeError):
        read(msgspec.json.decode(content), Grant)


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "feel": lambda data: evaluate_text(data.decode("utf-8", "replace")),
    "table": lambda data: load_table(data.decode("utf-8", "replace")),
    "dmn": load_file,
    "policy": read_policy,
}
