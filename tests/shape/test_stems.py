"""The name is the address: one element, one stem on every floor; every event has its fold."""

from __future__ import annotations

from remit.engine.commands import COMMANDS
from remit.engine.plans import ELEMENTS
from remit.engine.state.folds import FOLDS
from remit.model.bpmn.elements import MODULES
from remit.protocol.commands import Command
from remit.protocol.events import EVENTS

NOT_DRAWN = {"ad_hoc_inner_instance"}
"""Scopes that the engine opens and no model shows."""


def test_every_element_that_is_played_is_read_under_the_same_stem() -> None:
    """The other way round, deployment refuses by name what is read but not played."""
    assert set(ELEMENTS) - NOT_DRAWN <= set(MODULES)


def test_every_event_has_exactly_one_fold() -> None:
    assert set(FOLDS) == set(EVENTS.values())


def test_every_command_has_a_handler() -> None:
    assert set(COMMANDS) == set(Command.__subclasses__())
