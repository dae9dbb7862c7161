"""A purchase under a policy: what an agent may see and do, what a partner's word is worth, who may pay.

Everything goes through the doors that everybody has: REST workers with a gate of their own, the command
line for the person who approves and for the auditor.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from examples.order.run import broker
from remit.authority import KeyRing, Signer
from remit.authority.authoring import read_form, to_grant
from remit.authority.derive import mint_grant
from remit.authority.keys import write_key_ring
from remit.client import Gate
from remit.client.rest_worker import RestWorker
from remit.gateway.auth import hash_password

HERE = Path(__file__).parent
ISSUER = "https://policy.example.com"
NAMES = ("office", "broker", "auditor", "approver", "cashier", "agent", "partner")
SIGNERS = {name: Signer(name, hashlib.sha256(name.encode()).digest()) for name in NAMES}
ROLES = {"broker": "holder", "auditor": "audit", "approver": "approver"}

console = Console(soft_wrap=True)


def keys() -> KeyRing:
    """All public keys; who has no other role is a worker."""
    found = [SIGNERS["office"].public("authority", iss=ISSUER)]
    found += [SIGNERS[each].public(ROLES.get(each, "worker")) for each in NAMES if each != "office"]  # type: ignore[arg-type]
    return KeyRing(found)


def prepare(folder: Path) -> tuple[str, ...]:
    """Key files and who may come in; returns the broker's options. A real office keeps its key away."""
    (folder / "keys.json").write_bytes(write_key_ring(keys()))
    for name in NAMES:
        (folder / f"{name}.key").write_text(hashlib.sha256(name.encode()).hexdigest())
    digest = [f"{n}:{hashlib.sha256(f'{n}-key'.encode()).hexdigest()}" for n in NAMES]
    (folder / "api-keys").write_text("\n".join(digest))
    (folder / "users").write_text(f"partner:{hash_password('partner-word')}\n")
    return (
        "--policy-keys", f"{folder}/keys.json", "--holder-key", f"broker={folder}/broker.key",
        "--audit-key", f"auditor={folder}/auditor.key", "--api-keys", f"{folder}/api-keys",
        "--users", f"{folder}/users",
    )  # fmt: skip


def credentials(name: str) -> str:
    if name == "partner":
        return "Basic " + b64encode(b"partner:partner-word").decode()
    return f"Bearer {name}-key"


def worker(
    http: str, name: str, job_type: str, handler: Callable[[dict[str, Any]], Mapping[str, Any]]
) -> RestWorker:
    """With a gate that asks the policy itself, and signs what it was told."""
    return RestWorker(
        f"http://{http}", job_type, handler, Gate(keys(), SIGNERS[name]), name=name,
        authorization=credentials(name), poll=1000,
    )  # fmt: skip


def remit(*words: str) -> str:
    """The command line, as the office."""
    environment = {"REMIT_AUTHORIZATION": credentials("office"), "COLUMNS": "150"}
    done = subprocess.run(
        [sys.executable, "-m", "remit.cli.main", *words],
        capture_output=True, text=True, check=False, env={**_environment(), **environment},
    )  # fmt: skip
    return done.stdout + done.stderr


def _environment() -> dict[str, str]:
    return {"PYTHONPATH": ":".join(sys.path)}


def create(http: str) -> int:
    """One purchase, begun by the office, with its policy."""
    grant = to_grant(read_form((HERE / "purchase.yaml").read_text()), now=0)
    variables = {
        "_policy": [mint_grant(grant, SIGNERS["office"])],
        "wish": "a quiet desk lamp", "budget": 120, "customer": "Alice, 7 Hill Road",
    }  # fmt: skip
    body = {"processDefinitionId": "purchase", "variables": variables}
    request = urllib.request.Request(
        f"http://{http}/v2/process-instances", json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": credentials("office")},
    )  # fmt: skip
    with urllib.request.urlopen(request) as answer:
        return int(json.load(answer)["processInstanceKey"])


def play(folder: Path, grpc: str, http: str) -> int:
    """The story, told as it goes; returns the key of the purchase."""
    say = console.print
    remit("deploy", str(HERE / "purchase.bpmn"), "--address", grpc)
    key = create(http)
    say(f"A purchase under a policy: instance {key}\n")

    seen: dict[str, Any] = {}

    def propose(variables: dict[str, Any]) -> dict[str, Any]:
        seen.update(variables)
        return {"proposal": "lamp 40", "paid": True}

    worker(http, "agent", "propose", propose).run_once()
    say(f"1. The agent sees {sorted(seen)}, not the customer. It proposes, and says it has paid:")
    say(
        "   [red]its own gate refuses to send that[/], and signs a receipt of it. An incident stands."
    )
    jobs = worker(http, "agent", "pay", propose).run_once()
    say(f"2. It asks for payments to make, and gets {jobs} of them.")
    refused = remit("cancel", str(key), "--address", grpc).strip()
    say(f"3. Nobody has said that it may be cancelled: [red]{refused[:92]} …[/]\n")

    say("   A second purchase, with an agent that keeps to proposing:")
    key = create(http)
    worker(http, "agent", "propose", lambda _: {"proposal": "lamp 40"}).run_once()
    worker(http, "partner", "ask-price", lambda _: {"price": 95}).run_once()
    low = json.loads(remit("policy", "show", str(key), "--address", grpc, "--json"))["low"]
    say(f"4. The partner has named its price: the data are worth {low} now.")

    cashier = worker(http, "cashier", "pay", lambda _: {"paid": True})
    say(f"5. The cashier asks for work: {cashier.run_once()} jobs, by clause LOOK-FIRST.")
    remit(
        "policy", "approve", str(key), "--trust", "700", "--key", f"{folder}/approver.key", "--kid",
        "approver", "--address", grpc,
    )  # fmt: skip
    say(f"6. Somebody looks, and signs: the cashier gets {cashier.run_once()} job and pays.\n")
    return key


def audit(folder: Path, key: int) -> None:
    """What an auditor does, with the files and the public keys."""
    files = str(folder / "for-the-auditor")
    remit("audit", "export", str(folder / "data"), files)
    console.print("What the auditor gets: remit audit explain, and remit audit verify\n")
    print(remit("audit", "explain", files, "--instance", str(key)))
    print(remit("audit", "verify", files, "--keys", str(folder / "keys.json")))


def main() -> None:
    console.print("Remit: a process under a signed policy (examples/governed/purchase.yaml).\n")
    with tempfile.TemporaryDirectory(prefix="remit-governed-") as name:
        folder = Path(name)
        with broker(str(folder / "data"), *prepare(folder)) as (grpc, http):
            key = play(folder, grpc, http)
        audit(folder, key)


if __name__ == "__main__":
    main()
