"""How the supervisor and the broker process talk: lines over a Unix socket.

    broker     ▶ "ready <http>" | "failed <sentence>" once; the REST port, 0 when it is Envoy's
    supervisor ▶ "ports <host> <grpc>"                what the topology tells
    supervisor ▶ "drain"                              finish and close
    broker     ▶ "drained"

When the line breaks the other side is gone: a broker without its supervisor ends itself.
"""

from __future__ import annotations

import asyncio


class Line:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, message: str) -> None:
        self._writer.write(message.replace("\n", " ").encode() + b"\n")
        await self._writer.drain()

    async def hear(self) -> str | None:
        """The next message; None when the other side is gone."""
        line = await self._reader.readline()
        return line.decode().strip() if line.endswith(b"\n") else None


async def connect(path: str) -> Line:
    return Line(*await asyncio.open_unix_connection(path))
