"""The engine in memory, without edge or disk: one-task instances per second on one core."""

from __future__ import annotations

import time

from benchmarks.brokers import tasks
from remit import Engine
from remit.engine.step import step
from remit.engine.turn import Request
from remit.protocol import commands as c
from remit.protocol.replies import JobsActivated

INSTANCES = 10_000


def remit_instances_per_second() -> float:
    """Create, activate and complete; rows are drained as a partition would."""
    engine = Engine()
    engine.deploy(("one.bpmn", tasks("one", 1)))
    state, now = engine.state, engine.now
    create = Request(c.CreateInstance(process_id="one", variables={"x": 1}))
    activate = Request(c.ActivateJobs("work", "w", 60_000, 100))
    began = time.process_time()
    for _ in range(INSTANCES // 100):
        for _ in range(100):
            step(state, create, now)
        reply = step(state, activate, now).reply
        assert isinstance(reply, JobsActivated)
        for job in reply.jobs:
            step(state, Request(c.CompleteJob(job.job.key, {"y": 2})), now)
        state.drain()
    return INSTANCES / (time.process_time() - began)
