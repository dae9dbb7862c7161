"""What the blocks of a chain say: their claims.

    grant     rules, by a policy authority; may be shared by many instances
    succ      a grant that replaces an earlier one: same issuer, higher `rev`
    bind      ties grants to one instance and its initiator, by the holder the grants name
    derive    narrows for a called process, a worker or the receiver of a message, by the holder

Times are seconds since 1970 (NumericDate), `nbf <= now < exp`. Claim names are those of RFC 7519 and
of draft-niyikiza-oauth-attenuating-agent-tokens where they exist. Unknown fields are refused: what
we do not understand might have been a restriction.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

from remit.authority import limits
from remit.authority.errors import Malformed

Operand = str | int | bool | list[str | int | bool]
"""What an operator compares with. `min` and `max` take integers, `sub` … lists of text."""

Constraints = dict[str, dict[str, Operand]]
"""Attribute → operator → operand; all must hold."""

Denial = Literal["incident", "error", "skip-worker"]
"""What a denied step becomes: an incident, the BPMN error GOV_DENIED, or a job not handed out."""


class _Claims(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False
):
    """Read strictly, written without what is default."""


class Clause(_Claims, frozen=True, kw_only=True):
    """`do`: actions or patterns (`job.*`, `*`). `on`: what must hold. `why`: for people."""

    id: str
    do: tuple[str, ...]
    on: Constraints = {}
    why: str = ""


class Duty(Clause, frozen=True, kw_only=True):
    """Whoever does this must also `need`: see `duties`."""

    need: tuple[str, ...]


class Limits(_Claims, frozen=True, kw_only=True):
    """Bounds of the trust slope; each block's are checked for themselves.

    `floor` and `floors[action]` are compared to the lower of trust and `low`.
    """

    max_depth: int | None = None
    floor: int = 0
    floors: dict[str, int] = {}
    max_step_drop: int | None = None
    max_xdom: int | None = None


class Reanchor(_Claims, frozen=True, kw_only=True):
    """Who may lift `low` again, and up to where."""

    by: tuple[str, ...]
    max: int


class SlopeRules(Limits, frozen=True, kw_only=True):
    """Bounds, and the arithmetic: `decay` by kind of hop, `levels` by method, `caps` by domain."""

    decay: dict[str, int] = {}
    levels: dict[str, int] = {}
    caps: dict[str, int] = {}
    reanchor: Reanchor | None = None


class Subject(_Claims, frozen=True, kw_only=True):
    """What a grant is for. `process` None: any. `ver`: lowest and highest version, or None."""

    tenant: str
    process: tuple[str, ...] | None = None
    ver: tuple[int | None, int | None] = (None, None)

    def admits(self, tenant: str, process: str, version: int) -> bool:
        low, high = self.ver
        return (
            tenant == self.tenant
            and (self.process is None or process in self.process)
            and (low is None or version >= low)
            and (high is None or version <= high)
        )


class Holder(_Claims, frozen=True, kw_only=True):
    """The keys that may sign the next block; two while a key is being rotated."""

    kids: tuple[str, ...]


class Audit(_Claims, frozen=True, kw_only=True):
    """`ctx`: facts to record with every decision; `pii`: variables that only the log shows."""

    ctx: tuple[str, ...] = ()
    pii: tuple[str, ...] = ()


class Grant(_Claims, frozen=True, kw_only=True):
    """Rules. Without a matching allow clause the answer is no.

    `fresh`: actions that are denied while the revocation list is out of date.
    """

    v: Literal[1]
    typ: Literal["grant"]
    jti: str
    iss: str
    rev: int
    iat: int
    nbf: int
    exp: int
    sub: Subject
    cnf: Holder
    allow: tuple[Clause, ...]
    deny: tuple[Clause, ...] = ()
    duty: tuple[Duty, ...] = ()
    slope: SlopeRules | None = None
    on_deny: dict[str, Denial] = {}
    audit: Audit = Audit()
    fresh: tuple[str, ...] = ()
    del_max_depth: int = 0


class Origin(_Claims, frozen=True, kw_only=True):
    """A grant as a link names it: its block hash, and what a successor is compared with."""

    hash: str
    iss: str
    jti: str
    rev: int


class Succession(Grant, frozen=True, kw_only=True):
    """A grant in the place of the one that a link names as `replaces`."""

    typ: Literal["succ"]  # type: ignore[assignment]
    replaces: str


class Initiator(_Claims, frozen=True, kw_only=True):
    """Who started the instance, as the channel said."""

    actor: str
    method: str
    domain: str = ""
    att: str = ""


class BoundTo(_Claims, frozen=True, kw_only=True):
    """The one instance that a binding is for."""

    tenant: str
    process: str
    ver: int
    instance: str


class Bind(_Claims, frozen=True, kw_only=True):
    """Ties `grants`, in this order, to one instance. Adds no rule of its own but validity."""

    v: Literal[1]
    typ: Literal["bind"]
    jti: str
    iat: int
    nbf: int
    exp: int
    sub: BoundTo
    cnf: Holder
    grants: tuple[Origin, ...]
    initiator: Initiator
    del_depth: Literal[0] = 0
    del_max_depth: int = 0


class DerivedFor(_Claims, frozen=True, kw_only=True):
    """What a derivation is for.

    `to` call or message: `instance` is a new one and `parent` the one before; worker: both are the
    same and `job` names the one job; migration: both are the same, in another process or version.
    """

    to: Literal["call", "message", "worker", "migration"]
    tenant: str
    process: str
    ver: int
    instance: str
    parent: str
    element: str
    job: str | None = None


class Derive(_Claims, frozen=True, kw_only=True):
    """Narrows what came before. `allow` None: no filter of its own, the parent's still holds.

    `grants`: further grants (of the called process) that stand right before this block.
    """

    v: Literal[1]
    typ: Literal["derive"]
    jti: str
    iat: int
    nbf: int
    exp: int
    par_hash: str
    sub: DerivedFor
    cnf: Holder
    grants: tuple[Origin, ...] = ()
    allow: tuple[Clause, ...] | None = None
    deny: tuple[Clause, ...] = ()
    duty: tuple[Duty, ...] = ()
    slope: Limits | None = None
    del_depth: int
    del_max_depth: int


Link = Bind | Derive
Block = Grant | Succession | Bind | Derive
Rules = Grant | Derive
"""Blocks that have clauses (a succession is a grant)."""

CLAIMS: dict[str, type[Grant] | type[Succession] | type[Bind] | type[Derive]] = {
    "grant": Grant,
    "succ": Succession,
    "bind": Bind,
    "derive": Derive,
}

_Any = TypeVar("_Any", bound=Struct)


def read(claims: object, kind: type[_Any]) -> _Any:
    """Claims as a struct. Raises Malformed with the path of what is wrong."""
    try:
        return msgspec.convert(claims, kind, strict=True)
    except (msgspec.ValidationError, ValueError) as fault:
        raise Malformed(f"{kind.__name__.lower()}: {fault}") from None


def clauses(rules: Rules) -> Iterable[Clause]:
    """All clauses of a block, in the order deny, duty, allow."""
    yield from rules.deny
    yield from rules.duty
    yield from rules.allow or ()


def check_clauses(rules: Rules) -> int:
    """Count the clauses of a block; raises Malformed when ids repeat or a limit is passed."""
    seen: set[str] = set()
    for clause in clauses(rules):
        if not clause.id or clause.id.startswith("$"):
            raise Malformed(f"a clause is called {clause.id!r}; ids are not empty nor start with $")
        if clause.id in seen:
            raise Malformed(f"two clauses are called {clause.id}")
        seen.add(clause.id)
        if len(clause.on) > limits.CONSTRAINTS:
            raise Malformed(f"clause {clause.id} has more than {limits.CONSTRAINTS} constraints")
    return len(seen)
