"""Every fault of a basin folder is found, said in words of the field, and said together with the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from domain.basin_files import read_basin
from domain.errors import BasinError

Breaker = Callable[[str, str, str], None]

FAULTS = [
    # The tree of rivers.
    ("reaches.csv", "R4,MEET,END", "R4,MEET,SPRING",
     "nodes MEET -> SPRING -> DAM -> MEET: the river flows in a circle"),
    ("nodes.csv", "END,End,Main,outlet", "END,End,Main,junction",
     "node END: the river ends here but the node is not declared outlet"),
    ("nodes.csv", "MEET,Confluence,Main,junction", "MEET,Confluence,Main,outlet",
     "node MEET: is declared outlet but a reach leaves it"),
    ("reaches.csv", "R4,MEET,END", "R5,SPRING,END,Side,30,2,5,free,brook,made up,estimated\nR4,MEET,END",
     "node SPRING: 2 reaches leave it; a bifurcation is not allowed"),
    ("reaches.csv", "R4,MEET,END", "R4,MEET,NOWHERE", "reach R4: node NOWHERE does not exist"),
    # Numbers against physics.
    ("reaches.csv", "12,4,10", "12,-0.2,10", "reach R3: slope must be positive, is -0.2 m/km"),
    ("reaches.csv", "12,4,10", "0,4,10", "reach R3: length must be positive, is 0 km"),
    ("reaches.csv", "12,4,10", "12,4,-10", "reach R3: width must be positive, is -10 m"),
    ("nodes.csv", "150,1200,12", "150,1050,12",
     "node MEET: its catchment is 30 km2 smaller than those of the nodes just above it"),
    ("nodes.csv", "300,50,1", "300,0,1", "node SPRING: catchment area must be positive, is 0 km2"),
    # Numbers that are none.
    ("nodes.csv", "300,50,1", "300,fifty,1",
     "nodes.csv line 3: node SPRING: catchment_area_km2 must be a number, is 'fifty'"),
    ("nodes.csv", "300,50,1", "300,nan,1",
     "nodes.csv line 3: node SPRING: catchment_area_km2 must be a finite number, is nan"),
    ("nodes.csv", "300,50,1", "300,,1", "nodes.csv line 3: node SPRING: catchment_area_km2 is empty"),
    ("dams.csv", ",3,2,20", ",3.5,2,20", "dams.csv line 3: dam WEIR: gates must be a whole number, is 3.5"),
    # Words that are not in the vocabulary.
    ("nodes.csv", "END,End,Main,outlet", "END,End,Main,sea",
     "nodes.csv line 6: node END: role must be one of junction, inflow, outlet, is 'sea'"),
    ("stations.csv", "level;discharge", "level;colour",
     "stations.csv line 2: station MEET: variables must be one of level, discharge, rain, air_temperature, humidity, "
     "wind_speed, turbidity, ph, conductivity, is 'colour'"),
    ("ratings.csv", "1970-01-01T00:00:00Z", "1970-01-01",
     "ratings.csv line 2: rating MEET: valid_from must be a time such as 2021-07-14T06:00:00Z: "
     "time without zone: 1970-01-01T00:00:00"),
    # Ids.
    ("reaches.csv", "R2,SPRING", "R1,SPRING", "reach R1: id is used 2 times"),
    ("stations.csv", "MEET,Confluence,river", "ME.ET,Confluence,river",
     "station 'ME.ET': id must be 1 to 40 letters, digits, _ or -"),
    ("basin.toml", 'id = "tiny"', 'id = "ti ny"', "basin.toml: id must be 1 to 40 letters, digits, _ or -"),
    ("basin.toml", 'name = "Tiny"', "name = 7", "basin.toml: name must be a text"),
    ("basin.toml", 'languages = ["en"]', "languages = 3",
     'basin.toml: languages must be a list of texts such as ["fr", "de"]'),
    ("ratings.csv", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59-10:00",
     "ratings.csv line 2: rating MEET: valid_from must be a time such as 2021-07-14T06:00:00Z: "
     "time beyond the calendar: 9999-12-31T23:59:59-10:00"),
    ("thresholds.csv", "MEET,discharge,alert,200", "MEET,turbidity,alert,200",
     "threshold alert of MEET: the station does not measure turbidity, so it would never be reached"),
    ("thresholds.csv", "MEET,discharge,alert,200,suggested",
     "MEET,discharge,pre_alert,300,suggested,half_q25,made up,estimated\nMEET,discharge,alert,200,suggested",
     "threshold pre_alert of MEET: suggested discharge 300 is above the alert threshold 200"),
    # Stations, ratings, thresholds.
    ("stations.csv", "river,MEET,Main", "river,GONE,Main", "station MEET: node GONE does not exist"),
    ("stations.csv", "river,MEET,Main", "river,,Main", "station MEET: a river station needs a node"),
    ("stations.csv", "level;discharge", "", "station MEET: measures nothing"),
    ("stations.csv", "level;discharge,900", "level;discharge,0",
     "station MEET: interval must be positive, is 0 s"),
    ("stations.csv", "level;discharge,900", "level;discharge,1e300",
     "station MEET: interval must be at most a day, is 1e+300 s"),
    ("nodes.csv", "junction,50.1,5.1", "junction,501,5.1", "node SPRING: position 501.0, 5.1 is not on Earth"),
    ("nodes.csv", "300,50,1,", "300,50,-1,", "node SPRING: mean discharge must not be negative, is -1 m3/s"),
    ("stations.csv", "One,rain,,Main,50.1", "One,rain,,Main,95.1",
     "station RAIN_ONE: position 95.1, 5.0 is not on Earth"),
    ("ratings.csv", "MEET,1970", "GONE,1970", "rating of GONE: station does not exist"),
    ("ratings.csv", ",20,0,1.8", ",-20,0,1.8", "rating of MEET: a and b must be positive, are -20 and 1.8"),
    ("thresholds.csv", "MEET,discharge", "GONE,discharge", "threshold alert of GONE: station does not exist"),
    ("thresholds.csv", "alert,200", "alert,90000", "threshold alert of MEET: 90000 m3/s is not possible"),
    ("thresholds.csv", "half_q25", "", "threshold alert of MEET: a suggested threshold must name its rule"),
    # Dams.
    ("dams.csv", "reservoir,DAM", "reservoir,GONE", "dam LAKE: node GONE does not exist"),
    ("dams.csv", "280,282,5,6", "280,282,5,", "dam LAKE: a reservoir needs full_volume_hm3"),
    ("dams.csv", "280,282,5,6", "280,282,5,4", "dam LAKE: full volume is smaller than the volume at normal level"),
    ("dams.csv", ",3,2,20", ",3,4,20", "dam WEIR: 4 gates available of 3"),
    ("dams.csv", ",3,2,20", ",3,2,-20", "dam WEIR: gates and their width must not be negative"),
    # Files.
    ("nodes.csv", "elevation_m", "altitude", "nodes.csv: column 'elevation_m' is missing"),
    ("reaches.csv", "main stem,made up,estimated\nR2", "main stem\nR2",
     "reaches.csv line 2: reach R1: the line does not have 11 fields"),
    ("reaches.csv", "main stem,made up,estimated\nR2", "main stem,made,up,estimated\nR2",
     "reaches.csv line 2: reach R1: the line does not have 11 fields"),
]  # fmt: skip


def faults_of(folder: Path) -> tuple[str, ...]:
    with pytest.raises(BasinError) as caught:
        read_basin(folder)
    return caught.value.faults


def test_the_tiny_basin_has_no_fault(tiny_basin: Path) -> None:
    basin = read_basin(tiny_basin)
    assert basin.network.upstream_first[-1] == "END"
    assert basin.network.local_area_km2("MEET") == 120.0


@pytest.mark.parametrize(("name", "old", "new", "sentence"), FAULTS)
def test_one_fault_is_said_in_words(
    tiny_basin: Path, break_basin: Breaker, name: str, old: str, new: str, sentence: str
) -> None:
    break_basin(name, old, new)
    assert sentence in faults_of(tiny_basin)


@pytest.mark.parametrize(
    "name",
    [
        "basin.toml",
        "nodes.csv",
        "reaches.csv",
        "stations.csv",
        "dams.csv",
        "ratings.csv",
        "thresholds.csv",
        "communes.csv",
    ],
)
def test_a_missing_file_is_named(tiny_basin: Path, name: str) -> None:
    (tiny_basin / name).unlink()
    assert any(fault.startswith(f"{name}: file is missing") for fault in faults_of(tiny_basin))


def test_an_empty_file_is_named(tiny_basin: Path) -> None:
    (tiny_basin / "ratings.csv").write_text("", encoding="utf-8")
    assert faults_of(tiny_basin) == ("ratings.csv: file is empty, not even column names stand in it",)


def test_bytes_that_are_no_text_are_named(tiny_basin: Path) -> None:
    (tiny_basin / "communes.csv").write_bytes(b"nis,name\n\xff\xfe,\x00\n")
    assert any(fault.startswith("communes.csv: ") for fault in faults_of(tiny_basin))


def test_a_folder_that_is_none_names_every_file(tmp_path: Path) -> None:
    faults = faults_of(tmp_path / "nothing")
    assert sum("file is missing" in fault for fault in faults) == 8


def test_several_faults_are_listed_at_once(tiny_basin: Path, break_basin: Breaker) -> None:
    break_basin("reaches.csv", "12,4,10", "12,-0.2,-10")
    break_basin("nodes.csv", "300,50,1", "300,fifty,1")
    break_basin("thresholds.csv", "alert,200", "alert,90000")
    (tiny_basin / "communes.csv").unlink()
    faults = faults_of(tiny_basin)
    for part in (
        "slope must be positive",
        "width must be positive",
        "is 'fifty'",
        "not possible",
        "communes.csv: file",
    ):
        assert sum(part in fault for fault in faults) == 1, part
