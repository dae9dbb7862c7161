"""The exporter process beside the broker: started with it, restarted when it dies, stopped last."""

from __future__ import annotations

import asyncio
import logging
import sys

from remit.server.config import Config

RESTART_SECONDS = 1.0

log = logging.getLogger("remit.server")


class Exporting:
    def __init__(self, config: Config) -> None:
        self._config = config
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._config.exporters:
            self._task = asyncio.create_task(self._keep_running())

    async def stop(self) -> None:
        """Let it read the log to its end, then end it."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    async def _keep_running(self) -> None:
        while True:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "remit.exporters.process",
                self._config.data, str(self._config.partitions), *self._config.exporters,
            )  # fmt: skip
            code = await self._process.wait()
            log.error("the exporter process died and is started again", extra={"code": code})
            await asyncio.sleep(RESTART_SECONDS)
