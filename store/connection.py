"""Connections to the database, pooled, with its failures in our own words."""

from __future__ import annotations

import time
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
TRUSTED_S = 0.05


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
            connection_class=_Pooled,
            check=_check_when_idle,
            configure=_prepare,
            reset=_stamp,
            open=True,
        )

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Yield a connection whose work is committed when the block ends and undone when it raises.

        Raises
        ------
        StoreUnavailable
            When the database cannot be reached, ends, or is out of resources (disk, memory,
            connections). Nothing of the block may be taken as committed.
        """
        try:
            with self._pool.connection() as connection:
                yield connection
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise StoreUnavailable(in_words(error)) from error

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


def in_words(error: psycopg.Error) -> str:
    """Say in plain words what a failure of the database means for the one who runs it."""
    if isinstance(error, psycopg.errors.DiskFull):
        return "the disk of the database is full; nothing was stored"
    if isinstance(error, psycopg.errors.TooManyConnections):
        return "the database has no connection left; nothing was stored"
    return f"the database cannot be reached: {str(error).strip()}"


class _Pooled(psycopg.Connection[TupleRow]):
    """A connection that remembers when it was last put back."""

    returned_at = float("-inf")


def _check_when_idle(connection: Connection) -> None:
    """Ask a connection that has rested whether it still stands; one that just worked need not be asked."""
    if isinstance(connection, _Pooled) and time.monotonic() - connection.returned_at < TRUSTED_S:
        return
    ConnectionPool.check_connection(connection)


def _stamp(connection: Connection) -> None:
    if isinstance(connection, _Pooled):
        connection.returned_at = time.monotonic()


def _prepare(connection: Connection) -> None:
    register(connection.adapters)
    connection.autocommit = True
    connection.execute("SET TIME ZONE 'UTC'")
    connection.autocommit = False
