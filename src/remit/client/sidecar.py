"""A proxy between a worker that stays as it is and the broker: gRPC in, gRPC out.

    worker ──▶ sidecar ──▶ broker          every method passes through, byte for byte
               │  jobs come back: the gate is asked; denied work is thrown as GOV_DENIED, not handed on
               └─ answers go out: the gate is asked again; the receipt is put in

What the caller's metadata says (authorization) goes along. One process serves many workers. Both
sides may speak TLS: see `tls`.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import msgspec

from remit.base.pem import Watched
from remit.client.gate import Gate, Permit, PolicyDenied
from remit.client.tls import Door, Way, log
from remit.client.work import of_grpc
from remit.protocol.wire.stubs import gateway_pb2 as pb

SERVICE = "/gateway_protocol.Gateway/"
REMEMBERED = 100_000
"""Permits of jobs that are at work; a job that is never answered makes room in the end."""

_JOBS: dict[str, Any] = {
    "ActivateJobs": pb.ActivateJobsResponse,
    "StreamActivatedJobs": pb.ActivatedJob,
}
_ANSWERS: dict[str, Any] = {
    "CompleteJob": pb.CompleteJobRequest,
    "FailJob": pb.FailJobRequest,
    "ThrowError": pb.ThrowErrorRequest,
}
_PASSED_ON = ("authorization", "traceparent", "tracestate")


LOOK_SECONDS = 1.0
ENDING_SECONDS = 24 * 60 * 60
"""How long calls that are open may go on over a connection with the certificate of before."""


class Broker:
    """The way to the broker at `address`. `channel` is for the next call; later it may be another."""

    def __init__(self, address: str, way: Way | None) -> None:
        self._address = address
        self._way = way
        self._ending: set[asyncio.Task[None]] = set()
        self.channel: Any = self._open()  # bytes in, bytes out: no serializers

    def _open(self) -> grpc.aio.Channel:
        if self._way is None:
            return grpc.aio.insecure_channel(self._address)
        return grpc.aio.secure_channel(self._address, self._way.credentials())

    async def keep(self) -> None:
        """Look at the files for ever, and open another channel with what is new."""
        if self._way is None:
            return
        watched = Watched(self._way, log)
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if watched.changed():
                ending = asyncio.create_task(self.channel.close(ENDING_SECONDS))
                self._ending.add(ending)
                ending.add_done_callback(self._ending.discard)
                self.channel = self._open()

    async def close(self) -> None:
        for task in self._ending:
            task.cancel()
        await self.channel.close()


class Sidecar(grpc.GenericRpcHandler):  # type: ignore[type-arg]
    """All methods of the gateway, for the broker behind it."""

    def __init__(self, broker: Broker, gate: Gate) -> None:
        self._broker = broker
        self._gate = gate
        self._permits: OrderedDict[int, Permit] = OrderedDict()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """How a call is handled: by its path, and whatever it carries."""
        path = handler_call_details.method
        if not path.startswith(SERVICE):
            return None
        name = path.removeprefix(SERVICE)
        if name in _JOBS:
            return grpc.unary_stream_rpc_method_handler(self._jobs(name))
        return grpc.unary_unary_rpc_method_handler(self._call(name))

    def _call(self, name: str) -> Any:
        async def call(request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
            job = 0
            if name in _ANSWERS:
                request, job = await self._answered(name, request, context)
            ask = self._broker.channel.unary_unary(SERVICE + name)
            try:
                answer: bytes = await ask(
                    request, metadata=_metadata(context), timeout=context.time_remaining()
                )
            except grpc.aio.AioRpcError as fault:
                await _abort(context, fault)
            self._permits.pop(job, None)  # not before: what the broker did not take is sent again
            return answer

        return call

    def _jobs(self, name: str) -> Any:
        async def jobs(
            request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]
        ) -> AsyncIterator[bytes]:
            metadata = _metadata(context)
            ask = self._broker.channel.unary_stream(SERVICE + name)
            try:
                async for content in ask(
                    request, metadata=metadata, timeout=context.time_remaining()
                ):
                    passed = await self._handed(_JOBS[name].FromString(content), metadata)
                    if passed is not None:
                        yield passed.SerializeToString()
            except grpc.aio.AioRpcError as fault:
                await _abort(context, fault)

        return jobs

    # --- jobs to the worker ------------------------------------------------------------------------

    async def _handed(self, answer: Any, metadata: Any) -> Any:
        """What of an answer reaches the worker; None for nothing."""
        if isinstance(answer, pb.ActivatedJob):
            return answer if await self._may_have(answer, metadata) else None
        kept = [job for job in answer.jobs if await self._may_have(job, metadata)]
        return pb.ActivateJobsResponse(jobs=kept) if kept or not answer.jobs else None

    async def _may_have(self, job: pb.ActivatedJob, metadata: Any) -> bool:
        try:
            permit = self._gate.admit(of_grpc(job))
        except PolicyDenied as denied:
            await self._refuse(job.key, denied, metadata)
            return False
        if permit is not None:
            self._permits[job.key] = permit
            while len(self._permits) > REMEMBERED:
                self._permits.popitem(last=False)
        return True

    async def _refuse(self, key: int, denied: PolicyDenied, metadata: Any) -> None:
        """The worker's part, done for it: the job is thrown as denied, with the receipt.

        What the broker does not take (a job that is gone) stops no other job on its way.
        """
        self._permits.pop(key, None)
        request = pb.ThrowErrorRequest(
            jobKey=key, errorCode=denied.error_code, errorMessage=str(denied),
            variables=json.dumps(denied.variables),
        )  # fmt: skip
        ask = self._broker.channel.unary_unary(SERVICE + "ThrowError")
        try:
            await ask(request.SerializeToString(), metadata=metadata)
        except grpc.aio.AioRpcError as fault:
            log.warning(
                "job %s was denied, and the broker does not take that: %s", key, fault.details()
            )

    # --- answers from the worker -------------------------------------------------------------------

    async def _answered(
        self, name: str, content: bytes, context: grpc.aio.ServicerContext[bytes, bytes]
    ) -> tuple[bytes, int]:
        """The worker's answer with its receipt, and its job; a denied one ends the call and the job.

        Variables that are no JSON object go on as they are: the broker says what is wrong with them.
        """
        request = _ANSWERS[name].FromString(content)
        permit = self._permits.get(request.jobKey)
        given = _variables(request.variables)
        if permit is None or given is None:
            return content, request.jobKey
        try:
            if isinstance(request, pb.CompleteJobRequest):
                said = permit.completing(given)
            elif isinstance(request, pb.ThrowErrorRequest):
                said = permit.throwing(request.errorCode, given)
            else:
                said = permit.failing(given)
        except PolicyDenied as denied:
            await self._refuse(request.jobKey, denied, _metadata(context))
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, str(denied))
        request.variables = json.dumps(said)
        sent: bytes = request.SerializeToString()
        return sent, request.jobKey


def _variables(text: str) -> dict[str, Any] | None:
    """The worker's variables, none when it sends none; None for what is no JSON object."""
    try:
        return msgspec.json.decode(text or "{}", type=dict[str, Any] | None) or {}
    except msgspec.DecodeError:
        return None


def _metadata(context: grpc.aio.ServicerContext[bytes, bytes]) -> tuple[tuple[str, str], ...]:
    given = context.invocation_metadata() or ()
    return tuple((name, str(value)) for name, value in given if name in _PASSED_ON)


async def _abort(
    context: grpc.aio.ServicerContext[bytes, bytes], fault: grpc.aio.AioRpcError
) -> None:
    await context.abort(fault.code(), fault.details() or "")


async def serve(
    address: str, broker: Broker, gate: Gate, door: Door | None = None
) -> tuple[Any, int]:
    """A started server and its port; `address` HOST:PORT, port 0 for a free one.

    Raises OSError when it can't be listened on.
    """
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Sidecar(broker, gate),))
    try:
        if door is None:
            port = server.add_insecure_port(address)
        else:
            port = server.add_secure_port(address, door.credentials())
    except RuntimeError as fault:
        raise OSError(
            f"can't listen on {address}: is the port in use, or the address none of this machine's?"
        ) from fault
    await server.start()
    return server, port
