"""Attacks by whoever reaches the broker's ports: the real protocols, real clients, one real broker.

Each test is named after the threats (T) of docs/reference/governance-rules.md. Everybody comes by a
channel of their own: alice, the cashier and the operator by API key, the partner by password. Whatever
happens here, the auditor finds nothing wrong with the log in the end.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import msgspec
import pytest
from msgspec.structs import replace

from remit.audit.reading import batches
from remit.audit.verifying import verify
from remit.authority import Signer, base64url, canon
from remit.authority.policy import Clause, Duty, Grant, Reanchor, SlopeRules, Subject
from remit.authority.receipt import Anchor, write_anchor
from remit.authority.revocation import Revocations, mint_revocations
from remit.client import Gate
from remit.client.work import of_grpc
from remit.gateway.auth import hash_password
from remit.partition.log import open_batches
from remit.protocol.events import Event
from remit.protocol.events.governance import (
    EvaluatorsDisagreed,
    PolicyAttached,
    RevocationsChanged,
    StepAdmitted,
    StepRejected,
    WorkerAdmitted,
)
from remit.protocol.events.incident import IncidentCreated
from remit.protocol.events.job import JobCompleted
from remit.protocol.events.process_instance import ElementActivated, ElementCompleted
from remit.protocol.events.variable import VariableCreated
from remit.protocol.wire.stubs import gateway_pb2 as pb
from tests.gateway.test_rest_commands import Rest
from tests.support.broker import Broker, Client, code_of
from tests.support.governed import (
    ISSUER,
    RING,
    WORK,
    acme,
    approver,
    governed_options,
    grant,
    policy,
    stranger,
    worker,
)
from tests.support.model import Model, one_task

LEVELS = {"apikey": 800, "basic": 300, "none": 0}
TRUST = SlopeRules(levels=LEVELS)
LARGE = Clause(id="D1", do=("job.complete",), on={"var.amount": {"min": 1000}})


class Person:
    """Somebody with credentials, by both protocols."""

    def __init__(self, broker: Broker, authorization: str) -> None:
        self.authorization = authorization
        self.grpc = Client(broker.grpc, authorization)
        self._rest = Rest(broker)

    def rest(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        return self._rest.ask(method, path, body, authorization=self.authorization, **headers)

    def start(self, process: str, *grants: Grant, **variables: Any) -> int:
        return self.start_with(process, policy(*grants), **variables)

    def start_with(self, process: str, tokens: Any, **variables: Any) -> int:
        return self.start_raw(process, json.dumps({"_policy": tokens, **variables}))

    def start_raw(self, process: str, variables: str) -> int:
        created = self.grpc.call(
            "CreateProcessInstance", bpmnProcessId=process, version=-1, variables=variables
        )
        key: int = created.processInstanceKey
        return key

    def take(self, kind: str) -> Any:
        """The one job of this kind."""
        (job,) = self.grpc.activate(kind)
        return job

    def gets_none(self, kind: str) -> bool:
        return self.grpc.activate(kind, wait_ms=-1) == []

    def complete(self, key: int, **variables: Any) -> None:
        self.grpc.call("CompleteJob", jobKey=key, variables=json.dumps(variables))

    def refused(self, method: str, **fields: Any) -> str:
        """The status that the broker refuses this call with."""
        with pytest.raises(grpc.RpcError) as fault:
            self.grpc.call(method, **fields)
        return code_of(fault)


class Place:
    """The broker and everybody around it."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        self.broker, self.folder = broker, folder
        self.alice, self.cashier, self.operator = (
            Person(broker, f"Bearer key-of-{name}") for name in ("alice", "cashier", "operator")
        )
        self.partner = Person(broker, "Basic " + base64.b64encode(b"partner:secret").decode())
        self.revoked: dict[str, int] = {}
        self.epoch = 0

    def deploy(self, *models: Model) -> None:
        for model in models:
            self.alice.grpc.deploy(f"{model.id}.bpmn", model.xml())

    def revoke(self, grant_name: str) -> None:
        """One more grant is on the issuer's list."""
        self.epoch += 1
        self.revoked[grant_name] = 0
        token = self.list_of(self.epoch, **self.revoked)
        assert self.operator.rest("POST", "/policies/revocations", {"revocations": token})[0] == 204

    def list_of(self, epoch: int, signer: Signer = acme, **grants: int) -> str:
        lists = Revocations(iss=ISSUER, epoch=epoch, iat=0, exp=9_000_000_000, jtis=grants)
        return mint_revocations(lists, signer)

    def log(self, kind: type[Event]) -> list[tuple[int, Any]]:
        """(position, event): what is sealed by now."""
        turns = open_batches(batches(self.folder / "data", 1))
        return [(turn.position, each) for turn in turns for each in turn.events
                if isinstance(each, kind)]  # fmt: skip

    def told(self, kind: type[Event], instance: int) -> list[Any]:
        return [event for _, event in self.log(kind) if _instance_of(event) == instance]

    def denied(self, instance: int) -> list[tuple[str, str]]:
        return [(event.action, event.reason) for event in self.told(StepRejected, instance)]

    def completed(self, instance: int) -> list[str]:
        return [event.element for event in self.told(ElementCompleted, instance)]


