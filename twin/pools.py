"""Weir pools of canalised rivers.

A movable weir holds its pool at the target level as long as its gates can pass the inflow. Once all gates
that work are fully open it is a free weir, Q = c b (H0 + z)^1.5, and the pool rises by z above its target.
Between weirs a pool carries a change of flow as a long wave, sqrt(g depth): its reach is a linear store
with that travel time.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from twin.arithmetic import LANES, F

# Flat array of a weir: rows of LANES. EXCESS is water above the target level [m3]; HEAD the depth of the
# sill below the target [m]; PER_AREA 1 / pool surface [1/m2]; STRENGTH is c b of the gates that work.
WEIR_ROWS = 4
EXCESS, HEAD, PER_AREA, STRENGTH = range(0, WEIR_ROWS * LANES, LANES)

SUB_STEP_S = 300.0


@njit(error_model="numpy")
def pass_weir(rows, flow, steps, dt):  # type: ignore[no-untyped-def]  # compiled by numba
    """Turn inflow [step, lane] m3/s of a weir into outflow, in place."""
    parts = max(1, int(np.ceil(dt / SUB_STEP_S)))
    h = dt / parts
    for t in range(steps):
        for m in range(LANES):
            excess = before = rows[EXCESS + m]
            inflow = np.float64(flow[t, m])
            passed = 0.0
            for _ in range(parts):
                head = rows[HEAD + m] + excess * rows[PER_AREA + m]
                root = np.sqrt(head)
                free = rows[STRENGTH + m] * head * root
                gradient = 1.5 * rows[STRENGTH + m] * root * rows[PER_AREA + m]
                out = inflow - (inflow - free) / (1.0 + h * gradient)
                # Gates close rather than let the pool fall below its target.
                out = min(out, inflow + excess / h)
                excess = max(excess + h * (inflow - out), 0.0)
                passed += out
            flow[t, m] = F(passed / parts)
            rows[EXCESS + m] = max(before + dt * (inflow - np.float64(flow[t, m])), 0.0)


@njit(error_model="numpy")
def route_pool(rate, volume, flow, steps, dt):  # type: ignore[no-untyped-def]  # compiled by numba
    """Route ``flow`` [step, lane] m3/s through a pool reach, in place: a linear store, dV/dt = I - rate V.

    ``rate`` [lane] is 1 / travel time [1/s]; the step is integrated exactly for a constant inflow.
    """
    step = F(dt)
    per_step = F(1.0 / dt)
    kept = np.empty(LANES, np.float32)
    for m in range(LANES):
        kept[m] = np.exp(-rate[m] * step)
    for t in range(steps):
        q = flow[t]
        for m in range(LANES):
            v = volume[m]
            after = v * kept[m] + q[m] * (F(1.0) - kept[m]) / rate[m]
            volume[m] = after
            q[m] = max(q[m] + (v - after) * per_step, F(0.0))
