"""Remit: a durable, governed workflow engine for BPMN, DMN and CMMN.

`remit.Engine` is the engine inside your own program; it is loaded when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from remit.embedded import Engine, Refused

__all__ = ["Engine", "Refused", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name in ("Engine", "Refused"):
        return getattr(import_module("remit.embedded"), name)
    raise AttributeError(f"module 'remit' has no attribute '{name}'")
