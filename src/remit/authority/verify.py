"""The auditor: from the log alone, was every step permitted, and does the story hold together?

Entries are fed in the order of the log; each may give findings. Per kind:

    signature     a chain in the log does not verify, or was never signed   (T4-T8)
    decision      the same question, asked again, has another answer        (T13, T32)
    slope         the recorded slope is not what follows from the one before
    completeness  something happened that no admission covers; or was covered twice, or was denied,
                  or was admitted and never happened                        (T13, T14)
    order         positions do not ascend
    withheld      a decision was made over data that has been erased; cannot be asked again

and of whoever reads the log for it: `chain` (a batch was changed, dropped, moved or put in),
`checkpoint` (the log is not the one that was signed), `facts` (a decision was made over other facts
than the log's other records tell).

The auditor shares the evaluator with the broker, and nothing else: it believes no recorded slope and
no recorded verdict. It does take the recorded facts: whoever builds the entries from the log compares
those with the log's other records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from msgspec import Struct

from remit.authority import slope as slopes
from remit.authority import together
from remit.authority.binding import Bound, read_bound
from remit.authority.chain import verify_chain
from remit.authority.errors import AuthorityFault, BadSignature
from remit.authority.evaluate import Authority, compile_chain
from remit.authority.keys import KeyRing
from remit.authority.receipt import reanchored
from remit.authority.redaction import Withheld
from remit.authority.revocation import Revocations
from remit.authority.slope import START, Hop, Slope

Kind = Literal[
    "chain",
    "checkpoint",
    "signature",
    "decision",
    "slope",
    "completeness",
    "facts",
    "order",
    "withheld",
    "partition",
]


class Finding(Struct, frozen=True):
    """Something that should not be so; `position` in the log."""

    position: int
    kind: Kind
    text: str


class Entry(Struct, frozen=True, kw_only=True, tag=True):
    """One record of the log that matters here. `scope`: whose token it is about."""

    position: int
    instance: str
    scope: str = ""


class Attached(Entry, frozen=True, kw_only=True):
    """The instance has this chain from here on: at its creation, or by succession.

    With `after`, its slope begins here: with its initiator, or where the slope of `parent`, the
    instance that called it, is now. Without, the slope stays as it is.
    `sender` is the slope of whoever sent the message that started it, maybe from another partition.
    `bound` is what the auditor's `read` said of these tokens, where it was asked before.
    """

    tokens: tuple[str, ...]
    parent: str = ""
    after: str = ""
    sender: Slope | None = None
    bound: Bound | None = None


class Signed(Entry, frozen=True, kw_only=True):
    """The bindings of these instances are signed together, with the key `kid`: all that were attached
    without a signature since the last time, in this order (`instance` is empty)."""

    instances: tuple[str, ...]
    kid: str
    signature: bytes


class ListChanged(Entry, frozen=True, kw_only=True):
    """These revocations count from here on (`instance` is empty)."""

    revocations: tuple[Revocations, ...]


class Also(Struct, frozen=True):
    """A question that went with a decision: admitted by these clauses, on the same slope."""

    action: str
    facts: Mapping[str, object]
    clauses: tuple[str, ...]


class Decided(Entry, frozen=True, kw_only=True):
    """A decision with its inputs; `also` is what was asked and admitted with it.

    `covers` and `part`: the position of what it permits or denies, and what of it; -1 for what
    leaves no record of its own. `before` may be empty: not recorded; `chain` as well: it is the one
    that the instance carries; and `after`: the slope stays where it is. `returns`: the hop is over with
    the step, `wrote` says whether it brought variables. `lowered` from 0 on: data of this trust came
    in with it, and the slope was lowered first. `duties`, also those of `also`; None: not recorded.
    """

    covers: int
    part: str = ""
    chain: str
    action: str
    facts: Mapping[str, object]
    now_ms: int
    before: str
    hop: Hop | None = None
    admitted: bool
    reason: str
    clauses: tuple[str, ...]
    after: str
    returns: bool = False
    wrote: bool = False
    lowered: int = -1
    duties: tuple[str, ...] | None = None
    also: tuple[Also, ...] = ()


class Returned(Entry, frozen=True, kw_only=True):
    """A hop is over."""

    wrote: bool
    after: str


class Lowered(Entry, frozen=True, kw_only=True):
    """Data came in from outside, with this trust."""

    trust: int
    after: str


class Forked(Entry, frozen=True, kw_only=True):
    """`scope` starts with the slope of another: a parallel token, or a child instance."""

    of_instance: str
    of_scope: str


class Joined(Entry, frozen=True, kw_only=True):
    """`scope` takes in the slopes of these scopes of its instance."""

    scopes: tuple[str, ...]
    after: str


class Lifted(Entry, frozen=True, kw_only=True):
    """Trust was re-anchored by this signed statement."""

    token: str
    now_ms: int
    after: str


class Happened(Entry, frozen=True, kw_only=True):
    """An effect in a governed instance, and the action that must have been admitted for it.

    `part` tells effects of one record apart.
    """

    action: str
    part: str = ""


class _Unsigned(NamedTuple):
    """A binding that waits for its signature: its leaf, and what it says (None: another reads it)."""

    position: int
    leaf: bytes
    bound: Bound | None


class Auditor:
    """Feed it the log; `finish` when it is over."""

    def __init__(
        self, ring: KeyRing, reveal: Callable[[Withheld], object] = lambda withheld: withheld
    ) -> None:
        self._ring = ring
        self._reveal = reveal
        self._revocations: Sequence[Revocations] = ()
        self._authorities: dict[str, Authority | Bound] = {}
        self._slopes: dict[tuple[str, str], Slope] = {}
        self._covering: dict[tuple[int, str], Decided] = {}
        self._unsigned: dict[str, _Unsigned] = {}
        self._position = -1
        self.decisions = 0

    def feed(self, entry: Entry) -> list[Finding]:
        """What is wrong with the next entry."""
        found: list[Finding] = []
        if entry.position <= self._position and not self._is_another_part(entry):
            found.append(Finding(entry.position, "order", f"comes after {self._position}"))
        self._position = entry.position
        try:
            found.extend(self._CHECKS[entry.__class__](self, entry))
        except AuthorityFault as fault:
            kind: Kind = "signature" if isinstance(entry, Attached | Signed) else "slope"
            found.append(Finding(entry.position, kind, str(fault)))
        return found

    def _is_another_part(self, entry: Entry) -> bool:
        """One record may have several effects."""
        return isinstance(entry, Happened) and entry.position == self._position

    def finish(self) -> list[Finding]:
        """What was admitted and never happened, and what was never signed."""
        never = [
            Finding(
                decided.position,
                "completeness",
                f"{decided.action} was admitted for position {covered}, where nothing happened",
            )
            for (covered, _), decided in sorted(self._covering.items())
            if decided.admitted
        ]
        return never + self._never_signed(self._unsigned, "nobody has signed it")

    @staticmethod
    def _never_signed(unsigned: Mapping[str, _Unsigned], why: str) -> list[Finding]:
        """Of those that are read here."""
        return [
            Finding(each.position, "signature", f"the binding of instance {instance}: {why}")
            for instance, each in unsigned.items()
            if each.bound is not None
        ]

    def forget(self, instance: str) -> None:
        """The instance has ended: nothing more will be told of it."""
        self._authorities.pop(instance, None)
        self._slopes.pop((instance, ""), None)

    def slope(self, instance: str, scope: str = "") -> Slope:
        """The slope as it follows from what was fed so far."""
        return self._slopes.get((instance, scope), START)

    def place(self, instance: str, slope: Slope) -> None:
        """The instance's slope is here now: what led to it was found right."""
        self._slopes[instance, ""] = slope

    def authority(self, instance: str) -> Authority | None:
        """What the instance's steps are asked of; None when no chain that verifies is attached."""
        found = self._authorities.get(instance)
        if found.__class__ is Bound:
            found = self._authorities[instance] = found.authority()
        return found  # type: ignore[return-value]

    def read(self, tokens: Sequence[str]) -> Bound | None:
        """A binding that is signed as it should be, or is still to be signed together with others;
        None: `Attached` will tell what these tokens are."""
        return read_bound(tokens, self._ring)

    @property
    def is_unrevoked(self) -> bool:
        """Whether no list of revocations counts."""
        return not self._revocations

    def carry(self, position: int, instance: str, bound: Bound) -> None:
        """The instance has this chain from here on; one like it was fed, and found right. Only where
        nothing is revoked."""
        self._authorities[instance] = bound
        self._await_signature(position, instance, bound)

    def pass_by(self, position: int, instance: str, tokens: Sequence[str]) -> None:
        """Another reads what is attached to this instance; its binding may be signed with ours."""
        leaf = together.waiting_leaf(tokens[-1]) if tokens else None
        if leaf is not None:
            self._unsigned[instance] = _Unsigned(position, leaf, None)

    def _await_signature(self, position: int, instance: str, bound: Bound) -> None:
        if not bound.is_signed:
            self._unsigned[instance] = _Unsigned(position, together.leaf_of(bound.block), bound)

    def _signed(self, entry: Signed) -> Iterator[Finding]:
        waiting, self._unsigned = self._unsigned, {}
        if entry.instances != tuple(waiting):
            text = (
                f"signs the bindings of {len(entry.instances)} instances, which are not the "
                f"{len(waiting)} that wait for it"
            )
            yield Finding(entry.position, "signature", text)
        here = [each.bound for each in waiting.values() if each.bound is not None]
        try:
            keys = {self._ring.key(bound.form.kid, "holder", bound.at) for bound in here}
            if not here:
                return
            if [key.kid for key in keys] != [entry.kid]:
                raise BadSignature(f"key {entry.kid} signs what others bind")
            leaves = [each.leaf for each in waiting.values()]
            together.check_together(leaves, entry.signature, *keys)
        except AuthorityFault as fault:
            yield from self._never_signed(waiting, str(fault))

    def _attached(self, entry: Attached) -> Iterator[Finding]:
        authority = self._compiled(entry)
        chain = authority.chain
        if chain.subject.instance != entry.instance:
            text = f"the chain is for instance {chain.subject.instance}, not {entry.instance}"
            yield Finding(entry.position, "signature", text)
        self._authorities[entry.instance] = authority
        if entry.after:
            yield from self._moved(entry, self._begun(authority, entry), entry.after)

    def _compiled(self, entry: Attached) -> Authority:
        """Raises an AuthorityFault for tokens that are no chain, or one without a meaning."""
        bound = entry.bound or self.read(entry.tokens)
        if bound is None:
            return compile_chain(verify_chain(entry.tokens, self._ring), self._revocations)
        self._await_signature(entry.position, entry.instance, bound)
        if self._revocations:
            return compile_chain(bound.chain(), self._revocations)
        return bound.authority()

    def _begun(self, authority: Authority, entry: Attached) -> Slope:
        """The slope of a new instance."""
        chain = authority.chain
        if entry.sender is not None:
            hop = Hop(chain.subject.process, "message")
            return authority.arithmetic.extend(entry.sender, hop)
        if entry.parent:
            hop = Hop(chain.subject.process, "call")
            return authority.arithmetic.extend(self.slope(entry.parent), hop)
        who = chain.initiator
        return authority.arithmetic.extend(
            START, Hop(who.actor, "initiator", who.method, who.domain)
        )

    def _list_changed(self, entry: ListChanged) -> Iterator[Finding]:
        old = {each.iss: each.epoch for each in self._revocations}
        for each in entry.revocations:
            if each.epoch < old.get(each.iss, 0):
                text = f"revocations of {each.iss} went back to epoch {each.epoch}"
                yield Finding(entry.position, "order", text)
        self._revocations = entry.revocations
        for instance, held in self._authorities.items():
            chain = held.chain() if isinstance(held, Bound) else held.chain
            self._authorities[instance] = compile_chain(chain, self._revocations)

    def _decided(self, entry: Decided) -> Sequence[Finding]:
        self.decisions += 1
        found: list[Finding] = []
        if entry.covers >= 0:
            found.extend(self._covers(entry))
        authority = self.authority(entry.instance)
        if authority is None:
            text = "decided under a policy that is not in the log, or can't be checked"
            return [*found, Finding(entry.position, "decision", text)]
        if entry.chain not in ("", authority.chain.hash):
            text = f"decided under policy {entry.chain[:12]}, which the instance does not have"
            return [*found, Finding(entry.position, "decision", text)]
        before = self._slopes.get((entry.instance, entry.scope), START)
        if entry.before and before.head != entry.before:
            text = f"starts from {entry.before[:12]}, the slope was at {before.head[:12]}"
            found.append(Finding(entry.position, "slope", text))
        facts = self._revealed(entry.facts)
        if facts is None:
            text = f"{entry.action}: its facts were erased"
            return [*found, Finding(entry.position, "withheld", text)]
        start = before if entry.lowered < 0 else slopes.lowered(before, entry.lowered)
        again = authority.admit(entry.action, facts, start, entry.now_ms, entry.hop)
        if (
            again.admitted is not entry.admitted
            or again.reason != entry.reason
            or again.clauses != entry.clauses
        ):
            text = (
                f"{entry.action}: recorded {entry.reason} by {' '.join(entry.clauses)}, "
                f"asked again {again.reason} by {' '.join(again.clauses)}"
            )
            found.append(Finding(entry.position, "decision", text))
        else:
            found += self._also(entry, authority, start, again.duties)
        now = again.slope if again.admitted else before
        if entry.returns and again.admitted:
            also = tuple(each.action for each in entry.also)
            now = slopes.returned(now, wrote=entry.wrote, also=also)
        recorded = entry.after or before.head
        if now is not before or now.head != recorded:
            found.extend(self._moved(entry, now, recorded))
        return found

    def _also(
        self, entry: Decided, authority: Authority, start: Slope, duties: tuple[str, ...]
    ) -> Iterator[Finding]:
        """What was admitted with a decision is asked again as well; `duties` are the decision's own."""
        for each in entry.also:
            self.decisions += 1
            facts = self._revealed(each.facts)
            if facts is None:
                text = f"{each.action}: its facts were erased"
                yield Finding(entry.position, "withheld", text)
                return
            again = authority.admit(each.action, facts, start, entry.now_ms, entry.hop)
            duties = (*duties, *again.duties)
            if not again.admitted or again.clauses != each.clauses:
                text = (
                    f"{each.action}: recorded admitted by {' '.join(each.clauses)}, "
                    f"asked again {again.reason} by {' '.join(again.clauses)}"
                )
                yield Finding(entry.position, "decision", text)
        if entry.duties not in (None, duties):
            text = f"{entry.action}: recorded the duties {entry.duties}, they are {duties}"
            yield Finding(entry.position, "decision", text)

    def _covers(self, entry: Decided) -> Sequence[Finding]:
        """Nothing may be covered by two decisions, or by one that comes after it."""
        covered = (entry.covers, entry.part)
        if entry.covers > entry.position and covered not in self._covering:
            self._covering[covered] = entry
            return ()
        found = []
        if entry.covers <= entry.position:
            text = f"{entry.action} at {entry.covers} was decided only after it"
            found.append(Finding(entry.position, "completeness", text))
        if covered in self._covering:
            text = f"position {entry.covers} is covered by two decisions"
            found.append(Finding(entry.position, "completeness", text))
        self._covering[covered] = entry
        return found

    def _revealed(self, facts: Mapping[str, object]) -> Mapping[str, object] | None:
        """The facts with withheld values put back; None when one cannot be."""
        for value in facts.values():
            if value.__class__ is Withheld:
                break
        else:
            return facts
        shown = {
            name: self._reveal(value) if isinstance(value, Withheld) else value
            for name, value in facts.items()
        }
        return None if any(isinstance(value, Withheld) for value in shown.values()) else shown

    def _moved(self, entry: Entry, now: Slope, recorded: str) -> Iterator[Finding]:
        """The scope's slope is `now`; the log must have said the same."""
        self._slopes[entry.instance, entry.scope] = now
        if now.head != recorded:
            text = f"recorded {recorded[:12]}, from what came before follows {now.head[:12]}"
            yield Finding(entry.position, "slope", text)

    def _returned(self, entry: Returned) -> Iterator[Finding]:
        before = self.slope(entry.instance, entry.scope)
        if not before.path:
            yield Finding(entry.position, "slope", "returns from a hop that never was")
            return
        yield from self._moved(entry, slopes.returned(before, wrote=entry.wrote), entry.after)

    def _lowered(self, entry: Lowered) -> Iterator[Finding]:
        before = self.slope(entry.instance, entry.scope)
        yield from self._moved(entry, slopes.lowered(before, entry.trust), entry.after)

    def _forked(self, entry: Forked) -> Iterator[Finding]:
        source = self.slope(entry.of_instance, entry.of_scope)
        yield from self._moved(entry, source, source.head)

    def _joined(self, entry: Joined) -> Iterator[Finding]:
        own = self.slope(entry.instance, entry.scope)
        others = [self.slope(entry.instance, scope) for scope in entry.scopes]
        yield from self._moved(entry, slopes.joined_all([own, *others]), entry.after)

    def _lifted(self, entry: Lifted) -> Iterator[Finding]:
        authority = self.authority(entry.instance)
        if authority is None:
            yield Finding(entry.position, "slope", "trust re-anchored without a policy")
            return
        before = self.slope(entry.instance, entry.scope)
        after = reanchored(authority, entry.token, self._ring, before, entry.now_ms)
        yield from self._moved(entry, after, entry.after)

    def _happened(self, entry: Happened) -> Sequence[Finding]:
        decided = self._covering.pop((entry.position, entry.part), None)
        if decided is None:
            text = f"{entry.action} happened, and nothing admitted it"
        elif decided.instance != entry.instance or decided.action != entry.action:
            text = f"{entry.action} happened, {decided.action} was decided"
        elif not decided.admitted:
            text = f"{entry.action} happened although it was denied by {decided.clauses[-1:]}"
        else:
            return ()
        return (Finding(entry.position, "completeness", text),)

    _CHECKS: Mapping[type[Entry], Callable[..., Iterable[Finding]]] = {
        Attached: _attached,
        Signed: _signed,
        ListChanged: _list_changed,
        Decided: _decided,
        Returned: _returned,
        Lowered: _lowered,
        Forked: _forked,
        Joined: _joined,
        Lifted: _lifted,
        Happened: _happened,
    }
