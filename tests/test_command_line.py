"""The command line against a real broker, as a person or a script uses it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click

from remit.cli.main import VERBS, main
from tests.support.broker import Broker
from tests.support.model import Model, one_task


def remit(*words: str, address: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "remit.cli.main", *words]
    if address:
        command += ["--address", address]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_deploy_create_complete_and_status(shared_broker: Broker, tmp_path: Path) -> None:
    where = shared_broker.grpc
    model = tmp_path / "cli.bpmn"
    model.write_bytes(one_task("cli", "cli-work").xml())

    deployed = remit("deploy", str(model), "--json", address=where)
    created = remit("create", "cli", "--variables", '{"x": 1}', "--json", address=where)
    (job,) = shared_broker.client().activate("cli-work")
    completed = remit("complete", str(job.key), address=where)
    again = remit("complete", str(job.key), address=where)
    status = remit("status", address=where)

    assert json.loads(deployed.stdout)["id"] == "cli"
    assert json.loads(created.stdout)["instance"] == job.processInstanceKey
    assert completed.returncode == 0
    assert again.returncode == 1
    assert "NOT_FOUND" in again.stderr
    assert "leader" in status.stdout


def test_create_with_result_shows_the_variables(shared_broker: Broker, tmp_path: Path) -> None:
    model = tmp_path / "echo.bpmn"
    model.write_bytes(Model("echo").start("s").end("e").path("s", "e").xml())
    remit("deploy", str(model), address=shared_broker.grpc)
    variables = tmp_path / "variables.json"
    variables.write_text('{"x": [1, 2]}')

    done = remit(
        "create", "echo", "--with-result", "--variables", f"@{variables}", "--json",
        address=shared_broker.grpc,
    )  # fmt: skip

    assert json.loads(json.loads(done.stdout)["variables"]) == {"x": [1, 2]}


def test_publish_cancel_set_and_fail(shared_broker: Broker, tmp_path: Path) -> None:
    where = shared_broker.grpc
    model = tmp_path / "verbs.bpmn"
    model.write_bytes(one_task("verbs", "verbs-work").xml())
    remit("deploy", str(model), address=where)
    created = json.loads(remit("create", "verbs", "--json", address=where).stdout)
    (job,) = shared_broker.client().activate("verbs-work")

    codes = [
        remit("publish", "hello", "--key", "k", "--ttl", "1", address=where).returncode,
        remit("set", str(created["instance"]), '{"y": 2}', address=where).returncode,
        remit("fail", str(job.key), "--retries", "1", address=where).returncode,
        remit("cancel", str(created["instance"]), address=where).returncode,
    ]

    assert codes == [0, 0, 0, 0]


def test_wrong_usage_and_an_absent_broker_have_exit_codes_of_their_own() -> None:
    wrong = remit("create", "p", "--variables", "[1]")
    absent = remit("status", address="127.0.0.1:1")

    assert wrong.returncode == 2
    assert "object" in wrong.stderr
    assert absent.returncode == 3
    assert "remit serve" in absent.stderr


def test_feel_evaluates_and_explains() -> None:
    good = remit("feel", "for i in 1..2 return i + x", "--context", '{"x": 0.5}')
    null = remit("feel", "y > 1", "--explain")
    bad = remit("feel", "1 +")

    assert json.loads(good.stdout) == [1.5, 2.5]
    assert null.stdout.strip() == "null"
    assert "NO_VARIABLE_FOUND" in null.stderr
    assert bad.returncode == 1
    assert "column 4" in bad.stderr


def test_a_network_address_needs_words(tmp_path: Path) -> None:
    refused = remit("serve", "--host", "0.0.0.0", "--data", str(tmp_path))

    assert refused.returncode == 1
    assert "--allow-anonymous-network" in refused.stderr


def test_a_port_in_use_is_said_plainly(shared_broker: Broker, tmp_path: Path) -> None:
    port = shared_broker.grpc.rsplit(":", 1)[1]
    refused = remit("serve", "--grpc-port", port, "--http-port", "0", "--data", str(tmp_path))

    assert refused.returncode == 1
    assert "in use" in refused.stderr


def test_every_verb_is_a_command_of_that_name() -> None:
    context = click.Context(main)
    for verb in VERBS:
        found = main.get_command(context, verb)
        assert found is not None
        assert found.name == verb
        assert found.get_short_help_str()
