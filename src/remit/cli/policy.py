"""`remit policy`: write, check, try, sign and look at policies.

Keys are files: a private key is its 32-byte seed in hexadecimal, a public key set is a JWK set.
Exit codes: 0 fine, 1 the policy is refused or a scenario fails, 2 wrong usage.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.text import Text

from remit.authority import (
    AuthorityFault,
    KeyRing,
    Signer,
    jws,
    limits,
    read_key_ring,
    verify_block,
    verify_chain,
)
from remit.authority.authoring import form_schema, new_form, read_form, to_grant
from remit.authority.derive import AS_IS, Attenuation, derive_for_call, mint_grant, succeed
from remit.authority.errors import BadForm, BadSignature, BadStatement, Malformed, PolicyError
from remit.authority.keys import PublicKey, Role, write_key_ring
from remit.authority.lint import lint_rules, lint_steps, lint_time, steps_of
from remit.authority.policy import Grant
from remit.authority.receipt import Anchor, write_anchor
from remit.authority.revocation import (
    Revocations,
    carried_on,
    decode_revocations,
    mint_revocations,
    read_revocations,
)
from remit.authority.scenarios import read_scenarios, run_scenarios
from remit.cli.connection import Connection, connected
from remit.cli.tables import boxed, harmless
from remit.model.bpmn import read as read_model
from remit.model.bpmn.graph import Process
from remit.model.finding import line_of

REFUSED = 1
EPOCH = click.IntRange(0, limits.INTEGER)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
ROLES = ("authority", "holder", "worker", "approver", "audit")


@click.group("policy")
def policy_group() -> None:
    """Write, check, try, sign and look at policies."""


@contextmanager
def _refusing() -> Iterator[None]:
    """A fault of the policy is a sentence and an exit code, not a traceback."""
    try:
        yield
    except AuthorityFault as fault:
        click.echo(f"Refused: {fault}", err=True)
        sys.exit(REFUSED)


@policy_group.command("new")
@click.argument("name")
@click.option("--process", help="The BPMN process id; the name by default.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the form instead.")
def new_command(name: str, process: str | None, schema: bool) -> None:
    """Print a policy called NAME to start from."""
    if schema:
        click.echo(msgspec.json.format(msgspec.json.encode(form_schema())).decode())
        return
    if not name:
        raise click.UsageError("a policy has a name")
    click.echo(new_form(name, process or name), nl=False)


@policy_group.command("key")
@click.argument("name")
@click.option("--role", "roles", type=click.Choice(ROLES), multiple=True, required=True)
@click.option("--issuer", help="Whom an authority's key speaks for.")
@click.option("--private", type=click.Path(path_type=Path), required=True, help="New file.")
def key_command(name: str, roles: tuple[Role, ...], issuer: str | None, private: Path) -> None:
    """Make a key called NAME; print its public half as a JWK set."""
    if not _NAME.fullmatch(name):
        raise click.UsageError(
            f"'{name}' is no name of a key: no spaces, no equals sign, not empty"
        )
    seed = secrets.token_bytes(32)
    try:
        public = Signer(name, seed).public(*roles, iss=issuer)
    except ValueError as fault:
        raise click.UsageError(str(fault)) from None
    try:
        handle = os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as fault:
        raise click.UsageError(f"{private}: {fault.strerror}") from None
    with os.fdopen(handle, "w") as file:
        file.write(f"{seed.hex()}\n")
    click.echo(write_key_ring([public]).decode())


_NAME = re.compile(r"[^\s=]{1,256}")


@policy_group.command("keys")
@click.argument("files", type=FILE, nargs=-1, required=True)
def keys_command(files: tuple[Path, ...]) -> None:
    """Put the public keys of FILES (JWK sets) into one set; print it."""
    with _refusing():
        keys = [key for path in files for key in _keys_in(path)]
        ring = KeyRing(keys)
    click.echo(write_key_ring(ring).decode())


@policy_group.command("lint")
@click.argument("policy", type=FILE)
@click.option("--model", type=FILE, help="A BPMN file whose steps should be admitted.")
def lint_command(policy: Path, model: Path | None) -> None:
    """Check POLICY (YAML): words, clauses that can never match, steps never admitted."""
    with _refusing():
        grant = _grant(policy)
        findings = lint_rules(grant) + lint_time(grant, int(time.time()))
        if model is not None:
            for process in _processes(model):
                findings += lint_steps(steps_of(process, grant.sub.tenant), [grant])
    for finding in findings:
        click.echo(f"{finding.clause}: {finding.text} [{finding.rule}]")
    if findings:
        sys.exit(REFUSED)
    clauses = len(grant.allow) + len(grant.deny) + len(grant.duty)
    click.echo(f"{policy.name}: {clauses} clauses, nothing to complain about.")


@policy_group.command("mint")
@click.argument("policy", type=FILE)
@click.option("--key", "private", type=FILE, required=True, help="The authority's private key.")
@click.option("--kid", required=True, help="The name of that key.")
def mint_command(policy: Path, private: Path, kid: str) -> None:
    """Sign POLICY (YAML); print the grant as one token."""
    with _refusing():
        click.echo(mint_grant(_grant(policy), _signer(kid, private)))


@policy_group.command("inspect")
@click.argument("tokens", type=FILE)
@click.option("--keys", type=FILE, help="A JWK set: check the chain, too.")
def inspect_command(tokens: Path, keys: Path | None) -> None:
    """Show the blocks of a file with one token per line; with --keys, verify them as a chain."""
    with _refusing():
        lines = _tokens(tokens)
        envelopes = [jws.read(line, "grant", "succ", "bind", "derive") for line in lines]
        for number, envelope in enumerate(envelopes):
            click.echo(f"Block {number}: {envelope.kind}, signed with {envelope.kid}")
            click.echo(f"  {envelope.hash}")
            click.echo(msgspec.json.format(envelope.payload).decode())
        if keys is None:
            click.echo("Not verified: no keys were given.")
            return
        ring = read_key_ring(keys.read_bytes())
        if all(envelope.kind in ("grant", "succ") for envelope in envelopes):
            for line in lines:
                verify_block(line, ring)
            click.echo("Verified: signed by its authority, and not bound to any instance yet.")
            return
        chain = verify_chain(lines, ring)
    click.echo(f"Verified: for instance {chain.subject.instance} of {chain.subject.process}.")


@policy_group.command("derive")
@click.argument("tokens", type=FILE)
@click.option("--keys", type=FILE, required=True, help="A JWK set to verify the parent with.")
@click.option("--key", "private", type=FILE, required=True, help="The holder's private key.")
@click.option("--kid", required=True, help="The name of that key.")
@click.option("--process", required=True, help="The called process.")
@click.option("--version", "version_", type=click.IntRange(1), required=True, help="Its version.")
@click.option("--instance", required=True, help="The key of its new instance.")
@click.option("--element", required=True, help="The call activity.")
@click.option("--narrow", type=FILE, help="A policy (YAML) whose clauses narrow the parent's.")
def derive_command(
    tokens: Path,
    keys: Path,
    private: Path,
    kid: str,
    process: str,
    version_: int,
    instance: str,
    element: str,
    narrow: Path | None,
) -> None:
    """Derive the chain of a called process from the chain in TOKENS (one per line)."""
    with _refusing():
        ring = read_key_ring(keys.read_bytes())
        derived = derive_for_call(
            verify_chain(_tokens(tokens), ring),
            _signer(kid, private),
            process=process,
            version=version_,
            instance=instance,
            element=element,
            jti=f"{instance}/{secrets.token_hex(8)}",
            now=int(time.time()),
            attenuation=AS_IS if narrow is None else _attenuation(_grant(narrow)),
        )
        verify_chain(derived, ring)
    click.echo("\n".join(derived))


@policy_group.command("succeed")
@click.argument("policy", type=FILE)
@click.option("--replaces", type=FILE, required=True, help="The token that is replaced.")
@click.option("--keys", type=FILE, required=True, help="A JWK set to verify that token with.")
@click.option("--key", "private", type=FILE, required=True, help="The authority's private key.")
@click.option("--kid", required=True, help="The name of that key.")
def succeed_command(policy: Path, replaces: Path, keys: Path, private: Path, kid: str) -> None:
    """Sign POLICY (YAML) as the successor of a grant; its revision has to be higher."""
    with _refusing():
        old = verify_block(_token(replaces), read_key_ring(keys.read_bytes()))
        click.echo(mint_grant(succeed(old, _grant(policy)), _signer(kid, private)))


@policy_group.command("renew")
@connected
@click.argument("instance", type=int)
@click.argument("successor", type=FILE)
def renew_command(connection: Connection, instance: int, successor: Path) -> None:
    """Let the process instance INSTANCE go on under the SUCCESSOR of one of its grants."""
    with _refusing():
        given = {"successor": _token(successor)}
    connection.rest("POST", f"/process-instances/{instance}/policy/succession", given)
    connection.show({"renewed": instance})


@policy_group.command("show")
@connected
@click.argument("instance", type=int)
def show_command(connection: Connection, instance: int) -> None:
    """Show where the trust of the process instance INSTANCE stands; with --json its blocks, too."""
    shown = connection.rest("GET", f"/process-instances/{instance}/policy")
    if not connection.as_json:
        shown["blocks"] = len(shown["blocks"])
    connection.show(shown)


@policy_group.command("approve")
@connected
@click.argument("instance", type=int)
@click.option(
    "--trust",
    type=click.IntRange(0, 1000),
    required=True,
    help="What its data are worth now, 0 to 1000.",
)
@click.option("--key", "private", type=FILE, required=True, help="The approver's private key.")
@click.option("--kid", required=True, help="The name of that key.")
def approve_command(
    connection: Connection, instance: int, trust: int, private: Path, kid: str
) -> None:
    """Sign that you have looked at the data of INSTANCE: its trust is lifted to that again."""
    shown = connection.rest("GET", f"/process-instances/{instance}/policy")
    now = int(time.time())
    anchor = Anchor(
        jti=secrets.token_hex(8), instance=str(instance), head=shown["head"], low=trust, iat=now,
        exp=now + 60,
    )  # fmt: skip
    with _refusing():
        statement = write_anchor(anchor, _signer(kid, private))
    connection.rest(
        "POST", f"/process-instances/{instance}/policy/anchor", {"statement": statement}
    )
    connection.show({"approved": instance, "trust": trust})


@policy_group.command("revocations")
@connected
def revocations_command(connection: Connection) -> None:
    """Show the lists of what is revoked that are in force; with --json as they were signed, too."""
    found = connection.rest("GET", "/policies/revocations")["items"]
    connection.show_all(
        found if connection.as_json else [row for each in found for row in _rows(each)]
    )


def _rows(shown: dict[str, Any]) -> Iterator[dict[str, object]]:
    """What a list revokes, and one row for a list that revokes nothing."""
    entries = [
        (kind, name, _moment(since))
        for kind, revoked in (("grant", shown["grants"]), ("key", shown["keys"]))
        for name, since in sorted(revoked.items())
    ]
    for kind, name, since in entries or [("nothing", "", "")]:
        yield {
            "issuer": shown["issuer"], "epoch": shown["epoch"], "revoked": kind, "name": name,
            "since": since, "freshUntil": _moment(shown["freshUntil"]),
            "partitions": ", ".join(map(str, shown["partitions"])),
        }  # fmt: skip


def _moment(seconds: int) -> str:
    """As people read it; a number that is beyond any calendar stays one."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError, OSError):
        return str(seconds)


