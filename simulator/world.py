"""The simulated world: from a scenario to the truth on a basin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from domain.basin import Basin, Station, StationKind
from domain.errors import ConfigurationError, ModelError
from domain.event_pack import EventPack, read_event_pack
from domain.variables import Variable
from simulator.channel import STEP_S, Cascade, Section, build_cascade, sections
from simulator.environment import true_air, true_water_quality
from simulator.gauging import true_levels
from simulator.reservoirs import Lakes, lakes_of, level_of, release_orders
from simulator.rivers import RiverForcing, RiverRecord, RiverState, empty_record, river_steps, steady_rivers
from simulator.scenario import Scenario, SoilStart
from simulator.sky import Sky, make_sky
from simulator.soil import SoilState, moist_soil, soil_steps
from simulator.terrain import Terrain, hidden_terrain
from simulator.truth import Truth, WaterLedger

Array = NDArray[np.float64]
SUBSTEPS_A_STEP = 3
SUBSTEPS_AN_HOUR = 12
QUARTER = timedelta(minutes=15)
SOIL_QUANTILE = {SoilStart.DRY: 0.05, SoilStart.MEDIAN: 0.5, SoilStart.WET: 0.95}


@dataclass(frozen=True)
class World:
    """Everything that is hidden from the twin."""

    basin: Basin
    scenario: Scenario
    seed: int
    pack: EventPack | None
    terrain: Terrain
    sky: Sky
    shapes: list[Section]
    cascade: Cascade
    dam_ids: tuple[str, ...]
    lakes: Lakes


@dataclass(frozen=True)
class Run:
    """What the numerical models leave behind, from five days before the start; ``runoff`` [m3/s] by substep."""

    record: RiverRecord
    soil_fill: Array
    ledger: WaterLedger


def read_pack(basin: Basin, scenario: Scenario) -> EventPack | None:
    """Read the scenario's event pack, if it has one.

    Raises
    ------
    ConfigurationError
        If the scenario names things that the basin does not have, or the pack cannot be used.
    """
    faults = scenario.faults_in(basin)
    if faults:
        raise ConfigurationError(faults)
    return None if scenario.event_pack is None else read_event_pack(scenario.event_pack, basin)


def build_world(basin: Basin, scenario: Scenario, seed: int, pack: EventPack | None) -> World:
    """Draw the hidden world of a scenario; ``seed`` counts where the scenario does not fix its own."""
    hidden = seed if scenario.world.seed is None else scenario.world.seed
    terrain = hidden_terrain(basin, scenario, hidden)
    shapes = sections(terrain, basin)
    ordered = {decision[1] for decision in _decisions(scenario, pack)}
    dam_ids, lakes = lakes_of(basin, terrain, scenario, sorted(ordered))
    sky = make_sky(basin, terrain, scenario, hidden, pack)
    return World(basin, scenario, hidden, pack, terrain, sky, shapes, build_cascade(terrain, shapes), dam_ids, lakes)


def _decisions(scenario: Scenario, pack: EventPack | None) -> list[tuple[datetime, str, float | None]]:
    """Releases ordered by the operators: the pack's and the scenario's own."""
    own = [(scenario.hours_after_start(r.at_h), r.dam, r.release_m3s) for r in scenario.dam_releases]
    from_pack = [] if pack is None else [(d.at, d.dam_id, d.release_m3s) for d in pack.dam_decisions]
    return [*from_pack, *own]


def simulate_truth(world: World) -> Truth:
    """Run soils and rivers and derive everything that a sensor could see.

    Raises
    ------
    ModelError
        If any discharge or volume is not finite.
    """
    run = run_waters(world)
    terrain, scenario = world.terrain, world.scenario
    steps = scenario.steps
    kept = slice(-len(steps), None)
    discharge, salt = run.record.discharge[kept], run.record.salt[kept]
    rain = world.sky.rain_mm[kept]
    volumes = run.record.lake_m3[kept]
    levels = [level_of(volumes[:, k], world.lakes, k) for k in range(len(world.dam_ids))]
    return Truth(
        steps=steps,
        node_ids=terrain.node_ids,
        station_ids=tuple(world.basin.stations),
        dam_ids=world.dam_ids,
        discharge=discharge,
        catchment_rain=rain,
        soil_fill=run.soil_fill,
        measurable=_measurable(world, discharge, salt, volumes),
        lake_volume=volumes,
        lake_level=np.stack(levels, axis=1) if levels else np.empty((len(steps), 0)),
        lake_crest=world.lakes.crest_m,
        lake_inflow=run.record.lake_inflow[kept],
        salt=salt,
        gauge_catch=dict(zip(world.sky.gauge_ids, world.sky.catch.tolist(), strict=True)),
        drained_m2=terrain.area_m2,
        ledger=run.ledger,
        label=" ".join(part for part in (scenario.label, world.pack.label if world.pack else "") if part),
    )


def run_waters(world: World) -> Run:
    """Run soils through warm-up and period, then the rivers from five days before the start."""
    terrain, sky = world.terrain, world.sky
    soil = _soil_at_start(world)
    count, nodes = len(sky.ends), len(terrain.node_ids)
    runoff_mm_h = np.empty((count * SUBSTEPS_A_STEP, nodes))
    evaporated = np.zeros(nodes)
    before = soil.total()
    fill = soil.soil / terrain.soil.capacity_mm
    soil_steps(sky.rain_mm, sky.demand_mm_h, SUBSTEPS_A_STEP, terrain.soil, soil, runoff_mm_h, evaporated)
    runoff = runoff_mm_h * (terrain.area_m2 / 3.6e6)
    forcing = RiverForcing(runoff, sky.boundary_m3s, _spills(world), _orders(world))
    state = _steady_state(world, runoff[0])
    stored = float(state.segment_m3.sum() + state.lake_m3.sum())
    record = empty_record(count, nodes, len(world.dam_ids))
    left = np.zeros(1)
    river_steps(forcing, world.cascade, world.lakes, state, record, left)
    if not (np.isfinite(record.discharge).all() and np.isfinite(record.lake_m3).all()):
        raise ModelError("the simulated rivers are not finite")
    area = terrain.area_m2 / 1000
    ledger = WaterLedger(
        rain=float((sky.rain_mm.sum(axis=0) * area).sum()),
        inflow=float(sky.boundary_m3s.sum() * STEP_S * SUBSTEPS_A_STEP),
        evaporated=float((evaporated * area).sum()),
        left=float(left[0]),
        stored_before=float((before * area).sum()) + stored,
        stored_after=float((soil.total() * area).sum() + state.segment_m3.sum() + state.lake_m3.sum()),
    )
    return Run(record, fill, ledger)


def _soil_at_start(world: World) -> SoilState:
    """Run the soils through the warm-up; a dry, median or wet start is a day of the warm-up's last year."""
    terrain, sky = world.terrain, world.sky
    state = moist_soil(terrain.soil)
    last, lost = np.empty((1, len(terrain.node_ids))), np.zeros(len(terrain.node_ids))
    if world.scenario.world.soil_start is SoilStart.WARM_UP:
        soil_steps(sky.warm_rain_mm, sky.warm_demand_mm_h, SUBSTEPS_AN_HOUR, terrain.soil, state, last, lost)
        return state
    days: list[tuple[float, SoilState]] = []
    hours = len(sky.warm_rain_mm)
    for begin in range(hours % 24, hours, 24):
        part = slice(begin, begin + 24)
        soil_steps(
            sky.warm_rain_mm[part], sky.warm_demand_mm_h[part], SUBSTEPS_AN_HOUR, terrain.soil, state, last, lost
        )
        fill = float(np.average(state.soil / terrain.soil.capacity_mm, weights=terrain.area_m2 + 1e-9))
        days.append((fill, state.copy()))
    days = sorted(days[-365:], key=lambda day: day[0])
    return days[round(SOIL_QUANTILE[world.scenario.world.soil_start] * (len(days) - 1))][1]


