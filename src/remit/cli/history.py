"""`remit history`: looking after what can be searched."""

from __future__ import annotations

from pathlib import Path

import click
from rich.progress import Progress
from sqlalchemy.exc import SQLAlchemyError

from remit.history.database import clear, open_database
from remit.history.following import catch_up, length
from remit.server.config import CLUSTER_ID, Config


@click.group("history")
def history_group() -> None:
    """Look after what can be searched."""


@history_group.command("rebuild")
@click.option(
    "--data", envvar="REMIT_DATA", default="data", show_default=True, help="The data folder."
)
@click.option(
    "--history", envvar="REMIT_HISTORY", default="", help="The database; beside the data."
)
def rebuild(data: str, history: str) -> None:
    """Make history anew from the log.

    Best with the broker stopped: searches find little until it is done.
    """
    url = Config(data=data, history=history).history_url
    partitions = len(list(Path(data).glob("partition-*.db")))
    if not url or not partitions:
        raise click.ClickException(f"{data} holds no partitions, or no history is kept of them")
    try:
        engine = open_database(url)
        clear(engine, _cluster(Path(data)))
        with Progress() as progress:
            total = length(Path(data), partitions)
            task = progress.add_task("telling the log", total=total)

            def tell(done: int) -> None:
                said = f"position {done:,} of {total:,}"
                progress.update(task, description=said, completed=done)

            catch_up(engine, Path(data), partitions, tell)
    except (ValueError, SQLAlchemyError) as fault:
        raise click.ClickException(str(fault).splitlines()[0]) from fault
    click.echo("history is as the log tells it")


def _cluster(data: Path) -> str:
    """The id of the broker's data; empty where it has never been started."""
    path = data / CLUSTER_ID
    return path.read_text().strip() if path.exists() else ""