@policy_group.command("revoke")
@connected
@click.option("--issuer", required=True, help="Whose grants and keys these are.")
@click.option("--epoch", type=EPOCH, help="The number of the new list. Default: the next one.")
@click.option(
    "--days",
    type=click.IntRange(1, 36_500),
    default=7,
    show_default=True,
    help="How long the list is fresh.",
)
@click.option("--grant", "grants", multiple=True, help="The name of a grant that is revoked.")
@click.option("--revoked-kid", "kids", multiple=True, help="The name of a key that is revoked.")
@click.option("--drop-grant", "let_go", multiple=True, help="The name of a grant to let go again.")
@click.option("--drop-kid", "let_go_kids", multiple=True, help="The name of a key to let go again.")
@click.option("--only", is_flag=True, help="Let go whatever is not named here.")
@click.option("--key", "private", type=FILE, required=True, help="The authority's private key.")
@click.option("--kid", required=True, help="The name of that key.")
@click.option("--keys", type=FILE, help="A JWK set, where another key has signed the list before.")
def revoke_command(
    connection: Connection,
    issuer: str,
    epoch: int | None,
    days: int,
    grants: tuple[str, ...],
    kids: tuple[str, ...],
    let_go: tuple[str, ...],
    let_go_kids: tuple[str, ...],
    only: bool,
    private: Path,
    kid: str,
    keys: Path | None,
) -> None:
    """Sign what an issuer revokes from now on, and give it to the broker.

    The new list carries on what the one in force revokes (`remit policy revocations`), but for what is
    dropped by name.
    """
    if not all((*grants, *kids, *let_go, *let_go_kids)):
        raise click.UsageError("a grant and a key have names")
    if only and (let_go or let_go_kids):
        raise click.UsageError("--only lets go whatever is not named: there is nothing to drop")
    now = int(time.time())
    shown = connection.rest("GET", "/policies/revocations")["items"]
    tokens = [each["revocations"] for each in shown if each["issuer"] == issuer]
    with _refusing():
        signer = _signer(kid, private)
        ring = (
            KeyRing([signer.public("authority", iss=issuer)])
            if keys is None
            else KeyRing(_keys_in(keys))
        )
        known = _in_force(tokens, None if only else ring, issuer)
        new = Revocations(
            iss=issuer, epoch=known.epoch + 1 if epoch is None else epoch, iat=now,
            exp=now + days * 86_400, jtis=dict.fromkeys(grants, now), kids=dict.fromkeys(kids, now),
        )  # fmt: skip
        if not only:
            new = carried_on(known, new, let_go, let_go_kids)
        token = mint_revocations(new, signer)
    connection.rest("POST", "/policies/revocations", {"revocations": token})
    connection.show(
        {
            "issuer": issuer, "epoch": new.epoch, "grants": _named(connection, new.jtis),
            "keys": _named(connection, new.kids),
            "letGo": _named(connection, (known.jtis | known.kids).keys() - (new.jtis | new.kids)),
        }
    )  # fmt: skip


