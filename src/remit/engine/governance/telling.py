"""What the log says of a decision, and whoever was refused: admissions, rejections, sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from remit.authority.policy import Clause, Derive, Duty, Grant, clauses
from remit.authority.slope import returned
from remit.authority.vocabulary import ACTIONS, BREAK_GLASS
from remit.engine.governance.carried import authority_of, decode_slope, encode_slope
from remit.engine.governance.questions import Answer, Question
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.protocol.events.governance import (
    AlsoAdmitted,
    GovernanceEvent,
    OwnStepAdmitted,
    StepAdmitted,
    StepRejected,
)
from remit.protocol.values import NONE_KEY, Document

_ABOUT = ("jobKey", "flowId", "calledProcess", "decisionId", "messageName", "name")
"""What a step is about, by the first of these facts that it comes with."""


def about_of(facts: Mapping[str, Any]) -> str:
    for name in _ABOUT:
        if name in facts:
            return str(facts[name])
    return ""


def log_admission(
    run: Run, asked: Question, answer: Answer, also: tuple[Question, Answer] | None = None
) -> StepAdmitted | None:
    """Log it; the actor's hop is over with the step. What was written is worth what the actor is.

    `also` is what goes with the step, asked of the same row. None: it is a step of the engine's own.
    """
    element, hop, decision, actor = asked.element, asked.hop, answer.decision, run.actor
    facts = _plain(answer.beyond)
    of, about = asked.facts.get("elementId", element.element), about_of(asked.facts)
    if hop is None and asked.lowered < 0 and not decision.duties:
        log_own_step(run, element, asked.action, of, about, decision.clauses, facts)
        return None
    beside = () if also is None else (also[0].action,)
    wrote = hop is not None and "var.write" in (asked.action, *beside)
    duties = decision.duties if also is None else (*decision.duties, *also[1].decision.duties)
    after = decision.slope if hop is None else returned(decision.slope, wrote=wrote, also=beside)
    admitted = StepAdmitted(
        run.new_key(), element.instance, element.definition, of, asked.action, decision.clauses,
        facts, asked.row.policy, encode_slope(after), after.head, after.trust, after.low, actor.id,
        actor.channel, duties, element.tenant, "" if hop is None else hop.kind,
        "" if hop is None else hop.domain, wrote, element.key, about, asked.lowered,
        () if also is None else (_also(*also),), "" if hop is None else run.header.broken_glass,
    )  # fmt: skip
    run.emit(admitted)
    return admitted


def _also(asked: Question, answer: Answer) -> AlsoAdmitted:
    return AlsoAdmitted(asked.action, answer.decision.clauses, _plain(answer.beyond))


def log_own_step(
    run: Run,
    element: ElementInstance,
    action: str,
    of: str,
    about: str,
    clauses: tuple[str, ...],
    facts: Document,
) -> None:
    """A step of the engine's own: the slope stays where it is."""
    run.emit(
        OwnStepAdmitted(
            run.new_key(), element.instance, element.definition, of, action, clauses, facts,
            element.key, about, element.tenant,
        )
    )  # fmt: skip


def rejection(run: Run, asked: Question, answer: Answer, about: str = "") -> StepRejected:
    element, hop, decision, actor = asked.element, asked.hop, answer.decision, run.actor
    return StepRejected(
        NONE_KEY, element.instance, element.definition,
        asked.facts.get("elementId", element.element), asked.action, decision.reason,
        decision.clauses, _plain(answer.facts), asked.row.policy,
        decode_slope(asked.row.slope).head, actor.id,
        actor.channel, about, element.tenant, "" if hop is None else hop.kind,
        "" if hop is None else hop.domain, element.key, asked.lowered,
        "" if hop is None else run.header.broken_glass,
    )  # fmt: skip


def _plain(facts: Document) -> Document:
    """As the log has them: collections of names as sorted lists."""
    for name, value in facts.items():
        if value.__class__ in _COLLECTIONS:
            facts[name] = sorted(value)
    return facts


