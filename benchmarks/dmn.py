"""`python -m benchmarks.dmn`: what a decision table costs, beside feelin and zen-engine.

The table has four inputs (a string with one or two values or `-`, a closed interval of numbers, a
comparison, a boolean or `-`) and the hit policy COLLECT; all three engines get the same rules and the
same inputs, and have to find the same hits. feelin is tried cell by cell with its `unaryTest`, which
is all that it offers (fetched with npm into a folder that is removed again); zen-engine gets the table
in its own language (`pip install zen-engine`). An engine that is not there is left out.
"""

from __future__ import annotations

import json
import os
import platform
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html import escape
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from remit import dmn
from remit.feel.evaluation import Evaluation

SIZES = (10, 100, 1_000, 10_000)
INPUTS = 500
FEELIN = "feelin@8.2.0"
_NAMES = (("city", "string"), ("amount", "number"), ("score", "number"), ("vip", "boolean"))
_NODE = """
import { readFileSync } from "node:fs";
import { unaryTest } from "feelin";
const { rules, inputs } = JSON.parse(readFileSync(process.argv[2]));
const names = ["city", "amount", "score", "vip"];
const hits = (given) => rules.filter((cells) => cells.every((cell, at) =>
  cell === "-" || unaryTest(cell, { "?": given[names[at]] }).value === true)).length;
const found = inputs.map(hits);
const start = process.hrtime.bigint();
inputs.forEach(hits);
const spent = Number(process.hrtime.bigint() - start) / 1000 / inputs.length;
console.log(JSON.stringify({ found, spent }));
"""

Rules = list[tuple[str, str, str, str]]


def rules_of(size: int, chance: random.Random) -> Rules:
    """Cells in FEEL. About nine rules in a thousand hold."""
    cities = [f"c{number}" for number in range(30)]
    found = []
    for _ in range(size):
        one, two = chance.sample(cities, 2)
        low = chance.randint(0, 900)
        found.append(
            (
                chance.choice(["-", f'"{one}"', f'"{one}","{two}"']),
                f"[{low}..{low + chance.randint(10, 130)}]",
                f"{chance.choice(['>=', '<'])} {chance.randint(0, 100)}",
                chance.choice(["true", "false", "-"]),
            )
        )
    return found


def inputs_of(chance: random.Random) -> list[dict[str, Any]]:
    return [
        {
            "city": f"c{chance.randint(0, 29)}",
            "amount": chance.randint(0, 1_000),
            "score": chance.randint(0, 100),
            "vip": chance.random() < 0.5,
        }
        for _ in range(INPUTS)
    ]


def document(rules: Rules) -> bytes:
    """The rules as a DMN file."""
    inputs = "".join(
        f'<input id="{name}"><inputExpression typeRef="{kind}"><text>{name}</text>'
        f"</inputExpression></input>"
        for name, kind in _NAMES
    )
    rows = "".join(
        "<rule>"
        + "".join(f"<inputEntry><text>{escape(cell)}</text></inputEntry>" for cell in cells)
        + f"<outputEntry><text>{number}</text></outputEntry></rule>"
        for number, cells in enumerate(rules)
    )
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" '
        'namespace="n"><decision id="t" name="t"><decisionTable hitPolicy="COLLECT">'
        f'{inputs}<output id="o" name="o"/>{rows}</decisionTable></decision></definitions>'
    ).encode()


def microseconds(
    call: Callable[[dict[str, Any]], object], inputs: Sequence[dict[str, Any]]
) -> float:
    """Per call, the best of seven rounds over all inputs."""
    best = float("inf")
    for _ in range(7):
        start = time.perf_counter()
        for each in inputs:
            call(each)
        best = min(best, time.perf_counter() - start)
    return best / len(inputs) * 1e6


def feelin(
    rules: Rules, inputs: list[dict[str, Any]], folder: Path
) -> tuple[list[int], float] | None:
    """Hits per input and microseconds per evaluation; None without node or the package."""
    if not _has_feelin(folder):
        return None
    (folder / "run.mjs").write_text(_NODE)
    (folder / "work.json").write_text(json.dumps({"rules": rules, "inputs": inputs}))
    ran = subprocess.run(
        ["node", "run.mjs", "work.json"], cwd=folder, capture_output=True, text=True, timeout=300
    )
    if ran.returncode:
        return None
    told = json.loads(ran.stdout)
    return told["found"], told["spent"]