def _named(connection: Connection, names: Iterable[str]) -> object:
    return sorted(names) if connection.as_json else ", ".join(sorted(names))


def _in_force(tokens: Iterable[str], ring: KeyRing | None, issuer: str) -> Revocations:
    """What an issuer revokes now: its newest list, or all of the newest where partitions differ.

    A broker is not believed: a list that `ring` does not vouch for is refused. Raises AuthorityFault.
    """
    known = Revocations(iss=issuer, epoch=0, iat=0, exp=0)
    for token in tokens:
        try:
            found = decode_revocations(token) if ring is None else read_revocations(token, ring)
        except BadSignature as fault:
            raise BadStatement(
                f"the list in force can't be carried on, since {fault}; give the public keys of the "
                f"issuer as --keys, or say --only to let go all that is not named"
            ) from None
        if found.epoch == known.epoch:
            known = carried_on(known, found)
        elif found.epoch > known.epoch:
            known = found
    return known


@policy_group.command("test")
@click.argument("scenarios", type=FILE)
@click.option("--policy", type=FILE, help="Instead of the one that the file names.")
def test_command(scenarios: Path, policy: Path | None) -> None:
    """Try a policy: run the cases of SCENARIOS (YAML) and say which go otherwise."""
    with _refusing():
        try:
            table = read_scenarios(_text(scenarios))
        except BadForm as fault:
            raise BadForm(f"{scenarios.name}, {fault}") from None
        if policy is None and not table.policy:
            raise BadForm("say which policy: in the file, or with --policy")
        chosen = policy or scenarios.parent / table.policy
        if not os.path.isfile(chosen):
            raise BadForm(f"there is no policy {chosen}")
        outcomes = run_scenarios(table, _grant(chosen))
    shown = boxed("case", "decided", "by", "")
    for outcome in outcomes:
        fine = ("as expected", "green")
        said = (harmless(outcome.problem), "red") if outcome.problem else fine
        cells = (outcome.name, outcome.decided, outcome.clause)
        shown.add_row(*(Text(harmless(each)) for each in cells), Text(*said))
    Console().print(shown)
    failed = sum(bool(outcome.problem) for outcome in outcomes)
    click.echo(f"{len(outcomes) - failed} of {len(outcomes)} cases as expected.")
    if failed:
        sys.exit(REFUSED)


