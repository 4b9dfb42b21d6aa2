"""The truth of a run: its balance, its hidden differences from the tables, and that the seed decides it."""

from __future__ import annotations

import numpy as np
import pytest

from domain.basin import Basin
from domain.variables import Variable
from simulator.gauging import stated_discharge, true_rating
from simulator.scenario import Scenario, SoilStart
from simulator.simulation import Simulation
from simulator.terrain import hidden_terrain
from simulator.truth import Truth
from simulator.world import build_world, simulate_truth


def truth_of(basin: Basin, scenario: Scenario, **changes: object) -> Truth:
    return simulate_truth(build_world(basin, scenario.model_copy(update=changes), 1, None))


def test_the_water_balance_closes(tiny_basin: Basin, storm: Scenario, simulated_scenario: Simulation) -> None:
    assert truth_of(tiny_basin, storm).ledger.error <= 1e-6
    assert simulated_scenario.truth.ledger.error <= 1e-6


def test_tables_and_truth_differ_as_the_scenario_says(tiny_basin: Basin, storm: Scenario) -> None:
    network = tiny_basin.network
    ratios, widths = [], []
    for seed in range(30):
        terrain = hidden_terrain(tiny_basin, storm, seed)
        inside = [k for k, node_id in enumerate(terrain.node_ids) if node_id != "BORDER"]
        local = np.array([network.local_area_km2(terrain.node_ids[k]) for k in inside])
        ratios.append(terrain.area_m2[inside] / 1e6 / local)
        table = [network.reach_from[terrain.node_ids[k]].width_m for k in inside if terrain.below[k] >= 0]
        widths.append(terrain.width_m[[k for k in inside if terrain.below[k] >= 0]] / table)
        assert terrain.area_m2[terrain.index["BORDER"]] == 0
    assert 0.90 <= np.min(ratios) < 0.92
    assert 1.08 < np.max(ratios) <= 1.10
    assert 0.75 <= np.min(widths) < 0.79
    assert 1.21 < np.max(widths) <= 1.25


def test_the_official_rating_errs_in_flood(tiny_basin: Basin) -> None:
    rating = tiny_basin.rating_of["TOWN"]
    errors = []
    for seed in range(40):
        stage, flow = true_rating(rating, 1.0, seed)
        errors.append(stated_discharge(np.interp(60.0, flow, stage), rating) / 60.0 - 1)
    assert 0.05 < np.std(errors) < 0.5
    stage, flow = true_rating(rating, 0.0, 1)
    assert stated_discharge(np.interp(30.0, flow, stage), rating) == pytest.approx(30.0, rel=1e-3)


def test_gauges_catch_less_than_falls(simulated_scenario: Simulation) -> None:
    catch = np.array(list(simulated_scenario.truth.gauge_catch.values()))
    assert ((catch >= 0.85) & (catch <= 0.95)).all()
    assert len(set(catch)) == len(catch)


def test_a_wetter_start_makes_a_higher_flood(tiny_basin: Basin, storm: Scenario) -> None:
    world = storm.world
    peaks = [
        truth_of(tiny_basin, storm, world=world.model_copy(update={"soil_start": start})).discharge_at("TOWN").max()
        for start in (SoilStart.DRY, SoilStart.MEDIAN, SoilStart.WET)
    ]
    assert peaks[0] < peaks[1] < peaks[2]


def test_the_storm_is_in_the_river_and_in_the_air(tiny_basin: Basin, storm: Scenario) -> None:
    truth = truth_of(tiny_basin, storm)
    flow = truth.discharge_at("TOWN")
    assert flow.max() > 5 * flow[0]
    top = int(np.argmax(flow))
    turbidity = truth.at_station("TOWN", Variable.TURBIDITY)
    conductivity = truth.at_station("TOWN", Variable.CONDUCTIVITY)
    assert turbidity[top] > 3 * turbidity[0]
    assert conductivity[top] < conductivity[0]
    assert truth.at_station("RAIN_A", Variable.HUMIDITY)[40] > truth.at_station("RAIN_A", Variable.HUMIDITY)[20]
    assert np.isnan(truth.at_station("RAIN_B", Variable.AIR_TEMPERATURE)).all()
    assert np.isnan(truth.at_station("LEFT", Variable.PH)).all()


def test_a_decision_at_a_dam_changes_nothing_before_it_is_made(tiny_basin: Basin, storm: Scenario) -> None:
    content = storm.model_dump() | {"dam_releases": [{"dam": "LAKE", "at_h": 30, "release_m3s": 14}]}
    content["dam_releases"].append({"dam": "LAKE", "at_h": 1, "release_m3s": 0.3})
    decided = truth_of(tiny_basin, Scenario.model_validate(content))
    content["dam_releases"].pop(0)
    undecided = truth_of(tiny_basin, Scenario.model_validate(content))
    made = 30 * 4
    assert (decided.discharge[: made + 1] == undecided.discharge[: made + 1]).all()
    more = decided.discharge_at("DAM") - undecided.discharge_at("DAM")
    assert more[made + 1] > 10


def test_a_spill_travels_down_and_passes(tiny_basin: Basin, storm: Scenario) -> None:
    spill = {"node": "LEFT", "at_h": 20, "duration_h": 2, "mass_t": 20}
    clean = truth_of(tiny_basin, storm)
    truth = truth_of(tiny_basin, Scenario.model_validate(storm.model_dump() | {"spills": [spill]}))
    extra = truth.at_station("TOWN", Variable.CONDUCTIVITY) - clean.at_station("TOWN", Variable.CONDUCTIVITY)
    assert (extra[: 20 * 4 + 1] == 0).all()
    assert extra.max() > 50
    assert extra[-1] < 0.05 * extra.max()
    assert (truth.at_station("TOWN", Variable.PH) - clean.at_station("TOWN", Variable.PH)).min() < -0.02


def test_same_seed_same_truth(tiny_basin: Basin, storm: Scenario) -> None:
    first, again = truth_of(tiny_basin, storm), truth_of(tiny_basin, storm)
    assert first.discharge.tobytes() == again.discharge.tobytes()
    other = simulate_truth(build_world(tiny_basin, storm, 2, None))
    assert first.discharge.tobytes() != other.discharge.tobytes()
