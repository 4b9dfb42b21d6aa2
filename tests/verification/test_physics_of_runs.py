"""Laws that any run must obey: causality, positivity, drying, more rain gives more flow, step length, order."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from twin.model import Forcing, Twin, TwinRun
from twin.state import TwinState
from twin.synthetic import TreeShape, random_tree, tree_basin

STORM = np.concatenate([np.zeros(20), np.full(24, 1.5), np.zeros(148)]).astype(np.float32)


@pytest.fixture(scope="module")
def twin(make_twin: Callable[..., Twin]) -> Twin:
    return make_twin(tree_basin(random_tree(9, seed=3), TreeShape(length_km=9.0)), members=5)


@pytest.fixture(scope="module")
def start(twin: Twin, make_forcing: Callable[..., Forcing]) -> TwinState:
    times = make_forcing(twin, 2).times
    return twin.cold_state(times[0] - (times[1] - times[0]))


def test_no_rain_acts_before_it_falls(twin: Twin, start: TwinState, make_forcing: Callable[..., Forcing]) -> None:
    changed = STORM.copy()
    changed[100:] = 9.0
    one = twin.run(start, make_forcing(twin, 192, rain=STORM), keep=twin.node_ids)
    other = twin.run(start, make_forcing(twin, 192, rain=changed), keep=twin.node_ids)
    assert np.array_equal(one.discharge_m3s[:100], other.discharge_m3s[:100])
    assert not np.array_equal(one.discharge_m3s[100:], other.discharge_m3s[100:])


def test_flow_is_never_negative_and_dries_away(
    twin: Twin, start: TwinState, make_forcing: Callable[..., Forcing]
) -> None:
    wet = twin.run(start, make_forcing(twin, 192, rain=STORM), keep=twin.node_ids)
    assert (wet.discharge_m3s >= 0).all()
    dry = make_forcing(twin, 5000, evaporation=0.3, step_s=3600, begin=wet.state.valid_at)
    after = twin.run(wet.state, dry, keep=(twin.node_ids[-1],), step_s=3600)
    flow = after.discharge_m3s[:, 0]
    assert (flow >= 0).all()
    assert (np.diff(flow[200:], axis=0) <= 1e-6 * flow[200:-1]).all()
    # The routing store empties as t^(-1/4), its flow as t^(-5/4): slowly, but by more than 50 in 200 days.
    assert (flow[-1] < flow[0] / 50).all()


def test_more_rain_is_never_less_flow(twin: Twin, start: TwinState, make_forcing: Callable[..., Forcing]) -> None:
    runs = [
        twin.run(start, make_forcing(twin, 192, rain=factor * STORM), keep=(twin.node_ids[-1],)).discharge_m3s
        for factor in (0.0, 0.5, 1.0, 1.5, 3.0)
    ]
    for less, more in pairwise(runs):
        assert (more.sum(axis=0) > less.sum(axis=0)).all()
        assert (more.max(axis=0) >= less.max(axis=0)).all()
        assert (more >= less * (1 - 2e-3)).all()


def test_hourly_and_quarter_hourly_runs_agree(
    twin: Twin, start: TwinState, make_forcing: Callable[..., Forcing]
) -> None:
    """The same storm at both steps: volume within 1 %, peak within 6 %, soil water and stores within 1 %."""
    rain_hourly = 4 * STORM.reshape(-1, 4).mean(axis=1)
    fine = twin.run(start, make_forcing(twin, 192, rain=STORM, evaporation=0.02), keep=twin.node_ids)
    hourly = make_forcing(twin, 48, rain=rain_hourly, evaporation=0.08, step_s=3600)
    coarse = twin.run(start, hourly, keep=twin.node_ids, step_s=3600)
    means = fine.discharge_m3s.reshape(48, 4, len(twin.node_ids), -1).mean(axis=1)
    np.testing.assert_allclose(coarse.discharge_m3s.sum(axis=0), means.sum(axis=0), rtol=0.01)
    np.testing.assert_allclose(coarse.discharge_m3s.max(axis=0), means.max(axis=0), rtol=0.06)
    np.testing.assert_allclose(coarse.state.production_mm, fine.state.production_mm, rtol=0.005)
    np.testing.assert_allclose(coarse.state.routing_mm, fine.state.routing_mm, rtol=0.01)


def test_members_do_not_depend_on_their_order(
    twin: Twin, start: TwinState, make_forcing: Callable[..., Forcing]
) -> None:
    forcing = make_forcing(twin, 96, rain=STORM[:96], evaporation=0.02)
    whole = twin.run(start, forcing, keep=twin.node_ids)
    order = np.array([3, 0, 4])
    other = replace_members(twin, order)
    part = other.run(start.choose(order), forcing, keep=twin.node_ids)
    assert np.array_equal(part.discharge_m3s, whole.discharge_m3s[..., order])
    assert same_state(part.state, whole.state.choose(order))


def test_threads_and_blocks_of_members_change_nothing(make_forcing: Callable[..., Forcing], twin: Twin) -> None:
    order = np.tile(np.arange(5), 14)
    many = replace_members(twin, order, threads=3)
    forcing = make_forcing(twin, 96, rain=STORM[:96])
    start = many.cold_state(forcing.times[0] - (forcing.times[1] - forcing.times[0]))
    run: TwinRun = many.run(start, forcing, keep=twin.node_ids)
    for copy in range(1, 14):
        assert np.array_equal(run.discharge_m3s[..., :5], run.discharge_m3s[..., 5 * copy : 5 * copy + 5])


def replace_members(twin: Twin, members: np.ndarray, threads: int = 1) -> Twin:
    return Twin(twin.basin, twin.parameters.choose(members), twin.step_s, threads)


def same_state(one: TwinState, other: TwinState) -> bool:
    return all(np.array_equal(array, other.arrays[name]) for name, array in one.arrays.items())


def test_zero_rain_in_a_dry_basin_moves_nothing(
    twin: Twin, start: TwinState, make_forcing: Callable[..., Forcing]
) -> None:
    nothing = {name: np.zeros_like(array) for name, array in start.arrays.items() if name != "correction"}
    run = twin.run(replace(start, **nothing), make_forcing(twin, 96), keep=twin.node_ids)
    assert not run.discharge_m3s.any()
    assert run.balance.relative_error == 0.0
