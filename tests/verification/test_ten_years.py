"""Ten years of hours on the shipped region: what a run may lose must not gather (``make soak``)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from domain.basin_files import read_basin
from twin.model import Forcing, Twin

WALLONIA = Path(__file__).parents[2] / "basins" / "wallonia"
BEGIN = datetime(2011, 1, 1, tzinfo=UTC)
MONTH_H = 730
MONTHS = 120


@pytest.mark.soak
def test_water_of_ten_years_is_accounted_for(
    make_twin: Callable[..., Twin], make_forcing: Callable[..., Forcing]
) -> None:
    twin = make_twin(read_basin(WALLONIA), members=3, step_s=3600)
    rng = np.random.default_rng(11)
    state = twin.cold_state(BEGIN)
    error_m3, throughput_m3 = np.zeros(twin.members), np.zeros(twin.members)
    for month in range(MONTHS):
        # One hour in eight is wet: about 950 mm a year against 500 mm of potential evaporation.
        rain = np.where(rng.random(MONTH_H) < 0.125, rng.gamma(0.7, 1.25, MONTH_H), 0.0)
        begin = BEGIN + timedelta(hours=MONTH_H * month)
        inflow = np.broadcast_to([120.0, 14.0, 48.0], (MONTH_H, 3))
        forcing = make_forcing(twin, MONTH_H, rain, inflow, evaporation=0.057, step_s=3600, begin=begin)
        run = twin.run(state, forcing, step_s=3600)
        state = run.state
        error_m3 += run.balance.error_m3
        throughput_m3 += run.balance.throughput_m3
    assert np.max(np.abs(error_m3) / throughput_m3) <= 1e-6
    assert np.isfinite(state.routing_mm).all()
