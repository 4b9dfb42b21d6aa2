"""Rivers of the truth: each reach a cascade of storages whose outflow follows from compound-section Manning flow.

A segment of length dx holds S = A(Q) dx, where A(Q) is the wetted section of uniform flow: a rectangular channel
with a flood plain above bankfull, or a weir pool whose depth the weir keeps. The backward-Euler step
S' = S + dt (I - Q(S')) has one solution; as dt is fixed, Q is a function of X = S + dt I alone and is tabulated
once per reach. Water is conserved whatever the table says, because S' = X - dt Q.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.basin import Basin, DamKind
from simulator.compiled import compiled
from simulator.terrain import Terrain

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
STEP_S = 300.0
TABLE_SIZE = 1024
BANKFULL_TIMES_MEAN = 8.0
FLOODPLAIN_ROUGHNESS = 0.09
FLOODPLAIN_RISE_M = 1.5
POOL_REACH_KM = 15.0
GATE_SILL_BELOW_POOL_M = 4.0
WEIR_COEFFICIENT = 1.7


class Cascade(NamedTuple):
    """Tables of all segments. A node's leaving reach owns segments first[node] ... first[node + 1] - 1.

    ``outflow`` [node, entry] is Q [m3/s] at X = (entry * root_step)^2 [m3]; ``dead_m3`` the part of a segment's
    volume that stays when the river stops, which matters to dissolved matter only.
    """

    first: Indices
    outflow: Array
    root_step: Array
    dead_m3: Array
    below: Indices
    lateral_share: Array
    is_head: NDArray[np.bool_]


@dataclass(frozen=True)
class Section:
    """Uniform flow in one reach: discharge [m3/s], depth [m] and wetted area [m2], rising arrays of one shape."""

    discharge: Array
    depth: Array
    area: Array

    def depth_at(self, discharge: Array) -> Array:
        """Depth [m] at a discharge [m3/s]."""
        return np.interp(discharge, self.discharge, self.depth)


def sections(terrain: Terrain, basin: Basin) -> list[Section]:
    """Return the section of every node's leaving reach (of a river's end: of the reach above it)."""
    nodes = range(len(terrain.node_ids))
    return [_section(terrain, basin, k if terrain.below[k] >= 0 else _reach_above(terrain, k)) for k in nodes]


def _reach_above(terrain: Terrain, k: int) -> int:
    above = np.flatnonzero(terrain.below == k)
    return int(above[np.argmax(terrain.drained_km2[above])]) if len(above) else k


def _section(terrain: Terrain, basin: Basin, k: int) -> Section:
    width, slope, n = terrain.width_m[k], terrain.slope[k], terrain.roughness[k]
    ends_at = terrain.below[k] if terrain.below[k] >= 0 else k
    bankfull_flow = BANKFULL_TIMES_MEAN * terrain.mean_discharge_m3s[ends_at]
    bankfull = (bankfull_flow * n / (width * np.sqrt(slope))) ** 0.6
    depth = np.linspace(0.0, np.sqrt(25.0 + 2 * bankfull), 600) ** 2
    over = np.maximum(depth - bankfull, 0.0)
    widest = terrain.plain_width_m[k]
    plain = widest * np.minimum(over / FLOODPLAIN_RISE_M, 1.0)
    plain_area = np.where(over < FLOODPLAIN_RISE_M, plain * over / 2, widest * (over - FLOODPLAIN_RISE_M / 2))
    plain_depth = np.divide(plain_area, plain, out=np.zeros_like(over), where=plain > 0)
    discharge = np.sqrt(slope) * (
        width * depth ** (5 / 3) / n + plain_area * plain_depth ** (2 / 3) / FLOODPLAIN_ROUGHNESS
    )
    area = width * depth + plain_area
    if terrain.is_pool[k]:
        kept = pool_depth(width) + weir_rise(terrain, basin, k, discharge)
        pooled = (depth**4 + kept**4) ** 0.25
        area, depth = area + width * (pooled - depth), pooled
    return Section(discharge, depth, area)


def pool_depth(width_m: float) -> float:
    """Depth [m] that weirs keep for navigation, a priori: 3 m on the Sambre, 4.5 m on the Meuse."""
    return 4.5 if width_m > 50 else 3.0


def weir_rise(terrain: Terrain, basin: Basin, k: int, discharge: Array) -> Array:
    """Rise [m] of a pool above its target because the working gates of the next weir cannot pass the flow.

    The working gates are open over a sill, water also passes over the shut ones and over the banks; the rise
    fades upstream with the distance to the weir.
    """
    weirs = {dam.node_id: dam for dam in basin.dams.values() if dam.kind is DamKind.WEIR}
    here, distance_km = k, terrain.length_m[k] / 2000
    while here >= 0 and terrain.is_pool[here]:
        here = int(terrain.below[here])
        weir = weirs.get(terrain.node_ids[here])
        if weir is not None:
            rise = np.linspace(0.0, 15.0, 400)
            open_m = (weir.gates_available or 0) * (weir.gate_width_m or 0.0)
            shut_m = (weir.gates or 0) * (weir.gate_width_m or 0.0) - open_m + 2 * terrain.width_m[here]
            passed = WEIR_COEFFICIENT * (open_m * (GATE_SILL_BELOW_POOL_M + rise) ** 1.5 + shut_m * rise**1.5)
            found: Array = np.interp(discharge, passed, rise) * np.exp(-distance_km / POOL_REACH_KM)
            return found
        distance_km += terrain.length_m[here] / 1000 if here >= 0 else 0.0
    return np.zeros_like(discharge)


def build_cascade(terrain: Terrain, shapes: list[Section]) -> Cascade:
    """Tabulate the outflow of all segments."""
    count = len(terrain.node_ids)
    segments = np.array([_segments(terrain, shape, k) for k, shape in enumerate(shapes)], dtype=np.int64)
    first = np.concatenate([[0], np.cumsum(segments)])
    outflow, root_step, dead = np.zeros((count, TABLE_SIZE)), np.ones(count), np.zeros(count)
    for k in np.flatnonzero(segments > 0):
        dx = terrain.length_m[k] / segments[k]
        shape = shapes[k]
        full = (shape.area - shape.area[0]) * dx + STEP_S * shape.discharge
        highest = np.interp(20.0 * max(terrain.drained_km2[terrain.below[k]], 5.0) ** 0.75, shape.discharge, full)
        root_step[k] = np.sqrt(highest) / (TABLE_SIZE - 1)
        outflow[k] = np.interp((np.arange(TABLE_SIZE) * root_step[k]) ** 2, full, shape.discharge)
        dead[k] = shape.area[0] * dx
    return Cascade(first, outflow, root_step, dead, terrain.below, terrain.lateral_share, terrain.is_head)


def _segments(terrain: Terrain, shape: Section, k: int) -> int:
    """Choose how many storages give the reach about its physical diffusion, Q / (2 B S), in a flood."""
    if terrain.below[k] < 0:
        return 0
    flood = 15.0 * terrain.mean_discharge_m3s[terrain.below[k]]
    speed = np.interp(flood, shape.discharge[1:], np.diff(shape.discharge) / np.maximum(np.diff(shape.area), 1e-9))
    diffusion = flood / (2 * terrain.width_m[k] * terrain.slope[k])
    ideal_m = 2 * max(diffusion - speed**2 * STEP_S / 2, 0.0) / max(speed, 0.1)
    return int(np.clip(np.ceil(terrain.length_m[k] / np.clip(ideal_m, 1500.0, 12_000.0)), 1, 40))


@compiled
def outflow_of(content: float, outflow: Array, root_step: float) -> float:
    """Return Q [m3/s] of a segment that would hold ``content`` [m3] without outflow."""
    last = outflow.shape[0] - 1
    position = int(np.sqrt(content) / root_step)
    position = min(position, last - 1)
    low = (position * root_step) ** 2
    high = ((position + 1) * root_step) ** 2
    q = outflow[position] + (outflow[position + 1] - outflow[position]) * (content - low) / (high - low)
    return float(min(max(q, 0.0), content / STEP_S))
