"""What the alert engine needs of a store."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.alerts import Basis, StationState, Transition
from domain.forecasts import Crossing, ForecastKind
from domain.readings import LastReading, SeriesKey
from domain.records import ObservedValue
from domain.variables import Variable


class AlertStore(Protocol):
    """Evidence in, states and transitions out."""

    def last_readings(self) -> Mapping[SeriesKey, LastReading]:
        """Return the newest reading of every series, by observed time."""
        ...

    def recent_readings(
        self, variables: Collection[Variable], after: datetime
    ) -> Mapping[SeriesKey, Sequence[ObservedValue]]:
        """Return current values with observed_at > after, oldest first, by series; all flags."""
        ...

    def newest_crossings(self, kind: ForecastKind) -> tuple[datetime | None, Sequence[Crossing]]:
        """Return issue time and crossings of the newest forecast, or (None, ()) when there is none."""
        ...

    def station_states(self, basis: Basis | None = None) -> Mapping[tuple[str, Basis], StationState]:
        """Return the present state of every station on one basis, None meaning on each."""
        ...

    def save_states(self, states: Sequence[StationState], transitions: Sequence[Transition]) -> None:
        """Store new states, append the transitions, open and close alerts, in one transaction.

        A transition into ``OPENING_STATES`` opens an alert for (station, basis) unless one is open; any
        transition updates the open one's state, highest state and evidence; one into ``CLOSING_STATES``
        closes it at ``transition.at``. Repeating a transition already stored changes nothing.
        """
        ...
