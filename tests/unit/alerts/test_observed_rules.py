from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from alerts.observed_rules import StationEvidence, judge_observed
from alerts.rules import Verdict
from domain.alerts import AlertState
from domain.basin import Origin, Phase, Threshold
from domain.readings import Flag, LastReading
from domain.records import ObservedValue
from domain.variables import Variable
from tests.unit.alerts.making import START, good, station, threshold, thresholds

DISCHARGE_ONLY = (Variable.DISCHARGE,)


def _judge(
    values: Sequence[ObservedValue],
    limits: Sequence[Threshold] | None = None,
    minutes_later: float = 0,
    variables: tuple[Variable, ...] = DISCHARGE_ONLY,
    variable: Variable = Variable.DISCHARGE,
) -> Verdict:
    """Judge values of one variable, ``minutes_later`` than the newest of them."""
    newest = max(values, key=lambda value: value.observed_at, default=None)
    now = (START if newest is None else newest.observed_at) + timedelta(minutes=minutes_later)
    last = {} if newest is None else {
        variable: LastReading(newest.value, newest.observed_at, newest.flag, newest.observed_at)
    }  # fmt: skip
    limits = thresholds() if limits is None else limits
    return judge_observed(StationEvidence(station(variables=variables), limits, {variable: values}, last), now)


@pytest.mark.parametrize(
    ("values", "state", "reason"),
    [
        ([50.0], "none", "below_thresholds"),
        ([99.9], "none", "below_thresholds"),
        ([100.0], "pre_alert", "above_pre_alert_threshold"),
        ([199.9], "pre_alert", "above_pre_alert_threshold"),
        ([200.0], "alert", "above_alert_threshold"),
        ([50.0, 500.0], "alert", "above_alert_threshold"),
        ([500.0, 50.0], "none", "below_thresholds"),
        # 2 m3/s an hour (2 % of the pre-alert threshold) is rising; the band begins at 80.
        ([80.0, 80.5, 81.0, 81.5, 82.0], "watch", "rising_just_below_threshold"),
        ([82.0, 82.0, 82.0, 82.0, 82.0], "none", "below_thresholds"),
        ([90.0, 88.0, 86.0, 84.0, 82.0], "none", "below_thresholds"),
        ([77.0, 77.5, 78.0, 78.5, 79.0], "none", "below_thresholds"),
        # 40 m3/s an hour from 20 on would reach 100 in two hours; 39 would not.
        ([-20.0, -10.0, 0.0, 10.0, 20.0], "watch", "rise_would_reach_threshold"),
        ([-19.0, -9.25, 0.5, 10.25, 20.0], "none", "below_thresholds"),
        # Two readings a quarter of an hour apart tell no rise yet.
        ([40.0, 80.0], "none", "below_thresholds"),
    ],
)
def test_values_every_quarter_hour(values: list[float], state: str, reason: str) -> None:
    verdict = _judge([good(15 * step, value) for step, value in enumerate(values)])
    assert (verdict.state.value, verdict.reason.value) == (state, reason)
    assert verdict.evidence["value"] == values[-1]
    assert verdict.evidence["text"]


@pytest.mark.parametrize(("minutes", "state"), [(0, "none"), (45, "none"), (46, "no_data"), (6000, "no_data")])
def test_silence_begins_after_three_intervals(minutes: float, state: str) -> None:
    verdict = _judge([good(0, 50.0)], minutes_later=minutes)
    assert verdict.state.value == state
    if state == "no_data":
        assert verdict.reason.value == "silent"
        assert verdict.evidence["silent_since"] == "2021-07-14T12:00:00Z"
        assert verdict.sustained is AlertState.ALERT


def test_a_silent_station_is_no_data_even_at_flood_level() -> None:
    assert _judge([good(0, 500.0)], minutes_later=60).state is AlertState.NO_DATA


def test_a_station_that_never_reported_is_no_data() -> None:
    verdict = _judge([])
    assert (verdict.state, verdict.reason.value) == (AlertState.NO_DATA, "never_reported")


@pytest.mark.parametrize("flag", [Flag.SUSPECT, Flag.BAD])
def test_a_doubtful_value_raises_nothing_but_is_shown(flag: Flag) -> None:
    verdict = _judge([good(0, 50.0), good(15, 900.0, flag, "rate_of_rise")])
    assert (verdict.state, verdict.evidence["value"]) == (AlertState.NONE, 50.0)
    assert "900 m3/s is doubtful (rate_of_rise)" in verdict.evidence["text"]
    assert verdict.evidence["suspect"] == {
        "value": 900.0,
        "observed_at": "2021-07-14T12:15:00Z",
        "flag": flag.value,
        "rule": "rate_of_rise",
    }


@pytest.mark.parametrize(
    "value",
    [good(0, 900.0, Flag.SUSPECT), good(0, 10.0, Flag.BAD), good(0, None, Flag.MISSING), good(0, float("nan"))],
)
def test_a_station_with_nothing_usable_is_no_data(value: ObservedValue) -> None:
    verdict = _judge([value])
    assert (verdict.state, verdict.reason.value) == (AlertState.NO_DATA, "no_usable_reading")


