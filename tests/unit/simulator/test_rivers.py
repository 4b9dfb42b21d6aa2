"""Rivers and lakes keep their water, hold a steady flow, delay a wave, and obey orders only when given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from domain.basin import Basin
from simulator.channel import STEP_S, outflow_of
from simulator.reservoirs import lake_outflow, level_of, release_orders
from simulator.rivers import RiverForcing, RiverRecord, RiverState, empty_record, river_steps, steady_rivers
from simulator.scenario import Scenario
from simulator.world import World, build_world

STEPS = 192
START = datetime(2022, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def world(tiny_basin: Basin, storm: Scenario) -> World:
    return build_world(tiny_basin, storm, 1, None)


def route(world: World, boundary: np.ndarray, spill: np.ndarray | None = None) -> tuple[RiverRecord, RiverState, float]:
    """Run the rivers from empty with an inflow series at every node, no runoff."""
    nodes, segments = len(world.terrain.node_ids), int(world.cascade.first[-1])
    lakes = world.lakes.target_m3.copy()
    state = RiverState(np.zeros(segments), np.zeros(segments), lakes, np.zeros_like(lakes))
    record, left = empty_record(STEPS, nodes, len(lakes)), np.zeros(1)
    load = np.zeros_like(boundary) if spill is None else spill
    forcing = RiverForcing(np.zeros((STEPS * 3, nodes)), boundary, load, np.full((STEPS, len(lakes)), np.nan))
    river_steps(forcing, world.cascade, world.lakes, state, record, left)
    return record, state, float(left[0])


def test_water_and_salt_balance(world: World) -> None:
    draw = np.random.default_rng(3)
    boundary = draw.gamma(0.5, 40.0, (STEPS, len(world.terrain.node_ids)))
    spill = np.zeros_like(boundary)
    spill[10:20, world.terrain.index["LEFT"]] = 5.0
    record, state, left = route(world, boundary, spill)
    came = boundary.sum() * 900
    kept = state.segment_m3.sum() + state.lake_m3.sum() - world.lakes.target_m3.sum()
    assert left + kept == pytest.approx(came, rel=1e-9)
    assert (state.segment_m3 >= 0).all()
    end = world.terrain.index["END"]
    assert state.segment_kg.sum() == pytest.approx(0.0, abs=50_000 * 1e-3)
    passed = (record.salt[:, end] * record.discharge[:, end]).sum() * 900
    assert passed == pytest.approx(10 * 900 * 5.0, rel=0.05)


def test_a_steady_inflow_comes_out_as_it_went_in(world: World) -> None:
    boundary = np.zeros((STEPS, len(world.terrain.node_ids)))
    boundary[:, world.terrain.index["LEFT"]] = 7.0
    boundary[:, world.terrain.index["BORDER"]] = 20.0
    record, _, _ = route(world, boundary)
    dam = record.discharge[-1, world.terrain.index["DAM"]]
    assert record.discharge[-1, world.terrain.index["END"]] == pytest.approx(27.0 + dam, rel=1e-3)


def test_a_wave_arrives_later_and_lower(world: World) -> None:
    boundary = np.zeros((STEPS, len(world.terrain.node_ids)))
    boundary[:, world.terrain.index["LEFT"]] = 2 + 40 * np.exp(-(((np.arange(STEPS) - 60) / 6.0) ** 2))
    record, _, _ = route(world, boundary)
    top = record.discharge[:, world.terrain.index["LEFT"]]
    town = record.discharge[:, world.terrain.index["TOWN"]]
    assert np.argmax(town) > np.argmax(top)
    assert town.max() - town[-1] < top.max() - top[-1]


def test_steady_rivers_start_at_rest(world: World) -> None:
    flow = np.full(len(world.terrain.node_ids), 3.0)
    segments = int(world.cascade.first[-1])
    state = RiverState(np.zeros(segments), np.zeros(segments), np.zeros(1), np.zeros(1))
    steady_rivers(flow, world.cascade, state)
    for node in np.flatnonzero(np.diff(world.cascade.first)):
        content = state.segment_m3[world.cascade.first[node]] + STEP_S * 3.0
        out = outflow_of(content, world.cascade.outflow[node], world.cascade.root_step[node])
        assert out == pytest.approx(3.0, rel=1e-6)


@pytest.mark.parametrize("content", [0.0, 1.0, 1e3, 1e6, 1e9])
def test_a_segment_never_gives_more_than_it_has(world: World, content: float) -> None:
    for node in np.flatnonzero(np.diff(world.cascade.first)):
        out = outflow_of(content, world.cascade.outflow[node], world.cascade.root_step[node])
        assert 0 <= out * STEP_S <= content


def test_an_order_counts_from_the_first_step_after_it_was_given() -> None:
    ends = [START + timedelta(minutes=15 * (k + 1)) for k in range(8)]
    given = START + timedelta(minutes=40)
    orders = release_orders([(given, "LAKE", 5.0), (START + timedelta(minutes=75), "LAKE", None)], ("LAKE",), ends)
    assert np.isnan(orders[:3, 0]).all()
    assert orders[3:5, 0].tolist() == [5.0, 5.0]
    assert np.isnan(orders[5:, 0]).all()


def test_valves_spillway_and_an_empty_lake_bound_the_outflow(world: World) -> None:
    lakes = world.lakes
    normal = float(lakes.normal_m3[0])
    assert lake_outflow(normal - 1e5, 1.0, 100.0, 0, lakes, STEP_S) == lakes.valves_m3s[0]
    assert lake_outflow(300.0, 0.0, 15.0, 0, lakes, STEP_S) == pytest.approx(1.0)
    full = lake_outflow(normal + 1e6, 15.0, 15.0, 0, lakes, STEP_S)
    assert full == pytest.approx(15.0 + 60.0)


def test_lake_level_rises_with_volume(world: World) -> None:
    volumes = np.linspace(0.0, 7e6, 100)
    levels = level_of(volumes, world.lakes, 0)
    assert (np.diff(levels) > 0).all()
    assert level_of(np.array([5e6, 6e6]), world.lakes, 0) == pytest.approx([420.0, 422.0])
