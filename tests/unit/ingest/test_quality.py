"""Each rule of quality control on its own, and what a flood, a spike and a dead sensor look like to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from domain.readings import GOOD, Flag, LastReading, Observation, Quality
from domain.variables import Variable
from ingest.quality import EMPTY, RULES, Case, History, Rule, check, history_of, known_before, remember
from tests.unit.ingest.field_messages import NOON, reading

SUSPECT_RISE = Quality(Flag.SUSPECT, "rate_of_rise")
SUSPECT_FALL = Quality(Flag.SUSPECT, "rate_of_fall")
STUCK = Quality(Flag.SUSPECT, "stuck")


def judged(
    values: Sequence[float | None], step_minutes: float = 15, variable: Variable = Variable.LEVEL
) -> list[Quality]:
    """Return the qualities of a series of equidistant values in order."""
    history, qualities = EMPTY, []
    for position, level in enumerate(values):
        one = reading(level, position * step_minutes, variable=variable)
        qualities.append(check(one, history))
        history = remember(history, Observation(one, qualities[-1]))
    return qualities


class TestWithoutHistory:
    @pytest.mark.parametrize(
        ("variable", "sent", "expected"),
        [
            (Variable.LEVEL, 1.2, GOOD),
            (Variable.LEVEL, None, Quality(Flag.MISSING, "missing")),
            (Variable.LEVEL, -999.0, Quality(Flag.BAD, "sentinel")),
            (Variable.LEVEL, 999.9, Quality(Flag.BAD, "sentinel")),
            (Variable.LEVEL, -5.01, Quality(Flag.BAD, "range")),
            (Variable.LEVEL, 1e308, Quality(Flag.BAD, "range")),
            (Variable.LEVEL, 700.0, GOOD),
            (Variable.DISCHARGE, 999.9, GOOD),  # the Meuse has carried more
            (Variable.DISCHARGE, -999.0, Quality(Flag.BAD, "sentinel")),
            (Variable.RAIN, 0.0, GOOD),
            (Variable.RAIN, -0.1, Quality(Flag.BAD, "range")),
            (Variable.RAIN, 9999.0, Quality(Flag.BAD, "sentinel")),
            (Variable.AIR_TEMPERATURE, -88.8, Quality(Flag.BAD, "sentinel")),
            (Variable.PH, 14.1, Quality(Flag.BAD, "range")),
            (Variable.HUMIDITY, 100.1, Quality(Flag.BAD, "range")),
            (Variable.TURBIDITY, 65535.0, Quality(Flag.BAD, "sentinel")),
        ],
    )
    def test_value_alone(self, variable: Variable, sent: float | None, expected: Quality) -> None:
        assert check(reading(sent, variable=variable)) == expected

    def test_late_is_information_about_a_good_value(self) -> None:
        assert check(reading(late=timedelta(hours=1))) == GOOD
        assert check(reading(late=timedelta(hours=1, seconds=1))) == Quality(Flag.GOOD, "late")

    def test_a_worse_finding_hides_that_it_was_late(self) -> None:
        assert check(reading(-999.0, late=timedelta(hours=6))) == Quality(Flag.BAD, "sentinel")


class TestRates:
    def test_a_flash_flood_of_two_metres_an_hour_passes(self) -> None:
        assert set(judged([0.4, 0.6, 1.1, 1.6, 2.1, 2.6, 3.0, 3.1, 3.0])) == {GOOD}

    def test_the_limit_is_scaled_by_the_time_step(self) -> None:
        assert judged([0.4, 3.3], step_minutes=60) == [GOOD, GOOD]
        assert judged([0.4, 3.5], step_minutes=60) == [GOOD, SUSPECT_RISE]

    def test_noise_of_close_readings_passes(self) -> None:
        assert set(judged([1.00, 1.06, 0.97, 1.05], step_minutes=1)) == {GOOD}

    def test_a_confirmed_rise_returns_to_good(self) -> None:
        assert judged([0.4, 2.4, 2.5, 2.6]) == [GOOD, SUSPECT_RISE, GOOD, GOOD]

    def test_a_wall_of_water_that_keeps_rising_is_believed_from_its_second_reading(self) -> None:
        assert judged([0.4, 1.6, 2.8, 3.9, 4.2]) == [GOOD, SUSPECT_RISE, GOOD, SUSPECT_RISE, GOOD]

    def test_a_spike_is_suspect_and_the_reading_after_it_is_good(self) -> None:
        assert judged([0.4, 8.4, 0.4, 0.5]) == [GOOD, SUSPECT_RISE, GOOD, GOOD]

    def test_repeated_spikes_are_all_suspect(self) -> None:
        assert judged([0.4, 8.4, 0.4, 8.4, 0.4]) == [GOOD, SUSPECT_RISE, GOOD, SUSPECT_RISE, GOOD]

    def test_a_sensor_that_runs_away_is_never_believed(self) -> None:
        assert judged([0.4, 8.0, 30.0, 90.0, 300.0])[1:] == [SUSPECT_RISE] * 4

    def test_a_sensor_out_of_the_water_is_suspect_and_its_return_good(self) -> None:
        assert judged([4.2, 0.0, 4.3]) == [GOOD, SUSPECT_FALL, GOOD]

    def test_after_a_gap_more_is_possible(self) -> None:
        long_ago = reading(0.5)
        history = remember(EMPTY, Observation(long_ago, GOOD))
        assert check(reading(4.9, minutes=120), history) == GOOD

    def test_bad_and_missing_values_are_not_compared_with(self) -> None:
        qualities = judged([1.0, -999.0, None, 1.1])
        assert qualities[-1] == GOOD

    def test_variables_without_limit_may_jump(self) -> None:
        assert set(judged([10.0, 900.0, 5.0], variable=Variable.TURBIDITY)) == {GOOD}

    def test_discharge_may_more_than_double_in_a_quarter_and_a_brook_may_wake(self) -> None:
        assert set(judged([0.05, 1.4, 3.3, 8.0, 19.0, 44.0, 40.0], variable=Variable.DISCHARGE)) == {GOOD}

    def test_a_false_value_of_discharge_waits_for_the_next_reading(self) -> None:
        assert judged([0.9, 13.0, 0.9, 1.0], variable=Variable.DISCHARGE) == [GOOD, SUSPECT_RISE, GOOD, GOOD]

    def test_a_gate_that_opens_is_believed_from_its_second_reading(self) -> None:
        assert judged([2.0, 25.0, 25.0, 90.0], variable=Variable.DISCHARGE) == [GOOD, SUSPECT_RISE, GOOD, SUSPECT_RISE]

    def test_after_a_restart_on_a_suspect_reading_the_next_confirms_it(self) -> None:
        newest = reading(2.4)
        history = history_of(LastReading(2.4, newest.observed_at, Flag.SUSPECT, newest.observed_at))
        assert history.believed is None
        assert check(reading(2.5, minutes=15), history) == GOOD


class TestStuck:
    def test_unchanged_for_longer_than_the_limit(self) -> None:
        qualities = judged([1.0] * 51, step_minutes=60)
        assert qualities[:49] == [GOOD] * 49
        assert qualities[49:] == [STUCK] * 2

    def test_any_change_begins_anew(self) -> None:
        assert set(judged([1.0] * 40 + [1.001] * 40, step_minutes=60)) == {GOOD}

    def test_a_dry_month_of_rain_is_no_stuck_gauge(self) -> None:
        assert set(judged([0.0] * 720, step_minutes=60, variable=Variable.RAIN)) == {GOOD}

    def test_a_stuck_sensor_that_moves_again_is_good(self) -> None:
        assert judged([1.0] * 51 + [1.2], step_minutes=60)[-2:] == [STUCK, GOOD]

    def test_failures_in_between_do_not_begin_anew(self) -> None:
        values: list[float | None] = [1.0] * 30 + [None] + [1.0] * 30
        assert judged(values, step_minutes=60)[-1] == STUCK

    def test_survives_a_restart(self) -> None:
        history = history_of(LastReading(1.0, NOON, Flag.GOOD, NOON - timedelta(hours=48)))
        assert check(reading(1.0, minutes=1), history) == STUCK


class TestObservedOrder:
    def test_a_late_reading_is_not_compared_with_a_later_one(self) -> None:
        history = remember(EMPTY, Observation(reading(9.0, minutes=60), GOOD))
        assert check(reading(1.0, minutes=0), history) == GOOD
        assert check(reading(1.0, minutes=60), history) == GOOD

    def test_a_late_reading_is_compared_with_the_believed_one_before_it(self) -> None:
        history = remember(EMPTY, Observation(reading(1.0, minutes=0), GOOD))
        history = remember(history, Observation(reading(9.0, minutes=30), SUSPECT_RISE))
        assert check(reading(5.0, minutes=15), history) == SUSPECT_RISE
        assert check(reading(1.2, minutes=15), history) == GOOD

    def test_a_late_or_repeated_reading_changes_no_history(self) -> None:
        history = remember(EMPTY, Observation(reading(1.0, minutes=60), GOOD))
        for minutes in (0, 60):
            assert remember(history, Observation(reading(2.0, minutes=minutes), GOOD)) == history

    def test_known_before(self) -> None:
        early, later = (LastReading(1.0, NOON + timedelta(hours=h), Flag.GOOD, NOON) for h in (0, 1))
        assert known_before(History(later, early), NOON + timedelta(hours=1)) == History(None, early)
        assert known_before(EMPTY, NOON) == EMPTY

    @pytest.mark.parametrize("flag", [Flag.BAD, Flag.MISSING])
    def test_a_useless_newest_reading_gives_no_history(self, flag: Flag) -> None:
        assert history_of(LastReading(-999.0, NOON, flag, NOON)) == EMPTY


class TestTable:
    def test_names_are_unique_and_the_order_is_from_worst_to_best(self) -> None:
        severity = [Flag.MISSING, Flag.BAD, Flag.SUSPECT, Flag.GOOD]
        order = [severity.index(rule.flag) for rule in RULES]
        assert order == sorted(order)
        assert len({rule.name for rule in RULES}) == len(RULES)

    def test_rules_can_be_added(self) -> None:
        def is_thirteen(case: Case) -> bool:
            return case.reading.value == 13.0

        rules = (*RULES, Rule("thirteen", Flag.SUSPECT, is_thirteen))
        assert check(reading(13.0), rules=rules) == Quality(Flag.SUSPECT, "thirteen")
