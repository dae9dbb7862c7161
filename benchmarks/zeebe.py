"""`make bench-zeebe`: a Zeebe broker from Maven and Remit, in turn, the same load, the same machine.

Zeebe runs as its distribution has it, without exporters or secondary storage, one partition. It needs
Maven and a Java of 21 or newer; where one is missing this says so and ends well.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import load
from benchmarks.bench import SECONDS, measure
from benchmarks.brokers import Running, broker, deploy, tasks

VERSION = "8.6.0"
WARM_UP_SECONDS = 20
PORT, MANAGEMENT_PORT = 36500, 39600
FOLDER = load.ROOT / ".run" / f"zeebe-{VERSION}"

console = Console(width=110)


class NotHere(Exception):
    """A sentence: why Zeebe can't be run on this machine."""


def java() -> str:
    """The home of a Java that Zeebe runs on."""
    homes = [os.environ.get("JAVA_HOME", ""), *map(str, Path("/usr/lib/jvm").glob("*"))]
    for home in homes:
        binary = Path(home) / "bin" / "java"
        if home and binary.exists():
            said = subprocess.run([binary, "-version"], capture_output=True, text=True, check=False)
            match = re.search(r'version "(\d+)', said.stderr)
            if match and int(match.group(1)) >= 21:
                return home
    raise NotHere("Zeebe needs Java 21 or newer, and none was found.")


def distribution() -> Path:
    """Zeebe's distribution, fetched by Maven when it is not there."""
    if not (FOLDER / "bin" / "broker").exists():
        if shutil.which("mvn") is None:
            raise NotHere("Zeebe comes from Maven, and mvn is not installed.")
        with tempfile.TemporaryDirectory() as folder:
            fetched = subprocess.run(
                [
                    "mvn", "-q", "-B",
                    "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy",
                    f"-Dartifact=io.camunda:camunda-zeebe:{VERSION}:zip",
                    f"-DoutputDirectory={folder}", "-Dmdep.useBaseVersion=true",
                ],
                capture_output=True, check=False,
            )  # fmt: skip
            archives = list(Path(folder).glob("*.zip"))
            if fetched.returncode or not archives:
                raise NotHere("Maven did not answer with Zeebe's distribution.")
            with zipfile.ZipFile(archives[0]) as archive:
                archive.extractall(FOLDER.parent)
        (FOLDER.parent / f"camunda-zeebe-{VERSION}").rename(FOLDER)
        for script in (FOLDER / "bin").iterdir():
            script.chmod(0o755)
    return FOLDER


@contextmanager
def zeebe() -> Iterator[Running]:
    with tempfile.TemporaryDirectory(prefix="zeebe-bench-") as data:
        environment = {
            **os.environ,
            "JAVA_HOME": java(),
            "ZEEBE_BROKER_DATA_DIRECTORY": data,
            "ZEEBE_BROKER_NETWORK_HOST": "127.0.0.1",
            "ZEEBE_BROKER_GATEWAY_NETWORK_PORT": str(PORT),
            "SERVER_PORT": str(MANAGEMENT_PORT),
        }
        process = subprocess.Popen(
            [distribution() / "bin" / "broker"],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        running = Running(f"127.0.0.1:{PORT}", "", process, Path(data))
        try:
            _wait(running)
            yield running
        finally:
            process.terminate()
            process.wait(60)


def _wait(running: Running) -> None:
    for _ in range(120):
        time.sleep(1)
        try:
            deploy(running.grpc, running.data, tasks("one", 1))
            return
        except subprocess.CalledProcessError:
            continue
    raise NotHere("Zeebe did not get ready within two minutes.")


def main() -> None:
    if load.build() is None:
        console.print("The load generator needs Go, which is not installed here.")
        return
    table = Table("one task", "instances/s", "server µs", "p50 ms", "p99 ms")
    best: dict[str, float] = {}
    try:
        for name, opened in (("Zeebe", zeebe), ("Remit", broker)):
            with opened() as running, console.status(f"{name} …"):
                if name == "Remit":
                    deploy(running.grpc, running.data, tasks("one", 1))
                for mode, poll in (("streamed", "false"), ("polled", "true")):
                    load.run(running.grpc, seconds=WARM_UP_SECONDS, process="one", poll=poll)
                    result = measure(running, seconds=SECONDS, process="one", poll=poll)
                    best[name] = max(best.get(name, 0), result["per_second"])
                    table.add_row(
                        f"{name}, {mode}", f"{result['per_second']:,.0f}",
                        f"{result['server_us']:,.0f}", f"{result['p50_ms']:.0f}",
                        f"{result['p99_ms']:.0f}",
                    )  # fmt: skip
    except NotHere as reason:
        console.print(str(reason))
        return
    console.print(table)
    console.print(f"Remit : Zeebe {VERSION} = {best['Remit'] / best['Zeebe']:.1f} : 1 (best modes)")


if __name__ == "__main__":
    main()
