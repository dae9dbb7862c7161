"""Operations of the public API that this version does not serve: they say so, by name (501).

They are listed in `unserved.txt`, each line: METHOD /path operationId.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from importlib.resources import files

from remit.gateway.faults import Code, Status
from remit.gateway.rest.frame import Call, Handle, Operation

NAMES = files(__package__).joinpath("unserved.txt").read_text().strip()


def operations(served: Collection[Operation]) -> Iterator[Operation]:
    """One operation for each that is not among those that are served."""
    known = {(each.method, _shape(each.path)) for each in served}
    for line in NAMES.splitlines():
        method, path, name = line.split()
        if (method, _shape(path)) not in known:
            yield Operation(method, path, name, _refusing(name), success=501)


def _refusing(name: str) -> Handle:
    async def refuse(call: Call, body: None) -> None:
        raise Status(Code.UNIMPLEMENTED, f"the operation '{name}' is not served by this version")

    return refuse


def _shape(path: str) -> str:
    """The path without the names of its parameters."""
    return "/".join("{}" if step.startswith("{") else step for step in path.split("/"))
