"""The Java client from Maven, unchanged, against a real broker."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.broker import Broker
from tests.support.model import one_task

FOLDER = Path(__file__).parent / "java"

pytestmark = [
    pytest.mark.clients,
    pytest.mark.timeout(600),
    pytest.mark.skipif(shutil.which("mvn") is None, reason="Maven is not installed"),
]


def test_the_java_client_deploys_works_streams_and_publishes(
    shared_broker: Broker, tmp_path: Path
) -> None:
    model = tmp_path / "java.bpmn"
    model.write_bytes(one_task("java", "java-work").xml())

    done = subprocess.run(
        ["mvn", "-q", "-B", f"-DbuildDirectory={tmp_path}", "compile", "exec:java",
         f"-Dexec.args={shared_broker.grpc} {model}"],
        cwd=FOLDER, capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip

    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert "all well" in done.stdout
