"""A real server on a free port with a real database behind it, and a page that listens to its events."""

from __future__ import annotations

import json
import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from api.app import create_app
from api.context import ApiSettings
from api.server import api_server
from domain.basin import Basin
from store.connection import Database
from store.listening import NoticeListener
from store.queries import Queries


@dataclass
class Served:
    """A running server; ``client`` speaks to it."""

    url: str
    client: httpx.Client
    thread: threading.Thread


@contextmanager
def serving(basin: Basin, database: Database) -> Iterator[Served]:
    """Run the application until the block ends; the server must then stop within seconds."""
    app = create_app(basin, Queries(database), NoticeListener(database.url), ApiSettings(keep_alive_s=0.2))
    server = api_server(app)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="server")
        thread.start()
        try:
            with httpx.Client(base_url=url, timeout=10) as client:
                _wait_for_listener(database.url)
                # Else every small answer would wait 40 ms for an acknowledgement.
                assert listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
                yield Served(url, client, thread)
        finally:
            server.should_exit = True
            thread.join(timeout=10)
            assert not thread.is_alive(), "the server did not stop"


def _wait_for_listener(url: str) -> None:
    """Return when the server listens; what is committed before is told by the resync that follows."""
    ours = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
    deadline = time.monotonic() + 10
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(ours).fetchone() != (1,):
            assert time.monotonic() < deadline, "the server does not listen to the database"
            time.sleep(0.02)


class Page:
    """Listens to the event stream in a thread, as a browser does."""

    def __init__(self, url: str) -> None:
        self._heard: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()
        self.opened = threading.Event()
        self.ended = threading.Event()
        self.keep_alives = 0
        threading.Thread(target=self._listen, args=(url,), name="page", daemon=True).start()
        assert self.opened.wait(5), "the event stream did not open"

    def next(self, name: str, timeout_s: float) -> dict[str, Any]:
        """Return the body of the next event of this name, or fail after ``timeout_s``."""
        while True:
            heard, body = self._heard.get(timeout=timeout_s)
            if heard == name:
                return body

    def _listen(self, url: str) -> None:
        with httpx.stream("GET", f"{url}/api/v1/events", timeout=30) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            name = ""
            for line in response.iter_lines():
                if line.startswith("retry:"):
                    self.opened.set()
                elif line.startswith(":"):
                    self.keep_alives += 1
                elif line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    self._heard.put((name, json.loads(line.removeprefix("data: "))))
        self.ended.set()
