"""A small basin, its twin and a store with some days of observations, shared by the forecast tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.memory_store import MemoryStore
from benchmarks.synthetic import synthetic_basin
from domain.basin import Basin
from domain.variables import Variable
from forecast.cycle import ForecastCycle, KnownStatements, RunStamp
from twin.model import Twin
from twin.network import Topology
from twin.parameters import sample_parameters

BEGIN = datetime(2021, 7, 10, tzinfo=UTC)
MEMBERS = 20


@pytest.fixture(scope="session")
def basin() -> Basin:
    return synthetic_basin(reaches=14, gauges=4, rain_gauges=5)


@pytest.fixture(scope="session")
def twin(basin: Basin) -> Twin:
    return Twin(basin, sample_parameters(Topology.of(basin), MEMBERS, seed=5))


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def observe(basin: Basin, store: MemoryStore) -> Callable[..., None]:
    """Return a function that fills the store with constant readings of the gauges it is given."""

    def fill(variable: Variable, value: float, hours: tuple[float, float], *station_ids: str) -> None:
        ids = station_ids or [s.station_id for s in basin.stations.values() if variable in s.variables]
        for step in range(round((hours[1] - hours[0]) * 4)):
            at = BEGIN + timedelta(hours=hours[0], minutes=15 * (step + 1))
            for station_id in ids:
                store.add(variable, station_id, at, value)

    return fill


@pytest.fixture
def cycle(basin: Basin, twin: Twin, store: MemoryStore) -> ForecastCycle:
    """Return a cycle whose store holds a state at :data:`BEGIN`."""
    made = ForecastCycle(basin, twin, store, KnownStatements(), RunStamp("test", "synthetic"))
    made.analyst.begin_from(twin.cold_state(BEGIN))
    return made
