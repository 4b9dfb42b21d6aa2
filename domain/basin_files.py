"""Reading and checking a basin folder (``basins/<region>/``). Every fault is listed, not the first alone."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from domain.basin import (
    Basin,
    Commune,
    Dam,
    DamKind,
    Node,
    NodeRole,
    Origin,
    Phase,
    Rating,
    Reach,
    Regulation,
    RiverNetwork,
    Station,
    StationKind,
    Threshold,
)
from domain.errors import BasinError
from domain.readings import is_id
from domain.tables import Row, choice, count, count_or_none, instant, listed, number, number_or_none, read_table
from domain.variables import VARIABLES, Variable

T = TypeVar("T")

LONGEST_INTERVAL_S: Final = 86_400


def read_basin(folder: Path) -> Basin:
    """Read a basin folder.

    Raises
    ------
    BasinError
        With one sentence per fault, all of them, when the folder cannot be used.
    """
    faults: list[str] = []
    meta = _read_meta(folder, faults)
    nodes = read_table(folder / "nodes.csv", "node", _node, faults)
    reaches = read_table(folder / "reaches.csv", "reach", _reach, faults)
    stations = read_table(folder / "stations.csv", "station", _station, faults)
    dams = read_table(folder / "dams.csv", "dam", _dam, faults)
    ratings = read_table(folder / "ratings.csv", "rating", _rating, faults)
    thresholds = read_table(folder / "thresholds.csv", "threshold", _threshold, faults)
    communes = read_table(folder / "communes.csv", "commune", _commune, faults)
    basin = Basin(
        basin_id=meta.get("id", ""),
        name=meta.get("name", ""),
        timezone=meta.get("timezone", "UTC"),
        languages=tuple(meta.get("languages", ("en",))),
        attribution=meta.get("attribution", ""),
        folder=folder,
        network=RiverNetwork(
            nodes=_by_id(nodes, "node", lambda n: n.node_id, faults),
            reaches=_by_id(reaches, "reach", lambda r: r.reach_id, faults),
        ),
        stations=_by_id(stations, "station", lambda s: s.station_id, faults),
        dams=_by_id(dams, "dam", lambda d: d.dam_id, faults),
        ratings=ratings,
        thresholds=thresholds,
        communes=_by_id(communes, "commune", lambda c: c.nis, faults),
    )
    faults.extend(_check(basin))
    if faults:
        raise BasinError(faults)
    return basin


def _read_meta(folder: Path, faults: list[str]) -> Mapping[str, Any]:
    path = folder / "basin.toml"
    try:
        meta = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        faults.append(f"{path.name}: file is missing in {folder}")
        return {}
    except OSError as error:
        faults.append(f"{path.name} in {folder}: {error.strerror}")
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        faults.append(f"{path.name}: {error}")
        return {}
    if not is_id(str(meta.get("id", ""))):
        faults.append("basin.toml: id must be 1 to 40 letters, digits, _ or -")
    faults.extend(
        f"basin.toml: {key} must be a text"
        for key in ("id", "name", "timezone", "attribution")
        if not isinstance(meta.get(key, ""), str)
    )
    languages = meta.get("languages", ["en"])
    if not isinstance(languages, list) or not all(isinstance(language, str) for language in languages):
        faults.append('basin.toml: languages must be a list of texts such as ["fr", "de"]')
        return {**meta, "languages": ()}
    return meta


def _node(row: Row) -> Node:
    return Node(
        node_id=row["node_id"],
        name=row["name"],
        river=row["river"],
        role=choice(row, "role", NodeRole),
        latitude=number(row, "latitude"),
        longitude=number(row, "longitude"),
        elevation_m=number(row, "elevation_m"),
        catchment_area_km2=number(row, "catchment_area_km2"),
        mean_discharge_m3s=number(row, "mean_discharge_m3s"),
        source=row["source"],
        confidence=row["confidence"],
    )


def _reach(row: Row) -> Reach:
    return Reach(
        reach_id=row["reach_id"],
        from_node=row["from_node"],
        to_node=row["to_node"],
        river=row["river"],
        length_km=number(row, "length_km"),
        slope=number(row, "slope_m_per_km") / 1000.0,
        width_m=number(row, "width_m"),
        regulation=choice(row, "regulation", Regulation),
        size_class=row["size_class"],
        source=row["source"],
        confidence=row["confidence"],
    )


def _station(row: Row) -> Station:
    return Station(
        station_id=row["station_id"],
        name=row["name"],
        kind=choice(row, "kind", StationKind),
        node_id=row["node_id"] or None,
        river=row["river"],
        latitude=number(row, "latitude"),
        longitude=number(row, "longitude"),
        zero_m=number_or_none(row, "zero_m"),
        datum=row["datum"],
        variables=tuple(choice({"variables": name}, "variables", Variable) for name in listed(row["variables"])),
        interval_s=count(row, "interval_s"),
        gauge_no=row["gauge_no"],
        operator=row["operator"],
        source=row["source"],
        confidence=row["confidence"],
    )


def _dam(row: Row) -> Dam:
    return Dam(
        dam_id=row["dam_id"],
        name=row["name"],
        kind=choice(row, "kind", DamKind),
        node_id=row["node_id"],
        river=row["river"],
        latitude=number(row, "latitude"),
        longitude=number(row, "longitude"),
        normal_level_m=number_or_none(row, "normal_level_m"),
        maximum_level_m=number_or_none(row, "maximum_level_m"),
        volume_hm3=number_or_none(row, "volume_hm3"),
        full_volume_hm3=number_or_none(row, "full_volume_hm3"),
        flood_reserve_hm3=number_or_none(row, "flood_reserve_hm3"),
        lake_area_ha=number_or_none(row, "lake_area_ha"),
        outlet_capacity_m3s=number_or_none(row, "outlet_capacity_m3s"),
        spillway_capacity_m3s=number_or_none(row, "spillway_capacity_m3s"),
        gates=count_or_none(row, "gates"),
        gates_available=count_or_none(row, "gates_available"),
        gate_width_m=number_or_none(row, "gate_width_m"),
        source=row["source"],
        confidence=row["confidence"],
    )


def _rating(row: Row) -> Rating:
    return Rating(
        station_id=row["station_id"],
        valid_from=instant(row, "valid_from"),
        a=number(row, "a"),
        h0_m=number(row, "h0_m"),
        b=number(row, "b"),
        sd_relative=number(row, "sd_relative"),
        h_gauged_max_m=number(row, "h_gauged_max_m"),
        source=row["source"],
        confidence=row["confidence"],
    )


def _threshold(row: Row) -> Threshold:
    return Threshold(
        station_id=row["station_id"],
        variable=choice(row, "variable", Variable),
        phase=choice(row, "phase", Phase),
        value=number(row, "value"),
        origin=choice(row, "origin", Origin),
        rule=row["rule"],
        source=row["source"],
        confidence=row["confidence"],
    )


def _commune(row: Row) -> Commune:
    return Commune(
        nis=row["nis"],
        name=row["name"],
        name_de=row["name_de"],
        province=row["province"],
        latitude=number(row, "latitude"),
        longitude=number(row, "longitude"),
        population=count(row, "population"),
        rivers=listed(row["rivers"]),
        languages=listed(row["languages"]),
        source=row["source"],
        confidence=row["confidence"],
    )


def _by_id(items: Sequence[T], what: str, key: Callable[[T], str], faults: list[str]) -> Mapping[str, T]:
    for item_id, times in Counter(map(key, items)).items():
        if times > 1:
            faults.append(f"{what} {item_id}: id is used {times} times")
    return {key(item): item for item in items}


def _check(basin: Basin) -> Iterator[str]:
    """Yield every fault that rows have together or against physics."""
    yield from _check_ids(basin)
    yield from _check_reaches(basin.network)
    yield from _check_tree(basin.network)
    yield from _check_nodes_and_areas(basin.network)
    yield from _check_references(basin)
    yield from _check_ratings_and_thresholds(basin)
    yield from _check_dams(basin)


def _check_ids(basin: Basin) -> Iterator[str]:
    groups = {
        "node": basin.network.nodes,
        "reach": basin.network.reaches,
        "station": basin.stations,
        "dam": basin.dams,
        "commune": basin.communes,
    }
    for what, items in groups.items():
        for item_id in items:
            if not is_id(item_id):
                yield f"{what} {item_id!r}: id must be 1 to 40 letters, digits, _ or -"


def _check_reaches(network: RiverNetwork) -> Iterator[str]:
    for reach in network.reaches.values():
        for end in (reach.from_node, reach.to_node):
            if end not in network.nodes:
                yield f"reach {reach.reach_id}: node {end} does not exist"
        if reach.slope <= 0:
            yield f"reach {reach.reach_id}: slope must be positive, is {reach.slope * 1000:g} m/km"
        if reach.length_km <= 0:
            yield f"reach {reach.reach_id}: length must be positive, is {reach.length_km:g} km"
        if reach.width_m <= 0:
            yield f"reach {reach.reach_id}: width must be positive, is {reach.width_m:g} m"


def _check_tree(network: RiverNetwork) -> Iterator[str]:
    leaving = Counter(reach.from_node for reach in network.reaches.values())
    for node in network.nodes.values():
        if leaving[node.node_id] > 1:
            yield f"node {node.node_id}: {leaving[node.node_id]} reaches leave it; a bifurcation is not allowed"
        if leaving[node.node_id] == 0 and node.role is not NodeRole.OUTLET:
            yield f"node {node.node_id}: the river ends here but the node is not declared outlet"
        if leaving[node.node_id] > 0 and node.role is NodeRole.OUTLET:
            yield f"node {node.node_id}: is declared outlet but a reach leaves it"
    yield from _cycles(network)


def _cycles(network: RiverNetwork) -> Iterator[str]:
    """Yield one fault for each cycle, naming its nodes in flow order."""
    next_node = {reach.from_node: reach.to_node for reach in network.reaches.values()}
    seen: set[str] = set()
    for start in next_node:
        path: list[str] = []
        here: str | None = start
        while here is not None and here not in seen:
            seen.add(here)
            path.append(here)
            here = next_node.get(here)
        if here in path:
            ring = path[path.index(here) :]
            yield f"nodes {' -> '.join([*ring, here])}: the river flows in a circle"


def _check_nodes_and_areas(network: RiverNetwork) -> Iterator[str]:
    for node in network.nodes.values():
        if not (-90 <= node.latitude <= 90 and -180 <= node.longitude <= 180):
            yield f"node {node.node_id}: position {node.latitude}, {node.longitude} is not on Earth"
        if node.mean_discharge_m3s < 0:
            yield f"node {node.node_id}: mean discharge must not be negative, is {node.mean_discharge_m3s:g} m3/s"
        if node.catchment_area_km2 <= 0:
            yield f"node {node.node_id}: catchment area must be positive, is {node.catchment_area_km2:g} km2"
    ends_known = all(r.from_node in network.nodes for r in network.reaches.values())
    if not ends_known:
        return
    for node_id in network.nodes:
        local = network.local_area_km2(node_id)
        if local < 0:
            yield f"node {node_id}: its catchment is {-local:g} km2 smaller than those of the nodes just above it"


def _check_references(basin: Basin) -> Iterator[str]:
    nodes = basin.network.nodes
    for station in basin.stations.values():
        if station.node_id is not None and station.node_id not in nodes:
            yield f"station {station.station_id}: node {station.node_id} does not exist"
        if station.node_id is None and station.kind is not StationKind.RAIN:
            yield f"station {station.station_id}: a {station.kind.value} station needs a node"
        if not station.variables:
            yield f"station {station.station_id}: measures nothing"
        if station.interval_s <= 0:
            yield f"station {station.station_id}: interval must be positive, is {station.interval_s} s"
        if station.interval_s > LONGEST_INTERVAL_S:
            yield f"station {station.station_id}: interval must be at most a day, is {station.interval_s:g} s"
        if not (-90 <= station.latitude <= 90 and -180 <= station.longitude <= 180):
            yield f"station {station.station_id}: position {station.latitude}, {station.longitude} is not on Earth"
    for dam in basin.dams.values():
        if dam.node_id not in nodes:
            yield f"dam {dam.dam_id}: node {dam.node_id} does not exist"


def _check_ratings_and_thresholds(basin: Basin) -> Iterator[str]:
    for rating in basin.ratings:
        if rating.station_id not in basin.stations:
            yield f"rating of {rating.station_id}: station does not exist"
        if rating.a <= 0 or rating.b <= 0:
            yield f"rating of {rating.station_id}: a and b must be positive, are {rating.a:g} and {rating.b:g}"
        if rating.sd_relative <= 0:
            yield f"rating of {rating.station_id}: standard deviation must be positive, is {rating.sd_relative:g}"
    for threshold in basin.thresholds:
        where = f"threshold {threshold.phase.value} of {threshold.station_id}"
        station = basin.stations.get(threshold.station_id)
        if station is None:
            yield f"{where}: station does not exist"
        elif threshold.variable not in station.variables:
            yield f"{where}: the station does not measure {threshold.variable.value}, so it would never be reached"
        if not VARIABLES[threshold.variable].minimum <= threshold.value <= VARIABLES[threshold.variable].maximum:
            yield f"{where}: {threshold.value:g} {VARIABLES[threshold.variable].unit} is not possible"
        if threshold.origin is Origin.SUGGESTED and not threshold.rule:
            yield f"{where}: a suggested threshold must name its rule"
    yield from _check_phases(basin.thresholds)


def _check_phases(thresholds: Sequence[Threshold]) -> Iterator[str]:
    """Yield a fault for each pre-alert that would come after its alert."""
    value_of = {(t.station_id, t.variable, t.origin, t.phase): t.value for t in thresholds}
    for (station_id, variable, origin, phase), value in value_of.items():
        alert = value_of.get((station_id, variable, origin, Phase.ALERT))
        if phase is Phase.PRE_ALERT and alert is not None and value > alert:
            yield (
                f"threshold pre_alert of {station_id}: {origin.value} {variable.value} {value:g} is above "
                f"the alert threshold {alert:g}"
            )


def _check_dams(basin: Basin) -> Iterator[str]:
    needs = {
        DamKind.RESERVOIR: (
            "normal_level_m",
            "maximum_level_m",
            "volume_hm3",
            "full_volume_hm3",
            "outlet_capacity_m3s",
            "spillway_capacity_m3s",
        ),
        DamKind.WEIR: ("normal_level_m", "gates", "gates_available", "gate_width_m"),
    }
    for dam in basin.dams.values():
        for field in needs[dam.kind]:
            if getattr(dam, field) is None:
                yield f"dam {dam.dam_id}: a {dam.kind.value} needs {field}"
        if any(part is not None and part < 0 for part in (dam.gates, dam.gates_available, dam.gate_width_m)):
            yield f"dam {dam.dam_id}: gates and their width must not be negative"
        if dam.gates is not None and dam.gates_available is not None and dam.gates_available > dam.gates:
            yield f"dam {dam.dam_id}: {dam.gates_available} gates available of {dam.gates}"
        if dam.full_volume_hm3 is not None and dam.volume_hm3 is not None and dam.full_volume_hm3 < dam.volume_hm3:
            yield f"dam {dam.dam_id}: full volume is smaller than the volume at normal level"
