"""The processes beside the broker that read its log: exporters, the history's projection, and
what signs it for the auditor.

Started with the broker, again when they die, stopped last.
"""

from __future__ import annotations

import asyncio
import logging
import sys

from remit.base.scheduling import stand_aside
from remit.server.config import Config

RESTART_SECONDS = 1.0

log = logging.getLogger("remit.server")


class Exporting:
    def __init__(self, config: Config) -> None:
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stand_aside = config.is_read_beside
        data, partitions = config.data, str(config.partitions)
        self._commands: dict[str, tuple[str, ...]] = {}
        if config.exporters:
            self._commands["remit.exporters.process"] = (
                data, partitions, config.holder_key, *config.exporters,
            )  # fmt: skip
        if config.audit_key:
            self._commands["remit.audit.following"] = (data, partitions, config.audit_key)
        if config.history_url:
            self._commands["remit.history.following"] = (
                data, partitions, config.history_url, *config.history_retention,
            )  # fmt: skip

    def start(self) -> None:
        for module in self._commands:
            self._tasks.append(asyncio.create_task(self._keep_running(module)))

    async def stop(self) -> None:
        """Let them read the log to its end, then end them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        running = [each for each in self._processes.values() if each.returncode is None]
        for process in running:
            process.terminate()
        await asyncio.gather(*(process.wait() for process in running))

    async def _keep_running(self, module: str) -> None:
        while True:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", module, *self._commands[module]
            )
            self._processes[module] = process
            if self._stand_aside:
                stand_aside(process.pid)
            code = await process.wait()
            log.error("a process beside the broker died", extra={"module": module, "code": code})
            await asyncio.sleep(RESTART_SECONDS)
