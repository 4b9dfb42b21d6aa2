"""A forecast store in memory, for benchmarks and for tests of the science without a database."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from domain.forecasts import ForecastIssue
from domain.records import ObservedWindow, SavedState
from domain.variables import Variable


class MemoryStore:
    """Observations, states and forecasts in dictionaries; satisfies ``forecast.ports.ForecastStore``."""

    def __init__(self) -> None:
        self.observed: dict[tuple[Variable, str], tuple[list[datetime], list[float]]] = {}
        self.states: dict[tuple[str, datetime], SavedState] = {}
        self.issues: dict[tuple[datetime, str], ForecastIssue] = {}

    def add(self, variable: Variable, station_id: str, observed_at: datetime, value: float) -> None:
        """Add one observation; the same instant replaces it."""
        times, values = self.observed.setdefault((variable, station_id), ([], []))
        place = bisect_left(times, observed_at)
        if place < len(times) and times[place] == observed_at:
            values[place] = value
        else:
            times.insert(place, observed_at)
            values.insert(place, value)

    def observed_window(
        self, variable: Variable, station_ids: Sequence[str], after: datetime, until: datetime, step_s: int
    ) -> ObservedWindow:
        """Return observations with after < observed_at <= until on a grid ending at ``until``."""
        step = timedelta(seconds=step_s)
        count = -((after - until) // step)
        times = tuple(until - step * i for i in range(count - 1, -1, -1))
        values = np.full((count, len(station_ids)), np.nan)
        for column, station_id in enumerate(station_ids):
            instants, series = self.observed.get((variable, station_id), ([], []))
            for place in range(bisect_right(instants, after), bisect_right(instants, until)):
                cell = (count - 1 - (until - instants[place]) // step, column)
                adds = variable is Variable.RAIN and np.isfinite(values[cell])
                values[cell] = values[cell] + series[place] if adds else series[place]
        return ObservedWindow(times, tuple(station_ids), values)

    def save_state(self, state: SavedState) -> None:
        """Keep a state; the same instant replaces it."""
        self.states[state.configuration_hash, state.valid_at] = state

    def newest_state(self, configuration_hash: str, until: datetime) -> SavedState | None:
        """Return the newest state of this configuration valid at or before ``until``."""
        fitting = [s for s in self.states.values() if s.configuration_hash == configuration_hash]
        return max((s for s in fitting if s.valid_at <= until), key=lambda s: s.valid_at, default=None)

    def save_forecast(self, issue: ForecastIssue) -> int:
        """Keep a forecast; the same (issued_at, kind) replaces it."""
        self.issues[issue.issued_at, issue.kind.value] = issue
        return len(self.issues)
