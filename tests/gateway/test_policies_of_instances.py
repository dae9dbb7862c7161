"""`remit policy` and the REST operations on policies of running instances, against a real broker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from remit.audit.verifying import verify
from remit.authority.policy import Reanchor, SlopeRules
from remit.cli.main import main
from tests.support.broker import Broker, Client, code_of
from tests.support.governed import RING, WORK, governed_options, grant, policy
from tests.support.model import one_task

TRUST = SlopeRules(levels={"none": 400}, reanchor=Reanchor(by=("approver",), max=900))


def run(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["policy", *map(str, words)])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Broker, Path]]:
    folder = tmp_path_factory.mktemp("policies")
    (folder / "standing").write_text("\n".join(policy(grant(WORK, jti="standing"))))
    for name in ("acme", "approver"):
        (folder / f"{name}.key").write_text(name.encode().ljust(32, b".").hex())
    options = (
        *governed_options(folder), "--standing-policies", f"{folder}/standing", "--require-policy",
    )  # fmt: skip
    with Broker(folder / "data", *options) as broker:
        broker.client().deploy("one.bpmn", one_task().xml())
        yield broker, folder
    (part,) = verify(folder / "data", RING).partitions
    assert part.findings == []


def start(client: Client, *grants: str) -> int:
    given = {"_policy": list(grants)} if grants else {}
    key: int = client.call(
        "CreateProcessInstance", bpmnProcessId="one", version=-1, variables=json.dumps(given)
    ).processInstanceKey
    return key


def test_standing_policies_are_for_instances_that_bring_none(place: tuple[Broker, Path]) -> None:
    broker, _ = place
    key = start(broker.client())
    shown = json.loads(run("show", key, "--address", broker.grpc, "--json"))
    assert len(shown["blocks"]) == 2
    assert "trust" in run("show", key, "--address", broker.grpc)


def test_an_approver_lifts_trust_again(place: tuple[Broker, Path]) -> None:
    broker, folder = place
    key = start(broker.client(), *policy(grant(WORK, slope=TRUST)))
    said = run(
        "approve", key, "--trust", 900, "--key", folder / "approver.key", "--kid", "approver",
        "--address", broker.grpc,
    )  # fmt: skip
    assert "900" in said
    refused = run(
        "approve", key, "--trust", 901, "--key", folder / "approver.key", "--kid", "approver",
        "--address", broker.grpc, code=1,
    )  # fmt: skip
    assert "up to 900" in refused


FORM = """
policy: order
issuer: https://policy.acme.example
revision: {revision}
valid: {{from: {start}, to: {end}}}
for: {{tenant: <default>, processes: [one]}}
holders: [holder]
allow:
  - id: A1
    actions: [instance.create, element.enter, flow.take, var.read, var.write, job.create, job.timeout,
              job.activate{more}]
"""


def written(folder: Path, revision: int, more: str = "") -> Path:
    today = datetime.now(UTC).date()
    path = folder / f"order-{revision}.yaml"
    content = FORM.format(
        revision=revision, start=today - timedelta(days=1), end=today + timedelta(days=9), more=more
    )
    path.write_text(content)
    return path


def test_a_policy_is_minted_renewed_and_revoked_on_the_command_line(
    place: tuple[Broker, Path],
) -> None:
    broker, folder = place
    signed = ("--key", folder / "acme.key", "--kid", "acme")
    token = run("mint", written(folder, 1), *signed).strip()
    (folder / "old").write_text(token)
    client = broker.client()
    key = start(client, token)
    found = []
    while not any(job.processInstanceKey == key for job in found):
        found = client.activate("work", limit=10)
    (job,) = [each for each in found if each.processInstanceKey == key]
    with pytest.raises(Exception) as fault:
        client.call("CompleteJob", jobKey=job.key, variables="{}")
    assert code_of(fault) == "PERMISSION_DENIED"

    successor = run(
        "succeed", written(folder, 2, ", job.complete"), "--replaces", folder / "old", "--keys",
        folder / "keys.json", *signed,
    )  # fmt: skip
    (folder / "new").write_text(successor)
    run("renew", key, folder / "new", "--address", broker.grpc)
    assert "not above" in run("renew", key, folder / "new", "--address", broker.grpc, code=1)
    run(
        "revoke", "--issuer", "https://policy.acme.example", "--epoch", 1, "--grant", "nobody",
        *signed, "--address", broker.grpc,
    )  # fmt: skip
    client.call("CompleteJob", jobKey=job.key, variables="{}")

    run(
        "revoke", "--issuer", "https://policy.acme.example", "--epoch", 2, "--grant", "order",
        *signed, "--address", broker.grpc,
    )  # fmt: skip
    with pytest.raises(Exception) as fault:
        start(client, token)
    assert code_of(fault) == "PERMISSION_DENIED"
    assert "older" in run(
        "revoke", "--issuer", "https://policy.acme.example", "--epoch", 1, *signed, "--address",
        broker.grpc, code=1,
    )  # fmt: skip
