"""What is forecast for a station."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from api.context import Context
from api.problems import problem_document
from api.routers.observations import measured_series
from api.wire import AskedTime, Instant, StationId, Wire
from domain.basin import Origin, Phase
from domain.forecasts import Crossing, ForecastKind
from domain.records import StationForecast
from domain.variables import VARIABLES, Variable

router = APIRouter(prefix="/stations", tags=["forecasts"])


class PeakView(Wire):
    """Distribution of the highest value within the horizon, one number a quantile level."""

    value: list[float | None]
    lead_minutes: list[float | None]


class CrossingView(Wire):
    """Probability that a threshold is reached within the horizon, and when."""

    phase: Phase
    origin: Origin
    threshold: float
    variable: Variable
    probability: Annotated[float, Field(ge=0, le=1, examples=[0.62])]
    lead_minutes: Annotated[
        tuple[float, float, float] | None,
        Field(description="10, 50 and 90 % of the first crossing among members that cross; null when none does."),
    ]


class ForecastView(Wire):
    """One forecast of one series."""

    issued_at: Instant
    scheme: Annotated[str, Field(description="Where the rain of the members came from, in words.")]
    members: int
    lead_minutes: list[int]
    quantile_levels: Annotated[list[float], Field(examples=[[0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95]])]
    quantiles: Annotated[list[list[float | None]], Field(description="By lead, then by quantile level.")]
    peak: PeakView
    crossings: list[CrossingView]


class StationForecastView(Wire):
    """The ensemble, and beside it what the model would have said of perfectly known rain."""

    station_id: StationId
    variable: Variable
    unit: Annotated[str, Field(examples=["m"])]
    label: Annotated[str, Field(description="Says which inputs were reconstructed; to be shown with the curve.")]
    ensemble: ForecastView | None
    perfect_rain: Annotated[ForecastView | None, Field(description="Upper bound of skill; never a forecast.")]


@router.get(
    "/{station_id}/forecast", summary="Read the forecast of a station", responses=problem_document(404, 422, 503)
)
def read_forecast(
    context: Context,
    station_id: Annotated[str, Path(description="Id of the station.")],
    variable: Annotated[Variable, Query(description="What is forecast.")],
    issued_at: Annotated[
        AskedTime | None, Query(description="Issue wanted; the newest of each kind when left out.")
    ] = None,
) -> StationForecastView:
    """Return quantiles, peak and threshold crossings; null where no such forecast was issued."""
    series = measured_series(context, station_id, variable)
    ensemble = context.store.station_forecast(series, ForecastKind.ENSEMBLE, issued_at)
    perfect = context.store.station_forecast(series, ForecastKind.PERFECT_RAIN, issued_at)
    labels = [forecast.label for forecast in (ensemble, perfect) if forecast is not None and forecast.label]
    return StationForecastView(
        station_id=station_id,
        variable=variable,
        unit=VARIABLES[variable].unit,
        label=next(iter(labels), ""),
        ensemble=None if ensemble is None else _view(ensemble),
        perfect_rain=None if perfect is None else _view(perfect),
    )


def _view(forecast: StationForecast) -> ForecastView:
    return ForecastView(
        issued_at=forecast.issued_at,
        scheme=forecast.scheme,
        members=forecast.members,
        lead_minutes=list(forecast.lead_minutes),
        quantile_levels=[round(float(level), 4) for level in forecast.quantile_levels],
        quantiles=[_numbers(row) for row in forecast.quantiles.tolist()],
        peak=PeakView(
            value=_numbers(forecast.peak_value.tolist()), lead_minutes=_numbers(forecast.peak_lead_minutes.tolist())
        ),
        crossings=[_crossing(crossing) for crossing in forecast.crossings],
    )


def _crossing(crossing: Crossing) -> CrossingView:
    lead = crossing.lead_minutes
    return CrossingView(
        phase=crossing.threshold.phase,
        origin=crossing.threshold.origin,
        threshold=crossing.threshold.value,
        variable=crossing.threshold.variable,
        probability=round(float(crossing.probability), 4),
        lead_minutes=None if lead is None else (float(lead[0]), float(lead[1]), float(lead[2])),
    )


def _numbers(values: Iterable[float]) -> list[float | None]:
    """Return numbers to a tenth of a millimetre or a tenth of a litre; null where there is none."""
    return [round(value, 4) if math.isfinite(value) else None for value in values]
