"""The test vectors, executed by an implementation in another language that has nothing of ours.

`elsewhere/vectors.mjs` was written from docs/reference/policy-format.md: what it needs is said there.
"""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from remit.authority import (
    START,
    Authority,
    AuthorityFault,
    Hop,
    Slope,
    compile_chain,
    verify_chain,
)
from remit.authority.derive import Attenuation
from remit.authority.partial import Left, admit_partly
from tests.authority import strategies as some
from tests.authority import world
from tests.authority.make_vectors import state
from tests.authority.test_chains import child_of
from tests.authority.test_vectors import slope as slope_of

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


def test_both_decide_alike_about_random_policies(tmp_path: Path) -> None:
    """Grants and called processes, slopes and hops, with all facts and with some withheld."""
    shutil.copytree(HERE / "vectors", tmp_path / "vectors")
    decided: list[object] = []
    partly: list[object] = []

    @given(st.data())
    @settings(max_examples=400, deadline=None, derandomize=True, database=None)
    def ask(data: st.DataObject) -> None:
        case = _asked(data)
        if case is not None:
            decided.append({**case, **_decided(case)})
            partly.append({**case, **_partly(case, data.draw(_withheld))})

    ask()
    for name, cases in (("decisions", decided), ("partial", partly)):
        file = tmp_path / "vectors" / f"{name}.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "cases": cases}))
    done = run(tmp_path / "vectors")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert len(decided) > 200


_withheld = st.lists(
    st.sampled_from(["var.amount", "var.name", "varNames"]), unique=True, max_size=2
)


def _asked(data: st.DataObject) -> dict[str, Any] | None:
    """A question about a random policy; None where nobody would take that policy."""
    clauses = {
        "allow": data.draw(some.allows), "deny": data.draw(some.denies),
        "duty": data.draw(some.duties), "slope": data.draw(st.none() | some.slopes),
    }  # fmt: skip
    chain = world.chain_of(replace(world.GRANT, **clauses))
    subject = {"tenant": "acme", "process": "order", "version": 3, "instance": world.INSTANCE}
    if data.draw(st.booleans()):
        narrowed = Attenuation(
            allow=data.draw(st.none() | some.allows), deny=data.draw(some.denies),
            slope=data.draw(st.none() | some.limits),
        )  # fmt: skip
        chain = verify_chain(child_of(chain, attenuation=narrowed), world.RING)
        subject |= {"process": "billing", "version": 1, "instance": world.CHILD}
    try:
        authority = compile_chain(chain)
    except AuthorityFault:
        return None
    slope = START
    for hop in data.draw(st.lists(some.hops, max_size=3)):
        slope = authority.arithmetic.extend(slope, hop)
    hop = data.draw(st.none() | some.hops)
    facts = data.draw(some.facts)
    return {
        "name": "random", "chain": list(chain.tokens),
        "action": data.draw(st.sampled_from(some.ACTIONS)),
        "facts": {name: each for name, each in facts.items() if _is_finite(each)} | subject,
        "slope": state(slope), "now_ms": world.NOW_MS, "hop": hop and msgspec.to_builtins(hop),
    }  # fmt: skip


def _is_finite(value: object) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _parts(case: dict[str, Any]) -> tuple[Authority, Slope]:
    return compile_chain(verify_chain(case["chain"], world.RING)), slope_of(case["slope"])


def _decided(case: dict[str, Any]) -> dict[str, Any]:
    authority, slope = _parts(case)
    hop = msgspec.convert(case["hop"], Hop | None)
    answer = authority.admit(case["action"], case["facts"], slope, case["now_ms"], hop)
    names = ("admitted", "reason", "clauses", "duties", "on_deny")
    told = {name: getattr(answer, name) for name in names}
    return {**msgspec.to_builtins(told), "after": state(answer.slope)}


def _partly(case: dict[str, Any], withheld: list[str]) -> dict[str, Any]:
    authority, slope = _parts(case)
    answer = admit_partly(
        authority, case["action"], case["facts"], frozenset(withheld), slope, case["now_ms"]
    )
    if isinstance(answer, Left):
        return {"withheld": withheld, "left": msgspec.to_builtins(answer)}
    names = ("admitted", "reason", "clauses")
    return {"withheld": withheld, **{name: getattr(answer, name) for name in names}}


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
