"""Binding: grants that are about to be tied to the instances of one process, checked once for all.

Whether the grants are genuine, are for this process, and name the holder that binds them does not depend
on the instance. What is left for each instance is its own block: written and named. It is signed
together with others (see `together`); until then its chain is for the engine that made it alone.

Whoever verifies many such chains saves as much (`read_bound`): the block of an instance is written again
from the little that it says of its own, and is good when the text is the same and the signature holds.
Where a block was found good that differs in nothing but its instance and its time, it need not be
written again: what is around those two is compared with the text of that block, byte for byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import msgspec

from remit.authority import base64url, canon, jws, limits, together
from remit.authority.chain import (
    VerifiedBlock,
    VerifiedChain,
    check_links,
    check_size,
    verify_block,
)
from remit.authority.derive import binding, origin_of
from remit.authority.errors import AuthorityFault, BadLink, Malformed
from remit.authority.evaluate import Authority, compile_chain
from remit.authority.keys import KeyRing
from remit.authority.policy import Bind, BoundTo, Grant, Holder, Initiator, Origin

_NOBODY = Initiator(actor="", method="")


@dataclass(frozen=True, slots=True, eq=False)
class Bindable:
    """Grants that `holder` may bind to instances of this version of a process."""

    grants: tuple[VerifiedBlock, ...]
    origins: tuple[Origin, ...]
    tenant: str
    process: str
    version: int
    holder: Holder
    del_max_depth: int

    def authority(self, chain: VerifiedChain) -> Authority:
        """A chain of ours, ready to be asked, while nothing is revoked. Raises PolicyError, BadLink."""
        return _model(self).rebound(chain)

    def bind(self, instance: str, initiator: Initiator, now: int) -> VerifiedChain:
        """The chain of one instance, from `now` (seconds) on; how long it is valid, the grants say.

        Its last block has no signature yet. Raises Malformed for a chain, or a name, that is too long.
        """
        text = self.text(instance, initiator, now)
        name = hashlib.sha256(text.encode()).hexdigest()
        block = VerifiedBlock(
            text, name, self.holder.kids[0], self.block(instance, initiator, now)
        )  # fmt: skip
        chain = VerifiedChain((*self.grants, block))
        check_size(chain.tokens, together.LONGEST)
        return chain

    def block(self, instance: str, initiator: Initiator, now: int) -> Bind:
        """What is signed for one instance."""
        to = BoundTo(tenant=self.tenant, process=self.process, ver=self.version, instance=instance)
        return binding(
            to, self.holder, self.origins, initiator, self.del_max_depth, jti=instance, now=now
        )

    def text(self, instance: str, initiator: Initiator, now: int) -> str:
        """Its signing input. Most of that is the same for all instances, and written once."""
        stem, before, after = _spelling(self)
        who, name = _initiator(initiator), canon.encode(instance)
        said = b'"iat":%d,"initiator":%b,"jti":%b,"nbf":%d,"sub":{"instance":%b' % (
            now, who, name, min(now, limits.INTEGER), name,
        )  # fmt: skip
        return stem + base64url.encode(before + said + after)

    @property
    def begin(self) -> tuple[str, ...]:
        """How the chains of all instances begin: the grants, then the first letters of the binding."""
        return _begin(self)

    def check(self) -> None:
        """Raises BadLink unless the links of every chain that comes of this hold."""
        check_links(self.example())

    def example(self) -> VerifiedChain:
        """A chain that differs from those of instances in what its binding says of them alone."""
        block = self.block("", _NOBODY, 0)
        kid = self.holder.kids[0]
        return VerifiedChain((*self.grants, VerifiedBlock("", "", kid, block)))


@lru_cache(maxsize=256)
def _model(grants: Bindable) -> Authority:
    """Compiled once for all instances that these grants are bound to."""
    return compile_chain(grants.example())


@lru_cache(maxsize=1024)
def _initiator(initiator: Initiator) -> bytes:
    """Raises Malformed for a name that nobody could read again."""
    longest = max(map(len, (initiator.actor, initiator.method, initiator.domain, initiator.att)))
    if longest > limits.STRING_LENGTH:
        raise Malformed(f"the initiator's name has more than {limits.STRING_LENGTH} characters")
    return canon.encode(initiator)


@lru_cache(maxsize=256)
def _spelling(grants: Bindable) -> tuple[str, bytes, bytes]:
    """How a binding is written: its first letters, what stands between them and what is said of the
    instance, what follows that.

    A signing input is base64: where the letters of three bytes end, others may follow.
    """
    nobody = canon.encode(_NOBODY)
    said = b'"iat":0,"initiator":' + nobody + b',"jti":"","nbf":0,"sub":{"instance":""'
    before, found, after = canon.encode(grants.block("", _NOBODY, 0)).partition(said)
    assert found, "a binding is written in this order"
    end = len(before) // 3 * 3
    header = jws.header("bind", grants.holder.kids[0], together.ALGORITHM)
    return f"{header}.{base64url.encode(before[:end])}", before[end:], after


def stem_of(token: str) -> int:
    """How many letters a binding has in common with those of all other instances under its grants: as
    far as nothing is said of the one instance (see `Bindable.begin`). 0 for what is no binding."""
    header, _, rest = token.partition(".")
    try:
        content = base64url.decode(rest.partition(".")[0])
    except AuthorityFault:
        return 0
    end = content.find(b'"iat":')  # within a text, quotes are escaped
    return 0 if end < 0 else len(header) + 1 + end // 3 * 4


@lru_cache(maxsize=256)
def _begin(grants: Bindable) -> tuple[str, ...]:
    return (*(each.token for each in grants.grants), _spelling(grants)[0])


@lru_cache(maxsize=256)
def bindable(
    tokens: tuple[str, ...], ring: KeyRing, tenant: str, process: str, version: int, kid: str
) -> Bindable:
    """The grants in `tokens`, to be bound with the key `kid`.

    Raises Malformed, BadSignature, or BadLink: for what are no grants, or none for this process and
    holder. Faults are not cached.
    """
    grants = tuple(verify_block(each, ring) for each in tokens)
    if not grants or not all(isinstance(each.block, Grant) for each in grants):
        raise BadLink("it has to hold grants, at least one, and nothing else")
    found = Bindable(
        grants, tuple(origin_of(each) for each in grants), tenant, process, version,
        Holder(kids=(kid,)), min(each.block.del_max_depth for each in grants),
    )  # fmt: skip
    found.check()
    return found


class _Said(msgspec.Struct, frozen=True):
    """All that differs from one instance's block to the next under the same grants."""

    iat: int
    sub: BoundTo
    initiator: Initiator

    @property
    def is_within_limits(self) -> bool:
        """As far as no rule about the grants bounds it."""
        who, to = self.initiator, self.sub
        texts = (who.actor, who.method, who.domain, who.att, to.tenant, to.process, to.instance)
        return (
            max(map(len, texts)) <= limits.STRING_LENGTH
            and to.instance != ""
            and 0 <= self.iat < limits.INTEGER
            and 0 <= to.ver <= limits.INTEGER
        )


