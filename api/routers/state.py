"""What the map shows now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from api.context import ApiContext, Context
from api.problems import problem_document
from api.wire import Evidence, Instant, StationId, Wire, utc_or_none
from domain.alerts import AlertState, Basis, StationState
from domain.forecasts import ForecastKind
from domain.readings import DEFAULT_SOURCE, Flag, LastReading, SeriesKey
from domain.variables import VARIABLES, Variable

router = APIRouter(prefix="/state", tags=["state"])


class BasisState(Wire):
    """State of a station on one basis."""

    state: AlertState
    since: Annotated[Instant | None, Field(description="Null before the first evaluation.")]
    evidence: Evidence


class LatestValue(Wire):
    """Newest value by observed time."""

    value: Annotated[float | None, Field(description="Null when the sensor says that it has no value.")]
    unit: str
    observed_at: Instant
    flag: Flag
    age_s: Annotated[float, Field(description="Seconds from the observation to the run's now.")]


class StationStateView(Wire):
    """Observed and forecast state of one station."""

    station_id: StationId
    observed: BasisState
    forecast: BasisState
    latest: Annotated[dict[Variable, LatestValue], Field(description="Newest value of each variable.")]


class ReachStateView(Wire):
    """State of a reach: the forecast state of the station that colours it."""

    reach_id: str
    state: AlertState
    station_id: str | None


class StateView(Wire):
    """Everything that changes on the map."""

    now: Instant
    issued_at: Annotated[Instant | None, Field(description="Issue time of the newest forecast.")]
    stations: list[StationStateView]
    reaches: list[ReachStateView]
    dead_letters: Annotated[int, Field(description="Field messages that could not become readings.")]
    label: Annotated[str, Field(description="Says what was reconstructed; to be shown with the map.")]


UNKNOWN = BasisState(
    state=AlertState.NO_DATA, since=None, evidence={"text": "This station has not been evaluated yet."}
)


@router.get("", summary="Read the state of everything", responses=problem_document(503))
def read_state(context: Context) -> StateView:
    """Return the state of every station and reach, and the newest values, relative to the run's clock."""
    clock = context.run_clock()
    now = context.now(clock)
    issue = context.store.newest_issue(ForecastKind.ENSEMBLE)
    states = context.store.station_states()
    return StateView(
        now=now,
        issued_at=None if issue is None else utc_or_none(issue.issued_at),
        stations=_stations(context, states, now),
        reaches=_reaches(context, states),
        dead_letters=context.store.dead_letter_count(),
        label=clock.label or (issue.label if issue is not None else ""),
    )


def _stations(
    context: ApiContext, states: Mapping[tuple[str, Basis], StationState], now: datetime
) -> list[StationStateView]:
    latest = _latest(context.store.last_readings(), now)
    return [
        StationStateView(
            station_id=station_id,
            observed=_basis(states.get((station_id, Basis.OBSERVED))),
            forecast=_basis(states.get((station_id, Basis.FORECAST))),
            latest=latest.get(station_id, {}),
        )
        for station_id in context.basin.stations
    ]


def _basis(state: StationState | None) -> BasisState:
    if state is None:
        return UNKNOWN
    return BasisState(state=state.state, since=state.since, evidence=state.evidence)


def _latest(readings: Mapping[SeriesKey, LastReading], now: datetime) -> Mapping[str, dict[Variable, LatestValue]]:
    """Return the newest gauge values by station."""
    found: dict[str, dict[Variable, LatestValue]] = {}
    for series, reading in readings.items():
        if series.source_id != DEFAULT_SOURCE:
            continue
        found.setdefault(series.station_id, {})[series.variable] = LatestValue(
            value=reading.value,
            unit=VARIABLES[series.variable].unit,
            observed_at=reading.observed_at,
            flag=reading.flag,
            age_s=(now - reading.observed_at).total_seconds(),
        )
    return found


def _reaches(context: ApiContext, states: Mapping[tuple[str, Basis], StationState]) -> list[ReachStateView]:
    return [
        ReachStateView(reach_id=reach_id, state=_reach_state(station_id, states), station_id=station_id)
        for reach_id, station_id in context.station_of_reach.items()
    ]


def _reach_state(station_id: str | None, states: Mapping[tuple[str, Basis], StationState]) -> AlertState:
    if station_id is None:
        return AlertState.NO_THRESHOLD
    state = states.get((station_id, Basis.FORECAST))
    return AlertState.NO_DATA if state is None else state.state
