"""One clock per run: wall time in operation, event time in demo, replay and what-if."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Protocol

from domain.errors import ConfigurationError

FASTEST: Final = "max"


class Clock(Protocol):
    """Anything that tells the time of the run."""

    def now(self) -> datetime:
        """Return the run's time, aware, UTC."""
        ...


class WallClock:
    """The machine's clock, for live operation."""

    def now(self) -> datetime:
        """Return the machine's time, aware, UTC."""
        return datetime.now(UTC)


class EventClock:
    """A clock that stands still until it is advanced.

    >>> from datetime import UTC, datetime, timedelta
    >>> clock = EventClock(datetime(2021, 7, 14, tzinfo=UTC))
    >>> clock.advance_to(clock.now() + timedelta(minutes=15))
    >>> clock.now().isoformat()
    '2021-07-14T00:15:00+00:00'
    """

    def __init__(self, start: datetime) -> None:
        self._now = as_utc(start)

    def now(self) -> datetime:
        """Return the event time, aware, UTC."""
        return self._now

    def advance_to(self, instant: datetime) -> None:
        """Move the clock forward.

        Raises
        ------
        ValueError
            If ``instant`` is naive or lies before the present event time.
        """
        instant = as_utc(instant)
        if instant < self._now:
            raise ValueError(f"event time cannot go back from {self._now} to {instant}")
        self._now = instant


def as_utc(instant: datetime) -> datetime:
    """Return an aware time in UTC.

    Raises
    ------
    ValueError
        If ``instant`` carries no time zone: a naive time is ambiguous and refused everywhere. Also if
        its zone carries it beyond the calendar.

    >>> as_utc(datetime.fromisoformat("2021-07-14T02:00:00+02:00")).isoformat()
    '2021-07-14T00:00:00+00:00'
    """
    if instant.tzinfo is None:
        raise ValueError(f"time without zone: {instant.isoformat()}")
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"time beyond the calendar: {instant.isoformat()}") from error


def parse_utc(text: str) -> datetime:
    """Read an ISO 8601 time with zone (``Z`` or offset) as aware UTC.

    Raises
    ------
    ValueError
        If the text is no ISO 8601 time or has no zone.

    >>> parse_utc("2021-07-14T00:00:00Z").isoformat()
    '2021-07-14T00:00:00+00:00'
    """
    return as_utc(datetime.fromisoformat(text))


def format_utc(instant: datetime) -> str:
    """Write a time as ISO 8601 with ``Z``, to the second.

    >>> format_utc(datetime(2021, 7, 14, tzinfo=UTC))
    '2021-07-14T00:00:00Z'
    """
    return as_utc(instant).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_speed(text: str) -> float | None:
    """Read how fast event time runs, in event seconds per second: ``max`` (None), ``real`` (1) or a positive number.

    Raises
    ------
    ConfigurationError
        If the text is none of these.

    >>> parse_speed("max"), parse_speed("real"), parse_speed("3600")
    (None, 1.0, 3600.0)
    """
    if text == FASTEST:
        return None
    try:
        speed = 1.0 if text == "real" else float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise ConfigurationError([f"speed must be max, real or a positive number, is {text!r}"])
    return speed
