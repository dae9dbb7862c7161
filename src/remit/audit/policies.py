"""Policies of the log: attached, succeeded, revoked; trust that was lifted; and workers' receipts.

All of it is signed, and all of it is verified here, with the public keys alone.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from remit.audit.asking import as_told
from remit.audit.carried import Agreements, Carried, decode_slope
from remit.audit.coverage import FINE, Findings
from remit.audit.records import Turn
from remit.audit.running import Running
from remit.authority import AuthorityFault, KeyRing, jws, policy
from remit.authority.binding import Bound
from remit.authority.evaluate import Authority
from remit.authority.policy import Initiator
from remit.authority.receipt import Receipt
from remit.authority.revocation import Revocations, read_revocations
from remit.authority.slope import Slope
from remit.authority.verify import Attached, Auditor, Finding, Lifted, ListChanged, Signed
from remit.protocol.events.deployment import ProcessCreated
from remit.protocol.events.governance import (
    EvaluatorsDisagreed,
    PoliciesSigned,
    PolicyAttached,
    PolicySucceeded,
    ReceiptTaken,
    RevocationsChanged,
    SlopeReanchored,
)
from remit.protocol.values import NONE_KEY

RULES_REMEMBERED = 1_000
"""Sets of rules whose agreements are kept for the instances to come."""


class _Alike(NamedTuple):
    """What instances have in common that began with bindings of one form: the slope where they begin,
    and the agreements that hold for them."""

    slope: Slope
    told: bytes
    agreements: Agreements


class Policies:
    """`instances` counts those that a policy was attached to.

    `_alike` are the bindings that were found right in full, by all that the log says with them but the
    instance, the time and the names of the blocks: those are compared each time.
    """

    def __init__(self, ring: KeyRing, auditor: Auditor, running: Running) -> None:
        self.instances = 0
        self._ring = ring
        self._auditor = auditor
        self._running = running
        self._governed = running.governed
        self._revocations: dict[str, Revocations] = {}
        self._agreements: dict[Hashable, Agreements] = {}
        self._alike: dict[Hashable, _Alike] = {}

    def attached(self, turn: Turn, position: int, event: PolicyAttached) -> Findings:
        """An instance is about to begin under this policy."""
        running = self._running
        differing = running.beginnings.hold(event)
        if not running.share.has(event.root):
            running.elsewhere.add(event.instance)
            self._auditor.pass_by(position, str(event.instance), event.tokens)
            return FINE
        self.instances += 1
        carried = self._governed[event.instance] = Carried(event)
        bound = self._auditor.read(event.tokens)
        if bound is not None and not differing and self._was_attached(event, bound, carried):
            self._auditor.carry(position, carried.name, bound)
            return _by_another(turn, position, event, bound.form.initiator)
        parent = self._governed.get(event.parent)
        if parent is not None:
            self._auditor.place(parent.name, parent.slope)
        found = self._auditor.feed(
            Attached(
                position=position, instance=carried.name, tokens=event.tokens,
                parent="" if event.parent == NONE_KEY else str(event.parent),
                after=decode_slope(event.slope).head,
                sender=decode_slope(event.sender) if event.sender else None, bound=bound,
            )
        )  # fmt: skip
        carried.move(self._auditor.slope(carried.name))
        is_its_own = self._carries(carried, event)
        if differing:
            found.append(Finding(position, "signature", differing))
        if not found and carried.told != event.slope:
            found.append(Finding(position, "slope", "the slope is not the one that its head names"))
        found += _misnamed(position, event, carried, is_its_own)
        if carried.authority is not None:
            found += _by_another(turn, position, event, carried.authority.chain.initiator)
        if not found and bound is not None:
            self.remember(event, bound, _Alike(carried.slope, carried.told, carried.agreements))
        return found

    def _was_attached(self, event: PolicyAttached, bound: Bound, carried: Carried) -> bool:
        """Whether one like this was found right, and this one is signed for this instance; then it is
        carried from here on."""
        if event.parent != NONE_KEY or event.sender or not self._auditor.is_unrevoked:
            return False
        alike = self._alike.get((bound.form, event.definition, event.tenant, event.slope))
        if alike is None or bound.instance != carried.name or bound.hash != event.policy:
            return False
        carried.rule(bound, alike.agreements)
        carried.slope, carried.told = alike.slope, alike.told
        return True

    def signed(self, turn: Turn, position: int, event: PoliciesSigned) -> Findings:
        """One signature for what was attached without."""
        return self._auditor.feed(
            Signed(
                position=position, instance="", instances=tuple(map(str, event.instances)),
                kid=event.kid, signature=event.signature,
            )
        )  # fmt: skip

    def remember(self, event: PolicyAttached, bound: Bound, alike: _Alike) -> None:
        """Nothing was to be found with this one."""
        if event.parent != NONE_KEY or event.sender:
            return
        if len(self._alike) >= RULES_REMEMBERED:
            self._alike.clear()
        self._alike[bound.form, event.definition, event.tenant, event.slope] = alike

    def deployed(self, turn: Turn, position: int, event: ProcessCreated) -> Findings:
        """Whose policies are for this process, may be another question from here on."""
        self._running.deployed(event)
        self._alike.clear()
        return FINE

    def succeeded(self, turn: Turn, position: int, event: PolicySucceeded) -> Findings:
        """A policy in the place of the one before."""
        self._running.beginnings.release(event.instance)
        if event.instance in self._running.elsewhere:
            return FINE
        carried = self._governed.get(event.instance)
        if carried is None:
            return (Finding(position, "signature", "a successor of a policy that is not there"),)
        found = self._auditor.feed(
            Attached(position=position, instance=carried.name, tokens=event.tokens)
        )
        self._carries(carried, event)
        return [*found, *_misnamed(position, event, carried, True)]

    def _carries(self, carried: Carried, event: PolicyAttached | PolicySucceeded) -> bool:
        """From here on. Returns whether the policy is for this instance as it is now."""
        authority = self._auditor.authority(carried.name)
        carried.attach(event, authority, self._agreed(authority))
        is_its_own = self._running.is_subject(carried, event)
        if authority is not None and not is_its_own:
            carried.definition = NONE_KEY  # it migrates: the next decision will tell where to
        return is_its_own

    def _agreed(self, authority: Authority | None) -> Agreements:
        """What was found right for chains like this one."""
        if authority is None:
            return {}
        alike = authority.alike
        found = self._agreements.get(alike)
        if found is None:
            if len(self._agreements) >= RULES_REMEMBERED:
                self._agreements.clear()
            found = self._agreements[alike] = {}
        return found

    def lists_changed(self, turn: Turn, position: int, event: RevocationsChanged) -> Findings:
        """All lists that count from here on."""
        try:
            self._revocations[event.issuer] = read_revocations(event.token, self._ring)
        except AuthorityFault as fault:
            return (Finding(position, "signature", f"revocations of {event.issuer}: {fault}"),)
        lists = tuple(self._revocations.values())
        found = self._auditor.feed(ListChanged(position=position, instance="", revocations=lists))
        for carried in self._governed.values():
            authority = self._auditor.authority(carried.name)
            carried.rule(authority, self._agreed(authority))
        return found

    def reanchored(self, turn: Turn, position: int, event: SlopeReanchored) -> Findings:
        """Trust in an instance's data was lifted by a signed statement."""
        if event.instance in self._running.elsewhere:
            return FINE
        carried = self._governed.get(event.instance)
        if carried is None:
            return (Finding(position, "slope", "trust re-anchored without a policy"),)
        self._auditor.place(carried.name, carried.slope)
        found = self._auditor.feed(
            Lifted(
                position=position, instance=carried.name, token=event.statement,
                now_ms=turn.timestamp, after=event.head,
            )
        )  # fmt: skip
        carried.move(self._auditor.slope(carried.name))
        trust = carried.slope.trust
        return [*found, *as_told(position, carried, event.slope, trust, event.low)]

    def receipt_taken(self, turn: Turn, position: int, event: ReceiptTaken) -> Findings:
        """A worker's receipt is what it was taken for: signed, and about this job."""
        if not event.signed_by or event.instance in self._running.elsewhere:
            return FINE  # it was refused, or another asks about it
        try:
            envelope = jws.read(event.receipt, "receipt")
            receipt = policy.read(envelope.claims, Receipt)
            envelope.verify(self._ring.key(envelope.kid, "worker", receipt.ts_ms // 1000))
        except AuthorityFault as fault:
            text = f"the receipt of job {event.job}: {fault}"
            return (Finding(position, "signature", text),)
        told = (str(event.instance), str(event.job), event.action, event.admitted)
        was_left = receipt.is_left if isinstance(event, EvaluatorsDisagreed) else event.left
        said = (receipt.instance, receipt.job, receipt.action, receipt.admitted)
        if said != told or receipt.is_left != was_left:
            text = f"the receipt of job {event.job} says something else than the log"
            return (Finding(position, "signature", text),)
        return FINE


def _by_another(turn: Turn, position: int, event: PolicyAttached, bound_to: Initiator) -> Findings:
    """A policy that is bound to somebody who has not begun the instance."""
    if event.parent != NONE_KEY or event.sender:
        return FINE
    actor = turn.actor
    if (bound_to.actor, bound_to.method) == (actor.id or "anonymous", actor.channel):
        return FINE
    text = f"the policy names {bound_to.actor} as the initiator, {actor.id} began the instance"
    return (Finding(position, "facts", text),)


def _misnamed(
    position: int, event: PolicyAttached | PolicySucceeded, carried: Carried, is_its_own: bool
) -> Findings:
    """A policy that the log calls another, or that is for somebody else."""
    authority = carried.authority
    if authority is None:
        return FINE
    chain = authority.chain
    if chain.subject.tenant != event.tenant:
        text = f"the policy is one of tenant {chain.subject.tenant}, not {event.tenant}"
    elif not is_its_own:
        text = "the policy is for another process, or another version, than the instance is of"
    elif chain.hash != event.policy:
        text = f"the policy is {chain.hash[:12]}, the log calls it {event.policy[:12]}"
    else:
        return FINE
    return (Finding(position, "signature", text),)
