"""Unmodified pyzeebe against a real broker. In a process of its own: its stubs have our names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.broker import Broker
from tests.support.model import one_task

SCRIPT = """
import asyncio, sys
from pyzeebe import ZeebeClient, ZeebeWorker, create_insecure_channel
from pyzeebe.errors import ProcessDefinitionNotFoundError, ProcessInstanceNotFoundError

async def main(address, model):
    channel = create_insecure_channel(grpc_address=address)
    client, worker = ZeebeClient(channel), ZeebeWorker(channel)

    @worker.task(task_type="pyzeebe-work")
    async def work(x: int) -> dict:
        return {"y": x + 1}

    await client.deploy_resource(model)
    working = asyncio.create_task(worker.work())
    result = await client.run_process_with_result("pyzeebe", {"x": 4})
    assert result.variables == {"x": 4, "y": 5}, result
    for call, fault in (
        (client.run_process("nobody"), ProcessDefinitionNotFoundError),
        (client.cancel_process_instance(1), ProcessInstanceNotFoundError),
    ):
        try:
            await call
        except fault:
            pass
        else:
            raise SystemExit(f"expected {fault}")
    await client.publish_message("anything", "key")
    assert (await client.topology()).partitions_count == 1
    assert (await client.healthcheck()).status == 1
    await worker.stop()
    working.cancel()

asyncio.run(main(*sys.argv[1:]))
"""


def test_pyzeebe_deploys_works_and_gets_results(shared_broker: Broker, tmp_path: Path) -> None:

    model = tmp_path / "pyzeebe.bpmn"
    model.write_bytes(one_task("pyzeebe", "pyzeebe-work").xml())

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, shared_broker.grpc, str(model)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]
