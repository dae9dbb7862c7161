"""What is still to do in a turn: small, encodable items, played in order.

They are not records: the log holds only what came of them. A rest that is too long for one turn is
written as one AGENDA DEFERRED event and goes on with a CONTINUE.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from remit.protocol.values import NONE_KEY, Document, Placement


class Item(Struct, frozen=True, gc=False, array_like=True, tag=True, tag_field="item"):
    """Base of all agenda items."""


class Activate(Item, frozen=True):
    """Open `element` in `scope`. `arrived` and `joined` are the tokens it consumes.

    `variables` become local to it: the payload of the event that started it.
    """

    element: str
    scope: int
    arrived: int = 0
    joined: tuple[str, ...] = ()
    variables: Document | None = None
    loop_counter: int = 0


class Complete(Item, frozen=True):
    """The element is done. `variables` are what it brings: of a job, a message, a called process.

    `admitted`: the instance's policy was asked about them when they came.
    """

    key: int
    variables: Document | None = None
    admitted: bool = False


class Terminate(Item, frozen=True):
    key: int


class Resume(Item, frozen=True):
    """Go on at `stage` of the element's life, where an incident or a listener stopped it."""

    key: int
    stage: str


class ResumeAfter(Item, frozen=True):
    """What `stage` of the element's life has waited for is done: go on with the next one."""

    key: int
    stage: str


class FollowTrigger(Item, frozen=True):
    """The element that an event interrupted has ended: the event goes on in `scope`."""

    element: str
    scope: int
    variables: Document


class Place(Item, frozen=True):
    """Open `placement` in `scope`."""

    scope: int
    placement: Placement


class Settle(Item, frozen=True):
    """Something inside this element was terminated: perhaps it can end, or go on, itself."""

    key: int


class Gather(Item, frozen=True):
    """Open an activity of `scope` with as many of the tokens that wait for it as it needs."""

    element: str
    scope: int


class Spawn(Item, frozen=True):
    """Open inner instances of a multi-instance body, from the item `index` (from 1) on."""

    key: int
    index: int


class Signal(Item, frozen=True):
    """Reach who listens to a signal: subscriptions with keys above `after` and below `before`.

    Element `but` has been told already.
    """

    broadcast: int
    name: str
    variables: Document
    tenant: str
    after: int
    before: int
    starts: bool
    but: int = NONE_KEY


class AskConditions(Item, frozen=True):
    """Variables of this instance have changed: (name, "create" or "update"); empty: ask anyway."""

    instance: int
    changes: tuple[tuple[str, str], ...]


class AskJoins(Item, frozen=True):
    """Something in this scope has changed: perhaps a join need not wait any longer."""

    scope: int


class HandlerEnded(Item, frozen=True):
    """An element has completed in a process with compensation: perhaps it was a handler."""

    key: int
    scope: int


class Hit(Item, frozen=True):
    """Event `target`, waited for on element `key`, has happened, and is to be admitted as `action`."""

    key: int
    target: str
    variables: Document
    action: str
    name: str


class StartHandler(Item, frozen=True):
    """Compensation `key` of `scope` runs its handler."""

    scope: int
    key: int


class ThrowDenied(Item, frozen=True):
    """A step of this element was denied, and the policy makes that an error; `stage` as in incidents."""

    key: int
    stage: str
    message: str


class TakeBack(Item, frozen=True):
    """The time of `job`, of element `key`, is over: it goes to another worker, if that is admitted."""

    key: int
    job: int


class HearListeners(Item, frozen=True):
    """Transition `name` of `task`, of element `key`, goes on at its listener `index`."""

    key: int
    task: int
    name: str
    index: int


class StartByMessage(Item, frozen=True):
    """The lock of an ended instance is free: the oldest buffered message starts the next (rule 23)."""

    tenant: str
    process_id: str
    correlation_key: str


AgendaItem = (
    Activate
    | Complete
    | Terminate
    | Resume
    | ResumeAfter
    | FollowTrigger
    | Place
    | Settle
    | Gather
    | Spawn
    | StartByMessage
    | Signal
    | AskConditions
    | AskJoins
    | HandlerEnded
    | Hit
    | StartHandler
    | ThrowDenied
    | TakeBack
    | HearListeners
)

encode_item = msgspec.msgpack.Encoder().encode
decode_item = msgspec.msgpack.Decoder(AgendaItem).decode

_encode_json = msgspec.json.Encoder().encode
_decode_json = msgspec.json.Decoder(AgendaItem).decode

HELD = "held:"
"""The stage of an incident where a step was denied that was not the element's own: the item follows."""


def held(item: Item) -> str:
    """An item as the stage of an incident: it is played when that is resolved.

    >>> from_stage(held(Terminate(5)))
    Terminate(key=5)
    """
    return HELD + _encode_json(item).decode()


def from_stage(stage: str) -> AgendaItem | None:
    """The item that such a stage holds; None for any other stage."""
    return _decode_json(stage.removeprefix(HELD)) if stage.startswith(HELD) else None


LIMIT = 500
"""Items played in one turn at most; with about 10 µs each a turn stays far below 20 ms."""

RECORDS = 5000
"""Events after which nothing more is played in a turn: there are items that have a thousand of them."""


_OF_SCOPES = (Activate, FollowTrigger, Place, Gather, AskJoins, HandlerEnded, StartHandler)
_OF_ELEMENTS = (
    Complete, Terminate, Resume, ResumeAfter, Settle, Spawn, Hit, ThrowDenied, TakeBack,
    HearListeners,
)  # fmt: skip


def owner_of(item: AgendaItem) -> int:
    """The element instance that an item concerns, -1 for none."""
    if isinstance(item, _OF_SCOPES):
        return item.scope
    if isinstance(item, _OF_ELEMENTS):
        return item.key
    return NONE_KEY
