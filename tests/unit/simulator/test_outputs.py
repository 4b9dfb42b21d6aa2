"""The command writes a data set, a NetCDF file and the faults; anchors and tuning compute what they say."""

from __future__ import annotations

import csv
import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from rich.console import Console

from domain.basin import Basin
from domain.errors import ConfigurationError
from domain.event_pack import Anchor, AnchorRole, Bound
from domain.variables import Variable
from simulator.anchors import compare, peaks
from simulator.command import simulate
from simulator.scenario import Scenario, read_scenario
from simulator.simulation import Simulation
from simulator.truth_files import write_truth
from simulator.tune import BEGIN, END, constants_of, with_constants, write_constants

SCENARIO = """
name = "storm"
title = "A storm"
starts_at = 2022-06-01T00:00:00Z
ends_at = 2022-06-02T00:00:00Z
warm_up_days = 30
[fault_rates]
spike = 1.0
[[storms]]
latitude = 50.47
longitude = 5.95
radius_km = 20
at_h = 6
duration_h = 5
depth_mm = 90
"""


@pytest.fixture
def scenario_path(tmp_path: Path) -> Path:
    path = tmp_path / "storm.toml"
    path.write_text(SCENARIO, encoding="utf-8")
    return path


def test_the_command_writes_the_truth(tiny_basin: Basin, scenario_path: Path, tmp_path: Path) -> None:
    out = tmp_path / "truth"
    report = simulate(scenario_path, None, out, basin_folder=tiny_basin.folder)
    assert report.steps == 97
    assert report.published == 0
    assert report.water_balance_error <= 1e-6
    with gzip.open(out / "observations.csv.gz", "rt", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 97 * len(tiny_basin.stations)
    assert rows[0]["time"] == "2022-06-01T00:00:00Z"
    simulation = Simulation(tiny_basin, read_scenario(scenario_path))
    written = [float(row["stage_m"]) for row in rows if row["station_id"] == "TOWN"]
    np.testing.assert_allclose(written, simulation.truth.at_station("TOWN", Variable.LEVEL), atol=1e-4)
    assert {row["discharge_m3s"] for row in rows if row["station_id"] == "RAIN_A"} == {""}
    with (out / "stations.csv").open(encoding="utf-8") as handle:
        below = {row["station_id"]: row["downstream_station_id"] for row in csv.DictReader(handle)}
    assert below == {"LEFT": "TOWN", "DAM": "TOWN", "TOWN": "END", "END": "", "RAIN_A": "", "RAIN_B": ""}
    assert json.loads((out / "dataset.json").read_text(encoding="utf-8"))["step_minutes"] == 15
    with (out / "faults.csv").open(encoding="utf-8") as handle:
        assert len(list(csv.DictReader(handle))) == len(simulation.faults) == report.faults > 0
    found = xr.load_dataset(out / "truth.nc", engine="h5netcdf")
    assert found["level"].attrs["units"] == "m"
    assert found["discharge"].dims == ("time", "station")
    assert str(found["time"].values[4]).startswith("2022-06-01T01:00:00")
    at_town = found["node_discharge"].values[:, simulation.truth.node_index["TOWN"]]
    np.testing.assert_allclose(at_town, simulation.truth.discharge_at("TOWN"), rtol=1e-6)
    assert [str(name) for name in found["node"].values.astype(str)] == list(simulation.truth.node_ids)


@pytest.mark.parametrize("speed", ["fast", "0", "-1", "inf", "nan"])
def test_impossible_speeds_are_refused(tiny_basin: Basin, scenario_path: Path, tmp_path: Path, speed: str) -> None:
    with pytest.raises(ConfigurationError, match="speed must be"):
        simulate(scenario_path, None, tmp_path, basin_folder=tiny_basin.folder, speed=speed)


def test_a_broker_address_must_be_one(tiny_basin: Basin, scenario_path: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="mqtt://"):
        simulate(scenario_path, "http://x", tmp_path, basin_folder=tiny_basin.folder, console=Console(quiet=True))


def test_a_folder_that_is_a_file_is_an_error(tiny_basin: Basin, storm: Scenario, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    simulation = Simulation(tiny_basin, storm, 1)
    with pytest.raises(OSError, match="file"):
        write_truth(blocked, simulation.truth, tiny_basin, simulation.faults)


def anchor(kind: str, value: float, bound: Bound = Bound.EXACT, variable: str = "discharge") -> Anchor:
    begin = datetime(2022, 6, 1, tzinfo=UTC)
    return Anchor(
        anchor_id="a", since=begin, until=begin + timedelta(hours=24), place="Town", station_id="TOWN",
        node_id="TOWN", variable=variable, value=value, value_high=None, unit="m3/s", kind=kind, bound=bound,
        tolerance=0.1, role=AnchorRole.HELD_OUT, note="", source="", confidence="",
    )  # fmt: skip


def test_anchors_are_read_at_their_place_and_time(tiny_basin: Basin, storm: Scenario) -> None:
    truth = Simulation(tiny_basin, storm, 1).truth
    flow = truth.discharge_at("TOWN")[1:97]
    highest = compare(anchor("peak", float(flow.max())), truth, tiny_basin)
    assert highest.agrees is True
    assert highest.got_at == truth.steps[1 + int(np.argmax(flow))]
    assert compare(anchor("peak", float(flow.max()) * 0.5), truth, tiny_basin).agrees is False
    assert compare(anchor("peak", float(flow.max()) * 0.5, Bound.LOWER), truth, tiny_basin).agrees is True
    assert compare(anchor("mean", 1.0), truth, tiny_basin).got == pytest.approx(flow.mean())
    assert compare(anchor("total", 1.0), truth, tiny_basin).got == pytest.approx(flow.sum() * 900 / 1e6)
    instant = compare(anchor("instant", 1.0), truth, tiny_basin)
    assert instant.got == pytest.approx(truth.discharge_at("TOWN")[96])
    before = replace(anchor("peak", 1.0), until=datetime(2020, 1, 1, tzinfo=UTC))
    assert compare(before, truth, tiny_basin).got is None


@pytest.mark.parametrize(
    ("series", "expected"),
    [([1, 2, 3, 2, 1], [2]), ([1, 9, 8.5, 9.2, 1], [3]), ([1, 9, 4, 8, 1], [1, 3]), ([5, 4, 3], []), ([1, 2, 3], [])],
)
def test_peaks_are_parted_by_a_real_fall(series: list[float], expected: list[int]) -> None:
    assert peaks(np.array(series, dtype=np.float64)) == expected


def test_tuned_constants_survive_the_file(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(SCENARIO + f"\n{BEGIN}\n{END}\n# after\n", encoding="utf-8")
    scenario = read_scenario(path)
    constants = {name: value * 1.01 for name, value in constants_of(scenario).items()}
    for _ in range(2):
        write_constants(path, with_constants(scenario, constants))
    found = constants_of(read_scenario(path))
    assert found == pytest.approx(constants, rel=1e-3)
    assert path.read_text(encoding="utf-8").endswith("# after\n")
