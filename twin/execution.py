"""Carrying out a run: check the forcing, sweep blocks of members in threads, check and join the results."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from domain.errors import ModelError
from twin import sweep
from twin.arithmetic import LANES
from twin.assimilation import LARGEST_INNOVATION, MEMORY_S, MODEL_LOG_SD
from twin.balance import WaterBalance
from twin.network import Topology
from twin.observed import ObservedFlows
from twin.packing import Template, empty_state, fill, layout_of, take_out, templates, widen
from twin.parameters import Parameters
from twin.reservoirs import level_at, volume_at
from twin.runs import Forcing, TwinRun
from twin.state import NASH_STORES, TwinState

Kind = TypeVar("Kind", np.float32, np.int32)

__all__ = ["Job", "check_forcing", "check_observed", "execute", "templates"]


@dataclass(frozen=True)
class Job:
    """One run to carry out."""

    topology: Topology
    parameters: Parameters
    forcing: Forcing
    observed: ObservedFlows | None
    keep: tuple[str, ...]
    step_s: int


class _Shared(NamedTuple):
    """Inputs of a sweep that all blocks of members read."""

    layout: sweep.Layout
    drivers: sweep.Drivers
    gauge: NDArray[np.int32]
    kept: NDArray[np.int32]


def check_forcing(topology: Topology, members: int, forcing: Forcing, begin: datetime, step_s: int) -> None:
    """Refuse a forcing that is incomplete, negative, or does not follow on the state.

    Raises
    ------
    ModelError
        Naming the catchment, inflow node or time.
    """
    steps = len(forcing.times)
    for number, instant in enumerate(forcing.times, start=1):
        wanted = begin + timedelta(seconds=step_s * number)
        if instant != wanted:
            raise ModelError(f"forcing step {number} ends at {instant.isoformat()}, wanted {wanted.isoformat()}")
    zones = len(topology.catchment_ids)
    if forcing.zones is not None:
        zones = forcing.rain_mm.shape[1]
        if forcing.zones.shape != (len(topology.catchment_ids),) or not _within(forcing.zones, zones):
            raise ModelError("forcing: every catchment needs a rain zone that exists")
    _check_series("rain", forcing.rain_mm, (steps, zones, members), _zone_names(topology, forcing))
    _check_series("inflow", forcing.inflow_m3s, (steps, len(topology.inflow_ids), members), topology.inflow_ids)
    _check_series("potential evaporation", forcing.potential_evaporation_mm[:, None], (steps, 1, members), ("region",))
    for dam_id, release in (forcing.releases or {}).items():
        if dam_id not in topology.reservoir_ids:
            raise ModelError(f"release of {dam_id}: no such reservoir")
        if release.shape != (steps,) or np.any(release < 0):
            raise ModelError(f"release of {dam_id}: needs {steps} values, none negative")


def check_observed(topology: Topology, members: int, observed: ObservedFlows, steps: int) -> None:
    """Refuse observations that do not fit the run; missing values (NaN) are welcome.

    Raises
    ------
    ModelError
        Naming what does not fit.
    """
    gauges = len(observed.node_ids)
    shapes = ((steps, gauges), (steps, gauges, members))
    if observed.discharge_m3s.shape not in shapes or observed.sd_relative.shape != (gauges,):
        raise ModelError(f"observed flows have shape {observed.discharge_m3s.shape}, wanted {shapes[0]} or {shapes[1]}")
    if not np.all(observed.sd_relative > 0):
        raise ModelError("observed flows: every gauge needs a positive relative error")
    levels = observed.dam_level_m
    if levels is not None and levels.shape != (steps, len(observed.dam_ids)):
        raise ModelError(f"observed dam levels have shape {levels.shape}, wanted {(steps, len(observed.dam_ids))}")
    for dam_id in observed.dam_ids:
        if dam_id not in topology.reservoir_ids:
            raise ModelError(f"observed level of {dam_id}: no such reservoir")


def _within(index: NDArray[np.integer], count: int) -> bool:
    return bool(index.size == 0 or (index.min() >= 0 and index.max() < count))


def _zone_names(topology: Topology, forcing: Forcing) -> Sequence[str]:
    if forcing.zones is None:
        return topology.catchment_ids
    return [f"zone {number}" for number in range(forcing.rain_mm.shape[1])]


def _check_series(what: str, values: NDArray[np.floating], shape: tuple[int, int, int], names: Sequence[str]) -> None:
    if values.shape not in (shape, shape[:2]):
        raise ModelError(f"{what} has shape {values.shape}, wanted {shape[:2]} or {shape}")
    # The comparison is false for NaN too, so one pass finds missing and negative values.
    if values.size == 0 or (values.min() >= 0 and np.isfinite(values.max())):
        return
    place = int(np.argwhere(~(values >= 0) | ~np.isfinite(values))[0][1])
    raise ModelError(f"{what} of {names[place]} is missing, negative or not finite; missing is never taken as zero")


def execute(job: Job, state: TwinState, blocks: tuple[Template, ...], threads: int) -> TwinRun:
    """Run all blocks of members and join them.

    Raises
    ------
    ModelError
        If a store or flow is not finite afterwards; the message names the node.
    """
    shared = _shared(job)
    run = sweep.compiled_sweep()
    after = replace(empty_state(state), valid_at=job.forcing.times[-1] if job.forcing.times else state.valid_at)
    steps = len(job.forcing.times)
    discharge = np.empty((steps, len(job.keep), job.parameters.members), np.float32)
    behind = np.empty((steps, len(job.topology.reservoirs), job.parameters.members))
    excess = np.empty((steps, len(job.topology.weirs), job.parameters.members))
    ledger = np.empty((sweep.LEDGER_ROWS, job.parameters.members))

    def one(block: Template) -> None:
        lanes = fill(block, state)
        products = _products(shared.kept, job, steps)
        drivers = shared.drivers._replace(first_member=block.first)
        run(shared.layout, lanes, drivers, _gauges(job, shared.gauge, block), products)
        take_out(block, lanes, after)
        members, n = slice(block.first, block.first + block.count), block.count
        discharge[..., members] = products.discharge[..., :n]
        behind[..., members] = products.reservoir_m3[..., :n]
        excess[..., members] = products.excess_m3[..., :n]
        ledger[:, members] = products.ledger[:, :n]

    if threads > 1 and len(blocks) > 1:
        with ThreadPoolExecutor(min(threads, len(blocks))) as pool:
            list(pool.map(one, blocks))
    else:
        for block in blocks:
            one(block)
    _check_finite(job.topology, after)
    return TwinRun(
        state=after,
        times=job.forcing.times,
        kept_ids=job.keep,
        discharge_m3s=discharge,
        reservoir_level_m=_reservoir_levels(job.topology, behind),
        pool_level_m=_pool_levels(job.topology, excess),
        balance=_balance(job.topology, ledger, state, after),
    )


def _shared(job: Job) -> _Shared:
    topology, forcing = job.topology, job.forcing
    steps = len(forcing.times)
    release = np.full((steps, len(topology.reservoirs)), np.nan)
    for dam_id, values in (forcing.releases or {}).items():
        release[:, topology.reservoir_ids.index(dam_id)] = values
    zone = np.arange(len(topology.catchment_ids)) if forcing.zones is None else forcing.zones
    drivers = sweep.Drivers(
        rain=_by_member(forcing.rain_mm),
        zone=_plain(zone, np.int32),
        evaporation=_plain(forcing.potential_evaporation_mm, np.float32),
        inflow=_by_member(forcing.inflow_m3s),
        release=release,
        dam_volume=_observed_volumes(job, steps),
        first_member=0,
        dt=float(job.step_s),
    )
    gauged = job.observed.node_ids if job.observed else ()
    return _Shared(layout_of(topology), drivers, _places(topology, gauged), _places(topology, job.keep))


def _by_member(values: NDArray[np.floating]) -> NDArray[np.float32]:
    deep = values if values.ndim == 3 else values[:, :, None]
    return _plain(deep, np.float32)


def _plain(values: NDArray[np.number], kind: type[Kind]) -> NDArray[Kind]:
    # A read-only or strided array is another type to numba and would compile the sweep once more.
    return np.require(values, kind, ("C", "W"))


def _places(topology: Topology, node_ids: Sequence[str]) -> NDArray[np.int32]:
    places = np.full(len(topology.node_ids), -1, np.int32)
    for number, node_id in enumerate(node_ids):
        if node_id not in topology.position:
            raise ModelError(f"node {node_id} does not exist in this network")
        if places[topology.position[node_id]] >= 0:
            raise ModelError(f"node {node_id} is named twice")
        places[topology.position[node_id]] = number
    return places


def _observed_volumes(job: Job, steps: int) -> NDArray[np.float64]:
    volumes = np.full((steps, len(job.topology.reservoirs)), np.nan)
    if job.observed is None or job.observed.dam_level_m is None:
        return volumes
    for number, dam_id in enumerate(job.observed.dam_ids):
        r = job.topology.reservoir_ids.index(dam_id)
        volumes[:, r] = volume_at(job.topology.reservoirs[r], job.observed.dam_level_m[:, number])
    return volumes


def _gauges(job: Job, gauge: NDArray[np.int32], block: Template) -> sweep.Gauges:
    """Observations as each member of a block sees them, with the documented gain."""
    memory = float(np.exp(-job.step_s / MEMORY_S))
    if job.observed is None:
        none = np.empty(0, np.float32)
        return sweep.Gauges(gauge, np.empty((0, 0, LANES), np.float32), none, none, memory)
    sd = np.asarray(job.observed.sd_relative, np.float64)
    values = job.observed.discharge_m3s
    if values.ndim == 2:
        rows = [job.topology.position[node_id] for node_id in job.observed.node_ids]
        offset = widen(job.parameters.gauge_offset[rows], block.first)
        seen = values[:, :, None] * np.exp(sd[:, None] * offset)
    else:
        seen = widen(values, block.first)
    seen = np.where(seen >= 0, seen, np.nan)
    variance = MODEL_LOG_SD**2 + sd**2
    return sweep.Gauges(
        gauge=gauge,
        observed=_plain(seen, np.float32),
        gain=(MODEL_LOG_SD**2 / variance).astype(np.float32),
        limit=(LARGEST_INNOVATION * np.sqrt(variance)).astype(np.float32),
        memory=memory,
    )


def _products(kept: NDArray[np.int32], job: Job, steps: int) -> sweep.Products:
    return sweep.Products(
        kept=kept,
        discharge=np.empty((steps, len(job.keep), LANES), np.float32),
        reservoir_m3=np.empty((steps, len(job.topology.reservoirs), LANES)),
        excess_m3=np.empty((steps, len(job.topology.weirs), LANES)),
        ledger=np.zeros((sweep.LEDGER_ROWS, LANES)),
    )


def _reservoir_levels(topology: Topology, volumes: NDArray[np.float64]) -> NDArray[np.float32]:
    levels = np.empty(volumes.shape, np.float32)
    for r, dam in enumerate(topology.reservoirs):
        levels[:, r] = level_at(dam, volumes[:, r])
    return levels


def _pool_levels(topology: Topology, excess: NDArray[np.float64]) -> NDArray[np.float32]:
    target = np.array([float(dam.normal_level_m or 0.0) for dam in topology.weirs])[:, None]
    return np.asarray(target + excess / topology.pool_area_m2[:, None], np.float32)


def _check_finite(topology: Topology, state: TwinState) -> None:
    """Find the first node, in flow order, whose water is not finite."""
    bad = np.zeros(len(topology.node_ids), bool)
    at = topology.catchment_nodes
    land = state.production_mm + state.routing_mm + state.interception_mm + state.hydrograph_mm.sum(axis=1)
    bad[at] |= ~np.isfinite(land).all(axis=1)
    in_reach = ~np.isfinite(state.volume_m3).all(axis=1)
    bad |= np.bincount(np.repeat(np.arange(len(bad)), topology.divisions), in_reach, len(bad)) > 0
    bad[topology.reservoir >= 0] |= ~np.isfinite(state.reservoir_m3).all(axis=1)
    bad[topology.weir >= 0] |= ~np.isfinite(state.pool_excess_m3).all(axis=1)
    bad |= ~np.isfinite(state.correction).all(axis=1)
    if bad.any():
        raise ModelError(f"the model step is not finite at node {topology.node_ids[int(np.argmax(bad))]}")


def _balance(topology: Topology, ledger: NDArray[np.float64], before: TwinState, after: TwinState) -> WaterBalance:
    return WaterBalance(
        rain=ledger[sweep.L_RAIN],
        evaporation=ledger[sweep.L_EVAPORATION],
        exchange=ledger[sweep.L_EXCHANGE],
        inflow=ledger[sweep.L_INFLOW],
        nudge=ledger[sweep.L_NUDGE],
        outflow=ledger[sweep.L_OUTFLOW],
        storage_change=_stored(topology, before, after),
    )


def _stored(topology: Topology, before: TwinState, after: TwinState) -> NDArray[np.float64]:
    """Change of all water in store [m3] by member."""
    land = after.production_mm - before.production_mm + after.routing_mm - before.routing_mm
    land += after.interception_mm.astype(np.float64) - before.interception_mm
    for k in range(NASH_STORES):
        land += after.hydrograph_mm[:, k].astype(np.float64) - before.hydrograph_mm[:, k]
    area = topology.area_m2[topology.catchment_nodes] * 1e-3
    channel = after.volume_m3.astype(np.float64) - before.volume_m3
    dams = (after.reservoir_m3 - before.reservoir_m3).sum(axis=0) + (after.pool_excess_m3 - before.pool_excess_m3).sum(
        axis=0
    )
    return np.asarray(area @ land + channel.sum(axis=0) + dams)
