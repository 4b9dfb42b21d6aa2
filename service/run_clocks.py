"""The clock that a role follows: the machine's, or the event time that the database keeps."""

from __future__ import annotations

from datetime import datetime

from domain.clock import Clock, WallClock
from domain.errors import StoreUnavailable
from store.clock import ClockRepository
from store.connection import Database


class DatabaseClock:
    """Event time of a demo or replay, read from the database at each call so that it never lags a commit."""

    def __init__(self, clocks: ClockRepository) -> None:
        self._clocks = clocks

    def now(self) -> datetime:
        """Return the event time, aware, UTC.

        Raises
        ------
        StoreUnavailable
            When the database cannot be reached or no run has started.
        """
        clock = self._clocks.run_clock()
        if clock is None:
            raise StoreUnavailable("no run has written its clock yet")
        return clock.at


def run_clock(kind: str, database: Database) -> Clock:
    """Return the clock that the settings name, ``wall`` or ``database``."""
    return DatabaseClock(ClockRepository(database)) if kind == "database" else WallClock()