def _steady_state(world: World, runoff: Array) -> RiverState:
    """Fill the rivers as the first runoff [m3/s] would, had it lasted."""
    terrain, cascade = world.terrain, world.cascade
    flow = runoff + world.sky.boundary_m3s[0]
    for k, down in enumerate(terrain.below):
        if down >= 0:
            flow[down] += flow[k]
    segments = int(cascade.first[-1])
    lakes = world.lakes.target_m3.copy()
    state = RiverState(np.zeros(segments), np.zeros(segments), lakes, np.zeros(len(lakes)))
    steady_rivers(flow, cascade, state)
    return state


def _orders(world: World) -> Array:
    return release_orders(_decisions(world.scenario, world.pack), world.dam_ids, world.sky.ends)


def _spills(world: World) -> Array:
    """Salt [kg/s] let in at each node, shape [step, node]."""
    load = np.zeros((len(world.sky.ends), len(world.terrain.node_ids)))
    for spill in world.scenario.spills:
        begin = world.scenario.hours_after_start(spill.at_h)
        end = begin + timedelta(hours=spill.duration_h)
        for step, step_end in enumerate(world.sky.ends):
            inside = (min(step_end, end) - max(step_end - QUARTER, begin)) / QUARTER
            if inside > 0:
                load[step, world.terrain.index[spill.node]] += inside * spill.mass_t / (3.6 * spill.duration_h)
    return load


