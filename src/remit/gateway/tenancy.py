"""The tenants that requests name (reference 2.3).

While multi-tenancy is off there is the default tenant alone, and who names another one is told so. While
it is on, every request that makes or finds something by name says in which tenant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from remit.gateway.faults import Code, Status
from remit.protocol.values import DEFAULT_TENANT

LONGEST_ID = 31
_ID = re.compile(rf"[\w.-]{{1,{LONGEST_ID}}}")


class Tenancy:
    def __init__(self, *, is_on: bool) -> None:
        self.is_on = is_on

    def one(self, given: str | None) -> str:
        """The tenant of a request; raises `Status`."""
        if self.is_on:
            return _checked(given or "")
        if given in (None, "", DEFAULT_TENANT):
            return DEFAULT_TENANT
        raise _wrong(
            f"Expected to handle the request with tenant identifier '{given}', but multi-tenancy is "
            f"disabled: leave it out, or send '{DEFAULT_TENANT}'"
        )

    def several(self, given: Sequence[str], *, assigned: bool = False) -> tuple[str, ...]:
        """The tenants whose jobs are asked for. `assigned`, or empty: all that the caller is in."""
        if not self.is_on:
            for each in given:
                self.one(each)
            return (DEFAULT_TENANT,)
        if assigned:
            return ()
        if not given:
            raise _wrong(
                "Expected to handle the request with tenant identifiers, but none was provided: name "
                "them, or set the tenant filter to ASSIGNED"
            )
        return tuple(dict.fromkeys(_checked(each) for each in given))


def _checked(given: str) -> str:
    if not given:
        raise _wrong(
            "Expected to handle the request with a tenant identifier, but none was provided, and "
            "multi-tenancy is enabled"
        )
    if given != DEFAULT_TENANT and _ID.fullmatch(given) is None:
        raise _wrong(
            f"Expected to handle the request with tenant identifier '{given[:100]}', but it has to be "
            f"1 to 31 letters, digits and . - _"
        )
    return given


def _wrong(said: str) -> Status:
    return Status(Code.INVALID_ARGUMENT, said)
