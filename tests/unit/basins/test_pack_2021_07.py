"""The shipped basin and its event pack of July 2021: whole, honest about what was known, and rebuilt byte for byte."""

from __future__ import annotations

import csv
import gzip
import math
import os
import shutil
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from domain.basin import Basin, NodeRole, StationKind
from domain.basin_files import read_basin
from domain.clock import format_utc
from domain.event_pack import AnchorRole, EventPack, check_basin_folder, read_event_pack
from domain.hourly import HourlyTable

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "basins" / "wallonia"
PACK = FOLDER / "events" / "2021-07"
BRUSSELS = ZoneInfo("Europe/Brussels")
GENERATED = ("rain.csv", "warmup_rain.csv.gz", "inflows.csv", "warmup_inflows.csv.gz", "rain_forecasts.csv",
             "areas.csv", "dam_decisions.csv", "outages.csv", "wanted_got.csv", "README.md")  # fmt: skip


@pytest.fixture(scope="module")
def basin() -> Basin:
    return read_basin(FOLDER)


@pytest.fixture(scope="module")
def pack(basin: Basin) -> EventPack:
    return read_event_pack(PACK, basin)


def reconstruct(script: Path, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", str(script), "--out", str(out)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def rain_between(table: HourlyTable, column: str, start: str, end: str) -> float:
    """Sum [mm] of the hours that end after ``start`` and not after ``end`` (Brussels time)."""
    since, until = (datetime.fromisoformat(t).replace(tzinfo=BRUSSELS) for t in (start, end))
    inside = [since < time <= until for time in table.times]
    return float(table.column(column)[inside].sum())


# The basin.


def test_the_shipped_basin_and_its_events_have_no_fault() -> None:
    assert check_basin_folder(FOLDER) == []


def test_border_heads_are_inflows_and_every_tree_ends_in_an_outlet(basin: Basin) -> None:
    network = basin.network
    heads = {node_id for node_id, node in network.nodes.items() if node.role is NodeRole.INFLOW}
    assert heads == {"MEU_MONTHERME", "SAM_SOLRE", "ESC_TOURNAI"}
    assert {network.nodes[network.path_down(n)[-1]].role for n in network.nodes} == {NodeRole.OUTLET}


def test_every_row_of_the_basin_carries_source_and_confidence(basin: Basin) -> None:
    rows = [*basin.network.nodes.values(), *basin.network.reaches.values(), *basin.stations.values(),
            *basin.dams.values(), *basin.ratings, *basin.thresholds, *basin.communes.values()]  # fmt: skip
    assert all(row.source for row in rows)
    assert {row.confidence for row in rows} <= {"high", "medium", "estimated"}


def test_assumed_rain_gauges_say_so(basin: Basin) -> None:
    assumed = [s for s in basin.stations.values() if s.operator == "assumed"]
    assert len(assumed) == 6
    assert all("(assumed)" in s.name and s.confidence == "estimated" for s in assumed)


# Series.


def test_the_event_covers_9_to_19_july_in_brussels(pack: EventPack) -> None:
    assert pack.starts_at == datetime(2021, 7, 9, tzinfo=BRUSSELS)
    assert pack.ends_at == datetime(2021, 7, 20, tzinfo=BRUSSELS)
    assert len(pack.rain.times) == 11 * 24


def test_everything_reconstructed_or_synthetic_is_labelled(pack: EventPack) -> None:
    assert "reconstruct" in pack.label.lower()
    assert "synthetic" in pack.warmup_label.lower()


def test_the_warm_up_is_a_year_at_least_and_joins_without_a_gap(pack: EventPack) -> None:
    assert pack.starts_at - pack.warmup_starts_at >= timedelta(days=365)
    for before, after in ((pack.warmup_rain, pack.rain), (pack.warmup_inflows, pack.inflows)):
        assert after.times[0] - before.times[-1] == timedelta(hours=1)


def test_may_and_june_2021_are_wet(pack: EventPack) -> None:
    months = np.array([(t - timedelta(minutes=1)).month for t in pack.warmup_rain.times])
    year = np.array([t >= datetime(2020, 7, 1, tzinfo=UTC) for t in pack.warmup_rain.times])
    mean_of = {m: pack.warmup_rain.values[(months == m) & year].sum(axis=0).mean() for m in range(1, 13)}
    ordinary = [mean_of[m] for m in range(1, 13) if m not in (5, 6, 7)]
    assert mean_of[5] > 1.2 * np.mean(ordinary)
    assert mean_of[6] > 1.5 * np.mean(ordinary)


def test_annual_rain_rises_from_the_lowland_to_the_hautes_fagnes(pack: EventPack) -> None:
    year = np.array([t <= datetime(2021, 7, 1, tzinfo=UTC) for t in pack.warmup_rain.times])
    annual = dict(zip(pack.warmup_rain.column_ids, pack.warmup_rain.values[year].sum(axis=0), strict=True))
    assert 720 < annual["RAIN_CHATELET"] < 880
    assert 1250 < annual["RAIN_MONT_RIGI"] < 1450
    assert min(annual.values()) > 700
    assert max(annual, key=lambda gauge: annual[gauge]) == "RAIN_MONT_RIGI"


def test_neighbouring_gauges_see_the_same_storms(pack: EventPack) -> None:
    near = np.corrcoef(pack.warmup_rain.column("RAIN_SPA"), pack.warmup_rain.column("RAIN_HOCKAI"))[0, 1]
    far = np.corrcoef(pack.warmup_rain.column("RAIN_ARLON"), pack.warmup_rain.column("RAIN_HOCKAI"))[0, 1]
    assert near > 0.6
    assert near > far + 0.15


def test_inflows_are_no_flood_of_their_own(pack: EventPack) -> None:
    """The Meuse from France rose, but the flood came from the Ardennes."""
    meuse = pack.inflows.column("MEU_MONTHERME")
    assert 250 < meuse.max() < 500
    assert 75 < pack.warmup_inflows.column("MEU_MONTHERME").mean() < 130
    assert all(pack.inflows.column(n).min() > 0 for n in pack.inflows.column_ids)


# Rain against the public figures, computed here anew.


@pytest.mark.parametrize(
    ("gauge", "start", "end", "wanted"),
    [
        ("RAIN_JALHAY", "2021-07-13 08:00", "2021-07-15 08:00", 271.5),
        ("RAIN_SPA", "2021-07-13 08:00", "2021-07-15 08:00", 217.1),
        ("RAIN_MONT_RIGI", "2021-07-13 08:00", "2021-07-15 08:00", 192.4),
        ("RAIN_NEU_HATTLICH", "2021-07-13 08:00", "2021-07-15 08:00", 189.0),
        ("RAIN_HOCKAI", "2021-07-14 08:00", "2021-07-15 08:00", 179.0),
    ],
)
def test_gauge_totals_are_met(pack: EventPack, gauge: str, start: str, end: str, wanted: float) -> None:
    assert rain_between(pack.rain, gauge, start, end) == pytest.approx(wanted, rel=0.10)


@pytest.mark.parametrize(
    ("outlet", "end", "wanted"),
    [
        ("VES_CHAUDFONTAINE", "2021-07-16 08:00", 175.0),
        ("AMB_MARTINRIVE", "2021-07-16 08:00", 120.0),
        ("MEU_SINTPIETER", "2021-07-15 08:00", 106.0),
    ],
)
def test_areal_means_are_met(basin: Basin, pack: EventPack, outlet: str, end: str, wanted: float) -> None:
    french = {"MEU_MONTHERME", "MEU_VIREUX", "MEU_CHOOZ", "MEU_GIVET", "SAM_SOLRE"}
    network, volume, area = basin.network, 0.0, 0.0
    totals = {g: rain_between(pack.rain, g, "2021-07-13 08:00", end) for g in pack.rain.column_ids}
    for node_id in network.nodes:
        if outlet not in network.path_down(node_id) or node_id in french:
            continue
        ends = [network.nodes[node_id]] + [network.nodes[r.from_node] for r in network.reaches_into.get(node_id, ())]
        latitude, longitude = (float(np.mean([getattr(n, axis) for n in ends])) for axis in ("latitude", "longitude"))
        apart = {}
        for gauge in totals:
            north = (basin.stations[gauge].latitude - latitude) * 111.2
            east = (basin.stations[gauge].longitude - longitude) * 111.3 * math.cos(math.radians(50.3))
            apart[gauge] = math.hypot(north, east)
        weights = {g: (apart[g] + 0.5) ** -2 for g in sorted(apart, key=lambda g: apart[g])[:5]}
        rain = sum(w * totals[g] for g, w in weights.items()) / sum(weights.values())
        volume += rain * network.local_area_km2(node_id)
        area += network.local_area_km2(node_id)
    assert volume / area == pytest.approx(wanted, rel=0.10)


def test_rain_falls_in_two_bursts_on_the_hautes_fagnes(pack: EventPack) -> None:
    """A lull in the afternoon of 14 July parts the bursts that gave the Vesdre two peaks."""
    names = ("RAIN_JALHAY", "RAIN_HOCKAI", "RAIN_MONT_RIGI", "RAIN_NEU_HATTLICH")
    first, lull, second = (
        np.mean([rain_between(pack.rain, name, start, end) for name in names]) / hours
        for start, end, hours in (
            ("2021-07-14 00:00", "2021-07-14 16:00", 16),
            ("2021-07-14 17:00", "2021-07-14 20:00", 3),
            ("2021-07-14 21:00", "2021-07-15 03:00", 6),
        )
    )
    assert lull < 0.5 * first
    assert lull < 0.3 * second


def test_no_hour_is_beyond_belief(pack: EventPack) -> None:
    assert 15 < pack.rain.values.max() < 40


# What was known, and when.


def brussels(local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=BRUSSELS)


def test_rain_forecasts_hold_what_was_said_and_nothing_else(pack: EventPack) -> None:
    yellow, orange, red = (brussels(t) for t in ("2021-07-12 12:16", "2021-07-13 13:47", "2021-07-14 09:32"))
    expected = {
        (brussels("2021-07-11 00:00"), "EFAS", "Meuse", None, None),
        (brussels("2021-07-12 12:00"), "EFAS", "Vesdre", None, None),
        (brussels("2021-07-12 12:00"), "EFAS", "Ourthe", None, None),
        *((yellow, "RMI", p, 25.0, 50.0) for p in ("Liège", "Namur", "Luxembourg", "Hainaut", "Brabant")),
        (orange, "RMI", "Liège", 80.0, 150.0),
        (orange, "RMI", "Namur", 40.0, 100.0),
        (orange, "RMI", "Luxembourg", 70.0, 120.0),
        (orange, "RMI", "Hainaut", 5.0, 50.0),
        (orange, "RMI", "Brabant", 10.0, 60.0),
        (red, "RMI", "Liège", 100.0, None),
    }
    said = [(f.issued_at, f.provider, f.area, f.total_low_mm, f.total_high_mm) for f in pack.rain_forecasts]
    assert set(said) == expected
    assert len(said) == len(expected)
    assert all(f.statement and f.source and f.confidence for f in pack.rain_forecasts)


def test_orange_totals_are_valid_until_16_july_2_h(pack: EventPack) -> None:
    orange = [f for f in pack.rain_forecasts if f.issued_at == brussels("2021-07-13 13:47")]
    assert {f.valid_until for f in orange} == {brussels("2021-07-16 02:00")}
    assert {f.accumulation_h for f in orange} == {None}


def test_every_node_lies_in_one_province(basin: Basin, pack: EventPack) -> None:
    provinces = ("Liège", "Namur", "Luxembourg", "Hainaut", "Brabant")
    times = Counter(node for province in provinces for node in pack.areas[province])
    assert set(times) == set(basin.network.nodes)
    assert set(times.values()) == {1}


@pytest.mark.parametrize(
    ("node_id", "province"),
    [("VES_DAM", "Liège"), ("OUR_LAROCHE", "Luxembourg"), ("MEU_DINANT", "Namur"), ("SAM_CHARLEROI", "Hainaut"),
     ("DYL_WAVRE", "Brabant"), ("MEU_CHOOZ", "Namur"), ("MEU_SINTPIETER", "Liège")],
)  # fmt: skip
def test_a_node_lies_in_the_province_where_it_is(pack: EventPack, node_id: str, province: str) -> None:
    assert node_id in pack.areas[province]


def test_dam_decisions_enter_when_they_were_made(pack: EventPack) -> None:
    eupen = [(d.at, d.decision.value) for d in pack.dam_decisions if d.dam_id == "EUPEN"]
    assert eupen == [
        (brussels("2021-07-14 17:00"), "start_release"),
        (brussels("2021-07-14 22:30"), "increase_release"),
    ]
    warche = [d for d in pack.dam_decisions if d.dam_id in ("ROBERTVILLE", "BUTGENBACH")]
    assert [d.decision.value for d in warche] == ["preventive_release"] * 2 + ["increase_release"] * 2 + [
        "stop_release"
    ] * 2


def test_vesdre_gauges_fall_silent_after_their_last_public_reading(basin: Basin, pack: EventPack) -> None:
    silent = {outage.station_id: outage for outage in pack.outages}
    vesdre = {s.station_id for s in basin.stations.values() if s.river == "Vesdre" and s.kind is StationKind.RIVER}
    assert vesdre <= set(silent)
    for outage in silent.values():
        assert outage.silent_from.astimezone(BRUSSELS).date().isoformat() == "2021-07-14"
        assert outage.silent_until >= pack.ends_at
    readings = [a for a in pack.anchors if a.kind == "instant" and a.station_id in silent]
    assert len(readings) == 5
    assert all(silent[a.station_id or ""].silent_from > a.until for a in readings)


def test_printed_minutes_agree_with_utc() -> None:
    """Where a source prints a minute, our UTC is that minute in Brussels."""
    checked = 0
    for name, column in (("chronology.csv", "at"), ("anchors.csv", "until")):
        with (PACK / name).open(encoding="utf-8", newline="") as handle:
            for row in csv.DictReader(handle):
                printed = row["datetime_local"].replace("~", "")
                try:
                    local = datetime.strptime(printed, "%Y-%m-%d %H:%M").replace(tzinfo=BRUSSELS)
                except ValueError:
                    continue
                assert row[column] == format_utc(local), row
                checked += 1
    assert checked >= 18


def test_tuning_is_kept_to_eupen_martinrive_and_sint_pieter(pack: EventPack) -> None:
    tuned = {a.node_id for a in pack.anchors if a.role is AnchorRole.TUNED}
    assert tuned == {"VES_DAM", "AMB_MARTINRIVE", "MEU_SINTPIETER"}


# Rebuilding.


def test_rebuilding_gives_the_same_bytes(tmp_path: Path) -> None:
    done = reconstruct(PACK / "reconstruct.py", tmp_path)
    assert done.returncode == 0, done.stderr
    for name in GENERATED:
        # Compressed bytes depend on the machine's zlib; what they hold does not.
        ours, theirs = (
            gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
            for path in (tmp_path / name, PACK / name)
        )
        assert ours == theirs, f"{name} differs from what is committed: run reconstruct.py and commit"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(GENERATED)


def test_a_missed_rain_figure_fails_the_rebuild(tmp_path: Path) -> None:
    copy = tmp_path / "wallonia"
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("__pycache__"))
    anchors = copy / "events" / "2021-07" / "anchors.csv"
    anchors.write_text(anchors.read_text(encoding="utf-8").replace(",271.5,", ",400,"), encoding="utf-8")
    done = reconstruct(anchors.parent / "reconstruct.py", tmp_path / "out")
    assert done.returncode == 1
    assert "missed by more than 10 %: rain_jalhay" in done.stderr


def test_the_table_names_every_public_figure(pack: EventPack) -> None:
    with (PACK / "wanted_got.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    verdicts = Counter(row["verdict"] for row in rows)
    assert {row["anchor_id"] for row in rows} - {""} == {anchor.anchor_id for anchor in pack.anchors}
    assert verdicts["met"] == sum(anchor.role is AnchorRole.RAIN for anchor in pack.anchors)
    assert verdicts["missed"] == 0
    assert {row["place"] for row in rows if row["verdict"] == "left out"} >= {"Uccle", "Ransberg", "Maasmechelen"}
    assert all(row["note"] for row in rows if row["verdict"] == "left out")
