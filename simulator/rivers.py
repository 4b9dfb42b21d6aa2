"""The whole river network of the truth in five-minute steps: nodes, lakes, segments, dissolved matter."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.channel import STEP_S, Cascade, outflow_of
from simulator.compiled import compiled
from simulator.reservoirs import Lakes, lake_outflow

Array = NDArray[np.float64]


class RiverState(NamedTuple):
    """Water [m3] and dissolved salt [kg] in segments and lakes."""

    segment_m3: Array
    segment_kg: Array
    lake_m3: Array
    lake_kg: Array


class RiverForcing(NamedTuple):
    """What enters: local runoff [m3/s] each five minutes, and what holds over each record step.

    ``runoff`` [substep, node]; ``boundary`` [step, node] inflow [m3/s]; ``spill`` [step, node] salt [kg/s];
    ``orders`` [step, lake] release [m3/s] or NaN.
    """

    runoff: Array
    boundary: Array
    spill: Array
    orders: Array


class RiverRecord(NamedTuple):
    """What is kept at the end of each step: discharge [m3/s] and salt [kg/m3] by node, lakes' inflow and volume.

    ``discharge`` at a node is what leaves it (the outflow, where a lake is).
    """

    discharge: Array
    salt: Array
    lake_inflow: Array
    lake_m3: Array


def empty_record(steps: int, nodes: int, lakes: int) -> RiverRecord:
    """Return a record to be filled."""
    return RiverRecord(np.zeros((steps, nodes)), np.zeros((steps, nodes)), *(np.zeros((2, steps, lakes))))


@compiled
def steady_rivers(flow: Array, cascade: Cascade, state: RiverState) -> None:
    """Fill all segments as a steady discharge ``flow`` [node] would."""
    for node in range(flow.shape[0]):
        for segment in range(cascade.first[node], cascade.first[node + 1]):
            low, high = 0.0, (cascade.root_step[node] * (cascade.outflow.shape[1] - 1)) ** 2
            for _ in range(60):
                middle = 0.5 * (low + high)
                if outflow_of(middle, cascade.outflow[node], cascade.root_step[node]) < flow[node]:
                    low = middle
                else:
                    high = middle
            state.segment_m3[segment] = max(low - STEP_S * flow[node], 0.0)


@compiled
def river_steps(
    forcing: RiverForcing, cascade: Cascade, lakes: Lakes, state: RiverState, record: RiverRecord, left: Array
) -> None:
    """Advance all rivers, changing ``state`` and ``record``; add what leaves at river ends [m3] to ``left`` [1].

    Nodes must stand upstream first; each step carries water through a whole reach's cascade, so the scheme is
    implicit from the springs to the outlet.
    """
    steps, nodes = forcing.boundary.shape
    substeps = forcing.runoff.shape[0] // steps
    water, salt = np.zeros(nodes), np.zeros(nodes)
    for substep in range(forcing.runoff.shape[0]):
        step = substep // substeps
        is_kept = substep % substeps == substeps - 1
        water[:] = forcing.boundary[step]
        salt[:] = forcing.spill[step]
        for node in range(nodes):
            if cascade.is_head[node]:
                water[node] += forcing.runoff[substep, node]
            lake = lakes.at[node]
            if lake >= 0:
                inflow = water[node]
                out = lake_outflow(state.lake_m3[lake], inflow, forcing.orders[step, lake], lake, lakes, STEP_S)
                content = state.lake_m3[lake] + STEP_S * inflow
                carried = state.lake_kg[lake] + STEP_S * salt[node]
                salt[node] = carried * out / max(content, 1.0)
                state.lake_m3[lake] = content - STEP_S * out
                state.lake_kg[lake] = carried - STEP_S * salt[node]
                water[node] = out
                if is_kept:
                    record.lake_inflow[step, lake] = inflow
                    record.lake_m3[step, lake] = state.lake_m3[lake]
            if is_kept:
                record.discharge[step, node] = water[node]
                record.salt[step, node] = salt[node] / max(water[node], 1e-6)
            down = cascade.below[node]
            if down < 0:
                left[0] += STEP_S * water[node]
                continue
            _reach_step(forcing.runoff[substep, down], node, cascade, state, water, salt)
            water[down] += water[node]
            salt[down] += salt[node]


@compiled
def _reach_step(runoff_below: float, node: int, cascade: Cascade, state: RiverState, water: Array, salt: Array) -> None:
    """Carry the water [m3/s] and salt [kg/s] of a node through the cascade of its leaving reach."""
    first, last = cascade.first[node], cascade.first[node + 1]
    side = runoff_below * cascade.lateral_share[node] / (last - first)
    flow, load = water[node], salt[node]
    for segment in range(first, last):
        content = state.segment_m3[segment] + STEP_S * (flow + side)
        flow = outflow_of(content, cascade.outflow[node], cascade.root_step[node])
        state.segment_m3[segment] = content - STEP_S * flow
        carried = state.segment_kg[segment] + STEP_S * load
        load = carried * flow / max(content + cascade.dead_m3[node], 1.0)
        state.segment_kg[segment] = carried - STEP_S * load
    water[node], salt[node] = flow, load
