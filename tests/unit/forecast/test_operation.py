"""Dam operation as a dimension of the ensemble."""

from datetime import timedelta

import numpy as np

from domain.basin import Basin
from forecast.operation import HOLDS, operations, run_ahead
from twin.evaporation import potential_evaporation_mm
from twin.model import Forcing, Twin

from .conftest import BEGIN, MEMBERS


def drive(twin: Twin, releases: dict[str, np.ndarray]) -> Forcing:
    times = tuple(BEGIN + timedelta(minutes=15 * (i + 1)) for i in range(96))
    rain = np.random.default_rng(1).gamma(0.2, 1.0, (96, len(twin.catchment_ids), MEMBERS))
    inflow = np.full((96, len(twin.inflow_ids), MEMBERS), 1.0)
    return Forcing(times, rain, potential_evaporation_mm(times, 900), inflow, releases)


def test_members_are_parted_once(basin: Basin, twin: Twin) -> None:
    parts = operations(basin, twin)
    assert np.concatenate([part.members for part in parts]).tolist() == list(range(MEMBERS))
    assert [part.holds for part in parts] == [HOLDS, timedelta.max]


def test_parts_together_are_the_whole(basin: Basin, twin: Twin) -> None:
    state, forcing = twin.cold_state(BEGIN), drive(twin, {})
    whole = twin.run(state, forcing, keep=twin.node_ids)
    course = run_ahead(operations(basin, twin), state, forcing, BEGIN, twin.node_ids)
    np.testing.assert_array_equal(course.discharge_m3s, whole.discharge_m3s)
    np.testing.assert_array_equal(course.reservoir_level_m, whole.reservoir_level_m)
    np.testing.assert_array_equal(course.pool_level_m, whole.pool_level_m)


def test_a_release_gives_way_to_the_rule_in_one_part_alone(basin: Basin, twin: Twin) -> None:
    dam = basin.dams["DAM"]
    parts = operations(basin, twin)
    forcing = drive(twin, {"DAM": np.full(96, 0.7)})
    course = run_ahead(parts, twin.cold_state(BEGIN), forcing, BEGIN, (dam.node_id,))
    ruled, held = (course.discharge_m3s[:, 0, part.members] for part in parts)
    np.testing.assert_allclose(held, 0.7, rtol=1e-5)
    np.testing.assert_allclose(ruled[:48], 0.7, rtol=1e-5)
    assert (np.abs(ruled[50:] - 0.7) > 0.01).all()
