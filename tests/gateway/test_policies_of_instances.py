"""`remit policy` and the REST operations on policies of running instances, against a real broker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from remit import Engine
from remit.audit.verifying import verify
from remit.authority import Signer, read_key_ring
from remit.authority.keys import write_key_ring
from remit.authority.policy import Reanchor, SlopeRules
from remit.authority.revocation import Revocations, mint_revocations
from remit.cli.main import main
from remit.embedded.engine import Refused
from remit.identity.principal import Access
from remit.protocol.values import Actor
from tests.support.broker import Broker, Client, code_of
from tests.support.governed import (
    GOVERNOR,
    ISSUER,
    RING,
    WORK,
    acme,
    governed_options,
    grant,
    policy,
)
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


def in_force(broker: Broker) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for line in run("revocations", "--address", broker.grpc, "--json").splitlines()
    ]


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
    (shown,) = in_force(broker)
    assert (shown["epoch"], sorted(shown["grants"])) == (2, ["nobody", "order"])
    assert "older" in run(
        "revoke", "--issuer", "https://policy.acme.example", "--epoch", 1, *signed, "--address",
        broker.grpc, code=1,
    )  # fmt: skip


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Broker]:
    """A broker of two partitions in which nothing is revoked yet."""
    for name in ("acme", "second"):
        (tmp_path / f"{name}.key").write_text(name.encode().ljust(32, b".").hex())
    options = governed_options(tmp_path)
    second = Signer("second", b"second".ljust(32, b".")).public("authority", iss=ISSUER)
    ring = [*read_key_ring((tmp_path / "keys.json").read_bytes()), second]
    (tmp_path / "keys.json").write_bytes(write_key_ring(ring))
    with Broker(tmp_path / "data", *options, "--partitions", "2") as broker:
        yield broker


def revoke(broker: Broker, *words: object, key: str = "acme", code: int = 0) -> str:
    folder = broker.data.parent
    return run(
        "revoke", "--issuer", ISSUER, "--key", folder / f"{key}.key", "--kid", key, *words,
        "--address", broker.grpc, code=code,
    )  # fmt: skip


def test_what_is_revoked_stays_revoked_until_it_is_dropped_by_name(two: Broker) -> None:
    assert "there are none" in run("revocations", "--address", two.grpc)
    revoke(two, "--grant", "stolen", "--revoked-kid", "old-holder")
    (first,) = in_force(two)
    revoke(two, "--grant", "other", "--grant", "stolen")
    (second,) = in_force(two)
    assert (second["epoch"], second["partitions"]) == (first["epoch"] + 1, [1, 2])
    assert sorted(second["grants"]) == ["other", "stolen"]
    assert second["grants"]["stolen"] == first["grants"]["stolen"]  # since the first time
    assert second["keys"] == first["keys"]

    shown = run("revocations", "--address", two.grpc)
    rows = [line.split() for line in shown.splitlines()[1:]]
    assert [row[:4] for row in rows] == [
        [ISSUER, "2", "grant", "other"],
        [ISSUER, "2", "grant", "stolen"],
        [ISSUER, "2", "key", "old-holder"],
    ]
    assert "'ghost' can't be let go: it is not revoked" in revoke(
        two, "--drop-grant", "ghost", code=1
    )
    assert "revoked and let go at once" in revoke(
        two, "--grant", "stolen", "--drop-grant", "stolen", code=1
    )
    said = json.loads(revoke(two, "--drop-grant", "stolen", "--json"))
    assert said == {
        "issuer": ISSUER, "epoch": 3, "grants": ["other"], "keys": ["old-holder"],
        "letGo": ["stolen"],
    }  # fmt: skip
    said = json.loads(revoke(two, "--grant", "last", "--only", "--epoch", 9, "--json"))
    assert (said["grants"], said["letGo"]) == (["last"], ["old-holder", "other"])
    (last,) = in_force(two)
    assert (last["epoch"], list(last["grants"]), last["keys"]) == (9, ["last"], {})
    revoke(two, "--drop-grant", "last")
    assert "nothing" in run("revocations", "--address", two.grpc)


def test_a_list_that_is_full_says_so_and_goes_on_when_something_is_let_go(two: Broker) -> None:
    many = [word for number in range(256) for word in ("--grant", f"g{number}")]
    revoke(two, *many)
    assert "at most 256 of a kind, and this would be grant 257" in revoke(
        two, "--grant", "more", code=1
    )
    revoke(two, "--grant", "more", "--drop-grant", "g0")
    (shown,) = in_force(two)
    assert (len(shown["grants"]), "g0" in shown["grants"]) == (256, False)


def test_a_list_that_another_key_has_signed_is_carried_on_with_the_public_keys_alone(
    two: Broker,
) -> None:
    revoke(two, "--grant", "stolen")
    refused = revoke(two, "--grant", "other", key="second", code=1)
    assert "can't be carried on, since unknown key acme; give the public keys" in refused
    assert [each["epoch"] for each in in_force(two)] == [1]
    keys = two.data.parent / "keys.json"
    revoke(two, "--grant", "other", "--keys", keys, key="second")
    (shown,) = in_force(two)
    assert (shown["epoch"], sorted(shown["grants"])) == (2, ["other", "stolen"])


def test_a_list_that_reached_one_partition_alone_is_seen_and_made_good(two: Broker) -> None:
    revoke(two, "--grant", "stolen")
    two.stop()
    lists = Revocations(iss=ISSUER, epoch=2, iat=5, exp=9_000_000_000, jtis={"stolen": 5, "b": 5})
    with Engine(two.data, governor=GOVERNOR) as first:
        first.revoke(mint_revocations(lists, acme))
    two.start()
    shown = [(each["epoch"], each["partitions"]) for each in in_force(two)]
    assert shown == [(2, [1]), (1, [2])]
    revoke(two, "--grant", "c")
    shown = [(each["epoch"], sorted(each["grants"]), each["partitions"]) for each in in_force(two)]
    assert shown == [(3, ["b", "c", "stolen"], [1, 2])]


def test_only_who_may_read_the_system_sees_what_is_revoked(tmp_path: Path) -> None:
    with Engine(access=Access(authorizations=True, admins=frozenset(["root"]))) as engine:
        with engine.acting_as(Actor("ada", "basic", "basic")), pytest.raises(Refused, match="READ"):
            engine.revocations()
        with engine.acting_as(Actor("root", "basic", "basic")):
            assert engine.revocations() == ()
