"""The command line against a real broker, as a person or a script uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from remit.cli.main import VERBS, main
from tests.support.broker import Broker
from tests.support.governed import governed_options
from tests.support.model import Model, one_task


def remit(*words: str, address: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "remit.cli.main", *words]
    if address:
        command += ["--address", address]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
    )  # fmt: skip


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


def test_a_broker_that_is_started_twice_does_not_take_its_data_from_the_first(
    shared_broker: Broker, tmp_path: Path
) -> None:
    model = tmp_path / "twice.bpmn"
    model.write_bytes(one_task("twice", "twice-work").xml())
    for option, address in (
        ("--grpc-port", shared_broker.grpc),
        ("--http-port", shared_broker.http),
    ):
        ports = {"--grpc-port": "0", "--http-port": "0", option: address.rsplit(":", 1)[1]}
        given = [word for pair in ports.items() for word in pair]
        refused = remit("serve", "--data", str(shared_broker.data), *given)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert f"{address} is in use" in refused.stderr
        assert option in refused.stderr

        assert remit("deploy", str(model), address=shared_broker.grpc).returncode == 0


OIDC = ("--oidc-issuer", "i", "--oidc-audience", "a", "--oidc-keys")
KEYS = ("--policy-keys", "{folder}/keys.json")
HELD = (*KEYS, "--holder-key", "holder={folder}/holder.key")
FILES = {
    "empty.json": b'{"keys": []}',
    "number.json": b'{"keys": 5}',
    "binary": b"\xff\xfe",
    "words": b"bob:secret\n",
    "line": b"bob\n",
}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--grpc-port", "99999"), "--grpc-port is between 0 and 65535"),
        (("--grpc-port", "40001", "--http-port", "40001"), "are both 40001"),
        (("--data", "/proc/nowhere"), "--data /proc/nowhere can't be made"),
        (("--host", "203.0.113.1", "--allow-anonymous-network"), "no address of this machine"),
        (("--host", "a host", "--allow-anonymous-network"), "and not 'a host'"),
        (("--host", "localhost"), "--host is an address of this machine, such as 127.0.0.1"),
        (("--oidc-keys", "nofile"), "--oidc-keys and --oidc-audience need --oidc-issuer"),
        (("--oidc-issuer", "i"), "--oidc-issuer needs --oidc-audience and --oidc-keys"),
        ((*OIDC, "nofile"), "--oidc-keys: the keys of the token issuer can't be read from nofile"),
        ((*OIDC, "http://login.example/keys"), "is a file or an https:// URL"),
        ((*OIDC, "{folder}/empty.json"), "it holds no key of kind RSA, EC, OKP"),
        ((*OIDC, "{folder}/number.json"), "can't be read from"),
        ((*OIDC, "{folder}/empty.json", "--oidc-ca", "x"), "give one as --oidc-keys"),
        (
            (*OIDC, "https://i", "--oidc-ca", "{folder}/words"),
            "words can't be used: ",
        ),
        ((*OIDC, "https://i", "--oidc-ca", "nofile"), "--oidc-ca nofile can't be used: "),
        (("--users", "{folder}/binary"), "--users: {folder}/binary is no text in UTF-8"),
        (("--users", "{folder}/words"), "has for bob is no hash; `remit user password NAME`"),
        (("--api-keys", "{folder}/words"), "has for bob is no hash; `remit user key NAME`"),
        (("--api-keys", "{folder}/line"), "line, line 1: expected NAME:HASH"),
        (
            (*KEYS, "--holder-key", "holder={folder}/auditor.key"),
            "private key given for holder is not",
        ),
        (
            (*KEYS, "--holder-key", "holder={folder}/binary"),
            "binary holds no private key, 32 bytes",
        ),
        ((*KEYS, "--holder-key", "={folder}/holder.key"), "a key has a name"),
        (
            (*HELD, "--audit-key", "auditor={folder}/holder.key"),
            "private key given for auditor is not",
        ),
        ((*HELD, "--audit-key", "holder={folder}/holder.key"), "key holder may not sign as audit"),
    ],
)
def test_what_can_not_be_served_is_said_in_a_sentence(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    governed_options(tmp_path)
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    given = ("--data", str(tmp_path), "--grpc-port", "0", "--http-port", "0")
    refused = remit("serve", *given, *(each.replace("{folder}", str(tmp_path)) for each in options))

    assert refused.returncode == 1
    assert said.replace("{folder}", str(tmp_path)) in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_a_level_of_logs_that_is_none_is_said(tmp_path: Path) -> None:
    refused = remit("serve", "--data", str(tmp_path), REMIT_LOG_LEVEL="loud")

    assert refused.returncode == 1
    assert "there is no level 'loud'" in refused.stderr


@pytest.mark.parametrize("address", ["", "a host:1", ":26500", "host:port", "host/path"])
def test_what_is_no_address_is_wrong_usage(address: str) -> None:
    for verb in (("status", "--address", address), ("list", "pi", "--rest-address", address)):
        if (address, verb[0]) == ("host/path", "list"):
            continue  # REST may be served under a path
        refused = remit(*verb)
        assert refused.returncode == 2
        assert "is no address: write HOST:PORT" in refused.stderr


def test_a_name_that_nobody_has_is_said() -> None:
    refused = remit("status", address="nowhere.invalid:26500")
    assert refused.returncode == 3
    assert "no machine is known by the name in 'nowhere.invalid:26500'" in refused.stderr


def test_a_password_can_be_piped_in() -> None:
    command = [sys.executable, "-m", "remit.cli.main", "user", "password", "ada"]
    made = subprocess.run(command, input="secret\n", capture_output=True, text=True, check=False)
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.startswith("ada:$argon2id$")
    none = remit("user", "password", "ada")
    assert none.returncode == 2
    assert "there is no password" in none.stderr


def test_an_empty_list_says_so_and_is_no_line_of_json(shared_broker: Broker) -> None:
    for words, said in (((), "there are none\n"), (("--json",), "")):
        found = remit("rule", "list", *words, address=shared_broker.grpc)
        assert (found.returncode, found.stdout, found.stderr) == (0, "", said)


def test_every_verb_is_a_command_of_that_name() -> None:
    context = click.Context(main)
    for verb in VERBS:
        found = main.get_command(context, verb)
        assert found is not None
        assert found.name == verb
        assert found.get_short_help_str()
