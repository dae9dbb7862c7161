"""Turns that grow too long, processes that never end, and bugs: the partition is never harmed."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from remit import Engine, Refused
from remit.base.errors import RejectionType
from remit.engine.elements.call_activity import MAX_DEPTH
from remit.engine.elements.task import ELEMENT as UNDEFINED_TASK
from remit.partition.loop import PartitionLoop
from remit.partition.storage.memory import MemoryStore
from remit.protocol import commands as c
from remit.protocol.replies import InstanceCreated
from remit.protocol.values import Header
from tests.support.model import Model, one_task
from tests.support.story import completed, leftovers, story


def wide(branches: int) -> Model:
    """A gateway that sends a token along each of many branches."""
    model = Model("wide").start("s").gateway("split", "parallel").path("s", "split")
    for number in range(branches):
        model.plain("task", f"t{number}").path("split", f"t{number}")
    return model


def test_a_turn_that_grows_too_long_goes_on_in_the_next(engine: Engine) -> None:
    engine.deploy(("wide.bpmn", wide(1200).xml()))
    engine.create("wide")

    assert completed(engine)[-1] == "wide"
    assert story(engine).count("AGENDA DEFERRED") >= 2
    assert leftovers(engine) == []


def test_a_process_that_calls_itself_for_ever_is_an_incident_at_last(engine: Engine) -> None:
    model = Model("p").start("s").call("again", "p").end("e").path("s", "again", "e")
    engine.deploy(("p.bpmn", model.xml()))
    key = engine.create("p").key

    (incident,) = engine.state.incidents.rows.values()
    assert f"{MAX_DEPTH} calls" in incident.error_message
    engine.cancel(key)
    assert leftovers(engine) == []


def test_a_long_step_shares_the_partition_with_everybody_else() -> None:
    loops = Model("p").start("s").call("again", "p").end("e").path("s", "again", "e")

    async def story() -> None:
        loop = PartitionLoop(1, 1, MemoryStore())
        header = Header()
        for model in (loops, one_task()):
            await loop.ask(c.DeployResources(((f"{model.id}.bpmn", model.xml()),)), header)
        long = await loop.ask(c.CreateInstance(process_id="p"), header)
        began = time.process_time()
        other = await loop.ask(c.CreateInstance(process_id="one"), header)

        assert isinstance(other, InstanceCreated)
        assert time.process_time() - began < 1
        assert isinstance(long, InstanceCreated)
        await loop.ask(c.CancelInstance(long.key), header)
        await loop.stop()

    asyncio.run(asyncio.wait_for(story(), 60))


def test_rule_94_a_bug_bans_its_instance_and_nothing_else(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model("p").start("s").service("a", "work").plain("task", "t").end("e")
    engine.deploy(("p.bpmn", model.path("s", "a", "t", "e").xml()))
    engine.create("p")
    engine.create("p")
    first, second = engine.activate("work", limit=2)

    def explode(*_: Any) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as broken:
        broken.setattr(type(UNDEFINED_TASK), "waits", explode)
        with pytest.raises(Refused) as fault:
            engine.complete(first.job.key)
    with pytest.raises(Refused) as banned:
        engine.complete(first.job.key)
    engine.complete(second.job.key)

    assert fault.value.reply.type is RejectionType.PROCESSING_ERROR
    assert "a bug" in str(fault.value)
    assert banned.value.reply.type is RejectionType.INVALID_STATE
    assert completed(engine).count("p") == 1
    assert "ERROR CREATED" in story(engine)
