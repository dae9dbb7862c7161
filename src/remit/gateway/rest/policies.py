"""Policies of running instances: not in Camunda's API, below /v2 all the same.

GET  /process-instances/{key}/policy               the signed blocks, and where trust stands
POST /process-instances/{key}/policy/succession    a grant is replaced by its signed successor
POST /process-instances/{key}/policy/anchor        trust is lifted by a signed statement
GET  /policies/revocations                         the lists of what is revoked that are in force
POST /policies/revocations                         a signed list of what is revoked, for all partitions
"""

from __future__ import annotations

from remit.authority.revocation import decode_revocations
from remit.gateway.rest.frame import Answer, Body, Call, Operation
from remit.protocol import commands as c
from remit.protocol.replies import PolicyShown, RevocationsShown


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


class RevocationList(Answer):
    """Times are seconds since 1970, as in the signed list; `grants` and `keys` say since when."""

    issuer: str
    epoch: int
    signed_at: int
    fresh_until: int
    grants: dict[str, int]
    keys: dict[str, int]
    partitions: list[int]
    revocations: str


class InForce(Answer):
    items: list[RevocationList]


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


async def revocations(call: Call, body: None) -> InForce:
    """A list that only some of the partitions have stands beside the one that the others have."""
    replies = await call.broker.router.to_all(c.ShowRevocations(), call.header)
    held: dict[str, list[int]] = {}
    for partition, reply in zip(call.broker.partitions, replies, strict=True):
        assert isinstance(reply, RevocationsShown)
        for token in reply.lists:
            held.setdefault(token, []).append(partition.status().id)
    found = [_list(token, partitions) for token, partitions in held.items()]
    return InForce(items=sorted(found, key=lambda each: (each.issuer, -each.epoch)))


def _list(token: str, partitions: list[int]) -> RevocationList:
    said = decode_revocations(token)
    return RevocationList(
        issuer=said.iss, epoch=said.epoch, signed_at=said.iat, fresh_until=said.exp,
        grants=said.jtis, keys=said.kids, partitions=partitions, revocations=token,
    )  # fmt: skip


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
    Operation("GET", "/policies/revocations", "getRevocations", revocations, answer=InForce),
    Operation(
        "POST", "/policies/revocations", "changeRevocations", revoke, request=Revoked, success=204
    ),
)  # fmt: skip