_read_said = msgspec.json.Decoder(_Said).decode


class Form:
    """What a binding that was found good says of all that differ in nothing but instance and time."""

    __slots__ = (
        "_at",
        "_instance",
        "_texts",
        "grants",
        "hash",
        "initiator",
        "kid",
        "model",
        "stem",
    )

    def __init__(self, grants: Bindable, initiator: Initiator) -> None:
        self.grants = grants
        self.initiator = initiator
        self.kid = grants.holder.kids[0]
        self.stem = grants.begin[-1]
        self.model = _model(grants)
        self.hash = hashlib.sha256("".join(each.hash for each in grants.grants).encode())

    def keep(self, apart: _Apart) -> None:
        """How a block is spelled, after the stem: where time and instance stand, what is around them."""
        head, who, tail = apart.around
        before = head, b',"initiator":' + who + b',"jti":"'
        self._texts = (*before, b'","nbf":', b',"sub":{"instance":"', b'"' + tail)
        at = len(head) + len(str(apart.at))
        instance = at + len(self._texts[1])
        self._at = slice(len(head), at)
        self._instance = slice(instance, instance + len(apart.instance))

    def again(self, rest: bytes) -> tuple[str, int] | None:
        """The instance and the time of a block that is spelled like that, with as many digits; None for
        what `_taken_apart` takes apart in another way, or not at all."""
        at, instance = rest[self._at], rest[self._instance]
        first, second, third, fourth, last = self._texts
        spelled = b"".join((first, at, second, instance, third, at, fourth, instance, last))
        if spelled != rest or at[:1] == b"0" or not (at.isdigit() and instance.isdigit()):
            return None
        return instance.decode(), int(at)


class Bound:
    """A binding that was read: what it says of its one instance, from second `at` on.

    `block` is the hash of its signing input. `is_signed`: its signature was verified; otherwise it has
    none yet, and counts for nothing until it is found among those that were signed together. The chain
    and its authority are made when somebody asks.
    """

    __slots__ = ("at", "block", "form", "instance", "is_signed", "token")

    def __init__(
        self, form: Form, instance: str, at: int, token: str, block: str, is_signed: bool
    ) -> None:
        self.form = form
        self.instance = instance
        self.at = at
        self.token = token
        self.block = block
        self.is_signed = is_signed

    @property
    def hash(self) -> str:
        """That of the chain."""
        found = self.form.hash.copy()
        found.update(self.block.encode())
        return found.hexdigest()

    def in_force(self) -> tuple[int, int]:
        """From when until when, in milliseconds, as `Authority.in_force` says."""
        first, last = self.form.model.in_force()
        return max(first, self.at * 1000), last

    def chain(self) -> VerifiedChain:
        """The grants and the binding."""
        form = self.form
        block = form.grants.block(self.instance, form.initiator, self.at)
        found = VerifiedBlock(self.token, self.block, form.kid, block)
        return VerifiedChain((*form.grants.grants, found))

    def authority(self) -> Authority:
        """Ready to be asked, while nothing is revoked. Raises PolicyError, BadLink."""
        return self.form.model.rebound(self.chain())


