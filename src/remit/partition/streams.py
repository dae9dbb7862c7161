"""The job streams that workers hold open: who wants which jobs, served in turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from remit.partition.client import JobStream
from remit.protocol.values import ActivatedJob

Push = Callable[[ActivatedJob], None]

REST_SECONDS = 1.0
"""How long a stream rests that may have none of the jobs that wait."""

AT_ONCE = 100
"""Jobs handed to one stream before the next one has its turn."""


@dataclass(slots=True, eq=False)
class Open:
    """A stream somebody holds. Closed while a job is on its way, it no longer takes that job.

    `rests_until`: there was nothing for it among the jobs that wait; perf_counter seconds.
    """

    stream: JobStream
    push: Push
    is_open: bool = True
    rests_until: float = 0.0


class Streams:
    def __init__(self) -> None:
        self._open: dict[tuple[str, str], list[Open]] = {}

    def open(self, stream: JobStream, push: Push) -> Callable[[], None]:
        entry = Open(stream, push)
        for tenant in stream.tenants:
            self._open.setdefault((stream.type, tenant), []).append(entry)

        return lambda: self.forget(entry)

    def forget(self, entry: Open) -> None:
        """Nothing more for this stream."""
        entry.is_open = False
        for tenant in entry.stream.tenants:
            found = self._open.get((entry.stream.type, tenant), [])
            if entry in found:
                found.remove(entry)
            if not found:
                self._open.pop((entry.stream.type, tenant), None)

    def wanted(self) -> list[tuple[str, str]]:
        """(job type, tenant) pairs that somebody wants; each time another one comes first."""
        wanted = list(self._open)
        if len(wanted) > 1:
            self._open[wanted[0]] = self._open.pop(wanted[0])
        return wanted

    def next(self, job_type: str, tenant: str, now: float) -> Open | None:
        """Whose turn it is; it goes to the end of the queue. None when nobody waits, or all rest."""
        found = self._open.get((job_type, tenant), [])
        for at, chosen in enumerate(found):
            if chosen.rests_until <= now:
                del found[at]
                found.append(chosen)
                return chosen
        return None

    def wake(self, job_type: str, tenant: str) -> None:
        """There are other jobs than before: those who rest look again."""
        for entry in self._open.get((job_type, tenant), ()):
            entry.rests_until = 0.0

    def share(self, job_type: str, tenant: str) -> int:
        """How many jobs to hand out at once: with one stream many, with several a few each."""
        return max(1, AT_ONCE // len(self._open[(job_type, tenant)]))

    def __len__(self) -> int:
        return len({id(entry) for entries in self._open.values() for entry in entries})
