"""The supervisor: starts the server with the broker in it, says when it is ready, stops it in order.

Envoy (through pyvoy) does HTTP in a process of its own and runs the broker's Python inside. The
supervisor is the process that people and init systems see.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from pyvoy import PyvoyServer, StartupError

from remit.base.interpreter import PYTHON
from remit.base.scheduling import become_batch_job
from remit.server import control, logs
from remit.server.config import SETTINGS, Config
from remit.server.exporting import Exporting
from remit.server.tls import Secrets

READY_SECONDS = 120.0
DRAIN_SECONDS = 30.0
HEADER_KIB = 64
"""All headers of a request together; the server refuses larger ones with 431."""

REFUSED_BY_THE_SERVER = {
    "json_format": {
        "type": "about:blank",
        "title": "Request Refused",
        "status": "%RESPONSE_CODE%",
        "detail": f"The server can't take this request (%RESPONSE_CODE_DETAILS%): headers may have "
        f"{HEADER_KIB} KiB together, 100 of them, and the request has to be HTTP as it is written",
        "instance": "%REQ(:PATH)%",
    },
    "content_type": "application/problem+json",
}
"""What callers are told who never get as far as the gateway."""

NO_LIBPYTHON = (
    "this Python has no shared library (libpython), which the server needs. Debian's and python.org's "
    "Python have it; with pyenv build it by PYTHON_CONFIGURE_OPTS=--enable-shared"
)


class CannotStart(Exception):
    """A sentence for people: why the broker does not start."""


class Ports(PyvoyServer):
    """The gRPC port; REST is answered there as well. The REST port is the broker process's own."""

    def __init__(
        self,
        *,
        host: str,
        grpc_port: int,
        env: dict[str, str],
        transport: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            "remit.server.app:app",
            address=host,
            port=grpc_port,
            lifespan=True,
            loop="uvloop",
            log_level="critical",
            env=env,
            additional_envoy_args=["--concurrency", "1"],
            stderr=None,
        )
        self._transport = transport

    def get_envoy_config(self) -> dict[str, Any]:
        config: dict[str, Any] = super().get_envoy_config()
        # anybody on this machine reaches the server's own door: it tells the ports and does nothing else
        config["admin"]["allow_paths"] = [{"prefix": "/listeners"}]
        listener = config["static_resources"]["listeners"][0]
        listener["enable_reuse_port"] = False  # or a second broker would share the port unnoticed
        chain = listener["filter_chains"][0]
        manager = chain["filters"][-1]["typed_config"]
        if self._transport is not None:
            config["node"] = {"id": "remit", "cluster": "remit"}  # secrets ask for it
            chain["transport_socket"] = self._transport
            # what callers write into x-forwarded-client-cert is taken out, with and without TLS
            manager["forward_client_cert_details"] = "SANITIZE_SET"
            manager["set_current_client_cert_details"] = {"subject": True, "uri": True}
        manager["use_remote_address"] = True  # who calls is the peer, whatever x-forwarded-for says
        manager["skip_xff_append"] = True
        manager["max_request_headers_kb"] = HEADER_KIB
        manager["local_reply_config"] = {"body_format": REFUSED_BY_THE_SERVER}
        manager["stream_idle_timeout"] = "0s"  # idle job streams stay open for hours
        manager["http2_protocol_options"] = {"max_concurrent_streams": 100_000}
        return config


async def serve(config: Config, say: Callable[[str], None]) -> int:
    """Run a broker until SIGTERM or SIGINT; `say` gets the one ready line. Returns the exit code."""
    if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        raise CannotStart(NO_LIBPYTHON)
    problem = config.problem()
    if problem:
        raise CannotStart(problem)
    _check_ports(config)
    if config.partitions > 1:
        _let_each_other_finish()
    try:
        logs.set_up(os.environ.get("REMIT_LOG_LEVEL", "INFO"))
    except ValueError as fault:
        raise CannotStart(f"REMIT_LOG_LEVEL: {fault}") from fault
    try:
        Path(config.data).mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise CannotStart(f"--data {config.data} can't be made: {fault.strerror}") from fault
    with tempfile.TemporaryDirectory(prefix="remit-") as folder:
        path = str(Path(folder) / "control")
        lines: asyncio.Queue[control.Line] = asyncio.Queue()
        listening = await asyncio.start_unix_server(
            lambda reader, writer: lines.put_nowait(control.Line(reader, writer)), path
        )
        async with listening:
            secrets = Secrets(config.tls, Path(folder)) if config.tls else None
            config = msgspec.structs.replace(config, control=path)
            return await _run(config, secrets, lines, say)