def _keys_in(path: Path) -> Iterator[PublicKey]:
    """Raises BadForm with the name of the file."""
    try:
        yield from read_key_ring(path.read_bytes())
    except AuthorityFault as fault:
        raise BadForm(f"{path.name}: {fault}") from None


def _text(path: Path) -> str:
    """Raises BadForm with the name of the file."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as fault:
        raise BadForm(f"{path.name} is no text in UTF-8: {fault.reason}") from None


def _tokens(path: Path) -> list[str]:
    """The tokens in a file, one to a line. Raises BadForm when there is none."""
    found = _text(path).split()
    if not found:
        raise BadForm(f"{path.name} is empty: `remit policy mint` prints what belongs into it")
    return found


def _token(path: Path) -> str:
    """Raises BadForm when there is more or less than one."""
    found = _tokens(path)
    if len(found) > 1:
        raise BadForm(f"{path.name} holds {len(found)} tokens, and one is wanted")
    return found[0]


def _processes(model: Path) -> list[Process]:
    """Raises BadForm for a file that holds none, with the first reason."""
    found = read_model(model.read_bytes(), model.name)
    faults = [line_of(each) for each in found.findings if each.is_error]
    if not found.processes:
        said = faults[0] if faults else "it holds no executable process"
        raise BadForm(f"{model.name} is no model: {said}")
    return found.processes


def _grant(path: Path, now: Callable[[], float] = time.time) -> Grant:
    """Raises BadForm with the name of the file."""
    try:
        return to_grant(read_form(_text(path)), now=int(now()))
    except (BadForm, PolicyError) as fault:
        said = str(fault)
        raise BadForm(said if said.startswith(path.name) else f"{path.name}, {said}") from None


def _attenuation(grant: Grant) -> Attenuation:
    """The clauses and the end of a policy, to narrow another with."""
    return Attenuation(allow=grant.allow, deny=grant.deny, duty=grant.duty, exp=grant.exp)


def _signer(kid: str, private: Path) -> Signer:
    if not kid:
        raise BadForm("--kid is the name of the key, as the set of public keys has it")
    try:
        return Signer(kid, bytes.fromhex(private.read_text().strip()))
    except (ValueError, Malformed):
        raise BadForm(f"{private.name} holds no private key: 32 bytes in hexadecimal") from None
