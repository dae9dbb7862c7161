"""The name is the address: one element, one stem on every floor; every event has its fold."""

from __future__ import annotations

from remit.engine.commands import COMMANDS
from remit.engine.plans import ELEMENTS
from remit.engine.state.folds import FOLDS
from remit.model.bpmn.elements import READERS
from remit.protocol.commands import Command
from remit.protocol.events import EVENTS

DERIVED = {"event_sub_process", "process"}
"""Elements that share the XML tag of another, or are read by the reader itself."""


def test_every_element_that_is_read_has_a_behaviour() -> None:
    read = {reader.__module__.rsplit(".", 1)[1] for reader in READERS.values()}

    assert read | DERIVED == set(ELEMENTS)


def test_every_event_has_exactly_one_fold() -> None:
    assert set(FOLDS) == set(EVENTS.values())


def test_every_command_has_a_handler() -> None:
    assert set(COMMANDS) == set(Command.__subclasses__())
