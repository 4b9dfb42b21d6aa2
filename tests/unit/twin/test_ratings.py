from datetime import UTC, datetime

import numpy as np
import pytest

from domain.basin import Rating
from twin.ratings import SampledRating, central_rating

RATING = Rating("S", datetime(1970, 1, 1, tzinfo=UTC), 20.0, 0.2, 1.8, 0.1, 2.2, "made up", "estimated")
NORMAL = np.random.default_rng(1).standard_normal(4000)
SAMPLED = SampledRating(RATING, NORMAL, NORMAL[::-1].copy())


def test_central_rating_is_the_power_law() -> None:
    level = np.array([0.2, 0.7, 1.2, 2.2, 4.0])
    expected = 20.0 * (level - 0.2) ** 1.8
    np.testing.assert_allclose(central_rating(RATING).discharge(level[:, None])[:, 0], expected, rtol=1e-12)


def test_level_is_the_inverse_of_discharge() -> None:
    level = np.linspace(0.25, 9.0, 50)[:, None]
    np.testing.assert_allclose(SAMPLED.level(SAMPLED.discharge(level)), np.repeat(level, 4000, axis=1), rtol=1e-9)


def test_error_is_as_stated_inside_and_grows_above_the_gauged_range() -> None:
    inside = np.log(SAMPLED.discharge(np.array([[1.0]]))).std()
    assert inside == pytest.approx(0.1, rel=0.05)
    # Two e-foldings of depth above the gauged 2 m: sd^2 = 0.1^2 (1 + 2^2).
    above = np.log(SAMPLED.discharge(np.array([[0.2 + 2.0 * np.e**2]]))).std()
    assert above == pytest.approx(0.1 * np.sqrt(5.0), rel=0.05)


def test_more_level_is_more_discharge_for_every_member() -> None:
    flow = SAMPLED.discharge(np.linspace(0.0, 12.0, 400)[:, None])
    assert (np.diff(flow, axis=0) >= 0).all()


def test_missing_stays_missing_and_no_flow_is_zero() -> None:
    flow = central_rating(RATING).discharge(np.array([[np.nan], [0.1], [-3.0]]))
    assert np.isnan(flow[0, 0])
    assert flow[1:, 0].tolist() == [0.0, 0.0]
    level = central_rating(RATING).level(np.array([[np.nan], [0.0]]))
    assert np.isnan(level[0, 0])
    assert level[1, 0] == pytest.approx(0.2)
