"""The rows of the tables that are the engine's own; the shared ones are in `protocol.values`."""

from __future__ import annotations

from typing import Any

from remit.protocol.values import (
    DEFAULT_TENANT,
    NONE_KEY,
    BatchItem,
    BatchPlan,
    Document,
    Header,
    Phase,
    Placement,
    Value,
)


class ElementInstance(Value, frozen=True):
    """One life of one element. A process instance is the element instance of its process.

    `children` counts the element instances directly inside, `tokens` the flows taken in this scope
    whose target has not consumed them. `interrupted_by` names the event that ends this instance.
    `spawned` and `completed_children` count over its whole life; `loop_size` is the number of items
    of a multi-instance body. `is_fulfilled`: an ad-hoc sub-process in which nothing more begins.
    `is_ungoverned`: its instance began without a policy, and never has one; False says nothing, and
    `Governed` has to be looked at.
    """

    key: int
    instance: int
    definition: int
    element: str
    kind: int
    scope: int
    root: int
    phase: Phase = Phase.ACTIVATING
    children: int = 0
    tokens: int = 0
    loop_counter: int = 0
    parent_instance: int = NONE_KEY
    parent_element: int = NONE_KEY
    interrupted_by: str = ""
    tenant: str = DEFAULT_TENANT
    spawned: int = 0
    completed_children: int = 0
    loop_size: int = 0
    is_fulfilled: bool = False
    is_ungoverned: bool = False


class ProcessInstance(Value, frozen=True):
    """What a process instance carries beyond its life: kept only where there is something to keep.

    `lock` is the correlation key it holds since a message started it (rule 22).
    """

    key: int
    root: int
    tags: tuple[str, ...] = ()
    business_id: str = ""
    await_request: str = ""
    fetch_variables: tuple[str, ...] = ()
    terminate_after: tuple[str, ...] = ()
    lock: str = ""
    process_id: str = ""
    tenant: str = DEFAULT_TENANT


class Suspension(Value, frozen=True):
    """A process instance that is suspended since `since` (epoch ms), with its caller `by` or by itself.

    `asked` are the changes of variables that its conditions have to be asked for when it goes on.
    """

    key: int
    root: int
    since: int
    by: int
    asked: tuple[tuple[tuple[str, str], ...], ...] = ()


class Batch(Value, frozen=True):
    """A batch operation that this partition leads; `parts` are the partitions that are not done."""

    key: int
    root: int
    parts: tuple[int, ...]
    is_suspended: bool = False


class BatchPart(Value, frozen=True):
    """What this partition does of a batch operation: it is at item `offset` of portion `chunk`."""

    key: int
    root: int
    plan: BatchPlan
    lead: int
    chunks: int
    since: int
    header: Header
    chunk: int = 0
    offset: int = 0
    is_suspended: bool = False
    failed: int = 0
    total: int = 0


class BatchChunk(Value, frozen=True):
    """Portion `number` of the items of a batch operation."""

    batch: int
    number: int
    items: tuple[BatchItem, ...]


class Governed(Value, frozen=True):
    """A process instance with a policy: its signed blocks, their hash, and the trust slope (msgpack).

    `rejections` are the last ones that need not be told again. With `begins`, the key of a `Beginning`,
    `tokens` is what is left of the last block after that, and `signature` its third part where it was
    signed together with others: see `State.blocks_of`. `acted` of a root are those who have completed
    user tasks in it and in all that it called, each with the element of that task (-1: of several).
    """

    key: int
    root: int
    tokens: tuple[str, ...]
    policy: str
    slope: bytes
    rejections: tuple[str, ...] = ()
    begins: int = NONE_KEY
    signature: bytes = b""
    acted: tuple[tuple[str, int], ...] = ()


class Unsigned(Value, frozen=True):
    """The binding of this instance waits for its signature: its leaf in the tree that will be signed."""

    key: int
    leaf: bytes


class Beginning(Value, frozen=True):
    """How the blocks of all instances begin that are bound under the same grants: stored once.

    `blocks` are the grants and then the letters that the bindings have in common; `key` is that of the
    first such instance, `count` how many refer to it now.
    """

    key: int
    blocks: tuple[str, ...]
    count: int


class Revoked(Value, frozen=True):
    """What an issuer revokes: its newest signed list."""

    issuer: str
    epoch: int
    token: str


class Variable(Value, frozen=True):
    key: int
    scope: int
    name: str
    value: Any
    root: int


class Token(Value, frozen=True):
    """`count` tokens wait on `flow` for the join at its end."""

    scope: int
    flow: str
    count: int
    root: int


class Result(Value, frozen=True):
    """What inner instance `index` (from 1) of the multi-instance `body` brought."""

    body: int
    index: int
    value: Any
    root: int


class Trigger(Value, frozen=True):
    """An event that has fired on `element_key` and waits until that has ended (rule 35).

    With `placed` it is no event: a token placed inside, and `inner` what is placed in that. With
    `is_partial` it is one of several definitions that `target` wants all (B15).
    """

    key: int
    element_key: int
    target: str
    variables: Document
    root: int
    placed: bool = False
    inner: tuple[Placement, ...] = ()
    is_partial: bool = False


class FiredGateway(Value, frozen=True):
    """The complex gateway `gateway` has fired by tokens of `flows`, and waits for the rest (B3)."""

    scope: int
    gateway: str
    flows: tuple[str, ...]
    root: int


class Rest(Value, frozen=True):
    """The rest of an agenda that grew too long for one turn, encoded, first item first."""

    root: int
    items: tuple[bytes, ...]


class Taken(Value, frozen=True):
    """This process id has had this message (rule 20)."""

    message: int
    process_id: str
    name: str
    correlation_key: str
    tenant: str


class Banned(Value, frozen=True):
    """A root that met a bug; it accepts no more commands (rule 94)."""

    root: int
    message: str


class Distribution(Value, frozen=True):
    """A deployment that some partitions have yet to confirm."""

    key: int
    waiting: tuple[int, ...]


class Scalars(Value, frozen=True):
    position: int = 0
    next_key: int = 0
    timestamp: int = 0
    pinned: int = NONE_KEY
