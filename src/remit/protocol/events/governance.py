"""Governance: which policy an instance carries, and each step that it admitted or rejected.

A slope travels as the authority room writes it (msgpack): this floor does not look into it.
"""

from __future__ import annotations

from remit.protocol.events.base import Event, event, number
from remit.protocol.numbers import ValueType
from remit.protocol.values import DEFAULT_TENANT, Document, Value


class GovernanceEvent(Event, frozen=True):
    """Base of them all."""

    key: int


class Admission(GovernanceEvent, frozen=True):
    """Comes before the effect that it admits.

    `clauses` has the deciding clause of each block. `facts` is what the decision has read beside whose
    instance it is: tenant, process, version and instance follow from `instance` and `definition`, and
    may be left out. `element` is the one that the step is about.
    """

    instance: int
    definition: int
    element: str
    action: str
    clauses: tuple[str, ...]
    facts: Document


class AlsoAdmitted(Value, frozen=True):
    """A question that goes with another step of the same actor: asked on the same slope."""

    action: str
    clauses: tuple[str, ...]
    facts: Document


@event("ADMITTED")
class StepAdmitted(Admission, frozen=True, tag=number(ValueType.GOVERNANCE, 0)):
    """A step that somebody takes, or that data from outside comes in with.

    `policy` is the hash of the chain, `slope` the one after the step; `head`, `trust` and `low` are
    those of it. `kind` is that of the actor's hop, which is over with the step, and `wrote` whether it
    brought variables; empty for the engine itself. `scope` is the element instance that was asked, and
    `about` what else it is about: a job's key, a flow, a name. `lowered` is the trust of data that came
    in from outside, -1 for none: the slope was lowered to it before anything was asked. `also` is what
    goes with the step: the variables that a worker reads with its job, or brings with its answer.
    `broken_glass` is why the actor has broken the glass, as the command's header says it; empty for a
    step of the engine itself.
    """

    policy: str
    slope: bytes
    head: str
    trust: int
    low: int
    actor: str
    method: str
    duties: tuple[str, ...] = ()
    tenant: str = DEFAULT_TENANT
    kind: str = ""
    domain: str = ""
    wrote: bool = False
    scope: int = -1
    about: str = ""
    lowered: int = -1
    also: tuple[AlsoAdmitted, ...] = ()
    broken_glass: str = ""


@event("ADMITTED")
class OwnStepAdmitted(Admission, frozen=True, tag=number(ValueType.GOVERNANCE, 14)):
    """A step that the engine takes by itself, under the policy that the instance carries.

    Nobody is added to the slope: it stays where it is. `scope` and `about` as in `StepAdmitted`.
    """

    scope: int
    about: str = ""
    tenant: str = DEFAULT_TENANT


@event("REJECTED")
class StepRejected(GovernanceEvent, frozen=True, tag=number(ValueType.GOVERNANCE, 1)):
    """Nothing of the step has happened. `reason` is the code of the decision."""

    instance: int
    definition: int
    element: str
    action: str
    reason: str
    clauses: tuple[str, ...]
    facts: Document
    policy: str
    head: str
    actor: str
    method: str
    about: str = ""
    tenant: str = DEFAULT_TENANT
    kind: str = ""
    domain: str = ""
    scope: int = -1
    lowered: int = -1
    broken_glass: str = ""


class _Receipt(GovernanceEvent, frozen=True):
    """A worker's signed `receipt` about `action` of its job, and the key that signed it."""

    instance: int
    definition: int
    element: str
    job: int
    action: str
    receipt: str
    signed_by: str
    clause: str
    tenant: str = DEFAULT_TENANT

    @property
    def admitted(self) -> bool:
        return isinstance(self, WorkerAdmitted)

    @property
    def left(self) -> bool:
        return isinstance(self, WorkerDeferred)


@event("WORKER_ADMITTED")
class WorkerAdmitted(_Receipt, frozen=True, tag=number(ValueType.GOVERNANCE, 2)):
    """The worker asked the policy itself, and has the same answer as the broker."""