def _measurable(world: World, discharge: Array, salt: Array, volumes: Array) -> dict[Variable, Array]:
    """Return the true value of every variable at every station that measures it."""
    basin, terrain, steps = world.basin, world.terrain, world.scenario.steps
    stations = list(basin.stations.values())
    found = {variable: np.full((len(steps), len(stations)), np.nan) for variable in Variable}
    on_river = [k for k, s in enumerate(stations) if s.node_id is not None]
    nodes = np.array([terrain.index[str(stations[k].node_id)] for k in on_river], dtype=np.int64)
    found[Variable.LEVEL] = true_levels(
        basin, world.scenario, world.seed, terrain, world.shapes, world.lakes, (discharge, volumes)
    )
    found[Variable.DISCHARGE][:, on_river] = discharge[:, nodes]
    rain = world.sky.gauge_rain_mm[-len(steps) :]
    gauges = [k for k, s in enumerate(stations) if s.kind is StationKind.RAIN]
    found[Variable.RAIN][:, gauges] = rain
    high = np.array([300.0 if stations[k].zero_m is None else float(stations[k].zero_m or 0) for k in gauges])
    for variable, values in true_air(steps, high, rain, world.seed).items():
        found[variable][:, gauges] = values
    above = _rain_above(world, nodes)
    ph = world.scenario.spills[0].ph_per_g_per_l if world.scenario.spills else 0.0
    quality = true_water_quality(discharge[:, nodes], terrain.mean_discharge_m3s[nodes], above, salt[:, nodes], ph)
    for variable, values in quality.items():
        found[variable][:, on_river] = values
    return {variable: _only_measured(values, stations, variable) for variable, values in found.items()}


def _rain_above(world: World, nodes: NDArray[np.int64]) -> Array:
    """Mean rain [mm per step] over the land above each of some nodes, shape [step, those nodes]."""
    terrain = world.terrain
    volume = world.sky.rain_mm[-len(world.scenario.steps) :] * terrain.area_m2
    area = terrain.area_m2 + 1e-9
    for k, down in enumerate(terrain.below):
        if down >= 0:
            volume[:, down] += volume[:, k]
            area[down] += area[k]
    return volume[:, nodes] / area[nodes]


def _only_measured(values: Array, stations: Sequence[Station], variable: Variable) -> Array:
    lacking = [k for k, station in enumerate(stations) if variable not in station.variables]
    values[:, lacking] = np.nan
    return values
