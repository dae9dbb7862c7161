"""Steps of the engine that are more than one question: flows, choices, variables."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from remit.authority.slope import Hop, HopKind
from remit.authority.vocabulary import value_types
from remit.engine.faults import IncidentRaised
from remit.engine.governance.asking import admit_command, admit_step, check_command, passes
from remit.engine.governance.carried import governed_row
from remit.engine.governance.questions import Answer, Question, ask, hop_of
from remit.engine.governance.telling import log_admission, rejection, tell
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance, Governed
from remit.engine.variables import MISSING, look_up
from remit.model.bpmn.graph import Flow, Node
from remit.protocol.values import POLICY, Document


def admit_flows(run: Run, element: ElementInstance, node: Node, flows: Iterable[Flow]) -> None:
    """Each flow that `element` sends a token along; raises `ElementDenied`."""
    for flow in flows:
        if passes(run, element, "flow.take", element.element, flow.id):
            continue
        facts = {
            "flowId": flow.id,
            "source": node.id,
            "target": flow.target.id,
            "isDefault": flow is node.default,
        }
        admit_step(run, element, "flow.take", facts)


def admit_conditions(run: Run, element: ElementInstance, node: Node) -> None:
    """The variables that the conditions of a node read, before they are read (T30)."""
    if governed_row(run, element) is None:
        return
    names = {
        name
        for flow in node.outgoing
        if flow.condition is not None
        for name in flow.condition.variables
    }
    if names:
        facts = {"varNames": tuple(sorted(names)), "scope": element.element}
        admit_step(run, element, "var.read", {**facts, "purpose": "condition"})


def admit_choice(run: Run, element: ElementInstance, node: Node, chosen: Sequence[Flow]) -> None:
    """A decision between flows, and then each that was chosen, once per token along it.

    Raises `ElementDenied`.
    """
    if governed_row(run, element) is None:
        return
    conditions = [flow.condition.text for flow in node.outgoing if flow.condition is not None]
    if conditions:
        facts = {
            "gatewayType": node.type.value,
            "candidateFlows": tuple(flow.id for flow in node.outgoing),
            "chosenFlows": tuple(dict.fromkeys(flow.id for flow in chosen)),
            "exprHash": hashlib.sha256("\n".join(conditions).encode()).hexdigest(),
        }
        admit_step(run, element, "gateway.decide", facts)
    admit_flows(run, element, node, chosen)


def admit_write(run: Run, element: ElementInstance, document: Document, source: str) -> None:
    """Variables that a step of the engine writes; raises `ElementDenied`.

    The reserved one is written by no model, whatever the policy says: `IncidentRaised` (T1).
    """
    if document and governed_row(run, element) is not None:
        if POLICY in document:
            raise IncidentRaised(
                "IO_MAPPING_ERROR",
                f"Expected '{element.element}' to write variables without '{POLICY}': it is reserved "
                f"for the policy of the instance",
            )
        admit_step(run, element, "var.write", write_facts(element, document, source))


def write_facts(element: ElementInstance, document: Document, source: str) -> dict[str, object]:
    """What a policy may ask about a write; `source` is job, user task, message, api, mapping, event,
    result, collection, data."""
    return {
        "varNames": tuple(sorted(document)),
        "scope": element.element,
        "source": source,
        "valueTypes": value_types(document),
    }


def _reading(
    row: Governed, element: ElementInstance, names: Iterable[str], purpose: str, hop: Hop | None
) -> Question:
    """Whether variables of these names may be read at `element`."""
    facts = {"varNames": tuple(sorted(names)), "scope": element.element, "purpose": purpose}
    return Question(row, element, "var.read", facts, hop)


def reads_all(
    run: Run, element: ElementInstance, variables: Document
) -> tuple[Question, Answer] | None:
    """Where the worker of a job may read all its `variables`: that it may. None: there are none, or not
    all of them, see `readable`."""
    row = governed_row(run, element)
    if row is None or not variables:
        return None
    asked = _reading(row, element, variables, "job", hop_of(run.actor, "worker"))
    answer = ask(run, asked)
    return (asked, answer) if answer.decision.admitted else None


def readable(
    run: Run,
    element: ElementInstance,
    variables: Document,
    purpose: str,
    about: str,
    *,
    by_engine: bool = False,
) -> Document:
    """The variables that may be read, of those that were asked for; a rejection names the others.

    `about` tells one reader from another, so that the same rejection is told once. A worker reads them,
    or the engine does, for somebody who is not there in this turn.
    """
    row = governed_row(run, element)
    if row is None or not variables:
        return variables
    hop = None if by_engine else hop_of(run.actor, "worker")

    def question(names: Iterable[str]) -> Question:
        return _reading(row, element, names, purpose, hop)

    everything = question(variables)
    answer = ask(run, everything)
    if answer.decision.admitted:
        log_admission(run, everything, answer)
        return variables
    kept = tuple(
        name for name in sorted(variables) if ask(run, question((name,))).decision.admitted
    )
    refused = tuple(name for name in sorted(variables) if name not in kept)
    told = f"{about} {' '.join(refused)}"
    if told not in row.rejections:
        tell(run, rejection(run, question(refused), ask(run, question(refused)), told))
    if kept:
        now = governed_row(run, element)
        assert now is not None
        less = replace(question(kept), row=now)
        answer = ask(run, less)
        if not answer.decision.admitted:
            return {}
        log_admission(run, less, answer)
    return {name: variables[name] for name in kept}


def readable_beside(
    run: Run, element: ElementInstance, delivered: Document, names: Sequence[str]
) -> tuple[str, ...]:
    """Those of `names` that the worker of a job may not read; that it is shown the others is logged.

    Nobody has asked for them, so that one that is kept is no rejection in the log. What is shown goes
    with the `delivered` variables: where the policy lets nobody read all of it together, none is shown.
    """
    row = governed_row(run, element)
    assert row is not None, "what is ungoverned has no clauses"

    hop = hop_of(run.actor, "worker")

    def question(names: Iterable[str]) -> Question:
        return _reading(row, element, names, "job", hop)

    kept = tuple(name for name in names if ask(run, question((name,))).decision.admitted)
    shown = [name for name in kept if look_up(run, element.key, name) is not MISSING]
    if shown:
        together = question({*delivered, *shown})
        answer = ask(run, together)
        if answer.decision.admitted:
            log_admission(run, together, answer)
        else:
            kept = ()
    return tuple(name for name in names if name not in kept)


def check_write_by(
    run: Run, element: ElementInstance, document: Document, source: str, kind: HopKind = "human"
) -> tuple[Question, Answer] | None:
    """Before a command is admitted that brings variables; raises `StepDenied`. None: it brings none."""
    if not document or governed_row(run, element) is None:
        return None
    return check_command(run, element, "var.write", write_facts(element, document, source), kind)


def admit_write_by(
    run: Run, element: ElementInstance, document: Document, source: str, kind: HopKind = "human"
) -> None:
    """Variables that somebody's command brings; raises `StepDenied`."""
    if document and governed_row(run, element) is not None:
        admit_command(run, element, "var.write", write_facts(element, document, source), kind)
