"""ACTIVATE jobs of a type for a worker, oldest first (rules 76, 78, 79).

The answer is bounded: what does not fit into one message stays for the next request. A job that has had
a lease is handed to workers only that ask for one.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from remit.base.errors import InvalidArgument
from remit.engine import incidents
from remit.engine.access import may_work, tenants_of
from remit.engine.faults import IncidentRaised
from remit.engine.governance import POLICY, admit_activation, hand_over, tell_if_expired
from remit.engine.run import Handler, Run
from remit.engine.variables import visible
from remit.protocol.commands import ActivateJobs
from remit.protocol.events import job as events
from remit.protocol.replies import JobsActivated
from remit.protocol.values import ActivatedJob, Document, Job, JobState

MESSAGE_LIMIT = 4 * 1024 * 1024 - 8 * 1024
"""Bytes of variables in one answer: the gateway's 4 MB less a margin for the rest (rule 79)."""

SKIPPABLE, LOOKED_AT = 100, 2_000
"""Jobs are looked at by the hundred; so many at most that policies or permissions keep from a worker
before the ones behind them have to wait."""

_encode = msgspec.json.Encoder().encode


def activate_jobs(run: Run, command: ActivateJobs) -> None:
    _check(command)
    found: list[ActivatedJob] = []
    truncated = False
    room = MESSAGE_LIMIT
    for tenant in tenants_of(run, command):
        for key, root in _waiting(run, tenant, command):
            if len(found) >= command.limit:
                break
            run.state.load_root(root)
            job = run.state.jobs[key]
            if not may_work(run, job) or (job.lease and not command.with_lease):
                continue
            variables = visible(run, job.element_key, command.fetch_variables)
            is_governed = job.instance in run.state.governed.rows
            if is_governed:
                mark = run.mark()
                element = run.element(job.element_key)
                admitted = admit_activation(run, element, job, variables)
                if admitted is None:
                    tell_if_expired(run, job.instance)
                    continue
                variables = admitted
            size = len(_encode(variables)) + _overhead(job)
            if is_governed and size > min(room, MESSAGE_LIMIT):
                run.undo(mark)  # it is not handed out: nothing was admitted
            if size > MESSAGE_LIMIT:
                _too_large(run, job, size)
                continue
            if size > room:
                truncated = True
                break
            room -= size
            activated = _activate(run, command, job)
            if is_governed:
                found.append(_under_policy(run, command, activated, variables))
            else:
                found.append(ActivatedJob(activated, variables))
    if found:
        run.emit(
            events.JobsActivated(
                run.new_key(),
                command.type,
                command.worker,
                command.timeout,
                command.limit,
                tuple(each.job for each in found),
                truncated,
            )
        )
    run.reply = JobsActivated(tuple(found), truncated)


def _waiting(run: Run, tenant: str, command: ActivateJobs) -> Iterator[tuple[int, int]]:
    """The jobs that wait, oldest first, a portion at a time: few workers ask for more than the first."""
    queue = run.state.ready_jobs(tenant, command.type)
    portion = queue.take(command.limit + SKIPPABLE)
    looked = 0
    while portion:
        yield from portion
        looked += len(portion)
        if looked >= command.limit + LOOKED_AT:
            return
        portion = queue.after(portion[-1], SKIPPABLE)


def _check(command: ActivateJobs) -> None:
    if not command.type.strip():
        raise InvalidArgument("Expected type to be present, but it was blank")
    if command.timeout < 1:
        raise InvalidArgument(
            f"Expected timeout to be greater than zero, but it was {command.timeout}"
        )
    if command.limit < 1:
        raise InvalidArgument(
            f"Expected the number of jobs to activate to be greater than zero, but it was "
            f"{command.limit}"
        )


def _activate(run: Run, command: ActivateJobs, job: Job) -> Job:
    return replace(
        job,
        state=JobState.ACTIVATED,
        worker=command.worker,
        timeout=command.timeout,
        deadline=run.now + command.timeout,
        lease=f"{job.key}-{run.new_key()}" if command.with_lease else "",
    )


def _under_policy(run: Run, command: ActivateJobs, job: Job, variables: Document) -> ActivatedJob:
    """With what the worker needs to ask the policy itself."""
    element = run.element(job.element_key)
    along = hand_over(run, element, job, variables)
    assert along is not None, "it was admitted by its policy"
    handed, policy, step = along
    if not command.fetch_variables or POLICY in command.fetch_variables:
        variables = {**variables, POLICY: list(policy)}
    return ActivatedJob(replace(job, handed=handed), variables, policy, step)


def _overhead(job: Job) -> int:
    return 512 + sum(len(name) + len(value) for name, value in job.headers.items())


def _too_large(run: Run, job: Job, size: int) -> None:
    """This job can't be delivered to anybody: the others go on without it."""
    failed = replace(job, state=JobState.FAILED)
    run.emit(events.JobFailed(job.key, failed))
    fault = IncidentRaised(
        "MESSAGE_SIZE_EXCEEDED",
        f"The job with key '{job.key}' can not be activated, because with {size} bytes it is larger "
        f"than the configured message size. Fetch fewer variables, or make them smaller.",
    )
    incidents.create(run, run.element(job.element_key), fault, job=failed)


HANDLES = {ActivateJobs: Handler("ACTIVATE", activate_jobs)}
