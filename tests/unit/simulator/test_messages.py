"""What the devices say: readable, true within the noise, faulty exactly where the record says so."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from domain.basin import Basin, StationKind
from domain.clock import format_utc, parse_utc
from domain.variables import VARIABLES, Variable
from simulator.gauging import stated_discharge
from simulator.messages import FieldMessage
from simulator.scenario import FaultKind, FaultRates, Scenario
from simulator.sensors import INSTRUMENTS
from simulator.simulation import Simulation

NOISE_SIGMAS = 6


def decoded(message: FieldMessage) -> dict[str, Any]:
    content = json.loads(message.payload)
    assert isinstance(content, dict)
    return content


def values_of(simulation: Simulation, station_id: str, variable: Variable) -> list[float | None]:
    """Return the values of one series in the order in which they arrive."""
    return [
        value["value"]
        for _, messages in simulation
        for message in messages
        if message.device_id == station_id
        for value in decoded(message)["values"]
        if value["variable"] == variable.value
    ]


def with_faults(storm: Scenario, *faults: dict[str, object], **changes: object) -> Scenario:
    return Scenario.model_validate(storm.model_dump() | {"faults": list(faults)} | changes)


@pytest.fixture(scope="module")
def clean(tiny_basin: Basin, storm: Scenario) -> Simulation:
    return Simulation(tiny_basin, storm, 1)


def test_a_message_reads_as_agreed(clean: Simulation) -> None:
    message = clean.messages(5)[0]
    assert message.topic == "hydronum/v1/tiny/TOWN/readings"
    content = decoded(message)
    assert content["device"] == message.device_id == "TOWN"
    assert content["boot"] == message.boot_id == "b1"
    assert content["seq"] == message.seq == 6
    assert parse_utc(content["sent_at"]) > clean.steps[5]
    assert [value["variable"] for value in content["values"]] == [
        "level", "discharge", "turbidity", "ph", "conductivity",
    ]  # fmt: skip
    for value in content["values"]:
        assert value["station"] == "TOWN"
        assert value["unit"] == VARIABLES[Variable(value["variable"])].unit
        assert value["observed_at"] == format_utc(clean.steps[5])


def test_steps_are_quarters_of_an_hour_with_both_ends(clean: Simulation) -> None:
    assert clean.steps[0] == datetime(2022, 6, 1, tzinfo=UTC)
    assert clean.steps[-1] == datetime(2022, 6, 3, tzinfo=UTC)
    assert set(np.diff(np.array(clean.steps))) == {timedelta(minutes=15)}
    assert all(len(clean.messages(k)) == len(clean.basin.stations) for k in range(len(clean.steps)))


def test_levels_on_the_wire_are_true_within_the_noise(simulated_scenario: Simulation) -> None:
    truth = simulated_scenario.truth
    faulty = {fault.station_id for fault in simulated_scenario.faults}
    sent_by: dict[str, list[float]] = defaultdict(list)
    for _, messages in simulated_scenario:
        for message in messages:
            first = decoded(message)["values"][0] if message.device_id not in faulty else {"variable": ""}
            if first["variable"] == Variable.LEVEL:
                sent_by[message.device_id].append(first["value"])
    spread = NOISE_SIGMAS * INSTRUMENTS[Variable.LEVEL].noise + 0.0005
    assert len(sent_by) > 100
    off = []
    for station_id, sent in sent_by.items():
        error = np.array(sent) - truth.at_station(station_id, Variable.LEVEL)
        assert np.abs(error).max() <= spread, station_id
        off.append(error)
    assert 0.003 < np.std(np.concatenate(off)) < 0.005


def test_published_discharge_follows_the_official_rating_and_errs(clean: Simulation) -> None:
    level = np.array(values_of(clean, "TOWN", Variable.LEVEL), dtype=np.float64)
    sent = np.array(values_of(clean, "TOWN", Variable.DISCHARGE), dtype=np.float64)
    rating = clean.basin.rating_of["TOWN"]
    np.testing.assert_allclose(sent, stated_discharge(level, rating), rtol=0.01, atol=0.01)
    assert np.abs(sent / clean.truth.at_station("TOWN", Variable.DISCHARGE) - 1).max() > 0.02


def test_gauges_report_whole_tenths_of_what_they_catch(clean: Simulation) -> None:
    for station_id in ("RAIN_A", "RAIN_B"):
        sent = np.array(values_of(clean, station_id, Variable.RAIN), dtype=np.float64)
        fallen = clean.truth.at_station(station_id, Variable.RAIN).sum()
        assert sent.sum() == pytest.approx(fallen * clean.truth.gauge_catch[station_id], abs=0.11)
        np.testing.assert_allclose(sent * 10, np.round(sent * 10), atol=1e-9)


def test_one_seed_one_stream_of_bytes(tiny_basin: Basin, storm: Scenario) -> None:
    rates = FaultRates(**dict.fromkeys(FaultRates.model_fields, 0.5))
    noisy = storm.model_copy(update={"noise": 1.0, "fault_rates": rates})
    first, again, other = (
        b"".join(m.payload for _, messages in Simulation(tiny_basin, noisy, seed) for m in messages)
        for seed in (7, 7, 8)
    )
    assert first == again
    assert first != other


def test_a_fixed_world_keeps_its_truth_when_only_the_sensors_change(tiny_basin: Basin, storm: Scenario) -> None:
    fixed = Scenario.model_validate(storm.model_dump() | {"noise": 1.0, "world": {"seed": 3}})
    first, other = Simulation(tiny_basin, fixed, 1), Simulation(tiny_basin, fixed, 2)
    assert first.truth.discharge.tobytes() == other.truth.discharge.tobytes()
    assert [m.payload for m in first.messages(4)] != [m.payload for m in other.messages(4)]


@pytest.mark.parametrize("kind", [FaultKind.SPIKE, FaultKind.STUCK, FaultKind.DRIFT, FaultKind.SENTINEL])
def test_value_faults_change_their_series_then_and_nowhere_else(
    tiny_basin: Basin, storm: Scenario, clean: Simulation, kind: FaultKind
) -> None:
    fault = {"kind": kind, "station": "LEFT", "variable": "level", "from_h": 8, "until_h": 10}
    simulation = Simulation(tiny_basin, with_faults(storm, fault), 1)
    before = np.array(values_of(clean, "LEFT", Variable.LEVEL), dtype=np.float64)
    after = np.array(values_of(simulation, "LEFT", Variable.LEVEL), dtype=np.float64)
    changed = np.flatnonzero(before != after)
    assert changed.min() >= 32
    assert changed.max() <= 40
    assert len(changed) >= 8
    recorded = [(f.kind, f.station_id, f.variable, f.from_at, f.until_at) for f in simulation.faults]
    assert recorded == [(kind, "LEFT", Variable.LEVEL, clean.steps[32], clean.steps[40])]
    assert values_of(clean, "RAIN_A", Variable.RAIN) == values_of(simulation, "RAIN_A", Variable.RAIN)


def test_a_sensor_without_value_says_null(tiny_basin: Basin, storm: Scenario) -> None:
    fault = {"kind": "no_value", "station": "TOWN", "variable": "level", "from_h": 2, "until_h": 2}
    simulation = Simulation(tiny_basin, with_faults(storm, fault), 1)
    content = decoded(simulation.messages(8)[0])
    # The discharge is derived from the level, so it is missing too.
    assert [value["value"] is None for value in content["values"]] == [True, True, False, False, False]


def test_an_outage_is_silence_and_ends_in_a_restart(tiny_basin: Basin, storm: Scenario) -> None:
    outage = {"station": "TOWN", "from_h": 5, "until_h": 10}
    simulation = Simulation(tiny_basin, with_faults(storm, outages=[outage]), 1)
    heard = {k: [m for m in simulation.messages(k) if m.device_id == "TOWN"] for k in range(len(simulation.steps))}
    assert [k for k, messages in heard.items() if not messages] == list(range(20, 40))
    assert (heard[19][0].boot_id, heard[19][0].seq) == ("b1", 20)
    assert (heard[40][0].boot_id, heard[40][0].seq) == ("b2", 1)
    assert simulation.faults[0].until_at == simulation.steps[39]


def test_late_messages_come_together_with_their_own_times(tiny_basin: Basin, storm: Scenario) -> None:
    fault = {"kind": "late", "station": "TOWN", "from_h": 5, "until_h": 6}
    simulation = Simulation(tiny_basin, with_faults(storm, fault), 1)
    burst = [m for m in simulation.messages(25) if m.device_id == "TOWN"]
    assert [m.seq for m in burst] == list(range(21, 27))
    observed = [parse_utc(decoded(m)["values"][0]["observed_at"]) for m in burst]
    assert observed == list(simulation.steps[20:26])
    assert not [m for m in simulation.messages(22) if m.device_id == "TOWN"]


def test_faults_of_lines_and_clocks(tiny_basin: Basin, storm: Scenario) -> None:
    kinds = ("dropout", "duplicate", "wrong_unit", "malformed", "clock_skew")
    faults = [{"kind": kind, "station": "TOWN", "from_h": 2 + k, "until_h": 2 + k} for k, kind in enumerate(kinds)]
    simulation = Simulation(tiny_basin, with_faults(storm, *faults), 1)
    town = {k: [m for m in simulation.messages(4 * (2 + k)) if m.device_id == "TOWN"] for k in range(len(kinds))}
    assert town[0] == []
    assert len(town[1]) == 2
    assert town[1][0] == town[1][1]
    assert {value["unit"] for value in decoded(town[2][0])["values"]}.isdisjoint(
        unit for spec in VARIABLES.values() for unit in spec.units
    )
    cut, whole = town[3]
    assert whole.payload.startswith(cut.payload)
    with pytest.raises(json.JSONDecodeError):
        decoded(cut)
    decoded(whole)
    observed = parse_utc(decoded(town[4][0])["values"][0]["observed_at"])
    assert observed == simulation.steps[24] - timedelta(seconds=437)
    numbers = [m.seq for _, messages in simulation for m in messages if m.device_id == "TOWN"]
    assert sorted(set(numbers)) == list(range(1, len(simulation.steps)))


def test_drawn_faults_are_all_recorded(tiny_basin: Basin, storm: Scenario, clean: Simulation) -> None:
    """Every message that differs from the clean run is explained by a record, and each kind occurs."""
    rates = FaultRates(**dict.fromkeys(FaultRates.model_fields, 1.0))
    simulation = Simulation(tiny_basin, storm.model_copy(update={"fault_rates": rates}), 1)
    explained: dict[str, set[int]] = defaultdict(set)
    for fault in simulation.faults:
        first, last = (simulation.steps.index(at) for at in (fault.from_at, fault.until_at))
        # Late messages arrive with the one after the fault.
        explained[fault.station_id].update(range(first, last + (2 if fault.kind is FaultKind.LATE else 1)))
    for k in range(len(simulation.steps)):
        usual = {m.device_id: decoded(m)["values"] for m in clean.messages(k)}
        for device_id, values in usual.items():
            if k in explained[device_id]:
                continue
            got = [decoded(m)["values"] for m in simulation.messages(k) if m.device_id == device_id]
            assert got == [values], (device_id, k)
    assert set(Counter(fault.kind for fault in simulation.faults)) == set(FaultKind) - {FaultKind.OUTAGE}


def test_only_rain_gauges_measure_rain(clean: Simulation) -> None:
    measuring = {s for s, station in clean.basin.stations.items() if station.kind is StationKind.RAIN}
    fallen = clean.truth.measurable[Variable.RAIN]
    assert {clean.truth.station_ids[k] for k in np.flatnonzero(np.isfinite(fallen[0]))} == measuring
