"""Reading history for the gateway: on threads of its own, after what the caller has written.

A search sees every command that was answered before it: it waits until the projection has reached the
positions of that moment, `WAIT_SECONDS` at most, and then answers with what is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from remit.history.database import open_database, positions, prepare
from remit.history.viewing import seen_by, sees_everything
from remit.identity.principal import Principal

T = TypeVar("T")

THREADS = 4
WAIT_SECONDS = 5.0
LOOK_SECONDS = 0.01


class Unreachable(Exception):
    """The database does not answer, with its own words."""


class History:
    """`url` as `open_database` takes it; raises `ValueError` when it can't be opened.

    `owner` is the cluster whose history it is: see `prepare`.
    """

    def __init__(self, url: str, owner: str = "") -> None:
        self._engine = open_database(url)
        try:
            prepare(self._engine, owner)
        except SQLAlchemyError as fault:
            raise ValueError(f"the database can't be used: {_words(fault)}") from fault
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="history")
        self._reached: dict[int, int] = {}

    async def read(
        self,
        query: Callable[[Connection], T],
        after: Mapping[int, int],
        who: Principal | None,
    ) -> T:
        """The result of `query`, once the log up to `after` (position by partition) is told.

        The query sees what `who` may see; None: everything. Raises `Unreachable`.
        """
        loop = asyncio.get_running_loop()
        try:
            await self._wait(after)
            return await loop.run_in_executor(self._threads, self._run, query, who)
        except OperationalError as fault:
            raise Unreachable(_words(fault)) from fault

    def close(self) -> None:
        self._threads.shutdown(wait=True)
        self._engine.dispose()

    async def _wait(self, after: Mapping[int, int]) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + WAIT_SECONDS
        while not self._has_reached(after) and loop.time() < deadline:
            self._reached = dict(await loop.run_in_executor(self._threads, positions, self._engine))
            if self._has_reached(after):
                return
            await asyncio.sleep(LOOK_SECONDS)

    def _has_reached(self, after: Mapping[int, int]) -> bool:
        return all(self._reached.get(partition, 0) >= at for partition, at in after.items())

    def _run(self, query: Callable[[Connection], T], who: Principal | None) -> T:
        with self._engine.connect() as connection:
            if who is None or sees_everything(who):
                return query(connection)
            with seen_by(connection, who):
                return query(connection)


def _words(fault: SQLAlchemyError) -> str:
    """What the database said, in one line."""
    return str(getattr(fault, "orig", None) or fault).strip().partition("\n")[0]