def _instance_of(event: Any) -> int:
    owner = getattr(event, "incident", event)
    key: int = getattr(owner, "instance", 0)
    return key


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("attacked")
    names = ("alice", "cashier", "operator")
    keys = [f"{name}:{hashlib.sha256(f'key-of-{name}'.encode()).hexdigest()}" for name in names]
    (folder / "api-keys").write_text("\n".join(keys))
    (folder / "users").write_text(f"partner:{hash_password('secret')}\n")
    options = (
        *governed_options(folder), "--require-policy", "--api-keys", f"{folder}/api-keys",
        "--users", f"{folder}/users",
    )  # fmt: skip
    with Broker(folder / "data", *options) as broker:
        found = Place(broker, folder)
        found.deploy(one_task())
        yield found
    (part,) = verify(folder / "data", RING).partitions
    assert part.findings == []


BARE_WORKER = """
import asyncio, json, sys
import grpc.aio
from pyzeebe import ZeebeClient, ZeebeWorker

class Authorized:
    # a channel for a client that has no option for credentials
    def __init__(self, channel, authorization):
        self.channel, self.metadata = channel, (("authorization", authorization),)

    def __getattr__(self, name):
        return getattr(self.channel, name)

    def unary_unary(self, *method, **how):
        call = self.channel.unary_unary(*method, **how)
        return lambda request, **more: call(request, metadata=self.metadata, **more)

    def unary_stream(self, *method, **how):
        call = self.channel.unary_stream(*method, **how)
        return lambda request, **more: call(request, metadata=self.metadata, **more)

async def main(address, authorization, kind, given):
    channel = Authorized(grpc.aio.insecure_channel(address), authorization)
    worker, seen = ZeebeWorker(channel), []

    @worker.task(task_type=kind)
    async def work(**variables):
        seen.append(variables)
        return {**variables, "done": True}

    working = asyncio.create_task(worker.work())
    ending = ZeebeClient(channel).run_process_with_result(kind, json.loads(given), timeout=20_000)
    try:
        result = (await asyncio.wait_for(ending, 1.5)).variables
    except TimeoutError:
        result = None
    print(json.dumps([seen, result]), flush=True)
    await worker.stop()
    working.cancel()

asyncio.run(main(*sys.argv[1:]))
"""
"""pyzeebe as it comes: its worker sends back whatever it got, and `done`."""


