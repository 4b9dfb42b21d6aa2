"""True levels at the gauges. They follow true ratings, which differ from those that the basin's table states."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.basin import Basin, Rating, Station, StationKind
from simulator.channel import Section
from simulator.randomness import stream
from simulator.reservoirs import Lakes, level_of
from simulator.scenario import Scenario
from simulator.terrain import Terrain

Array = NDArray[np.float64]
# A pool at its target shows about one metre on the gauges of the canalised Meuse.
POOL_GAUGE_M = 1.05


def true_levels(
    basin: Basin,
    scenario: Scenario,
    seed: int,
    terrain: Terrain,
    shapes: list[Section],
    lakes: Lakes,
    record: tuple[Array, Array],
) -> Array:
    """Return the level [m above station zero] at every station, shape [step, station], NaN at rain gauges.

    Parameters
    ----------
    basin, scenario, seed, terrain, shapes, lakes
        The hidden world.
    record
        Discharge [m3/s] by node, shape [step, node], and volumes [m3] by lake, shape [step, lake].
    """
    discharge, volumes = record
    levels = np.full((len(discharge), len(basin.stations)), np.nan)
    for k, station in enumerate(basin.stations.values()):
        if station.node_id is None:
            continue
        node = terrain.index[station.node_id]
        flow, lake = discharge[:, node], int(lakes.at[node])
        if station.kind is StationKind.DAM and lake >= 0:
            levels[:, k] = level_of(volumes[:, lake], lakes, lake) - (station.zero_m or 0.0)
        elif station.kind is StationKind.POOL:
            shape = shapes[node]
            levels[:, k] = shape.depth_at(flow) - shape.depth[0] + POOL_GAUGE_M
        else:
            levels[:, k] = _rated_level(station, basin, scenario, seed, flow, shapes[node])
    return levels


def _rated_level(station: Station, basin: Basin, scenario: Scenario, seed: int, flow: Array, shape: Section) -> Array:
    rating = basin.rating_of.get(station.station_id)
    if rating is None:
        return shape.depth_at(flow)
    stage, discharge = true_rating(rating, scenario.world.rating_spread, seed)
    return np.interp(flow, discharge, stage)


def true_rating(rating: Rating, spread: float, seed: int) -> tuple[Array, Array]:
    """Return the rating that the river really has: stages [m above zero] and discharges [m3/s], both rising.

    Inside the gauged range it lies about one standard deviation off the table; above, where nobody has ever
    measured, a flood plain adds conveyance or a bridge takes some away.
    """
    draw = stream(seed, f"rating {rating.station_id}")
    error = spread * rating.sd_relative * np.clip(draw.normal(), -2, 2)
    bend = 1.0 + 0.04 * spread * np.clip(draw.normal(), -2, 2)
    shift = 0.02 * spread * np.clip(draw.normal(), -2, 2)
    beyond = np.clip(0.10 + 0.20 * draw.normal(), -0.2, 0.6) * spread
    depth = np.linspace(0.0, np.sqrt(4.0 * rating.h_gauged_max_m + 8.0), 800) ** 2
    pivot = 0.5 * max(rating.h_gauged_max_m - rating.h0_m, 0.2)
    discharge = rating.a * np.exp(error) * pivot**rating.b * (depth / pivot) ** (rating.b * bend)
    above = np.maximum(depth + rating.h0_m - rating.h_gauged_max_m, 0.0) / rating.h_gauged_max_m
    discharge = discharge * (1.0 + beyond * np.minimum(above, 1.0))
    return depth + rating.h0_m + shift, np.maximum.accumulate(discharge)


def stated_discharge(level: Array, rating: Rating) -> Array:
    """Return the discharge [m3/s] that the basin's rating gives for a level [m above zero]."""
    return rating.a * np.maximum(level - rating.h0_m, 0.0) ** rating.b
