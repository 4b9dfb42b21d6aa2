"""Mass-conserving Muskingum-Cunge-Todini routing of one division of a reach.

The scheme is Todini's (2007), written with one state, the water V that has entered the division and not
left it, with flows as means of a step::

    O = (2 C V / dt + (C - 1 + D) I) / (1 + C + D)        V' = V + dt (I - O)

C is the Courant number with the mean velocity, C = Q dt / (A dx), D the ratio of physical to grid
diffusion, D = Q^2 B / (S dx (dQ/dh)^2 A), both at the depth that carries (I + O) / 2. Inserting
V = dt [(1 + C - D) I + (1 + D - C) O] / (2 C) of the step before gives back Todini's three coefficients.
Because V is the state, water is kept to the last digit whatever C and D are.

No coefficient is negative as long as abs(C - 1) <= D <= C + 1; D is held in that range. Reaches are cut
so that C is near one in floods, where the bound does not act; at low flow it adds diffusion, in very flat
and short divisions it takes some away, and neither creates water or a negative flow.

References
----------
Todini (2007), doi:10.5194/hess-11-1645-2007.
"""

from __future__ import annotations

from numba import njit

from twin.arithmetic import LANES, F, inverse_cube_root

# The parameter block of a reach is one flat array of rows of LANES: offsets that the compiler knows are
# what lets it use vector instructions. The section is a wide channel with a floodplain (Manning).
REACH_ROWS = 10
(CHANNEL, PLAIN, BANK, WIDTH, PER_WIDTH, PLAIN_WIDTH, PER_FULL_WIDTH, GRID_TIME, GRID_SPACE, PER_LENGTH) = range(
    0, REACH_ROWS * LANES, LANES
)

# Below this depth [m] velocity no longer falls: a nearly dry division drains as a linear store.
LEAST_DEPTH = 0.002
# The floodplain counts fully in the top width once it is this deep [m].
FULL_PLAIN_DEPTH = 0.5


@njit(error_model="numpy", fastmath={"contract"}, inline="always")
def section(h, channel, plain, bank, width, plain_width):  # type: ignore[no-untyped-def]  # compiled by numba
    """Return discharge [m3/s], dQ/dh [m2/s], wetted area [m2] and top width [m] at depth ``h`` [m]."""
    # Scalars in, not the block: an array handed over would be counted, and counting stops vectorisation.
    over = max(h - bank, F(0.0))
    in_channel = channel * h * inverse_cube_root(h)
    on_plain = plain * over * inverse_cube_root(over)
    discharge = in_channel * h + on_plain * over
    area = width * h + plain_width * over
    top = width + plain_width * min(over * F(1.0 / FULL_PLAIN_DEPTH), F(1.0))
    return discharge, F(5.0 / 3.0) * (in_channel + on_plain), area, top


@njit(error_model="numpy", fastmath={"contract"}, inline="always")
def depth_at(area, bank, width, per_width, per_full_width):  # type: ignore[no-untyped-def]  # compiled by numba
    """Return the depth [m] of a wetted area [m2]."""
    over = max(area - width * bank, F(0.0))
    return (area - over) * per_width + over * per_full_width


@njit(error_model="numpy", fastmath={"contract"}, inline="always")
def outflow_at(flows, geometry, grid, bounds):  # type: ignore[no-untyped-def]  # compiled by numba
    """Return outflow [m3/s] at a depth, and the Newton step of that depth [m] towards the reference flow.

    ``flows`` are 2 V / dt and I, ``geometry`` what :func:`section` returns, ``grid`` dt / dx and
    1 / (S dx), ``bounds`` the tightness of the lower and the looseness of the upper bound on D.
    """
    doubled, inflow = flows
    discharge, gradient, area, top = geometry
    # C and D stand over a common denominator, so that the whole needs two divisions and not five.
    squared = gradient * gradient * discharge
    one = area * squared
    c = grid[0] * discharge * squared
    d = grid[1] * discharge * discharge * discharge * top
    d = min(max(d, bounds[0] * abs(one - c)), one + c + bounds[1] * one)
    per_sum = F(1.0) / (one + c + d)
    outflow = (doubled * c + (c - one + d) * inflow) * per_sum
    # Outflow depends on the depth by C (as Q / A) and D (about as the depth, 0.6 Q' / Q); times Q A.
    by_c = (doubled + inflow - outflow) * (c * per_sum) * (gradient * area - top * discharge)
    by_d = (inflow - outflow) * (d * per_sum) * F(0.6) * gradient * area
    scale = discharge * area
    slope = max(gradient * scale - F(0.5) * (by_c + by_d), F(0.3) * gradient * scale)
    return outflow, (F(0.5) * (inflow + outflow) - discharge) * scale / slope


@njit(error_model="numpy", fastmath={"contract"})
def route_division(block, volume, flow, steps, dt, bound):  # type: ignore[no-untyped-def]  # compiled by numba
    """Route ``flow`` [step, lane] m3/s through one division, in place; ``volume`` [lane] m3 is its state.

    ``bound`` is 1 in operation; 0 lifts the bounds on D (verification against the published scheme).
    """
    half_rate = F(2.0 / dt)
    step = F(dt)
    per_step = F(1.0 / dt)
    bounds = (F(bound), F(1.0e9) * (F(1.0) - F(bound)))
    # With the bounds V and O are non-negative but for rounding; the floor removes that and no more.
    floor = F(-1.0e30) * (F(1.0) - F(bound))
    for t in range(steps):
        q = flow[t]
        for m in range(LANES):
            v = volume[m]
            inflow = q[m]
            channel, plain, bank = block[CHANNEL + m], block[PLAIN + m], block[BANK + m]
            width, plain_width = block[WIDTH + m], block[PLAIN_WIDTH + m]
            flows = (half_rate * v, inflow)
            grid = (block[GRID_TIME + m], block[GRID_SPACE + m])
            # First guess of the area: the water here and arriving, shared between staying and leaving at
            # the speed of the water here (of some arriving water, should the bed be dry). It is exact when
            # the flow is steady.
            a = max(v, F(0.3) * step * inflow) * block[PER_LENGTH + m]
            a = max(a, F(LEAST_DEPTH) * width)
            h = depth_at(a, bank, width, block[PER_WIDTH + m], block[PER_FULL_WIDTH + m])
            here = section(h, channel, plain, bank, width, plain_width)
            a = (v + step * inflow) * block[PER_LENGTH + m] * here[2] / (here[2] + here[0] * grid[0])
            h = max(depth_at(a, bank, width, block[PER_WIDTH + m], block[PER_FULL_WIDTH + m]), F(LEAST_DEPTH))
            geometry = section(h, channel, plain, bank, width, plain_width)
            outflow, rise = outflow_at(flows, geometry, grid, bounds)
            h = max(h + rise, F(LEAST_DEPTH))
            geometry = section(h, channel, plain, bank, width, plain_width)
            outflow, rise = outflow_at(flows, geometry, grid, bounds)
            after = v + step * (inflow - outflow)
            after = max(after, floor)
            volume[m] = after
            # What left is what is no longer there: rounding of V never creates water.
            q[m] = max(inflow + (v - after) * per_step, floor)
