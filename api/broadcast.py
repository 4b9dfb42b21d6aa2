"""Fan-out of notices to open pages: one listening thread in, one bounded queue a page out."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final

from api.ports import NoticeSource
from domain.clock import format_utc
from domain.records import Notice, Topic

logger = logging.getLogger(__name__)

RESYNC: Final = Notice(Topic.RESYNC, None, None)
_RESTART_AFTER_S: Final = 1.0


def event_bytes(notice: Notice) -> bytes:
    r"""Return a notice as one server-sent event.

    >>> event_bytes(Notice(Topic.FORECAST, 7, None))
    b'event: forecast\ndata: {"topic":"forecast","id":7,"at":null}\n\n'
    """
    at = None if notice.at is None else format_utc(notice.at)
    body = json.dumps({"topic": notice.topic.value, "id": notice.reference, "at": at}, separators=(",", ":"))
    return f"event: {notice.topic.value}\ndata: {body}\n\n".encode()


class Broadcast:
    """Hands every notice to every open page; lives in the event loop's thread."""

    def __init__(self, queue_length: int) -> None:
        self._queue_length = queue_length
        self._queues: set[asyncio.Queue[Notice | None]] = set()

    @property
    def pages(self) -> int:
        """How many pages are listening."""
        return len(self._queues)

    def publish(self, notice: Notice) -> None:
        """Offer a notice to every page; one that does not keep up is told to read everything again."""
        for queue in self._queues:
            if queue.full():
                _empty(queue)
                queue.put_nowait(RESYNC)
            else:
                queue.put_nowait(notice)

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        for queue in self._queues:
            _empty(queue)
            queue.put_nowait(None)

    async def stream(self, keep_alive_s: float) -> AsyncIterator[bytes]:
        """Yield server-sent events for one page until it leaves or the broadcast closes."""
        with self._subscription() as queue:
            yield b"retry: 2000\n\n"
            while True:
                try:
                    async with asyncio.timeout(keep_alive_s):
                        notice = await queue.get()
                except TimeoutError:
                    yield b": keep-alive\n\n"
                    continue
                if notice is None:
                    return
                yield event_bytes(notice)

    @contextmanager
    def _subscription(self) -> Iterator[asyncio.Queue[Notice | None]]:
        queue: asyncio.Queue[Notice | None] = asyncio.Queue(self._queue_length)
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)


def _empty(queue: asyncio.Queue[Notice | None]) -> None:
    while not queue.empty():
        queue.get_nowait()


class NoticePump:
    """The one thread that listens to the database and hands notices to the event loop."""

    def __init__(self, source: NoticeSource, broadcast: Broadcast) -> None:
        self._source = source
        self._broadcast = broadcast
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to listen; must be called once."""
        self._thread = threading.Thread(target=self._run, args=(loop,), name="notices", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End listening and wait for the thread."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=5.0)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._stopped.is_set():
            try:
                for notice in self._source.notices(self._stopped):
                    self._hand_over(loop, notice)
            except Exception:
                logger.exception("listening for notices failed; starting again")
            # The source ends only when it failed or was stopped: in the first case notices may be lost.
            if not self._stopped.wait(_RESTART_AFTER_S):
                self._hand_over(loop, RESYNC)

    def _hand_over(self, loop: asyncio.AbstractEventLoop, notice: Notice) -> None:
        if not self._stopped.is_set():
            loop.call_soon_threadsafe(self._broadcast.publish, notice)
