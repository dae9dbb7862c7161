"""The job streams that workers hold open: who wants which jobs, served in turn."""

from __future__ import annotations

from collections.abc import Callable

from remit.partition.client import JobStream
from remit.protocol.values import ActivatedJob

Push = Callable[[ActivatedJob], None]
Open = tuple[JobStream, Push]

AT_ONCE = 100
"""Jobs handed to one stream before the next one has its turn."""


class Streams:
    def __init__(self) -> None:
        self._open: dict[tuple[str, str], list[Open]] = {}

    def open(self, stream: JobStream, push: Push) -> Callable[[], None]:
        entry = (stream, push)
        for tenant in stream.tenants:
            self._open.setdefault((stream.type, tenant), []).append(entry)

        def close() -> None:
            for tenant in stream.tenants:
                found = self._open.get((stream.type, tenant), [])
                if entry in found:
                    found.remove(entry)
                if not found:
                    self._open.pop((stream.type, tenant), None)

        return close

    def wanted(self) -> list[tuple[str, str]]:
        """(job type, tenant) pairs that somebody wants."""
        return list(self._open)

    def next(self, job_type: str, tenant: str) -> Open | None:
        """Whose turn it is; it goes to the end of the queue."""
        found = self._open.get((job_type, tenant))
        if not found:
            return None
        chosen = found.pop(0)
        found.append(chosen)
        return chosen

    def share(self, job_type: str, tenant: str) -> int:
        """How many jobs to hand out at once: with one stream many, with several a few each."""
        return max(1, AT_ONCE // len(self._open[(job_type, tenant)]))

    def __len__(self) -> int:
        return len({id(entry) for entries in self._open.values() for entry in entries})
