"""What a station measured."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from pydantic import Field

from api.context import ApiContext, Context
from api.problems import Problem, not_found, problem_document
from api.wire import AskedTime, Instant, StationId, Wire
from domain.readings import Flag, SeriesKey
from domain.variables import VARIABLES, Variable

router = APIRouter(prefix="/stations", tags=["observations"])

DEFAULT_SPAN: Final = timedelta(hours=72)
LONGEST_SPAN: Final = timedelta(days=31)
_TICK: Final = timedelta(microseconds=1)


class ObservationView(Wire):
    """One value with its quality; nothing that was flagged is hidden."""

    observed_at: Instant
    value: float | None
    flag: Flag
    rule: Annotated[str, Field(description="Rule that set the flag; empty for GOOD.", examples=["rate_of_rise"])]


class ObservationsView(Wire):
    """A series, oldest value first."""

    station_id: StationId
    variable: Variable
    unit: Annotated[str, Field(examples=["m"])]
    values: list[ObservationView]


@router.get(
    "/{station_id}/observations", summary="Read what a station measured", responses=problem_document(404, 422, 503)
)
def read_observations(
    context: Context,
    station_id: Annotated[str, Path(description="Id of the station.")],
    variable: Annotated[Variable, Query(description="What was measured.")],
    begin: Annotated[
        AskedTime | None, Query(alias="from", description="First time wanted; 72 h before `to` when left out.")
    ] = None,
    end: Annotated[
        AskedTime | None, Query(alias="to", description="Last time wanted; the run's now when left out.")
    ] = None,
) -> ObservationsView:
    """Return the values of one variable with from <= observed_at <= to, at most 31 days of them."""
    series = measured_series(context, station_id, variable)
    first, last = _span(context, begin, end)
    values = context.store.observations(series, first - _TICK, last)
    return ObservationsView(
        station_id=station_id,
        variable=variable,
        unit=VARIABLES[variable].unit,
        values=[
            ObservationView(observed_at=value.observed_at, value=value.value, flag=value.flag, rule=value.rule)
            for value in values
        ],
    )


def measured_series(context: ApiContext, station_id: str, variable: Variable) -> SeriesKey:
    """Return the gauge series of a station, or raise the problem that it does not measure this."""
    station = context.station(station_id)
    if variable not in station.variables:
        known = ", ".join(item.value for item in station.variables)
        raise not_found(f"Station {station_id} does not measure {variable.value}; it measures {known}.")
    return SeriesKey(station_id, variable)


def _span(context: ApiContext, begin: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
    last = context.now() if end is None else end
    first = last - DEFAULT_SPAN if begin is None else begin
    if first >= last:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", "`from` must be before `to`.")
    if last - first > LONGEST_SPAN:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", "At most 31 days can be read at once.")
    return first, last
