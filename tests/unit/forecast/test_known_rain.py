"""Which statements count, and what they mean as a distribution."""

import math
from datetime import UTC, datetime, timedelta
from statistics import NormalDist

import pytest

from domain.event_pack import RainForecast
from forecast.known_rain import LOCAL_LOG_SD, amount_distribution, describe, known_rain

NOW = datetime(2021, 7, 13, 12, tzinfo=UTC)
UNTIL = NOW + timedelta(hours=48)


def statement(
    issued_h: float = -1.0,
    provider: str = "RMI",
    window_h: tuple[float, float] = (0.0, 48.0),
    totals: tuple[float | None, float | None] = (80.0, 150.0),
    probability: float | None = None,
    accumulation_h: float | None = None,
) -> RainForecast:
    return RainForecast(
        issued_at=NOW + timedelta(hours=issued_h),
        provider=provider,
        valid_from=NOW + timedelta(hours=window_h[0]),
        valid_until=NOW + timedelta(hours=window_h[1]),
        area="Liège",
        accumulation_h=accumulation_h,
        total_low_mm=totals[0],
        total_high_mm=totals[1],
        probability=probability,
        statement="",
        source="test",
        confidence="high",
    )


def test_later_statements_and_expired_ones_do_not_count() -> None:
    late, expired, beyond = statement(0.01), statement(window_h=(-48.0, 0.0)), statement(window_h=(48.0, 72.0))
    known = known_rain([late, expired, beyond], NOW, UNTIL)
    assert known.amounts == ()
    assert known.chances == ()
    assert describe(known) == "no rain forecast known"


def test_a_statement_counts_from_its_issue_on() -> None:
    assert len(known_rain([statement(0.0)], NOW, UNTIL).amounts) == 1


def test_newest_comes_first_and_warnings_stand_apart() -> None:
    old, new = statement(-10.0, totals=(10.0, 20.0)), statement(-1.0)
    warnings = [statement(hours, "EFAS", totals=(None, None)) for hours in (-30.0, -20.0)]
    known = known_rain([old, new, *warnings], NOW, UNTIL)
    assert [o.issued_at for o in known.amounts] == [new.issued_at, old.issued_at]
    assert [o.issued_at for o in known.chances] == [warnings[1].issued_at]
    assert known.providers == ("RMI",)
    assert describe(known) == "RMI amounts of 13 Jul 11:00Z; EFAS warning without amounts of 12 Jul 16:00Z"


def test_a_warning_carries_its_own_probability_or_one_in_four() -> None:
    stated = known_rain([statement(totals=(None, None), probability=0.4)], NOW, UNTIL).chances[0]
    unstated = known_rain([statement(totals=(None, None))], NOW, UNTIL).chances[0]
    assert (stated.chance, unstated.chance) == (0.4, 0.25)


def test_probability_is_that_of_the_low_end() -> None:
    median, sd = amount_distribution(50.0, 100.0, 0.7)
    # Of the variance of local totals half is doubt about the areal total.
    assert 1.0 - NormalDist(median, math.sqrt(2.0) * sd).cdf(math.log(50.0)) == pytest.approx(0.7)


def test_a_very_wide_range_says_that_places_differ() -> None:
    assert amount_distribution(2.0, 100.0, None)[1] == 0.5


def test_a_single_amount_speaks_of_the_worst_hit_quarter() -> None:
    median, sd = amount_distribution(100.0, None, 0.65)
    upper_quartile = median + NormalDist().inv_cdf(0.75) * LOCAL_LOG_SD
    assert 1.0 - NormalDist(upper_quartile, sd).cdf(math.log(100.0)) == pytest.approx(0.65)


def test_up_to_an_amount_is_its_ninety_per_cent_point() -> None:
    median, sd = amount_distribution(None, 40.0, None)
    assert NormalDist(median, sd).cdf(math.log(40.0)) == pytest.approx(0.9)


@pytest.mark.parametrize(("low", "high"), [(0.0, 10.0), (5.0, 5.0), (0.0, 0.0)])
def test_degenerate_ranges_stay_finite(low: float, high: float) -> None:
    median, sd = amount_distribution(low, high, None)
    assert math.isfinite(median)
    assert sd > 0.0


def test_an_amount_needs_an_end() -> None:
    with pytest.raises(ValueError, match="low or a high end"):
        amount_distribution(None, None, 0.5)


def test_accumulation_longer_than_the_window_is_the_window() -> None:
    outlook = known_rain([statement(window_h=(0.0, 24.0), accumulation_h=24.0)], NOW, UNTIL).amounts[0]
    assert outlook.accumulation is None
    shorter = known_rain([statement(accumulation_h=24.0)], NOW, UNTIL).amounts[0]
    assert shorter.accumulation == timedelta(hours=24)
