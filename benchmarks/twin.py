"""Speed of the twin against a plain per-reach routing, in the same run on the same machine.

Run with ``python benchmarks/twin.py``; prints one line a case. rsm = reach-step-members: every reach, step and
member once, however many divisions the reach is routed in; the products (flow at 100 nodes, dam levels,
water balance) are included. Times are medians of wall time after a warm-up.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from domain.basin import Basin
from domain.basin_files import read_basin
from twin.model import Forcing, Twin
from twin.network import Topology
from twin.parameters import sample_parameters
from twin.synthetic import TreeShape, random_tree, tree_basin

MEMBERS = 50
STEPS = 192
STEP_S = 900
BEGIN = datetime(2021, 1, 1, tzinfo=UTC)
REPEATS = 7


def main() -> None:
    """Print the machine, then each case."""
    print(f"machine: {processor()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    shipped = read_basin(Path(__file__).resolve().parent.parent / "basins" / "wallonia")
    report("shipped network", shipped)
    shape = TreeShape(length_km=3.0, local_area_km2=3.4)
    report("synthetic network", tree_basin(random_tree(2501, seed=1), shape))


def processor() -> str:
    """Name of the processor, where the machine tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def report(name: str, basin: Basin) -> None:
    """Time a 48 h ensemble of the twin and the peer that only routes, linearly."""
    topology = Topology.of(basin)
    twin = Twin(basin, sample_parameters(topology, MEMBERS, seed=1), STEP_S)
    state = twin.cold_state(BEGIN)
    forcing = forcing_of(topology)
    keep = topology.node_ids[:: max(1, len(topology.node_ids) // 100)]
    reaches = sum(reach is not None for reach in topology.reach_ids)
    begun = time.perf_counter()
    balance = twin.run(state, forcing, keep=keep).balance
    first = time.perf_counter() - begun
    seconds, work = median_seconds(lambda: twin.run(state, forcing, keep=keep))
    peer_state = linear_coefficients(topology)
    lateral = np.full((STEPS, len(topology.node_ids)), 0.1, np.float32)
    route_linear(*peer_state, lateral, MEMBERS)
    peer, _ = median_seconds(lambda: route_linear(*peer_state, lateral, MEMBERS))
    count = reaches * STEPS * MEMBERS / 1e6
    print(f"{name}: {MEMBERS} members, {STEPS} steps, {reaches} reaches, {topology.division_count} divisions")
    print(f"  twin, everything: {seconds:.4f} s ({work:.4f} s of processor time), {count / seconds:.0f} M rsm/s")
    print(f"  peer, plain numba Muskingum, linear, routing alone, 1 thread: {peer:.4f} s, {count / peer:.0f} M rsm/s")
    print(f"  water balance error {balance.relative_error:.1e} of throughput; first run {first:.1f} s (compiles once)")


def forcing_of(topology: Topology) -> Forcing:
    """Two days of rain, its own in each of 20 zones and each member."""
    rng = np.random.default_rng(1)
    storm = np.exp(-(((np.arange(STEPS) - 60.0) / 24.0) ** 2))[:, None, None]
    rain = (storm * rng.uniform(0.2, 2.0, (1, 20, MEMBERS))).astype(np.float32)
    zones = np.arange(len(topology.catchment_ids)) * 20 // max(1, len(topology.catchment_ids))
    inflow = np.tile(topology.mean_discharge_m3s[topology.inflow >= 0], (STEPS, 1))
    times = tuple(BEGIN + timedelta(seconds=STEP_S * (k + 1)) for k in range(STEPS))
    return Forcing(times, rain, np.full(STEPS, 0.02, np.float32), inflow, zones=zones)


def median_seconds(job: Callable[[], Any]) -> tuple[float, float]:
    """Median wall time and median processor time of a job [s]; far apart, the machine was busy."""
    wall, work = [], []
    for _ in range(REPEATS):
        begun, worked = time.perf_counter(), time.process_time()
        job()
        wall.append(time.perf_counter() - begun)
        work.append(time.process_time() - worked)
    return statistics.median(wall), statistics.median(work)


def linear_coefficients(topology: Topology) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Downstream index and Muskingum coefficients [node, 3] for a travel time of 30 to 40 minutes."""
    k = np.random.default_rng(1).uniform(1800.0, 2400.0, len(topology.node_ids))
    x = 0.2
    denominator = 2 * k * (1 - x) + STEP_S
    c0, c1 = (STEP_S - 2 * k * x) / denominator, (STEP_S + 2 * k * x) / denominator
    return topology.downstream, np.stack([c0, c1, 1 - c0 - c1], axis=1).astype(np.float32)


@njit(error_model="numpy", cache=True)  # type: ignore[untyped-decorator,unused-ignore]  # numba is untyped
def route_linear(downstream, coefficients, lateral, members):  # type: ignore[no-untyped-def]  # compiled by numba
    """Route every reach and member with constant coefficients, step by step; return the last outflows."""
    nodes = downstream.size
    inflow = np.zeros((nodes, members), np.float32)
    before = np.zeros((nodes, members), np.float32)
    outflow = np.zeros((nodes, members), np.float32)
    for t in range(lateral.shape[0]):
        inflow[:] = 0
        for n in range(nodes):
            c0, c1, c2 = coefficients[n, 0], coefficients[n, 1], coefficients[n, 2]
            for m in range(members):
                entering = inflow[n, m] + lateral[t, n]
                leaving = c0 * entering + c1 * before[n, m] + c2 * outflow[n, m]
                before[n, m] = entering
                outflow[n, m] = leaving
                if downstream[n] >= 0:
                    inflow[downstream[n], m] += leaving
    return outflow


if __name__ == "__main__":
    main()
