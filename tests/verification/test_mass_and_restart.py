"""The shipped region with everything on: rain, evaporation, border inflow, dams, weirs, decisions, gauges.

Closure of the ledger, rain - evaporation + exchange + inflow + nudge - outflow - change of storage = 0, must
hold to 1e-6 of the throughput; a run cut in two, its state saved to bytes between, must give the same bits.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from domain.basin_files import read_basin
from twin.model import Forcing, Twin
from twin.observed import ObservedFlows
from twin.state import TwinState

WALLONIA = Path(__file__).parents[2] / "basins" / "wallonia"
STEPS = 160


@pytest.fixture(scope="module")
def twin(make_twin: Callable[..., Twin]) -> Twin:
    return make_twin(read_basin(WALLONIA), members=6)


@pytest.fixture(scope="module")
def forcing(twin: Twin, make_forcing: Callable[..., Forcing]) -> Forcing:
    rng = np.random.default_rng(5)
    storm = np.exp(-(((np.arange(STEPS) - 60) / 15.0) ** 2))[:, None] * rng.uniform(0, 4, len(twin.catchment_ids))
    plain = make_forcing(twin, STEPS, rain=storm.astype(np.float32), evaporation=0.03)
    inflow = np.tile(np.array([120.0, 14.0, 48.0], np.float32), (STEPS, 1))
    release = np.full(STEPS, np.nan)
    release[70:90] = 60.0
    return replace(plain, inflow_m3s=inflow, releases={"EUPEN": release})


@pytest.fixture(scope="module")
def observed(twin: Twin) -> ObservedFlows:
    nodes = ("VES_CHAUDFONTAINE", "AMB_MARTINRIVE", "MEU_LIEGE", "VES_DAM", "OUR_TABREUX", "VES_VERVIERS")
    flow = np.random.default_rng(6).uniform(0.0, 300.0, (STEPS, len(nodes)))
    flow[::3] = np.nan
    flow[40:, 0] = np.nan
    flow[10, 1] = 0.0
    level = np.full((STEPS, 1), np.nan)
    level[::8] = 357.0
    return ObservedFlows(nodes, flow, np.full(len(nodes), 0.1), ("EUPEN",), level)


@pytest.fixture(scope="module")
def start(twin: Twin, forcing: Forcing) -> TwinState:
    return twin.cold_state(forcing.times[0] - (forcing.times[1] - forcing.times[0]))


def part(forcing: Forcing, steps: slice) -> Forcing:
    releases = {dam_id: values[steps] for dam_id, values in (forcing.releases or {}).items()}
    return Forcing(
        forcing.times[steps],
        forcing.rain_mm[steps],
        forcing.potential_evaporation_mm[steps],
        forcing.inflow_m3s[steps],
        releases,
    )


def part_observed(observed: ObservedFlows, steps: slice) -> ObservedFlows:
    assert observed.dam_level_m is not None
    return replace(observed, discharge_m3s=observed.discharge_m3s[steps], dam_level_m=observed.dam_level_m[steps])


@pytest.mark.parametrize("with_gauges", [False, True])
def test_ledger_closes(
    twin: Twin, start: TwinState, forcing: Forcing, observed: ObservedFlows, with_gauges: bool
) -> None:
    run = twin.run(start, forcing, observed if with_gauges else None, keep=("MEU_SINTPIETER",))
    balance = run.balance
    assert balance.relative_error <= 1e-6
    for term in (balance.rain, balance.evaporation, balance.inflow, balance.outflow):
        assert (term > 1e5).all()
    assert (np.abs(balance.exchange) > 0).all()
    assert (np.abs(balance.nudge) > 1e5).all() == with_gauges


@pytest.mark.parametrize("with_gauges", [False, True])
def test_restart_gives_the_same_bits(
    twin: Twin, start: TwinState, forcing: Forcing, observed: ObservedFlows, with_gauges: bool
) -> None:
    keep = twin.node_ids
    whole = twin.run(start, forcing, observed if with_gauges else None, keep=keep)
    state, flows, levels = start, [], []
    for steps in (slice(0, 37), slice(37, 38), slice(38, STEPS)):
        gauges = part_observed(observed, steps) if with_gauges else None
        run = twin.run(state, part(forcing, steps), gauges, keep=keep)
        state = TwinState.from_bytes(run.state.to_bytes())
        flows.append(run.discharge_m3s)
        levels.append(run.reservoir_level_m)
    assert np.array_equal(np.concatenate(flows), whole.discharge_m3s)
    assert np.array_equal(np.concatenate(levels), whole.reservoir_level_m)
    assert state.to_bytes() == whole.state.to_bytes()


def test_the_given_state_is_left_alone(twin: Twin, start: TwinState, forcing: Forcing) -> None:
    before = start.to_bytes()
    twin.run(start, forcing)
    assert start.to_bytes() == before


def test_drought_closes_too(twin: Twin, start: TwinState, make_forcing: Callable[..., Forcing]) -> None:
    run = twin.run(start, make_forcing(twin, 2000, evaporation=0.1))
    assert run.balance.relative_error <= 1e-6
    assert (run.balance.rain == 0).all()
