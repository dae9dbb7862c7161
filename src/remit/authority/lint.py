"""Lint: clauses that can never match, and elements of a model that can never be admitted.

Nothing here decides anything at run time. Rules of the findings:

    impossible   a clause that no facts satisfy
    shadowed     an allow clause that a deny clause always overrules
    repeated     an allow or deny clause that an earlier one already covers
    dead         an allow clause of a derivation that no grant above it ever lets through
    unasked      a clause for an action that no broker asks about
    former       a clause, or a duty, about a fact that this action does not have any more
    unknown      trust for a way in that there is none of, a fact to record that no action has
    uncounted    a clause about trust in a policy that does not say how trust is counted
    expired      a policy whose time is over
    unmade       an allow clause for job.activate, and no clause allows job.create for such a job
    kept         the same for job.timeout: a job whose worker has died stays with it
    element      a step of a model that no allow clause can admit, or that a deny clause always denies
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from remit.authority.constraints import compile_constraint
from remit.authority.policy import Clause, Derive, Grant, Rules, clauses
from remit.authority.ranges import disjoint, implies, impossible
from remit.authority.rules import SLOPE_FACTS, actions_of, former_facts
from remit.authority.slope import unknown_method
from remit.authority.vocabulary import ACTIONS, UNASKED, VARIABLE, closest
from remit.model.bpmn.elements.call_activity import CallActivity
from remit.model.bpmn.elements.user_task import UserTask
from remit.model.bpmn.graph import EventNode, JobActivity, Node, Process


@dataclass(frozen=True, slots=True)
class Lint:
    """Something to look at. `clause` is the id of a clause or of an element."""

    rule: str
    clause: str
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """Something a model will ask for, with the facts that are known beforehand."""

    element: str
    action: str
    facts: dict[str, object]


def lint_rules(rules: Rules) -> list[Lint]:
    """What is wrong with one block. Raises PolicyError for words that do not exist."""
    return [
        *_impossible(rules), *_shadowed(rules), *_repeated(rules), *_alone(rules), *_unasked(rules),
        *_former(rules), *_unknown(rules), *_uncounted(rules),
    ]  # fmt: skip


def lint_time(grant: Grant, now: int) -> list[Lint]:
    """A grant that admits nothing any more, at second `now`."""
    if now < grant.exp:
        return []
    return [Lint("expired", "valid", "the time of this policy is over: it admits nothing")]


def _impossible(rules: Rules) -> Iterator[Lint]:
    for clause in (*rules.deny, *rules.duty, *(rules.allow or ())):
        for attribute, operators in clause.on.items():
            if impossible(operators):
                yield Lint("impossible", clause.id, f"no value of {attribute} can satisfy it")


def _shadowed(rules: Rules) -> Iterator[Lint]:
    for clause in rules.allow or ():
        for deny in rules.deny:
            if _covers(deny, clause):
                yield Lint("shadowed", clause.id, f"always denied by {deny.id}")


def _repeated(rules: Rules) -> Iterator[Lint]:
    for alike in (rules.allow or (), rules.deny):
        for index, clause in enumerate(alike):
            for earlier in alike[:index]:
                if _covers(earlier, clause):
                    text = f"never decides: {earlier.id} comes first and covers it"
                    yield Lint("repeated", clause.id, text)
                    break


def _unasked(rules: Rules) -> Iterator[Lint]:
    for clause in clauses(rules):
        for action in sorted(set(clause.do) & set(UNASKED)):
            text = (
                f"no broker asks about {action}, the clause does nothing there: {UNASKED[action]}"
            )
            yield Lint("unasked", clause.id, text)


def _former(rules: Rules) -> Iterator[Lint]:
    for clause, why in former_facts(rules):
        yield Lint("former", clause.id, why)


def _unknown(rules: Rules) -> Iterator[Lint]:
    levels = rules.slope.levels if isinstance(rules, Grant) and rules.slope else {}
    for wrong in filter(None, map(unknown_method, sorted(levels))):
        yield Lint("unknown", "trust", wrong)
    facts = {name for action in ACTIONS.values() for name in action.attributes()}
    for name in rules.audit.ctx if isinstance(rules, Grant) else ():
        if name not in facts and not name.startswith(VARIABLE):
            text = f"no action has the fact {name}{closest(name, sorted(facts))}"
            yield Lint("unknown", "audit", text)


def _uncounted(rules: Rules) -> Iterator[Lint]:
    """No broker takes a policy that asks about trust where no policy says how it is counted."""
    for clause in clauses(rules):
        asked = sorted(SLOPE_FACTS & set(clause.on))
        if asked and isinstance(rules, Grant) and rules.slope is None:
            text = (
                f"asks about {asked[0]}, and the policy has no `trust` that says how it is counted"
            )
            yield Lint("uncounted", clause.id, text)


def _alone(rules: Rules) -> Iterator[Lint]:
    """Clauses that give a worker what the engine may not make, or not take back from it."""
    for clause in rules.allow or ():
        if "job.activate" not in actions_of(clause):
            continue
        for action, rule, text in _AROUND_WORK:
            if not _allows_engine(rules, clause, action):
                yield Lint(rule, clause.id, text)


_AROUND_WORK = (
    ("job.create", "unmade", "allows job.activate, but no clause allows job.create: there will be "
     "no such job"),
    ("job.timeout", "kept", "allows job.activate, but no clause allows job.timeout: a job whose "
     "worker has died goes to no other, an incident waits for you"),
)  # fmt: skip


def _allows_engine(rules: Rules, work: Clause, action: str) -> bool:
    """Can the engine do `action` with a job that `work` lets a worker have?"""
    of_job = {name: on for name, on in work.on.items() if name not in _OF_ACTOR}
    narrowed = Clause(id=work.id, do=(action,), on=of_job)
    return any(
        action in actions_of(each) and _overlap(narrowed, each) and _is_for_engine(each)
        for each in rules.allow or ()
    )


def _is_for_engine(clause: Clause) -> bool:
    """It asks nothing of the actor that the engine is not."""
    engine = {"actor": "engine", "actorKind": "engine"}
    return "actorMethod" not in clause.on and "actorDomain" not in clause.on and all(
        compile_constraint(name, operator, operand, in_doubt=False)(engine)
        for name in engine
        for operator, operand in clause.on.get(name, {}).items()
    )  # fmt: skip


_OF_ACTOR = frozenset(
    {"actor", "actorKind", "actorMethod", "actorDomain", "actorLevel", "worker", "varNames"}
)
"""Facts of whoever acts: the engine where a job is made, a worker where it is activated."""


def _covers(wide: Clause, narrow: Clause) -> bool:
    """Whenever `narrow` matches, `wide` does."""
    return actions_of(narrow) <= actions_of(wide) and implies(narrow.on, wide.on)


def lint_child(child: Derive, above: Sequence[Grant]) -> list[Lint]:
    """Allow clauses of a derivation that cannot let anything through: the conjunction says no."""
    found = []
    for clause in child.allow or ():
        for grant in above:
            if not any(_overlap(clause, other) for other in grant.allow):
                text = f"nothing that {grant.jti} allows is allowed by it"
                found.append(Lint("dead", clause.id, text))
    return found


def _overlap(first: Clause, second: Clause) -> bool:
    """Can both match at once?"""
    if not actions_of(first) & actions_of(second):
        return False
    shared = set(first.on) & set(second.on)
    return not any(disjoint(first.on[name], second.on[name]) for name in shared)


def lint_steps(steps: Iterable[Step], blocks: Sequence[Rules]) -> list[Lint]:
    """Steps of a model that these blocks, all together, can never admit."""
    found = []
    for step in steps:
        for rules in blocks:
            reason = _never(step, rules)
            if reason:
                text = f"{step.action} of {step.element} can never be admitted: {reason}"
                found.append(Lint("element", step.element, text))
                break
    return found


def _never(step: Step, rules: Rules) -> str:
    for deny in rules.deny:
        if step.action in actions_of(deny) and _must_match(deny, step):
            return f"{deny.id} always denies it"
    if rules.allow is None or any(_can_match(clause, step) for clause in rules.allow):
        return ""
    return "no allow clause can match"


def _can_match(clause: Clause, step: Step) -> bool:
    """Facts that are not known beforehand may turn out to fit."""
    return step.action in actions_of(clause) and all(
        compile_constraint(name, operator, operand, in_doubt=True)(step.facts)
        for name, operators in clause.on.items()
        if name in step.facts
        for operator, operand in operators.items()
    )


def _must_match(clause: Clause, step: Step) -> bool:
    """All that the clause asks for is known, and holds."""
    return all(
        name in step.facts
        and compile_constraint(name, operator, operand, in_doubt=False)(step.facts)
        for name, operators in clause.on.items()
        for operator, operand in operators.items()
    )


def steps_of(process: Process, tenant: str = "<default>") -> list[Step]:
    """What running this process will ask for, as far as the model says it."""
    found: list[Step] = []
    if process.start is not None:
        here: dict[str, object] = {"tenant": tenant, "process": process.id, "elementId": process.id}
        found.append(Step(process.id, "instance.create", here))
    for node in process.nodes.values():
        facts: dict[str, object] = {
            "tenant": tenant,
            "process": process.id,
            "elementId": node.id,
            "elementType": str(node.type),
        }
        found.append(Step(node.id, "element.enter", facts))
        job_type = _job_type(node)
        if job_type is not None:
            with_type = {**facts, "jobType": job_type}
            found += [Step(node.id, action, with_type) for action in _JOB_ACTIONS]
        called = _called(node)
        if called is not None:
            found.append(Step(node.id, "call.activity", {**facts, "calledProcess": called}))
        if isinstance(node, UserTask) and node.is_native:
            found.append(Step(node.id, "usertask.complete", facts))
        if any(flow.condition is not None for flow in node.outgoing):
            found.append(Step(node.id, "gateway.decide", facts))
        for flow in node.outgoing:
            of_flow = {**facts, "flowId": flow.id, "source": node.id, "target": flow.target.id}
            found.append(Step(flow.id, "flow.take", of_flow))
    return found


_JOB_ACTIONS = ("job.create", "job.activate", "job.complete")


def _job_type(node: Node) -> str | None:
    """The static type of the job behind an element."""
    job = node.job if isinstance(node, JobActivity | EventNode) else None
    if job is None or not job.type.is_static:
        return None
    value = job.type.static_value
    return value if isinstance(value, str) else None


def _called(node: Node) -> str | None:
    """The static id of the process that a call activity calls."""
    if not isinstance(node, CallActivity) or not node.process_id.is_static:
        return None
    value = node.process_id.static_value
    return value if isinstance(value, str) else None
