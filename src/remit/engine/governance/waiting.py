"""Jobs that wait for nobody: the time of their instance's policy is over.

Who asks for a job and may not have it makes no incident, another worker may. Under a policy that has
expired nobody may: the instance would stand still unseen, so it is told of as of any step that comes too
late (T18).
"""

from __future__ import annotations

from remit.engine.governance.carried import authority_of
from remit.engine.governance.policies import EXPIRED, after_denial
from remit.engine.governance.questions import Question, ask, hop_of
from remit.engine.governance.telling import rejection
from remit.engine.governance.work import job_facts
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.protocol.values import Job


def tell_of_expiry(run: Run, element: ElementInstance, job: Job) -> None:
    """Once for the instance, where a worker was denied `job`, of `element`."""
    row = run.state.governed.rows[job.instance]
    blocks = authority_of(run, row).blocks
    if all(each.nbf_ms <= run.now < each.exp_ms for each in blocks):
        return
    if any(each.stage == EXPIRED for each in run.state.incidents.values_of(job.instance)):
        return
    asked = Question(row, element, "job.activate", job_facts(job), hop_of(run.actor, "worker"))
    after_denial(run, rejection(run, asked, ask(run, asked)))
