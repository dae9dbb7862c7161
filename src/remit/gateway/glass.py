"""Breaking the glass: an operator says with a call, in words, why it is an emergency.

    remit-break-glass: the payment provider is down, ticket 4711          HTTP header, gRPC metadata

Who may is for the engine to say (`engine/access.py`), what it allows for the policy of each instance.
Signs beyond ASCII come percent-encoded or as UTF-8: gRPC takes ASCII alone.
"""

from __future__ import annotations

from urllib.parse import unquote

from remit.gateway.faults import Code, Status
from remit.protocol.values import GLASS_HEADER, Actor

HEADER = GLASS_HEADER.encode()

LONGEST_REASON = 500
"""Signs of a reason: it stands in each record of what was done."""


def reason_of(content: bytes, actor: Actor) -> str:
    """Why `actor` breaks the glass; raises `Status` for nobody, and for what is no reason."""
    if not actor.id:
        raise Status(
            Code.PERMISSION_DENIED,
            "Expected somebody to break the glass whom the broker knows, but the caller is anonymous: "
            "come with credentials (`remit serve --users, --api-keys, --oidc-issuer or "
            "--tls-client-ca`), or leave the header remit-break-glass out",
        )
    try:
        reason = unquote(content.decode(), errors="strict").strip()
    except UnicodeDecodeError:
        raise _wrong("it is no UTF-8: write signs beyond ASCII percent-encoded") from None
    if not reason:
        raise _wrong("it is empty: say in words why the glass is broken")
    if len(reason) > LONGEST_REASON:
        raise _wrong(f"it has {len(reason)} signs: say it in {LONGEST_REASON}")
    if not reason.isprintable():
        raise _wrong("there are signs in it that can't be printed: write it in one line")
    return reason


def _wrong(said: str) -> Status:
    return Status(
        Code.INVALID_ARGUMENT,
        f"Expected the header remit-break-glass to have a reason in words, but {said}",
    )
