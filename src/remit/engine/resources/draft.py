"""A resource that was read and found right, and is not yet deployed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from remit.protocol.replies import DeployedResource


@dataclass(frozen=True, slots=True)
class Draft:
    """`deploy` emits its events and tells what became of it. `kind` and `id` may occur once."""

    kind: str
    id: str
    resource_name: str
    deploy: Callable[[], list[DeployedResource]]
