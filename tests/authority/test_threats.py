"""Attacks on governed instances through the doors that everybody has, and what becomes of them.

Each test is named after the threat (T) or the requirement (R) of docs/reference/governance-rules.md.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest
from msgspec.structs import replace

from remit import Engine, Refused
from remit.audit.verifying import verify
from remit.authority import KeyRing, Signer
from remit.authority.derive import mint_grant
from remit.authority.policy import Clause, Holder, SlopeRules, Subject
from remit.authority.vocabulary import ACTIONS
from remit.base.errors import RejectionType
from remit.engine.governance import POLICY, Governor
from remit.engine.state.folds import fold
from remit.engine.state.state import State
from remit.exporters.records import Translator
from remit.protocol.events.governance import PolicyAttached, StepAdmitted, StepRejected
from tests.support.governed import (
    ALICE,
    GOVERNOR,
    ISSUER,
    PARTNER,
    RING,
    WORK,
    WORKER,
    acme,
    grant,
    holder,
    policy,
    stranger,
)
from tests.support.model import Model, one_task
from tests.support.story import completed, leftovers


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(governor=GOVERNOR, actor=ALICE) as made:
        made.deploy(("one.bpmn", one_task().xml()))
        yield made


def told(engine: Engine, kind: type) -> list[Any]:
    return [event for event in engine.events() if isinstance(event, kind)]


def begin(engine: Engine, *tokens: str, process: str = "one", **variables: Any) -> int:
    return engine.create(process, {POLICY: list(tokens), **variables}).key


# --- forged and bent tokens (T4-T8) ----------------------------------------------------------------


def part(content: object) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def bent(header: dict[str, Any] | None = None, payload: bytes | None = None) -> str:
    """A good grant with another header or another payload, and its old signature."""
    head, body, signature = policy(grant(WORK))[0].split(".")
    if header is not None:
        head = part(header)
    if payload is not None:
        body = part(payload)
    return f"{head}.{body}.{signature}"


GOOD = {"alg": "Ed25519", "kid": "acme", "typ": "remit-grant+jws"}
PAYLOAD = base64.urlsafe_b64decode(policy(grant(WORK))[0].split(".")[1] + "==")


@pytest.mark.parametrize(
    "token",
    [
        bent({**GOOD, "alg": "none"}),
        bent({**GOOD, "alg": "HS256"}),
        bent({**GOOD, "alg": "EdDSA"}),
        bent({**GOOD, "kid": "../../etc/passwd"}),
        bent({**GOOD, "kid": "http://169.254.169.254/key"}),
        bent({**GOOD, "jwk": {"kty": "OKP"}}),
        bent({**GOOD, "x5u": "https://evil.example/cert"}),
        bent({**GOOD, "crit": ["b64"]}),
        bent({**GOOD, "typ": "remit-receipt+jws"}),
        bent(payload=PAYLOAD + b" "),
        bent(payload=PAYLOAD[:-1] + b',"exp":9999999999}'),
        bent(payload=PAYLOAD.replace(b'"rev":1', b'"rev":1.0')),
        bent() + "=",
        bent()[:-2],
        bent().replace(".", ".."),
        "",
        "a.b.c",
    ],
)
def test_t8_no_trick_of_the_encoding_passes(engine: Engine, token: str) -> None:
    with pytest.raises(Refused) as fault:
        begin(engine, token)
    assert fault.value.reply.type is RejectionType.INVALID_ARGUMENT
    assert leftovers(engine) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"unknown": 1},
        {"v": 2},
        {"allow": [{"id": "A", "do": ["job.activate"], "on": {"jobType": {"regex": ".*"}}}]},
        {"allow": [{"id": "A", "do": ["job.activate"], "if": "true"}]},
        {"allow": [{"id": "A", "do": ["universe.end"]}]},
        {"allow": [{"id": "A", "do": ["flow.take"], "on": {"jobType": {"eq": "x"}}}]},
    ],
)
def test_t7_what_is_not_understood_is_refused_even_when_it_is_signed(
    engine: Engine, changes: dict[str, Any]
) -> None:
    claims = {**msgspec.json.decode(PAYLOAD), **changes}
    with pytest.raises(Refused):
        begin(engine, mint_grant(claims, acme))  # type: ignore[arg-type]


def test_t4_t5_t6_a_chain_of_another_instance_is_no_policy_for_this_one(engine: Engine) -> None:
    begin(engine, *policy(grant(WORK)))
    (attached,) = told(engine, PolicyAttached)
    for tokens in (
        attached.tokens,  # replayed whole
        attached.tokens[::-1],
        attached.tokens[1:],  # the binding alone
        (*policy(grant(WORK, jti="h")), attached.tokens[1]),  # spliced
    ):
        with pytest.raises(Refused, match="grants"):
            begin(engine, *tokens)


def test_t20_keys_rotate_while_instances_run(tmp_path: Path) -> None:
    new = Signer("acme-2", b"2" * 32)
    both = KeyRing([*RING, new.public("authority", iss=ISSUER)])
    with Engine(tmp_path, governor=GOVERNOR, actor=ALICE) as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        begin(engine, *policy(grant(WORK)))
    with Engine(tmp_path, governor=Governor(both, holder), actor=ALICE) as engine:
        begin(engine, mint_grant(grant(WORK), new))
        for job in engine.activate("work", limit=2):
            engine.complete(job.job.key)
        assert completed(engine).count("one") == 2
    old = acme.public("authority", iss=ISSUER, exp=1)
    retired = KeyRing([each if each.kid != "acme" else old for each in both])
    with Engine(tmp_path, governor=Governor(retired, holder), actor=ALICE) as engine:
        begin(engine, mint_grant(grant(WORK), new))
        with pytest.raises(Refused, match="was not valid"):
            begin(engine, *policy(grant(WORK, iat=5)))


# --- who acts (T9-T11) -----------------------------------------------------------------------------


def test_t9_what_a_worker_calls_itself_counts_for_nothing(engine: Engine) -> None:
    slope = SlopeRules(floor=600, levels={"jwt": 700, "svid": 700, "none": 0})
    begin(engine, *policy(grant(WORK, slope=slope)))
    nobody = replace(ALICE, id="", method="none")
    with engine.acting_as(nobody):
        assert not engine.activate("work", worker="spiffe://acme.example/payments")
    assert told(engine, StepRejected)[-1].reason == "$slope.floor"


def test_t11_who_leaves_the_workers_gate_out_meets_the_broker(engine: Engine) -> None:
    limit = Clause(id="D1", do=("job.complete",), on={"var.amount": {"min": 1000}})
    begin(engine, *policy(grant(WORK, deny=(limit,))), amount=5000)
    with engine.acting_as(WORKER):
        (job,) = engine.activate("work")
        with pytest.raises(Refused, match="'D1'") as fault:
            engine.complete(job.job.key)
    assert fault.value.reply.type is RejectionType.FORBIDDEN


# --- the log (T13, T14, T32) -----------------------------------------------------------------------


def test_t13_state_that_was_edited_on_the_disk_shows_in_the_log(tmp_path: Path) -> None:
    with Engine(tmp_path, governor=GOVERNOR, actor=ALICE) as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        key = begin(engine, *policy(grant(Clause(id="W", do=("job.activate",)))))
        (job,) = engine.activate("work")
    database = apsw.Connection(str(tmp_path / "partition-1.db"))
    table = State(1, 1).governed.number
    rows = database.execute("SELECT key FROM rows WHERE substr(key, 1, 1) = x'69'").fetchall()
    for (address,) in rows:
        if address[9] == table:
            database.execute("DELETE FROM rows WHERE key = ?", (address,))
    database.close()
    with Engine(tmp_path, governor=GOVERNOR, actor=ALICE) as engine:
        engine.complete(job.job.key)  # the broker was made to forget that it is governed
        assert completed(engine)[-1] == "one"

    (part_,) = verify(tmp_path, RING).partitions
    texts = [each.text for each in part_.findings if each.kind == "completeness"]
    assert "job.complete happened, and nothing admitted it" in texts
    assert key


def test_t32_replaying_asks_nothing_again(engine: Engine) -> None:
    begin(engine, *policy(grant(WORK)))
    (job,) = engine.activate("work")
    engine.complete(job.job.key)
    state = State(1, 1)  # without any keys
    for event in engine.events():
        fold(state, event)
    assert not state.governed.rows


# --- time, trust, load, types ----------------------------------------------------------------------


def test_t17_a_clock_that_goes_back_does_not_bring_time_back() -> None:
    now = [1_900_000_000_000]
    with Engine(governor=GOVERNOR, actor=ALICE, clock=lambda: now[0]) as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        begin(engine, *policy(grant(WORK, exp=1_900_000_060)))
        (job,) = engine.activate("work", timeout_ms=1_000_000)
        now[0] += 61_000
        with pytest.raises(Refused, match="validity"):
            engine.complete(job.job.key)
        now[0] -= 61_000
        with pytest.raises(Refused, match="validity"):
            engine.complete(job.job.key)


def test_t25_no_join_and_no_loop_raises_trust(engine: Engine) -> None:
    model = Model("p").start("s").plain("parallelGateway", "f").service("a", "ask")
    model.service("b", "ask").plain("parallelGateway", "j").service("c", "work").end("e")
    model.path("s", "f", "a", "j", "c", "e").path("f", "b", "j")
    engine.deploy(("p.bpmn", model.xml()))
    slope = SlopeRules(levels={"jwt": 900, "svid": 800}, caps={"spiffe://partner.example/": 250})
    begin(engine, *policy(grant(WORK, slope=slope)), process="p")
    with engine.acting_as(PARTNER):
        (job,) = engine.activate("ask")
        engine.complete(job.job.key, {"x": 1})
    with engine.acting_as(WORKER):
        (job,) = engine.activate("ask")
        engine.complete(job.job.key, {"y": 1})
        (job,) = engine.activate("work")
        engine.complete(job.job.key)
    lows = [event.low for event in told(engine, StepAdmitted)]
    assert lows == sorted(lows, reverse=True)
    assert lows[-1] == 250


def test_t26_r28_a_policy_that_costs_too_much_is_refused_at_the_door(engine: Engine) -> None:
    many = tuple(Clause(id=f"C{n}", do=("*",)) for n in range(600))
    wide = Clause(id="W", do=("job.activate",), on={"jobType": {"in": ["x"] * 300}})
    long = Clause(id="L", do=("job.activate",), on={"jobType": {"eq": "x" * 2000}})
    for tokens in (
        policy(grant(*many[:170])) * 4,
        policy(grant(wide)),
        policy(grant(long)),
        policy(grant(WORK)) * 9,
        ["x" * 20_000],
        ["{" * 5000],
    ):
        with pytest.raises(Refused) as fault:
            begin(engine, *tokens)
        assert fault.value.reply.type is RejectionType.INVALID_ARGUMENT


@pytest.mark.parametrize("value", ["5", 5.5, True, None, [5], {"a": 5}, 2**63, "NaN"])
def test_t28_a_value_of_another_type_is_not_taken_for_a_number(engine: Engine, value: Any) -> None:
    small = Clause(id="S", do=("job.complete",), on={"var.amount": {"max": 10}})
    take = Clause(id="T", do=("job.activate",))
    begin(engine, *policy(grant(take, small)), amount=value)
    (job,) = engine.activate("work")
    admits = value == 5.5 and value.__class__ is float
    if admits:
        engine.complete(job.job.key)
        return
    with pytest.raises(Refused, match="default"):
        engine.complete(job.job.key)


# --- requirements that no other test names ---------------------------------------------------------


def test_r2_a_policy_speaks_of_actions_data_people_trust_and_time(engine: Engine) -> None:
    given = grant(
        Clause(id="A", do=("job.activate",), on={"jobType": {"eq": "work"}, "actor": {"prefix": "s"}}),
        Clause(id="B", do=("job.complete",), on={"varNames": {"sub": ["ok"]},
                                                 "slopeTrust": {"min": 500}}),
        slope=SlopeRules(levels={"jwt": 800, "svid": 700}),
    )  # fmt: skip
    begin(engine, *policy(given))
    assert not engine.activate("work")
    with engine.acting_as(WORKER):
        (job,) = engine.activate("work")
        with pytest.raises(Refused):
            engine.complete(job.job.key, {"other": 1})
        engine.complete(job.job.key, {"ok": 1})


ASKED_ELSEWHERE = {
    "export.emit": "exporters withhold what a policy calls personal, without being asked",
    "policy.succeed": "the authority's signature is the permission",
    "policy.revoke": "the authority's signature is the permission",
    "usertask.claim": "claiming is assigning to oneself",
}


def test_r6_every_action_of_the_vocabulary_is_asked_by_the_engine() -> None:
    folder = Path(__file__).parents[2] / "src" / "remit" / "engine"
    source = "\n".join(path.read_text() for path in folder.rglob("*.py"))
    silent = {action for action in ACTIONS if f'"{action}"' not in source}
    assert silent == set(ASKED_ELSEWHERE)


def test_r13_governance_is_records_among_the_others_for_who_wants_them(engine: Engine) -> None:
    begin(engine, *policy(grant(WORK)))
    translator = Translator(1, [])
    records = [record for turn in engine.turns() for record in translator.records(turn)]
    positions = [record["position"] for record in records]
    assert positions == sorted(positions)
    kinds = {record["intent"] for record in records if record["valueType"] == "GOVERNANCE"}
    assert {"POLICY_ATTACHED", "ADMITTED"} <= kinds
    others = [record for record in records if record["valueType"] != "GOVERNANCE"]
    assert [r["intent"] for r in others if r["valueType"] == "PROCESS_INSTANCE"]


def test_r18_r19_the_slope_goes_on_from_step_to_step(engine: Engine) -> None:
    begin(engine, *policy(grant(WORK, slope=SlopeRules(levels={"jwt": 700, "svid": 600}))))
    with engine.acting_as(WORKER):
        (job,) = engine.activate("work")
        engine.complete(job.job.key, {"x": 1})
    steps = told(engine, StepAdmitted)
    assert [step.trust for step in steps] == [700] * len(steps)
    assert steps[0].low == 1000
    assert steps[-1].low == 600
    by_worker = [step for step in steps if step.kind]
    assert len({step.head for step in by_worker}) == len(by_worker)  # each hop moves the head on


def test_r21_a_rejection_is_a_record_and_nothing_else_is(engine: Engine) -> None:
    begin(engine, *policy(grant(Clause(id="W", do=("job.activate",)))))
    (job,) = engine.activate("work")
    before = len(list(engine.events()))
    with pytest.raises(Refused):
        engine.complete(job.job.key, {"x": 1})
    (event,) = list(engine.events())[before:]
    assert isinstance(event, StepRejected)
    assert (event.action, event.instance) == ("job.complete", job.job.instance)


def test_r26_decisions_are_made_again_from_the_log_alone(tmp_path: Path) -> None:
    with Engine(tmp_path, governor=GOVERNOR, actor=ALICE) as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        begin(engine, *policy(grant(WORK)), amount=5)
        (job,) = engine.activate("work")
        engine.complete(job.job.key, {"y": 1})
    (report,) = verify(tmp_path, RING).partitions
    assert report.findings == []
    assert report.decisions == 11


@pytest.mark.parametrize("others", [0, 30])
def test_r27_a_step_costs_the_same_however_many_others_there_are(
    engine: Engine, others: int
) -> None:
    for _ in range(others):
        begin(engine, *policy(grant(WORK)))
    before = len(told(engine, StepAdmitted))
    key = begin(engine, *policy(grant(WORK)))
    mine = [event for event in told(engine, StepAdmitted)[before:] if event.instance == key]
    assert [event.action for event in mine] == [
        "instance.create", "element.enter", "flow.take", "element.enter", "job.create",
    ]  # fmt: skip


def test_r3_t3_another_tenants_grant_is_refused(engine: Engine) -> None:
    for sub in (Subject(tenant="bank"), Subject(tenant="<default>", ver=(2, None))):
        with pytest.raises(Refused, match="is not for"):
            begin(engine, *policy(grant(WORK, sub=sub)))


def test_a_holder_that_the_grant_does_not_name_binds_nothing(engine: Engine) -> None:
    with pytest.raises(Refused, match="does not name key holder"):
        begin(engine, *policy(grant(WORK, cnf=Holder(kids=("other",)))))


def test_t8_t20_a_key_without_the_role_signs_nothing(engine: Engine) -> None:
    forged: Callable[[Signer], str] = lambda signer: mint_grant(grant(WORK), signer)  # noqa: E731
    for signer in (stranger, holder):
        with pytest.raises(Refused, match=r"unknown key|may not sign"):
            begin(engine, forged(signer))
