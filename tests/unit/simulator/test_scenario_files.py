"""Scenario files: what ships is usable, what is wrong is said, all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.basin import Basin
from domain.basin_files import read_basin
from domain.errors import ConfigurationError
from simulator.pytest_plugin import BASIN_FOLDER
from simulator.scenario import SHIPPED, Scenario, read_scenario, region_of
from simulator.world import read_pack

WRONG = """
name = "no spaces"
title = "x"
starts_at = 2022-06-01T00:00:00
ends_at = 2022-06-02T00:00:00Z
colour = "blue"
[world]
undercatch = [0.1, 3]
[[storms]]
latitude = 95
longitude = 5
radius_km = -2
at_h = 1
duration_h = 1
depth_mm = 10
"""


def test_every_fault_of_a_scenario_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(WRONG, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_scenario(path)
    places = ("name", "starts_at", "colour", "world.undercatch.1", "storms.0.latitude", "storms.0.radius_km")
    assert len(caught.value.faults) == len(places)
    for place in places:
        assert any(f" {place}: " in fault for fault in caught.value.faults), place


@pytest.mark.parametrize(("text", "words"), [("name = ", "Invalid value"), (None, "No such file")])
def test_unreadable_scenarios_are_refused(tmp_path: Path, text: str | None, words: str) -> None:
    path = tmp_path / "scenario.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=words):
        read_scenario(path)


def test_a_period_must_have_an_end_after_its_start(storm: Scenario) -> None:
    with pytest.raises(ValueError, match="from one hour to 366 days"):
        Scenario.model_validate({**storm.model_dump(), "ends_at": storm.starts_at})


def test_what_the_basin_lacks_is_named(tiny_basin: Basin, storm: Scenario) -> None:
    content = storm.model_dump() | {
        "tuned": [{"upstream_of": "NOWHERE"}],
        "dams": {"WEIR": {}},
        "dam_releases": [{"dam": "NONE", "at_h": 1, "release_m3s": 5}],
        "spills": [{"node": "SEA", "at_h": 1, "duration_h": 1, "mass_t": 1}],
        "outages": [{"station": "S1", "from_h": 1, "until_h": 2}],
        "faults": [
            {"kind": "spike", "station": "S2", "from_h": 1, "until_h": 1},
            {"kind": "spike", "station": "RAIN_B", "variable": "level", "from_h": 1, "until_h": 1},
        ],
    }
    with pytest.raises(ConfigurationError) as caught:
        read_pack(tiny_basin, Scenario.model_validate(content))
    assert len(caught.value.faults) == 7
    assert "fault spike: RAIN_B does not measure level" in caught.value.faults


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_scenarios_fit_the_shipped_basin(path: Path) -> None:
    scenario = read_scenario(Path(path.stem))
    assert scenario.name == path.stem
    assert scenario.faults_in(read_basin(BASIN_FOLDER)) == []


def test_the_smallest_tuned_region_counts(tiny_basin: Basin, storm: Scenario) -> None:
    content = storm.model_dump() | {"tuned": [{"upstream_of": "END", "soil": 2}, {"upstream_of": "MEET", "soil": 3}]}
    found = region_of(tiny_basin.network, Scenario.model_validate(content).tuned)
    assert {node_id: section.soil for node_id, section in found.items()} == {
        "LEFT": 3,
        "DAM": 3,
        "MEET": 3,
        "TOWN": 2,
        "BORDER": 2,
        "END": 2,
    }