@event("WORKER_REJECTED")
class WorkerRejected(_Receipt, frozen=True, tag=number(ValueType.GOVERNANCE, 3)):
    """The worker refuses the job, and the broker would have denied it as well."""


@event("WORKER_DEFERRED")
class WorkerDeferred(_Receipt, frozen=True, tag=number(ValueType.GOVERNANCE, 15)):
    """The worker left the question to the broker: `clause` asks about facts that it may not read."""


@event("EVALUATOR_DISAGREEMENT")
class EvaluatorsDisagreed(GovernanceEvent, frozen=True, tag=number(ValueType.GOVERNANCE, 4)):
    """The worker's receipt says something else than the broker: `difference`. Deny wins."""

    instance: int
    definition: int
    element: str
    job: int
    action: str
    receipt: str
    signed_by: str
    difference: str
    admitted: bool
    tenant: str = DEFAULT_TENANT


ReceiptTaken = WorkerAdmitted | WorkerRejected | WorkerDeferred | EvaluatorsDisagreed
"""What a worker has said with its receipt, and what became of it."""


@event("POLICY_ATTACHED")
class PolicyAttached(GovernanceEvent, frozen=True, tag=number(ValueType.GOVERNANCE, 5)):
    """`tokens` are the signed blocks; `parent` is the instance whose policy they are derived from.

    The last of them has no signature yet where it is a binding of this broker: `PoliciesSigned` follows.
    `sender` is the slope of whoever sent the message that started this instance. The blocks and the
    first `stem` letters of the last one are the same for all instances under these grants: tables keep
    them once, by the key `begins` of the first that has them (-1: they are kept with the instance).
    """

    instance: int
    definition: int
    root: int
    tokens: tuple[str, ...]
    policy: str
    slope: bytes
    parent: int = -1
    tenant: str = DEFAULT_TENANT
    sender: bytes = b""
    begins: int = -1
    stem: int = 0


@event("POLICIES_SIGNED")
class PoliciesSigned(GovernanceEvent, frozen=True, tag=number(ValueType.GOVERNANCE, 16)):
    """One signature, of the key `kid`, for the bindings of these instances: all that were attached
    without one since the last time, in their order (see `remit.authority.together`)."""

    instances: tuple[int, ...]
    kid: str
    signature: bytes


@event("POLICY_SUCCEEDED")
class PolicySucceeded(GovernanceEvent, frozen=True, tag=number(ValueType.GOVERNANCE, 7)):
    """The instance goes on under another chain: a grant was renewed, or the instance migrated.

    `cause` is "renewal" or "migration"; the slope stays as it is.
    """

    instance: int
    definition: int
    tokens: tuple[str, ...]
    policy: str
    cause: str
    actor: str
    method: str
    tenant: str = DEFAULT_TENANT


@event("POLICY_REVOKED")
class RevocationsChanged(GovernanceEvent, frozen=True, tag=number(ValueType.GOVERNANCE, 8)):
    """What this issuer revokes, from here on: its signed list, and the number that only grows."""

    issuer: str
    epoch: int
    token: str


@event("POLICY_EXPIRED")
class PolicyExpired(GovernanceEvent, frozen=True, tag=number(ValueType.GOVERNANCE, 9)):
    """A step was denied because the policy's time is over; an incident stands until it is renewed."""

    instance: int
    definition: int
    policy: str
    tenant: str = DEFAULT_TENANT


@event("SLOPE_REANCHORED")
class SlopeReanchored(GovernanceEvent, frozen=True, tag=number(ValueType.GOVERNANCE, 10)):
    """Somebody trusted has looked at the data: `statement` is signed, `low` the trust from here on."""

    instance: int
    definition: int
    statement: str
    slope: bytes
    head: str
    low: int
    actor: str
    method: str
    tenant: str = DEFAULT_TENANT
