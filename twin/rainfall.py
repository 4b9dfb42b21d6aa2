"""Areal rain of sub-catchments from rain gauges, and how uncertain it is.

Each gauge counts with weight exp(-d / 30 km) / (d^2 + (3 km)^2), d its distance from the middle of the
sub-catchment. Weights are renewed at every step from the gauges that report, so one gauge that falls
silent changes nothing but its own share. When no gauge reports, rain is unknown (NaN), never zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.basin import Basin, StationKind
from domain.variables import Variable
from twin.network import Topology

FloatArray = NDArray[np.float64]

EARTH_RADIUS_KM = 6371.0
FADING_KM = 30.0
CORE_KM = 3.0
# Relative error of a gauge and of its place within a sub-catchment.
GAUGE_SD = 0.12


@dataclass(frozen=True)
class ArealRain:
    """Rain [step, catchment] mm and its standard deviation mm; NaN where no gauge reported."""

    rain_mm: NDArray[np.float32]
    sd_mm: NDArray[np.float32]


@dataclass(frozen=True)
class RainWeights:
    """Weights [catchment, gauge] of the rain gauges of a basin, not normalised, and their station ids."""

    station_ids: tuple[str, ...]
    weights: FloatArray

    @classmethod
    def of(cls, basin: Basin, topology: Topology) -> RainWeights:
        """Weigh the basin's rain gauges for each of its sub-catchments.

        Raises
        ------
        ValueError
            If the basin has no rain gauge.
        """
        gauges = [s for s in basin.stations.values() if s.kind is StationKind.RAIN and Variable.RAIN in s.variables]
        if not gauges:
            raise ValueError(f"basin {basin.basin_id} has no rain gauge")
        at = topology.catchment_nodes
        place = (topology.latitude[at][:, None], topology.longitude[at][:, None])
        gauge_place = (np.array([g.latitude for g in gauges]), np.array([g.longitude for g in gauges]))
        distance = distance_km(place, gauge_place)
        weights = np.exp(-distance / FADING_KM) / (distance**2 + CORE_KM**2)
        return cls(tuple(g.station_id for g in gauges), weights)

    def areal_rain(self, gauge_mm: FloatArray) -> ArealRain:
        """Return the rain of every sub-catchment from gauge values [step, gauge] mm, NaN where missing.

        The variance is that of the weighted gauges about their mean, divided by their effective number,
        plus the error of a gauge.

        Raises
        ------
        ValueError
            If the number of gauges is wrong or a value is negative.
        """
        if gauge_mm.ndim != 2 or gauge_mm.shape[1] != len(self.station_ids):
            raise ValueError(f"rain gauges: shape {gauge_mm.shape}, wanted [step, {len(self.station_ids)}]")
        if np.any(gauge_mm < 0):
            gauge = self.station_ids[int(np.argwhere(gauge_mm < 0)[0][1])]
            raise ValueError(f"rain gauge {gauge}: rain cannot be negative")
        known = np.isfinite(gauge_mm)
        value = np.where(known, gauge_mm, 0.0)
        total = known @ self.weights.T
        with np.errstate(divide="ignore", invalid="ignore"):
            rain = (value @ self.weights.T) / total
            square = (value**2 @ self.weights.T) / total
            effective = total**2 / (known @ (self.weights**2).T)
            variance = np.maximum(square - rain**2, 0.0) / effective + (GAUGE_SD * rain) ** 2
        return ArealRain(rain.astype(np.float32), np.sqrt(variance).astype(np.float32))


def distance_km(one: tuple[FloatArray, FloatArray], other: tuple[FloatArray, FloatArray]) -> FloatArray:
    """Return distances [km] between places (latitude, longitude) in degrees, on a locally flat earth.

    >>> distance_km((np.array([50.0]), np.array([5.0])), (np.array([51.0]), np.array([5.0]))).round(1).tolist()
    [111.2]
    """
    degree = np.pi / 180.0 * EARTH_RADIUS_KM
    north = (one[0] - other[0]) * degree
    east = (one[1] - other[1]) * degree * np.cos(np.radians(0.5 * (one[0] + other[0])))
    return np.asarray(np.hypot(north, east))
