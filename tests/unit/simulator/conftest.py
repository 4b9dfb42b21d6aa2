"""A tiny river, and the short shipped scenario that other packages may use too."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.basin import Basin
from domain.basin_files import read_basin
from simulator.pytest_plugin import simulated_scenario
from simulator.scenario import Scenario

__all__ = ["simulated_scenario"]

# Two brooks meet; a dam stands on one; the town's gauge has an official rating; a border river joins below.
NODES = """LEFT,Left spring,Left,junction,50.50,5.90,400,30,0.5
DAM,Dam,Right,junction,50.50,6.00,420,40,0.7
BORDER,Border,Other,inflow,50.30,6.00,300,500,8
MEET,Meeting,Main,junction,50.45,5.95,250,120,2
TOWN,Town,Main,junction,50.40,5.95,200,150,2.5
END,Mouth,Main,outlet,50.30,5.90,150,700,11"""
REACHES = """R1,LEFT,MEET,Left,8,8,6,free,brook
R2,DAM,MEET,Right,7,9,7,free,brook
R3,MEET,TOWN,Main,6,4,12,free,stream
R4,TOWN,END,Main,12,1,20,pool,stream
R5,BORDER,END,Other,5,1,25,free,stream"""
STATIONS = """TOWN,Town,river,TOWN,Main,50.40,5.95,200,m,level;discharge;turbidity;ph;conductivity,900,1,x
LEFT,Left,river,LEFT,Left,50.50,5.90,400,m,level;discharge,900,2,x
DAM,Dam,dam,DAM,Right,50.50,6.00,0,m,level;discharge,900,3,x
END,Mouth,pool,END,Main,50.30,5.90,150,m,level,900,4,x
RAIN_A,A,rain,,Main,50.48,5.93,350,m,rain;air_temperature;humidity;wind_speed,900,5,x
RAIN_B,B,rain,,Main,50.40,6.00,300,m,rain,900,6,x"""
DAMS = """LAKE,Lake,reservoir,DAM,Right,50.50,6.00,420,422,5,6,1,50,15,60,,,
WEIR,Weir,weir,END,Main,50.30,5.90,152,,,,,,,,3,1,8"""
NODE_COLUMNS = "node_id,name,river,role,latitude,longitude,elevation_m,catchment_area_km2,mean_discharge_m3s"
REACH_COLUMNS = "reach_id,from_node,to_node,river,length_km,slope_m_per_km,width_m,regulation,size_class"
STATION_COLUMNS = (
    "station_id,name,kind,node_id,river,latitude,longitude,zero_m,datum,variables,interval_s,gauge_no,operator"
)
DAM_COLUMNS = (
    "dam_id,name,kind,node_id,river,latitude,longitude,normal_level_m,maximum_level_m,volume_hm3,full_volume_hm3,"
    "flood_reserve_hm3,lake_area_ha,outlet_capacity_m3s,spillway_capacity_m3s,gates,gates_available,gate_width_m"
)
RATING_COLUMNS = "station_id,valid_from,a,h0_m,b,sd_relative,h_gauged_max_m"
TABLES = {
    "nodes.csv": (NODE_COLUMNS, NODES),
    "reaches.csv": (REACH_COLUMNS, REACHES),
    "stations.csv": (STATION_COLUMNS, STATIONS),
    "dams.csv": (DAM_COLUMNS, DAMS),
    "ratings.csv": (RATING_COLUMNS, "TOWN,1970-01-01T00:00:00Z,12,0,1.8,0.1,1.5"),
    "thresholds.csv": ("station_id,variable,phase,value,origin,rule", ""),
    "communes.csv": ("nis,name,name_de,province,latitude,longitude,population,rivers,languages", ""),
}
META = 'id = "tiny"\nname = "Tiny"\ntimezone = "Europe/Brussels"\nlanguages = ["en"]\nattribution = "ours"\n'


@pytest.fixture(scope="session")
def tiny_basin(tmp_path_factory: pytest.TempPathFactory) -> Basin:
    folder: Path = tmp_path_factory.mktemp("tiny")
    (folder / "basin.toml").write_text(META, encoding="utf-8")
    for name, (columns, rows) in TABLES.items():
        lines = [f"{columns},source,confidence", *(f"{row},test,high" for row in rows.splitlines())]
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_basin(folder)


@pytest.fixture(scope="session")
def storm() -> Scenario:
    """Two days on the tiny river with a storm over it, without noise and faults."""
    return Scenario.model_validate(
        {
            "name": "storm",
            "title": "A storm",
            "starts_at": datetime(2022, 6, 1, tzinfo=UTC),
            "ends_at": datetime(2022, 6, 3, tzinfo=UTC),
            "warm_up_days": 30,
            "noise": 0.0,
            "storms": [
                {"latitude": 50.47, "longitude": 5.95, "radius_km": 20, "at_h": 6, "duration_h": 5, "depth_mm": 90}
            ],
        }
    )
