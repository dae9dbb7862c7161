"""The words of policies: what can be done, and which facts each action comes with.

The engine gives exactly these facts with each action, the linter and the compiler accept exactly
these names. Facts are strict: text is `str`, number is `int` (or `Decimal`, or a finite `float`),
flag is `bool`, texts is a list, tuple or set of `str`. Keys (instance, job) are decimal strings. A
fact that does not apply or is null is left out.

Every action, from the engine:
    tenant        text      the instance's tenant            process        text    BPMN process id
    version       number    of the process                   instance       text    its key
    rootInstance  text      key of the outermost instance    elementId      text
    elementType   text      BPMN element type                scopeDepth     number  0 is the process
    actor         text      who acts, from the channel       actorKind      text    kind of hop
    actorMethod   text      how the channel knows            actorDomain    text    e.g. SPIFFE domain
    initiator     text      who started the root instance
Every action, added by the evaluator itself (what a caller gives under these names is not looked at):
    now           number    milliseconds                     actorLevel     number  of actorMethod
    slopeDepth    number    length of the live delegation    slopeTrust     number  0-1000
    slopeLow      number    lowest trust that wrote data     xdom           number  domains crossed

Of some actions facts need a word:
    job.retries         retries is how many the job has afterwards
    call.activity       calledTenant is always the caller's; propagateAll: all that the caller sees
                        goes along
    message.publish     correlationKeyHash is SHA-256 of the key in hexadecimal, missing without a key;
                        ttl is in milliseconds; targetTenant is always the sender's
    instance.modify     target is an element that gets a token: each is asked about by itself. It is
                        missing where something is ended, or the instance's business id is set
    usertask.claim      who asks takes a task for himself, and from nobody; assignee is who asks
    usertask.assign     every other way to say who has a task, or what is said of it; assignee is who has
                        it then

`var.<name>` is the value of a process variable: only for actions with `variables`, and only those
names that `Authority.referenced` lists need to be given. A variable that is no text, number, flag or
texts counts as missing.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

VERSION = 1
"""Recorded with each decision. A changed vocabulary gets a new number; old blocks keep theirs (`v`)."""

Type = Literal["text", "number", "flag", "texts", "any"]

VARIABLE = "var."

COMMON: dict[str, Type] = {
    "tenant": "text",
    "process": "text",
    "version": "number",
    "instance": "text",
    "rootInstance": "text",
    "elementId": "text",
    "elementType": "text",
    "scopeDepth": "number",
    "actor": "text",
    "actorKind": "text",
    "actorMethod": "text",
    "actorDomain": "text",
    "initiator": "text",
}

OWN: dict[str, Type] = {
    "now": "number",
    "actorLevel": "number",
    "slopeDepth": "number",
    "slopeTrust": "number",
    "slopeLow": "number",
    "xdom": "number",
}


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done: its own facts, and whether `var.<name>` may be asked for."""

    name: str
    facts: MappingProxyType[str, Type]
    variables: bool

    def type_of(self, attribute: str) -> Type | None:
        """The type of a fact here; None when this action does not have it."""
        if attribute.startswith(VARIABLE):
            return "any" if self.variables and len(attribute) > len(VARIABLE) else None
        return self.facts.get(attribute) or COMMON.get(attribute) or OWN.get(attribute)

    def signed_type_of(self, attribute: str) -> Type | None:
        """The same in a policy that may have been signed when the action had more facts."""
        former = FORMER.get(self.name, _NONE).get(attribute)
        return former.type if former is not None else self.type_of(attribute)

    def attributes(self) -> list[str]:
        return [*self.facts, *COMMON, *OWN]


JOB: dict[str, Type] = {"jobType": "text", "jobKey": "text", "retries": "number"}
WORKER: dict[str, Type] = {
    **JOB,
    "varNames": "texts",
    "receipt": "flag",
    "actorIsActivator": "flag",
}
SENDER: dict[str, Type] = {
    "messageName": "text",
    "senderGoverned": "flag",
    "senderTenant": "text",
    "senderInitiator": "text",
    "senderTrust": "number",
    "senderChain": "text",
}
EVENT: dict[str, Type] = {"name": "text", "code": "text", "target": "text"}
TASK: dict[str, Type] = {
    "assignee": "text",
    "candidateGroups": "texts",
    "priorActors": "texts",
}
BREAK_GLASS = "breakGlass"
OPERATOR: dict[str, Type] = {BREAK_GLASS: "flag"}
"""Whether whoever operates has broken the glass: held the right to, and said why. Given with each."""

