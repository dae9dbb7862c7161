"""Policies of running instances: renewed, looked at, trust re-anchored; and what issuers revoke."""

from __future__ import annotations

from remit.base.errors import NotFound
from remit.engine import governance, messages
from remit.engine.instances import find_running
from remit.engine.run import Handler, Run
from remit.engine.state.entities import ElementInstance
from remit.protocol.commands import (
    ChangeRevocations,
    ReanchorTrust,
    RenewPolicy,
    ShowPolicy,
    ShowRevocations,
)
from remit.protocol.replies import Done, RevocationsShown


def renew_policy(run: Run, command: RenewPolicy) -> None:
    """Whoever brings it: the authority that signed the grant has signed its successor.

    Messages that were denied and are buffered still are asked about again.
    """
    instance = _instance(run, command.key, "renew the policy of")
    denied = governance.instances_denying_messages(run, instance.root)
    governance.renew(run, instance, command.successor)
    for key in denied:
        messages.listen_again(run, key)
    run.reply = Done(command.key)


def reanchor_trust(run: Run, command: ReanchorTrust) -> None:
    """Whoever brings it: an approver that the policy names has signed the statement."""
    instance = _instance(run, command.key, "re-anchor the trust of")
    governance.reanchor(run, instance, command.statement)
    if instance.key in governance.instances_denying_messages(run, instance.root):
        messages.listen_again(run, instance.key)
    run.reply = Done(command.key)


def show_policy(run: Run, command: ShowPolicy) -> None:
    run.reply = governance.shown(run, _instance(run, command.key, "show the policy of"))


def show_revocations(run: Run, command: ShowRevocations) -> None:
    run.reply = RevocationsShown(tuple(each.token for each in run.state.revocations.rows.values()))


def change_revocations(run: Run, command: ChangeRevocations) -> None:
    run.reply = Done(governance.revoke(run, command.token))


def _instance(run: Run, key: int, verb: str) -> ElementInstance:
    element = find_running(run, key)
    if element is None:
        raise NotFound(
            f"Expected to {verb} process instance with key '{key}', but no such process instance was "
            f"found"
        )
    run.touch(element.root, element.instance)
    return element


HANDLES = {
    RenewPolicy: Handler("RENEW", renew_policy),
    ReanchorTrust: Handler("REANCHOR", reanchor_trust),
    ShowPolicy: Handler("SHOW", show_policy),
    ShowRevocations: Handler("SHOW", show_revocations),
    ChangeRevocations: Handler("REVOKE", change_revocations),
}
