"""What the API needs of a store. It is satisfied structurally; service/roles.py joins them.

Every method may raise ``StoreUnavailable``; the API then answers 503 in the words of the field.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.alerts import Basis, StationState
from domain.forecasts import ForecastKind
from domain.readings import LastReading, SeriesKey
from domain.records import (
    AlertRecord,
    IssueStamp,
    Notice,
    ObservedValue,
    RunClock,
    StationForecast,
    TransitionRecord,
)


class RunStore(Protocol):
    """The clock of the run."""

    def run_clock(self) -> RunClock | None:
        """Return the stored clock, or None before the first run wrote one."""
        ...

    def request_clock(self, playing: bool | None, speed: float | None) -> RunClock:
        """Ask the run to play, pause or change speed; None leaves a field as it is. Notifies ``clock``."""
        ...


class StateReader(Protocol):
    """What the map shows."""

    def last_readings(self) -> Mapping[SeriesKey, LastReading]:
        """Return the newest reading of every series, by observed time."""
        ...

    def station_states(self) -> Mapping[tuple[str, Basis], StationState]:
        """Return the present state of every station and basis."""
        ...

    def newest_issue(self, kind: ForecastKind) -> IssueStamp | None:
        """Return issue time and label of the newest forecast, or None when there is none."""
        ...

    def dead_letter_count(self) -> int:
        """Return how many field messages became dead letters."""
        ...

    def newest_commit_at(self) -> datetime | None:
        """Return the newest ``received_at`` among committed messages, or None."""
        ...


class SeriesReader(Protocol):
    """What a hydrograph shows."""

    def observations(self, series: SeriesKey, after: datetime, until: datetime) -> Sequence[ObservedValue]:
        """Return current values with after < observed_at <= until, oldest first."""
        ...

    def station_forecast(
        self, series: SeriesKey, kind: ForecastKind, issued_at: datetime | None
    ) -> StationForecast | None:
        """Return the forecast issued then (None: the newest of this kind), or None when there is none."""
        ...


class AlertReader(Protocol):
    """What the operator's list shows and does."""

    def alerts(self, open_only: bool, limit: int) -> Sequence[AlertRecord]:
        """Return alerts, newest ``opened_at`` first; ``open_only`` leaves out the closed ones."""
        ...

    def acknowledge(self, alert_id: int, by: str, comment: str, at: datetime) -> AlertRecord | None:
        """Note who saw the alert and when; the first acknowledgement stays. Notifies ``alerts``.

        Returns None when there is no such alert.
        """
        ...

    def transitions(self, since: datetime | None, limit: int) -> Sequence[TransitionRecord]:
        """Return changes of state with at >= since, newest first."""
        ...


class ApiStore(RunStore, StateReader, SeriesReader, AlertReader, Protocol):
    """Everything at once."""


class NoticeSource(Protocol):
    """Word of commits, from one LISTEN connection."""

    def notices(self, stopped: threading.Event) -> Iterator[Notice]:
        """Yield notices until ``stopped`` is set (seen within a second).

        Runs in a thread of its own. Reconnects by itself for as long as it takes and yields a
        ``Topic.RESYNC`` notice after every reconnection, because notices may have been missed.
        """
        ...
