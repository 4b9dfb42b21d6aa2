"""A year of ordinary weather to begin from."""

from datetime import timedelta

import numpy as np
import pytest

from domain.basin import Basin
from forecast.history import ordinary_history
from twin.model import Twin

from .conftest import BEGIN


def test_a_year_of_ordinary_weather(basin: Basin, twin: Twin) -> None:
    rain, inflows = ordinary_history(basin, twin, BEGIN)
    assert rain.times == inflows.times
    assert rain.times[-1] == BEGIN
    assert len(rain.times) == 8760
    # Uccle has about 840 mm a year; one drawn year differs from the mean.
    assert 550.0 < rain.values[:, 0].sum() < 1150.0
    assert (inflows.values[0] == [basin.network.nodes[i].mean_discharge_m3s for i in twin.inflow_ids]).all()


def test_summer_hours_are_fewer_and_heavier(basin: Basin, twin: Twin) -> None:
    rain, _ = ordinary_history(basin, twin, BEGIN, timedelta(days=365 * 4))
    summer = np.array([t.month in (6, 7, 8) for t in rain.times])
    winter = np.array([t.month in (12, 1, 2) for t in rain.times])
    mm = rain.values[:, 0]
    assert (mm[summer] > 0).mean() < 0.75 * (mm[winter] > 0).mean()
    assert mm[summer & (mm > 0)].mean() > 1.5 * mm[winter & (mm > 0)].mean()
    assert mm[summer].sum() == pytest.approx(mm[winter].sum(), rel=0.35)


def test_history_is_the_same_every_time(basin: Basin, twin: Twin) -> None:
    one, two = (ordinary_history(basin, twin, BEGIN, timedelta(days=20))[0].values for _ in range(2))
    np.testing.assert_array_equal(one, two)
