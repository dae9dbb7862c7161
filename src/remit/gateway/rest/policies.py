"""Policies of running instances: not in Camunda's API, below /v2 all the same.

GET  /process-instances/{key}/policy               the signed blocks, and where trust stands
POST /process-instances/{key}/policy/succession    a grant is replaced by its signed successor
POST /process-instances/{key}/policy/anchor        trust is lifted by a signed statement
POST /policies/revocations                         a signed list of what is revoked, for all partitions
"""

from __future__ import annotations

from remit.gateway.rest.frame import Answer, Body, Call, Operation
from remit.protocol import commands as c
from remit.protocol.replies import PolicyShown


class Shown(Answer):
    """`head` is what a statement of an approver names."""

    process_instance_key: str
    blocks: list[str]
    head: str
    trust: int
    low: int


class Succession(Body):
    successor: str


class Anchoring(Body):
    statement: str


class Revoked(Body):
    revocations: str


async def show(call: Call, body: None) -> Shown:
    key = call.key("processInstanceKey")
    shown = await call.broker.router.by_key(key, c.ShowPolicy(key), call.header)
    assert isinstance(shown, PolicyShown)
    return Shown(
        process_instance_key=str(key), blocks=list(shown.tokens), head=shown.head,
        trust=shown.trust, low=shown.low,
    )  # fmt: skip


async def succeed(call: Call, body: Succession) -> None:
    key = call.key("processInstanceKey")
    await call.broker.router.by_key(key, c.RenewPolicy(key, body.successor), call.header)


async def reanchor(call: Call, body: Anchoring) -> None:
    key = call.key("processInstanceKey")
    await call.broker.router.by_key(key, c.ReanchorTrust(key, body.statement), call.header)


async def revoke(call: Call, body: Revoked) -> None:
    await call.broker.router.to_all(c.ChangeRevocations(body.revocations), call.header)


_POLICY = "/process-instances/{processInstanceKey}/policy"

OPERATIONS = (
    Operation("GET", _POLICY, "getProcessInstancePolicy", show, answer=Shown),
    Operation(
        "POST", f"{_POLICY}/succession", "renewProcessInstancePolicy", succeed,
        request=Succession, success=204,
    ),
    Operation(
        "POST", f"{_POLICY}/anchor", "reanchorProcessInstanceTrust", reanchor,
        request=Anchoring, success=204,
    ),
    Operation(
        "POST", "/policies/revocations", "changeRevocations", revoke, request=Revoked, success=204
    ),
)  # fmt: skip
