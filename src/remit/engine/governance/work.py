"""Jobs under a policy: who gets one, what is sent along, and what a worker's receipt is worth.

create   ─▶ job.create admitted ─▶ the job is there
activate ─▶ job.activate admitted ─▶ the job, with blocks, slope and facts (`gov.policy`, `gov.step`)
complete ─▶ receipt verified ─▶ job.complete asked ─▶ both agree ─▶ WORKER_ADMITTED, ADMITTED, effect
                              │                     └ they differ ─▶ EVALUATOR_DISAGREEMENT; deny wins
                              └ it was left to us ─▶ WORKER_DEFERRED, and our answer counts
its time is over ─▶ job.timeout admitted ─▶ the job waits for another worker
GOV_DENIED with the receipt of a denial ─▶ WORKER_REJECTED ─▶ an incident, or the error, by policy
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from remit.authority import Authority, AuthorityFault, Hop
from remit.authority.partial import admit_partly
from remit.authority.policy import Denial
from remit.authority.receipt import Receipt, disagreement, read_receipt
from remit.engine.governance.asking import StepDenied, admit_step, passes
from remit.engine.governance.carried import authority_of, decode_slope, governed_row
from remit.engine.governance.governor import governor_of, signed_blocks
from remit.engine.governance.policies import without_policy
from remit.engine.governance.precedents import circumstances_of, follow, set_precedent
from remit.engine.governance.questions import Answer, Question, ask, facts_of, hop_of, slope_of
from remit.engine.governance.steps import check_write_by, readable, readable_beside, reads_all
from remit.engine.governance.telling import log_admission, rejection, sentence, tell
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance, Governed
from remit.protocol.events.governance import (
    EvaluatorsDisagreed,
    ReceiptTaken,
    WorkerAdmitted,
    WorkerDeferred,
    WorkerRejected,
)
from remit.protocol.values import ASKED, POLICY, RECEIPT, Document, Handed, Job

GOV_DENIED = "GOV_DENIED"
"""The BPMN error that a worker throws for work that the policy denies."""

AT_WORK = ("job.activate", "job.complete", "job.fail", "job.error", "var.write")
"""What a worker asks the policy about."""

_ITS_OWN = frozenset(
    {
        "tenant", "process", "version", "instance", "elementId", "jobType", "jobKey", "retries",
        "varNames", "valueTypes", "scope", "source", "receipt", "actorIsActivator", "errorCode",
        "initiator",
    }
)  # fmt: skip
"""Facts that the worker sees for itself."""


def job_facts(job: Job, variables: Iterable[str] = ()) -> dict[str, object]:
    """What a policy may ask about a step of this job."""
    return {
        "jobType": job.type,
        "jobKey": str(job.key),
        "retries": job.retries,
        "varNames": tuple(variables),
        "worker": job.worker,
        "headers": tuple(job.headers),
    }


def admit_job(run: Run, element: ElementInstance, action: str, job: Job) -> None:
    """What the engine itself does with a job: makes it, takes it back. Raises `ElementDenied`."""
    if element.is_ungoverned:
        return
    if not passes(run, element, action, element.element, str(job.key)):
        admit_step(run, element, action, job_facts(job))


def admit_activation(
    run: Run, element: ElementInstance, job: Job, variables: Document
) -> Document | None:
    """The variables that this worker gets with the job; None when it may not have the job.

    A worker that may not is told in the log once, and so are variables that it may not read.
    """
    row = governed_row(run, element)
    if row is None:
        return variables
    alike = circumstances_of(run, row, element, "job.activate", job, variables)
    if alike is not None and follow(run, row, element, alike, str(job.key)):
        return variables
    asked = Question(row, element, "job.activate", job_facts(job), hop_of(run.actor, "worker"))
    answer = ask(run, asked)
    if answer.decision.admitted:
        reading = reads_all(run, element, variables)
        admitted = log_admission(run, asked, answer, reading)
        if reading is None and variables:
            return readable(run, element, variables, "job", f"{job.key} {run.actor.id}")
        set_precedent(run, row, element, alike, admitted)
        return variables
    about = f"{job.key} {run.actor.id} {answer.decision.reason}"
    if about not in row.rejections:
        tell(run, rejection(run, asked, answer, about))
    return None


class HandedOver(NamedTuple):
    """What goes along with a job: whose it is from now on and where the slope stands, the blocks, and
    what its worker needs beside them to ask the policy itself (a JSON object)."""

    handed: Handed
    policy: tuple[str, ...]
    step: str


def hand_over(
    run: Run, element: ElementInstance, job: Job, delivered: Document
) -> HandedOver | None:
    """Of a job that its worker may have; None without a policy.

    Of the variables that clauses about the work ask about the worker is shown those that it may read,
    beside the `delivered` ones; what it may not read is withheld, whether it is there or not.
    """
    row = governed_row(run, element)
    if row is None:
        return None
    authority = authority_of(run, row)
    withheld: tuple[str, ...] = ()
    asked = authority.beyond_subject(*AT_WORK)
    needed = [each[4:] for each in asked if each.startswith("var.") and each[4:] not in delivered]
    if needed:
        withheld = tuple(f"var.{name}" for name in readable_beside(run, element, delivered, needed))
        row = run.state.governed[element.instance]
    hop = hop_of(run.actor, "worker")
    names = [name for name in _told_by_us(authority) if name not in withheld]
    if names:
        asking = Question(row, element, "job.activate", job_facts(job), hop)
        step = _written(row.slope, hop, facts_of(run, asking, names), withheld)
    else:
        step = _without_facts(row.slope, hop, withheld)
    handed = Handed(hop.actor, hop.method, hop.domain, decode_slope(row.slope).head, withheld)
    return HandedOver(handed, signed_blocks(run, row), step)


@lru_cache(maxsize=4096)
def _without_facts(slope: bytes, hop: Hop, withheld: tuple[str, ...]) -> str:
    """Instances with the same history stand at the same place."""
    return _written(slope, hop, {}, withheld)


def _written(slope: bytes, hop: Hop, facts: Document, withheld: tuple[str, ...]) -> str:
    step = {
        "slope": decode_slope(slope), "actor": hop.actor, "method": hop.method,
        "domain": hop.domain, "facts": facts, "withheld": withheld,
    }  # fmt: skip
    return msgspec.json.encode(step).decode()


def _told_by_us(authority: Authority) -> tuple[str, ...]:
    """The facts that a worker is asked about, and does not see for itself."""
    return _not_its_own(authority.beyond_subject(*AT_WORK))


@lru_cache(maxsize=1024)
def _not_its_own(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in _ITS_OWN)


def admit_work(
    run: Run, job: Job, element: ElementInstance, action: str, given: Document, **more: object
) -> Document:
    """What a worker says of its job: admitted, or `StepDenied`. Returns the variables that it brings."""
    if element.is_ungoverned and POLICY not in given:
        return given
    variables = without_policy(run, element, given)
    row = governed_row(run, element)
    if row is None:
        return variables
    token = variables.get(RECEIPT)
    if token is not None:
        variables = {name: value for name, value in variables.items() if name != RECEIPT}
    is_activator = _is_activator(run, job)
    alike = None
    if token is None and not more:
        alike = circumstances_of(run, row, element, action, job, variables, is_activator)
        if alike is not None and follow(run, row, element, alike, str(job.key)):
            return variables
    facts = _facts(job, variables, token, is_activator)
    facts.update(more)
    asked = Question(row, element, action, facts, hop_of(run.actor, "worker"))
    answer = ask(run, asked)
    denied = None if answer.decision.admitted else rejection(run, asked, answer)
    if token is not None:
        said = _compared(run, asked, answer, job, token)
        agrees = said.admitted or isinstance(said, WorkerDeferred)
        if denied is None and not (agrees and said.action == action):
            raise StepDenied(_not_admitted(asked, job, said), said)
        if denied is not None:
            raise StepDenied(sentence(run, asked, answer), said, denied)
        tell(run, said)
    if denied is not None:
        raise StepDenied(sentence(run, asked, answer), denied)
    writing = check_write_by(run, element, variables, "job", "worker")
    set_precedent(run, row, element, alike, log_admission(run, asked, answer, writing))
    return variables


def refused_by_worker(
    run: Run, job: Job, element: ElementInstance, code: str, given: Document
) -> Denial | None:
    """What becomes of a job that a worker refuses by its policy; None when this is no such refusal.

    Raises `StepDenied` for a receipt that is not the worker's, or admits.
    """
    row = governed_row(run, element)
    token = given.get(RECEIPT)
    if row is None or code != GOV_DENIED or token is None:
        return None
    receipt, _ = _read(run, row, element, job, token)
    if receipt.admitted or receipt.is_left or receipt.action not in AT_WORK:
        return None
    facts = {**_facts(job, {}, token, _is_activator(run, job)), **_told(given.get(ASKED))}
    if receipt.action == "var.write":
        facts |= {"scope": element.element, "source": "job"}
    asked = Question(row, element, receipt.action, facts, hop_of(run.actor, "worker"))
    answer = ask(run, asked)
    tell(run, _compared(run, asked, answer, job, token))
    return answer.decision.on_deny or "incident"


def _not_admitted(asked: Question, job: Job, said: ReceiptTaken) -> str:
    """The refusal of an answer that the broker would admit, and the worker's receipt does not."""
    why = said.difference if isinstance(said, EvaluatorsDisagreed) else f"clause '{said.clause}'"
    return (
        f"Expected '{asked.action}' of job '{job.key}' at element '{asked.element.element}' to be "
        f"admitted by its worker, but the worker's own receipt denies it ({why}): send the answer with "
        f"the receipt that the gate has given for it"
    )


