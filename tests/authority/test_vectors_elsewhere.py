"""The test vectors, executed by an implementation in another language that has nothing of ours.

`elsewhere/vectors.mjs` was written from docs/reference/policy-format.md: what it needs is said there.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["node", str(HERE / "elsewhere" / "vectors.mjs"), str(folder)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_another_language_decides_as_the_vectors_say() -> None:
    done = run(HERE / "vectors")
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.findall("^([0-9]+) as expected, 0 otherwise$", done.stdout, re.M)[0]) > 190


@pytest.mark.parametrize(
    ("name", "where", "value"),
    [
        ("decisions", ("cases", 0, "clauses", 0), "A2"),
        ("slopes", ("steps", 2, "after", "low"), 7),
        ("chains", ("chains", 3, "result"), "link"),
        ("partial", ("cases", 2, "left", "clause"), "D2"),
        ("merkle", ("roots", 5), "00" * 32),
    ],
)
def test_it_notices_when_something_else_comes_out(
    name: str, where: tuple[Any, ...], value: object, tmp_path: Path
) -> None:
    shutil.copytree(HERE / "vectors", tmp_path / "vectors")
    file = tmp_path / "vectors" / f"{name}.json"
    document: Any = json.loads(file.read_text())
    place = document
    for step in where[:-1]:
        place = place[step]
    assert place[where[-1]] != value
    place[where[-1]] = value
    file.write_text(json.dumps(document))

    assert run(tmp_path / "vectors").returncode == 1
