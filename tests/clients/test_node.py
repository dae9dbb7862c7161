"""@camunda8/sdk and @camunda8/orchestration-cluster-api from npm, unchanged, against real brokers."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.whole_files import written
from tests.support.broker import Broker
from tests.support.model import DISH, Model, one_task

FOLDER = Path(__file__).parent / "node"

pytestmark = [
    pytest.mark.clients,
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("node"),  # its packages are installed once
    pytest.mark.skipif(shutil.which("npm") is None, reason="Node and npm are not installed"),
]


@pytest.fixture(scope="module")
def installed() -> Path:
    """The client's packages, installed once, by whichever process of the tests comes first."""
    with (FOLDER / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (FOLDER / "node_modules" / ".package-lock.json").exists():  # npm writes it at last
            subprocess.run(
                ["npm", "install", "--no-audit", "--no-fund", "--silent"],
                cwd=FOLDER, check=True, timeout=300,
            )  # fmt: skip
    return FOLDER


def run(installed: Path, script: str, *arguments: str) -> None:
    """The script has to end well: what it finds wrong it throws."""
    done = subprocess.run(
        ["node", script, *arguments],
        cwd=installed, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


def test_the_node_sdk_deploys_works_streams_and_publishes(
    installed: Path, shared_broker: Broker, tmp_path: Path
) -> None:
    model = tmp_path / "node.bpmn"
    model.write_bytes(one_task("node", "node-work").xml())

    run(installed, "zeebe.js", shared_broker.grpc, str(model))


def test_the_cluster_client_finds_every_answer_as_its_schemas_have_it(
    installed: Path, start_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    broker = start_broker("--history", "")
    model = Model("oca").start("s").service("a", "oca-work").native_user("t").end("e")
    files = {"oca.bpmn": model.path("s", "a", "t", "e").xml(), "dish.dmn": DISH}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)

    run(installed, "cluster.js", broker.http, *(str(tmp_path / name) for name in files))


def test_every_method_of_the_cluster_client_is_called_and_its_answer_taken(
    installed: Path, start_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    """With its strict validation; that of the Python client is test_python_sdk_whole.py."""
    broker = start_broker("--history", "")
    folders = tmp_path / "first", tmp_path / "second"
    for number, folder in enumerate(folders):
        folder.mkdir()
        written(folder, second=number == 1)

    run(installed, "whole.js", broker.http, *map(str, folders))


def test_every_method_of_the_node_sdk_over_rest_is_called(
    installed: Path, start_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    broker = start_broker("--history", "")
    folder = tmp_path / "files"
    folder.mkdir()
    written(folder)

    run(installed, "rest.js", broker.http, str(folder))
