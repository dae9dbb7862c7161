"""What governance costs those who do not use it: `python -m benchmarks.ungoverned`.

Three engines play the same one-task process, in memory, each in a process of its own:

    product     as it is, and no authority is known
    bare        the same code with every question of governance taken out of it as it is loaded
    configured  as it is; keys are known, and an instance under a policy stands beside the others

Rounds are short and go round, so that whatever else runs weighs on all alike; the CPU time of each is
what counts. Two processes of the very same code differ by a per cent (where things come to lie in
memory), so there are several of each, started in turn. A loss is the median over the sets of processes,
and its interval is that of the median of resamples (95 %).
"""

from __future__ import annotations

import ast
import gc
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType
from typing import Any, NamedTuple

PRODUCT, BARE, CONFIGURED = "product", "bare", "configured"
ROLES = (PRODUCT, BARE, CONFIGURED)
SETS, ROUNDS = 8, 12
"""How many processes of each kind, and how many rounds each of them plays."""

INSTANCES = 1_000
POLICY = "_policy"


class Loss(NamedTuple):
    """In per cent of the CPU time of an instance, with the bounds of its 95 % interval."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:+.2f} % ({self.low:+.2f} to {self.high:+.2f})"


class Found(NamedTuple):
    """µs of an engine alone, by kind; what asking costs, and what being ready to ask costs."""

    microseconds: Mapping[str, float]
    asking: Loss
    readiness: Loss


def measure(sets: int = SETS, rounds: int = ROUNDS) -> Found:
    """`sets` times a process of each kind, `rounds` of each by turns."""
    medians: list[dict[str, float]] = []
    for _ in range(sets):
        with _players() as players:
            medians.append(_played(players, rounds))
    return Found(
        {role: statistics.median(each[role] for each in medians) for role in ROLES},
        _loss([each[PRODUCT] / each[BARE] for each in medians]),
        _loss([each[CONFIGURED] / each[PRODUCT] for each in medians]),
    )


def _played(players: Mapping[str, subprocess.Popen[str]], rounds: int) -> dict[str, float]:
    """The median of the rounds of each, after one that does not count."""
    times: dict[str, list[float]] = {role: [] for role in players}
    order = list(players)
    for number in range(rounds + 1):
        for role in order:
            found = _ask(players[role])
            if number:
                times[role].append(found)
        order.append(order.pop(0))
    return {role: statistics.median(each) for role, each in times.items()}


def _loss(ratios: Sequence[float]) -> Loss:
    luck = random.Random(1)
    resampled = sorted(statistics.median(luck.choices(ratios, k=len(ratios))) for _ in range(2_000))
    low, high = resampled[50], resampled[-51]
    return Loss(*((each - 1) * 100 for each in (statistics.median(ratios), low, high)))


# --- the processes ---------------------------------------------------------------------------------


@contextmanager
def _players() -> Iterator[dict[str, subprocess.Popen[str]]]:
    """One process of each kind, in an order of luck."""
    roles = list(ROLES)
    random.shuffle(roles)
    players = {
        role: subprocess.Popen(
            [sys.executable, "-m", "benchmarks.ungoverned", role],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for role in roles
    }  # fmt: skip
    try:
        yield players
    finally:
        for each in players.values():
            each.communicate()


def _ask(player: subprocess.Popen[str]) -> float:
    assert player.stdin is not None
    assert player.stdout is not None
    player.stdin.write("\n")
    player.stdin.flush()
    return float(player.stdout.readline())


def play(role: str) -> None:
    """A round for each line that comes in: µs of CPU per instance."""
    if role == BARE:
        sys.meta_path.insert(0, _Bare())
    from benchmarks import governed  # only now: what it loads may be changed

    made = governed.engine(governed.GOVERNOR if role == CONFIGURED else None)
    if role == CONFIGURED:
        made.create("one", {POLICY: [governed.POLICY_OF_ALL]})
        made.activate("work")  # it stays, so that the table of governed instances is not empty
    gc.collect()
    gc.freeze()
    gc.disable()  # it would fall on one round and not on the next
    for _ in sys.stdin:
        spent = governed.play(made, {"x": 1}, INSTANCES, {"y": 2}).microseconds
        print(spent, flush=True)
        gc.collect()


# --- the code without admission --------------------------------------------------------------------

ENGINE, GOVERNANCE = "remit.engine.", "remit.engine.governance"
STEPS = frozenset(
    {
        "admit_choice", "admit_command", "admit_conditions", "admit_flows", "admit_job",
        "admit_message", "admit_step", "admit_write", "admit_write_by", "check_write_by",
        "refuse_policy",
    }
)  # fmt: skip
"""Calls that only ask: nothing is left of them."""

ALLOWED = frozenset({"may_enter", "passes"})
GIVEN: Mapping[str, int] = {"admit_work": 4, "readable": 2, "without_policy": 2}
"""Calls that give back one of their arguments when there is no policy."""

SHORT_CUT = "is_ungoverned"
"""What rows of elements have, so that little is asked: no row has it, and nothing asks for it."""


class _Bare(MetaPathFinder):
    """Loads the engine without its questions to policies."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if not name.startswith(ENGINE) or name.startswith(GOVERNANCE):
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        tree = ast.parse(self.get_data(self.path))
        return compile(ast.fix_missing_locations(_Without().visit(tree)), self.path, "exec")


class _Without(ast.NodeTransformer):
    """Takes out calls that ask, and tests whether an instance is governed (none is)."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if isinstance(node.value, ast.Call) and _called(node.value) in STEPS:
            return ast.Pass()
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = _called(node)
        if name in ALLOWED:
            return ast.Constant(True)
        return node.args[GIVEN[name]] if name in GIVEN else node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        if _is_governed(node.comparators[-1]):
            return ast.Constant(isinstance(node.ops[0], ast.NotIn))
        return self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return ast.Constant(True) if node.attr == SHORT_CUT else self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> ast.AST | None:
        return None if node.arg == SHORT_CUT else self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        is_none = isinstance(node.op, ast.Not) and _is_governed(node.operand)
        return ast.Constant(True) if is_none else self.generic_visit(node)


def _called(node: ast.Call) -> str:
    called = node.func
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""


def _is_governed(node: ast.expr) -> bool:
    """`….governed` or `….governed.rows`."""
    if isinstance(node, ast.Attribute) and node.attr == "rows":
        node = node.value
    return isinstance(node, ast.Attribute) and node.attr == "governed"


def tell(found: Found) -> None:
    for role, spent in found.microseconds.items():
        print(f"{role:11} {spent:7.2f} µs of CPU per one-task instance, in memory")
    print(f"Asking at all costs an ungoverned instance {found.asking}")
    print(f"Keys, and a governed instance beside it, cost it {found.readiness}")


def main() -> None:
    if len(sys.argv) > 1:
        play(sys.argv[1])
        return
    began = time.perf_counter()
    tell(measure())
    print(f"{SETS} sets of {ROUNDS} rounds, {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
