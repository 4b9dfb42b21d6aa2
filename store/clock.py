"""The clock of the run: one row that the run advances and the operator steers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from domain.errors import StoreUnavailable
from domain.records import RunClock, RunMode, Topic
from store.connection import Connection, Database
from store.notices import announce

READ: Final = "SELECT mode, label, starts_at, ends_at, at, playing, speed FROM run_clock"

START: Final = """
INSERT INTO run_clock (mode, label, starts_at, ends_at, at, playing, speed) VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (only_row) DO UPDATE
SET (mode, label, starts_at, ends_at, at, playing, speed)
    = (EXCLUDED.mode, EXCLUDED.label, EXCLUDED.starts_at, EXCLUDED.ends_at, EXCLUDED.at,
       EXCLUDED.playing, EXCLUDED.speed)
"""

ADVANCE: Final = """
UPDATE run_clock SET at = %(at)s WHERE at <= %(at)s
RETURNING mode, label, starts_at, ends_at, at, playing, speed
"""

STEER: Final = """
UPDATE run_clock SET playing = coalesce(%s, playing), speed = coalesce(%s::double precision, speed)
RETURNING mode, label, starts_at, ends_at, at, playing, speed
"""


class ClockRepository:
    """Reads and writes the clock of the run."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def run_clock(self) -> RunClock | None:
        """Return the stored clock, or None before the first run wrote one."""
        with self._database.reading() as connection:
            row = connection.execute(READ).fetchone()
        return None if row is None else _clock(row)

    def start_clock(self, clock: RunClock) -> None:
        """Write the clock of a run that begins, in place of any other."""
        with self._database.transaction() as connection:
            connection.execute(
                START,
                (clock.mode.value, clock.label, clock.starts_at, clock.ends_at, clock.at, clock.playing, clock.speed),
            )
            announce(connection, Topic.CLOCK, None, clock.at)

    def advance_clock(self, at: datetime) -> RunClock:
        """Move the event time forward and return the clock, with what the operator asked for meanwhile.

        Raises
        ------
        ValueError
            If the stored time lies later.
        """
        with self._database.transaction() as connection:
            row = connection.execute(ADVANCE, {"at": at}).fetchone()
            if row is None:
                stored = _stored(connection)
                raise ValueError(f"event time cannot go back from {stored.at} to {at}")
            announce(connection, Topic.CLOCK, None, at)
        return _clock(row)

    def request_clock(self, playing: bool | None, speed: float | None) -> RunClock:
        """Ask the run to play, pause or change speed; None leaves a field as it is.

        Raises
        ------
        ValueError
            If ``speed`` is not positive.
        """
        if speed is not None and not speed > 0:
            raise ValueError(f"speed must be positive, is {speed}")
        with self._database.transaction() as connection:
            row = connection.execute(STEER, (playing, speed)).fetchone()
            clock = _stored(connection) if row is None else _clock(row)
            announce(connection, Topic.CLOCK, None, clock.at)
        return clock


def _stored(connection: Connection) -> RunClock:
    row = connection.execute(READ).fetchone()
    if row is None:
        raise StoreUnavailable("no run has written its clock yet")
    return _clock(row)


def _clock(row: tuple[Any, ...]) -> RunClock:
    mode, *rest = row
    return RunClock(RunMode(mode), *rest)