def _let_each_other_finish() -> None:
    """The broker's threads, and the processes it starts, do not interrupt each other.

    With more of them than processors each that wakes would take the processor from another in the
    middle of its work, for a message or two. As batch jobs they wait for their turn, which costs
    nobody more than a few milliseconds where all processors are busy, and nothing where one is idle.
    """
    if sys.platform != "linux" or os.sched_getscheduler(0) != os.SCHED_OTHER:
        return  # whoever started this broker has decided
    become_batch_job()


def _check_ports(config: Config) -> None:
    """Both ports can be listened on; raises `CannotStart`.

    Asked before the data are opened: a broker that is started twice by mistake must not take the data
    over from the one that runs, only to end itself for want of a port.
    """
    ports = (("--grpc-port", config.grpc_port), ("--http-port", config.http_port))
    for option, port in ports:
        try:
            kind, _, _, _, address = socket.getaddrinfo(
                config.host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            socket.create_server(address[:2], family=kind).close()
        except OSError as fault:
            raise CannotStart(_port_problem(config.host, option, port, fault)) from fault
    if config.grpc_port == config.http_port != 0:
        raise CannotStart(f"--grpc-port and --http-port are both {config.grpc_port}: give them two")


def _port_problem(host: str, option: str, port: int, fault: OSError) -> str:
    if isinstance(fault, socket.gaierror):
        return f"--host {host} is no address: {fault.strerror}"
    if fault.errno == errno.EADDRNOTAVAIL:
        return f"--host {host} is no address of this machine: listen on one that is"
    if fault.errno == errno.EADDRINUSE:
        return (
            f"{host}:{port} is in use, perhaps by a broker that runs already (`remit status` shows it): "
            f"stop what listens there, or choose another {option}; 0 takes a free one"
        )
    return f"{option} {port} can't be listened on: {fault.strerror}"


async def _run(
    config: Config,
    secrets: Secrets | None,
    lines: asyncio.Queue[control.Line],
    say: Callable[[str], None],
) -> int:
    stopping = asyncio.Event()
    exporting = Exporting(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    server = Ports(
        host=config.host,
        grpc_port=config.grpc_port,
        env={
            SETTINGS: msgspec.json.encode(config).decode(),
            PYTHON: sys.executable,
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        transport=_transport(config, secrets),
    )
    renewing = asyncio.create_task(secrets.keep()) if secrets else None
    try:
        await server.start()
    except StartupError as fault:
        raise CannotStart(
            await _told(lines)
            or f"the server did not start on {config.host}:{config.grpc_port} and "
            f"{config.host}:{config.http_port}: is one of the ports in use?"
        ) from fault
    try:
        line, http_port = await _ready(server, lines)
        await line.say(f"ports {config.host} {server.listener_port}")
        host = f"[{config.host}]" if ":" in config.host else config.host
        say(f"ready grpc={host}:{server.listener_port} http={host}:{http_port}")
        exporting.start()
        ended = asyncio.create_task(server.wait())
        asked = asyncio.create_task(stopping.wait())
        await asyncio.wait((ended, asked), return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if ended.done():
            raise CannotStart("the broker process ended by itself; its log says why")
        await line.say("drain")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await line.hear()
        return 0
    finally:
        if renewing is not None:
            renewing.cancel()
        await server.stop()
        await exporting.stop()


def _transport(config: Config, secrets: Secrets | None) -> dict[str, Any] | None:
    if secrets is None:
        return None
    return secrets.transport_socket(is_required=config.requires_certificate)


async def _ready(server: Ports, lines: asyncio.Queue[control.Line]) -> tuple[control.Line, int]:
    """Wait until the broker has opened its partitions; its REST port."""
    connecting = asyncio.create_task(_first_word(lines))
    ended = asyncio.create_task(server.wait())
    done, _ = await asyncio.wait(
        (connecting, ended), timeout=READY_SECONDS, return_when=asyncio.FIRST_COMPLETED
    )
    ended.cancel()
    if connecting not in done:
        connecting.cancel()
        raise CannotStart("the broker process did not get ready; its log says why")
    line, word = connecting.result()
    if word is None or not word.startswith("ready "):
        raise CannotStart((word or "the broker process ended").removeprefix("failed "))
    return line, int(word.removeprefix("ready "))


async def _told(lines: asyncio.Queue[control.Line]) -> str:
    """Why the broker does not start, in its own words; empty when it said nothing."""
    if lines.empty():
        return ""
    _, word = await _first_word(lines)
    return (word or "").removeprefix("failed ")


async def _first_word(lines: asyncio.Queue[control.Line]) -> tuple[control.Line, str | None]:
    line = await lines.get()
    return line, await line.hear()
