"""What governance costs: `python -m benchmarks.authority`.

Admission, chains, signatures, the auditor and Merkle trees, each as the best and the median of
several rounds; then random children against their parents (CHILDREN, by default 20,000).
"""

from __future__ import annotations

import os
import platform
import statistics
import time
import timeit
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from benchmarks.governed import audited, costs, share
from remit.authority import START, Hop, Signer, compile_chain, verify_block, verify_chain
from remit.authority.chain import VerifiedChain
from remit.authority.derive import derive_for_worker, mint_binding, mint_grant
from remit.authority.keys import KeyRing
from remit.authority.merkle import Frontier, leaf_hash
from remit.authority.policy import (
    BoundTo,
    Clause,
    Grant,
    Holder,
    Initiator,
    SlopeRules,
    Subject,
)
from remit.authority.slope import joined
from remit.authority.verify import Attached, Auditor, Decided, Happened
from tests.authority.test_widening import children, tally

ROUNDS = 9
CHILDREN = int(os.environ.get("CHILDREN", "20000"))
ISSUER = "https://policy.example"
INSTANCE = "2251799813685249"
acme, broker = Signer("acme", b"a" * 32), Signer("broker", b"b" * 32)
RING = KeyRing([acme.public("authority", iss=ISSUER), broker.public("holder")])
NOW = 1_800_000_000

GRANT = Grant(
    v=1,
    typ="grant",
    jti="order",
    iss=ISSUER,
    rev=1,
    iat=NOW,
    nbf=NOW,
    exp=NOW + 10**6,
    sub=Subject(tenant="acme"),
    cnf=Holder(kids=("broker",)),
    allow=(
        Clause(
            id="A1",
            do=("job.activate", "job.complete"),
            on={"jobType": {"in": ["payment", "shipping"]}},
        ),
        Clause(id="A2", do=("var.*",), on={"varNames": {"sub": ["amount", "status"]}}),
        Clause(id="A3", do=("element.enter", "flow.take")),
    ),
    deny=(Clause(id="D1", do=("job.complete",), on={"var.amount": {"min": 10_001}}),),
    slope=SlopeRules(floor=300, max_depth=5, decay={"engine": 20}),
    del_max_depth=3,
)
FACTS: dict[str, object] = {
    "tenant": "acme",
    "process": "order",
    "version": 1,
    "instance": INSTANCE,
    "elementId": "pay",
    "elementType": "SERVICE_TASK",
    "actor": "payments",
    "initiator": "alice",
    "jobType": "payment",
    "jobKey": "77",
    "var.amount": 50,
}


def bound(grant: Grant, instance: str = INSTANCE) -> VerifiedChain:
    block = verify_block(mint_grant(grant, acme), RING)
    binding = mint_binding(
        [block],
        BoundTo(tenant="acme", process="order", ver=1, instance=instance),
        Initiator(actor="alice", method="human+mfa"),
        broker,
        jti="bind",
        now=NOW,
    )
    return verify_chain([block.token, binding], RING)


def crowded() -> Grant:
    """150 clauses on the action that do not match, before the one that does."""
    others = tuple(
        Clause(id=f"X{n}", do=("job.complete",), on={"jobType": {"eq": f"o{n}"}})
        for n in range(150)
    )
    return replace(GRANT, jti="crowded", allow=(*others, *GRANT.allow))


def cases() -> dict[str, Callable[[], object]]:
    chain = bound(GRANT)
    authority = compile_chain(chain)
    slope = authority.arithmetic.extend(START, Hop("alice", "initiator", "human+mfa"))
    warrant = verify_chain(
        derive_for_worker(
            chain, broker, job="77", element="pay", worker_kid="w",
            deadline=NOW + 60, jti="w", now=NOW,
        ),
        RING,
    )  # fmt: skip
    three, many = compile_chain(warrant), compile_chain(bound(crowded()))
    worker = Hop("payments", "worker", "mtls")
    now_ms = NOW * 1000 + 5
    tokens = chain.tokens
    frontier = Frontier()
    leaf = leaf_hash(b"record")
    return {
        "admit, 2 blocks": lambda: authority.admit("job.complete", FACTS, slope, now_ms),
        "admit with a hop": lambda: authority.admit("job.complete", FACTS, slope, now_ms, worker),
        "admit, 3 blocks": lambda: three.admit("job.complete", FACTS, slope, now_ms),
        "admit, no constraints": lambda: authority.admit("flow.take", FACTS, slope, now_ms),
        "admit, 150 clauses before it": lambda: many.admit("job.complete", FACTS, slope, now_ms),
        "join two slopes": lambda: joined(slope, slope),
        "mint a binding": lambda: bound_token(chain),
        "verify and compile a new instance's chain": lambda: compile_chain(
            verify_chain(tokens, KeyRing(RING))
        ),
        "verify and compile a known chain": lambda: compile_chain(verify_chain(tokens, RING)),
        "Merkle append": lambda: frontier.append(leaf),
    }