def test_doubtful_values_keep_no_station_awake() -> None:
    values = [good(0, 50.0), *(good(15 * step, 51.0, Flag.SUSPECT) for step in range(1, 5))]
    verdict = _judge(values)
    assert (verdict.state, verdict.reason.value) == (AlertState.NO_DATA, "no_usable_reading")


def test_readings_ahead_of_the_clock_are_left_out() -> None:
    values = [good(0, 50.0), good(600, 900.0)]
    verdict = _judge(values, minutes_later=-590)
    assert (verdict.state, verdict.evidence["value"]) == (AlertState.NONE, 50.0)


def test_arrival_order_does_not_matter() -> None:
    values = [good(15 * step, 60.0 + 10 * step) for step in range(5)]
    assert _judge(values) == _judge(values[::-1])


def test_without_thresholds_there_is_no_state_but_silence() -> None:
    assert _judge([good(0, 50.0)], limits=[]).state is AlertState.NO_THRESHOLD
    assert _judge([good(0, 50.0)], limits=[], minutes_later=46).state is AlertState.NO_DATA
    assert _judge([], limits=[]).state is AlertState.NO_DATA


def test_a_threshold_on_a_variable_that_is_not_published_cannot_decide() -> None:
    verdict = _judge([good(0, 5.0)], variables=(Variable.LEVEL,), variable=Variable.LEVEL)
    assert (verdict.state, verdict.reason.value) == (AlertState.NO_THRESHOLD, "threshold_variable_not_published")
    assert "discharge" in verdict.evidence["text"]


@pytest.mark.parametrize(("value", "state"), [(105.0, "none"), (125.0, "pre_alert"), (205.0, "alert")])
def test_official_thresholds_decide_phase_by_phase_and_both_are_shown(value: float, state: str) -> None:
    limits = [
        threshold(Phase.PRE_ALERT, 120.0, Origin.OFFICIAL),
        threshold(Phase.PRE_ALERT, 100.0),
        threshold(Phase.ALERT, 200.0),
    ]
    verdict = _judge([good(0, value)], limits=limits)
    assert verdict.state.value == state
    shown = [(row["value"], row["decides"], row["reached"]) for row in verdict.evidence["thresholds"]]
    assert shown == [(120.0, True, value >= 120), (100.0, False, True), (200.0, True, value >= 200)]


def test_level_margins_are_lengths_because_its_zero_is_arbitrary() -> None:
    limits = [threshold(Phase.PRE_ALERT, 61.0, variable=Variable.LEVEL)]
    steady = [good(15 * step, 60.3) for step in range(9)]
    rising = [good(15 * step, 60.6 + 0.02 * step) for step in range(5)]
    for values, state in ((steady, AlertState.NONE), (rising, AlertState.WATCH)):
        verdict = _judge(values, limits=limits, variables=(Variable.LEVEL,), variable=Variable.LEVEL)
        assert verdict.state is state


def test_half_an_eye_sees_no_safety() -> None:
    limits = [threshold(Phase.PRE_ALERT, 100.0), threshold(Phase.ALERT, 3.0, variable=Variable.LEVEL)]
    both = (Variable.LEVEL, Variable.DISCHARGE)

    def judged(discharge: float, level: list[ObservedValue]) -> AlertState:
        recent = {Variable.DISCHARGE: [good(0, discharge)], Variable.LEVEL: level}
        return judge_observed(StationEvidence(station(variables=both), limits, recent, {}), START).state

    assert judged(50.0, [good(0, 1.0)]) is AlertState.NONE
    assert judged(50.0, []) is AlertState.NO_DATA
    assert judged(150.0, []) is AlertState.PRE_ALERT
    assert judged(150.0, [good(0, 3.5)]) is AlertState.ALERT


@pytest.mark.parametrize(
    ("values", "sustained"),
    [
        ([50.0] * 9, "none"),
        ([50.0] * 8, "alert"),  # only 1 h 45 min are covered: nothing may be lowered
        ([96.0] + [50.0] * 8, "pre_alert"),  # the first is not below 95 and lies inside the hold time
        ([94.0] + [50.0] * 8, "watch"),
        ([191.0] + [50.0] * 8, "alert"),
        ([189.0] + [150.0] * 8, "pre_alert"),
        ([76.0] * 9, "watch"),  # the watch band, lowered by its margin, begins at 75
        ([74.0] * 9, "none"),
    ],
)
def test_what_may_be_lowered_to_follows_the_whole_hold_time(values: list[float], sustained: str) -> None:
    verdict = _judge([good(15 * step, value) for step, value in enumerate(values)])
    assert verdict.sustained.value == sustained


def test_a_gap_in_the_hold_time_lowers_nothing() -> None:
    values = [good(0, 50.0), good(15, 50.0), good(75, 50.0), good(120, 50.0)]
    assert _judge(values).sustained is AlertState.ALERT


def test_calm_water_repeats_no_thresholds() -> None:
    limits = [threshold(Phase.PRE_ALERT, 120.0, Origin.OFFICIAL), threshold(Phase.PRE_ALERT, 100.0)]
    assert "thresholds" not in _judge([good(0, 50.0)], limits=limits).evidence
    conflict = _judge([good(0, 105.0)], limits=limits)
    assert conflict.state is AlertState.NONE
    assert [row["reached"] for row in conflict.evidence["thresholds"]] == [False, True]
