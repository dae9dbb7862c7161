"""Attacks on time and on restarts: clocks, expiry, keys that change, a broker without its evaluator.

One data folder, lived through by several brokers one after the other.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from remit.audit.verifying import verify
from remit.authority import KeyRing, Signer, verify_block
from remit.authority.derive import mint_grant, renewed, succeed
from remit.authority.keys import write_key_ring
from remit.authority.policy import Clause, Grant
from remit.cli.main import main
from tests.gateway.test_rest_commands import Rest
from tests.support.broker import Broker, Client, code_of
from tests.support.governed import ISSUER, RING, WORK, acme, governed_options, grant, policy
from tests.support.model import one_task

ADMIN = Clause(id="O", do=("incident.resolve",))
NEW = Signer("acme-2", b"2" * 32)
BOTH = KeyRing([*RING, NEW.public("authority", iss=ISSUER)])
OLD = acme.public("authority", iss=ISSUER, exp=1)
RETIRED = KeyRing([each if each.kid != "acme" else OLD for each in BOTH])


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Whatever happens, the auditor with all keys that there ever were finds nothing wrong."""
    yield tmp_path
    (part,) = verify(tmp_path / "data", BOTH).partitions
    assert part.findings == []


def broker(folder: Path, keys: KeyRing = RING) -> Broker:
    options = governed_options(folder)
    (folder / "keys.json").write_bytes(write_key_ring(keys))
    return Broker(folder / "data", *options)


def begun(client: Client, token: str) -> tuple[int, int]:
    """A new instance, and its job, which is taken."""
    given = json.dumps({"_policy": [token]})
    created = client.call("CreateProcessInstance", bpmnProcessId="one", version=-1, variables=given)
    (job,) = client.activate("work")
    return created.processInstanceKey, job.key


def refused(client: Client, method: str, **fields: object) -> str:
    with pytest.raises(Exception) as fault:
        client.call(method, **fields)
    return f"{code_of(fault)} {fault.value.details()}"  # type: ignore[attr-defined]


def successor(given: Grant, until: int) -> str:
    old = verify_block(policy(given)[0], RING)
    new = renewed(given, now=given.iat, exp=until)
    return mint_grant(succeed(old, replace(new, exp=until)), acme)


def test_t17_t18_a_policy_that_expires_stays_expired_and_a_successor_resumes(folder: Path) -> None:
    """Nobody moves the clock of a broker that goes by policies, neither on nor back."""
    with broker(folder) as started:
        client, rest = started.client(), Rest(started)
        client.deploy("one.bpmn", one_task().xml())
        now = int(time.time())
        given = grant(WORK, ADMIN, exp=now + 3)
        key, job = begun(client, policy(given)[0])
        complete = {"jobKey": job, "variables": "{}"}
        time.sleep(max(0.0, now + 3.05 - time.time()))
        said = refused(client, "CompleteJob", **complete)
        assert said.startswith("PERMISSION_DENIED")
        assert "$validity" in said
        for moment in (now, now + 900_000):
            status, problem = rest.ask("PUT", "/clock", {"timestamp": moment * 1000})
            assert (status, "signed policies" in problem["detail"]) == (403, True)
        assert rest.ask("POST", "/clock/reset")[0] == 204
        assert "$validity" in refused(client, "CompleteJob", **complete)

        (folder / "new").write_text(successor(given, now + 900_000))
        words = ["policy", "renew", str(key), str(folder / "new"), "--address", started.grpc]
        assert CliRunner().invoke(main, words).exit_code == 0
        client.call("CompleteJob", **complete)


def test_t14_t17_t20_t32_keys_change_and_brokers_come_and_go(folder: Path) -> None:
    old, new = policy(grant(WORK))[0], mint_grant(grant(WORK, jti="n"), NEW)
    with broker(folder) as started:
        client = started.client()
        client.deploy("one.bpmn", one_task().xml())
        begun(client, old)
        waiting = [begun(client, old)[1] for _ in range(3)]
        said = refused(client, "CreateProcessInstance", bpmnProcessId="one", version=-1,
                       variables=json.dumps({"_policy": [new]}))  # fmt: skip
        assert "unknown key acme-2" in said

    bare = Broker(folder / "data")  # T14: somebody leaves the evaluator out
    with bare as started:
        said = refused(started.client(), "CompleteJob", jobKey=waiting[0], variables="{}")
        assert "this broker trusts no keys" in said
        assert Rest(started).ask("PUT", "/clock", {"timestamp": 1_000_000})[0] == 204

    started = broker(folder, BOTH)  # T20: the next key is there before the last one goes
    started.start()
    client = started.client()
    client.call("CompleteJob", jobKey=waiting[0], variables="{}")
    _, by_new = begun(client, new)
    of_today = mint_grant(grant(WORK, jti="t", nbf=int(time.time()) - 60), NEW)
    begun(client, of_today)  # T17: the clock that was pinned meanwhile counts no more
    started.kill()  # T32: whatever was decided is not decided again

    with broker(folder, RETIRED) as again:
        client = again.client()
        assert refused(client, "CompleteJob", jobKey=waiting[0], variables="{}").startswith(
            "NOT_FOUND"
        )
        client.call("CompleteJob", jobKey=by_new, variables="{}")
        client.call("CompleteJob", jobKey=waiting[1], variables="{}")  # signed in that key's time
        late = mint_grant(grant(WORK, jti="late", iat=5), acme)
        said = refused(client, "CreateProcessInstance", bpmnProcessId="one", version=-1,
                       variables=json.dumps({"_policy": [late]}))  # fmt: skip
        assert "was not valid" in said
