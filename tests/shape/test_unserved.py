"""What the list of unserved operations names is really not served."""

from __future__ import annotations

from remit.gateway.rest import unserved
from remit.gateway.rest.app import SERVED
from remit.gateway.rest.frame import Operation


def _shape(operation: Operation) -> tuple[str, str]:
    """Method and path, without the names of parameters."""
    steps = operation.path.split("/")
    return operation.method, "/".join("{}" if step.startswith("{") else step for step in steps)


def test_no_operation_is_served_and_listed_as_unserved() -> None:
    assert {_shape(each) for each in SERVED}.isdisjoint(map(_shape, unserved.operations()))
