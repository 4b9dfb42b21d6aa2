"""Nothing after the issue time may enter a forecast: not a byte of it may change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.memory_store import MemoryStore
from benchmarks.synthetic import synthetic_basin
from domain.basin import Basin
from domain.event_pack import DamDecision, DamDecisionKind, RainForecast
from domain.forecasts import ForecastIssue
from domain.variables import Variable
from forecast.cycle import ForecastCycle, KnownStatements, RunStamp
from twin.model import Twin
from twin.network import Topology
from twin.parameters import sample_parameters

BEGIN = datetime(2021, 7, 13, tzinfo=UTC)
NOW = BEGIN + timedelta(hours=2)
RAIN_GAUGES = ("R0", "R1", "R2")


@lru_cache(maxsize=1)
def world() -> tuple[Basin, Twin]:
    basin = synthetic_basin(reaches=10, gauges=3, rain_gauges=len(RAIN_GAUGES))
    return basin, Twin(basin, sample_parameters(Topology.of(basin), 16, seed=9), threads=1)


def statement(issued_at: datetime, low: float, high: float) -> RainForecast:
    until = issued_at + timedelta(hours=36)
    return RainForecast(issued_at, "RMI", BEGIN, until, "all", None, low, high, None, "", "test", "high")


def known(extra: Sequence[RainForecast] = (), decisions: Sequence[DamDecision] = ()) -> KnownStatements:
    past = (statement(BEGIN - timedelta(hours=1), 40.0, 80.0), statement(NOW, 50.0, 90.0))
    return KnownStatements((*past, *extra), {"all": tuple(world()[0].network.nodes)}, tuple(decisions))


def filled_store() -> MemoryStore:
    store = MemoryStore()
    rng = np.random.default_rng(3)
    gauges = [i for i in world()[0].stations if i.startswith("G")]
    for step in range(1, 9):
        at = BEGIN + timedelta(minutes=15 * step)
        for station_id in RAIN_GAUGES:
            store.add(Variable.RAIN, station_id, at, float(rng.gamma(1.0, 0.5)))
        for station_id in gauges:
            store.add(Variable.DISCHARGE, station_id, at, float(rng.uniform(0.5, 3.0)))
    return store


def forecast(store: MemoryStore, statements: KnownStatements) -> bytes:
    basin, twin = world()
    cycle = ForecastCycle(basin, twin, store, statements, RunStamp("test", "synthetic"))
    cycle.analyst.begin_from(twin.cold_state(BEGIN))
    return as_bytes(cycle.run(NOW))


def as_bytes(issue: ForecastIssue) -> bytes:
    arrays = [s.quantiles for s in issue.series] + [a for p in issue.peaks for a in (p.value, p.lead_minutes)]
    plain = replace(issue, series=(), peaks=())
    return b"".join(a.tobytes() for a in arrays) + repr(plain).encode()


@lru_cache(maxsize=1)
def reference() -> bytes:
    return forecast(filled_store(), known())


minutes_later = st.integers(min_value=1, max_value=48 * 60)
later_rain = st.lists(
    st.tuples(minutes_later, st.sampled_from(RAIN_GAUGES), st.floats(0.0, 100.0)), min_size=1, max_size=30
)
later_water = st.lists(
    st.tuples(
        minutes_later, st.sampled_from([Variable.DISCHARGE, Variable.LEVEL]), st.integers(0, 2), st.floats(0.0, 900.0)
    ),
    max_size=20,
)
later_words = st.lists(st.tuples(minutes_later, st.floats(1.0, 100.0), st.floats(1.0, 3.0)), max_size=5)
later_decisions = st.lists(st.tuples(minutes_later, st.floats(0.0, 100.0)), max_size=5)


@settings(max_examples=25, deadline=None)
@given(rain=later_rain, water=later_water, words=later_words, decisions=later_decisions)
def test_what_happens_later_changes_no_byte(
    rain: list[tuple[int, str, float]],
    water: list[tuple[int, Variable, int, float]],
    words: list[tuple[int, float, float]],
    decisions: list[tuple[int, float]],
) -> None:
    store = filled_store()
    gauges = [i for i in world()[0].stations if i.startswith("G")]
    for minutes, station_id, mm in rain:
        store.add(Variable.RAIN, station_id, NOW + timedelta(minutes=minutes), mm)
    for minutes, variable, gauge, value in water:
        store.add(variable, gauges[gauge], NOW + timedelta(minutes=minutes), value)
    said = [statement(NOW + timedelta(minutes=m), low, low * factor) for m, low, factor in words]
    made = [
        DamDecision(NOW + timedelta(minutes=m), "DAM", DamDecisionKind.START_RELEASE, release, "test")
        for m, release in decisions
    ]
    assert forecast(store, known(said, made)) == reference()


@settings(max_examples=10, deadline=None)
@given(
    minutes=st.integers(0, 7),
    station_id=st.sampled_from(RAIN_GAUGES),
    mm=st.floats(15.0, 60.0),
)
def test_what_was_observed_before_does_change_it(minutes: int, station_id: str, mm: float) -> None:
    """The property above would also hold of a forecast that looks at nothing."""
    store = filled_store()
    store.add(Variable.RAIN, station_id, NOW - timedelta(minutes=15 * minutes), mm)
    assert forecast(store, known()) != reference()
