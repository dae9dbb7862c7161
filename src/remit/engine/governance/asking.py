"""A step of an instance is admitted against the policy that it carries, before it happens.

The policy comes with the creation of an instance, as signed grants under the reserved variable
`_policy`; the broker, a holder that the grants name, binds them to the one instance. A called process
carries a derivative of its caller's policy, which can only take away. Without a policy nothing is asked.

An admission is an event right before the effect; a rejection is an event and nothing else. Replaying the
log applies what was decided and asks nothing again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from remit.authority.policy import Denial
from remit.authority.slope import HopKind
from remit.base.errors import Denied
from remit.engine.faults import IncidentRaised
from remit.engine.governance.carried import at_hand, governed_row
from remit.engine.governance.questions import Answer, Question, ask, hop_of
from remit.engine.governance.telling import (
    about_of,
    log_admission,
    log_own_step,
    rejection,
    sentence,
)
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.protocol.events.governance import (
    GovernanceEvent,
    StepRejected,
)


class StepDenied(Denied):
    """A command is denied: `events` tell of it in the log, where nothing else of it is."""

    def __init__(self, message: str, *events: GovernanceEvent) -> None:
        super().__init__(message)
        self.events = events


class ElementDenied(IncidentRaised):
    """An element's own step is denied: an incident, and `event` in the log."""

    def __init__(self, message: str, event: StepRejected, on_deny: Denial = "incident") -> None:
        super().__init__("UNSPECIFIED", message)
        self.event = event
        self.on_deny = on_deny


def admit_command(
    run: Run,
    element: ElementInstance | None,
    action: str,
    facts: Mapping[str, Any],
    kind: HopKind = "human",
) -> None:
    """A command of somebody outside; raises `StepDenied`. `kind` says what that somebody is."""
    checked = check_command(run, element, action, facts, kind)
    if checked is not None:
        log_admission(run, *checked)


def check_command(
    run: Run,
    element: ElementInstance | None,
    action: str,
    facts: Mapping[str, Any],
    kind: HopKind = "human",
) -> tuple[Question, Answer] | None:
    """The same without an admission: asked in advance, where something else is admitted first.

    None: no policy governs it.
    """
    row = governed_row(run, element)
    if row is None or element is None:
        return None
    asked = Question(row, element, action, facts, hop_of(run.actor, kind))
    answer = ask(run, asked)
    if not answer.decision.admitted:
        raise StepDenied(sentence(run, asked, answer), rejection(run, asked, answer))
    return asked, answer


def admit_step(
    run: Run, element: ElementInstance | None, action: str, facts: Mapping[str, Any]
) -> None:
    """A step that the engine takes by itself; raises `ElementDenied`."""
    row = governed_row(run, element)
    if row is None or element is None:
        return
    if passes(run, element, action, facts.get("elementId", element.element), about_of(facts)):
        return
    asked = Question(row, element, action, facts, None)
    answer = ask(run, asked)
    if not answer.decision.admitted:
        raise denied_step(run, asked, answer)
    log_admission(run, asked, answer)


def admit_beginning(
    run: Run, unborn: ElementInstance, facts: Mapping[str, Any], action: str = "instance.create"
) -> None:
    """The creation of an instance; raises `StepDenied`. Its initiator is on the slope already."""
    row = governed_row(run, unborn)
    assert row is not None, "its policy was attached"
    if passes(run, unborn, action, facts.get("elementId", unborn.element), about_of(facts)):
        return
    asked = Question(row, unborn, action, facts, None)
    answer = ask(run, asked)
    if not answer.decision.admitted:
        raise StepDenied(sentence(run, asked, answer), rejection(run, asked, answer))
    log_admission(run, asked, answer)


def passes(run: Run, element: ElementInstance, action: str, of: str, about: str = "") -> bool:
    """Admit a step of the engine's own that a policy can only admit, whatever the facts are.

    `of` is the element that the step is of, `about` what else it is about. False: the question has to be
    asked with its facts, or nothing governs the step.
    """
    row = run.state.governed.rows.get(element.instance)
    if row is None:
        return False
    carried = at_hand(run.state, row, element)
    if carried is None:
        return False
    clauses = carried.authority.passes(action, run.now)
    if clauses is None:
        return False
    log_own_step(run, element, action, of, about, clauses, {})
    return True


def denied_step(run: Run, asked: Question, answer: Answer) -> ElementDenied:
    event = rejection(run, asked, answer)
    return ElementDenied(sentence(run, asked, answer), event, answer.decision.on_deny or "incident")
