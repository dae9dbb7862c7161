"""Operations of the public API that this version does not serve: they say so, by name (501).

They are listed in `unserved.txt`, each line: METHOD /path operationId.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

from remit.gateway.faults import Code, Status
from remit.gateway.rest.frame import Call, Handle, Operation

NAMES = files(__package__).joinpath("unserved.txt").read_text().strip()


def operations() -> Iterator[Operation]:
    """One operation for each line; a test says that none of them is served."""
    for line in NAMES.splitlines():
        method, path, name = line.split()
        yield Operation(method, path, name, _refusing(name), success=501)


def _refusing(name: str) -> Handle:
    async def refuse(call: Call, body: None) -> None:
        raise Status(Code.UNIMPLEMENTED, f"the operation '{name}' is not served by this version")

    return refuse