def bound_token(chain: VerifiedChain) -> str:
    return mint_binding(
        chain.blocks[:1],
        BoundTo(tenant="acme", process="order", ver=1, instance=INSTANCE),
        Initiator(actor="alice", method="human+mfa"),
        broker,
        jti="bind",
        now=NOW,
    )


def microseconds(call: Callable[[], object]) -> list[float]:
    """Per call, one figure per round."""
    count = max(20, int(0.05 / max(timeit.timeit(call, number=3) / 3, 1e-7)))
    return [seconds / count * 1e6 for seconds in timeit.repeat(call, number=count, repeat=ROUNDS)]


def audited_per_second(count: int = 50_000) -> float:
    """Decisions that the auditor asks again, each with the effect that it covers."""
    chain = bound(GRANT)
    authority = compile_chain(chain)
    slope, now_ms = START, NOW * 1000 + 5
    facts = {name: FACTS[name] for name in authority.referenced("job.complete") if name in FACTS}
    answer = authority.admit("job.complete", facts, slope, now_ms)
    auditor = Auditor(RING)
    auditor.feed(Attached(position=0, instance=INSTANCE, tokens=chain.tokens))
    entries = [
        entry
        for position in range(1, 2 * count, 2)
        for entry in (
            Decided(
                position=position,
                instance=INSTANCE,
                covers=position + 1,
                chain=chain.hash,
                action="job.complete",
                facts=facts,
                now_ms=now_ms,
                before=slope.head,
                admitted=answer.admitted,
                reason=answer.reason,
                clauses=answer.clauses,
                after=answer.slope.head,
            ),
            Happened(position=position + 1, instance=INSTANCE, action="job.complete"),
        )
    ]
    start = time.perf_counter()
    found = [finding for entry in entries for finding in auditor.feed(entry)]
    seconds = time.perf_counter() - start
    assert not found
    return count / seconds


def show_engine(console: Console) -> None:
    """What a policy costs an engine, with nothing to read or write, and with variables."""
    table = Table(
        "one task, engine alone", "µs per instance", "instances/s", "admissions", "log bytes"
    )
    for what, given, work in (("", {}, {}), (", variables", {"x": 1}, {"y": 2})):
        for name, cost in costs(given, work).items():
            table.add_row(
                name + what, f"{cost.microseconds:.1f}", f"{1e6 / cost.microseconds:,.0f}",
                f"{cost.admissions:.0f}", f"{cost.log_bytes:,.0f}",
            )  # fmt: skip
    console.print(table)
    added = share({"x": 1}, {"y": 2})
    console.print(
        f"A policy adds {added.per_step:.1f} µs to each step (context, slope, blocks, event, hash chain)"
        f" and {added.per_instance:.1f} µs to each instance (its binding, signed and attached)."
    )


def main() -> None:
    console = Console(width=100)
    console.print(
        f"{datetime.now(UTC):%Y-%m-%d} · {platform.machine()} · {os.cpu_count()} cores · Python "
        f"{platform.python_version()} · load {os.getloadavg()[0]:.1f}"
    )
    table = Table("what", "best µs", "median µs")
    for name, call in cases().items():
        rounds = microseconds(call)
        table.add_row(name, f"{min(rounds):.2f}", f"{statistics.median(rounds):.2f}")
    console.print(table)
    show_engine(console)
    decisions, rate = audited()
    console.print(
        f"remit audit verify: {decisions:,} decisions of a log on disk, {rate:,.0f}/s on one core"
    )
    console.print(f"auditor: {audited_per_second():,.0f} decisions/s on one core")
    children(CHILDREN, same_each_time=False)
    console.print(
        f"{tally['children']:,} random children, {tally['questions']:,} questions, "
        f"{tally['admitted by the child']:,} admitted by the child, 0 beyond its parent"
    )


if __name__ == "__main__":
    main()
