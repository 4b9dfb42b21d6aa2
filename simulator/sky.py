"""Weather of the truth: rain on every catchment and at every gauge, evaporation, inflows across the border."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from domain.basin import Basin, StationKind
from domain.errors import ConfigurationError
from domain.event_pack import EventPack
from domain.hourly import HourlyTable
from simulator.randomness import stream
from simulator.scenario import Scenario
from simulator.storms import Cell, cell_rain, cells_of, draw_spells, spell_rain
from simulator.terrain import POINTS_PER_CATCHMENT, Terrain, kilometres

Array = NDArray[np.float64]
SPIN_UP = timedelta(days=5)
QUARTERS = 4
NEAREST_GAUGES = 8


@dataclass(frozen=True)
class Sky:
    """Forcing of one run: an hourly warm-up, then quarters of an hour from five days before the start.

    ``warm_rain_mm`` [hour, node] and ``warm_demand_mm_h`` [hour] end at ``fine_from``; ``ends`` are the ends of the
    quarters; ``rain_mm`` [step, node], ``gauge_rain_mm`` [step, gauge] (true, not as measured),
    ``demand_mm_h`` [step], ``boundary_m3s`` [step, node].
    """

    fine_from: datetime
    ends: tuple[datetime, ...]
    gauge_ids: tuple[str, ...]
    catch: Array
    warm_rain_mm: Array
    warm_demand_mm_h: Array
    rain_mm: Array
    gauge_rain_mm: Array
    demand_mm_h: Array
    boundary_m3s: Array


def make_sky(basin: Basin, terrain: Terrain, scenario: Scenario, seed: int, pack: EventPack | None) -> Sky:
    """Make the true weather of a scenario, from its event pack or drawn."""
    fine_from = scenario.start - SPIN_UP
    quarters = round((scenario.ends_at - fine_from) / timedelta(minutes=15))
    ends = tuple(fine_from + timedelta(minutes=15) * (k + 1) for k in range(quarters))
    gauges = [s.station_id for s in basin.stations.values() if s.kind is StationKind.RAIN]
    low, high = scenario.world.undercatch
    catch = 1.0 - stream(seed, "undercatch").uniform(low, high, len(gauges))
    make = _drawn if pack is None else _measured
    return make(_Request(basin, terrain, scenario, seed, pack, fine_from, ends, tuple(gauges), catch))


@dataclass(frozen=True)
class _Request:
    basin: Basin
    terrain: Terrain
    scenario: Scenario
    seed: int
    pack: EventPack | None
    fine_from: datetime
    ends: tuple[datetime, ...]
    gauges: tuple[str, ...]
    catch: Array

    def hours(self) -> Array:
        """Return the ends of the quarters in hours after the start of the scenario."""
        return np.array([(end - self.scenario.start) / timedelta(hours=1) for end in self.ends])

    def gauge_points(self) -> tuple[Array, Array]:
        """Return places [km] and elevations [m] of the gauges."""
        found = [self.basin.stations[gauge] for gauge in self.gauges]
        latitude, longitude = np.array([s.latitude for s in found]), np.array([s.longitude for s in found])
        elevation = np.array([300.0 if s.zero_m is None else s.zero_m for s in found])
        return kilometres(self.basin, latitude, longitude), elevation


def _measured(request: _Request) -> Sky:
    """Undo the gauges' undercatch, spread their rain over the catchments and add what they missed."""
    pack, terrain = request.pack, request.terrain
    assert pack is not None  # noqa: S101 - chosen by make_sky
    times = np.array([t.timestamp() for t in (*pack.warmup_rain.times, *pack.rain.times)])
    warm = (times <= request.fine_from.timestamp()) & (times > _warm_from(request).timestamp())
    fine = (times > request.fine_from.timestamp()) & (times <= request.scenario.ends_at.timestamp())
    if fine.sum() * QUARTERS != len(request.ends) or not warm.any():
        raise ConfigurationError(
            [f"scenario {request.scenario.name}: event pack {pack.name} does not cover the period and its warm-up"]
        )
    hourly = np.concatenate([_ordered(pack.warmup_rain, request.gauges), _ordered(pack.rain, request.gauges)])
    hourly = hourly / request.catch
    weights = _gauge_weights(terrain, request.gauge_points()[0])
    at_gauges = _quarter_hours(hourly[fine], stream(request.seed, "quarters"))
    missed = _missed_rain(request, at_gauges)
    doubt = np.repeat(np.exp(stream(request.seed, "warm-up").normal(0, 0.15, (len(times) // 24 + 1, 1))), 24, axis=0)
    return Sky(
        fine_from=request.fine_from,
        ends=request.ends,
        gauge_ids=request.gauges,
        catch=request.catch,
        warm_rain_mm=(hourly * doubt[: len(times)])[warm] @ weights,
        warm_demand_mm_h=_demand([datetime.fromtimestamp(t, tz=request.fine_from.tzinfo) for t in times[warm]]),
        rain_mm=(at_gauges @ weights + missed) * terrain.rain_factor,
        gauge_rain_mm=at_gauges,
        demand_mm_h=_demand(request.ends),
        boundary_m3s=_pack_inflows(request),
    )


def _warm_from(request: _Request) -> datetime:
    return request.scenario.start - timedelta(days=request.scenario.warm_up_days)


def _ordered(table: HourlyTable, columns: Sequence[str]) -> Array:
    return np.stack([table.column(column) for column in columns], axis=1)


def _gauge_weights(terrain: Terrain, gauges_km: Array) -> Array:
    """Weights [gauge, node] of inverse squared distance over each catchment's points."""
    apart = ((terrain.points_km[:, :, None, :] - gauges_km) ** 2).sum(axis=3)
    nearest = np.sort(apart, axis=2)[:, :, min(NEAREST_GAUGES, len(gauges_km)) - 1, None]
    weights = np.where(apart <= nearest, 1.0 / (apart + 1.0), 0.0)
    weights /= weights.sum(axis=2, keepdims=True)
    mean: Array = weights.mean(axis=1).T
    return mean


def _quarter_hours(hourly: Array, draw: np.random.Generator) -> Array:
    """Split hours [hour, gauge] into quarters that lean towards the wetter neighbour hour and flicker."""
    before = np.vstack([hourly[:1], hourly[:-1]])
    after = np.vstack([hourly[1:], hourly[-1:]])
    place = (np.arange(QUARTERS) + 0.5) / QUARTERS - 0.5
    lean = np.stack([hourly + np.where(p < 0, (hourly - before) * p, (after - hourly) * p) for p in place], axis=1)
    parts = np.maximum(lean, 0.05 * hourly[:, None, :]) * draw.lognormal(0.0, 0.45, lean.shape)
    total = parts.sum(axis=1, keepdims=True)
    shares = np.divide(parts, total, out=np.zeros_like(parts), where=total > 0)
    quarters: Array = (shares * hourly[:, None, :]).reshape(-1, hourly.shape[1])
    return quarters


def _missed_rain(request: _Request, at_gauges: Array) -> Array:
    """Rain [step, node] of cells that pass between the gauges, most likely while it rains anyway."""
    world, terrain = request.scenario.world, request.terrain
    draw = stream(request.seed, "missed-cells")
    hours = request.hours()
    wetness = np.where(hours > 0, at_gauges.mean(axis=1), 0.0)
    missed = np.zeros((len(request.ends), len(terrain.node_ids)))
    if world.missed_cells == 0 or wetness.sum() == 0:
        return missed
    gauges_km = request.gauge_points()[0]
    places = terrain.points_km.reshape(-1, 2)
    apart = np.sqrt(((places[:, None, :] - gauges_km) ** 2).sum(axis=2)).min(axis=1)
    open_land = np.flatnonzero((apart > 3.0) & np.repeat(terrain.area_m2 > 5e6, POINTS_PER_CATCHMENT))
    for _ in range(world.missed_cells if len(open_land) else 0):
        place = draw.choice(open_land)
        radius = min(draw.uniform(3.0, 6.0), apart[place])
        begin = hours[draw.choice(len(hours), p=wetness / wetness.sum())]
        depth = draw.uniform(0.5, 1.5) * world.missed_cell_depth_mm
        cell = Cell(0.0, 0.0, 0.0, 0.0, begin, draw.uniform(1.0, 2.5), radius, depth)
        here = place // POINTS_PER_CATCHMENT
        # A third of the centre's depth is the cell's mean; it falls on the catchment that it stands over.
        share = depth / 3 * np.pi * radius**2 * 1e6 / terrain.area_m2[here] / depth
        missed[:, here] += cell_rain([cell], hours, 0.25, np.zeros((1, 2)))[:, 0] * min(share, 1.0)
    return missed


def _pack_inflows(request: _Request) -> Array:
    """Border inflows [step, node]: the pack's hours in a line, times a hidden error of each series."""
    pack, terrain = request.pack, request.terrain
    assert pack is not None  # noqa: S101 - chosen by make_sky
    draw = stream(request.seed, "inflows")
    times = [t.timestamp() for t in (*pack.warmup_inflows.times, *pack.inflows.times)]
    ends = [end.timestamp() for end in request.ends]
    boundary = np.zeros((len(ends), len(terrain.node_ids)))
    for node_id in sorted(pack.inflows.column_ids):
        series = np.concatenate([pack.warmup_inflows.column(node_id), pack.inflows.column(node_id)])
        error = np.exp(request.scenario.world.inflow_spread * np.clip(draw.normal(), -2, 2))
        boundary[:, terrain.index[node_id]] = np.interp(ends, times, series) * error
    return boundary


def _drawn(request: _Request) -> Sky:
    """Draw spells for the warm-up and the period; the scenario's storms come on top."""
    scenario, terrain = request.scenario, request.terrain
    warm_hours = round((request.fine_from - _warm_from(request)) / timedelta(hours=1))
    warm_ends = [_warm_from(request) + timedelta(hours=k + 1) for k in range(warm_hours)]
    start_h = scenario.warm_up_days * 24.0
    hours = request.hours()
    spells = draw_spells(scenario.background_rain, start_h + float(hours[-1]), stream(request.seed, "spells"))
    gauges_km, gauge_elevation = request.gauge_points()
    middles = terrain.points_km.mean(axis=1)
    cells = cells_of(request.basin, scenario.storms)
    at_gauges = spell_rain(spells, hours + start_h, 0.25, gauges_km, gauge_elevation)
    at_gauges += cell_rain(cells, hours, 0.25, gauges_km)
    on_points = cell_rain(cells, hours, 0.25, terrain.points_km.reshape(-1, 2))
    on_land = spell_rain(spells, hours + start_h, 0.25, middles, terrain.elevation_m)
    on_land += on_points.reshape(len(hours), -1, POINTS_PER_CATCHMENT).mean(axis=2) + _missed_rain(request, at_gauges)
    warm_axis = np.arange(1.0, warm_hours + 1.0)
    warm = spell_rain(spells, warm_axis, 1.0, middles, terrain.elevation_m)
    return Sky(
        fine_from=request.fine_from,
        ends=request.ends,
        gauge_ids=request.gauges,
        catch=request.catch,
        warm_rain_mm=warm,
        warm_demand_mm_h=_demand(warm_ends),
        rain_mm=on_land * terrain.rain_factor,
        gauge_rain_mm=at_gauges,
        demand_mm_h=_demand(request.ends),
        boundary_m3s=_drawn_inflows(request, warm.mean(axis=1), on_land.mean(axis=1)),
    )


def _drawn_inflows(request: _Request, warm_mm: Array, fine_mm: Array) -> Array:
    """Border inflows [step, node] that follow the region's rain with the memory of a large basin."""
    terrain = request.terrain
    hourly = np.concatenate([warm_mm, fine_mm.reshape(-1, QUARTERS).sum(axis=1)])
    season = 1 + 0.6 * np.cos(2 * np.pi * (np.arange(len(hourly)) - len(hourly)) / 8766.0 + _season(request.ends[-1]))
    wetness, index = np.empty(len(hourly)), 1.0
    usual = max(hourly.mean(), 1e-6)
    for k, rain in enumerate(hourly):
        index += (rain / usual - index) / (6 * 24.0)
        wetness[k] = index
    ratio = (0.35 + 0.65 * wetness) * season
    steps = np.repeat(ratio[len(warm_mm) :], QUARTERS)
    inflow: Array = np.where(terrain.is_inflow, terrain.mean_discharge_m3s, 0.0) * steps[:, None]
    return inflow


def _season(instant: datetime) -> float:
    """Phase of the year [rad]: 0 in mid-February, when rivers stand highest."""
    return 2 * np.pi * (instant.timetuple().tm_yday - 45) / 365.25


def _demand(ends: Sequence[datetime]) -> Array:
    """Potential evaporation [mm/h]: 600 mm a year, most in June, only by day."""
    day = np.array([end.timetuple().tm_yday + end.hour / 24 + end.minute / 1440 for end in ends])
    daily = 1.65 - 1.45 * np.cos(2 * np.pi * (day - 10) / 365.25)
    sun = np.maximum(np.sin(np.pi * ((day % 1.0) * 24 - 5) / 15.0), 0.0)
    # The half sine from 5 h to 20 h has the mean 0.398 over the day.
    demand: Array = daily / 24 * sun / 0.398
    return demand
