"""Stations, thresholds and readings for tests of the alert rules, with a basin and a store in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from domain.alerts import CLOSING_STATES, OPENING_STATES, Basis, StationState, Transition
from domain.basin import Basin, Origin, Phase, RiverNetwork, Station, StationKind, Threshold
from domain.forecasts import Crossing, ForecastKind
from domain.readings import Flag, LastReading, SeriesKey
from domain.records import ObservedValue
from domain.variables import Variable

START = datetime(2021, 7, 14, 12, tzinfo=UTC)
STEP = timedelta(minutes=15)


def station(
    station_id: str = "S1",
    river: str = "Vesdre",
    variables: tuple[Variable, ...] = (Variable.LEVEL, Variable.DISCHARGE),
    interval_s: int = 900,
) -> Station:
    return Station(
        station_id, station_id, StationKind.RIVER, "N1", river, 50.0, 5.0, None, "", variables, interval_s,
        "", "", "", "",
    )  # fmt: skip


def threshold(
    phase: Phase,
    value: float,
    origin: Origin = Origin.SUGGESTED,
    station_id: str = "S1",
    variable: Variable = Variable.DISCHARGE,
) -> Threshold:
    return Threshold(station_id, variable, phase, value, origin, "rule", "", "")


def thresholds(station_id: str = "S1") -> list[Threshold]:
    """Pre-alert at 100 m3/s, alert at 200 m3/s."""
    return [
        threshold(Phase.PRE_ALERT, 100.0, station_id=station_id),
        threshold(Phase.ALERT, 200.0, station_id=station_id),
    ]


def basin(stations: Iterable[Station], limits: Sequence[Threshold]) -> Basin:
    return Basin(
        basin_id="t", name="t", timezone="UTC", languages=("fr",), attribution="", folder=Path(),
        network=RiverNetwork({}, {}), stations={item.station_id: item for item in stations},
        dams={}, ratings=(), thresholds=limits, communes={},
    )  # fmt: skip


def good(minutes: float, value: float | None, flag: Flag = Flag.GOOD, rule: str = "") -> ObservedValue:
    """A value observed so many minutes after START."""
    return ObservedValue(START + timedelta(minutes=minutes), value, flag, rule)


class MemoryAlertStore:
    """Satisfies ``alerts.ports.AlertStore`` for one discharge series a station; counts what was written."""

    def __init__(self) -> None:
        self.values: dict[SeriesKey, dict[datetime, ObservedValue]] = {}
        self.issue: tuple[datetime | None, Sequence[Crossing]] = (None, ())
        self.states: dict[tuple[str, Basis], StationState] = {}
        self.history: list[Transition] = []
        self.open_alerts: set[tuple[str, Basis]] = set()
        self.writes = 0

    def add(self, value: ObservedValue, station_id: str = "S1", variable: Variable = Variable.DISCHARGE) -> None:
        self.values.setdefault(SeriesKey(station_id, variable), {})[value.observed_at] = value

    def last_readings(self) -> Mapping[SeriesKey, LastReading]:
        newest = {series: values[max(values)] for series, values in self.values.items() if values}
        return {
            series: LastReading(value.value, value.observed_at, value.flag, value.observed_at)
            for series, value in newest.items()
        }

    def recent_readings(
        self, variables: Collection[Variable], after: datetime
    ) -> Mapping[SeriesKey, Sequence[ObservedValue]]:
        return {
            series: [values[at] for at in sorted(values) if at > after]
            for series, values in self.values.items()
            if series.variable in variables
        }

    def newest_crossings(self, kind: ForecastKind) -> tuple[datetime | None, Sequence[Crossing]]:
        return self.issue if kind is ForecastKind.ENSEMBLE else (None, ())

    def station_states(self, basis: Basis | None = None) -> Mapping[tuple[str, Basis], StationState]:
        return {key: state for key, state in self.states.items() if basis in (None, key[1])}

    def save_states(self, states: Sequence[StationState], transitions: Sequence[Transition]) -> None:
        self.writes += 1
        self.states.update({(state.station_id, state.basis): state for state in states})
        self.history.extend(transitions)
        for transition in transitions:
            key = (transition.station_id, transition.basis)
            if transition.after in OPENING_STATES:
                self.open_alerts.add(key)
            if transition.after in CLOSING_STATES:
                self.open_alerts.discard(key)