def worked_by_pyzeebe(place: Place, kind: str, given: Any) -> tuple[list[Any], Any]:
    """What the worker saw, and the variables at the end; None when it has not come to its end."""
    words = (place.broker.grpc, place.alice.authorization, kind, json.dumps(given))
    done = subprocess.run(
        [sys.executable, "-c", BARE_WORKER, *words],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr[-2000:]
    seen, result = json.loads(done.stdout.splitlines()[0])
    return seen, result


# --- the policy is stripped, missing, exchanged (T1-T7) --------------------------------------------


@pytest.mark.parametrize("value", ["null", "[]", '["a.b.c"]'])
def test_t1_no_client_writes_the_reserved_variable(place: Place, value: str) -> None:
    place.deploy(one_task("t1", "t1"))
    key = place.alice.start("t1", grant(WORK, Clause(id="X", do=("job.error",))))
    job = place.alice.take("t1")
    for name in ("_policy", "\\u005fpolicy"):
        strip = f'{{"{name}": {value}}}'
        for method, fields in (
            ("SetVariables", {"elementInstanceKey": key}),
            ("SetVariables", {"elementInstanceKey": job.elementInstanceKey, "local": True}),
            ("CompleteJob", {"jobKey": job.key}),
            ("FailJob", {"jobKey": job.key, "retries": 1}),
            ("ThrowError", {"jobKey": job.key, "errorCode": "X"}),
            ("PublishMessage", {"name": "go", "correlationKey": "1"}),
            ("BroadcastSignal", {"signalName": "go"}),
        ):
            status = place.alice.refused(method, variables=strip, **fields)
            assert status == "PERMISSION_DENIED", (method, status)
        document = {"variables": json.loads(strip)}
        for verb, path in (
            ("PUT", f"/element-instances/{key}/variables"),
            ("POST", f"/jobs/{job.key}/completion"),
        ):
            assert place.alice.rest(verb, path, document)[0] == 403
    place.alice.complete(job.key)
    assert not [each for each in place.told(VariableCreated, key) if each.name == "_policy"]


def test_t1_no_model_writes_it_either(place: Place) -> None:
    model = Model("t1m").start("s").service("a", "t1m", outputs={"_policy": "=[]"}).end("e")
    place.deploy(model.path("s", "a", "e"))
    key = place.alice.start("t1m", grant(WORK))
    place.alice.complete(place.alice.take("t1m").key)

    assert "a" not in place.completed(key)
    (stopped,) = place.told(IncidentCreated, key)
    assert "is reserved for the policy" in stopped.incident.error_message
    assert not [each for each in place.told(VariableCreated, key) if each.name == "_policy"]


def test_t2_a_worker_that_sends_everything_back_is_let(place: Place) -> None:
    place.deploy(one_task("t2", "t2"))
    given = {"x": 1, "_policy": policy(grant(WORK))}
    (seen,), result = worked_by_pyzeebe(place, "t2", given)
    assert len(seen["_policy"]) == 2  # the grant, and what binds it
    assert result == {"x": 1, "done": True}


def test_t3_nothing_begins_without_a_policy_or_under_one_for_others(place: Place) -> None:
    place.deploy(one_task("t3", "t3"))
    create = "/process-instances"
    before = len(place.log(ElementActivated))
    for variables, status, code in (
        ("{}", 403, "PERMISSION_DENIED"),
        ('{"_policy": null}', 403, "PERMISSION_DENIED"),
        ('{"_policy": []}', 400, "INVALID_ARGUMENT"),
        ('{"_policy": {}}', 400, "INVALID_ARGUMENT"),
        *(
            (json.dumps({"_policy": policy(grant(WORK, sub=sub))}), 400, "INVALID_ARGUMENT")
            for sub in (
                Subject(tenant="other"),
                Subject(tenant="<default>", process=("another",)),
                Subject(tenant="<default>", ver=(7, None)),
            )
        ),
    ):
        fields = {"bpmnProcessId": "t3", "version": -1, "variables": variables}
        assert place.alice.refused("CreateProcessInstance", **fields) == code, variables
        body = {"processDefinitionId": "t3", "variables": json.loads(variables)}
        assert place.alice.rest("POST", create, body)[0] == status, variables
    assert len(place.log(ElementActivated)) == before


def test_t4_t5_t6_what_a_worker_was_shown_starts_nothing_else(place: Place) -> None:
    """Whoever gets a job sees the whole chain of its instance: grants, binding, derivations."""
    parent = Model("t4").start("s").call("c", "t4c").end("e").path("s", "c", "e")
    place.deploy(parent, one_task("t4c", "t4c"))
    call = Clause(id="C", do=("call.activity",))
    place.alice.start("t4", grant(WORK, call))
    stolen = json.loads(place.partner.take("t4c").variables)["_policy"]
    assert len(stolen) == 3
    mine = policy(grant(WORK, jti="mine"))
    for tokens in (
        stolen,  # replayed whole
        stolen[:2],  # the parent's, without what narrows it (T4)
        stolen[1:],
        [stolen[2], stolen[1], stolen[0]],
        [*mine, stolen[1]],  # spliced onto another grant (T5)
        [*mine, *stolen[1:]],
    ):
        for process in ("t4", "t4c"):
            with pytest.raises(grpc.RpcError) as fault:
                place.partner.start_with(process, tokens)
            assert code_of(fault) == "INVALID_ARGUMENT"
            body = {"processDefinitionId": process, "variables": {"_policy": tokens}}
            assert place.partner.rest("POST", "/process-instances", body)[0] == 400


def test_t6_a_receipt_is_for_one_job_and_a_statement_for_one_moment(place: Place) -> None:
    place.deploy(one_task("t6", "t6"))
    given = grant(WORK, slope=replace(TRUST, reanchor=Reanchor(by=("approver",), max=900)))
    keys = [place.alice.start("t6", given) for _ in range(2)]
    first, second = (place.partner.take("t6") for _ in keys)
    permit = Gate(RING, worker).admit(of_grpc(first))
    assert permit is not None
    receipt = permit.completing({})
    fields = {"jobKey": second.key, "variables": json.dumps(receipt)}
    assert place.partner.refused("CompleteJob", **fields) == "PERMISSION_DENIED"
    place.partner.complete(first.key, **receipt)
    assert [each.job for each in place.told(WorkerAdmitted, keys[0])] == [first.key]
    assert len(place.told(EvaluatorsDisagreed, keys[1])) == 1

    path = f"/process-instances/{keys[1]}/policy"
    head, now = place.alice.rest("GET", path)[1]["head"], int(time.time())

    def statement(instance: int, signer: Signer = approver, **changes: Any) -> dict[str, str]:
        fields = {"jti": "a", "instance": str(instance), "head": head, "low": 900, "iat": now,
                  "exp": now + 60}  # fmt: skip
        return {"statement": write_anchor(Anchor(**{**fields, **changes}), signer)}

    for wrong in (
        statement(keys[0]),  # about another instance
        statement(keys[1], stranger),
        statement(keys[1], worker),  # a good key, that may not approve
        statement(keys[1], low=901),
        statement(keys[1], exp=now - 60, iat=now - 120),
    ):
        assert place.partner.rest("POST", f"{path}/anchor", wrong)[0] == 400
    right = statement(keys[1])
    assert place.partner.rest("POST", f"{path}/anchor", right)[0] == 204
    assert place.partner.rest("POST", f"{path}/anchor", right)[0] == 400  # replayed


def test_t7_a_called_process_does_nothing_that_its_caller_may_not(place: Place) -> None:
    """Its own wider policy can't be brought along, and what the caller may not is not done in it."""
    parent = Model("t7").start("s").call("c", "t7c").end("e").path("s", "c", "e")
    place.deploy(parent, one_task("t7c", "refund"))
    only = Clause(id="J", do=("job.*",), on={"jobType": {"eq": "payment"}})
    course = Clause(
        id="R", do=("instance.create", "element.enter", "flow.take", "call.activity", "var.*")
    )
    key = place.alice.start("t7", grant(allow=(course, only)))

    assert place.alice.gets_none("refund")
    (child,) = {each.instance for _, each in place.log(PolicyAttached) if each.parent == key}
    assert place.denied(child) == [("job.create", "$default")]


@pytest.mark.parametrize(
    "changes",
    [
        {"unknown": 1},
        {"v": 2},
        {"del_max_depth": -1},
        {"exp": 2**63},
        {"allow": [{"id": "A", "do": ["job.activate"], "on": {"jobType": {"regex": ".*"}}}]},
        {"allow": [{"id": "A", "do": ["job.activate"], "if": "true"}]},
        {"allow": [{"id": "A", "do": ["universe.end"]}]},
        {"allow": [{"id": "A", "do": ["flow.take"], "on": {"jobType": {"eq": "x"}}}]},
    ],
)
def test_t7_what_is_not_understood_is_refused_even_when_it_is_signed(
    place: Place, changes: dict[str, Any]
) -> None:
    claims = {**msgspec.json.decode(PAYLOAD), **changes}
    with pytest.raises(grpc.RpcError) as fault:
        place.alice.start_with("one", [signed(canon.encode(claims))])
    assert code_of(fault) == "INVALID_ARGUMENT"


# --- forged and bent tokens (T8) -------------------------------------------------------------------


def part(content: object) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


GOOD = {"alg": "Ed25519", "kid": "acme", "typ": "remit-grant+jws"}
TOKEN = policy(grant(WORK))[0]
PAYLOAD = base64.urlsafe_b64decode(TOKEN.split(".")[1] + "==")


def bent(header: dict[str, Any] | None = None, payload: bytes | None = None) -> str:
    """A good grant with another header or another payload, and its old signature."""
    head, body, signature = TOKEN.split(".")
    head = head if header is None else part(header)
    return f"{head}.{body if payload is None else part(payload)}.{signature}"


def signed(payload: bytes, header: dict[str, Any] | None = None, signer: Signer = acme) -> str:
    """A right signature over whatever is given."""
    text = f"{base64url.encode(canon.encode(header or GOOD))}.{base64url.encode(payload)}"
    return f"{text}.{base64url.encode(signer.sign(text.encode()))}"


FORGED = [
    bent({**GOOD, "alg": "none"}),
    bent({**GOOD, "alg": "none"}).rpartition(".")[0] + ".",
    bent({**GOOD, "alg": "HS256"}),
    bent({**GOOD, "alg": "EdDSA"}),
    bent({**GOOD, "kid": "../../etc/passwd"}),
    bent({**GOOD, "kid": "http://169.254.169.254/key"}),
    bent({**GOOD, "typ": "remit-receipt+jws"}),
    bent(payload=PAYLOAD + b" "),
    bent(payload=PAYLOAD[:-1] + b',"exp":9999999999}'),
    bent() + "=",
    bent()[:-2],
    bent().replace(".", ".."),
    "",
    "a.b.c",
    "\u0000",
    "\U0001f511",
    signed(PAYLOAD, {**GOOD, "jwk": {"kty": "OKP"}}),
    signed(PAYLOAD, {**GOOD, "x5u": "https://evil.example/cert"}),
    signed(PAYLOAD, {**GOOD, "crit": ["b64"]}),
    signed(PAYLOAD, {**GOOD, "kid": "stranger"}, stranger),
    signed(PAYLOAD, GOOD, stranger),
    signed(PAYLOAD, {**GOOD, "kid": "worker"}, worker),  # stolen, and not for grants
    signed(PAYLOAD.replace(b'"v":1', b'"v":1,"v":1')),
    signed(PAYLOAD.replace(b'"exp":', b'"exp":9999999999,"exp":')),
    signed(PAYLOAD.replace(b'"rev":1', b'"rev":1.0')),
    signed(b"\xef\xbb\xbf" + PAYLOAD),
    signed(b"null"),
    signed(b"[" * 5000),
]


def test_t8_no_forged_policy_is_taken_by_any_door(place: Place) -> None:
    place.deploy(one_task("t8", "t8"))
    assert place.alice.start_with("t8", [TOKEN])
    before = len(place.log(PolicyAttached))
    for token in FORGED:
        with pytest.raises(grpc.RpcError) as fault:
            place.alice.start_with("t8", [token])
        assert code_of(fault) == "INVALID_ARGUMENT", token
        body = {"processDefinitionId": "t8", "variables": {"_policy": [token]}}
        status, problem = place.alice.rest("POST", "/process-instances", body)
        assert (status, problem["title"]) == (400, "INVALID_ARGUMENT"), token
    assert len(place.log(PolicyAttached)) == before


def test_t8_no_forged_receipt_is_taken(place: Place) -> None:
    place.deploy(one_task("t8r", "t8r"))
    place.alice.start("t8r", grant(WORK))
    job = place.alice.take("t8r")
    permit = Gate(RING, worker).admit(of_grpc(job))
    by_stranger = Gate(RING, stranger).admit(of_grpc(job))
    assert permit is not None
    assert by_stranger is not None
    good = permit.completing({})["_receipt"]
    wrong = by_stranger.completing({})["_receipt"]
    for receipt in (good[:-8] + "AAAAAAAA", "nonsense", 5, [good], {}, wrong, TOKEN):
        sent = json.dumps({"_receipt": receipt})
        status = place.alice.refused("CompleteJob", jobKey=job.key, variables=sent)
        assert status == "PERMISSION_DENIED", receipt
    place.alice.complete(job.key, _receipt=good)


# --- who acts (T9-T12) -----------------------------------------------------------------------------


def test_t9_what_a_caller_says_of_itself_counts_for_nothing(place: Place) -> None:
    """Its name as a worker, headers that proxies put in, and claims in metadata."""
    place.deploy(one_task("t9", "t9"))
    key = place.alice.start("t9", grant(WORK, slope=replace(TRUST, floors={"job.activate": 600})))
    spoofed = {
        "x-forwarded-client-cert": 'Hash=00;URI="spiffe://acme.example/payments"',
        "x-forwarded-user": "alice", "x-remit-actor": "alice", "from": "alice",
    }  # fmt: skip
    ask = {"type": "t9", "worker": "alice", "timeout": 1000, "maxJobsToActivate": 1,
           "requestTimeout": -1}  # fmt: skip
    status, found = place.partner.rest("POST", "/jobs/activation", ask, **spoofed)
    assert (status, found["jobs"]) == (200, [])
    assert place.partner.gets_none("t9")
    (rejected,) = place.told(StepRejected, key)
    assert (rejected.actor, rejected.method, rejected.reason) == (
        "partner", "basic", "$slope.floor",
    )  # fmt: skip
    place.alice.complete(place.alice.take("t9").key)


def test_t10_somebody_else_does_not_complete_what_a_worker_has_taken(place: Place) -> None:
    duty = Duty(id="U1", do=("job.complete", "job.fail"), need=("actor=activator",))
    place.deploy(one_task("t10", "t10"))
    place.alice.start("t10", grant(WORK, duty=(duty,)))
    job = place.cashier.take("t10")
    assert place.alice.refused("CompleteJob", jobKey=job.key, variables="{}") == "PERMISSION_DENIED"
    assert place.alice.rest("POST", f"/jobs/{job.key}/completion", {})[0] == 403
    assert place.alice.rest("POST", f"/jobs/{job.key}/failure", {"retries": 1})[0] == 403
    place.cashier.complete(job.key)


def test_t10_nobody_completes_a_job_that_nobody_has_taken(place: Place) -> None:
    duty = Duty(id="U1", do=("job.complete",), need=("actor=activator",))
    place.deploy(one_task("t10b", "t10b"))
    place.alice.start("t10b", grant(WORK, duty=(duty,)))
    job = place.cashier.take("t10b")
    place.cashier.grpc.call("FailJob", jobKey=job.key, retries=2)  # it waits again, for anybody
    assert place.alice.refused("CompleteJob", jobKey=job.key, variables="{}") == "PERMISSION_DENIED"


def test_t11_a_worker_without_a_gate_meets_the_broker(place: Place) -> None:
    place.deploy(one_task("t11", "t11"))
    given = {"amount": 5000, "_policy": policy(grant(WORK, deny=(LARGE,)))}
    seen, result = worked_by_pyzeebe(place, "t11", given)
    assert seen  # it could do its work unasked, and its answer does not count
    assert result is None
    rejected = [each for _, each in place.log(StepRejected) if each.clauses[-1:] == ("D1",)]
    assert [each.action for each in rejected[-1:]] == ["job.complete"]
    assert "done" not in {each.name for each in place.told(VariableCreated, rejected[-1].instance)}


def test_t12_when_worker_and_broker_differ_the_denial_counts(place: Place) -> None:
    place.deploy(one_task("t12", "t12"))
    keys = [place.alice.start("t12", grant(WORK, deny=(LARGE,)), amount=n) for n in (5000, 5)]
    too_much, fine = (of_grpc(place.alice.take("t12")) for _ in keys)
    lying = Gate(RING, worker).admit(replace(too_much, variables={"amount": 1}))
    assert lying is not None
    sent = json.dumps(lying.completing({}))
    status = place.alice.refused("CompleteJob", jobKey=too_much.key, variables=sent)
    assert status == "PERMISSION_DENIED"
    (told,) = place.told(EvaluatorsDisagreed, keys[0])
    assert told.difference == "the worker admitted, the broker denies by D1"

    afraid = Gate(RING, worker).admit(replace(fine, variables={"amount": 5000}))
    assert afraid is not None
    with pytest.raises(Exception, match="D1") as fault:
        afraid.completing({})
    sent = json.dumps(fault.value.variables)  # type: ignore[attr-defined]
    assert (
        place.alice.refused("CompleteJob", jobKey=fine.key, variables=sent) == "PERMISSION_DENIED"
    )
    (told,) = place.told(EvaluatorsDisagreed, keys[1])
    assert told.difference == "the worker denied by D1, the broker admits"
    assert all("e" not in place.completed(key) for key in keys)


# --- operators (T13) -------------------------------------------------------------------------------


def test_t13_an_operator_does_nothing_that_no_clause_allows(place: Place) -> None:
    place.deploy(one_task("t13", "t13"))
    given = grant(WORK, Clause(id="O", do=("instance.cancel",), on={"actor": {"eq": "operator"}}))
    key = place.alice.start("t13", given)
    job = place.alice.take("t13")
    created = place.told(ElementActivated, key)[0]
    at = f"/process-instances/{key}"
    target = {"processDefinitionKey": str(created.definition)}
    plan = {"targetProcessDefinitionKey": target["processDefinitionKey"],
            "mappingInstructions": [{"sourceElementId": "a", "targetElementId": "a"}]}  # fmt: skip
    asked: list[tuple[str, str, Any]] = [
        ("POST", f"{at}/modification", {"activateInstructions": [{"elementId": "e"}]}),
        ("POST", f"{at}/migration", plan),
        ("POST", f"{at}/suspension", {}),
        ("PATCH", f"/jobs/{job.key}", {"changeset": {"retries": 9}}),
        ("PATCH", f"/jobs/{job.key}", {"changeset": {"timeout": 1}}),
        ("PUT", f"/element-instances/{key}/variables", {"variables": {"amount": 1}}),
    ]
    narrow = replace(given, allow=tuple(each for each in given.allow if each.id != "V"))
    bare = place.alice.start("t13", narrow)
    asked[-1] = ("PUT", f"/element-instances/{bare}/variables", {"variables": {"amount": 1}})
    for method, path, body in asked:
        status, problem = place.operator.rest(method, path, body)
        assert (status, problem["title"]) == (403, "FORBIDDEN"), (path, problem)
    assert place.alice.rest("POST", f"{at}/cancellation", {})[0] == 403
    assert place.completed(key) == ["s"]
    assert place.operator.rest("POST", f"{at}/cancellation", {})[0] == 204


# --- revocation (T19, T31) -------------------------------------------------------------------------


def test_t19_a_revoked_grant_admits_nothing_and_lists_only_go_forward(place: Place) -> None:
    place.deploy(one_task("t19", "t19"))
    key = place.alice.start("t19", grant(WORK, jti="t19"))
    other = place.alice.start("t19", grant(WORK, jti="t19-other"))
    jobs = {job.processInstanceKey: job.key for job in place.alice.grpc.activate("t19", 2)}
    place.revoke("t19")
    assert (
        place.alice.refused("CompleteJob", jobKey=jobs[key], variables="{}") == "PERMISSION_DENIED"
    )
    assert place.denied(key) == [("job.complete", "$revoked")]
    with pytest.raises(grpc.RpcError) as fault:
        place.alice.start("t19", grant(WORK, jti="t19"))
    assert code_of(fault) == "PERMISSION_DENIED"
    lists = "/policies/revocations"
    for token in (
        place.list_of(0),  # an older one, that knows nothing of it
        place.list_of(place.epoch),  # one that lets it go, as if it were this one
        place.list_of(place.epoch, **{**place.revoked, "t19": 9_000_000_000}),  # or only later
        place.list_of(place.epoch + 1, stranger),
        place.list_of(place.epoch + 1, worker),
        place.list_of(place.epoch + 1).replace(".", ".A", 1),
        TOKEN,
        "nonsense",
    ):
        assert place.operator.rest("POST", lists, {"revocations": token})[0] == 400
    assert (
        place.alice.refused("CompleteJob", jobKey=jobs[key], variables="{}") == "PERMISSION_DENIED"
    )
    place.alice.complete(jobs[other])


def test_t31_between_revoking_and_completing_at_once_the_log_has_one_order(place: Place) -> None:
    place.deploy(one_task("t31", "t31"))
    for _ in range(40):
        place.alice.start("t31", grant(WORK, jti="t31"))
    jobs = place.alice.grpc.activate("t31", 40)
    answers: list[str] = []

    def complete(mine: list[Any]) -> None:
        client = Client(place.broker.grpc, place.alice.authorization)
        for job in mine:
            try:
                client.call("CompleteJob", jobKey=job.key, variables="{}")
                answers.append("OK")
            except grpc.RpcError as fault:
                answers.append(fault.code().name)

    threads = [threading.Thread(target=complete, args=(jobs[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    while len(answers) < 10:
        time.sleep(0.001)
    place.revoke("t31")
    for thread in threads:
        thread.join()

    revoked_at = place.log(RevocationsChanged)[-1][0]
    ours = {job.processInstanceKey for job in jobs}
    done = [at for at, e in place.log(JobCompleted) if e.job.instance in ours]
    refused = [at for at, e in place.log(StepRejected) if e.instance in ours]
    assert max(done) < revoked_at < min(refused)
    assert sorted(set(answers)) == ["OK", "PERMISSION_DENIED"]
    assert (answers.count("OK"), len(done) + len(refused)) == (len(done), 40)


# --- messages (T21-T23) ----------------------------------------------------------------------------


def waiting(name: str) -> Model:
    """An instance that waits for the message of this name, with key 1."""
    model = Model(name).start("s").end("e")
    return model.catch("c", model.message(name, "=1")).path("s", "c", "e")


TAKES = Clause(id="M", do=("message.correlate",))


def test_t21_a_message_of_low_trust_is_not_consumed(place: Place) -> None:
    place.deploy(waiting("t21"))
    key = place.alice.start("t21", grant(TAKES, slope=replace(TRUST, floor=500)))
    message = {"name": "t21", "correlationKey": "1", "timeToLive": 60_000}
    place.partner.grpc.call("PublishMessage", **message, variables='{"senderTrust": 1000}')
    assert place.denied(key) == [("message.correlate", "$slope.floor")]
    assert place.partner.rest("POST", "/messages/correlation", {
        "name": "t21", "correlationKey": "1"})[0] == 403  # fmt: skip
    assert place.completed(key) == ["s"]
    unbounded = place.alice.start("t21", grant(TAKES))
    assert "c" in place.completed(unbounded)  # it was not consumed: who may have it takes it
    place.alice.grpc.call("PublishMessage", **{**message, "timeToLive": 0})
    assert "c" in place.completed(key)


def test_t22_a_process_that_a_message_starts_needs_a_sender_under_a_policy(place: Place) -> None:
    model = Model("t22").end("e")
    place.deploy(model.start("s", model.message("t22")).path("s", "e"))
    before = len(place.log(ElementActivated))
    forged = json.dumps({"senderGoverned": True, "senderChain": "x", "sender": policy(grant())})
    message = {"name": "t22", "correlationKey": "1", "timeToLive": 0}
    place.alice.grpc.call("PublishMessage", **message, variables=forged)
    brought = json.dumps({"_policy": policy(grant())})
    status = place.alice.refused("PublishMessage", **message, variables=brought)
    assert status == "PERMISSION_DENIED"
    body = {"name": "t22", "correlationKey": "1"}
    assert place.alice.rest("POST", "/messages/correlation", body)[0] in (403, 404)
    assert len(place.log(ElementActivated)) == before


POOLS = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t"
 xmlns:zeebe="http://camunda.org/schema/zeebe/1.0">
<message id="m" name="t23"><extensionElements><zeebe:subscription correlationKey="=1"/>
</extensionElements></message>
<collaboration id="c"><participant id="a" processRef="t23s"/><participant id="b" processRef="t23r"/>
<messageFlow id="f" sourceRef="t" targetRef="c1"/></collaboration>
<process id="t23s" isExecutable="true"><startEvent id="s"/>
<sequenceFlow id="s1" sourceRef="s" targetRef="t"/>
<intermediateThrowEvent id="t"><messageEventDefinition messageRef="m"/></intermediateThrowEvent>
<sequenceFlow id="s2" sourceRef="t" targetRef="e"/><endEvent id="e"/></process>
<process id="t23r" isExecutable="true"><startEvent id="rs"/>
<sequenceFlow id="r1" sourceRef="rs" targetRef="c1"/>
<intermediateCatchEvent id="c1"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>
<sequenceFlow id="r2" sourceRef="c1" targetRef="re"/><endEvent id="re"/></process>
</definitions>"""


def test_t23_a_sender_that_is_revoked_while_its_message_waits_is_none_any_more(
    place: Place,
) -> None:
    place.alice.grpc.deploy("pools.bpmn", POOLS)
    sends = Clause(id="P", do=("message.publish",))
    place.alice.start("t23s", grant(sends, jti="t23-stays"))
    governed = Clause(id="M", do=("message.correlate",), on={"senderGoverned": {"eq": True}})
    first = place.alice.start("t23r", grant(governed))
    assert "c1" in place.completed(first)

    place.alice.start("t23s", grant(sends, jti="t23"))
    place.revoke("t23")
    second = place.alice.start("t23r", grant(governed))
    assert place.completed(second) == ["rs"]
    assert place.denied(second) == [("message.correlate", "$default")]


# --- trust in data (T24, T25) ----------------------------------------------------------------------

LOOK_FIRST = Clause(
    id="LOOK", do=("job.activate",), on={"jobType": {"prefix": "pay"}, "slopeLow": {"max": 499}}
)


def test_t24_what_the_partner_wrote_pays_nothing_until_somebody_has_looked(place: Place) -> None:
    model = Model("t24").start("s").service("a", "ask24").service("b", "pay24").end("e")
    place.deploy(model.path("s", "a", "b", "e"))
    slope = replace(TRUST, reanchor=Reanchor(by=("approver",), max=900))
    key = place.alice.start("t24", grant(WORK, deny=(LOOK_FIRST,), slope=slope))
    place.partner.complete(place.partner.take("ask24").key, price=1)
    assert place.cashier.gets_none("pay24")
    assert place.denied(key) == [("job.activate", "deny")]
    # the good worker that writes the same thing again does not make it better
    place.cashier.grpc.call(
        "SetVariables", elementInstanceKey=key, variables=json.dumps({"price": 1})
    )
    assert place.cashier.gets_none("pay24")

    path, now = f"/process-instances/{key}/policy", int(time.time())
    shown = place.alice.rest("GET", path)[1]
    assert shown["low"] == 300
    statement = write_anchor(
        Anchor(jti="ok", instance=str(key), head=shown["head"], low=900, iat=now, exp=now + 60),
        approver,
    )
    assert place.alice.rest("POST", f"{path}/anchor", {"statement": statement})[0] == 204
    place.cashier.complete(place.cashier.take("pay24").key)


def test_t25_neither_a_join_nor_a_loop_makes_data_better(place: Place) -> None:
    model = Model("t25").start("s").plain("parallelGateway", "f").service("a", "ask25")
    model.repeat("=[1, 2]").service("b", "ask25b").plain("parallelGateway", "j")
    model.service("c", "pay25").end("e").path("s", "f", "a", "j", "c", "e").path("f", "b", "j")
    place.deploy(model)
    key = place.alice.start("t25", grant(WORK, deny=(LOOK_FIRST,), slope=TRUST))
    place.partner.complete(place.partner.take("ask25").key, x=1)
    place.cashier.complete(place.cashier.take("ask25").key, x=2)
    place.cashier.complete(place.cashier.take("ask25b").key, y=1)

    assert place.cashier.gets_none("pay25")
    lows = [event.low for event in place.told(StepAdmitted, key)]
    assert lows == sorted(lows, reverse=True)
    assert lows[-1] == 300


# --- load and types (T26-T28) ----------------------------------------------------------------------


def test_t26_r28_a_policy_that_costs_too_much_is_refused_at_once(place: Place) -> None:
    many = tuple(Clause(id=f"C{n}", do=("*",)) for n in range(600))
    wide = Clause(id="W", do=("job.activate",), on={"jobType": {"in": ["x"] * 300}})
    long = Clause(id="L", do=("job.activate",), on={"jobType": {"eq": "x" * 2000}})
    deep = b'{"v":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    for tokens in (
        policy(grant(*many[:170])) * 4,
        policy(grant(wide)),
        policy(grant(long)),
        policy(grant(WORK)) * 9,
        policy(grant(WORK)) * 5000,
        ["x" * 20_000],
        [signed(deep)],
        [signed(b"{" * 5000)],
        ["a.b.c"] * 100_000,
    ):
        began = time.perf_counter()
        with pytest.raises(grpc.RpcError) as fault:
            place.alice.start_with("one", tokens)
        assert code_of(fault) == "INVALID_ARGUMENT"
        body = {"processDefinitionId": "one", "variables": {"_policy": tokens}}
        assert place.alice.rest("POST", "/process-instances", body)[0] == 400
        assert time.perf_counter() - began < 2


def test_t27_the_same_denial_again_and_again_fills_no_log(place: Place) -> None:
    place.deploy(one_task("t27", "t27"))
    key = place.alice.start("t27", grant(WORK))
    job = place.alice.take("t27")
    for _ in range(50):
        status = place.alice.refused("ThrowError", jobKey=job.key, errorCode="X")
        assert status == "PERMISSION_DENIED"
    assert len(place.denied(key)) == 10
    place.alice.complete(job.key)


SMALL = Clause(id="S", do=("job.complete",), on={"var.amount": {"max": 10}})
TAKE = Clause(id="T", do=("job.activate",))


@pytest.mark.parametrize(
    "document",
    [
        '{"amount": "5"}', '{"amount": true}', '{"amount": null}', '{"amount": [5]}',
        '{"amount": {"a": 5}}', '{"amount": 9223372036854775808}',
        '{"amount": "NaN"}', '{"amount": 5, "amount": 5000}', '{"\uff41mount": 5}',
        '{"amount\\u0000": 5}', '{"AMOUNT": 5}', '{"amount ": 5}', "{}",
    ],
)  # fmt: skip
def test_t28_no_value_of_another_type_or_name_counts_as_a_small_number(
    place: Place, document: str
) -> None:
    place.deploy(one_task("t28", "t28"))
    tokens = json.dumps({"_policy": policy(grant(TAKE, SMALL))})
    key = place.alice.start_raw("t28", f"{tokens[:-1]}, {document[1:]}".replace(", }", "}"))
    job = place.alice.take("t28")
    assert place.alice.refused("CompleteJob", jobKey=job.key, variables="{}") == "PERMISSION_DENIED"
    assert place.denied(key) == [("job.complete", "$default")]


def test_t28_the_value_that_is_decided_upon_is_the_one_that_is_kept(place: Place) -> None:
    place.deploy(one_task("t28b", "t28b"))
    tokens = json.dumps({"_policy": policy(grant(TAKE, SMALL))})
    key = place.alice.start_raw("t28b", tokens[:-1] + ', "amount": 5000, "amount": 5}')
    place.alice.complete(place.alice.take("t28b").key)
    (made,) = place.told(VariableCreated, key)
    assert (made.name, made.value) == ("amount", 5)


def test_t28_no_number_is_no_json(place: Place) -> None:
    for word in ("NaN", "Infinity", "-Infinity", "05", "0x5", "1e400"):
        with pytest.raises(grpc.RpcError) as fault:
            place.alice.start_raw("one", f'{{"amount": {word}}}')
        assert code_of(fault) == "INVALID_ARGUMENT", word


# --- reading (T29, T30) ----------------------------------------------------------------------------

READS = Clause(id="RD", do=("var.read",), on={"varNames": {"sub": ["x", "y"]}})
WRITES = Clause(id="WR", do=("var.write",))
COURSE = Clause(
    id="E", do=("instance.create", "element.enter", "flow.take", "gateway.decide", "job.*")
)


def test_t29_nobody_reads_more_than_the_policy_lets_them(place: Place) -> None:
    place.deploy(one_task("t29", "t29"))
    given = grant(allow=(COURSE, READS, WRITES))
    for fetched in ([], ["secret", "x"], ["secret"]):
        key = place.alice.start("t29", given, x=1, secret="hush")
        (job,) = (
            job
            for answer in place.alice.grpc.stream(
                "ActivateJobs", pb.ActivateJobsResponse, type="t29", worker="w", timeout=60_000,
                maxJobsToActivate=1, requestTimeout=2000, fetchVariable=fetched,
            )
            for job in answer.jobs
        )  # fmt: skip
        seen = json.loads(job.variables)
        seen.pop("_policy", None)
        assert seen == ({} if fetched == ["secret"] else {"x": 1})
        assert "hush" not in job.customHeaders
        rejected = place.told(StepRejected, key)[-1]
        assert (rejected.action, rejected.facts["varNames"]) == ("var.read", ["secret"])
        assert "hush" not in str(rejected.facts)
        place.alice.complete(job.key)

    ask = {"type": "t29", "timeout": 60_000, "maxJobsToActivate": 1, "fetchVariable": ["secret"]}
    place.alice.start("t29", given, x=1, secret="hush")
    (found,) = place.alice.rest("POST", "/jobs/activation", ask)[1]["jobs"]
    assert found["variables"] == {}


def test_t29_a_result_tells_no_more_than_may_be_read(place: Place) -> None:
    direct = Model("t29r").start("s").end("e").path("s", "e")
    place.deploy(direct)
    variables = {"_policy": policy(grant(allow=(COURSE, READS, WRITES))), "x": 1, "secret": "hush"}
    request = {"bpmnProcessId": "t29r", "version": -1, "variables": json.dumps(variables)}
    for fetched in ([], ["secret", "x"]):
        answer = place.alice.grpc.call(
            "CreateProcessInstanceWithResult", request=pb.CreateProcessInstanceRequest(**request),
            fetchVariables=fetched, requestTimeout=10_000,
        )  # fmt: skip
        assert json.loads(answer.variables) == {"x": 1}
    body = {"processDefinitionId": "t29r", "variables": variables, "awaitCompletion": True}
    status, answer = place.alice.rest("POST", "/process-instances", body)
    assert (status, answer["variables"]) == (200, {"x": 1})


def test_t30_a_gateway_tells_nothing_of_what_may_not_be_read(place: Place) -> None:
    model = Model("t30").start("s").gateway("g", default="n").end("y").end("z").path("s", "g")
    place.deploy(model.flow("g", "y", "=secret > 5").flow("g", "z", flow_id="n"))
    for secret in (1, 9):
        key = place.alice.start("t30", grant(allow=(COURSE, READS, WRITES)), secret=secret)
        assert place.completed(key) == ["s"]
        (stopped,) = place.told(IncidentCreated, key)
        assert "'var.read'" in stopped.incident.error_message
        (rejected,) = place.told(StepRejected, key)
        assert rejected.facts["varNames"] == ["secret"]