_COLLECTIONS = frozenset((set, frozenset, tuple))


def sentence(run: Run, asked: Question, answer: Answer) -> str:
    """The refusal for whoever was refused: what, where, by which clause, and what that one says."""
    decision = answer.decision
    name = decision.clauses[-1] if decision.clauses else ""
    by = f" by clause '{name}'" if name and name != decision.reason else ""
    element = asked.facts.get("elementId", asked.element.element)
    said = f"{decision.reason}{_MEANING.get(decision.reason, '')}{_of_glass(run, asked, answer)}"
    blocks = authority_of(run, asked.row).chain.blocks[: len(decision.clauses)]
    rules = blocks[-1].block if by and blocks else None
    if isinstance(rules, Grant | Derive):
        said += "".join(_meaning(each) for each in clauses(rules) if each.id == name)
    return (
        f"Expected '{asked.action}'{_names(asked)} at element '{element}' of process instance "
        f"'{asked.element.instance}' to be admitted by its policy, but it is denied{by} ({said})"
    )


def _of_glass(run: Run, asked: Question, answer: Answer) -> str:
    """What a broken glass has changed, or would, where an operator is denied for want of a clause."""
    known = ACTIONS.get(asked.action)
    if answer.decision.reason != "$default" or known is None or BREAK_GLASS not in known.facts:
        return ""
    if run.header.broken_glass:
        return "; the glass is broken, and what that allows is for a clause about breakGlass to say"
    if BREAK_GLASS in answer.beyond:
        return "; it has a clause about breakGlass: who holds the right to may break the glass"
    return ""


def _names(asked: Question) -> str:
    """The variables that are read or written."""
    names = asked.facts.get("varNames") if asked.action in ("var.read", "var.write") else None
    if not isinstance(names, Sequence) or not names:
        return ""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f" of {', '.join(repr(each) for each in names[:NAMED])}{more}"


NAMED = 5
"""Variables that a refusal names."""


def _meaning(clause: Clause) -> str:
    """What a clause that denies says of itself. It tells nothing of the facts: they may be secret."""
    said = f": {clause.why}" if clause.why else ""
    if isinstance(clause, Duty):
        return f"{said}; it needs {', '.join(clause.need)}"
    read = [name for name in clause.on if name.startswith("var.")]
    if read:
        said += f"; it asks about {', '.join(read)}, and denies as well where that is not there"
    return said


_MEANING = {
    "$default": ": no clause allows it; a successor of the policy may (`remit policy succeed`, `renew`)",
    "$validity": ": the policy's time is over, or has not begun; a successor renews it "
    "(`remit policy renew`)",
    "$revoked": ": the policy, or the key that signed it, was revoked",
    "$revocation.stale": ": it needs a list of revocations that is fresh",
    "$slope.floor": ": whoever acts, or wrote the data, is trusted less than the policy's floor; an "
    "approver whom it names may lift what the data are worth (`remit policy approve`)",
    "$slope.depth": ": it was passed on more often than the policy lets it be",
    "$slope.step": ": trust sinks more in this step than the policy lets it",
    "$slope.xdom": ": it crosses more domains than the policy lets it",
}
"""What the reasons that are no clauses mean, for whoever reads the refusal."""


def tell(run: Run, event: GovernanceEvent) -> None:
    """Log a rejection after everything else of the step was undone.

    The same one, of the same step by the same actor, is told so often and no more (T27). What else the
    command was admitted for has not moved the slope: the rejection stands where it is now.
    """
    if isinstance(event, StepRejected):
        row = run.state.governed.get(event.instance)
        if not event.about:
            about = f"{event.action} {event.scope} {event.actor} {event.reason}"
            if event.broken_glass:
                about += " glass broken"
            if row is not None and row.rejections.count(about) >= TOLD:
                return
            event = replace(event, about=about)
        if row is not None:
            event = replace(event, head=decode_slope(row.slope).head)
    run.emit(replace(event, key=run.new_key()))


TOLD = 10
"""Whoever asks for the same again and again is refused each time, and fills no log with it."""
