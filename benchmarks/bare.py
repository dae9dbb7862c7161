"""The engine without its questions to policies, for what they cost: taken out as the code is loaded.

What is left of governance is what instances, jobs and commands carry: fields, and no code.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Mapping
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, FrameType
from typing import Any

ENGINE, GOVERNANCE = "remit.engine.", "remit.engine.governance"
STEPS = frozenset(
    {
        "admit_choice", "admit_command", "admit_conditions", "admit_flows", "admit_job",
        "admit_message", "admit_step", "admit_write", "admit_write_by", "check_write_by",
        "refuse_policy",
    }
)  # fmt: skip
"""Calls that only ask: nothing is left of them."""

ANSWERS: Mapping[str, bool] = {"gives_or_requires": False, "may_enter": True, "passes": True}
"""Calls of which the answer is known when there is no policy."""

GIVEN: Mapping[str, int] = {"admit_work": 4, "readable": 2, "without_policy": 2}
"""Calls that give back one of their arguments when there is no policy."""

RESERVED = "POLICY"
"""The variable with the policy: none is taken out of what a command brings."""

SHORT_CUT = "is_ungoverned"
"""What rows of elements have, so that little is asked: no row has it, and nothing asks for it."""


GLASS = "broken_glass"
"""What commands may come with: nobody looks whether they do."""


class Bare(MetaPathFinder):
    """Loads the engine without its questions to policies."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if not name.startswith(ENGINE) or name.startswith(GOVERNANCE):
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


def asked(work: Callable[[], object]) -> set[str]:
    """The functions of governance that this calls."""
    met: set[str] = set()

    def see(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_globals["__name__"].startswith(GOVERNANCE):
            met.add(frame.f_code.co_name)

    sys.setprofile(see)
    work()
    sys.setprofile(None)
    return met


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

    def visit_If(self, node: ast.If) -> ast.AST:
        return ast.Pass() if _last(node.test) == GLASS else self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = _called(node)
        if name in ANSWERS:
            return ast.Constant(ANSWERS[name])
        if name == "pop" and node.args and _last(node.args[0]) == RESERVED:
            return ast.Constant(None)
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
    return _last(node.func)


def _last(node: ast.expr) -> str:
    """The name, or the last of several with points between."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_governed(node: ast.expr) -> bool:
    """`….governed` or `….governed.rows`."""
    if isinstance(node, ast.Attribute) and node.attr == "rows":
        node = node.value
    return isinstance(node, ast.Attribute) and node.attr == "governed"
