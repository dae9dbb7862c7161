"""What becomes of a step that the policy of its instance denies: an incident, an error, or nothing.

`on_deny` of the policy says which. An incident holds the step: resolving it asks again.
"""

from __future__ import annotations

from msgspec.structs import replace

from remit.engine import incidents
from remit.engine.agenda import Hit, Item, ThrowDenied, held
from remit.engine.faults import IncidentRaised
from remit.engine.governance import ElementDenied, admit_step, tell
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance


def stopped(run: Run, element: ElementInstance, fault: IncidentRaised, stage: str) -> None:
    """A step at `element` failed, or was denied; `stage` is where it goes on."""
    if isinstance(fault, ElementDenied):
        denied(run, element, fault, stage)
    else:
        incidents.create(run, element, fault, stage=stage)


def denied(run: Run, element: ElementInstance, fault: ElementDenied, stage: str) -> None:
    """A step at `element` was denied; `stage` is where an incident goes on."""
    tell(run, fault.event)
    if fault.on_deny == "error":
        run.later(ThrowDenied(element.key, stage, str(fault)))
    else:
        incidents.create(run, element, fault, stage=stage)


def may_happen(run: Run, host: ElementInstance, item: Hit) -> bool:
    """Whether an event that `host` waits for may happen; what becomes of it otherwise is done here."""
    if host.is_ungoverned:
        return True
    facts = {"name": item.name, "target": item.target, "elementId": item.target}
    try:
        admit_step(run, host, item.action, facts)
    except ElementDenied as fault:
        not_happened(run, host, fault, f"{item.target} {item.action}", item)
        return False
    return True


def not_happened(
    run: Run, host: ElementInstance, fault: ElementDenied, what: str, item: Item
) -> None:
    """`what` was denied, at `host`: something that comes again. An incident holds `item`.

    The same denial is told once, however often it comes (T27).
    """
    about = f"{host.key} {what} {fault.event.reason}"
    row = run.state.governed.get(host.instance)
    is_new = row is None or about not in row.rejections
    if is_new:
        tell(run, replace(fault.event, about=about))
    if fault.on_deny == "error":
        run.later(ThrowDenied(host.key, held(item), str(fault)))
    elif fault.on_deny == "incident" and not _is_held(run, host, held(item)):
        incidents.create(run, host, fault, stage=held(item))


def _is_held(run: Run, element: ElementInstance, stage: str) -> bool:
    """An event that happens again and again is held once."""
    return any(each.stage == stage for each in run.state.incidents.values_of(element.key))
