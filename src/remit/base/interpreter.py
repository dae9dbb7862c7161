"""The Python that a broker's other processes run on, where this one is embedded in a server."""

from __future__ import annotations

import os
import sys

PYTHON = "REMIT_PYTHON"
"""Environment: where that interpreter is; told to whoever embeds one."""

_EMBEDDING = ("LD_PRELOAD", "PYTHONHOME")
"""What a server that embeds Python sets for itself, and an ordinary Python must not have."""


def executable() -> str:
    return os.environ.get(PYTHON, sys.executable)


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _EMBEDDING}
