"""A basin of five nodes with one event, small enough to break by hand."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

BASIN = {
    "basin.toml": 'id = "tiny"\nname = "Tiny"\ntimezone = "UTC"\nlanguages = ["en"]\nattribution = "nobody"\n',
    "nodes.csv": """\
node_id,name,river,role,latitude,longitude,elevation_m,catchment_area_km2,mean_discharge_m3s,source,confidence
HEAD,Border,Main,inflow,50.0,5.0,200,1000,10,made up,estimated
SPRING,Spring,Side,junction,50.1,5.1,300,50,1,made up,estimated
DAM,Dam,Side,junction,50.1,5.0,250,80,1.5,made up,estimated
MEET,Confluence,Main,junction,50.2,5.0,150,1200,12,made up,estimated
END,End,Main,outlet,50.3,5.0,100,1300,13,made up,estimated
""",
    "reaches.csv": """\
reach_id,from_node,to_node,river,length_km,slope_m_per_km,width_m,regulation,size_class,source,confidence
R1,HEAD,MEET,Main,20,1.5,40,free,main stem,made up,estimated
R2,SPRING,DAM,Side,10,5,8,free,brook,made up,estimated
R3,DAM,MEET,Side,12,4,10,free,brook,made up,estimated
R4,MEET,END,Main,15,0.5,45,pool,main stem,made up,estimated
""",
    "stations.csv": """\
station_id,name,kind,node_id,river,latitude,longitude,zero_m,datum,variables,interval_s,gauge_no,operator,source,confidence
MEET,Confluence,river,MEET,Main,50.2,5.0,148,m,level;discharge,900,1,nobody,made up,estimated
RAIN_ONE,One,rain,,Main,50.1,5.0,200,m,rain,900,2,nobody,made up,estimated
""",
    "dams.csv": """\
dam_id,name,kind,node_id,river,latitude,longitude,normal_level_m,maximum_level_m,volume_hm3,full_volume_hm3,\
flood_reserve_hm3,lake_area_ha,outlet_capacity_m3s,spillway_capacity_m3s,gates,gates_available,gate_width_m,source,\
confidence
LAKE,Lake,reservoir,DAM,Side,50.1,5.0,280,282,5,6,1,50,10,60,,,,made up,estimated
WEIR,Weir,weir,END,Main,50.3,5.0,104,,,,,,,,3,2,20,made up,estimated
""",
    "ratings.csv": """\
station_id,valid_from,a,h0_m,b,sd_relative,h_gauged_max_m,source,confidence
MEET,1970-01-01T00:00:00Z,20,0,1.8,0.1,3,made up,estimated
""",
    "thresholds.csv": """\
station_id,variable,phase,value,origin,rule,source,confidence
MEET,discharge,alert,200,suggested,half_q25,made up,estimated
""",
    "communes.csv": """\
nis,name,name_de,province,latitude,longitude,population,rivers,languages,source,confidence
11111,Town,,Somewhere,50.2,5.0,1000,Main;Side,fr;de,made up,estimated
""",
}

EVENT = {
    "event.toml": """\
name = "small"
title = "A small flood"
label = "Reconstruction"
warmup_label = "Synthetic"
warmup_starts_at = 2021-07-01T00:00:00Z
starts_at = 2021-07-01T02:00:00Z
ends_at = 2021-07-01T05:00:00Z
""",
    "rain.csv": """\
time,RAIN_ONE
2021-07-01T03:00:00Z,0
2021-07-01T04:00:00Z,12.5
2021-07-01T05:00:00Z,0.1
""",
    "warmup_rain.csv.gz": "time,RAIN_ONE\n2021-07-01T01:00:00Z,1\n2021-07-01T02:00:00Z,0\n",
    "inflows.csv": """\
time,HEAD
2021-07-01T03:00:00Z,10
2021-07-01T04:00:00Z,11
2021-07-01T05:00:00Z,12.5
""",
    "warmup_inflows.csv.gz": "time,HEAD\n2021-07-01T01:00:00Z,9\n2021-07-01T02:00:00Z,9.5\n",
    "rain_forecasts.csv": """\
issued_at,provider,valid_from,valid_until,area,accumulation_h,total_low_mm,total_high_mm,probability,statement,source,\
confidence
2021-07-01T01:00:00Z,RMI,2021-07-01T02:00:00Z,2021-07-02T00:00:00Z,All,24,20,40,0.65,Much rain,made up,estimated
2021-07-01T02:00:00Z,EFAS,2021-07-01T02:00:00Z,2021-07-02T00:00:00Z,All,,,,,High flood risk,made up,estimated
""",
    "areas.csv": "area,node_id\nAll,SPRING\nAll,DAM\nAll,MEET\n",
    "dam_decisions.csv": "at,dam_id,decision,release_m3s,source\n2021-07-01T03:30:00Z,LAKE,start_release,5,made up\n",
    "outages.csv": (
        "station_id,silent_from,silent_until,source\nMEET,2021-07-01T04:00:00Z,2021-07-01T05:00:00Z,made up\n"
    ),
    "chronology.csv": (
        "at,datetime_local,precision,place,what,source,confidence\n"
        "2021-07-01T03:00:00Z,2021-07-01 05:00,minute,Town,Warned,made up,estimated\n"
    ),
    "anchors.csv": """\
anchor_id,since,until,place,station_id,node_id,variable,value,value_high,unit,kind,bound,tolerance,role,note,source,\
confidence
flow,,2021-07-01T04:00:00Z,Confluence,MEET,MEET,discharge,20,,m3/s,instant,exact,0.1,held_out,,made up,estimated
""",
}

Breaker = Callable[[str, str, str], None]


@pytest.fixture
def tiny_basin(tmp_path: Path) -> Path:
    """The folder of a basin without a fault, with one event."""
    folder = tmp_path / "tiny"
    for name, text in BASIN.items():
        _write(folder / name, text)
    for name, text in EVENT.items():
        _write(folder / "events" / "small" / name, text)
    return folder


@pytest.fixture
def tiny_event(tiny_basin: Path) -> Path:
    """The folder of its event."""
    return tiny_basin / "events" / "small"


@pytest.fixture
def break_basin(tiny_basin: Path) -> Breaker:
    """Replace a piece of one of the basin's files, which must stand there."""
    return lambda name, old, new: _replace(tiny_basin / name, old, new)


@pytest.fixture
def break_event(tiny_event: Path) -> Breaker:
    """Replace a piece of one of the event's files, which must stand there."""
    return lambda name, old, new: _replace(tiny_event / name, old, new)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


def _replace(path: Path, old: str, new: str) -> None:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    assert old in text, f"{old!r} does not stand in {path.name}"
    _write(path, text.replace(old, new))
