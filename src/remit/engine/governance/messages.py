"""Messages between instances: the receiver's policy is asked, with what is known of the sender (R16).

A governed sender's chain comes along with its message and is verified again when the message is taken:
what was revoked or has expired meanwhile counts for nothing (T23). Data is worth no more than its
sender: the receiver's slope is lowered to the sender's trust before anything is asked (T21).
"""

from __future__ import annotations

from remit.authority import Authority, AuthorityFault, Hop, compile_chain, verify_chain
from remit.authority.derive import derive_for_call
from remit.base.errors import Denied
from remit.engine.definitions import Definition
from remit.engine.governance.asking import StepDenied, admit_beginning
from remit.engine.governance.carried import (
    authority_of,
    decode_slope,
    encode_slope,
    governed_row,
    known_revocations,
)
from remit.engine.governance.governor import governor_of, signed_blocks
from remit.engine.governance.policies import added_standing
from remit.engine.governance.questions import Question, ask, domain_of
from remit.engine.governance.telling import log_admission, rejection, sentence
from remit.engine.run import Run
from remit.engine.state.entities import ElementInstance
from remit.protocol.events.governance import PolicyAttached
from remit.protocol.values import NONE_KEY, POLICY, Actor, Document, Message, Sender


def sender_in(run: Run, element: ElementInstance) -> Sender | None:
    """Who an element sends a message as; None without a policy."""
    row = governed_row(run, element)
    if row is None:
        return None
    authority = authority_of(run, row)
    return Sender(
        "engine",
        "",
        "",
        element.tenant,
        authority.chain.initiator.actor,
        signed_blocks(run, row),
        row.slope,
    )


def sender_of(message: Message) -> Sender:
    """The instance that sent a message, or else the client that published it."""
    actor: Actor = message.header.actor
    return message.sender or Sender(
        actor.id or "anonymous", actor.channel, domain_of(actor.id), message.tenant
    )


def refuse_policy(variables: Document) -> None:
    """Raises Denied for the reserved variable where nothing can carry a policy."""
    if POLICY in variables:
        raise Denied(
            f"Expected variables without '{POLICY}': it is reserved for the policy that comes with the "
            f"creation of an instance"
        )


def admit_message(run: Run, element: ElementInstance, name: str, sender: Sender) -> None:
    """A message is about to be taken by `element`; raises `StepDenied`."""
    row = governed_row(run, element)
    if row is None:
        return
    standing = _standing(run, sender)
    trust = _trust(authority_of(run, row), sender, standing)
    facts = {**_facts(name, sender, standing, trust), "elementId": element.element}
    asked = Question(row, element, "message.correlate", facts, None, trust)
    answer = ask(run, asked)
    if not answer.decision.admitted:
        raise StepDenied(sentence(run, asked, answer), rejection(run, asked, answer))
    log_admission(run, asked, answer)


def instances_denying_messages(run: Run, root: int) -> list[int]:
    """The instances of a family whose policies have denied a message since they are in force."""
    family = dict.fromkeys(each.instance for each in run.state.inside(root))
    return [
        row.key
        for row in map(run.state.governed.get, family)
        if row is not None and any(each.startswith("message.correlate ") for each in row.rejections)
    ]


def attach_by_message(
    run: Run, definition: Definition, unborn: ElementInstance, message: Message
) -> None:
    """A process that a governed instance starts by a message carries what that leaves of its policy.

    Raises `StepDenied`; nothing has begun then.
    """
    sender = sender_of(message)
    if not sender.tokens:
        return
    governor, row, key = governor_of(run), definition.row, unborn.key
    try:
        parent = _standing(run, sender)
        if parent is None:
            raise StepDenied(
                f"Expected the policy of the sender of message '{message.name}' to be valid, but it is "
                f"revoked, expired or not to be trusted"
            )
        tokens = derive_for_call(
            parent.chain, governor.signer, process=row.process_id, version=row.version,
            instance=str(key), element="", jti=str(key), now=run.now // 1000, to="message",
            tenant=row.tenant, grants=added_standing(run, parent.chain, definition),
        )  # fmt: skip
        authority = compile_chain(verify_chain(tokens, governor.ring), known_revocations(run))
    except AuthorityFault as fault:
        raise StepDenied(
            f"Expected message '{message.name}' to start process '{row.process_id}' under its sender's "
            f"policy, but {fault}"
        ) from fault
    before = decode_slope(sender.slope)
    slope = authority.arithmetic.extend(before, Hop(row.process_id, "message"))
    run.state.resident[key] = None
    run.emit(
        PolicyAttached(
            key, key, row.key, key, tokens, authority.chain.hash, encode_slope(slope), NONE_KEY,
            row.tenant, sender.slope,
        )
    )  # fmt: skip
    facts = _facts(message.name, sender, parent, before.effective)
    admit_beginning(run, unborn, facts, "message.start")


def _standing(run: Run, sender: Sender) -> Authority | None:
    """The sender's chain, if it is good and valid now."""
    if not sender.tokens:
        return None
    try:
        chain = verify_chain(sender.tokens, governor_of(run).ring)
        authority = compile_chain(chain, known_revocations(run))
    except AuthorityFault:
        return None
    is_valid = all(
        each.nbf_ms <= run.now < each.exp_ms and run.now < each.revoked_ms
        for each in authority.blocks
    )
    return authority if is_valid else None


def _trust(receiver: Authority, sender: Sender, standing: Authority | None) -> int:
    """In the sender's data: its slope's, or that of the channel that a client came by."""
    if standing is not None:
        return decode_slope(sender.slope).effective
    if sender.tokens:
        return 0  # it claims a policy that does not stand
    return min(receiver.arithmetic.level(sender.method), receiver.arithmetic.cap(sender.domain))


def _facts(name: str, sender: Sender, standing: Authority | None, trust: int) -> dict[str, object]:
    facts: dict[str, object] = {
        "messageName": name, "senderGoverned": standing is not None,
        "senderTenant": sender.tenant, "senderTrust": trust, "actor": sender.actor,
        "actorKind": "message", "actorMethod": sender.method, "actorDomain": sender.domain,
    }  # fmt: skip
    if standing is not None:
        facts["senderInitiator"] = standing.chain.initiator.actor
        facts["senderChain"] = standing.chain.hash
    return facts