def _is_activator(run: Run, job: Job) -> bool:
    return job.handed is not None and job.handed.actor == (run.actor.id or "anonymous")


def _facts(
    job: Job, variables: Mapping[str, Any], token: Any, is_activator: bool
) -> dict[str, object]:
    facts = job_facts(job, variables)
    facts["actorIsActivator"] = is_activator
    if token is not None:
        facts["receipt"] = True
    return facts


def _told(asked: Any) -> dict[str, object]:
    """What a worker says that it asked about; its receipt is over the same facts, or it counts not."""
    found: dict[str, object] = {}
    if isinstance(asked, dict):
        code = asked.get("errorCode")
        for name in ("varNames", "valueTypes"):
            names = asked.get(name)
            if isinstance(names, list) and all(isinstance(each, str) for each in names):
                found[name] = tuple(names)
        if isinstance(code, str):
            found["errorCode"] = code
    return found


def _read(
    run: Run, row: Governed, element: ElementInstance, job: Job, token: Any
) -> tuple[Receipt, str]:
    """The receipt and the worker's key; raises `StepDenied`."""
    head = "" if job.handed is None else job.handed.head
    try:
        return read_receipt(
            token, governor_of(run).ring, instance=str(element.instance), job=str(job.key),
            chain=row.policy, head=head, nonce=head, now_ms=run.now,
        )  # fmt: skip
    except AuthorityFault as fault:
        event = EvaluatorsDisagreed(
            -1, element.instance, element.definition, element.element, job.key, "", str(token),
            "", f"the receipt is not to be trusted: {fault}", False, element.tenant,
        )  # fmt: skip
        raise StepDenied(
            f"Expected the receipt for job '{job.key}' to be one of its worker, but {fault}", event
        ) from fault


