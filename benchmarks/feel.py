"""`python -m benchmarks.feel`: what an expression costs, beside feelin and Python's other FEEL packages.

One expression is evaluated over and over with data of several kinds, and compiled over and over; texts
of a million signs are thrown at the compiler. feelin (npm) is measured by its only public way, which
parses each time, and by parsing alone; so are bkflow-feel and pySFeel (PyPI). All are fetched into a
folder that is removed again; one that is not there is left out. Every engine has to find the value.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import timeit
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from remit import feel
from remit.feel.expressions import compile_fresh

EXPRESSION = 'a + b * 2 > 10 and status = "ok"'
DATA: dict[str, dict[str, Any]] = {
    "whole numbers": {"a": 3, "b": 4, "status": "ok"},
    "decimals": {"a": Decimal("3.5"), "b": Decimal("4.5"), "status": "ok"},
    "floats (JSON)": {"a": 3.5, "b": 4.5, "status": "ok"},
    "a is null": {"a": None, "b": 4, "status": "ok"},
}
TYPICAL = {
    "a condition": EXPRESSION,
    "a choice": 'if amount > 1000 then "manager" else "clerk"',
    "a mapping": "{id: order.id, total: sum(order.items.price), at: now()}",
    "a loop": 'for item in orders[status = "open"] return item.price * item.quantity',
    "a date": 'date(created) + duration("P14D") < today()',
}
ITEMS = "items[price > 500]"
HOSTILE = {
    "a million brackets": "(" * 1_000_000,
    "a million signs of text": '"' + "a" * 1_000_000,
    "100,000 signs of sums": "1+" * 49_000 + "1",
    "100,000 signs of paths": "a" + ".a" * 49_000,
    "100,000 signs of lists": "[" * 99_000,
    "a loop of 10^8": "for i in 1..100000000 return i",
    "a list of 2^60": "string(for i in 1..60 return if i = 1 then [1] else [partial[-1], partial[-1]])",
    "a slow pattern": 'matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a|a|aa)+$")',
}
FEELIN = "feelin@8.2.0"
OTHERS = ("bkflow-feel==1.2.0", "pySFeel==1.4.2")
_NODE = """
import { evaluate, parseExpression } from "feelin";
const [text, data] = JSON.parse(process.argv[2]);
const time = (call, times) => {
  for (let at = 0; at < times; at++) call();
  const start = process.hrtime.bigint();
  for (let at = 0; at < times; at++) call();
  return Number(process.hrtime.bigint() - start) / 1000 / times;
};
const value = evaluate(text, data).value;
console.log(JSON.stringify([value, time(() => evaluate(text, data), 5000),
                            time(() => parseExpression(text, data), 5000)]));
"""
_BKFLOW = """
import json, sys, timeit
from bkflow_feel.api import parse_expression
text, data = json.loads(sys.argv[1])
value = parse_expression(text, data)
print(json.dumps([value, min(timeit.repeat(lambda: parse_expression(text, data), number=500,
                                           repeat=3)) / 500 * 1e6]))
"""
_PYSFEEL = """
import json, sys, timeit
import pySFeel
text, data = json.loads(sys.argv[1])
parser = pySFeel.SFeelParser()
for name, value in data.items():
    parser.sFeelParse(f"{name} <- {json.dumps(value)}")
value = parser.sFeelParse(text)[1]
print(json.dumps([value, min(timeit.repeat(lambda: parser.sFeelParse(text), number=500,
                                           repeat=3)) / 500 * 1e6]))
