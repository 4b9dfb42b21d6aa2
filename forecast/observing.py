"""What the model reads of the stations: rain, flow and border series on its own 15-minute grid.

Which variable speaks for the flow at a station: the published discharge; where it is missing, or departs
from what a well-founded rating makes of the level published with it, the level through that rating. A
rating that is only estimated never corrects a published discharge. A pool's or a lake's level never goes
through a rating, for it tells of gates and storage, not of flow. A negative flow tells nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.basin import Basin, Rating, Station, StationKind
from domain.variables import Variable
from forecast.ports import ForecastStore

FloatArray = NDArray[np.float64]

STEP_S: Final = 900
# A gauge below a border speaks for it while its own catchment adds little.
_LEAST_BORDER_SHARE: Final = 0.7
# A discharge this far from the rating of its own level, relative, was not made of it.
_RATING_TOLERANCE: Final = 0.3
_ESTIMATED: Final = "estimated"
_WATER: Final = (StationKind.RIVER, StationKind.POOL, StationKind.DAM)


@dataclass(frozen=True, slots=True)
class BorderSource:
    """The station whose discharge, times ``factor``, stands for the inflow at a border (None: no station)."""

    station_id: str | None
    factor: float
    mean_m3s: float


@dataclass(frozen=True)
class Gauging:
    """Which stations of a basin measure what the model needs."""

    basin: Basin

    @cached_property
    def water_stations(self) -> tuple[Station, ...]:
        """Stations on a river, pool or lake: each gets a forecast of discharge and level."""
        return tuple(s for s in self.basin.stations.values() if s.kind in _WATER and s.node_id is not None)

    @cached_property
    def rated(self) -> Mapping[str, Rating]:
        """Ratings that may turn a level into a flow, by station id: those of free rivers."""
        ratings = self.basin.rating_of
        return {
            s.station_id: ratings[s.station_id]
            for s in self.water_stations
            if s.kind is StationKind.RIVER and s.station_id in ratings
        }

    @cached_property
    def discharge_stations(self) -> tuple[str, ...]:
        """Ids of stations that publish discharge."""
        return tuple(s.station_id for s in self.water_stations if Variable.DISCHARGE in s.variables)

    @cached_property
    def level_stations(self) -> tuple[str, ...]:
        """Ids of stations that publish level."""
        return tuple(s.station_id for s in self.water_stations if Variable.LEVEL in s.variables)

    def border_source(self, node_id: str) -> BorderSource:
        """Return the station that speaks for a border: at it, else the next below that it mostly feeds."""
        nodes = self.basin.network.nodes
        border = nodes[node_id]
        publishing = {s.node_id: s.station_id for s in self.water_stations if Variable.DISCHARGE in s.variables}
        for below in self.basin.network.path_down(node_id):
            share = border.catchment_area_km2 / nodes[below].catchment_area_km2
            if share < _LEAST_BORDER_SHARE:
                break
            if below in publishing:
                return BorderSource(publishing[below], share, border.mean_discharge_m3s)
        return BorderSource(None, 1.0, border.mean_discharge_m3s)


def observed_rain(
    store: ForecastStore, station_ids: tuple[str, ...], basin: Basin, span: tuple[datetime, datetime]
) -> FloatArray:
    """Return rain at gauges [mm per 15 min] with span[0] < time <= span[1], shape [step, gauge], NaN where unknown.

    A gauge that reports less often than every step has its sums spread over the steps that they cover.
    """
    values = store.observed_window(Variable.RAIN, station_ids, *span, STEP_S).values.copy()
    for i, station_id in enumerate(station_ids):
        covered = basin.stations[station_id].interval_s // STEP_S
        if covered > 1:
            values[:, i] = spread_sums(values[:, i], covered)
    return values


def spread_sums(values: FloatArray, covered: int) -> FloatArray:
    """Spread each sum evenly over the ``covered`` steps that end at it.

    >>> spread_sums(np.array([np.nan, np.nan, np.nan, 4.0, np.nan]), 4).tolist()
    [1.0, 1.0, 1.0, 1.0, nan]
    """
    spread = np.full(len(values), np.nan)
    for end in np.flatnonzero(np.isfinite(values)):
        spread[max(0, end - covered + 1) : end + 1] = values[end] / covered
    return spread


@dataclass(frozen=True)
class ObservedWater:
    """Discharge and level as published, shape [step, station] over all water stations, NaN where unknown."""

    discharge: FloatArray
    level: FloatArray


def observed_water(store: ForecastStore, gauging: Gauging, after: datetime, until: datetime) -> ObservedWater:
    """Read discharge and level of all water stations on the 15-minute grid that ends at ``until``."""
    ids = [s.station_id for s in gauging.water_stations]
    return ObservedWater(
        _on_grid(store, Variable.DISCHARGE, gauging.discharge_stations, ids, (after, until)),
        _on_grid(store, Variable.LEVEL, gauging.level_stations, ids, (after, until)),
    )


def _on_grid(
    store: ForecastStore,
    variable: Variable,
    publishing: tuple[str, ...],
    ids: list[str],
    span: tuple[datetime, datetime],
) -> FloatArray:
    window = store.observed_window(variable, publishing, *span, STEP_S)
    column = {station_id: i for i, station_id in enumerate(ids)}
    values = np.full((len(window.times), len(ids)), np.nan)
    values[:, [column[i] for i in window.station_ids]] = window.values
    return values


def observed_flow(water: ObservedWater, gauging: Gauging) -> FloatArray:
    """Return the flow that each station stands for [m3/s], shape [step, station], NaN where it tells nothing."""
    flow = np.where(water.discharge >= 0.0, water.discharge, np.nan)
    for i, station in enumerate(gauging.water_stations):
        rating = gauging.rated.get(station.station_id)
        if rating is None:
            continue
        rated = rating.a * np.maximum(water.level[:, i] - rating.h0_m, 0.0) ** rating.b
        # Small flows may differ much where levels are read to the centimetre.
        bound = _RATING_TOLERANCE * rated + 0.02 * _usual_flow(gauging, station)
        off = (np.abs(flow[:, i] - rated) > bound) & (rating.confidence != _ESTIMATED)
        flow[:, i] = np.where(np.isnan(flow[:, i]) | off, rated, flow[:, i])
    return flow


def _usual_flow(gauging: Gauging, station: Station) -> float:
    return gauging.basin.network.nodes[station.node_id or ""].mean_discharge_m3s