_FACTS: dict[str, dict[str, Type]] = {
    "instance.create": {"startElement": "text", "varNames": "texts", "policySource": "text"},
    "element.enter": {"flowScopeType": "text", "loopIndex": "number"},
    "gateway.decide": {
        "gatewayType": "text",
        "candidateFlows": "texts",
        "chosenFlows": "texts",
        "exprHash": "text",
    },
    "flow.take": {"flowId": "text", "source": "text", "target": "text", "isDefault": "flag"},
    "job.create": {**JOB, "headers": "texts"},
    "job.activate": {**JOB, "headers": "texts", "worker": "text", "varNames": "texts"},
    "job.complete": WORKER,
    "job.fail": WORKER,
    "job.error": {**WORKER, "errorCode": "text"},
    "job.timeout": {**JOB, "varNames": "texts"},
    "var.read": {"varNames": "texts", "scope": "text", "purpose": "text"},
    "var.write": {"varNames": "texts", "scope": "text", "source": "text", "valueTypes": "texts"},
    "call.activity": {
        "calledProcess": "text",
        "calledVersion": "number",
        "calledTenant": "text",
        "propagateAll": "flag",
    },
    "message.publish": {
        "messageName": "text",
        "correlationKeyHash": "text",
        "ttl": "number",
        "targetTenant": "text",
    },
    "message.correlate": SENDER,
    "message.start": SENDER,
    "signal.broadcast": EVENT,
    "signal.catch": EVENT,
    "timer.fire": EVENT,
    "escalation.throw": EVENT,
    "error.throw": EVENT,
    "compensate": EVENT,
    "event.catch": EVENT,
    "decision.evaluate": {"decisionId": "text", "decisionVersion": "number"},
    "usertask.claim": TASK,
    "usertask.assign": TASK,
    "usertask.complete": {**TASK, "varNames": "texts"},
    "incident.resolve": OPERATOR,
    "instance.cancel": OPERATOR,
    "instance.suspend": OPERATOR,
    "instance.resume": OPERATOR,
    "instance.modify": {**OPERATOR, "target": "text"},
    "instance.migrate": {**OPERATOR, "targetProcess": "text", "targetVersion": "number"},
    "job.retries": {**JOB, **OPERATOR},
    "policy.succeed": OPERATOR,
    "policy.revoke": OPERATOR,
    "export.emit": {"exporterId": "text", "varNames": "texts"},
}

UNASKED: dict[str, str] = {
    "policy.succeed": "the signature of the policy's issuer is what counts there",
    "policy.revoke": "the signature of the policy's issuer is what counts there",
    "export.emit": "what exporters send on is kept back by `audit: {personal: …}`",
}
"""Actions that have a name and that no broker asks about; with what is so instead."""


@dataclass(frozen=True, slots=True)
class Former:
    """A fact that an action had a name for, and that it never came with; with why it can't have it."""

    type: Type
    why: str


_CODE = Former("text", "only who throws an error (job.error) says a code")
_ENGINE = "the engine itself takes a job back, no worker does"
_BRINGS = Former("texts", "who is given a task brings no variables with it")
_NONE: dict[str, Former] = {}

FORMER: dict[str, dict[str, Former]] = {
    "job.complete": {"errorCode": _CODE},
    "job.fail": {"errorCode": _CODE},
    "job.timeout": {
        "errorCode": _CODE,
        "receipt": Former("flag", _ENGINE),
        "actorIsActivator": Former("flag", _ENGINE),
    },
    "usertask.assign": {"varNames": _BRINGS},
    "usertask.claim": {"varNames": _BRINGS},
}
"""No new policy may ask for these. One that was signed before goes on as it did: to its clauses the
fact is missing, so that logs of then are decided as they were."""

WITHOUT_VARIABLES = {"timer.fire", "policy.succeed", "policy.revoke", "export.emit"}
"""Actions that may come without the instance's variables at hand."""

ACTIONS: dict[str, Action] = {
    name: Action(name, MappingProxyType(facts), name not in WITHOUT_VARIABLES)
    for name, facts in _FACTS.items()
}


INCLUDED: dict[str, tuple[str, ...]] = {"usertask.assign": ("usertask.claim",)}
"""What else is meant by an action: whoever claims a task assigns it, to himself."""


def matching(pattern: str) -> tuple[str, ...]:
    """The actions that a pattern means: one by name and those `INCLUDED`, `job.*` a family, `*` all. ()
    for none.

    >>> matching("usertask.*")
    ('usertask.claim', 'usertask.assign', 'usertask.complete')
    >>> matching("usertask.assign")
    ('usertask.assign', 'usertask.claim')
    """
    if pattern == "*":
        return tuple(ACTIONS)
    if pattern.endswith(".*"):
        return tuple(name for name in ACTIONS if name.startswith(pattern[:-1]))
    return (pattern, *INCLUDED.get(pattern, ())) if pattern in ACTIONS else ()


def value_types(document: Mapping[str, object]) -> tuple[str, ...]:
    """What `var.write` has as `valueTypes`: the JSON types of the values, each once.

    >>> value_types({"a": 1, "b": 2.5, "c": None, "d": [True]})
    ('array', 'null', 'number')
    """
    return tuple(sorted({_JSON.get(value.__class__, "number") for value in document.values()}))


_JSON: dict[type, str] = {
    type(None): "null", bool: "boolean", str: "string", list: "array", dict: "object",
}  # fmt: skip


def closest(word: str, words: list[str]) -> str:
    """A hint for a misspelt word, or nothing.

    >>> closest("job.compleet", list(ACTIONS))
    ' (did you mean job.complete?)'
    """
    found = difflib.get_close_matches(word, words, n=1)
    return f" (did you mean {found[0]}?)" if found else ""
