from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from api.broadcast import Broadcast, NoticePump, event_bytes
from domain.records import Notice, Topic
from tests.unit.api.in_memory import MemoryNotices

FORECAST = Notice(Topic.FORECAST, 7, datetime(2021, 7, 14, tzinfo=UTC))
READINGS = Notice(Topic.READINGS, None, datetime(2021, 7, 14, tzinfo=UTC))


async def _opened(broadcast: Broadcast, keep_alive_s: float = 5.0) -> AsyncIterator[bytes]:
    stream = broadcast.stream(keep_alive_s)
    assert await anext(stream) == b"retry: 2000\n\n"
    return stream


def test_every_page_hears_every_notice() -> None:
    async def scenario() -> None:
        broadcast = Broadcast(queue_length=4)
        pages = [await _opened(broadcast) for _ in range(3)]
        broadcast.publish(FORECAST)
        for page in pages:
            assert await anext(page) == event_bytes(FORECAST)

    asyncio.run(scenario())


def test_a_slow_page_is_told_to_read_again_and_holds_up_nobody() -> None:
    async def scenario() -> None:
        broadcast = Broadcast(queue_length=2)
        slow, quick = await _opened(broadcast), await _opened(broadcast)
        for _ in range(3):
            broadcast.publish(READINGS)
            assert await anext(quick) == event_bytes(READINGS)
        broadcast.publish(FORECAST)
        assert await anext(slow) == b'event: resync\ndata: {"topic":"resync","id":null,"at":null}\n\n'
        assert await anext(slow) == event_bytes(FORECAST)

    asyncio.run(scenario())


def test_a_quiet_stream_is_kept_alive_and_loses_nothing() -> None:
    async def scenario() -> None:
        broadcast = Broadcast(queue_length=2)
        page = await _opened(broadcast, keep_alive_s=0.01)
        assert await anext(page) == b": keep-alive\n\n"
        broadcast.publish(FORECAST)
        assert await anext(page) == event_bytes(FORECAST)

    asyncio.run(scenario())


def test_closing_ends_streams_and_leaving_frees_the_queue() -> None:
    async def scenario() -> None:
        broadcast = Broadcast(queue_length=1)
        staying, leaving = await _opened(broadcast), await _opened(broadcast)
        assert broadcast.pages == 2
        await leaving.aclose()  # type: ignore[attr-defined]  # it is an async generator
        assert broadcast.pages == 1
        broadcast.publish(FORECAST)
        broadcast.close()
        with pytest.raises(StopAsyncIteration):
            await anext(staying)
        assert broadcast.pages == 0

    asyncio.run(scenario())


def test_the_pump_survives_a_failing_source_and_asks_to_read_again() -> None:
    async def scenario() -> None:
        broadcast, source = Broadcast(queue_length=4), MemoryNotices()
        page = await _opened(broadcast)
        pump = NoticePump(source, broadcast)
        pump.start(asyncio.get_running_loop())
        source.waiting.put(FORECAST)
        assert await anext(page) == event_bytes(FORECAST)
        source.waiting.put(OSError("connection lost"))
        assert (await anext(page)).startswith(b"event: resync")
        source.waiting.put(READINGS)
        assert await anext(page) == event_bytes(READINGS)
        await asyncio.to_thread(pump.stop)

    asyncio.run(scenario())
