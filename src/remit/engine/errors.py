"""BPMN errors: who catches one (rules 49-53).

The search goes outward from a scope, over call activities into the parent instance. At each element
its event sub-processes and boundary events with the very code come first, then those without code.
Elements that are ending, or were interrupted, are passed by.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from remit.engine import incidents
from remit.engine.agenda import ThrowDenied
from remit.engine.expressions import evaluate, evaluate_static
from remit.engine.faults import IncidentRaised, extract_value_error
from remit.engine.governance import GOV_DENIED
from remit.engine.run import Run
from remit.engine.stages.events import hosted
from remit.engine.state.entities import ElementInstance
from remit.engine.triggering import accepts, trigger
from remit.model.bpmn.graph import ErrorDefinition, EscalationDefinition, EventNode
from remit.protocol.values import NONE_KEY


@dataclass(frozen=True, slots=True)
class Catcher:
    """Event `target`, hosted by `host`, catches."""

    host: ElementInstance
    target: str


def code_of(run: Run, definition: ErrorDefinition, element: ElementInstance) -> str:
    """The code that an end event throws; it may be an expression (rule 52)."""
    assert definition.code is not None
    code = evaluate(run, definition.code, element.key)
    if not isinstance(code, str):
        raise extract_value_error(
            f"Expected the error code '{definition.code.text}' of '{element.element}' to be a "
            f"string, but it is {code!r}"
        )
    return code


def outward(run: Run, element: ElementInstance | None) -> Iterator[ElementInstance]:
    """The element itself, then every scope around it, over call activities."""
    while element is not None:
        yield element
        above = element.scope if element.scope != NONE_KEY else element.parent_element
        element = run.state.elements.get(above) if above != NONE_KEY else None


def find_catcher(
    run: Run,
    start: ElementInstance,
    code: str,
    kind: type[ErrorDefinition] | type[EscalationDefinition] = ErrorDefinition,
) -> Catcher | None:
    """Who catches this error, or escalation; None when nobody does."""
    for host in outward(run, start):
        if not accepts(host):
            continue
        target = _target(hosted(run.plan(host)), code, run.now, kind)
        if target is not None:
            return Catcher(host, target)
    return None


def catcher_or_incident(
    run: Run, start: ElementInstance, thrower: ElementInstance, code: str, message: str = ""
) -> Catcher:
    catcher = find_catcher(run, start, code)
    if catcher is None:
        raise unhandled(thrower, code, message)
    return catcher


def throw_denied(run: Run, item: ThrowDenied) -> None:
    """A denied step is the error GOV_DENIED of its element; an incident when nobody catches it."""
    element = run.state.elements.get(item.key)
    if element is None:
        return
    catcher = find_catcher(run, element, GOV_DENIED)
    if catcher is None:
        fault = IncidentRaised("UNHANDLED_ERROR_EVENT", item.message)
        incidents.create(run, element, fault, stage=item.stage)
    else:
        trigger(run, catcher.host, catcher.target, {})


def unhandled(thrower: ElementInstance, code: str, message: str) -> IncidentRaised:
    said = f" and message '{message}'" if message else ""
    return IncidentRaised(
        "UNHANDLED_ERROR_EVENT",
        f"Expected to throw an error event with the code '{code}'{said} at '{thrower.element}', but "
        f"it was not caught: no event sub-process or boundary event on the way out has this code or "
        f"none",
    )


def _target(
    events: list[EventNode],
    code: str,
    now: int,
    kind: type[ErrorDefinition] | type[EscalationDefinition],
) -> str | None:
    """The event with the very code, else one that catches every code."""
    catch_all = None
    for event in events:
        for definition in event.definitions:
            if not isinstance(definition, kind):
                continue
            if definition.code is None:
                catch_all = catch_all or event.id
            elif evaluate_static(definition.code, now) == code:
                return event.id
    return catch_all