def _compared(run: Run, asked: Question, answer: Answer, job: Job, token: Any) -> ReceiptTaken:
    """What the log is to say of a receipt beside our own answer to what the worker was shown."""
    element = asked.element
    receipt, kid = _read(run, asked.row, element, job, token)
    difference = (
        f"the worker asked about {receipt.action}"
        if receipt.action != asked.action
        else _difference(run, asked, answer, job, receipt)
    )
    where = (-1, element.instance, element.definition, element.element, job.key)
    if difference:
        return EvaluatorsDisagreed(
            *where, receipt.action, token, kid, difference, receipt.admitted, element.tenant
        )
    kind = (
        WorkerDeferred
        if receipt.is_left
        else WorkerAdmitted
        if receipt.admitted
        else WorkerRejected
    )
    return kind(*where, receipt.action, token, kid, receipt.clause, element.tenant)


def _difference(run: Run, asked: Question, answer: Answer, job: Job, receipt: Receipt) -> str:
    """How the worker's answer differs from ours over the same facts; empty when it does not."""
    authority = authority_of(run, asked.row)
    withheld = frozenset(() if job.handed is None else job.handed.withheld)
    if not withheld:
        return disagreement(receipt, authority, answer.facts, answer.decision)
    shown = {name: fact for name, fact in answer.facts.items() if name not in withheld}
    ours = admit_partly(
        authority, asked.action, shown, withheld, slope_of(asked), run.now, asked.hop
    )
    return disagreement(receipt, authority, shown, ours)
