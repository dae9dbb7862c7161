"""A broker under measurement: started, loaded, and asked what it cost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
MODELS = """<?xml version="1.0"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
             xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="bench">
  {message}<process id="{id}" isExecutable="true">
    <startEvent id="s"/>{nodes}<endEvent id="e"/>{flows}
  </process>
</definitions>"""
MESSAGE = (
    '<message id="m" name="paid"><extensionElements>'
    '<zeebe:subscription correlationKey="=orderId"/></extensionElements></message>'
)


def tasks(process_id: str, count: int) -> bytes:
    """A process of `count` service tasks in a row, all of the job type `work`."""
    names = [f"t{number}" for number in range(count)]
    nodes = "".join(
        f'<serviceTask id="{name}"><extensionElements><zeebe:taskDefinition type="work"/>'
        f"</extensionElements></serviceTask>"
        for name in names
    )
    return MODELS.format(id=process_id, message="", nodes=nodes, flows=_flows(names)).encode()


def message_wait(process_id: str) -> bytes:
    """A process that waits for the message `paid` with the key `orderId`."""
    node = (
        '<intermediateCatchEvent id="w"><messageEventDefinition messageRef="m"/>'
        "</intermediateCatchEvent>"
    )
    return MODELS.format(id=process_id, message=MESSAGE, nodes=node, flows=_flows(["w"])).encode()


def _flows(names: list[str]) -> str:
    path = ["s", *names, "e"]
    return "".join(
        f'<sequenceFlow id="f{number}" sourceRef="{source}" targetRef="{target}"/>'
        for number, (source, target) in enumerate(pairwise(path))
    )


@dataclass
class Running:
    """A broker's addresses and processes."""

    grpc: str
    http: str
    process: subprocess.Popen[str]
    data: Path

    def pids(self) -> list[int]:
        """The supervisor and all its children."""
        found = [self.process.pid]
        for pid in found:
            listed = subprocess.run(
                ["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False
            )
            found.extend(int(word) for word in listed.stdout.split())
        return found

    def cpu_seconds(self) -> float:
        """User and system time of all its processes so far."""
        return sum(cpu_of(pid) for pid in self.pids())

    def memory_mib(self) -> float:
        """Resident memory of all its processes."""
        pages = 0
        for pid in self.pids():
            try:
                pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            except OSError:
                continue
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def cpu_of(pid: int) -> float:
    """User and system time of one process; nothing of one that is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _history(options: tuple[str, ...]) -> tuple[str, ...]:
    """History is measured where it is asked for."""
    return () if "--history" in options else ("--history", "none")


@contextmanager
def broker(*options: str, folder: str | None = None) -> Iterator[Running]:
    """`remit serve` on free ports and a data folder of its own."""
    with tempfile.TemporaryDirectory(prefix="remit-bench-") as made:
        data = Path(folder or made)
        process = subprocess.Popen(
            [
                sys.executable, "-m", "remit.cli.main", "serve", "--data", str(data),
                "--grpc-port", "0", "--http-port", "0", *_history(options), *options,
            ],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        words = process.stdout.readline().split()
        assert words[:1] == ["ready"], "the broker did not start"
        try:
            yield Running(
                words[1].removeprefix("grpc="), words[2].removeprefix("http="), process, data
            )
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def deploy(address: str, folder: Path, *models: bytes, authority: str = "") -> None:
    """Deploy with the command line, as a person would; over TLS with the `authority` of the broker."""
    files = []
    for number, model in enumerate(models):
        path = folder / f"bench-{number}.bpmn"
        path.write_bytes(model)
        files.append(str(path))
    subprocess.run(
        [
            sys.executable, "-m", "remit.cli.main", "deploy", *files, "--address", address,
            *(("--tls-ca", authority) if authority else ()),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    time.sleep(0.3)
