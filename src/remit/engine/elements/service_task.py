"""Service task: done by a worker of its job type."""

from remit.engine.elements.job_activity import JobActivityElement

ELEMENT = JobActivityElement()
