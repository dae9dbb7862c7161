"""The house stands: imports go down, never up and never sideways."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src" / "remit"

FLOORS: list[set[str]] = [  # bottom first; the same list draws the map in ARCHITECTURE.md
    {"base"},
    {"protocol", "feel"},
    {"model"},
    {"dmn", "authority", "identity"},
    {"engine"},
    {"partition"},
    {"exporters", "history", "audit", "cluster", "embedded"},
    {"gateway"},
    {"cli", "console", "server"},
]
BESIDE = {"client": {"base", "protocol", "authority"}}
"""Rooms beside the tower, with all that they may import."""

DOORS_MAY_MEET = {("cli", "server")}
"""The command line starts the server."""

FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def room(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def imports(path: Path) -> set[str]:
    """The rooms that a module imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "remit":
                names = [f"remit.{alias.name}" for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("remit.")}
    return found & set(FLOOR)


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "stubs" not in path.parts)


def test_imports_only_go_down() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {target}"
        for path in modules()
        if room(path) in FLOOR
        for target in imports(path) - {room(path)}
        if FLOOR[target] >= FLOOR[room(path)] and (room(path), target) not in DOORS_MAY_MEET
    ]

    assert not wrong, "\n".join(wrong)


def test_rooms_beside_the_tower_keep_to_what_they_may_see() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {target}"
        for path in modules()
        for target in imports(path) - {room(path)}
        if room(path) in BESIDE and target not in BESIDE[room(path)]
    ]

    assert not wrong, "\n".join(wrong)


def test_the_engine_knows_no_clock_no_randomness_and_no_io() -> None:
    forbidden = {"time", "random", "os", "asyncio", "threading", "socket", "apsw", "sqlite3"}
    wrong = []
    for path in (PACKAGE / "engine").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name.split(".")[0] for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module.split(".")[0]]
            wrong += [f"{path.name} imports {name}" for name in names if name in forbidden]

    assert not wrong, "\n".join(wrong)


def test_no_import_hides_in_a_function() -> None:
    wrong = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                inner = [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)]
                wrong += [f"{path.relative_to(PACKAGE)}:{each.lineno}" for each in inner]

    assert not wrong, "\n".join(wrong)
