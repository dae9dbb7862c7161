"""One module per command: it checks everything, then emits, or raises a `Rejection`."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from remit.engine.run import Handler
from remit.protocol.commands import Command


def _commands() -> dict[type[Command], Handler]:
    """Each module here handles the command of its name: `complete_job` handles `CompleteJob`."""
    found: dict[type[Command], Handler] = {}
    for module in iter_modules(__path__):
        handlers = import_module(f"{__name__}.{module.name}").HANDLES
        found.update(handlers)
    return found


COMMANDS: dict[type[Command], Handler] = _commands()
