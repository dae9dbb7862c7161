"""The table of supported elements, made of the marks on tests.

    @pytest.mark.proves("signal event", "boundary, interrupting")
    def test_a_signal_at_a_boundary(): ...

says that this test proves one cell. `python -m tests.support.support_table` writes the table to
`docs/reference/bpmn-support.md`; a test compares it with what is there. Marks are read from the source:
nothing is imported or run.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "bpmn-support.md"

_HOST = ("boundary, interrupting", "boundary, non-interrupting")
_SCOPE = ("event sub-process, interrupting", "event sub-process, non-interrupting")
_WAITED = ("start", "catch", *_HOST, *_SCOPE, "behind an event-based gateway")

TASKS = {
    "service task": ("",),
    "send task": ("by a worker", "along a message flow"),
    "receive task": ("in a flow", "instantiating"),
    "user task": ("of the engine's own", "as a job", "task listeners", "form"),
    "script task": ("FEEL", "by a worker"),
    "business rule task": ("decision", "by a worker"),
    "manual task": ("",),
    "undefined task": ("",),
    "call activity": ("process", "variables in and out", "global task"),
}
SUB_PROCESSES = {
    "embedded sub-process": ("",),
    "event sub-process": ("interrupting", "non-interrupting"),
    "ad-hoc sub-process": (
        "active elements",
        "completion condition",
        "API activation",
        "by a worker",
    ),
    "transaction": ("success", "cancel", "hazard"),
}
MARKERS = {
    "multi-instance": (
        "parallel",
        "sequential",
        "completion condition",
        "output collection",
        "behavior All",
        "behavior None",
        "behavior One",
        "behavior Complex",
    ),
    "standard loop": ("test before", "test after", "maximum"),
    "compensation handler": ("of an activity", "of a sub-process", "of a multi-instance activity"),
    "conditional flows": ("on an activity",),
    "quantities": ("start quantity", "completion quantity"),
    "execution listeners": ("start", "end"),
    "input and output mappings": ("",),
    "data objects": ("initial value", "data associations"),
    "pools and lanes": ("message flow", "lane as candidate group"),
}
GATEWAYS = {
    "exclusive gateway": ("",),
    "parallel gateway": ("",),
    "inclusive gateway": ("split", "join"),
    "event-based gateway": ("in a flow", "instantiating", "instantiating, parallel"),
    "complex gateway": ("activation", "reset"),
}
EVENTS = {
    "none event": ("start", "throw", "end"),
    "message event": (*_WAITED, "throw", "end"),
    "timer event": _WAITED,
    "error event": ("boundary", "event sub-process", "end"),
    "signal event": (*_WAITED, "throw", "end"),
    "escalation event": (*_HOST, *_SCOPE, "throw", "end"),
    "conditional event": _WAITED,
    "compensation event": ("boundary", "throw", "end", "event sub-process"),
    "cancel event": ("boundary", "end"),
    "terminate event": ("end",),
    "link event": ("throw", "catch"),
    "multiple event": ("start", "catch", "boundary", "event sub-process", "throw", "end"),
    "parallel multiple event": ("start", "catch", "boundary", "event sub-process"),
}
GROUPS = {
    "Tasks and call activities": TASKS,
    "Sub-processes": SUB_PROCESSES,
    "Markers and what belongs to elements": MARKERS,
    "Gateways": GATEWAYS,
    "Events": EVENTS,
}
CELLS = frozenset(
    (element, position)
    for group in GROUPS.values()
    for element, positions in group.items()
    for position in positions
)

HEAD = """# Supported elements

Every element of executable BPMN in every position it may have. A cell that is supported names the tests
that prove it; whatever is not executed is refused at deployment by name, never skipped.
Generated from the marks on the tests by `python -m tests.support.support_table`.
"""


@dataclass(frozen=True, order=True, slots=True)
class Proof:
    """A test that proves a cell; `module` is its path in the repository."""

    module: str
    test: str


def proofs() -> dict[tuple[str, str], list[Proof]]:
    """All cells that are marked on tests, with those tests in order."""
    found: dict[tuple[str, str], list[Proof]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text()
        if ".proves(" not in text:
            continue
        module = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for cell in _marks(node):
                    found[cell].append(Proof(module, node.name))
    return found


def _marks(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, str]]:
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.proves":
            words = [ast.literal_eval(argument) for argument in decorator.args]
            yield words[0], words[1] if len(words) > 1 else ""


def table() -> str:
    """The page as it should be."""
    found = proofs()
    parts = [HEAD]
    shown = sum(1 for cell in CELLS if cell in found)
    parts.append(f"{shown} of {len(CELLS)} cells are proved.\n")
    for title, group in GROUPS.items():
        parts.append(f"## {title}\n\n| element | position | supported | proved by |")
        parts.append("| --- | --- | --- | --- |")
        for element, positions in group.items():
            parts.extend(_row(element, position, found) for position in positions)
        parts.append("")
    return "\n".join(parts)


def _row(element: str, position: str, found: dict[tuple[str, str], list[Proof]]) -> str:
    tests = sorted(found.get((element, position), []))
    links = ", ".join(
        f"[{each.test.removeprefix('test_').replace('_', ' ')}](../../{each.module})"
        for each in tests
    )
    return f"| {element} | {position} | {'yes' if tests else 'not yet'} | {links} |"


if __name__ == "__main__":
    PAGE.write_text(table())
