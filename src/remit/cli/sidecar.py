"""`remit sidecar`: a proxy that asks the policy of each job, for workers that stay as they are."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import click
import grpc.aio

from remit.authority import AuthorityFault, read_key_ring
from remit.base.errors import Unavailable
from remit.client.gate import Gate
from remit.client.sidecar import serve
from remit.partition.keys import read_signer

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("sidecar")
@click.option("--broker", default="127.0.0.1:26500", show_default=True, help="The broker's gRPC.")
@click.option(
    "--listen", default="127.0.0.1:26501", show_default=True,
    help="Where workers connect to; port 0 takes a free one.",
)  # fmt: skip
@click.option("--keys", type=FILE, required=True, help="A JWK set: the keys that are trusted.")
@click.option("--worker-key", default="", help="NAME=FILE: the key that receipts are signed with.")
@click.option("--insist", is_flag=True, help="Hand no job on that comes without a policy.")
def sidecar_command(broker: str, listen: str, keys: Path, worker_key: str, insist: bool) -> None:
    """Stand between workers and a broker: hand on only the jobs that their policy admits."""
    try:
        ring = read_key_ring(keys.read_bytes())
        signer = read_signer(worker_key) if worker_key else None
    except (AuthorityFault, Unavailable) as fault:
        raise click.ClickException(str(fault)) from fault
    asyncio.run(_serve(broker, listen, Gate(ring, signer, insists=insist)))


async def _serve(broker: str, listen: str, gate: Gate) -> None:
    """Until SIGTERM or Ctrl-C."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with grpc.aio.insecure_channel(broker) as channel:
        server, port = await serve(listen, channel, gate)
        click.echo(f"ready grpc={listen.rpartition(':')[0]}:{port}")
        await stopping.wait()
        await server.stop(5)