def read_bound(tokens: Sequence[str], ring: KeyRing) -> Bound | None:
    """The chain in `tokens` where it is one that `Bindable.bind` could have written; its signatures are
    verified, as far as it has them (see `Bound.is_signed`).

    None for every other: it may be a good one all the same, which `verify_chain` says.
    """
    try:
        return _read_bound(tokens, ring)
    except (AuthorityFault, msgspec.DecodeError, ValueError, RecursionError):
        return None


def _read_bound(tokens: Sequence[str], ring: KeyRing) -> Bound | None:
    check_size(tokens)
    token, before = tokens[-1], tuple(tokens[:-1])
    if len(token) > limits.BLOCK_BYTES:
        return None
    header, _, rest = token.partition(".")
    payload, point, signature = rest.partition(".")
    text = f"{header}.{payload}" if point else token
    found = _read_quickly(text, before, ring)
    form, instance, at = found or _read_slowly(text, before, ring)
    content = text.encode()
    key = ring.key(form.kid, "holder", at)
    if point:
        together.check_third_part(content, base64url.decode(signature), key)
    name = hashlib.sha256(content).hexdigest()
    return Bound(form, instance, at, token, name, bool(point))


def _read_quickly(
    text: str, before: tuple[str, ...], ring: KeyRing
) -> tuple[Form, str, int] | None:
    """The same as `_read_slowly` for a block that differs from a good one in nothing but instance and
    time; None for every other. Raises Malformed."""
    latest = _latest.get((ring, before))
    if latest is None or not text.startswith(latest.stem):
        return None
    rest = base64url.decode(text[len(latest.stem) :])
    said = latest.again(rest)
    if said is not None:
        return latest, *said
    apart = _taken_apart(rest)
    form = apart and _forms.get((ring, before, latest.stem, apart.around))
    return (form, apart.instance, apart.at) if apart and form else None


def _read_slowly(text: str, before: tuple[str, ...], ring: KeyRing) -> tuple[Form, str, int]:
    """The form, the instance and the time of a signing input. Raises Malformed unless it is one."""
    header, _, payload = text.partition(".")
    kind, kid, is_together = jws.read_header(header)
    spoken = base64url.decode(payload)
    told = _read_said(spoken)
    if kind != "bind" or not is_together or not told.is_within_limits:
        raise Malformed("no binding of ours")
    to = told.sub
    grants = bindable(before, ring, to.tenant, to.process, to.ver, kid)
    if spoken != canon.encode(grants.block(to.instance, told.initiator, told.iat)):
        raise Malformed("a binding that is written in another way")
    form = Form(grants, told.initiator)
    apart = _taken_apart(base64url.decode(text[len(form.stem) :]))
    if apart is not None:
        form.keep(apart)
        _remember((ring, before), apart.around, form)
    return form, to.instance, told.iat


# --- blocks that differ in nothing but instance and time -------------------------------------------


class _Apart(NamedTuple):
    """A block's instance and time (seconds), and the text around them, after the stem."""

    instance: str
    at: int
    around: tuple[bytes, bytes, bytes]


def _taken_apart(spoken: bytes) -> _Apart | None:
    """What follows the stem of a block that is spelled

        ‹stem›‹›‹time›,"initiator":‹›,"jti":"‹instance›","nbf":‹time›,"sub":{"instance":"‹instance›"‹›

    with the instance in digits, and the time as a number is spelled; None for others. A quote inside of
    a string is spelled with a backslash: these separators are where they seem to be, or nowhere.

    >>> _taken_apart(
    ...     b'{"iat":7,"initiator":{},"jti":"12","nbf":7,"sub":{"instance":"12"}}'
    ... )
    _Apart(instance='12', at=7, around=(b'{"iat":', b'{}', b'}}'))
    """
    head, _, rest = spoken.partition(b',"initiator":')
    who, _, rest = rest.partition(b',"jti":"')
    instance, _, rest = rest.partition(b'","nbf":')
    at, _, rest = rest.partition(b',"sub":{"instance":"')
    again, quote, tail = rest.partition(b'"')
    if not quote or again != instance or not head.endswith(at):
        return None
    if not (instance.isdigit() and at.isdigit()) or len(instance) > KEY or len(at) > TIME:
        return None
    if at[:1] == b"0":
        return None
    return _Apart(instance.decode(), int(at), (head[: -len(at)], who, tail))


KEY, TIME = 20, 15
"""Digits at most: of a key, and of a time that every number of a block may be."""

FORMS = 4096
_latest: dict[object, Form] = {}
_forms: dict[object, Form] = {}
"""The form of the last new one under these grants; of each, by its stem and what follows.

A stem ends where the letters of three bytes do, so that the letters after it are those of the rest.
"""


def _remember(under: tuple[KeyRing, tuple[str, ...]], around: object, form: Form) -> None:
    if len(_forms) >= FORMS:
        _forms.clear()
        _latest.clear()
    _latest[under] = form
    _forms[*under, form.stem, around] = form
