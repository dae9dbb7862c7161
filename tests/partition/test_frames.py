"""Frames between gateway and partition processes: whole, in order, whatever the socket makes of them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from remit.partition import frames as f

LARGE = "x" * 3_000_000
"""More than a socket hands over at once."""


async def pair(folder: Path) -> tuple[f.Channel, f.Channel, asyncio.AbstractServer]:
    """The side that was called, and the one that called."""
    loop = asyncio.get_running_loop()
    called: asyncio.Future[f.Channel] = loop.create_future()
    path = str(folder / "socket")
    server = await loop.create_unix_server(lambda: f.Channel(called.set_result), path)
    _, calling = await loop.create_unix_connection(f.Channel, path)
    return await called, calling, server


def test_messages_arrive_whole_and_in_order_though_nobody_listened_yet(tmp_path: Path) -> None:
    said = [f.JobsThere(f"type-{number}", "<default>") for number in range(100)]
    said.insert(50, f.JobsThere(LARGE, "<default>"))

    async def story() -> None:
        called, calling, server = await pair(tmp_path)
        calling.say(f.Hello(7))
        for message in said[:10]:
            calling.say(message)
        assert await called.greeting() == f.Hello(7)
        await asyncio.sleep(0.02)  # the first ten are there before anybody listens
        for message in said[10:]:
            calling.say(message)
        heard: list[f.Frame] = []
        closing = asyncio.create_task(calling.close())
        await called.listen(heard.append)
        await closing
        server.close()

        assert heard == said

    asyncio.run(asyncio.wait_for(story(), 20))


def test_frames_may_come_in_any_pieces() -> None:
    async def story() -> None:
        written = bytearray()
        for count in (1, 3):
            body = msgspec.msgpack.encode([f.CloseStream(number) for number in range(count)])
            written += len(body).to_bytes(4, "big") + body
        for size in (1, 2, 5, len(written)):
            channel = f.Channel()
            heard: list[f.Frame] = []
            listening = asyncio.ensure_future(channel.listen(heard.append))
            await asyncio.sleep(0)
            for at in range(0, len(written), size):
                channel.data_received(bytes(written[at : at + size]))
            channel.connection_lost(None)
            await listening

            assert [each.number for each in heard if isinstance(each, f.CloseStream)] == [
                0,
                0,
                1,
                2,
            ]

    asyncio.run(asyncio.wait_for(story(), 20))


def test_a_caller_that_leaves_without_a_word_has_no_greeting(tmp_path: Path) -> None:
    async def story() -> None:
        called, calling, server = await pair(tmp_path)
        await calling.close()

        assert await called.greeting() is None
        server.close()

    asyncio.run(asyncio.wait_for(story(), 20))
