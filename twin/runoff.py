"""Continuous runoff of one sub-catchment, after GR4H, in a form that holds at any time step.

Rain fills an interception store; the rest meets the production store, which takes the larger part the
drier it is. What it refuses and what percolates from it runs through three equal linear stores (the unit
hydrograph, in state-space form) and reaches the river for nine tenths through a non-linear routing store,
for one tenth directly. Every store is integrated in closed form over the step, so hourly and 15-minute runs
with the same parameters agree. Stores of soil water and routing are kept in double precision: their
fluxes in a step may be smaller than the last digit of a single.

References
----------
Perrin et al. (2003), doi:10.1016/S0022-1694(03)00225-7 (GR4J); Mathevet (2005), thesis ENGREF (GR4H);
Santos, Thirel and Perrin (2018), doi:10.5194/gmd-11-1591-2018 (state-space form); Ficchi, Perrin and
Andreassian (2019), doi:10.1016/j.jhydrol.2019.05.084 (interception below the day).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from twin.arithmetic import LANES, F, fourth_root_drain, fourth_root_drain_small, tanh_fraction

# A catchment is two flat arrays of rows of LANES: offsets that the compiler knows are what lets it use
# vector instructions. Single precision: parameters, then water on leaves and in the unit hydrograph.
CATCHMENT_ROWS = 13
(CAPACITY, EVAPORATION, PRODUCTION, PER_PRODUCTION, EXCHANGE, PER_ROUTING, DECAY, HELD, TO_FLOW, WATER, HYDROGRAPH) = (
    range(0, 11 * LANES, LANES)
)
# Double precision: soil water, routing store, and the ledger of rain, evaporation and exchange.
STORE_ROWS = 5
SOIL, ROUTING, RAINED, EVAPORATED, EXCHANGED = range(0, STORE_ROWS * LANES, LANES)

# GR4H drains (4/21)^4 of the fourth power of saturation in an hour, a quarter of which acts (closed form).
PERCOLATION_PER_HOUR = (4.0 / 21.0) ** 4


@njit(error_model="numpy", fastmath={"contract"})
def add_runoff(block, store, rain, evaporation, hours, steps, flow):  # type: ignore[no-untyped-def]  # compiled by numba
    """Run one catchment over a block of steps and add its flow [m3/s] to ``flow`` [step, lane].

    ``block`` and ``store`` are the flat arrays of the catchment, stores [mm] updated in place; ``rain``
    [step, lane] and ``evaporation`` [step] are mm in a step of ``hours``.
    """
    percolation = F(PERCOLATION_PER_HOUR * hours)
    drain = F(hours)
    for t in range(steps):
        potential = evaporation[t]
        p, q = rain[t], flow[t]
        for m in range(LANES):
            demand = potential * block[EVAPORATION + m]
            wet = block[WATER + m] + p[m]
            through = max(wet - block[CAPACITY + m], F(0.0))
            wet -= through
            from_leaves = min(wet, demand)
            block[WATER + m] = wet - from_leaves
            demand -= from_leaves
            s = F(store[SOIL + m]) * block[PER_PRODUCTION + m]
            upper, lower = tanh_fraction(through * block[PER_PRODUCTION + m])
            taken = block[PRODUCTION + m] * max(F(1.0) - s * s, F(0.0)) * upper / (lower + s * upper)
            taken = min(taken, through)
            upper, lower = tanh_fraction(demand * block[PER_PRODUCTION + m])
            drawn = F(store[SOIL + m]) * (F(2.0) - s) * upper / (lower + max(F(1.0) - s, F(0.0)) * upper)
            s += (taken - drawn) * block[PER_PRODUCTION + m]
            s = max(s, F(0.0))
            square = s * s
            percolated = s * block[PRODUCTION + m] * fourth_root_drain_small(square * square * percolation)
            store[SOIL + m] += np.float64(taken) - np.float64(drawn) - np.float64(percolated)
            effective = percolated + (through - taken)
            for k in range(3):
                held = block[HYDROGRAPH + k * LANES + m] * block[DECAY + m] + effective * block[HELD + m]
                effective = block[HYDROGRAPH + k * LANES + m] + effective - held
                block[HYDROGRAPH + k * LANES + m] = held
            slow = F(0.9) * effective
            content = F(store[ROUTING + m])
            r = max((content + F(0.5) * slow) * block[PER_ROUTING + m], F(0.0))
            gained = block[EXCHANGE + m] * r * r * r * np.sqrt(r)
            gained = max(gained, F(-0.5) * content)
            content = content + gained + slow
            r = content * block[PER_ROUTING + m]
            square = r * r
            released = content * fourth_root_drain(square * square * drain)
            store[ROUTING + m] += np.float64(slow) + np.float64(gained) - np.float64(released)
            q[m] += (released + (effective - slow)) * block[TO_FLOW + m]
            store[RAINED + m] += np.float64(p[m])
            store[EVAPORATED + m] += np.float64(from_leaves) + np.float64(drawn)
            store[EXCHANGED + m] += np.float64(gained)
