"""What partition 1 has decided of users, circles, rules and authorizations, told to the others."""

from __future__ import annotations

from remit.engine.identity import SHARED
from remit.engine.run import Handler, Run
from remit.protocol.commands import ShareIdentity


def share_identity(run: Run, command: ShareIdentity) -> None:
    for each in command.events:
        run.emit(SHARED.decode(each))


HANDLES = {ShareIdentity: Handler("DISTRIBUTE", share_identity)}
