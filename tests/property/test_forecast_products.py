"""Products of any ensemble: monotone quantiles, probabilities that agree with the band."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from domain.basin import Origin, Phase, Threshold
from domain.forecasts import QUANTILE_LEVELS
from domain.readings import SeriesKey
from domain.variables import Variable
from forecast.products import MemberSeries, compute_products, sorted_quantiles

VALUE = st.floats(0.0, 5000.0, width=32)
KEY = SeriesKey("GAUGE", Variable.DISCHARGE)


@st.composite
def ensembles(draw: st.DrawFn) -> MemberSeries:
    members = draw(st.integers(1, 50))
    return MemberSeries((KEY,), draw(arrays(np.float32, (1, 25, members), elements=VALUE)))


def threshold(value: float) -> Threshold:
    return Threshold("GAUGE", Variable.DISCHARGE, Phase.ALERT, value, Origin.OFFICIAL, "", "test", "high")


@given(arrays(np.float32, array_shapes(min_dims=1, max_dims=3, max_side=40), elements=VALUE))
def test_quantiles_rise_with_their_level_and_stay_within_the_members(values: np.ndarray) -> None:
    found = sorted_quantiles(values, QUANTILE_LEVELS)
    assert (np.diff(found, axis=-1) >= 0.0).all()
    assert (found >= values.min(axis=-1, keepdims=True)).all()
    assert (found <= values.max(axis=-1, keepdims=True)).all()


@given(ensembles(), VALUE)
def test_crossings_agree_with_the_members(members: MemberSeries, value: float) -> None:
    crossing = compute_products(members, [threshold(value)]).crossings[0]
    above = members.values[0] >= np.float32(value)
    assert crossing.probability == np.mean(above.any(axis=0))
    assert (crossing.lead_minutes is None) == (crossing.probability == 0.0)
    if crossing.lead_minutes is not None:
        early, middle, late = crossing.lead_minutes
        assert 0.0 <= early <= middle <= late <= 24 * 15


@given(ensembles(), VALUE)
def test_a_band_above_a_threshold_makes_its_crossing_likely(members: MemberSeries, value: float) -> None:
    products = compute_products(members, [threshold(value)])
    probability, quantiles = products.crossings[0].probability, products.series[0].quantiles
    for level, course in zip(QUANTILE_LEVELS, quantiles.T, strict=True):
        if (course >= np.float32(value)).any():
            # At least every member from this order statistic up stands above the threshold then.
            count = members.values.shape[2]
            assert probability >= (count - np.ceil(level * (count - 1)) - 1e-9) / count


@given(ensembles(), VALUE, VALUE)
def test_a_higher_threshold_is_no_likelier_and_no_earlier(members: MemberSeries, one: float, two: float) -> None:
    low, high = compute_products(members, [threshold(min(one, two)), threshold(max(one, two))]).crossings
    assert high.probability <= low.probability


@given(ensembles(), VALUE)
def test_peak_and_crossing_agree(members: MemberSeries, value: float) -> None:
    products = compute_products(members, [threshold(value)])
    peak = products.peaks[0]
    assert (np.diff(peak.value) >= 0.0).all()
    assert (np.diff(peak.lead_minutes) >= 0.0).all()
    assert (peak.lead_minutes >= 15.0).all()
    assert (peak.lead_minutes <= 24 * 15.0).all()
    if peak.value[0] >= np.float32(value):
        # All but at most the lowest members peak above it.
        assert products.crossings[0].probability >= 0.9 * (1.0 - 1.0 / members.values.shape[2])
