"""The load generator (Go): built once into .run/, used by the benchmarks."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SOURCE = Path(__file__).parent
SOURCES = sorted(path for path in SOURCE.glob("*.*") if path.suffix in (".go", ".mod", ".sum"))


def build() -> Path | None:
    """The generator, built when there is none of these very sources; None where there is no Go."""
    if shutil.which("go") is None:
        return None
    found = binary()
    if not found.exists():
        found.parent.mkdir(exist_ok=True)
        subprocess.run(["go", "mod", "tidy"], cwd=SOURCE, check=True, capture_output=True)
        subprocess.run(["go", "build", "-o", str(found), "."], cwd=SOURCE, check=True)
    return found


@cache
def binary() -> Path:
    """Named by what it is built of, so that two checkouts with one `.run` do not mistake theirs."""
    content = b"".join(path.read_bytes() for path in SOURCES)
    return ROOT / ".run" / f"load-{hashlib.sha256(content).hexdigest()[:12]}"


def run(address: str, **options: object) -> dict[str, Any]:
    """One load; options are the generator's flags."""
    flags = [f"-{name}={value}" for name, value in options.items()]
    done = subprocess.run(
        [str(binary()), f"-address={address}", *flags], capture_output=True, text=True, check=True
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result
