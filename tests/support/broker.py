"""A real broker in a process of its own, and the plainest possible client."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc

from remit.protocol.wire.stubs import gateway_pb2 as pb


class Broker:
    """`remit serve` on free ports. `grpc` and `http` are its addresses."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        self._options = options
        self._process: subprocess.Popen[str] | None = None
        self.grpc = self.http = ""

    def start(self) -> None:
        command = [sys.executable, "-m", "remit.cli.main", "serve", "--data", str(self.data)]
        log = (self.data.parent / "broker.log").open("a")
        self._process = subprocess.Popen(
            [*command, "--grpc-port", "0", "--http-port", "0", *self._history(), *self._options],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        assert self._process.stdout is not None
        words = self._process.stdout.readline().split()
        assert words[:1] == ["ready"], (self.data.parent / "broker.log").read_text()[-2000:]
        self.grpc = words[1].removeprefix("grpc=")
        self.http = words[2].removeprefix("http=")

    def _history(self) -> tuple[str, ...]:
        """Most tests search nothing, and one process less is faster."""
        return () if "--history" in self._options else ("--history", "none")

    @property
    def pid(self) -> int:
        """The supervisor's process."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> int:
        """SIGTERM, and wait; returns the exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)

    def kill(self) -> None:
        """`kill -9`, the process that does the work first."""
        assert self._process is not None
        children = subprocess.run(
            ["pgrep", "-P", str(self._process.pid)], capture_output=True, text=True, check=False
        )
        for child in children.stdout.split():
            subprocess.run(["kill", "-9", child], check=False)
        self._process.kill()
        self._process.wait(10)

    def listening(self) -> set[int]:
        """The TCP ports that the broker's processes listen on."""
        assert self._process is not None
        family, waiting = {str(self._process.pid)}, [str(self._process.pid)]
        while waiting:
            found = subprocess.run(
                ["pgrep", "-P", waiting.pop()], capture_output=True, text=True, check=False
            )
            waiting += found.stdout.split()
            family |= set(found.stdout.split())
        sockets = {_target(link) for pid in family for link in Path(f"/proc/{pid}/fd").iterdir()}
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return {
            int(row[1].partition(":")[2], 16)
            for row in rows
            if row[3] == "0A" and f"socket:[{row[9]}]" in sockets
        }

    def client(self) -> Client:
        return Client(self.grpc)

    def __enter__(self) -> Broker:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _target(link: Path) -> str:
    """What an open file is; nothing when it is closed meanwhile."""
    try:
        return os.readlink(link)
    except OSError:
        return ""


class Client:
    """Calls by method name: `client.CreateProcessInstance(bpmnProcessId="p")`."""

    def __init__(
        self,
        address: str,
        authorization: str = "",
        credentials: grpc.ChannelCredentials | None = None,
        **more: str,
    ) -> None:
        """`more` is metadata as well, with - for each _."""
        if credentials is None:
            self.channel = grpc.insecure_channel(address)
        else:
            self.channel = grpc.secure_channel(address, credentials)
        said = {"authorization": authorization} if authorization else {}
        said |= {name.replace("_", "-"): value for name, value in more.items()}
        self._metadata = tuple(said.items())

    def call(self, method: str, seconds: float = 20, **fields: Any) -> Any:
        request = getattr(pb, f"{method}Request")(**fields)
        ask = self.channel.unary_unary(
            f"/gateway_protocol.Gateway/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=getattr(pb, f"{method}Response").FromString,
        )
        return ask(request, timeout=seconds, metadata=self._metadata)

    def stream(self, method: str, response: Any, seconds: float = 20, **fields: Any) -> Any:
        request = getattr(pb, f"{method}Request")(**fields)
        ask = self.channel.unary_stream(
            f"/gateway_protocol.Gateway/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString,
        )
        return ask(request, timeout=seconds, metadata=self._metadata)

    def activate(self, job_type: str, limit: int = 1, wait_ms: int = 2000) -> list[Any]:
        answers = self.stream(
            "ActivateJobs", pb.ActivateJobsResponse, type=job_type, worker="test",
            timeout=60_000, maxJobsToActivate=limit, requestTimeout=wait_ms,
        )  # fmt: skip
        return [job for answer in answers for job in answer.jobs]

    def deploy(self, name: str, content: bytes) -> Any:
        return self.call("DeployResource", resources=[pb.Resource(name=name, content=content)])


def code_of(fault: Any) -> str:
    """The gRPC status of a failed call."""
    name: str = fault.value.code().name
    return name
