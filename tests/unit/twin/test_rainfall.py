from pathlib import Path

import numpy as np
import pytest

from domain.basin_files import read_basin
from twin.network import Topology
from twin.rainfall import RainWeights
from twin.synthetic import tree_basin

WALLONIA = Path(__file__).parents[3] / "basins" / "wallonia"


@pytest.fixture(scope="module")
def weights() -> RainWeights:
    basin = read_basin(WALLONIA)
    return RainWeights.of(basin, Topology.of(basin))


def test_even_rain_stays_even(weights: RainWeights) -> None:
    areal = weights.areal_rain(np.full((2, len(weights.station_ids)), 3.0))
    np.testing.assert_allclose(areal.rain_mm, 3.0, rtol=1e-6)
    np.testing.assert_allclose(areal.sd_mm, 0.36, rtol=1e-4)


def test_a_silent_gauge_takes_only_its_own_share(weights: RainWeights) -> None:
    rng = np.random.default_rng(1)
    rain = rng.uniform(0, 5, (1, len(weights.station_ids)))
    full = weights.areal_rain(rain).rain_mm
    g = weights.station_ids.index("RAIN_JALHAY")
    rain[0, g] = np.nan
    without = weights.areal_rain(rain).rain_mm
    assert np.isfinite(without).all()
    share = weights.weights[:, g] / weights.weights.sum(axis=1)
    far = share < 1e-4
    assert far.any()
    np.testing.assert_allclose(without[0, far], full[0, far], rtol=1e-3)
    assert np.abs(without - full).max() > 0.01


def test_rain_lies_between_the_gauges(weights: RainWeights) -> None:
    rain = np.random.default_rng(2).gamma(0.3, 5.0, (20, len(weights.station_ids)))
    areal = weights.areal_rain(rain).rain_mm
    assert (areal <= rain.max(axis=1, keepdims=True) + 1e-5).all()
    assert (areal >= rain.min(axis=1, keepdims=True) - 1e-5).all()


def test_no_gauge_at_all_is_unknown_not_zero(weights: RainWeights) -> None:
    areal = weights.areal_rain(np.full((1, len(weights.station_ids)), np.nan))
    assert np.isnan(areal.rain_mm).all()
    assert np.isnan(areal.sd_mm).all()


def test_one_gauge_left_serves_all(weights: RainWeights) -> None:
    rain = np.full((1, len(weights.station_ids)), np.nan)
    rain[0, 4] = 7.0
    np.testing.assert_allclose(weights.areal_rain(rain).rain_mm, 7.0, rtol=1e-5)


def test_negative_rain_and_wrong_shape_are_refused(weights: RainWeights) -> None:
    rain = np.zeros((1, len(weights.station_ids)))
    rain[0, 2] = -0.1
    with pytest.raises(ValueError, match=weights.station_ids[2]):
        weights.areal_rain(rain)
    with pytest.raises(ValueError, match="wanted"):
        weights.areal_rain(rain[:, :3])


def test_a_basin_without_rain_gauges_is_refused() -> None:
    basin = tree_basin([1, -1])
    with pytest.raises(ValueError, match="no rain gauge"):
        RainWeights.of(basin, Topology.of(basin))
