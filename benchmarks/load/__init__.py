"""The load generator (Go): built once into .run/, used by the benchmarks."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SOURCE = Path(__file__).parent
BINARY = ROOT / ".run" / "load"


def build() -> Path | None:
    """The generator, built when it is missing or old; None where there is no Go."""
    if shutil.which("go") is None:
        return None
    newest = max(path.stat().st_mtime for path in SOURCE.glob("*.*"))
    if not BINARY.exists() or BINARY.stat().st_mtime < newest:
        BINARY.parent.mkdir(exist_ok=True)
        subprocess.run(["go", "mod", "tidy"], cwd=SOURCE, check=True, capture_output=True)
        subprocess.run(["go", "build", "-o", str(BINARY), "."], cwd=SOURCE, check=True)
    return BINARY


def run(address: str, **options: object) -> dict[str, Any]:
    """One load; options are the generator's flags."""
    flags = [f"-{name}={value}" for name, value in options.items()]
    done = subprocess.run(
        [str(BINARY), f"-address={address}", *flags], capture_output=True, text=True, check=True
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result
