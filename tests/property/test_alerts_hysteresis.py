"""What must hold for every course of readings and forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.engine import AlertEngine
from alerts.observed_rules import state_of
from alerts.rules import Limits
from domain.alerts import SEVERITY, AlertState, Basis
from domain.basin import Basin, Phase
from domain.forecasts import Crossing
from domain.readings import Flag
from domain.records import ObservedValue
from domain.variables import Variable
from tests.unit.alerts.making import START, STEP, MemoryAlertStore, basin, good, station, threshold, thresholds

KEY = ("S1", Basis.OBSERVED)
DISCHARGE_BASIN = basin([station("S1")], thresholds("S1"))
LEVEL_BASIN = basin([station("S1")], [threshold(Phase.PRE_ALERT, 2.0, variable=Variable.LEVEL)])
GRAVE = {AlertState.PRE_ALERT, AlertState.ALERT}

discharges = st.floats(min_value=-10, max_value=400, allow_nan=False)
flags = st.sampled_from([Flag.GOOD, Flag.GOOD, Flag.GOOD, Flag.SUSPECT, Flag.BAD, Flag.MISSING])


def _severity(store: MemoryAlertStore) -> int:
    return SEVERITY.get(store.states[KEY].state, -1)


def _raises(store: MemoryAlertStore) -> int:
    return sum(item.after in GRAVE and item.before not in GRAVE for item in store.history)


def _clears(store: MemoryAlertStore) -> int:
    return sum(item.before in GRAVE and item.after not in GRAVE for item in store.history)


def _feed(region: Basin, values: Sequence[float], variable: Variable, step: timedelta = STEP) -> MemoryAlertStore:
    store = MemoryAlertStore()
    engine = AlertEngine(region, store)
    for number, value in enumerate(values):
        at = START + number * step
        store.add(ObservedValue(at, value, Flag.GOOD, ""), variable=variable)
        engine.evaluate_observed(at)
    return store


@settings(max_examples=60, deadline=None)
@given(noise=st.lists(st.floats(-0.01, 0.01), min_size=96, max_size=96), ebb=st.booleans())
def test_a_day_of_centimetre_noise_round_a_level_threshold_raises_once(noise: list[float], ebb: bool) -> None:
    values = [1.5, *(2.0 + wave for wave in noise), *([1.5] * 12 if ebb else [])]
    store = _feed(LEVEL_BASIN, values, Variable.LEVEL)
    crossed = any(wave >= 0 for wave in noise)
    assert _raises(store) == int(crossed)
    assert _clears(store) == int(crossed and ebb)


@settings(max_examples=60, deadline=None)
@given(noise=st.lists(st.floats(-3, 3), min_size=96, max_size=96))
def test_a_day_of_noise_round_a_discharge_threshold_raises_once(noise: list[float]) -> None:
    store = _feed(DISCHARGE_BASIN, [50.0, *(100.0 + wave for wave in noise), *([50.0] * 12)], Variable.DISCHARGE)
    crossed = any(wave >= 0 for wave in noise)
    assert (_raises(store), _clears(store)) == (int(crossed), int(crossed))


@settings(max_examples=60, deadline=None)
@given(values=st.lists(discharges, min_size=1, max_size=40))
def test_a_state_is_never_below_what_the_newest_value_says(values: list[float]) -> None:
    store, limits = MemoryAlertStore(), Limits(100.0, 200.0)
    engine = AlertEngine(DISCHARGE_BASIN, store)
    for number, value in enumerate(values):
        store.add(good(15 * number, value))
        engine.evaluate_observed(START + number * STEP)
        by_value, _ = state_of(value, None, Variable.DISCHARGE, limits)
        assert _severity(store) >= SEVERITY[by_value]


@settings(max_examples=100, deadline=None)
@given(course=st.lists(st.tuples(discharges, flags, st.integers(1, 8)), min_size=1, max_size=30))
def test_missing_is_never_safe_and_ends_no_alert(course: list[tuple[float, Flag, int]]) -> None:
    """Readings come after 1 to 8 steps of silence; the engine runs at every step."""
    store = MemoryAlertStore()
    engine = AlertEngine(DISCHARGE_BASIN, store)
    now, newest_good = START, datetime.min.replace(tzinfo=START.tzinfo)
    for value, flag, steps in course:
        for step in range(1, steps + 1):
            now += STEP
            if step == steps:
                store.add(ObservedValue(now, None if flag is Flag.MISSING else value, flag, ""))
                newest_good = now if flag is Flag.GOOD else newest_good
            open_before = KEY in store.open_alerts
            engine.evaluate_observed(now)
            blind = now - newest_good > 3 * STEP
            assert (store.states[KEY].state is AlertState.NO_DATA) == blind
            if blind and open_before:
                assert KEY in store.open_alerts


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(discharges, min_size=4, max_size=24),
    late=st.data(),
)
def test_late_readings_never_raise(values: list[float], late: st.DataObject) -> None:
    """Some readings arrive after newer ones were judged, in any order: no evaluation rises for them."""
    delayed = late.draw(st.sets(st.integers(0, len(values) - 2), max_size=len(values) - 1))
    store = MemoryAlertStore()
    engine = AlertEngine(DISCHARGE_BASIN, store)
    now = START + (len(values) - 1) * STEP
    for number in set(range(len(values))) - delayed:
        store.add(good(15 * number, values[number]))
    engine.evaluate_observed(now)
    before = _severity(store)
    for number in late.draw(st.permutations(sorted(delayed))):
        store.add(good(15 * number, values[number]))
        engine.evaluate_observed(now)
        assert _severity(store) <= before


@settings(max_examples=60, deadline=None)
@given(
    course=st.lists(st.tuples(discharges, st.integers(0, 24)), min_size=1, max_size=40),
    tail=st.sampled_from([(10.0, AlertState.NONE), (150.0, AlertState.PRE_ALERT), (300.0, AlertState.ALERT)]),
)
def test_out_of_order_ends_where_in_order_does(course: list[tuple[float, int]], tail: tuple[float, AlertState]) -> None:
    """Readings are up to six hours late; after a steady tail longer than the hold time the state is the same."""
    value, expected = tail
    arrivals = [(number + delay, number, item) for number, (item, delay) in enumerate(course)]
    length = len(course) + 24 + 14
    arrivals += [(number, number, value) for number in range(len(course), length)]
    store = MemoryAlertStore()
    engine = AlertEngine(DISCHARGE_BASIN, store)
    for step in range(length):
        for _, number, item in [arrival for arrival in arrivals if arrival[0] == step]:
            store.add(good(15 * number, item))
        engine.evaluate_observed(START + step * STEP)
    assert store.states[KEY].state is expected


@settings(max_examples=60, deadline=None)
@given(values=st.lists(discharges, min_size=1, max_size=30), repeats=st.integers(2, 5))
def test_running_more_often_changes_nothing(values: list[float], repeats: int) -> None:
    once, often = MemoryAlertStore(), MemoryAlertStore()
    for store, times in ((once, 1), (often, repeats)):
        engine = AlertEngine(DISCHARGE_BASIN, store)
        for number, value in enumerate(values):
            store.add(good(15 * number, value))
            for _ in range(times):
                engine.evaluate_observed(START + number * STEP)
    assert often.history == once.history
    assert often.writes == once.writes


@settings(max_examples=60, deadline=None)
@given(jitter=st.lists(st.floats(-0.09, 0.09), min_size=5, max_size=60))
def test_a_probability_that_hovers_raises_once(jitter: list[float]) -> None:
    store = MemoryAlertStore()
    engine = AlertEngine(DISCHARGE_BASIN, store)
    for number, wave in enumerate([0.0, *jitter]):
        at = START + number * STEP
        store.issue = (at, [Crossing(thresholds("S1")[1], 0.5 + wave, None)])
        engine.evaluate_forecast(at)
    assert [item.after for item in store.history] == [AlertState.ALERT]
