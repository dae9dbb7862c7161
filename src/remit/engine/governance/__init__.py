"""Governance: a step of an instance is admitted against the policy that it carries, before it happens.

asking      may this be done? an admission, or a rejection that leaves nothing else
questions   what is asked, and the facts that it takes
governor    what a partition trusts, and how it signs what it binds
carried     the policy that answers, compiled and in memory
telling     what the log, and whoever was refused, is told of the answer
policies    which policy an instance carries: attached, derived, renewed
messages    between instances
steps       flows, choices, variables
work        jobs: who gets one, what is sent along, what a worker's receipt is worth
precedents  what was answered before, for another instance under the same rules
"""

from __future__ import annotations

from remit.engine.governance.asking import (
    ElementDenied,
    StepDenied,
    admit_command,
    admit_step,
    passes,
)
from remit.engine.governance.governor import Governor, sign
from remit.engine.governance.messages import (
    admit_message,
    attach_by_message,
    instances_denying_messages,
    refuse_policy,
    sender_in,
    sender_of,
)
from remit.engine.governance.policies import (
    after_denial,
    begin,
    begin_by_event,
    check_derivable,
    check_rebindable,
    derive_child,
    gives_or_requires,
    reanchor,
    rebind,
    renew,
    revoke,
    shown,
    tell_if_expired,
    without_policy,
)
from remit.engine.governance.steps import (
    admit_choice,
    admit_conditions,
    admit_flows,
    admit_write,
    admit_write_by,
    check_write_by,
    readable,
)
from remit.engine.governance.telling import tell
from remit.engine.governance.work import (
    GOV_DENIED,
    admit_activation,
    admit_job,
    admit_work,
    hand_over,
    refused_by_worker,
)
from remit.protocol.values import POLICY

__all__ = [
    "GOV_DENIED",
    "POLICY",
    "ElementDenied",
    "Governor",
    "StepDenied",
    "admit_activation",
    "admit_choice",
    "admit_command",
    "admit_conditions",
    "admit_flows",
    "admit_job",
    "admit_message",
    "admit_step",
    "admit_work",
    "admit_write",
    "admit_write_by",
    "after_denial",
    "attach_by_message",
    "begin",
    "begin_by_event",
    "check_derivable",
    "check_rebindable",
    "check_write_by",
    "derive_child",
    "gives_or_requires",
    "hand_over",
    "instances_denying_messages",
    "passes",
    "readable",
    "reanchor",
    "rebind",
    "refuse_policy",
    "refused_by_worker",
    "renew",
    "revoke",
    "sender_in",
    "sender_of",
    "shown",
    "sign",
    "tell",
    "tell_if_expired",
    "without_policy",
]
