"""For workers: the policy that a job carries is asked again, where the work is done.

    gate = Gate(read_key_ring(keys), signer)        what the worker trusts and signs with
    permit = gate.admit(work)                       before the handler; None without a policy
    variables = permit.completing({"paid": True})   before the answer: with a signed receipt in it

`pyzeebe_worker` is this as a decorator for pyzeebe, `rest_worker` a small worker over REST, `sidecar` a
proxy for workers in any language that stay as they are. A job without a policy is handled as ever.
"""

from __future__ import annotations

from remit.client.gate import Gate, Permit, PolicyDenied
from remit.client.work import Work

__all__ = ["Gate", "Permit", "PolicyDenied", "Work"]
