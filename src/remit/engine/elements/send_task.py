"""Send task: a worker sends; the engine only waits for the job."""

from remit.engine.elements.job_activity import JobActivityElement

ELEMENT = JobActivityElement()
