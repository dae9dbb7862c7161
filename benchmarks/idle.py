"""`python -m benchmarks.idle`: what workers cost that wait and get nothing.

POLLS (10,000) long polls over REST and STREAMS (1,000) job streams over gRPC are held open for SECONDS
(600), with TLS=1 over TLS. Told are the memory above that of the idle broker, its CPU meanwhile, and how
many are still there at the end; then a job is made for each of TYPES, and has to reach somebody at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import ssl
import tempfile
import time
from pathlib import Path

import grpc
from rich.console import Console

from benchmarks.brokers import MODELS, Running, broker, deploy
from benchmarks.certificates import own_certificate
from benchmarks.rest_calls import rest_calls
from remit.protocol.wire.stubs import gateway_pb2 as pb

POLLS = int(os.environ.get("POLLS", "10000"))
STREAMS = int(os.environ.get("STREAMS", "1000"))
SECONDS = float(os.environ.get("SECONDS", "600"))
OVER_TLS = bool(os.environ.get("TLS"))
TYPES, CHANNELS = 100, 10
console = Console(width=110)

TASK = (
    '<serviceTask id="t"><extensionElements><zeebe:taskDefinition type="=kind"/>'
    "</extensionElements></serviceTask>"
)
FLOWS = (
    '<sequenceFlow id="f0" sourceRef="s" targetRef="t"/>'
    '<sequenceFlow id="f1" sourceRef="t" targetRef="e"/>'
)


async def poll(
    address: str, number: int, ready: asyncio.Semaphore, tls: ssl.SSLContext | None
) -> bytes:
    """One long poll, of the type `poll-<n>`; what is answered at last."""
    host, port = address.split(":")
    async with ready:
        reader, writer = await asyncio.open_connection(host, int(port), ssl=tls)
    body = json.dumps(
        {
            "type": f"poll-{number % TYPES}", "worker": "idle", "timeout": 60_000,
            "maxJobsToActivate": 1, "requestTimeout": int((SECONDS + 600) * 1000),
        }
    )  # fmt: skip
    writer.write(
        f"POST /v2/jobs/activation HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n{body}".encode()
    )
    try:
        return await reader.read(65_536)
    finally:
        writer.close()


async def stream(channel: grpc.aio.Channel, number: int) -> int:
    """One job stream, of the type `stream-<n>`; the key of the first job, 0 when it ends before."""
    ask = channel.unary_stream(
        "/gateway_protocol.Gateway/StreamActivatedJobs",
        request_serializer=pb.StreamActivatedJobsRequest.SerializeToString,
        response_deserializer=pb.ActivatedJob.FromString,
    )
    request = pb.StreamActivatedJobsRequest(
        type=f"stream-{number % TYPES}", worker="idle", timeout=60_000
    )
    async for job in ask(request):
        return int(job.key)
    return 0


def channel_to(address: str, authority: str) -> grpc.aio.Channel:
    options = [("grpc.use_local_subchannel_pool", 1)]
    if not authority:
        return grpc.aio.insecure_channel(address, options=options)
    credentials = grpc.ssl_channel_credentials(Path(authority).read_bytes())
    return grpc.aio.secure_channel(address, credentials, options=options)


async def hold(running: Running, authority: str) -> None:
    before = running.memory_mib()
    gate = asyncio.Semaphore(200)
    channels = [channel_to(running.grpc, authority) for _ in range(CHANNELS)]
    tls = ssl.create_default_context(cafile=authority) if authority else None
    polls = [asyncio.create_task(poll(running.http, n, gate, tls)) for n in range(POLLS)]
    streams = [asyncio.create_task(stream(channels[n % CHANNELS], n)) for n in range(STREAMS)]
    await asyncio.sleep(20)
    cpu, began = running.cpu_seconds(), time.monotonic()
    highest = 0.0
    while time.monotonic() - began < SECONDS:
        await asyncio.sleep(min(5.0, SECONDS))
        highest = max(highest, running.memory_mib())
    spent = (running.cpu_seconds() - cpu) / (time.monotonic() - began)
    waiting = [sum(not each.done() for each in kind) for kind in (polls, streams)]
    console.print(
        f"{waiting[0]:,} of {POLLS:,} polls and {waiting[1]:,} of {STREAMS:,} streams wait after "
        f"{SECONDS:g} s; memory {before:.0f} MiB before, {highest:.0f} at most: "
        f"{highest - before:.0f} more; {spent:.1%} of a core"
    )
    await asyncio.to_thread(make_jobs, running.http, authority)
    reached = await _reached(polls), await _reached(streams)
    console.print(f"of {TYPES} jobs each, {reached[0]} reached a poll and {reached[1]} a stream")
    for task in (*polls, *streams):
        task.cancel()
    await asyncio.gather(*polls, *streams, return_exceptions=True)
    for channel in channels:
        await channel.close(None)


async def _reached(tasks: list[asyncio.Task[bytes]] | list[asyncio.Task[int]]) -> int:
    if tasks:
        await asyncio.wait(tasks, timeout=5)
    return sum(each.done() and bool(each.result()) for each in tasks)


def make_jobs(address: str, authority: str) -> None:
    with rest_calls(address, authority) as rest:
        for kind in ("poll", "stream"):
            for number in range(TYPES):
                body = {"processDefinitionId": "idle", "variables": {"kind": f"{kind}-{number}"}}
                rest.ask("POST", "/process-instances", body)


def main() -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(prefix="remit-idle-") as folder:
        pair = own_certificate(Path(folder)) if OVER_TLS else ("", "")
        options = ("--tls-cert", pair[0], "--tls-key", pair[1]) if OVER_TLS else ()
        with broker(*options) as running:
            model = MODELS.format(id="idle", message="", nodes=TASK, flows=FLOWS)
            deploy(running.grpc, running.data, model.encode(), authority=pair[0])
            asyncio.run(hold(running, pair[0]))


if __name__ == "__main__":
    main()
