"""User task, done as a job of the type that Zeebe's task lists poll."""

from remit.engine.elements.job_activity import JobActivityElement

ELEMENT = JobActivityElement()
