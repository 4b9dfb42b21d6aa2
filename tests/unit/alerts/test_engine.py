from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from alerts.engine import AlertEngine
from domain.alerts import AlertState, Basis
from domain.forecasts import Crossing
from domain.readings import Flag, SeriesKey
from domain.records import ObservedValue
from domain.variables import Variable
from tests.unit.alerts.making import START, STEP, MemoryAlertStore, basin, good, station, thresholds

KEY = ("S1", Basis.OBSERVED)


@pytest.fixture
def store() -> MemoryAlertStore:
    return MemoryAlertStore()


@pytest.fixture
def engine(store: MemoryAlertStore) -> AlertEngine:
    return AlertEngine(basin([station("S1"), station("S2", variables=(Variable.LEVEL,))], thresholds("S1")), store)


def _run(engine: AlertEngine, store: MemoryAlertStore, values: list[float], first: int = 0) -> list[str]:
    """Feed values every 15 minutes and return the state after each."""
    states = []
    for step, value in enumerate(values, start=first):
        store.add(good(15 * step, value))
        engine.evaluate_observed(START + step * STEP)
        states.append(store.states[KEY].state.value)
    return states


def test_an_alert_rises_at_once_and_falls_after_two_hours_below(engine: AlertEngine, store: MemoryAlertStore) -> None:
    assert _run(engine, store, [50.0, 250.0]) == ["none", "alert"]
    assert _run(engine, store, [50.0] * 9, first=2) == ["alert"] * 8 + ["none"]
    assert [(item.before.value, item.after.value) for item in store.history] == [("none", "alert"), ("alert", "none")]
    assert store.open_alerts == set()


def test_running_again_on_the_same_evidence_writes_nothing(engine: AlertEngine, store: MemoryAlertStore) -> None:
    _run(engine, store, [50.0, 250.0])
    writes = store.writes
    assert engine.evaluate_observed(START + STEP) == []
    assert engine.evaluate_observed(START + STEP + timedelta(minutes=1)) == []
    assert store.writes == writes


def test_silence_is_seen_by_running_alone_and_ends_no_alert(engine: AlertEngine, store: MemoryAlertStore) -> None:
    _run(engine, store, [250.0])
    (transition,) = engine.evaluate_observed(START + timedelta(hours=1))
    assert (transition.before, transition.after) == (AlertState.ALERT, AlertState.NO_DATA)
    assert store.open_alerts == {KEY}
    assert engine.evaluate_observed(START + timedelta(days=3)) == []
    assert store.open_alerts == {KEY}
    # Speaking again far below the threshold takes the whole hold time before the alert ends.
    states = _run(engine, store, [10.0] * 9, first=400)
    assert states == ["alert"] * 8 + ["none"]
    assert store.open_alerts == set()


def test_a_late_peak_raises_nothing(engine: AlertEngine, store: MemoryAlertStore) -> None:
    _run(engine, store, [50.0, 50.0, 50.0])
    store.add(good(20, 900.0))
    assert engine.evaluate_observed(START + 2 * STEP) == []
    assert store.states[KEY].state is AlertState.NONE


def test_a_late_low_reading_makes_no_rise(engine: AlertEngine, store: MemoryAlertStore) -> None:
    assert _run(engine, store, [90.0, 90.0, 90.0]) == ["none"] * 3
    store.add(good(-20, 20.0))
    assert engine.evaluate_observed(START + 2 * STEP) == []


def test_a_camera_beside_the_gauge_decides_nothing(engine: AlertEngine, store: MemoryAlertStore) -> None:
    _run(engine, store, [50.0])
    camera = SeriesKey("S1", Variable.DISCHARGE, "camera")
    store.values[camera] = {START + STEP: ObservedValue(START + STEP, 900.0, Flag.GOOD, "")}
    assert engine.evaluate_observed(START + STEP) == []


def test_a_station_without_threshold_has_a_state_of_its_own(engine: AlertEngine, store: MemoryAlertStore) -> None:
    engine.evaluate_observed(START)
    assert store.states["S2", Basis.OBSERVED].state is AlertState.NO_DATA
    store.add(good(0, 1.0), "S2", Variable.LEVEL)
    engine.evaluate_observed(START)
    assert store.states["S2", Basis.OBSERVED].state is AlertState.NO_THRESHOLD
    engine.evaluate_forecast(START)
    assert store.states["S2", Basis.FORECAST].state is AlertState.NO_THRESHOLD


def test_a_forecast_alert_stays_through_missing_forecasts(engine: AlertEngine, store: MemoryAlertStore) -> None:
    def issue(at: datetime, probability: float) -> list[str]:
        store.issue = (at, [Crossing(limit, probability, None) for limit in thresholds("S1")])
        return [item.after.value for item in engine.evaluate_forecast(at)]

    assert issue(START, 0.9) == ["alert"]
    silent = START + timedelta(hours=3)
    assert [item.after.value for item in engine.evaluate_forecast(silent)] == ["no_data"]
    assert ("S1", Basis.FORECAST) in store.open_alerts
    assert issue(silent, 0.0) == ["alert"]
    assert issue(silent + STEP, 0.0) == []
    assert issue(silent + 2 * STEP, 0.0) == ["none"]


def test_naive_times_are_refused(engine: AlertEngine) -> None:
    with pytest.raises(ValueError, match="zone"):
        engine.evaluate_observed(START.replace(tzinfo=None))
