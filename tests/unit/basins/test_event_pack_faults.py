"""An event pack is read whole, or every fault of it is said in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.basin_files import read_basin
from domain.errors import BasinError
from domain.event_pack import AnchorRole, DamDecisionKind, check_basin_folder, read_anchors, read_event_pack

Breaker = Callable[[str, str, str], None]

HOUR_5 = "2021-07-01T05:00:00Z"

FAULTS = [
    # Hourly tables.
    ("rain.csv", "2021-07-01T04:00:00Z,12.5\n", "",
     "rain.csv: 2021-07-01T05:00:00Z does not follow 2021-07-01T03:00:00Z by one hour"),
    ("rain.csv", f"{HOUR_5},0.1\n", "",
     "rain.csv: must cover 2021-07-01T03:00:00Z to 2021-07-01T05:00:00Z, covers 2021-07-01T03:00:00Z to "
     "2021-07-01T04:00:00Z"),
    ("rain.csv", "12.5", "-12.5", "rain.csv line 3: every value must be a number and not negative"),
    ("rain.csv", "12.5", "nan", "rain.csv line 3: every value must be a number and not negative"),
    ("rain.csv", "12.5", "much", "rain.csv line 3: could not convert string to float: 'much'"),
    ("rain.csv", "12.5", "1250", "rain.csv: 1250 mm in an hour is not possible"),
    ("rain.csv", "12.5", "12.5,3", "rain.csv line 3: has 3 fields, the first line has 2"),
    ("rain.csv", "Z,12.5", "Z", "rain.csv line 3: has 1 fields, the first line has 2"),
    ("rain.csv", "RAIN_ONE", "RAIN_ONE,RAIN_ONE", "rain.csv: a column stands there twice"),
    ("rain.csv", "RAIN_ONE", "RAIN_TWO", "rain.csv: column RAIN_ONE is missing"),
    ("rain.csv", "RAIN_ONE", "RAIN_TWO", "rain.csv: column RAIN_TWO belongs to nothing in the basin"),
    ("rain.csv", "T04:00:00Z", "T04:00:00", "rain.csv line 3: time without zone: 2021-07-01T04:00:00"),
    ("rain.csv", "time,", "when,", "rain.csv: the first column must be time"),
    ("warmup_rain.csv.gz", "T02:00", "T03:00",
     "warmup_rain.csv.gz: must cover 2021-07-01T01:00:00Z to 2021-07-01T02:00:00Z, covers 2021-07-01T01:00:00Z to "
     "2021-07-01T03:00:00Z"),
    ("inflows.csv", "HEAD", "END", "inflows.csv: column HEAD is missing"),
    # What the event says of itself.
    ("event.toml", 'label = "Reconstruction"\n', "", "event.toml: label must be a text"),
    ("event.toml", '"Synthetic"', '""', "event.toml: warmup_label must be a text"),
    ("event.toml", "ends_at = 2021-07-01T05:00:00Z", "ends_at = 2021-07-01T05:00:00",
     "event.toml: ends_at must be a time with zone"),
    ("event.toml", "ends_at = 2021-07-01T05:00:00Z", "ends_at = 2021-07-01T00:30:00Z",
     "event.toml: warmup_starts_at, starts_at and ends_at must follow each other"),
    # What was known.
    ("rain_forecasts.csv", "RMI,2021-07-01T02:00:00Z,2021-07-02T00:00:00Z,All",
     "RMI,2021-07-01T02:00:00Z,2021-07-02T00:00:00Z,Moon",
     "rain_forecasts.csv: RMI 2021-07-01T01:00:00Z Moon: area does not stand in areas.csv"),
    ("rain_forecasts.csv", "24,20,40", "24,40,20",
     "rain_forecasts.csv: RMI 2021-07-01T01:00:00Z All: totals must be positive and rise from low to high"),
    ("rain_forecasts.csv", "0.65", "65",
     "rain_forecasts.csv: RMI 2021-07-01T01:00:00Z All: probability must lie between 0 and 1, is 65"),
    ("rain_forecasts.csv", "RMI,2021-07-01T02:00:00Z,2021-07-02T00:00:00Z",
     "RMI,2021-06-01T02:00:00Z,2021-06-02T00:00:00Z",
     "rain_forecasts.csv: RMI 2021-07-01T01:00:00Z All: must be valid until after it begins and after it is issued"),
    ("areas.csv", "All,DAM", "All,GONE", "areas.csv: node GONE of All does not exist"),
    ("dam_decisions.csv", "LAKE", "POND", "dam_decisions.csv: dam POND does not exist"),
    ("dam_decisions.csv", ",5,", ",-5,", "dam_decisions.csv: release of LAKE must not be negative, is -5"),
    ("dam_decisions.csv", "start_release", "open",
     "dam_decisions.csv line 2: decision 2021-07-01T03:30:00Z: decision must be one of preventive_release, "
     "start_release, increase_release, stop_release, is 'open'"),
    ("outages.csv", "MEET", "GONE", "outages.csv: station GONE does not exist"),
    ("outages.csv", HOUR_5, "2021-07-01T03:00:00Z",
     "outages.csv: MEET must be silent until after it falls silent"),
    ("anchors.csv", "MEET,MEET", "GONE,MEET", "anchors.csv: flow: station GONE does not exist"),
    ("anchors.csv", "MEET,MEET", "MEET,GONE", "anchors.csv: flow: node GONE does not exist"),
    ("anchors.csv", "held_out", "seen", "anchors.csv line 2: anchor flow: role must be one of tuned, held_out, rain, "
     "is 'seen'"),
    ("chronology.csv", "precision", "accuracy", "chronology.csv: column 'precision' is missing"),
]  # fmt: skip

FILES = ("event.toml", "rain.csv", "warmup_rain.csv.gz", "inflows.csv", "warmup_inflows.csv.gz", "rain_forecasts.csv",
         "areas.csv", "dam_decisions.csv", "outages.csv", "chronology.csv", "anchors.csv")  # fmt: skip


def test_a_pack_is_read_whole(tiny_basin: Path, tiny_event: Path) -> None:
    pack = read_event_pack(tiny_event, read_basin(tiny_basin))
    assert pack.rain.times[0] == datetime(2021, 7, 1, 3, tzinfo=UTC)
    assert pack.rain.column("RAIN_ONE").tolist() == [0.0, 12.5, 0.1]
    assert pack.warmup_inflows.column("HEAD").tolist() == [9.0, 9.5]
    assert pack.areas == {"All": ("SPRING", "DAM", "MEET")}
    assert pack.rain_forecasts[0].total_high_mm == 40.0
    assert pack.rain_forecasts[1].total_low_mm is None
    assert pack.dam_decisions[0].decision is DamDecisionKind.START_RELEASE
    assert pack.outages[0].silent_from == datetime(2021, 7, 1, 4, tzinfo=UTC)
    assert pack.anchors[0].role is AnchorRole.HELD_OUT
    assert check_basin_folder(tiny_basin) == []


def test_a_column_that_is_not_there_is_a_key_error(tiny_basin: Path, tiny_event: Path) -> None:
    pack = read_event_pack(tiny_event, read_basin(tiny_basin))
    with pytest.raises(KeyError):
        pack.rain.column("RAIN_TWO")


@pytest.mark.parametrize(("name", "old", "new", "sentence"), FAULTS)
def test_one_fault_is_said_in_words(
    tiny_basin: Path, break_event: Breaker, name: str, old: str, new: str, sentence: str
) -> None:
    break_event(name, old, new)
    assert f"event small: {sentence}" in check_basin_folder(tiny_basin)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(tiny_basin: Path, tiny_event: Path, name: str) -> None:
    (tiny_event / name).unlink()
    assert f"event small: {name}: file is missing" in check_basin_folder(tiny_basin)


def test_a_broken_archive_is_named(tiny_basin: Path, tiny_event: Path) -> None:
    packed = tiny_event / "warmup_rain.csv.gz"
    packed.write_bytes(packed.read_bytes()[:20])
    assert any(fault.startswith("event small: warmup_rain.csv.gz: ") for fault in check_basin_folder(tiny_basin))


def test_a_packed_table_that_is_damaged_inside_is_said(tiny_basin: Path, tiny_event: Path) -> None:
    packed = tiny_event / "warmup_rain.csv.gz"
    whole = packed.read_bytes()
    packed.write_bytes(whole[:-20] + b"\xff" * 12 + whole[-8:])
    assert any(fault.startswith("event small: warmup_rain.csv.gz: ") for fault in check_basin_folder(tiny_basin))


def test_a_folder_in_place_of_the_event_file_is_said(tiny_basin: Path, tiny_event: Path) -> None:
    (tiny_event / "event.toml").unlink()
    (tiny_event / "event.toml").mkdir()
    assert any("event.toml: " in fault and "Is a directory" in fault for fault in check_basin_folder(tiny_basin))


def test_an_event_before_the_calendar_is_said(tiny_basin: Path, break_event: Breaker) -> None:
    break_event("event.toml", "warmup_starts_at = 2021-07-01T00:00:00Z", "warmup_starts_at = 0001-01-01T00:00:00+02:00")
    expected = "event small: event.toml: warmup_starts_at: time beyond the calendar: 0001-01-01T00:00:00+02:00"
    assert expected in check_basin_folder(tiny_basin)


def test_several_faults_are_listed_at_once(tiny_basin: Path, break_event: Breaker) -> None:
    break_event("rain.csv", "12.5", "-12.5")
    break_event("outages.csv", "MEET", "GONE")
    break_event("anchors.csv", "held_out", "seen")
    assert len(check_basin_folder(tiny_basin)) == 3


def test_a_fault_in_every_line_is_said_six_times_at_most(tiny_basin: Path, tiny_event: Path) -> None:
    lines = "".join(f"2021-07-01T{hour:02d}:00:00Z,-1\n" for hour in range(3, 15))
    (tiny_event / "rain.csv").write_text("time,RAIN_ONE\n" + lines, encoding="utf-8")
    faults = [fault for fault in check_basin_folder(tiny_basin) if "not negative" in fault]
    assert len(faults) == 6
    assert faults[-1].endswith("and so in 7 further lines")


def test_faults_of_the_basin_come_before_its_events(tiny_basin: Path, break_basin: Breaker) -> None:
    break_basin("reaches.csv", "12,4,10", "12,-0.2,10")
    assert check_basin_folder(tiny_basin) == ["reach R3: slope must be positive, is -0.2 m/km"]


def test_anchors_are_read_alone(tiny_event: Path, break_event: Breaker) -> None:
    assert [anchor.anchor_id for anchor in read_anchors(tiny_event)] == ["flow"]
    break_event("anchors.csv", ",20,", ",twenty,")
    with pytest.raises(BasinError, match="value must be a number, is 'twenty'"):
        read_anchors(tiny_event)
