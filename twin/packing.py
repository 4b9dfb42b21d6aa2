"""Between the twin's arrays with members last and the fixed-width blocks that the kernels sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from twin import pools, reservoirs, routing, runoff
from twin.arithmetic import LANES
from twin.assimilation import SMALL_FLOW, UPSTREAM_LENGTH_M
from twin.network import Topology
from twin.parameters import GRAVITY, Parameters
from twin.state import NASH_STORES, TwinState
from twin.sweep import Lanes, Layout

Kind = TypeVar("Kind", bound=np.generic)


@dataclass(frozen=True)
class Template:
    """Parameter rows of one block of members for one length of step; stores are still empty.

    Every array is ready to be copied and filled with a state. ``first`` is the block's first member,
    ``count`` how many of its lanes are members; the others repeat the last one and are thrown away.
    """

    first: int
    count: int
    lanes: Lanes


def layout_of(topology: Topology) -> Layout:
    """Return the network as the sweep reads it."""
    return Layout(
        downstream=topology.downstream,
        tributaries=topology.tributaries,
        divisions=topology.divisions,
        first_division=topology.first_division,
        is_pool=topology.is_pool,
        catchment=topology.catchment,
        inflow=topology.inflow,
        reservoir=topology.reservoir,
        weir=topology.weir,
        area_m2=topology.area_m2,
        q0=(SMALL_FLOW * np.maximum(topology.mean_discharge_m3s, 0.01)).astype(np.float32),
        reach_fade=np.exp(-topology.length_m / UPSTREAM_LENGTH_M).astype(np.float32),
        stack_depth=topology.stack_depth,
    )


def templates(topology: Topology, parameters: Parameters, step_s: int) -> tuple[Template, ...]:
    """Return one template for each block of members."""
    return tuple(
        Template(first, min(LANES, parameters.members - first), _lanes(topology, parameters, step_s, first))
        for first in range(0, parameters.members, LANES)
    )


def widen(array: NDArray[Kind], first: int) -> NDArray[Kind]:
    """Return LANES members of an array from ``first`` on, repeating the last member where they run out."""
    wanted = np.minimum(np.arange(first, first + LANES), array.shape[-1] - 1)
    return np.ascontiguousarray(array[..., wanted])


def fill(template: Template, state: TwinState) -> Lanes:
    """Copy a template and put a state's water into it."""
    first = template.first
    lanes = Lanes._make(array.copy() for array in template.lanes)
    size = NASH_STORES * LANES
    lanes.catchments[:, runoff.WATER : runoff.WATER + LANES] = widen(state.interception_mm, first)
    hydrograph = widen(state.hydrograph_mm, first).reshape(-1, size)
    lanes.catchments[:, runoff.HYDROGRAPH : runoff.HYDROGRAPH + size] = hydrograph
    lanes.stores[:, runoff.SOIL : runoff.SOIL + LANES] = widen(state.production_mm, first)
    lanes.stores[:, runoff.ROUTING : runoff.ROUTING + LANES] = widen(state.routing_mm, first)
    lanes.volume[:] = widen(state.volume_m3, first)
    lanes.reservoirs[:, :LANES] = widen(state.reservoir_m3, first)
    lanes.weirs[:, :LANES] = widen(state.pool_excess_m3, first)
    lanes.correction[:] = widen(state.correction, first)
    return lanes


def empty_state(state: TwinState) -> TwinState:
    """Return a state of the same shapes to be filled by :func:`take_out`."""
    return TwinState(valid_at=state.valid_at, **{name: np.empty_like(a) for name, a in state.arrays.items()})


def take_out(template: Template, lanes: Lanes, state: TwinState) -> None:
    """Write the members of a block into a new state."""
    members = slice(template.first, template.first + template.count)
    n = template.count
    size = NASH_STORES * LANES
    state.interception_mm[:, members] = lanes.catchments[:, runoff.WATER : runoff.WATER + n]
    hydrograph = lanes.catchments[:, runoff.HYDROGRAPH : runoff.HYDROGRAPH + size]
    state.hydrograph_mm[..., members] = hydrograph.reshape(-1, NASH_STORES, LANES)[..., :n]
    state.production_mm[:, members] = lanes.stores[:, runoff.SOIL : runoff.SOIL + n]
    state.routing_mm[:, members] = lanes.stores[:, runoff.ROUTING : runoff.ROUTING + n]
    state.volume_m3[:, members] = lanes.volume[:, :n]
    state.reservoir_m3[:, members] = lanes.reservoirs[:, :n]
    state.pool_excess_m3[:, members] = lanes.weirs[:, :n]
    state.correction[:, members] = lanes.correction[:, :n]


def _lanes(topology: Topology, parameters: Parameters, step_s: int, first: int) -> Lanes:
    nodes = len(topology.node_ids)
    return Lanes(
        catchments=_catchment_rows(topology, parameters, step_s, first),
        stores=np.zeros((len(topology.catchment_ids), runoff.STORE_ROWS * LANES)),
        reaches=_reach_rows(topology, parameters, step_s, first),
        volume=np.zeros((topology.division_count, LANES), np.float32),
        reservoirs=_reservoir_rows(topology, parameters, first),
        weirs=_weir_rows(topology, parameters, first),
        correction=np.ones((nodes, LANES), np.float32),
    )


