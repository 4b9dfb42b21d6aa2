"""Quantiles, peaks and crossings of small ensembles that can be worked out by hand."""

import numpy as np
import pytest

from domain.basin import Origin, Phase, Threshold
from domain.forecasts import LEAD_MINUTES, QUANTILE_LEVELS
from domain.readings import SeriesKey
from domain.variables import Variable
from forecast.products import MemberSeries, compute_products, crossings, lead_quantiles, peaks, sorted_quantiles

FLOW = SeriesKey("GAUGE", Variable.DISCHARGE)


def threshold(value: float, station: str = "GAUGE", variable: Variable = Variable.DISCHARGE) -> Threshold:
    return Threshold(station, variable, Phase.ALERT, value, Origin.OFFICIAL, "", "test", "high")


def courses(*members: list[float]) -> MemberSeries:
    return MemberSeries((FLOW,), np.array(members, dtype=np.float32).T[np.newaxis])


def ramp(members: int = 50, steps: int = 193) -> MemberSeries:
    """Member m rises by m m3/s an hour."""
    values = np.arange(steps)[:, np.newaxis] * np.arange(members) / 4.0
    return MemberSeries((FLOW,), values[np.newaxis].astype(np.float32))


def test_quantiles_agree_with_numpy() -> None:
    values = np.random.default_rng(1).gamma(2.0, 5.0, (3, 4, 50)).astype(np.float32)
    expected = np.moveaxis(np.quantile(values, QUANTILE_LEVELS, axis=-1), 0, -1)
    np.testing.assert_allclose(sorted_quantiles(values, QUANTILE_LEVELS), expected, rtol=1e-5)


def test_a_single_member_is_all_its_quantiles() -> None:
    assert sorted_quantiles(np.array([[7.0]], dtype=np.float32), (0.05, 0.5, 0.95)).tolist() == [[7.0, 7.0, 7.0]]


def test_lead_quantiles_stand_at_the_named_leads() -> None:
    forecast = lead_quantiles(ramp())[0]
    assert forecast.quantiles.shape == (len(LEAD_MINUTES), len(QUANTILE_LEVELS))
    # The median of members 0..49 rises by 24.5 m3/s an hour.
    median = forecast.quantiles[:, QUANTILE_LEVELS.index(0.5)]
    np.testing.assert_allclose(median, np.array(LEAD_MINUTES) / 60.0 * 24.5, rtol=1e-6)


def test_peak_is_the_highest_value_after_issue_and_its_lead() -> None:
    found = peaks(courses([9.0, 1.0, 5.0, 2.0], [9.0, 1.0, 5.0, 2.0]))[0]
    assert found.value.tolist() == [5.0] * len(QUANTILE_LEVELS)
    assert found.lead_minutes.tolist() == [30.0] * len(QUANTILE_LEVELS)


def test_crossing_counts_members_and_times_first_passage() -> None:
    members = courses([1, 2, 5, 1, 6], [1, 1, 1, 1, 5], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1])
    found = crossings(members, [threshold(5.0)])[0]
    assert found.probability == 0.5
    assert found.lead_minutes == pytest.approx((33.0, 45.0, 57.0))


def test_a_series_above_its_threshold_at_issue_crosses_at_once() -> None:
    found = crossings(courses([7, 1, 1], [8, 1, 1]), [threshold(5.0)])[0]
    assert found.probability == 1.0
    assert found.lead_minutes == (0.0, 0.0, 0.0)


def test_no_member_crosses() -> None:
    found = crossings(courses([1, 1, 1]), [threshold(5.0)])[0]
    assert found.probability == 0.0
    assert found.lead_minutes is None


def test_a_threshold_on_what_is_not_forecast_is_left_out() -> None:
    members = courses([1, 1, 1])
    assert crossings(members, [threshold(5.0, "ELSEWHERE"), threshold(5.0, variable=Variable.LEVEL)]) == ()


def test_products_belong_together() -> None:
    products = compute_products(ramp(), [threshold(100.0)])
    assert [f.series for f in products.series] == [FLOW]
    assert [p.series for p in products.peaks] == [FLOW]
    # Members 3 to 49 reach 100 m3/s within 48 h: 48 x 2 is short of it, 48 x 3 is not.
    assert products.crossings[0].probability == pytest.approx(47 / 50)


def test_courses_must_match_their_keys() -> None:
    with pytest.raises(ValueError, match="2 series"):
        MemberSeries((FLOW, FLOW), np.zeros((1, 3, 5), dtype=np.float32))
