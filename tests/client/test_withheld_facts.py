"""Facts that a worker may not read do not come with its job: their clauses are left to the broker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from remit import Engine, Refused
from remit.authority.policy import Clause, Duty
from remit.authority.vocabulary import VARIABLE
from remit.client import PolicyDenied
from remit.client.work import Work
from remit.protocol.events.governance import (
    EvaluatorsDisagreed,
    StepAdmitted,
    StepRejected,
    WorkerAdmitted,
    WorkerDeferred,
)
from remit.protocol.values import RECEIPT, STEP_HEADER
from tests.client.test_gate import admitted, gate, told
from tests.support.governed import FLOW, WORK, WORKER, audited, grant, policy, work_of
from tests.support.model import one_task
from tests.support.story import completed

TOTAL = 61_843
LIMIT = Clause(id="D1", do=("job.complete",), on={"var.total": {"min": 100_000}})
READ = Clause(id="R", do=("var.read",), on={"varNames": {"sub": ["orderId"]}})
WRITE = Clause(id="WR", do=("var.write",))
ERROR = Clause(id="X", do=("job.error",))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with audited(tmp_path) as made:
        made.deploy(("one.bpmn", one_task().xml()))
        yield made


def taken(engine: Engine, *more: Clause, total: int | None = TOTAL, **rules: Any) -> Work:
    """A job whose worker may read the order's number, and a limit on the total, that it may not."""
    rules = {"deny": (LIMIT,), **rules}
    tokens = policy(grant(allow=(FLOW, WORK, READ, WRITE, ERROR, *more), **rules))
    given = {"_policy": tokens, "orderId": "A-1"}
    engine.create("one", given if total is None else {**given, "total": total})
    with engine.acting_as(WORKER):
        (job,) = engine.activate("work")
    return work_of(job)


def complete(engine: Engine, work: Work, sent: dict[str, Any]) -> None:
    with engine.acting_as(WORKER):
        engine.complete(work.key, sent)


def test_t29_a_clause_does_not_show_a_worker_what_it_may_not_read(engine: Engine) -> None:
    work = taken(engine)
    assert str(TOTAL) not in json.dumps([dict(work.headers), dict(work.variables)])
    step = json.loads(work.headers[STEP_HEADER])
    assert step["withheld"] == ["var.total"]
    assert not [name for name in step["facts"] if name.startswith(VARIABLE)]


def test_t29_what_is_not_there_is_withheld_as_well(engine: Engine) -> None:
    """Or the worker could tell whether there is a total."""
    there, absent = (taken(engine, total=total).headers[STEP_HEADER] for total in (TOTAL, None))
    assert json.loads(there)["withheld"] == json.loads(absent)["withheld"] == ["var.total"]


def test_r9_the_handler_runs_and_the_broker_decides_with_all_facts(engine: Engine) -> None:
    work = taken(engine)
    complete(engine, work, admitted(gate(engine), work).completing({"done": True}))

    (said,) = told(engine, WorkerDeferred)
    assert (said.job, said.action, said.clause) == (work.key, "job.complete", "D1")
    decided = [e for e in told(engine, StepAdmitted) if e.action == "job.complete"]
    assert [event.facts["var.total"] for event in decided] == [TOTAL]
    assert completed(engine)[-1] == "one"


def test_r7_what_was_left_to_the_broker_and_is_denied_has_no_effect(engine: Engine) -> None:
    work = taken(engine, total=200_000)
    sent = admitted(gate(engine), work).completing({"done": True})
    with pytest.raises(Refused, match="clause 'D1'"):
        complete(engine, work, sent)
    assert [event.clause for event in told(engine, WorkerDeferred)] == ["D1"]
    assert told(engine, StepRejected)[-1].clauses[-1] == "D1"
    assert "one" not in completed(engine)


def test_a_clause_that_fails_already_by_what_is_shown_is_not_left(engine: Engine) -> None:
    limit = replace(LIMIT, on={**LIMIT.on, "jobType": {"eq": "payment"}})
    work = taken(engine, deny=(limit,))
    complete(engine, work, admitted(gate(engine), work).completing({}))
    assert [event.action for event in told(engine, WorkerAdmitted)] == ["job.complete"]
    assert told(engine, WorkerDeferred) == told(engine, EvaluatorsDisagreed) == []


