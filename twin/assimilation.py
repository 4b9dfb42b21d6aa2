"""Nudging of observed discharge: a correction at the gauge that fades, and more water above it.

At a gauge the flow is corrected by a factor. Each good observation pulls the factor towards
(observed + q0) / (modelled + q0), q0 a small part of the mean flow, with the gain

    k = s_b^2 / (s_b^2 + s_o^2)

of the log errors of model (s_b, fixed) and gauge (s_o). The innovation, the log of the ratio, counts at most
twice its expected size sqrt(s_b^2 + s_o^2): one wild value moves the model a bounded way, a persistent one
wins within a few steps. A part of the step goes to the water above the gauge instead (divisions, routing and
hydrograph stores in proportion to their share in flow), up to the next gauge that speaks or a dam, fading
with distance; the rest stays in the factor, which relaxes to 1 when the gauge is silent and in a forecast.
Every member meets its own version of the observation (its rating, its gauge error), so spread survives.
The water so added is entered in the balance. A post-processor that corrects the same error at the same gauge
would count it twice.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from twin.arithmetic import LANES, F
from twin.runoff import HYDROGRAPH, ROUTING

MODEL_LOG_SD = 0.35
LARGEST_INNOVATION = 2.0
# Memory of a correction once its gauge is silent [s].
MEMORY_S = 12.0 * 3600.0
# Part of an analysis step that changes the water above the gauge.
UPSTREAM_PART = 0.4
# Fading of that part with distance above the gauge [m].
UPSTREAM_LENGTH_M = 60_000.0
# q0 as part of the mean flow, so that a dry brook does not give a ratio of nothing to nothing.
SMALL_FLOW = 0.02


@njit(error_model="numpy")
def correct_flow(flow, factor, q0, keep, steps, dt, ledger):  # type: ignore[no-untyped-def]  # compiled by numba
    """Apply and relax a gauge's correction where nothing was observed; ``flow`` [step, lane] in place."""
    for t in range(steps):
        q = flow[t]
        for m in range(LANES):
            factor[m] = F(1.0) + (factor[m] - F(1.0)) * keep
            corrected = max((q[m] + q0) * factor[m] - q0, F(0.0))
            ledger[m] += dt * (np.float64(corrected) - np.float64(q[m]))
            q[m] = corrected


@njit(error_model="numpy")
def assimilate(flow, observed, factor, increment, gauge, dt, ledger):  # type: ignore[no-untyped-def]  # compiled by numba
    """Correct the flow [lane] of one step by the observation [lane]; ``gauge`` is (q0, memory, gain, limit).

    ``increment`` [lane] receives the log change for the water above; 0 where nothing was observed.
    """
    q0, keep, gain, limit = gauge
    for m in range(LANES):
        factor[m] = F(1.0) + (factor[m] - F(1.0)) * keep
        applied = factor[m]
        increment[m] = F(0.0)
        if not np.isnan(observed[m]):
            background = (flow[m] + q0) * factor[m]
            innovation = np.log((observed[m] + q0) / background)
            step = gain * min(max(innovation, -limit), limit)
            increment[m] = F(UPSTREAM_PART) * step
            applied = factor[m] * np.exp(step)
            factor[m] = factor[m] * np.exp(step - increment[m])
        corrected = max((flow[m] + q0) * applied - q0, F(0.0))
        ledger[m] += dt * (np.float64(corrected) - np.float64(flow[m]))
        flow[m] = corrected


@njit(error_model="numpy")
def scale_volume(volume, increment, power, ledger):  # type: ignore[no-untyped-def]  # compiled by numba
    """Scale the water [lane] of one division by exp(power * increment)."""
    for m in range(LANES):
        after = volume[m] * np.exp(power * increment[m])
        ledger[m] += np.float64(after) - np.float64(volume[m])
        volume[m] = after


@njit(error_model="numpy")
def scale_catchment(block, store, increment, area_m2, ledger):  # type: ignore[no-untyped-def]  # compiled by numba
    """Scale the stores of a catchment that feed its flow; flow ~ R^5 at the routing store."""
    for m in range(LANES):
        after = store[ROUTING + m] * np.exp(0.2 * np.float64(increment[m]))
        added = after - store[ROUTING + m]
        store[ROUTING + m] = after
        for k in range(3):
            held = block[HYDROGRAPH + k * LANES + m]
            more = held * np.exp(increment[m])
            added += np.float64(more) - np.float64(held)
            block[HYDROGRAPH + k * LANES + m] = more
        ledger[m] += added * area_m2 * 0.001
