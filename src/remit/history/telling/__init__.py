"""Telling: what each event changes in the tables of history, one module per family."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from remit.history.telling.told import Tells


def _tells() -> Tells:
    found: Tells = {}
    for module in iter_modules(__path__):
        found = {**found, **getattr(import_module(f"{__name__}.{module.name}"), "TELLS", {})}
    return found


TELLS = _tells()
