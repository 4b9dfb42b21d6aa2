"""Connections to the database, pooled, with its failures in our own words."""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TypeAlias

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

from domain.errors import StoreUnavailable
from store.arrays import register

Connection: TypeAlias = psycopg.Connection[TupleRow]

POOL_SIZE = 8
WAIT_S = 10.0


class Database:
    """A pool of connections to one database; safe to share between threads.

    Parameters
    ----------
    url
        ``postgresql://user:password@host:port/name``.
    pool_size
        Connections kept at most.
    wait_s
        How long a caller waits for a connection before :class:`StoreUnavailable`.

    Notes
    -----
    Opening does not connect; the first transaction does. A broken connection is replaced in the
    background, so a restarted server is used again without a restart of ours.
    """

    def __init__(self, url: str, *, pool_size: int = POOL_SIZE, wait_s: float = WAIT_S) -> None:
        self.url = url
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            url,
            kwargs={"connect_timeout": 5, "application_name": "hydronum"},
            min_size=1,
            max_size=pool_size,
            timeout=wait_s,
            reconnect_timeout=wait_s,
            check=_check,
            configure=_prepare,
            open=True,
        )

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @staticmethod
    @contextmanager
    def _failures_in_words() -> Iterator[None]:
        try:
            yield
        except (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.UndefinedTable) as error:
            raise StoreUnavailable(in_words(error)) from error

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Yield a connection whose work is committed when the block ends and undone when it raises.

        Raises
        ------
        StoreUnavailable
            When the database cannot be reached, ends, was not migrated, or is out of resources (disk,
            memory, connections). Nothing of the block may be taken as committed.
        """
        with self._failures_in_words(), self._pool.connection() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection for questions alone: each sees what is committed when it is asked.

        Raises
        ------
        StoreUnavailable
            As :meth:`transaction`.
        """
        with self._failures_in_words(), self._pool.connection() as connection:
            # No BEGIN and COMMIT around a single question: that would be two more ways to the server.
            connection.autocommit = True
            try:
                yield connection
            finally:
                if not connection.closed:
                    connection.autocommit = False

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


def in_words(error: psycopg.Error) -> str:
    """Say in plain words what a failure of the database means for the one who runs it."""
    if isinstance(error, psycopg.errors.DiskFull):
        return "the disk of the database is full; nothing was stored"
    if isinstance(error, psycopg.errors.UndefinedTable):
        return "the database has no tables of HydroNum yet: run hydronum migrate first"
    if isinstance(error, psycopg.errors.TooManyConnections):
        return "the database has no connection left; nothing was stored"
    return f"the database cannot be reached: {str(error).strip()}"


def _check(connection: Connection) -> None:
    """Ask a connection whether it still stands, but only when its socket has something to say.

    A server that ends, or ends the session, closes the socket, which can then be read: no question has to
    travel to know that nothing happened.
    """
    socket = select.poll()
    socket.register(connection.fileno(), select.POLLIN)
    if socket.poll(0):
        ConnectionPool.check_connection(connection)


def _prepare(connection: Connection) -> None:
    register(connection.adapters)
    connection.autocommit = True
    connection.execute("SET TIME ZONE 'UTC'")
    connection.autocommit = False
