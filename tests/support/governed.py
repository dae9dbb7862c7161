"""Keys, grants and a broker's governor for tests of governed instances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from remit import Engine
from remit.audit.verifying import verify
from remit.authority import KeyRing, Signer, base64url, together
from remit.authority.derive import mint_grant
from remit.authority.keys import write_key_ring
from remit.authority.policy import Clause, Grant, Holder, Subject
from remit.client.work import Work
from remit.engine.governance import Governor
from remit.gateway.documents import headers_of
from remit.identity.principal import Access
from remit.protocol.values import ActivatedJob, Actor

ISSUER = "https://policy.acme.example"
acme, holder, auditor, worker, approver, stranger = (
    Signer(name, name.encode().ljust(32, b"."))
    for name in ("acme", "holder", "auditor", "worker", "approver", "stranger")
)
RING = KeyRing(
    [
        acme.public("authority", iss=ISSUER),
        holder.public("holder"),
        auditor.public("audit"),
        worker.public("worker"),
        approver.public("approver"),
    ]
)
GOVERNOR = Governor(RING, holder)

ALICE = Actor("alice", "jwt")
WORKER = Actor("spiffe://acme.example/payments", "svid")
PARTNER = Actor("spiffe://partner.example/w", "svid")

FLOW = Clause(
    id="E",
    do=(
        "instance.create",
        "element.enter",
        "flow.take",
        "gateway.decide",
        "job.create",
        "job.timeout",
    ),
)
DATA = Clause(id="V", do=("var.read", "var.write"))
WORK = Clause(id="W", do=("job.activate", "job.complete", "job.fail"))


def signed_together(texts: Sequence[str], signer: Signer = holder) -> list[str]:
    """Blocks from their signing inputs, with one signature for all of them."""
    leaves = [leaf for text in texts if (leaf := together.waiting_leaf(text)) is not None]
    parts = together.third_parts(leaves, together.sign_together(leaves, signer))
    return [f"{text}.{base64url.encode(part)}" for text, part in zip(texts, parts, strict=True)]


def governed_options(folder: Path) -> tuple[str, ...]:
    """Key files in `folder`, and what `remit serve` takes to govern and to sign its log with them."""
    (folder / "keys.json").write_bytes(write_key_ring(RING))
    for each in ("holder", "auditor", "worker"):
        (folder / f"{each}.key").write_text(each.encode().ljust(32, b".").hex())
    return (
        "--policy-keys", f"{folder}/keys.json", "--holder-key", f"holder={folder}/holder.key",
        "--audit-key", f"auditor={folder}/auditor.key",
    )  # fmt: skip


def grant(*allow: Clause, **more: Any) -> Grant:
    """A grant for the default tenant: a process may run its course and use its data; and `allow`."""
    fields = {
        "v": 1, "typ": "grant", "jti": "g", "iss": ISSUER, "rev": 1, "iat": 0, "nbf": 0,
        "exp": 9_000_000_000, "sub": Subject(tenant="<default>"),
        "cnf": Holder(kids=("holder",)), "allow": (FLOW, DATA, *allow), "del_max_depth": 2,
    }  # fmt: skip
    return Grant(**{**fields, **more})


def policy(*grants: Grant) -> list[str]:
    """What a client gives as `_policy`."""
    return [mint_grant(each, acme) for each in grants]


@contextmanager
def audited(folder: Path, access: Access | None = None) -> Iterator[Engine]:
    """A governed engine; whatever a test does with it, its log is what the auditor expects."""
    with Engine(folder, governor=GOVERNOR, actor=ALICE, access=access) as made:
        yield made
    (part,) = verify(folder, RING).partitions
    assert part.findings == []


def work_of(activated: ActivatedJob) -> Work:
    """As the gateway sends it."""
    job = activated.job
    return Work(
        job.key, job.type, job.instance, job.process_id, job.version, job.element, job.tenant,
        job.retries, headers_of(activated), activated.variables,
    )  # fmt: skip