def _has_feelin(folder: Path) -> bool:
    if (folder / "node_modules" / "feelin").is_dir():
        return True
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return False
    command = [npm, "install", "--no-audit", "--no-fund", "--silent", FEELIN]
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=120).returncode == 0


def zen(rules: Rules, inputs: list[dict[str, Any]]) -> tuple[list[int], float] | None:
    """The same for zen-engine; None when it is not installed."""
    if find_spec("zen") is None:
        return None
    engine_module = import_module("zen")
    columns = [
        {"id": name, "name": name, "field": name, "type": "expression"} for name, _ in _NAMES
    ]
    rows = [
        {
            "_id": str(number),
            **{name: _zen_cell(cell) for (name, _), cell in zip(_NAMES, cells, strict=True)},
            "o": str(number),
        }
        for number, cells in enumerate(rules)
    ]
    content = {
        "hitPolicy": "collect",
        "inputs": columns,
        "outputs": [{"id": "o", "name": "o", "field": "o", "type": "expression"}],
        "rules": rows,
    }
    graph = {
        "contentType": "application/vnd.gorules.decision",
        "nodes": [
            {"id": "in", "name": "in", "type": "inputNode", "position": {"x": 0, "y": 0}},
            {"id": "table", "name": "table", "type": "decisionTableNode", "content": content,
             "position": {"x": 0, "y": 0}},
            {"id": "out", "name": "out", "type": "outputNode", "position": {"x": 0, "y": 0}},
        ],
        "edges": [
            {"id": "a", "sourceId": "in", "targetId": "table", "type": "edge"},
            {"id": "b", "sourceId": "table", "targetId": "out", "type": "edge"},
        ],
    }  # fmt: skip
    decision = engine_module.ZenEngine().create_decision(json.dumps(graph))
    found = [len(decision.evaluate(each)["result"]) for each in inputs]
    return found, microseconds(decision.evaluate, inputs[:50])


def _zen_cell(cell: str) -> str:
    return "" if cell == "-" else cell


def _row(size: int, folder: Path) -> tuple[str, ...]:
    chance = random.Random(size)
    rules, inputs = rules_of(size, chance), inputs_of(chance)
    content = document(rules)
    start = time.perf_counter()
    model = dmn.load(content)
    build = time.perf_counter() - start
    found = [len(model.evaluate("t", each).value or ()) for each in inputs]
    table = model.decisions[0].table
    assert table is not None
    run = Evaluation(None, random.random, str, None)
    alone = microseconds(lambda each: table.decide(each, run), inputs)
    whole = microseconds(lambda each: model.evaluate("t", each), inputs)
    others = [_other(zen(rules, inputs), found), ""]
    if size <= 1_000:
        few = inputs[: 50 if size < 1_000 else 5]
        others[1] = _other(feelin(rules, few, folder), found[: len(few)])
    return (
        f"{size:,}", f"{sum(found) / INPUTS:.2f}", f"{build * 1e3:.0f}",
        f"{alone:.1f}", f"{whole:.1f}", *others,
    )  # fmt: skip


def _other(told: tuple[list[int], float] | None, found: list[int]) -> str:
    if told is None:
        return "not there"
    hits, spent = told
    return f"{spent:,.0f}" + ("" if hits == found else " (other hits)")


def main() -> None:
    console = Console(width=110)
    console.print(
        f"{datetime.now(UTC):%Y-%m-%d} · {platform.machine()} · {os.cpu_count()} cores · Python "
        f"{platform.python_version()} · µs per evaluation, best of seven rounds over {INPUTS} inputs"
    )
    table = Table(
        "rules", "hits", "build ms", "table µs", "evaluate µs", "zen-engine µs", "feelin µs"
    )
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            table.add_row(*_row(size, Path(folder)))
    console.print(table)


if __name__ == "__main__":
    main()
