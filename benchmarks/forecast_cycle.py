"""Time of one forecast cycle without a database: analysis of a step, ensemble, products.

50 members, 48 h at 15 min, on the shipped basin and on a synthetic network of 5,000 reaches.
Run: ``python -m benchmarks.forecast_cycle``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.memory_store import MemoryStore
from benchmarks.report import Measure, machine, quantiles
from benchmarks.synthetic import synthetic_basin
from domain.basin import Basin
from domain.basin_files import read_basin
from domain.event_pack import RainForecast
from domain.variables import Variable
from forecast.cycle import ForecastCycle, KnownStatements, RunStamp
from twin.model import Twin
from twin.network import Topology
from twin.parameters import sample_parameters

MEMBERS = 50
REPEATS = 25
BEGIN = datetime(2021, 7, 14, 6, tzinfo=UTC)
NOW = BEGIN + timedelta(minutes=15)
HOUR = timedelta(hours=1)
SHIPPED_LIMIT_S = 0.2
SYNTHETIC_LIMIT_S = 1.0


def prepared_cycle(basin: Basin) -> ForecastCycle:
    """Return a cycle with a state 15 minutes before :data:`NOW` and two days of readings at every gauge."""
    twin = Twin(basin, sample_parameters(Topology.of(basin), MEMBERS, seed=1))
    store = MemoryStore()
    rng = np.random.default_rng(1)
    for station in basin.stations.values():
        mean = basin.network.nodes[station.node_id].mean_discharge_m3s if station.node_id else 0.0
        for step in range(192):
            at = NOW - timedelta(minutes=15 * step)
            if Variable.RAIN in station.variables:
                store.add(Variable.RAIN, station.station_id, at, float(rng.gamma(0.3, 1.0)))
            if Variable.DISCHARGE in station.variables:
                store.add(Variable.DISCHARGE, station.station_id, at, float(3.0 * mean))
    areas = areas_by_longitude(basin)
    said = [
        RainForecast(BEGIN - HOUR, "RMI", BEGIN - 18 * HOUR, BEGIN + 42 * HOUR, area, None, 40, 100, None, "", "", "")
        for area in areas
    ]
    cycle = ForecastCycle(basin, twin, store, KnownStatements(said, areas), RunStamp("benchmark", "synthetic"))
    cycle.analyst.begin_from(twin.cold_state(BEGIN))
    return cycle


def areas_by_longitude(basin: Basin) -> dict[str, tuple[str, ...]]:
    """Cut a basin into five areas from west to east."""
    nodes = sorted(basin.network.nodes.values(), key=lambda node: node.longitude)
    size = -(-len(nodes) // 5)
    return {f"area {i}": tuple(node.node_id for node in nodes[i * size : (i + 1) * size]) for i in range(5)}


def timed(action: Callable[[], object]) -> tuple[float, float, float]:
    """Return median and 95 % point of wall time, and median processor time [s]."""
    wall, processor = [], []
    for _ in range(REPEATS):
        begin, busy = time.perf_counter(), time.process_time()
        action()
        wall.append(time.perf_counter() - begin)
        processor.append(time.process_time() - busy)
    return *quantiles(wall), median(processor)


def measures(name: str, basin: Basin, limit_s: float) -> list[Measure]:
    """Return the figures of a basin; the aim is set for the median of an idle machine."""
    cycle = prepared_cycle(basin)
    cycle.run(NOW)  # compiles, or loads what was compiled before
    middle, high, busy = timed(lambda: cycle.run(NOW))
    size = f"{name}, {len(basin.network.reaches)} reaches"
    return [
        Measure(f"forecast cycle, {size}, p50", middle, "s", limit_s),
        Measure(f"forecast cycle, {size}, p95", high, "s"),
        Measure(f"forecast cycle, {size}, processor time", busy, "s"),
    ]


def main() -> list[Measure]:
    """Measure both networks."""
    shipped = read_basin(Path(__file__).parent.parent / "basins" / "wallonia")
    synthetic = synthetic_basin(reaches=5000, gauges=130, rain_gauges=50)
    return [
        *measures("shipped", shipped, SHIPPED_LIMIT_S),
        *measures("synthetic", synthetic, SYNTHETIC_LIMIT_S),
    ]


if __name__ == "__main__":
    print(machine())
    for measure in main():
        print(measure)
