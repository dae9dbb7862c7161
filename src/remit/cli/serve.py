"""`remit serve`: run a broker."""

from __future__ import annotations

import asyncio
import sys

import click

from remit.server.config import Config
from remit.server.main import CannotStart, serve


@click.command("serve")
@click.option(
    "--data",
    envvar="REMIT_DATA",
    default="data",
    show_default=True,
    help="Folder of the broker's data.",
)
@click.option(
    "--host",
    envvar="REMIT_HOST",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on.",
)
@click.option(
    "--grpc-port",
    envvar="REMIT_GRPC_PORT",
    default=26500,
    show_default=True,
    help="0 takes a free port.",
)
@click.option(
    "--http-port",
    envvar="REMIT_HTTP_PORT",
    default=8080,
    show_default=True,
    help="0 takes a free port.",
)
@click.option(
    "--partitions",
    envvar="REMIT_PARTITIONS",
    default=1,
    show_default=True,
    help="How many partitions.",
)
@click.option(
    "--exporter",
    "exporters",
    envvar="REMIT_EXPORTERS",
    multiple=True,
    help="Send every record somewhere: jsonl:PATH writes lines of JSON. May be repeated.",
)
@click.option(
    "--history",
    envvar="REMIT_HISTORY",
    default="",
    help="Where to keep what can be searched: a database URL, or none. Default: beside the data.",
)
@click.option(
    "--allow-anonymous-network",
    envvar="REMIT_ALLOW_ANONYMOUS_NETWORK",
    is_flag=True,
    help="Listen beyond this machine although nobody has to say who they are.",
)
def serve_command(
    data: str,
    host: str,
    grpc_port: int,
    http_port: int,
    partitions: int,
    exporters: tuple[str, ...],
    history: str,
    allow_anonymous_network: bool,
) -> None:
    """Run a broker until it is told to stop (SIGTERM or Ctrl-C)."""
    config = Config(
        data=data,
        host=host,
        grpc_port=grpc_port,
        http_port=http_port,
        partitions=partitions,
        exporters=exporters,
        history=history,
        allow_anonymous_network=allow_anonymous_network,
    )
    try:
        sys.exit(asyncio.run(serve(config, lambda line: print(line, flush=True))))
    except CannotStart as fault:
        raise click.ClickException(str(fault)) from fault
