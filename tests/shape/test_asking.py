"""Elements, stages and commands always ask the policy; what need not be asked is known in one place.

An element's row says whether its instance began without a policy. Only the life cycle, which all
elements share, goes by that; whoever writes an element or a command can't take the short cut at the
wrong place.
"""

from __future__ import annotations

import ast
from pathlib import Path

ENGINE = Path(__file__).parents[2] / "src" / "remit" / "engine"

MAY_SKIP = {
    "governance", "lifecycle.py", "denials.py", "state",
    "commands/activate_jobs.py",  # undoes what was admitted when an answer grows too large
}  # fmt: skip
"""Where it is known whether an instance is governed: asked there, and nowhere beside it."""


def _where(path: Path) -> set[str]:
    parts = path.relative_to(ENGINE).parts
    return {parts[0], "/".join(parts)}


def _reads(path: Path) -> set[str]:
    """Of what tells whether an instance is governed, what a module reads."""
    tree = ast.parse(path.read_text())
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return names & {"governed", "is_ungoverned"}


def test_only_the_life_cycle_knows_which_instances_need_not_be_asked() -> None:
    elsewhere = {
        str(path.relative_to(ENGINE)): found
        for path in sorted(ENGINE.rglob("*.py"))
        if not _where(path) & MAY_SKIP and (found := _reads(path))
    }

    assert elsewhere == {}


def test_the_mark_of_the_ungoverned_is_set_once_where_an_element_begins() -> None:
    setting = [
        str(path.relative_to(ENGINE))
        for path in sorted(ENGINE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.keyword) and node.arg == "is_ungoverned"
    ]

    assert setting == ["state/folds/process_instance.py"]
