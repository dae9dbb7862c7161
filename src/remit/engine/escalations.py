"""Escalations: who catches one (rule 54).

The search goes outward like that of an error; nobody is no fault: the record says so, and the thrower
goes on. It also goes on when its catcher does not interrupt.
"""

from __future__ import annotations

from remit.engine.errors import find_catcher
from remit.engine.expressions import evaluate
from remit.engine.faults import extract_value_error
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.engine.triggering import is_interrupting, trigger
from remit.model.bpmn.graph import EscalationDefinition
from remit.protocol.events.escalation import Escalated, NotEscalated
from remit.protocol.values import Document


def code_of(run: Run, definition: EscalationDefinition, element: ElementInstance) -> str:
    """The code that is thrown; it may be an expression."""
    assert definition.code is not None
    code = evaluate(run, definition.code, element.key)
    if not isinstance(code, str):
        raise extract_value_error(
            f"Expected the escalation code '{definition.code.text}' of '{element.element}' to be a "
            f"string, but it is {code!r}"
        )
    return code


def throw(run: Run, thrower: ElementInstance, code: str, variables: Document | None = None) -> bool:
    """Whoever catches it gets the variables. Returns whether the thrower goes on."""
    scope = run.element(thrower.scope)
    catcher = find_catcher(run, scope, code, EscalationDefinition)
    told = (run.new_key(), thrower.instance, thrower.definition, code, thrower.element)
    if catcher is None:
        run.emit(NotEscalated(*told, tenant=thrower.tenant))
        return True
    run.emit(Escalated(*told, catcher.target, thrower.tenant))
    target = run.definition(catcher.host.definition).process.nodes[catcher.target]
    trigger(run, catcher.host, catcher.target, variables or {})
    return not is_interrupting(target)
