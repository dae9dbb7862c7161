"""SIGN the bindings that wait for it: the partition's own last command of a batch that made some."""

from __future__ import annotations

from remit.engine.governance import sign
from remit.engine.run import Handler, Run
from remit.protocol.commands import SignPolicies


def sign_policies(run: Run, command: SignPolicies) -> None:
    """Nothing happens where none waits."""
    sign(run)


HANDLES = {SignPolicies: Handler("SIGN", sign_policies)}
