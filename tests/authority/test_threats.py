"""What governed instances promise, and the attacks that need no door: the engine inside a program.

Attacks on a broker: test_threats_by_wire, test_threats_on_disk, test_threats_over_time. Each test is
named after the threat (T) or the requirement (R) of docs/reference/governance-rules.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from remit import Engine, Refused
from remit.audit.verifying import verify
from remit.authority import Signer
from remit.authority.derive import mint_grant
from remit.authority.policy import Clause, Holder, SlopeRules, Subject
from remit.authority.vocabulary import ACTIONS
from remit.engine.governance import POLICY
from remit.exporters.records import Translator
from remit.protocol.events.governance import Admission, StepAdmitted, StepRejected
from tests.support.governed import (
    ALICE,
    GOVERNOR,
    RING,
    WORK,
    WORKER,
    grant,
    holder,
    policy,
    stranger,
)
from tests.support.model import one_task
from tests.support.story import replayed


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(governor=GOVERNOR, actor=ALICE) as made:
        made.deploy(("one.bpmn", one_task().xml()))
        yield made


def told(engine: Engine, kind: type) -> list[Any]:
    return [event for event in engine.events() if isinstance(event, kind)]


def begin(engine: Engine, *tokens: str, process: str = "one", **variables: Any) -> int:
    return engine.create(process, {POLICY: list(tokens), **variables}).key


def test_t32_replaying_asks_nothing_again(engine: Engine) -> None:
    begin(engine, *policy(grant(WORK)))
    (job,) = engine.activate("work")
    engine.complete(job.job.key)
    state = replayed(engine)  # without any keys
    assert not state.governed.rows


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
    before = len(told(engine, Admission))
    key = begin(engine, *policy(grant(WORK)))
    mine = [event for event in told(engine, Admission)[before:] if event.instance == key]
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
