"""Each effect has its admission, in the same turn and before it; and each admission has its effect.

An admission waits for its effect; an effect takes the first admission that waits and is about it. What
is left when the turn is over was admitted and never happened. Of a job the effect says which type it
has, how many tries are left and what its worker brings: an admission that was decided with other facts
is a finding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw

from remit.audit.records import READ_AS, Turn
from remit.authority.verify import Finding
from remit.authority.vocabulary import value_types
from remit.protocol.events import Event
from remit.protocol.events.governance import AlsoAdmitted, OwnStepAdmitted

BATCH = "RunBatch"
"""A command that does what others asked for, in their name: effects are not matched in its turns."""

ACTIONS_WITH_EFFECT = frozenset(
    {
        "instance.create", "element.enter", "flow.take", "call.activity", "instance.cancel",
        "job.create", "job.timeout", "job.activate", "job.complete", "job.fail", "job.error",
        "usertask.assign", "usertask.claim", "usertask.complete", "decision.evaluate",
        "incident.resolve", "instance.migrate",
    }
)  # fmt: skip
"""An admission of one of these, and nothing of it in the turn, is a finding as well."""

Findings = Sequence[Finding]
FINE: Findings = ()


class Coverage:
    """`waiting` are this turn's admissions without an effect yet, with their positions, by instance."""

    def __init__(self) -> None:
        self.waiting: dict[int, list[tuple[int, Any]]] = {}

    def wait(self, position: int, event: Any) -> None:
        """An admission is there, its effect is not yet."""
        waiting = self.waiting.get(event.instance)
        if waiting is None:
            self.waiting[event.instance] = [(position, event)]
        else:
            waiting.append((position, event))

    def take(
        self,
        position: int,
        instance: int,
        action: str,
        element: str,
        about: str,
        job: Any = None,
        brought: Raw | None = None,
        told: Mapping[str, Any] | None = None,
    ) -> Findings:
        """An effect has happened: the first admission that waits and is about it, is its own.

        Empty `element` or `about`: any. Returns what is wrong when there is none, or when it was decided
        with other facts about the `job`, or about the variables that were `brought`, or than are `told`.
        """
        waiting = self.waiting.get(instance)
        if waiting is not None:
            for each in waiting:
                admission = each[1]
                if (
                    admission.action == action
                    and (not element or admission.element == element)
                    and (not about or admission.about == about)
                ):
                    if len(waiting) == 1:
                        del self.waiting[instance]
                    else:
                        waiting.remove(each)
                    if job is not None:
                        return _of_another(*each, job, brought)
                    return FINE if told is None else _otherwise(*each, told)
        text = f"{action} happened, and nothing admitted it"
        return (Finding(position, "completeness", text),)

    def facts_of(self, instance: int, action: str) -> list[Mapping[str, Any]]:
        """What the admissions of this action were decided with that wait for their effect."""
        waiting = self.waiting.get(instance, ())
        return [_decode(bytes(each.facts)) for _, each in waiting if each.action == action]

    def never_happened(self, turn: Turn) -> Findings:
        """The turn is over: what was admitted in it, and of which nothing happened."""
        left = sorted(
            (position, admission.action)
            for admissions in self.waiting.values()
            for position, admission in admissions
            if admission.action in ACTIONS_WITH_EFFECT and turn.command != BATCH
        )
        self.waiting.clear()
        return [
            Finding(position, "completeness", f"{action} was admitted, and nothing of it happened")
            for position, action in left
        ]


def _otherwise(position: int, admission: Any, told: Mapping[str, Any]) -> Findings:
    """The facts that an admission was decided with, and that the record of its effect tells in another
    way. Records of before some facts were given do not have them."""
    return [
        contradiction(position, admission.action, name, repr(value), repr(told[name]))
        for name, value in _decode(bytes(admission.facts)).items()
        if name in told and value != told[name]
    ]


def contradiction(position: int, action: str, name: str, decided: str, told: str) -> Finding:
    """A fact that a step was decided with, and that other records tell in another way."""
    return Finding(
        position, "facts", f"{action}: decided with {name} {decided}, the log says {told}"
    )


def _of_another(position: int, admission: Any, job: Any, brought: Raw | None) -> Findings:
    """The facts that an admission was decided with, and that are not those of the job it was about."""
    also = b"" if admission.__class__ is _OWN else bytes(admission.also)
    asked = bytes(admission.facts), also, b"" if brought is None else bytes(brought)
    compare = _contradicted if sum(map(len, asked)) <= SHORT else _contradicted.__wrapped__
    wrong = compare(*asked, job.type, job.retries)
    if not wrong:
        return FINE
    return [
        Finding(
            position,
            "facts",
            f"{admission.action}: decided with {name} {value}, the job has {ours}",
        )
        for name, value, ours in wrong
    ]


SHORT = 1024
"""Bytes of facts up to which it is remembered what they say; there may be thousands of them."""

_OWN: type[Event] = READ_AS[OwnStepAdmitted]
_decode = msgspec.msgpack.Decoder(dict[str, Any]).decode
_decode_also = msgspec.msgpack.Decoder(tuple[AlsoAdmitted, ...]).decode


@lru_cache(maxsize=4096)
def _contradicted(
    facts: bytes, also: bytes, brought: bytes, job_type: str, retries: int
) -> tuple[tuple[str, str, str], ...]:
    """The facts of a step, and of what went with it, that records of jobs tell in another way: the name,
    what was said of it, what the job has. Without `also` or `brought` there is none."""
    known: dict[str, Any] = {"jobType": job_type, "retries": retries}
    if brought:
        document = _decode(brought)
        known["varNames"], known["valueTypes"] = sorted(document), list(value_types(document))
    beside = [each.facts for each in _decode_also(also)] if also else []
    return tuple(
        (name, repr(value), repr(known[name]))
        for each in (_decode(facts), *beside)
        for name, value in each.items()
        if name in known and value != known[name]
    )
