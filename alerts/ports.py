"""What the alert engine needs of a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.alerts import Basis, StationState, Transition
from domain.forecasts import Crossing, ForecastKind
from domain.readings import LastReading, SeriesKey


class AlertStore(Protocol):
    """Evidence in, states and transitions out."""

    def last_readings(self) -> Mapping[SeriesKey, LastReading]:
        """Return the newest reading of every series, by observed time."""
        ...

    def newest_crossings(self, kind: ForecastKind) -> tuple[datetime | None, Sequence[Crossing]]:
        """Return issue time and crossings of the newest forecast, or (None, ()) when there is none."""
        ...

    def station_states(self) -> Mapping[tuple[str, Basis], StationState]:
        """Return the present state of every station and basis."""
        ...

    def save_states(self, states: Sequence[StationState], transitions: Sequence[Transition]) -> None:
        """Store new states, append the transitions, open and close alerts, in one transaction."""
        ...