def test_what_a_worker_may_read_and_has_not_asked_for_is_shown_and_logged(engine: Engine) -> None:
    read = replace(READ, on={"varNames": {"sub": ["orderId", "total"]}})
    given = {"_policy": policy(grant(allow=(FLOW, WORK, read, WRITE), deny=(LIMIT,)))}
    engine.create("one", {**given, "orderId": "A-1", "total": TOTAL})
    with engine.acting_as(WORKER):
        (job,) = engine.activate("work", fetch_variables=["orderId"])
    assert set(job.variables) == {"orderId"}
    work = work_of(job)
    step = json.loads(work.headers[STEP_HEADER])
    assert (step["facts"], step["withheld"]) == ({"var.total": TOTAL}, [])
    read_of = [e for e in told(engine, StepAdmitted) if e.action == "var.read"]
    assert read_of[-1].facts["varNames"] == ["orderId", "total"]

    complete(engine, work, admitted(gate(engine), work).completing({}))
    assert len(told(engine, WorkerAdmitted)) == 1


def test_reading_what_is_not_there_is_not_logged(engine: Engine) -> None:
    read = Clause(id="RT", do=("var.read",), on={"varNames": {"sub": ["orderId", "total"]}})
    work = taken(engine, read, total=None)
    assert json.loads(work.headers[STEP_HEADER])["withheld"] == []
    reads = [each for step in told(engine, StepAdmitted) for each in step.also]
    assert [(each.action, each.facts["varNames"]) for each in reads] == [("var.read", ["orderId"])]


def test_a_duty_of_a_receipt_is_kept_by_one_that_leaves_the_answer(engine: Engine) -> None:
    duty = Duty(id="U1", do=("job.complete",), need=("receipt",))
    work = taken(engine, duty=(duty,))
    with pytest.raises(Refused, match="U1"):
        complete(engine, work, {})
    complete(engine, work, admitted(gate(engine), work).completing({}))
    assert completed(engine)[-1] == "one"


def test_writing_is_left_to_the_broker_as_well(engine: Engine) -> None:
    work = taken(engine, deny=(replace(LIMIT, do=("var.write",)),), total=200_000)
    sent = admitted(gate(engine), work).completing({"done": True})
    with pytest.raises(Refused, match="clause 'D1'"):
        complete(engine, work, sent)


def test_t12_who_admits_what_it_can_not_know_is_told_of(engine: Engine) -> None:
    """A worker that made the total up: what it says is not what an honest one could say."""
    work = taken(engine)
    step = json.loads(work.headers[STEP_HEADER])
    lie = {**step, "withheld": [], "facts": {"var.total": 1}}
    lying = replace(work, headers={**work.headers, STEP_HEADER: json.dumps(lie)})
    complete(engine, work, admitted(gate(engine), lying).completing({}))

    (event,) = told(engine, EvaluatorsDisagreed)
    assert event.difference == (
        "the worker admitted, the broker leaves clause D1 open for var.total"
    )


def test_t12_who_leaves_to_the_broker_what_it_was_shown_is_refused(engine: Engine) -> None:
    read = Clause(id="RT", do=("var.read",), on={"varNames": {"sub": ["orderId", "total"]}})
    work = taken(engine, read)
    step = json.loads(work.headers[STEP_HEADER])
    lie = {**step, "withheld": ["var.total"], "facts": {}}
    lying = replace(work, headers={**work.headers, STEP_HEADER: json.dumps(lie)})
    with pytest.raises(Refused, match=r"left clause D1 open for var\.total"):
        complete(engine, work, admitted(gate(engine), lying).completing({}))
    assert len(told(engine, EvaluatorsDisagreed)) == 1


def test_only_variables_can_be_withheld(engine: Engine) -> None:
    """Else a broker could keep a worker from asking anything."""
    work = taken(engine)
    step = json.loads(work.headers[STEP_HEADER])
    bent = {**step, "withheld": ["jobType"]}
    with pytest.raises(PolicyDenied, match="not to be trusted"):
        gate(engine).admit(replace(work, headers={**work.headers, STEP_HEADER: json.dumps(bent)}))


def test_a_receipt_that_leaves_the_answer_is_no_refusal(engine: Engine) -> None:
    work = taken(engine)
    receipt = admitted(gate(engine), work).completing({})[RECEIPT]
    with engine.acting_as(WORKER), pytest.raises(Refused, match=r"asked about job\.complete"):
        engine.throw_error(work.key, "GOV_DENIED", "", {RECEIPT: receipt})
