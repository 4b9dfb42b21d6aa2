"""Whatever the tree, the storm and the reach lengths: water is kept, nothing is negative, order is irrelevant."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.model import Forcing, Twin
from twin.network import Topology
from twin.parameters import sample_parameters
from twin.synthetic import TreeShape, tree_basin

BEGIN = datetime(2021, 3, 1, tzinfo=UTC)
STEPS = 40


@st.composite
def trees(draw: st.DrawFn) -> list[int]:
    """Draw a forest: each node flows to a later one, or out."""
    count = draw(st.integers(2, 12))
    below = [draw(st.integers(i + 1, count - 1)) for i in range(count - 1)]
    for i in draw(st.sets(st.integers(0, count - 2), max_size=2)):
        below[i] = -1
    return [*below, -1]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Twin, Forcing]:
    """Draw a twin on a random tree and a forcing."""
    downstream = draw(trees())
    count = len(downstream)
    sources = [i for i in range(count) if i not in downstream and downstream[i] >= 0]
    shape = TreeShape(
        length_km=[draw(st.floats(0.05, 60.0)) for _ in range(count)],
        slope=draw(st.sampled_from([5e-5, 1e-3, 0.03])),
        local_area_km2=draw(st.sampled_from([0.5, 30.0, 800.0])),
        inflows=frozenset(draw(st.sets(st.sampled_from(sources), max_size=2))) if sources else frozenset(),
        pools=frozenset(i for i in range(count) if downstream[i] >= 0 and draw(st.integers(0, 5)) == 0),
    )
    basin = tree_basin(downstream, shape)
    topology = Topology.of(basin)
    step_s = draw(st.sampled_from([300, 900, 3600]))
    twin = Twin(basin, sample_parameters(topology, 3, draw(st.integers(0, 99))), step_s, threads=1)
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    peak = draw(st.sampled_from([0.0, 1.0, 30.0]))
    flashy = rng.random((STEPS, 1)) < 0.3
    forcing = Forcing(
        times=tuple(BEGIN + timedelta(seconds=step_s * (k + 1)) for k in range(STEPS)),
        rain_mm=(flashy * rng.uniform(0, peak, (STEPS, len(topology.catchment_ids)))).astype(np.float32),
        potential_evaporation_mm=np.full(STEPS, draw(st.sampled_from([0.0, 0.3])), np.float32),
        inflow_m3s=(~flashy * rng.uniform(0, 100 * peak, (STEPS, len(topology.inflow_ids)))).astype(np.float32),
    )
    return twin, forcing


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_water_is_kept_and_never_negative(world: tuple[Twin, Forcing]) -> None:
    twin, forcing = world
    run = twin.run(twin.cold_state(BEGIN), forcing, keep=twin.node_ids)
    assert run.balance.relative_error <= 1e-6
    assert (run.discharge_m3s >= 0).all()
    assert (run.state.volume_m3 >= 0).all()
    assert (run.state.production_mm >= 0).all()
    assert (run.state.production_mm <= twin.parameters.production_mm * (1 + 1e-6)).all()
    assert (run.state.routing_mm >= 0).all()


@settings(max_examples=25, deadline=None)
@given(worlds(), st.integers(1, STEPS - 1))
def test_a_run_may_be_cut_anywhere(world: tuple[Twin, Forcing], cut: int) -> None:
    twin, forcing = world
    start = twin.cold_state(BEGIN)
    whole = twin.run(start, forcing, keep=twin.node_ids)
    first = twin.run(start, _part(forcing, slice(0, cut)), keep=twin.node_ids)
    second = twin.run(first.state, _part(forcing, slice(cut, STEPS)), keep=twin.node_ids)
    joined = np.concatenate([first.discharge_m3s, second.discharge_m3s])
    assert np.array_equal(joined, whole.discharge_m3s)
    assert second.state.to_bytes() == whole.state.to_bytes()


@settings(max_examples=25, deadline=None)
@given(worlds(), st.permutations(range(3)))
def test_members_may_stand_in_any_order(world: tuple[Twin, Forcing], order: list[int]) -> None:
    twin, forcing = world
    members = np.array(order)
    other = Twin(twin.basin, twin.parameters.choose(members), twin.step_s, threads=1)
    start = twin.cold_state(BEGIN)
    one = twin.run(start, forcing, keep=twin.node_ids)
    shuffled = other.run(start.choose(members), forcing, keep=twin.node_ids)
    assert np.array_equal(shuffled.discharge_m3s, one.discharge_m3s[..., members])


def _part(forcing: Forcing, steps: slice) -> Forcing:
    return replace(
        forcing,
        times=forcing.times[steps],
        rain_mm=forcing.rain_mm[steps],
        potential_evaporation_mm=forcing.potential_evaporation_mm[steps],
        inflow_m3s=forcing.inflow_m3s[steps],
    )