def _catchment_rows(topology: Topology, parameters: Parameters, step_s: int, first: int) -> NDArray[np.float32]:
    area = topology.area_m2[topology.catchment_nodes][:, None]
    # Three equal stores in a row delay by the sum of their times.
    time_s = np.maximum(widen(parameters.lag_h, first) * 3600.0 / NASH_STORES, 60.0)
    decay = np.exp(-step_s / time_s)
    production = widen(parameters.production_mm, first)
    rows = {
        runoff.CAPACITY: widen(parameters.interception_mm, first),
        runoff.EVAPORATION: widen(parameters.evaporation_factor, first),
        runoff.PRODUCTION: production,
        runoff.PER_PRODUCTION: 1.0 / production,
        runoff.EXCHANGE: widen(parameters.exchange_mm_h, first) * (step_s / 3600.0),
        runoff.PER_ROUTING: 1.0 / widen(parameters.routing_mm, first),
        runoff.DECAY: decay,
        runoff.HELD: (1.0 - decay) * time_s / step_s,
        runoff.TO_FLOW: np.broadcast_to(area * 1e-3 / step_s, decay.shape),
    }
    return _stacked(rows, len(topology.catchment_ids), runoff.CATCHMENT_ROWS, np.float32)


def _reach_rows(topology: Topology, parameters: Parameters, step_s: int, first: int) -> NDArray[np.float32]:
    dx = (np.maximum(topology.length_m, 1.0) / np.maximum(topology.divisions, 1))[:, None]
    slope = np.maximum(topology.slope, 1e-5)[:, None]
    width = widen(parameters.width_m, first)
    plain = widen(parameters.floodplain_width_m, first)
    root = np.sqrt(slope)
    rows = {
        routing.CHANNEL: width * root / widen(parameters.roughness, first),
        routing.PLAIN: plain * root / widen(parameters.floodplain_roughness, first),
        routing.BANK: widen(parameters.bankfull_depth_m, first),
        routing.WIDTH: width,
        routing.PER_WIDTH: 1.0 / width,
        routing.PLAIN_WIDTH: plain,
        routing.PER_FULL_WIDTH: 1.0 / (width + plain),
        routing.GRID_TIME: np.broadcast_to(step_s / dx, width.shape),
        routing.GRID_SPACE: np.broadcast_to(1.0 / (slope * dx), width.shape),
        routing.PER_LENGTH: np.broadcast_to(1.0 / dx, width.shape),
    }
    stacked = _stacked(rows, len(topology.node_ids), routing.REACH_ROWS, np.float32)
    wave = np.sqrt(GRAVITY * widen(parameters.pool_depth_m, first))
    # A pool reach has one number only: the inverse of the travel time of a long wave through it.
    stacked[topology.is_pool, :LANES] = (wave / dx)[topology.is_pool]
    return stacked


def _reservoir_rows(topology: Topology, parameters: Parameters, first: int) -> NDArray[np.float64]:
    rows = np.zeros((len(topology.reservoirs), reservoirs.RESERVOIR_ROWS * LANES))
    start, days = widen(parameters.spillway_start, first), widen(parameters.drawdown_days, first)
    mean = topology.mean_discharge_m3s[np.flatnonzero(topology.reservoir >= 0)]
    for r, dam in enumerate(topology.reservoirs):
        values = {
            reservoirs.TARGET: reservoirs.target_volume(dam),
            reservoirs.FULL: float(dam.full_volume_hm3 or 0.0) * 1e6,
            reservoirs.CREST: reservoirs.crest_volume(dam, start[r]),
            reservoirs.LEAST: 0.2 * mean[r],
            reservoirs.GIVE_BACK: 1.0 / (86400.0 * days[r].astype(np.float64)),
            reservoirs.OUTLET: float(dam.outlet_capacity_m3s or 0.0),
            reservoirs.SPILLWAY: float(dam.spillway_capacity_m3s or 0.0),
        }
        for row, value in values.items():
            rows[r, row : row + LANES] = value
    return rows


def _weir_rows(topology: Topology, parameters: Parameters, first: int) -> NDArray[np.float64]:
    rows = np.zeros((len(topology.weirs), pools.WEIR_ROWS * LANES))
    head, coefficient = widen(parameters.weir_head_m, first), widen(parameters.weir_coefficient, first)
    for w, dam in enumerate(topology.weirs):
        rows[w, pools.HEAD : pools.HEAD + LANES] = head[w]
        rows[w, pools.PER_AREA : pools.PER_AREA + LANES] = 1.0 / topology.pool_area_m2[w]
        open_width = float(dam.gates_available or 0) * float(dam.gate_width_m or 0.0)
        rows[w, pools.STRENGTH : pools.STRENGTH + LANES] = coefficient[w] * open_width
    return rows


def _stacked(
    rows: Mapping[int, NDArray[np.floating]], places: int, count: int, kind: type[np.floating]
) -> NDArray[np.floating]:
    stacked = np.zeros((places, count * LANES), kind)
    for row, value in rows.items():
        stacked[:, row : row + LANES] = value
    return stacked
