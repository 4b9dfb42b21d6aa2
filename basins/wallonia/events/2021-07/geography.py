"""Where things lie: kilometres, sub-catchment centroids, inverse-distance weights, provinces, named areas."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from domain.basin import Basin, RiverNetwork, Station, StationKind

Floats = NDArray[np.float64]

# First digit of a commune's NIS code (two for Brabant wallon) tells its province.
PROVINCE_OF_NIS = {"25": "Brabant", "5": "Hainaut", "6": "Liège", "8": "Luxembourg", "9": "Namur"}

# Named areas of forecasts and readings: everything that drains to a node.
AREA_OUTLETS = {
    "Meuse": "MEU_SINTPIETER",
    "Ourthe": "OUR_CHENEE",
    "Vesdre": "VES_CHAUDFONTAINE",
    "Amblève": "AMB_MARTINRIVE",
}

# Nodes whose local catchment is French: no part of the "Belgian Meuse".
FRENCH_NODES = frozenset({"MEU_MONTHERME", "MEU_VIREUX", "MEU_CHOOZ", "MEU_GIVET", "SAM_SOLRE"})

# Elevation [m] of rain gauges for which the basin's table has none: general knowledge, estimated.
GAUGE_ELEVATION_M = {
    "RAIN_PETIGNY_BARRAGE": 290.0,
    "RAIN_CUL_DES_SARTS": 320.0,
    "RAIN_BOUSSU_EN_FAGNE": 180.0,
    "RAIN_RACHAMPS_NOVILLE": 495.0,
    "RAIN_ORTHO": 410.0,
    "RAIN_SAINT_HUBERT": 557.0,
    "RAIN_TAILLES": 625.0,
    "RAIN_SART_TILMAN": 240.0,
    "RAIN_OUFFET": 260.0,
    "RAIN_MEAN": 240.0,
    "RAIN_EREZEE": 300.0,
    "RAIN_MARCHE": 220.0,
}

# The valley of Sambre and Meuse as (longitude, latitude), west to east.
SAMBRE_MEUSE_LINE = ((4.14, 50.31), (4.44, 50.40), (4.87, 50.46), (5.23, 50.52), (5.58, 50.63), (5.70, 50.73))


def rain_gauges(basin: Basin) -> tuple[Station, ...]:
    """Return the rain gauges in the order of the basin's table."""
    return tuple(s for s in basin.stations.values() if s.kind is StationKind.RAIN)


def gauge_elevations(gauges: Sequence[Station]) -> Floats:
    """Return the elevation [m] of each gauge, shape [gauge]."""
    return np.array([GAUGE_ELEVATION_M[g.station_id] if g.zero_m is None else g.zero_m for g in gauges])


def kilometres(latitudes: Sequence[float], longitudes: Sequence[float]) -> Floats:
    """Return positions [km] east and north of 50.3 N 5.2 E on a local plane, shape [point, 2]."""
    east = (np.asarray(longitudes) - 5.2) * 111.32 * math.cos(math.radians(50.3))
    north = (np.asarray(latitudes) - 50.3) * 111.2
    return np.column_stack([east, north])


def gauge_positions(gauges: Sequence[Station]) -> Floats:
    """Return positions [km] of gauges, shape [gauge, 2]."""
    return kilometres([g.latitude for g in gauges], [g.longitude for g in gauges])


def south_of_sambre_meuse(gauges: Sequence[Station]) -> NDArray[np.bool_]:
    """Tell which gauges lie south of the line of Sambre and Meuse, shape [gauge]."""
    longitudes, latitudes = zip(*SAMBRE_MEUSE_LINE, strict=True)
    line = np.interp([g.longitude for g in gauges], longitudes, latitudes)
    return np.array([g.latitude for g in gauges]) < line


def centroid(network: RiverNetwork, node_id: str) -> tuple[float, float]:
    """Return (latitude, longitude) of a local catchment: the mean of its node and of the nodes just above."""
    points = [network.nodes[node_id]]
    points += [network.nodes[reach.from_node] for reach in network.reaches_into.get(node_id, ())]
    return (
        sum(p.latitude for p in points) / len(points),
        sum(p.longitude for p in points) / len(points),
    )


