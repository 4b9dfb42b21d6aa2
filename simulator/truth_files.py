"""Writing the truth: a tidy data set, a NetCDF-CF file and the list of injected faults."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from domain.basin import Basin
from domain.clock import format_utc
from domain.variables import VARIABLES, Variable
from simulator.truth import InjectedFault, Truth

COLUMNS = {
    Variable.RAIN: "precipitation_mm",
    Variable.LEVEL: "stage_m",
    Variable.DISCHARGE: "discharge_m3s",
    Variable.AIR_TEMPERATURE: "air_temperature_degC",
    Variable.HUMIDITY: "relative_humidity_percent",
    Variable.WIND_SPEED: "wind_speed_ms",
    Variable.TURBIDITY: "turbidity_ntu",
    Variable.PH: "ph",
    Variable.CONDUCTIVITY: "conductivity_us_cm",
}
DECIMALS = 4
STANDARD_NAMES = {
    Variable.LEVEL: "water_surface_height_above_reference_datum",
    Variable.DISCHARGE: "water_volume_transport_in_river_channel",
    Variable.RAIN: "lwe_thickness_of_precipitation_amount",
    Variable.AIR_TEMPERATURE: "air_temperature",
    Variable.HUMIDITY: "relative_humidity",
    Variable.WIND_SPEED: "wind_speed",
    Variable.TURBIDITY: "sea_water_turbidity",
    Variable.PH: "",
    Variable.CONDUCTIVITY: "",
}
CF_UNITS = {"m3/s": "m3 s-1", "m/s": "m s-1", "uS/cm": "uS cm-1", "NTU": "1", "pH": "1"}


def write_truth(folder: Path, truth: Truth, basin: Basin, faults: Sequence[InjectedFault]) -> None:
    """Write ``stations.csv``, ``observations.csv.gz``, ``dataset.json``, ``truth.nc`` and ``faults.csv``.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write_stations(folder / "stations.csv", basin, truth)
    _write_observations(folder / "observations.csv.gz", truth)
    _write_description(folder / "dataset.json", truth, basin)
    write_faults(folder / "faults.csv", faults)
    as_dataset(truth, basin).to_netcdf(folder / "truth.nc", engine="h5netcdf")


def write_faults(path: Path, faults: Sequence[InjectedFault]) -> None:
    """Write one row per injected fault."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["kind", "station_id", "variable", "from", "until", "detail"])
        for fault in faults:
            variable = fault.variable.value if fault.variable else ""
            span = (format_utc(fault.from_at), format_utc(fault.until_at))
            rows.writerow([fault.kind.value, fault.station_id, variable, *span, fault.detail])


def _write_stations(path: Path, basin: Basin, truth: Truth) -> None:
    network = basin.network
    by_node = {s.node_id: s.station_id for s in basin.stations.values() if s.node_id is not None}
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(
            ["station_id", "name", "river", "latitude", "longitude", "catchment_area_km2", "downstream_station_id"]
        )
        for station_id in truth.station_ids:
            station = basin.stations[station_id]
            area, below = "", ""
            if station.node_id is not None:
                area = f"{network.nodes[station.node_id].catchment_area_km2:g}"
                down = network.path_down(station.node_id)[1:]
                below = next((by_node[node_id] for node_id in down if node_id in by_node), "")
            rows.writerow([station_id, station.name, station.river, station.latitude, station.longitude, area, below])


def _write_observations(path: Path, truth: Truth) -> None:
    """Write one row per time and station, empty where a station does not measure."""
    times = [format_utc(step) for step in truth.steps]
    with gzip.GzipFile(path, "wb", compresslevel=4, mtime=0) as raw, io.TextIOWrapper(raw, "utf-8") as stream:
        stream.write(",".join(["time", "station_id", *COLUMNS.values()]) + "\n")
        for k, station_id in enumerate(truth.station_ids):
            table = np.stack([truth.measurable[variable][:, k] for variable in COLUMNS], axis=1)
            cells = [["" if text == "nan" else text for text in row] for row in _texts(table)]
            stream.writelines(f"{time},{station_id},{','.join(row)}\n" for time, row in zip(times, cells, strict=True))


def _texts(table: Any) -> list[list[str]]:
    rounded: list[list[str]] = np.char.mod(f"%.{DECIMALS}f", table).tolist()
    return rounded


def _write_description(path: Path, truth: Truth, basin: Basin) -> None:
    description = {
        "name": f"simulated truth on {basin.name}",
        "label": truth.label or "simulated, not measured",
        "step_minutes": 15,
        "begins": format_utc(truth.steps[0]),
        "ends": format_utc(truth.steps[-1]),
        "columns": {column: VARIABLES[variable].unit for variable, column in COLUMNS.items()},
        "attribution": basin.attribution,
        "water_balance_error": truth.ledger.error,
    }
    path.write_text(json.dumps(description, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def as_dataset(truth: Truth, basin: Basin) -> Any:
    """Return the truth as an ``xarray.Dataset`` by the CF conventions."""
    import xarray as xr

    times = np.array([step.replace(tzinfo=None) for step in truth.steps], dtype="datetime64[ns]")
    stations = [basin.stations[station_id] for station_id in truth.station_ids]
    nodes = [basin.network.nodes[node_id] for node_id in truth.node_ids]
    found: dict[str, Any] = {}
    for variable, values in truth.measurable.items():
        unit = VARIABLES[variable].unit
        attributes = {"units": CF_UNITS.get(unit, unit), "long_name": f"true {variable.value.replace('_', ' ')}"}
        if STANDARD_NAMES[variable]:
            attributes["standard_name"] = STANDARD_NAMES[variable]
        found[variable.value] = (("time", "station"), values.astype(np.float32), attributes)
    for name, values, unit, words in (
        ("node_discharge", truth.discharge, "m3 s-1", "true discharge that leaves a node"),
        ("catchment_rain", truth.catchment_rain, "mm", "true rain of the step on a local catchment"),
    ):
        found[name] = (("time", "node"), values.astype(np.float32), {"units": unit, "long_name": words})
    for name, values, unit in (
        ("lake_volume", truth.lake_volume, "m3"),
        ("lake_level", truth.lake_level, "m"),
        ("lake_inflow", truth.lake_inflow, "m3 s-1"),
    ):
        words = f"true {name.replace('_', ' ')}"
        found[name] = (("time", "dam"), values, {"units": unit, "long_name": words})
    return xr.Dataset(
        found,
        coords={
            "time": ("time", times, {"standard_name": "time"}),
            "station": ("station", list(truth.station_ids), {"cf_role": "timeseries_id"}),
            "latitude": ("station", [s.latitude for s in stations], {"units": "degrees_north"}),
            "longitude": ("station", [s.longitude for s in stations], {"units": "degrees_east"}),
            "node": ("node", list(truth.node_ids)),
            "node_latitude": ("node", [n.latitude for n in nodes], {"units": "degrees_north"}),
            "node_longitude": ("node", [n.longitude for n in nodes], {"units": "degrees_east"}),
            "dam": ("dam", list(truth.dam_ids)),
        },
        attrs={"Conventions": "CF-1.11", "title": f"Simulated truth, {basin.name}", "comment": truth.label},
    )
