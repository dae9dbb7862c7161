"""`remit sidecar`: a proxy that asks the policy of each job, for workers that stay as they are."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import signal
from pathlib import Path
from typing import Any

import click

from remit.authority import AuthorityFault, read_key_ring
from remit.base.errors import Unavailable
from remit.cli.connection import bare_address, tls_options
from remit.client.gate import Gate
from remit.client.sidecar import Broker, serve
from remit.client.tls import Door, Way
from remit.partition.keys import check_signer, read_signer

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class Pem(click.Path):
    """A file that is there; empty when none is given."""

    def __init__(self) -> None:
        super().__init__(exists=True, dir_okay=False)

    def convert(self, value: Any, *context: Any) -> Any:
        return super().convert(value, *context) if value else ""


PEM = Pem()


@click.command("sidecar")
@click.option(
    "--broker", default="127.0.0.1:26500", show_default=True, envvar="REMIT_ADDRESS",
    help="The broker's gRPC; https:// in front of it speaks TLS.",
)  # fmt: skip
@click.option(
    "--listen", default="127.0.0.1:26501", show_default=True,
    help="Where workers connect to; port 0 takes a free one.",
)  # fmt: skip
@click.option("--keys", type=FILE, required=True, help="A JWK set: the keys that are trusted.")
@click.option("--worker-key", default="", help="NAME=FILE: the key that receipts are signed with.")
@click.option("--insist", is_flag=True, help="Hand no job on that comes without a policy.")
@tls_options
@click.option(
    "--listen-tls-cert",
    type=PEM,
    default="",
    help="Workers are spoken with by TLS. (PEM)",
)
@click.option("--listen-tls-key", type=PEM, default="", help="The key of that certificate. (PEM)")
@click.option(
    "--listen-tls-client-ca", type=PEM, default="",
    help="Let in workers with a certificate that this authority signed. (PEM)",
)  # fmt: skip
@click.option(
    "--allow-anonymous-network", is_flag=True,
    help="Listen beyond this machine although workers have to show no certificate.",
)  # fmt: skip
def sidecar_command(
    broker: str,
    listen: str,
    keys: Path,
    worker_key: str,
    insist: bool,
    tls_ca: str | None,
    tls_cert: str | None,
    tls_key: str | None,
    listen_tls_cert: str,
    listen_tls_key: str,
    listen_tls_client_ca: str,
    allow_anonymous_network: bool,
) -> None:
    """Stand between workers and a broker: hand on only the jobs that their policy admits.

    Files of TLS are read again when they change.
    """
    address = bare_address(broker)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    is_tls = broker.startswith("https://") or bool(tls_ca or tls_cert or tls_key)
    way = Way(tls_ca or "", tls_cert or "", tls_key or "") if is_tls else None
    wants_door = bool(listen_tls_cert or listen_tls_key or listen_tls_client_ca)
    door = Door(listen_tls_cert, listen_tls_key, listen_tls_client_ca) if wants_door else None
    for options, files in (("--tls-…", way), ("--listen-tls-…", door)):
        problem = "" if files is None else files.problem()
        if problem:
            raise click.ClickException(f"{options}: {problem}")
    if not (allow_anonymous_network or listen_tls_client_ca or _is_own(listen)):
        raise click.ClickException(
            f"anybody who reaches {listen} could work in this sidecar's name: ask workers for a "
            f"certificate (--listen-tls-client-ca), listen on 127.0.0.1, or say "
            f"--allow-anonymous-network"
        )
    try:
        ring = read_key_ring(keys.read_bytes())
        signer = read_signer(worker_key) if worker_key else None
        if signer is not None:
            check_signer(signer, str(keys), "worker")
    except (AuthorityFault, Unavailable) as fault:
        raise click.ClickException(str(fault)) from fault
    try:
        asyncio.run(_serve(address, way, listen, door, Gate(ring, signer, insists=insist)))
    except OSError as fault:
        raise click.ClickException(str(fault)) from fault


def _is_own(listen: str) -> bool:
    """Only programs of this machine reach it."""
    host = listen.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or listen.startswith("unix:")


async def _serve(address: str, way: Way | None, listen: str, door: Door | None, gate: Gate) -> None:
    """Until SIGTERM or Ctrl-C."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    broker = Broker(address, way)
    server, port = await serve(listen, broker, gate, door)
    looking = asyncio.create_task(broker.keep())
    click.echo(f"ready grpc={listen.rpartition(':')[0]}:{port}")
    await stopping.wait()
    looking.cancel()
    await server.stop(5)
    await broker.close()
