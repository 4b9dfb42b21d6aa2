"""Stations: what does not change while a run goes on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from api.context import Context
from api.wire import StationId, Wire
from domain.basin import Basin, Origin, Phase, Station, StationKind, Threshold
from domain.variables import VARIABLES, Variable

router = APIRouter(prefix="/stations", tags=["stations"])


class ThresholdView(Wire):
    """A value at which a flood phase begins. Several origins may stand side by side; official decides."""

    variable: Variable
    phase: Phase
    value: Annotated[float, Field(examples=[110.0])]
    unit: Annotated[str, Field(examples=["m3/s"])]
    origin: Origin
    rule: Annotated[str, Field(description="Rule by which a suggested threshold was found.", examples=["half_q25"])]
    source: str
    confidence: Annotated[str, Field(examples=["medium"])]


class RatingView(Wire):
    """How far the rating curve of the station can be trusted."""

    h_gauged_max_m: Annotated[float, Field(description="Above this level the rating is extrapolated [m].")]
    confidence: Annotated[str, Field(examples=["estimated"])]


class StationView(Wire):
    """A place that measures."""

    station_id: StationId
    name: Annotated[str, Field(examples=["Chaudfontaine"])]
    kind: StationKind
    river: Annotated[str, Field(examples=["Vesdre"])]
    latitude: float
    longitude: float
    node_id: str | None
    variables: list[Variable]
    gauge_no: str
    operator: str
    confidence: str
    source: str
    thresholds: list[ThresholdView]
    rating: RatingView | None


class StationsView(Wire):
    """All stations of the region."""

    stations: list[StationView]


@router.get("", summary="List stations")
def read_stations(context: Context) -> StationsView:
    """Return every station with its thresholds, each with origin, source and confidence."""
    basin = context.basin
    return StationsView(stations=[_station(basin, station) for station in basin.stations.values()])


def _station(basin: Basin, station: Station) -> StationView:
    rating = basin.rating_of.get(station.station_id)
    return StationView(
        station_id=station.station_id,
        name=station.name,
        kind=station.kind,
        river=station.river,
        latitude=station.latitude,
        longitude=station.longitude,
        node_id=station.node_id,
        variables=list(station.variables),
        gauge_no=station.gauge_no,
        operator=station.operator,
        confidence=station.confidence,
        source=station.source,
        thresholds=[_threshold(threshold) for threshold in basin.thresholds_at.get(station.station_id, ())],
        rating=None
        if rating is None
        else RatingView(h_gauged_max_m=rating.h_gauged_max_m, confidence=rating.confidence),
    )


def _threshold(threshold: Threshold) -> ThresholdView:
    return ThresholdView(
        variable=threshold.variable,
        phase=threshold.phase,
        value=threshold.value,
        unit=VARIABLES[threshold.variable].unit,
        origin=threshold.origin,
        rule=threshold.rule,
        source=threshold.source,
        confidence=threshold.confidence,
    )
