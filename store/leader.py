"""Leadership among several model processes: whoever holds an advisory lock of the database."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Final

import psycopg

from domain.errors import StoreUnavailable
from store.connection import in_words

LOCK: Final = 7_261_453  # any constant that all of us use and nobody else does
RETRY_S: Final = 2.0


class Leader:
    """Holds the lock on a connection of its own; the lock ends with the connection, whatever kills it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection | None = None

    def __enter__(self) -> Leader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.close()

    def wait(self, stop: threading.Event) -> bool:
        """Wait until this process leads; False when told to stop before.

        Raises
        ------
        StoreUnavailable
            When the database cannot be reached.
        """
        try:
            self._connection = self._connection or psycopg.connect(self._url, autocommit=True, connect_timeout=5)
            while not stop.is_set():
                row = self._connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone()
                if row == (True,):
                    return True
                stop.wait(RETRY_S)
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise StoreUnavailable(in_words(error)) from error
        return False
