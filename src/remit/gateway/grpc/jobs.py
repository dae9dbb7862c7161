"""Jobs over gRPC: activation by polling and by stream, and what workers say of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from google.protobuf.json_format import MessageToDict

from remit.gateway.broker import Broker
from remit.gateway.documents import document, headers_text, text
from remit.gateway.faults import Code, Status
from remit.gateway.grpc.service import Call, Methods, Stream, Streaming, Unary
from remit.partition.client import JobStream
from remit.protocol.commands import (
    ActivateJobs,
    CompleteJob,
    FailJob,
    ThrowError,
    UpdateJobRetries,
    UpdateJobTimeout,
)
from remit.protocol.values import ActivatedJob, Document, Job
from remit.protocol.wire.stubs import gateway_pb2 as pb

MAX_RESPONSE_BYTES = 4 * 1024 * 1024 - 1024

_LISTENER_EVENTS = {
    name.lower(): number for name, number in pb.ActivatedJob.ListenerEventType.items()
}


async def activate(
    broker: Broker, request: pb.ActivateJobsRequest, call: Call, out: Stream
) -> None:
    """Long polling; ends without a message when no job came in time."""
    command = ActivateJobs(
        request.type, request.worker, request.timeout, request.maxJobsToActivate,
        tuple(request.fetchVariable), broker.tenancy.several(request.tenantIds),
    )  # fmt: skip
    jobs = await broker.polls.activate(command, call.header, request.requestTimeout)
    delivered = 0
    try:
        for part in _parts(jobs):
            await out.write(pb.ActivateJobsResponse(jobs=[message_of(job) for job in part]))
            delivered += len(part)
    finally:
        if delivered < len(jobs):
            await broker.polls.hand_back(jobs[delivered:], call.header)


async def stream(
    broker: Broker, request: pb.StreamActivatedJobsRequest, call: Call, out: Stream
) -> None:
    """Push jobs until the client leaves; what could not be delivered is handed back."""
    if not request.type.strip():
        raise Status(Code.INVALID_ARGUMENT, "Expected type to be present, but it was blank")
    if request.timeout < 1:
        raise Status(
            Code.INVALID_ARGUMENT,
            f"Expected timeout to be greater than zero, but it was {request.timeout}",
        )
    wanted = JobStream(
        request.type, request.worker, request.timeout, tuple(request.fetchVariable),
        broker.tenants_of(call.header.actor, request.tenantIds), call.header.actor,
    )  # fmt: skip
    queue: asyncio.Queue[ActivatedJob] = asyncio.Queue()
    closers: list[Callable[[], None]] = [
        partition.open_stream(wanted, queue.put_nowait) for partition in broker.partitions
    ]
    sending: list[ActivatedJob] = []
    try:
        while True:
            sending = [await queue.get()]
            sending += _at_hand(queue)
            await out.write(*(message_of(job) for job in sending))
            sending = []
    finally:
        for close in closers:
            close()
        left = sending + _at_hand(queue, limit=1 << 30)
        if left:
            await asyncio.shield(broker.polls.hand_back(left, call.header))


def _at_hand(queue: asyncio.Queue[ActivatedJob], limit: int = 100) -> list[ActivatedJob]:
    """What is in the queue already."""
    return [queue.get_nowait() for _ in range(min(limit, queue.qsize()))]


async def complete(
    broker: Broker, request: pb.CompleteJobRequest, call: Call
) -> pb.CompleteJobResponse:
    result = _result(request.result) if request.HasField("result") else None
    command = CompleteJob(request.jobKey, document(request.variables), result)
    await broker.router.by_key(request.jobKey, command, call.header)
    return pb.CompleteJobResponse()


def _result(result: pb.JobResult) -> Document:
    """By the names of the REST API, where variables are objects."""
    found: Document = MessageToDict(result)
    for each in found.get("activateElements", ()):
        each["variables"] = document(each.get("variables", ""))
    return found


async def fail(broker: Broker, request: pb.FailJobRequest, call: Call) -> pb.FailJobResponse:
    command = FailJob(
        request.jobKey, request.retries, request.errorMessage, request.retryBackOff,
        document(request.variables),
    )  # fmt: skip
    await broker.router.by_key(request.jobKey, command, call.header)
    return pb.FailJobResponse()


async def throw_error(
    broker: Broker, request: pb.ThrowErrorRequest, call: Call
) -> pb.ThrowErrorResponse:
    command = ThrowError(
        request.jobKey, request.errorCode, request.errorMessage, document(request.variables)
    )
    await broker.router.by_key(request.jobKey, command, call.header)
    return pb.ThrowErrorResponse()


async def update_retries(
    broker: Broker, request: pb.UpdateJobRetriesRequest, call: Call
) -> pb.UpdateJobRetriesResponse:
    command = UpdateJobRetries(request.jobKey, request.retries)
    await broker.router.by_key(request.jobKey, command, call.header)
    return pb.UpdateJobRetriesResponse()


async def update_timeout(
    broker: Broker, request: pb.UpdateJobTimeoutRequest, call: Call
) -> pb.UpdateJobTimeoutResponse:
    command = UpdateJobTimeout(request.jobKey, request.timeout)
    await broker.router.by_key(request.jobKey, command, call.header)
    return pb.UpdateJobTimeoutResponse()


def message_of(activated: ActivatedJob) -> pb.ActivatedJob:
    job = activated.job
    return pb.ActivatedJob(
        key=job.key,
        type=job.type,
        processInstanceKey=job.instance,
        bpmnProcessId=job.process_id,
        processDefinitionVersion=job.version,
        processDefinitionKey=job.definition,
        elementId=job.element,
        elementInstanceKey=job.element_key,
        customHeaders=headers_text(activated),
        worker=job.worker,
        retries=job.retries,
        deadline=job.deadline,
        variables=text(activated.variables),
        tenantId=job.tenant,
        kind=int(job.kind),  # type: ignore[arg-type]
        listenerEventType=_listener_event(job),  # type: ignore[arg-type]
        tags=job.tags,
        userTask=_user_task(job),
    )


def _user_task(job: Job) -> pb.UserTaskProperties | None:
    """What a task listener is told of its task."""
    if job.user_task is None:
        return None
    given = {name: value for name, value in job.user_task.items() if value not in ("", -1)}
    return pb.UserTaskProperties(**given)


def _listener_event(job: Job) -> int:
    return _LISTENER_EVENTS.get(job.listener_event, pb.ActivatedJob.UNSPECIFIED)


def _parts(jobs: Sequence[ActivatedJob]) -> list[list[ActivatedJob]]:
    """The jobs of each partition go into a message of their own; each message fits."""
    parts: list[list[ActivatedJob]] = []
    partition = size = -1
    for activated in jobs:
        more = len(text(activated.variables)) + 1024
        if activated.job.key >> 51 != partition or size + more > MAX_RESPONSE_BYTES:
            parts.append([])
            partition, size = activated.job.key >> 51, 0
        parts[-1].append(activated)
        size += more
    return parts


METHODS: Methods = {
    "ActivateJobs": Streaming(pb.ActivateJobsRequest, activate),
    "StreamActivatedJobs": Streaming(pb.StreamActivatedJobsRequest, stream),
    "CompleteJob": Unary(pb.CompleteJobRequest, complete),
    "FailJob": Unary(pb.FailJobRequest, fail),
    "ThrowError": Unary(pb.ThrowErrorRequest, throw_error),
    "UpdateJobRetries": Unary(pb.UpdateJobRetriesRequest, update_retries),
    "UpdateJobTimeout": Unary(pb.UpdateJobTimeoutRequest, update_timeout),
}