"""


def nanoseconds(call: Callable[[], Any], times: int) -> float:
    """The best of five rows of calls, per call."""
    return min(timeit.repeat(call, number=times, repeat=5)) / times * 1e9


def evaluations() -> Table:
    """Evaluation by kind of data: the first use, and after code was generated."""
    table = Table("evaluate, ns", "closures", "after 200 evaluations", title=EXPRESSION)
    for name, data in DATA.items():
        expression = compile_fresh(EXPRESSION)
        explained = expression.evaluate_explained(data).value
        cold = nanoseconds(lambda e=expression, d=data: e.evaluate_by_closures(d), 5_000)  # type: ignore[misc]
        for _ in range(250):
            assert expression.evaluate(DATA["whole numbers"]) is True
        assert expression.evaluate(data) == explained
        warm = nanoseconds(lambda e=expression, d=data: e.evaluate(d), 50_000)  # type: ignore[misc]
        table.add_row(name, f"{cold:,.0f}", f"{warm:,.0f}")
    items = {"items": [{"price": number % 1000, "name": "x"} for number in range(1_000)]}
    expression = compile_fresh(ITEMS)
    spent = nanoseconds(lambda: expression.evaluate(items), 20)
    table.add_row(f"{ITEMS}, 1,000 contexts", f"{spent:,.0f}", "-")
    return table


def compilations() -> Table:
    """Parsing and compiling, nothing kept from one to the next."""
    table = Table("parse and compile, µs", "camunda", "dmn")
    for name, text in TYPICAL.items():
        spent = [
            nanoseconds(lambda t=text, d=dialect: compile_fresh(t, d), 200) / 1000  # type: ignore[misc]
            for dialect in ("camunda", "dmn")
        ]
        table.add_row(f"{name}: {text}", *(f"{each:.0f}" for each in spent))
    return table


def hostile() -> Table:
    table = Table("hostile texts", "ms", "answer")
    for name, text in HOSTILE.items():
        answer = "a value"
        began = timeit.default_timer()
        try:
            feel.compile(text).evaluate({"a": 1})
        except feel.FeelError as fault:
            answer = type(fault).__name__
        spent = timeit.default_timer() - began
        table.add_row(name, f"{spent * 1000:.0f}", answer)
    return table


def others() -> Table:
    """The other packages with whole numbers, in µs."""
    table = Table("beside, µs", "parse and evaluate", "parse alone", "value")
    ours = compile_fresh(EXPRESSION)
    data = DATA["whole numbers"]
    both = nanoseconds(lambda: compile_fresh(EXPRESSION).evaluate(data), 500) / 1000
    parse = nanoseconds(lambda: compile_fresh(EXPRESSION), 500) / 1000
    table.add_row("remit", f"{both:.1f}", f"{parse:.1f} (and compile)", str(ours.evaluate(data)))
    folder = Path(tempfile.mkdtemp(prefix="remit-feel-"))
    try:
        for name, found in (
            (FEELIN, feelin(folder, data)),
            (OTHERS[0], package(folder, OTHERS[0], _BKFLOW, data)),
            (OTHERS[1], package(folder, OTHERS[1], _PYSFEEL, data)),
        ):
            if found is None:
                table.add_row(name, "not there", "", "")
            else:
                rest = f"{found[2]:.1f}" if len(found) > 2 else "-"
                table.add_row(name, f"{found[1]:.1f}", rest, str(found[0]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return table


def feelin(folder: Path, data: dict[str, Any]) -> list[Any] | None:
    """(value, µs of evaluate, µs of parsing) in Node."""
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]
    script = folder / "run.mjs"
    script.write_text(_NODE)
    with suppress(OSError, subprocess.SubprocessError, ValueError):
        subprocess.run([*install, FEELIN], check=True, capture_output=True, timeout=120)
        return answer(["node", str(script), json.dumps([EXPRESSION, data])], None)
    return None


def package(folder: Path, name: str, script: str, data: dict[str, Any]) -> list[Any] | None:
    """(value, µs) of a package from PyPI, in a Python of its own."""
    target = folder / name.partition("=")[0]
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target), name]
    with suppress(OSError, subprocess.SubprocessError, ValueError):
        subprocess.run(install, check=True, capture_output=True, timeout=180)
        command = [sys.executable, "-c", script, json.dumps([EXPRESSION, data])]
        return answer(command, {**os.environ, "PYTHONPATH": str(target)})
    return None


def answer(command: list[str], environment: dict[str, str] | None) -> list[Any]:
    run = subprocess.run(command, check=True, capture_output=True, timeout=120, env=environment)
    found: list[Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def main() -> None:
    console = Console(width=120)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    console.print(f"{datetime.now(UTC):%Y-%m-%d} · {python} · {os.cpu_count()} CPUs")
    for measured in (evaluations, compilations, hostile, others):
        console.print(measured())


if __name__ == "__main__":
    main()
