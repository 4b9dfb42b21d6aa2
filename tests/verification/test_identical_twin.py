"""Nudging against a truth made by the same model with other parameters and other rain.

The truth has its own parameters (another seed) and rain that differs by 30 % scatter between catchments and
15 % overall. A third of the river gauges is withheld. Both truth and model share their formulation, so this
shows that the scheme works, not how good it is: skill is only claimed on real observations.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from domain.basin import StationKind
from domain.basin_files import read_basin
from twin.model import Forcing, Twin
from twin.observed import ObservedFlows
from twin.parameters import sample_parameters
from twin.state import TwinState

WALLONIA = Path(__file__).parents[2] / "basins" / "wallonia"
STEPS, ISSUE = 200, 90


def log_error(flow: np.ndarray, truth: np.ndarray, nodes: list[int]) -> float:
    """Root mean square error of the logarithm of the members' geometric mean."""
    mean = np.log(flow[:, nodes] + 0.02).mean(axis=2)
    return float(np.sqrt(np.mean((mean - np.log(truth[:, nodes] + 0.02)) ** 2)))


def part(forcing: Forcing, steps: slice) -> Forcing:
    return replace(
        forcing,
        times=forcing.times[steps],
        rain_mm=forcing.rain_mm[steps],
        potential_evaporation_mm=forcing.potential_evaporation_mm[steps],
        inflow_m3s=forcing.inflow_m3s[steps],
    )


class World(NamedTuple):
    """Model and truth; ``used`` and ``held`` are the places of nodes with a gauge heard or withheld."""

    model: Twin
    forcing: Forcing
    truth: np.ndarray
    observed: ObservedFlows
    start: TwinState
    blind: np.ndarray
    used: list[int]
    held: list[int]


@pytest.fixture(scope="module")
def world(make_twin: Callable[..., Twin], make_forcing: Callable[..., Forcing]) -> World:
    basin = read_basin(WALLONIA)
    model = make_twin(basin, members=8)
    true = Twin(basin, sample_parameters(model.topology, 1, seed=999), threads=1)
    rng = np.random.default_rng(4)
    storm = 2.0 * np.exp(-(((np.arange(STEPS) - 80) / 14.0) ** 2))[:, None] * np.ones(len(model.catchment_ids))
    forcing = make_forcing(model, STEPS, rain=storm.astype(np.float32), evaporation=0.02)
    inflow = np.tile(np.array([120.0, 14.0, 48.0], np.float32), (STEPS, 1))
    forcing = replace(forcing, inflow_m3s=inflow)
    scatter = 1.15 * np.exp(0.3 * rng.standard_normal((1, storm.shape[1])))
    other = replace(forcing, rain_mm=(storm * scatter).astype(np.float32))
    begin = forcing.times[0] - (forcing.times[1] - forcing.times[0])
    truth = true.run(true.cold_state(begin), other, keep=model.node_ids).discharge_m3s[..., 0]
    rivers = {s.node_id for s in basin.stations.values() if s.kind is StationKind.RIVER and s.node_id}
    gauged = rng.permutation(sorted(rivers))
    third = len(gauged) // 3
    used = [model.topology.position[n] for n in gauged[third:]]
    held = [model.topology.position[n] for n in gauged[:third]]
    seen = truth[:, used] * np.exp(0.05 * rng.standard_normal((STEPS, len(used))))
    observed = ObservedFlows(tuple(gauged[third:]), seen, np.full(len(used), 0.1))
    start = model.cold_state(begin)
    blind = model.run(start, forcing, keep=model.node_ids).discharge_m3s
    return World(model, forcing, truth, observed, start, blind, used, held)


def test_analysis_follows_the_gauges_and_helps_where_none_speaks(world: World) -> None:
    w = world
    taught = w.model.run(w.start, w.forcing, w.observed, keep=w.model.node_ids).discharge_m3s
    tail = slice(40, STEPS)
    blind_used = log_error(w.blind[tail], w.truth[tail], w.used)
    blind_held = log_error(w.blind[tail], w.truth[tail], w.held)
    assert log_error(taught[tail], w.truth[tail], w.used) < 0.35 * blind_used
    assert log_error(taught[tail], w.truth[tail], w.held) < 0.9 * blind_held


# Lead in steps of a quarter of an hour, and the part of the open loop's error that may be left.
@pytest.mark.parametrize(("lead", "left"), [(4, 0.5), (12, 0.7), (24, 0.9), (48, 1.0)])
def test_a_forecast_from_the_analysis_beats_the_open_loop_and_persistence(world: World, lead: int, left: float) -> None:
    w = world
    observed = replace(w.observed, discharge_m3s=w.observed.discharge_m3s[:ISSUE])
    state = w.model.run(w.start, part(w.forcing, slice(0, ISSUE)), observed).state
    ahead = part(w.forcing, slice(ISSUE, STEPS))
    forecast = w.model.run(state, ahead, keep=w.model.node_ids).discharge_m3s
    now = w.truth[ISSUE - 1 : ISSUE]
    at = slice(lead - 1, lead)
    truth = w.truth[ISSUE:][at]
    error = log_error(forecast[at], truth, w.used)
    assert error < left * log_error(w.blind[ISSUE:][at], truth, w.used)
    assert error < log_error(now[..., None], truth, w.used)
