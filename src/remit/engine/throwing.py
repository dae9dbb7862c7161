"""What throw and end events throw themselves, in document order (B16).

Signals and escalations; and messages along a message flow to another pool of the file (B22), which
wait there as long as `KEPT` for somebody to take them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from remit.base.keys import partition_for
from remit.engine import compensation, escalations, signals
from remit.engine.agenda import Complete
from remit.engine.definitions import Plan, Stage
from remit.engine.expressions import evaluate
from remit.engine.faults import extract_value_error
from remit.engine.governance import admit_step, sender_in
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.engine.variables import local, visible
from remit.feel import Expression
from remit.model.bpmn.graph import (
    CompensationDefinition,
    EscalationDefinition,
    EventDefinition,
    EventNode,
    MessageDefinition,
    Node,
    SignalDefinition,
)
from remit.protocol.commands import DeliverMessage

KEPT = 24 * 60 * 60 * 1000
"""Milliseconds that a message to another pool waits for its receiver."""

Throw = Callable[[], bool]
"""All is evaluated; calling it throws, and returns whether the event itself goes on."""


def throw_signal(run: Run, element: ElementInstance, definition: SignalDefinition) -> Throw:
    """The signal takes along what the event's inputs made; without inputs, nothing."""
    name = text_of(run, definition.name, element, "signal name")
    admit_step(run, element, "signal.broadcast", {"name": name})

    def throw() -> bool:
        signals.broadcast(run, name, local(run, element.key), element.tenant)
        return True

    return throw


def throw_escalation(run: Run, element: ElementInstance, definition: EscalationDefinition) -> Throw:
    code = escalations.code_of(run, definition, element)
    admit_step(run, element, "escalation.throw", {"code": code})
    return lambda: escalations.throw(run, element, code)


def throw_message(run: Run, element: ElementInstance, definition: MessageDefinition) -> Throw:
    """Delivered by name and correlation key, with what the element sees as variables."""
    name = text_of(run, definition.name, element, "message name")
    key = "" if definition.correlation_key is None else _key(run, definition, element)
    facts = {
        "messageName": name,
        "correlationKeyHash": lambda: hashlib.sha256(key.encode()).hexdigest() if key else None,
        "ttl": KEPT,
        "targetTenant": element.tenant,
    }
    admit_step(run, element, "message.publish", facts)

    def throw() -> bool:
        variables = visible(run, element.key)
        partition = partition_for(key, run.state.partitions)
        sender = sender_in(run, element)
        run.send(partition, DeliverMessage(name, key, KEPT, variables, element.tenant, sender))
        return True

    return throw


def _key(run: Run, definition: MessageDefinition, element: ElementInstance) -> str:
    assert definition.correlation_key is not None
    value = evaluate(run, definition.correlation_key, element.key)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise extract_value_error(
            f"Expected the correlation key '{definition.correlation_key.text}' of element "
            f"'{element.element}' to be a string or a number, but it is {value!r}"
        )
    return str(value)


def throw_compensation(
    run: Run, element: ElementInstance, definition: CompensationDefinition
) -> Throw:
    """All that has completed in its scope, or one activity, is undone; it waits for that (B11)."""
    process = run.definition(element.definition).process
    admit_step(run, element, "compensate", {"target": definition.activity or ""})
    return lambda: compensation.throw(
        run, element, compensation.scopes_of(run, element), definition.activity,
        waits=definition.wait_for_completion, in_reverse=not process.parallel_compensation,
    )  # fmt: skip


THROWS: dict[type, Callable[..., Throw]] = {
    SignalDefinition: throw_signal,
    EscalationDefinition: throw_escalation,
    MessageDefinition: throw_message,
    CompensationDefinition: throw_compensation,
}
"""How each kind of event is thrown; a message only where no worker sends it."""


def text_of(run: Run, expression: Expression, element: ElementInstance, what: str) -> str:
    value = evaluate(run, expression, element.key)
    if not isinstance(value, str) or not value:
        raise extract_value_error(
            f"Expected the {what} '{expression.text}' of element '{element.element}' to be a string, "
            f"but it is {value!r}"
        )
    return value


def thrown(node: Node) -> list[EventDefinition]:
    """What the engine throws itself at this event."""
    if not isinstance(node, EventNode):
        return []
    return [
        each
        for each in node.definitions
        if type(each) in THROWS
        and not (isinstance(each, MessageDefinition) and node.delivery is None)
    ]


def throws(node: Node) -> bool:
    return bool(thrown(node))


def plays_throws(node: Node, *others: type) -> bool:
    """Whether each definition is thrown here, sent by a worker, or of a kind in `others`."""
    if not isinstance(node, EventNode):
        return False
    own = thrown(node)
    return all(
        each in own
        or isinstance(each, others)
        or (isinstance(each, MessageDefinition) and node.job is not None)
        for each in node.definitions
    )


def prepare_throws(run: Run, plan: Plan, key: int) -> bool:
    element = run.element(key)
    run.choices[key] = [THROWS[type(each)](run, element, each) for each in thrown(plan.node)]
    return False


THROW = Stage("throw", prepare_throws)


def throw_all(run: Run, plan: Plan, key: int) -> None:
    """The event is active: throw everything. Then it completes, unless somebody has ended it, or a
    worker has something to send as well."""
    goes_on = True
    for throw in run.choices.pop(key):
        goes_on = throw() and goes_on
    assert isinstance(plan.node, EventNode)
    if goes_on and plan.node.job is None:
        run.later(Complete(key))
