"""`make run`: a broker, an order process, real workers, a few hundred orders.

The broker is `remit serve` in a process of its own; client and workers are unmodified pyzeebe.
"""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyzeebe import ZeebeClient, ZeebeWorker, create_insecure_channel
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from examples.order.workers import pay, register

ORDERS = int(os.environ.get("ORDERS", "300"))
LATE_PAYERS = 10
"""Every so manieth customer pays only when reminded."""

MODEL = Path(__file__).parent / "order.bpmn"
PATIENCE_SECONDS = 120

console = Console()


@contextmanager
def broker(data: str, *options: str) -> Iterator[tuple[str, str]]:
    """A broker on free ports; gives its gRPC and HTTP addresses."""
    command = [sys.executable, "-m", "remit.cli.main", "serve", "--data", data]
    process = subprocess.Popen(
        [*command, "--grpc-port", "0", "--http-port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline().split()
        if len(line) != 3:
            raise SystemExit("The broker did not start: run `.venv/bin/remit serve` to see why.")
        yield line[1].removeprefix("grpc="), line[2].removeprefix("http=")
    finally:
        process.terminate()
        process.wait(30)


def order(number: int) -> dict[str, Any]:
    """A customer's order: some large, some for more than there is, some paid late."""
    pays_late = number % LATE_PAYERS == 0
    return {
        "orderId": f"order-{number}",
        "items": 12 if number % 15 == 7 else 1 + number % 5,
        "total": 1500 if number % 6 == 2 else 100 + number,
        "coolingOff": "PT0.2S",
        "paymentDue": "PT1S" if pays_late else "P1D",
    }


async def play(address: str) -> tuple[dict[str, int], float]:
    """Deploy, work, order, pay; returns how often each job was done, and the seconds it took."""
    channel = create_insecure_channel(grpc_address=address)
    client, worker = ZeebeClient(channel), ZeebeWorker(channel, poll_retry_delay=1)
    count: dict[str, int] = {}
    register(worker, client, count)
    await client.deploy_resource(str(MODEL))
    working = asyncio.create_task(worker.work())
    began = time.perf_counter()
    with progress_bars() as progress:
        made = progress.add_task("orders created", total=ORDERS)
        ended = progress.add_task("orders finished", total=ORDERS)
        limit = asyncio.Semaphore(50)

        async def one(number: int) -> None:
            async with limit:
                await client.run_process("order", order(number))
            progress.advance(made)
            if number % LATE_PAYERS != 0:
                await pay(client, f"order-{number}")

        await asyncio.gather(*(one(number) for number in range(ORDERS)))
        while finished(count) < ORDERS:
            progress.update(ended, completed=finished(count))
            await asyncio.sleep(0.1)
            if time.perf_counter() - began > PATIENCE_SECONDS:
                raise SystemExit(f"Only {finished(count)} of {ORDERS} orders finished: {count}")
        progress.update(ended, completed=ORDERS)
    seconds = time.perf_counter() - began
    await worker.stop()
    working.cancel()
    await channel.close(None)
    return count, seconds


def finished(count: dict[str, int]) -> int:
    return count.get("ship-order", 0) + count.get("tell-customer", 0)


def progress_bars() -> Progress:
    return Progress(
        TextColumn("{task.description:<16}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TimeElapsedColumn(),
        console=console,
    )


def summary(count: dict[str, int], seconds: float, http: str) -> None:
    table = Table(title=f"{ORDERS} orders in {seconds:.1f} s", title_justify="left")
    table.add_column("job type")
    table.add_column("done", justify="right")
    for job_type, number in sorted(count.items()):
        table.add_row(job_type, str(number))
    console.print(table)
    console.print(
        f"{count.get('ship-order', 0)} shipped, {count.get('tell-customer', 0)} rejected, "
        f"{count.get('remind-customer', 0)} reminded.\nTopology was at http://{http}/v2/topology\n\n"
        f"How to go on:\n"
        f"  .venv/bin/remit serve                          a broker of your own on port 26500\n"
        f"  .venv/bin/remit deploy examples/order/order.bpmn\n"
        f'  .venv/bin/remit create order --variables \'{{"orderId": "1", ...}}\'\n'
        f"  examples/order/workers.py                      workers, plain pyzeebe\n"
        f"  README.md, docs/                               everything else"
    )


def main() -> None:
    logging.getLogger("pyzeebe").setLevel(logging.CRITICAL)  # it logs business errors as failures
    console.print("Remit: a broker on an embedded store, workers in plain pyzeebe.\n")
    with tempfile.TemporaryDirectory(prefix="remit-run-") as data, broker(data) as (grpc, http):
        count, seconds = asyncio.run(play(grpc))
        summary(count, seconds, http)


if __name__ == "__main__":
    main()
