"""The engine in memory, without edge or disk: one-task instances per second on one core.

SpiffWorkflow, the other engine in Python, runs the same model beside it: in memory and not durable.
"""

from __future__ import annotations

import time
from importlib import import_module
from importlib.util import find_spec

from benchmarks.brokers import tasks
from remit import Engine
from remit.engine.step import step
from remit.engine.turn import Request
from remit.protocol import commands as c
from remit.protocol.replies import JobsActivated
from remit.protocol.values import Document, Header

INSTANCES = 10_000
BATCH = 100
NOBODY = Header()


def remit_instances_per_second() -> float:
    engine = Engine()
    engine.deploy(("one.bpmn", tasks("one", 1)))
    return INSTANCES / play(engine, {"x": 1}, INSTANCES)


def play(engine: Engine, given: Document, count: int, header: Header = NOBODY) -> float:
    """Create, activate and complete; rows are drained as a partition would. Seconds of CPU."""
    state, now = engine.state, engine.now
    create = Request(c.CreateInstance(process_id="one", variables=given), header)
    activate = Request(c.ActivateJobs("work", "w", 60_000, BATCH), header)
    began = time.process_time()
    for _ in range(count // BATCH):
        for _ in range(BATCH):
            step(state, create, now)
        reply = step(state, activate, now).reply
        assert isinstance(reply, JobsActivated)
        for job in reply.jobs:
            step(state, Request(c.CompleteJob(job.job.key, {"y": 2}), header), now)
        state.drain()
    return time.process_time() - began


def spiff_instances_per_second() -> float | None:
    """SpiffWorkflow from PyPI on the same model; None where it is not installed."""
    if find_spec("SpiffWorkflow") is None:
        return None
    parser = import_module("SpiffWorkflow.bpmn.parser.BpmnParser").BpmnParser()
    workflow = import_module("SpiffWorkflow.bpmn.workflow").BpmnWorkflow
    states = import_module("SpiffWorkflow.util.task").TaskState
    model = tasks("one", 1).replace(b"serviceTask", b"userTask")
    parser.add_bpmn_str(model)
    spec = parser.get_spec("one")
    count = INSTANCES // 10
    began = time.process_time()
    for _ in range(count):
        instance = workflow(spec)
        instance.do_engine_steps()
        for task in instance.get_tasks(state=states.READY, manual=True):
            task.data["y"] = 2
            task.run()
        instance.do_engine_steps()
        assert instance.is_completed()
    return count / (time.process_time() - began)
