"""One sweep through the network: runoff, dams, gauges and routing, node after node, block of steps by block.

Nodes come in the order of :class:`twin.network.Topology`. The flow that leaves a node waits on a stack until
its confluence is reached, so no array of [node, step, member] ever exists. Where gauges speak the block is
a single step, because what they teach changes the water above them before the next step.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twin.arithmetic import LANES
from twin.assimilation import assimilate, correct_flow, scale_catchment, scale_volume
from twin.pools import pass_weir, route_pool
from twin.reservoirs import pass_reservoir
from twin.routing import route_division
from twin.runoff import EVAPORATED, EXCHANGED, RAINED, add_runoff

BLOCK_STEPS = 96
# Files whose functions are compiled into the sweep.
KERNELS = ("arithmetic", "assimilation", "pools", "reservoirs", "routing", "runoff", "sweep")
# Rows of the ledger that a sweep fills, m3.
LEDGER_ROWS = 6
L_RAIN, L_EVAPORATION, L_EXCHANGE, L_INFLOW, L_NUDGE, L_OUTFLOW = range(LEDGER_ROWS)


class Layout(NamedTuple):
    """What stands where, by node in sweep order; indices are -1 where there is nothing.

    ``memory`` and ``reach_fade`` are factors of :mod:`twin.assimilation`, ``q0`` its small flow [m3/s].
    """

    downstream: NDArray[np.int32]
    tributaries: NDArray[np.int32]
    divisions: NDArray[np.int32]
    first_division: NDArray[np.int32]
    is_pool: NDArray[np.bool_]
    catchment: NDArray[np.int32]
    inflow: NDArray[np.int32]
    reservoir: NDArray[np.int32]
    weir: NDArray[np.int32]
    area_m2: NDArray[np.float64]
    q0: NDArray[np.float32]
    reach_fade: NDArray[np.float32]
    stack_depth: int


class Lanes(NamedTuple):
    """Parameters and stores of one block of members, as the kernels want them (see each kernel's rows)."""

    catchments: NDArray[np.float32]
    stores: NDArray[np.float64]
    reaches: NDArray[np.float32]
    volume: NDArray[np.float32]
    reservoirs: NDArray[np.float64]
    weirs: NDArray[np.float64]
    correction: NDArray[np.float32]


class Drivers(NamedTuple):
    """Forcing of a run: rain [step, zone, member or 1] mm, the zone of each catchment, and so on."""

    rain: NDArray[np.float32]
    zone: NDArray[np.int32]
    evaporation: NDArray[np.float32]
    inflow: NDArray[np.float32]
    release: NDArray[np.float64]
    dam_volume: NDArray[np.float64]
    first_member: int
    dt: float


class Gauges(NamedTuple):
    """What is observed: place of each node among the gauges, values [step, gauge, lane], gain and limit."""

    gauge: NDArray[np.int32]
    observed: NDArray[np.float32]
    gain: NDArray[np.float32]
    limit: NDArray[np.float32]
    memory: float


class Products(NamedTuple):
    """What a sweep leaves: flows at kept nodes, volumes behind dams, excess of pools, and the ledger."""

    kept: NDArray[np.int32]
    discharge: NDArray[np.float32]
    reservoir_m3: NDArray[np.float64]
    excess_m3: NDArray[np.float64]
    ledger: NDArray[np.float64]


# Reached from other kernels alone: no way in from Python needs to be compiled.
_inner = functools.partial(njit, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)()


# Loops over lanes are written out: assigning slices would compile numba's checks of shapes, for seconds.
@_inner
def _collect(n, steps, layout, rows, top):  # type: ignore[no-untyped-def]  # compiled by numba
    """Join the flows of the tributaries on the stack; return the slot of the node's own flow."""
    count = layout.tributaries[n]
    if count == 0:
        for t in range(steps):
            for m in range(LANES):
                rows[top, t, m] = 0
        return top
    slot = top - count
    for k in range(slot + 1, top):
        for t in range(steps):
            for m in range(LANES):
                rows[slot, t, m] += rows[k, t, m]
    return slot


@_inner
def _add_sources(n, first, steps, layout, lanes, drivers, rows, ledger):  # type: ignore[no-untyped-def]  # compiled by numba
    """Add runoff of the sub-catchment and boundary inflow to the node's flow."""
    flow, rain_row = rows
    c = layout.catchment[n]
    if c >= 0:
        z = drivers.zone[c]
        last = drivers.rain.shape[2] - 1
        for t in range(steps):
            for m in range(LANES):
                rain_row[t, m] = drivers.rain[first + t, z, min(drivers.first_member + m, last)]
        evaporation = drivers.evaporation[first : first + steps]
        add_runoff(lanes.catchments[c], lanes.stores[c], rain_row, evaporation, drivers.dt / 3600.0, steps, flow)
    i = layout.inflow[n]
    if i >= 0:
        last = drivers.inflow.shape[2] - 1
        for t in range(steps):
            for m in range(LANES):
                entering = drivers.inflow[first + t, i, min(drivers.first_member + m, last)]
                flow[t, m] += entering
                ledger[L_INFLOW, m] += drivers.dt * np.float64(entering)


@_inner
def _pass_dam(n, first, steps, layout, lanes, drivers, products, flow):  # type: ignore[no-untyped-def]  # compiled by numba
    """Let the node's flow pass its reservoir or weir, if any, step by step so that levels are kept."""
    r, w = layout.reservoir[n], layout.weir[n]
    for t in range(steps if r >= 0 or w >= 0 else 0):
        at = first + t
        row = flow[t : t + 1]
        if r >= 0:
            release, observed = drivers.release[at : at + 1, r], drivers.dam_volume[at : at + 1, r]
            pass_reservoir(lanes.reservoirs[r], row, release, observed, 1, drivers.dt, products.ledger[L_NUDGE])
            for m in range(LANES):
                products.reservoir_m3[at, r, m] = lanes.reservoirs[r, m]
        if w >= 0:
            pass_weir(lanes.weirs[w], row, 1, drivers.dt)
            for m in range(LANES):
                products.excess_m3[at, w, m] = lanes.weirs[w, m]


@_inner
def _meet_gauge(n, first, steps, layout, lanes, gauges, dt, books):  # type: ignore[no-untyped-def]  # compiled by numba
    """Correct the node's flow by what its gauge says, or by what is left of what it said."""
    flow, increments, ledger = books
    g = gauges.gauge[n]
    factor = lanes.correction[n]
    keep = np.float32(gauges.memory)
    if g >= 0:
        gauge = (layout.q0[n], keep, gauges.gain[g], gauges.limit[g])
        assimilate(flow[0], gauges.observed[first, g], factor, increments[n], gauge, dt, ledger)
        return
    lasting = False
    for m in range(LANES):
        lasting = lasting or factor[m] != np.float32(1.0)
    if lasting:
        correct_flow(flow, factor, layout.q0[n], keep, steps, dt, ledger)


@_inner
def _leave(n, first, steps, layout, lanes, drivers, products, flow):  # type: ignore[no-untyped-def]  # compiled by numba
    """Keep the node's flow where wanted and route it down its reach; return 1 at the end of a river."""
    k = products.kept[n]
    for t in range(steps if k >= 0 else 0):
        for m in range(LANES):
            products.discharge[first + t, k, m] = flow[t, m]
    if layout.downstream[n] < 0:
        for t in range(steps):
            for m in range(LANES):
                products.ledger[L_OUTFLOW, m] += drivers.dt * np.float64(flow[t, m])
        return 1
    d = layout.first_division[n]
    if layout.is_pool[n]:
        route_pool(lanes.reaches[n], lanes.volume[d], flow, steps, drivers.dt)
    else:
        for k in range(d, d + layout.divisions[n]):
            route_division(lanes.reaches[n], lanes.volume[k], flow, steps, drivers.dt, 1.0)
    return 0


@_inner
def _teach_upstream(layout, lanes, gauges, increments, first, ledger):  # type: ignore[no-untyped-def]  # compiled by numba
    """Carry each gauge's increment to the water above it, up to the next speaking gauge or dam."""
    for n in range(layout.downstream.size - 1, -1, -1):
        below = layout.downstream[n]
        g = gauges.gauge[n]
        speaks = g >= 0 and not np.isnan(gauges.observed[first, g, 0])
        if below >= 0:
            power = np.float32(1.0) if layout.is_pool[n] else np.float32(0.6)
            d = layout.first_division[n]
            for k in range(d, d + layout.divisions[n]):
                scale_volume(lanes.volume[k], increments[below], power, ledger)
        for m in range(LANES):
            if layout.reservoir[n] >= 0:
                increments[n, m] = 0
            elif not speaks:
                increments[n, m] = increments[below, m] * layout.reach_fade[n] if below >= 0 else 0
        c = layout.catchment[n]
        if c >= 0:
            scale_catchment(lanes.catchments[c], lanes.stores[c], increments[n], layout.area_m2[n], ledger)


@_inner
def sweep(layout, lanes, drivers, gauges, products):  # type: ignore[no-untyped-def]  # compiled by numba
    """Run all steps of the drivers; stores in ``lanes`` and all ``products`` are filled in place."""
    total = drivers.evaporation.size
    speaking = gauges.observed.shape[1] > 0
    longest = 1 if speaking else max(1, min(total, BLOCK_STEPS))
    rows = np.empty((layout.stack_depth, longest, LANES), np.float32)
    rain_row = np.empty((longest, LANES), np.float32)
    increments = np.zeros((layout.downstream.size, LANES), np.float32)
    for first in range(0, total, longest):
        steps = min(longest, total - first)
        top = 0
        for n in range(layout.downstream.size):
            slot = _collect(n, steps, layout, rows, top)
            flow = rows[slot]
            _add_sources(n, first, steps, layout, lanes, drivers, (flow, rain_row), products.ledger)
            _pass_dam(n, first, steps, layout, lanes, drivers, products, flow)
            books = (flow, increments, products.ledger[L_NUDGE])
            _meet_gauge(n, first, steps, layout, lanes, gauges, drivers.dt, books)
            ended = _leave(n, first, steps, layout, lanes, drivers, products, flow)
            top = slot + 1 - ended
        if speaking:
            _teach_upstream(layout, lanes, gauges, increments, first, products.ledger[L_NUDGE])


@_inner
def _close_books(layout, lanes, ledger):  # type: ignore[no-untyped-def]  # compiled by numba
    """Move the ledgers of the catchments [mm] into that of the run [m3]."""
    for n in range(layout.downstream.size):
        c = layout.catchment[n]
        for m in range(LANES if c >= 0 else 0):
            cubic = layout.area_m2[n] * 0.001
            ledger[L_RAIN, m] += lanes.stores[c, RAINED + m] * cubic
            ledger[L_EVAPORATION, m] += lanes.stores[c, EVAPORATED + m] * cubic
            ledger[L_EXCHANGE, m] += lanes.stores[c, EXCHANGED + m] * cubic


def source_stamp(folder: Path) -> int:
    """Return a number that changes with the source of any kernel in a folder."""
    sources = b"".join((folder / f"{name}.py").read_bytes() for name in KERNELS)
    return int.from_bytes(hashlib.sha256(sources).digest()[:6], "big")


@functools.cache
def compiled_sweep() -> Callable[[Layout, Lanes, Drivers, Gauges, Products], None]:
    """Return the compiled sweep; the first call on a machine compiles it, later ones load it."""
    # numba looks for changes in one file only. The stamp of all kernels is part of the cache key, so a
    # kernel changed in another file is never served stale.
    stamp = source_stamp(Path(__file__).parent)

    @njit(error_model="numpy", nogil=True, cache=True)
    def run(layout, lanes, drivers, gauges, products):  # type: ignore[no-untyped-def]  # compiled by numba
        if stamp >= 0:
            sweep(layout, lanes, drivers, gauges, products)
            _close_books(layout, lanes, products.ledger)

    return run
