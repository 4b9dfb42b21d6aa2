"""A store that holds what a test puts into it, for the shapes of answers; the real one is tested in integration."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

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


class MemoryStore:
    """Satisfies ``api.ports.ApiStore``; set ``failure`` to make every call raise it."""

    def __init__(self, clock: RunClock | None) -> None:
        self.clock = clock
        self.readings: dict[SeriesKey, LastReading] = {}
        self.states: dict[tuple[str, Basis], StationState] = {}
        self.issue: IssueStamp | None = None
        self.values: dict[SeriesKey, list[ObservedValue]] = {}
        self.forecasts: list[StationForecast] = []
        self.records: dict[int, AlertRecord] = {}
        self.history: list[TransitionRecord] = []
        self.dead_letters = 0
        self.committed_at: datetime | None = None
        self.failure: Exception | None = None

    def _check(self) -> None:
        if self.failure is not None:
            raise self.failure

    def run_clock(self) -> RunClock | None:
        self._check()
        return self.clock

    def request_clock(self, playing: bool | None, speed: float | None) -> RunClock:
        self._check()
        assert self.clock is not None
        self.clock = replace(
            self.clock,
            playing=self.clock.playing if playing is None else playing,
            speed=self.clock.speed if speed is None else speed,
        )
        return self.clock

    def last_readings(self) -> Mapping[SeriesKey, LastReading]:
        self._check()
        return self.readings

    def station_states(self) -> Mapping[tuple[str, Basis], StationState]:
        self._check()
        return self.states

    def newest_issue(self, kind: ForecastKind) -> IssueStamp | None:
        self._check()
        return self.issue if kind is ForecastKind.ENSEMBLE else None

    def dead_letter_count(self) -> int:
        self._check()
        return self.dead_letters

    def newest_commit_at(self) -> datetime | None:
        self._check()
        return self.committed_at

    def observations(self, series: SeriesKey, after: datetime, until: datetime) -> Sequence[ObservedValue]:
        self._check()
        return [value for value in self.values.get(series, ()) if after < value.observed_at <= until]

    def station_forecast(
        self, series: SeriesKey, kind: ForecastKind, issued_at: datetime | None
    ) -> StationForecast | None:
        self._check()
        found = [
            forecast
            for forecast in self.forecasts
            if forecast.series == series and forecast.kind is kind and issued_at in {None, forecast.issued_at}
        ]
        return max(found, key=lambda forecast: forecast.issued_at, default=None)

    def alerts(self, open_only: bool, limit: int) -> Sequence[AlertRecord]:
        self._check()
        found = [record for record in self.records.values() if not open_only or record.closed_at is None]
        return sorted(found, key=lambda record: record.opened_at, reverse=True)[:limit]

    def acknowledge(self, alert_id: int, by: str, comment: str, at: datetime) -> AlertRecord | None:
        self._check()
        record = self.records.get(alert_id)
        if record is not None and record.acknowledged_at is None:
            record = replace(record, acknowledged_at=at, acknowledged_by=by, comment=comment)
            self.records[alert_id] = record
        return record

    def transitions(self, since: datetime | None, limit: int) -> Sequence[TransitionRecord]:
        self._check()
        found = [record for record in self.history if since is None or record.at >= since]
        return sorted(found, key=lambda record: record.at, reverse=True)[:limit]


class MemoryNotices:
    """Notices that a test puts into a queue."""

    def __init__(self) -> None:
        self.waiting: queue.Queue[Notice | Exception] = queue.Queue()

    def notices(self, stopped: threading.Event) -> Iterator[Notice]:
        while not stopped.is_set():
            try:
                notice = self.waiting.get(timeout=0.02)
            except queue.Empty:
                continue
            if isinstance(notice, Exception):
                raise notice
            yield notice
