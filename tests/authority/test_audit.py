"""The auditor: a true log passes, and each way of bending it is found (T13, T14, T31, T32)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from remit.authority import START, Hop, compile_chain, joined, returned, verify_chain
from remit.authority.receipt import Anchor, write_anchor
from remit.authority.redaction import Withheld, redacted, withhold
from remit.authority.revocation import Revocations
from remit.authority.slope import Slope
from remit.authority.verify import (
    Attached,
    Auditor,
    Decided,
    Entry,
    Finding,
    Forked,
    Happened,
    Joined,
    Lifted,
    ListChanged,
    Lowered,
    Returned,
)
from tests.authority.test_chains import child_of
from tests.authority.world import (
    CHILD,
    INSTANCE,
    ISSUER,
    NOW,
    NOW_MS,
    PAY,
    RING,
    SLOPED,
    WORKER_HOP,
    admit,
    approver,
    authority_of,
    chain_of,
)

AUTHORITY = authority_of(SLOPED)
ALICE = Hop("alice", "initiator", "human+mfa")


class Log:
    """Writes the entries that a broker would write, keeping the slope itself."""

    def __init__(self) -> None:
        self.entries: list[Entry] = [
            Attached(position=1, instance=INSTANCE, tokens=AUTHORITY.chain.tokens)
        ]
        self.slope = START

    @property
    def next(self) -> int:
        return self.entries[-1].position + 1

    def step(
        self, action: str, hop: Hop | None = None, happens: bool = True, **changes: object
    ) -> None:
        """A decision, and its effect when it was admitted."""
        facts = {**PAY, **{name.replace("_", ".", 1): value for name, value in changes.items()}}
        decision = admit(AUTHORITY, action, facts, self.slope, hop)
        decided = Decided(
            position=self.next,
            instance=INSTANCE,
            covers=self.next + 1,
            chain=AUTHORITY.chain.hash,
            action=action,
            facts={name: facts[name] for name in AUTHORITY.referenced(action) if name in facts},
            now_ms=NOW_MS,
            before=self.slope.head,
            hop=hop,
            admitted=decision.admitted,
            reason=decision.reason,
            clauses=decision.clauses,
            after=decision.slope.head,
        )
        self.slope = decision.slope
        self.entries.append(decided)
        if decision.admitted and happens:
            self.entries.append(Happened(position=self.next, instance=INSTANCE, action=action))

    def returns(self, *, wrote: bool) -> None:
        self.slope = returned(self.slope, wrote=wrote)
        self.entries.append(
            Returned(position=self.next, instance=INSTANCE, wrote=wrote, after=self.slope.head)
        )


def true_log() -> Log:
    log = Log()
    log.step("element.enter", ALICE)
    log.step("job.activate", WORKER_HOP)
    log.step("job.complete")
    log.step("job.complete", var_amount=99_999)
    log.returns(wrote=True)
    log.step("flow.take")
    return log


def audit(entries: list[Entry], **options: object) -> list[Finding]:
    auditor = Auditor(RING, **options)  # type: ignore[arg-type]
    found = [finding for entry in entries for finding in auditor.feed(entry)]
    return found + auditor.finish()


def kinds(entries: list[Entry]) -> list[str]:
    return [finding.kind for finding in audit(entries)]


def bent(change: Callable[[Entry], Entry | None]) -> list[Entry]:
    """The true log with entries changed, or left out."""
    return [new for entry in true_log().entries if (new := change(entry)) is not None]


def decisions(**changes: object) -> Callable[[Entry], Entry]:
    """Changes the decision about completing the job."""

    def change(entry: Entry) -> Entry:
        chosen = isinstance(entry, Decided) and entry.action == "job.complete" and entry.admitted
        return replace(entry, **changes) if chosen else entry

    return change


def test_a_true_log_has_no_findings() -> None:
    log = true_log()

    assert audit(log.entries) == []
    auditor = Auditor(RING)
    for entry in log.entries:
        auditor.feed(entry)
    assert auditor.slope(INSTANCE) == log.slope
    assert auditor.decisions == 5


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"admitted": False, "reason": "deny", "clauses": ("D1",)}, {"decision", "completeness"}),
        ({"clauses": ("A2", "$bound")}, {"decision"}),
        ({"facts": {**PAY, "jobType": "refund"}}, {"decision"}),
        ({"facts": {**PAY, "var.amount": 10_001}}, {"decision"}),
        ({"facts": {}}, {"decision"}),
        ({"now_ms": 0}, {"decision"}),
        ({"chain": "0" * 64}, {"decision"}),
        ({"before": "0" * 64}, {"slope"}),
        ({"after": "0" * 64}, {"slope"}),
        ({"hop": WORKER_HOP}, {"slope"}),
        ({"action": "job.fail"}, {"completeness"}),
        ({"covers": 1}, {"completeness"}),
        ({"covers": 3}, {"completeness"}),
        ({"instance": CHILD}, {"decision", "completeness"}),
    ],
)
def test_t13_a_decision_that_was_edited_is_found(
    changes: dict[str, object], expected: set[str]
) -> None:
    assert expected <= set(kinds(bent(decisions(**changes))))


def test_t14_a_step_without_its_admission_is_found() -> None:
    without = bent(lambda entry: None if isinstance(entry, Decided) else entry)
    found = audit(without)

    assert len(found) >= 4
    assert "element.enter happened, and nothing admitted it" in [each.text for each in found]


def test_an_effect_after_its_denial_is_found() -> None:
    log = true_log()
    denied = next(each for each in log.entries if isinstance(each, Decided) and not each.admitted)
    log.entries = [each for each in log.entries if each.position <= denied.position]
    log.entries.append(Happened(position=log.next, instance=INSTANCE, action="job.complete"))

    assert [each.text for each in audit(log.entries)] == [
        "job.complete happened although it was denied by ('D1',)"
    ]


def test_what_was_admitted_and_never_happened_is_found() -> None:
    log = Log()
    log.step("element.enter", ALICE, happens=False)

    assert kinds(log.entries) == ["completeness"]


def test_an_effect_is_covered_once() -> None:
    log = true_log()
    twice = next(each for each in log.entries if isinstance(each, Decided))
    log.entries.insert(2, replace(twice))

    assert {"completeness", "order"} <= set(kinds(log.entries))


def test_t15_reordered_entries_are_found() -> None:
    log = true_log()
    log.entries[3], log.entries[4] = log.entries[4], log.entries[3]

    assert "order" in kinds(log.entries)


def test_a_return_that_was_made_up_or_left_out_is_found() -> None:
    assert "slope" in kinds(bent(lambda entry: None if isinstance(entry, Returned) else entry))
    lying = bent(lambda e: replace(e, wrote=False) if isinstance(e, Returned) else e)
    assert "slope" in kinds(lying)
    log = Log()
    log.entries.append(Returned(position=2, instance=INSTANCE, wrote=True, after=START.head))
    assert kinds(log.entries) == ["slope"]


def test_a_chain_that_does_not_verify_is_found() -> None:
    tokens = AUTHORITY.chain.tokens
    spoilt = (tokens[0][:-8] + "AAAAAAAA", tokens[1])
    log = true_log()
    log.entries[0] = Attached(position=1, instance=INSTANCE, tokens=spoilt)

    assert audit(log.entries)[0].kind == "signature"
    log.entries[0] = Attached(position=1, instance=CHILD, tokens=tokens)
    assert audit(log.entries)[0].kind == "signature"


def test_trust_that_was_lifted_without_a_statement_is_found() -> None:
    log = Log()
    log.step("element.enter", ALICE)
    statement = Anchor(
        jti="a", instance=INSTANCE, head=log.slope.head, low=800, iat=NOW, exp=NOW + 9
    )
    auditor = Auditor(RING)
    for entry in log.entries:
        assert auditor.feed(entry) == []
    good = Lifted(
        position=log.next,
        instance=INSTANCE,
        token=write_anchor(statement, approver),
        now_ms=NOW_MS,
        after="unknown",
    )

    assert [each.kind for each in auditor.feed(good)] == ["slope"]
    assert auditor.slope(INSTANCE).low == 800
    again = replace(good, position=log.next + 1)
    assert "another state" in auditor.feed(again)[0].text
    forged = replace(good, position=log.next + 2, token="a.b.c")
    assert [each.kind for each in auditor.feed(forged)] == ["slope"]


def test_forks_joins_and_messages_are_followed() -> None:
    auditor = Auditor(RING)
    log = Log()
    log.step("element.enter", ALICE)
    for entry in log.entries:
        assert auditor.feed(entry) == []
    fork = Forked(position=10, instance=INSTANCE, scope="b", of_instance=INSTANCE, of_scope="")
    assert auditor.feed(fork) == []
    told = auditor.feed(
        Lowered(position=11, instance=INSTANCE, scope="b", trust=300, after="unknown")
    )
    other = auditor.slope(INSTANCE, "b")
    assert [each.kind for each in told] == ["slope"]
    both = joined(log.slope, other)
    join = Joined(position=12, instance=INSTANCE, scopes=("b",), after=both.head)
    assert auditor.feed(join) == []
    assert auditor.slope(INSTANCE) == both
    assert both.low == 300


def test_t31_a_step_is_judged_by_the_list_that_counted_then() -> None:
    revoked = Revocations(iss=ISSUER, epoch=5, iat=NOW, exp=NOW + 9, jtis={"order-fulfilment": NOW})
    log = true_log()
    before = [*log.entries, ListChanged(position=log.next, instance="", revocations=(revoked,))]
    assert audit(before) == []
    after = [log.entries[0], ListChanged(position=2, instance="", revocations=(revoked,))]
    after += [replace(each, position=each.position + 1) for each in log.entries[1:]]
    assert "decision" in kinds(after)
    back = ListChanged(position=99, instance="", revocations=(replace(revoked, epoch=4),))
    assert audit([*before, back])[-1].kind == "order"


def test_a_child_starts_with_its_parents_slope() -> None:
    auditor = Auditor(RING)
    log = Log()
    log.step("element.enter", ALICE)
    for entry in log.entries:
        auditor.feed(entry)
    child = verify_chain(child_of(chain_of(SLOPED)), RING)
    assert auditor.feed(Attached(position=20, instance=CHILD, tokens=child.tokens)) == []
    assert (
        auditor.feed(Forked(position=21, instance=CHILD, of_instance=INSTANCE, of_scope="")) == []
    )
    facts = {**PAY, "process": "billing", "version": 1, "instance": CHILD}
    start = auditor.slope(CHILD)
    hop = Hop("billing", "call")
    decision = compile_chain(child).admit("element.enter", facts, start, NOW_MS, hop)
    decided = Decided(
        position=22,
        instance=CHILD,
        covers=23,
        chain=child.hash,
        action="element.enter",
        facts=facts,
        now_ms=NOW_MS,
        before=start.head,
        hop=hop,
        admitted=decision.admitted,
        reason=decision.reason,
        clauses=decision.clauses,
        after=decision.slope.head,
    )

    assert auditor.feed(decided) == []
    assert auditor.slope(CHILD).depth == 2


def test_withheld_values_are_checked_when_shown_and_never_guessed() -> None:
    salt = b"0123456789abcdef"
    shown = withhold(50, salt)
    facts = redacted(PAY, ["amount"], lambda name: salt)
    assert facts["var.amount"] == shown
    entries = bent(decisions(facts=facts))

    assert kinds(entries) == ["withheld"] or set(kinds(entries)) == {"withheld"}

    def reveal(withheld: Withheld) -> object:
        return 50 if withhold(50, salt) == withheld else withheld

    assert audit(entries, reveal=reveal) == []


def test_slopes_are_found_by_scope() -> None:
    assert Auditor(RING).slope(INSTANCE, "nobody") == Slope()