def inverse_distance_weights(gauges: Sequence[Station], targets: Floats, nearest: int = 5) -> Floats:
    """Return the weights [target, gauge] of the nearest gauges by inverse squared distance; rows sum to 1."""
    distance = np.linalg.norm(targets[:, None, :] - gauge_positions(gauges)[None, :, :], axis=2)
    weights = 1.0 / (distance + 0.5) ** 2
    cut = np.sort(weights, axis=1)[:, [-nearest]]
    weights = np.where(weights >= cut, weights, 0.0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def areal_weights(basin: Basin, gauges: Sequence[Station], node_ids: Sequence[str]) -> Floats:
    """Return gauge weights [gauge] of an area: its local catchments weighted by their size."""
    network = basin.network
    centroids = [centroid(network, node_id) for node_id in node_ids]
    per_node = inverse_distance_weights(gauges, kilometres(*zip(*centroids, strict=True)))
    sizes = np.array([network.local_area_km2(node_id) for node_id in node_ids])
    return np.asarray(sizes @ per_node / sizes.sum())


def upstream_of(network: RiverNetwork, outlet: str) -> tuple[str, ...]:
    """Return the nodes that drain to an outlet, itself included, in the order of the basin's table."""
    return tuple(node_id for node_id in network.nodes if outlet in network.path_down(node_id))


def belgian_meuse(network: RiverNetwork) -> tuple[str, ...]:
    """Return the nodes of the Meuse basin whose local catchment is not French."""
    return tuple(n for n in upstream_of(network, AREA_OUTLETS["Meuse"]) if n not in FRENCH_NODES)


def area_rows(basin: Basin) -> list[tuple[str, str, str]]:
    """Return (area, node_id, method) for every province and named area; each node lies in one province."""
    outlines = _province_outlines(basin)
    rows: list[tuple[str, str, str]] = []
    for node in basin.network.nodes.values():
        inside = next((p for p, ring in outlines if _contains(ring, node.longitude, node.latitude)), None)
        if inside is not None:
            rows.append((inside, node.node_id, "inside"))
        else:
            nearest = min(outlines, key=lambda item: _distance(item[1], node.longitude, node.latitude))[0]
            rows.append((nearest, node.node_id, "nearest"))
    rows.sort(key=lambda row: row[0])
    for area, outlet in AREA_OUTLETS.items():
        rows += [(area, node_id, "drains to " + outlet) for node_id in upstream_of(basin.network, outlet)]
    return rows


def _province_outlines(basin: Basin) -> list[tuple[str, Floats]]:
    """Return (province, outer ring [point, lon/lat]) of every commune."""
    path = basin.folder / "geometry" / "communes.geojson"
    outlines = []
    for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
        province = _province(feature["properties"]["nis"])
        geometry: Mapping[str, list[list[list[float]]]] = feature["geometry"]
        parts = geometry["coordinates"] if feature["geometry"]["type"] == "MultiPolygon" else [geometry["coordinates"]]
        outlines += [(province, np.array(part[0])) for part in parts]
    return outlines


def _province(nis: str) -> str:
    return next(name for prefix, name in PROVINCE_OF_NIS.items() if nis.startswith(prefix))


def _contains(ring: Floats, longitude: float, latitude: float) -> bool:
    """Tell whether a point lies inside a ring: an eastward ray crosses it an odd number of times."""
    (x0, y0), (x1, y1) = ring[:-1].T, ring[1:].T
    spans = (y0 > latitude) != (y1 > latitude)
    crossing = x0[spans] + (latitude - y0[spans]) * (x1[spans] - x0[spans]) / (y1[spans] - y0[spans])
    return bool(np.count_nonzero(crossing > longitude) % 2)


def _distance(ring: Floats, longitude: float, latitude: float) -> float:
    """Return the distance [km] from a point to the nearest corner of a ring."""
    here = kilometres([latitude], [longitude])
    return float(np.linalg.norm(kilometres(ring[:, 1], ring[:, 0]) - here, axis=1).min())
