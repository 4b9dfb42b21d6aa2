from __future__ import annotations

from pathlib import Path

from api.reach_station import station_of_reach
from domain.basin import (
    Basin,
    Node,
    NodeRole,
    Origin,
    Phase,
    Reach,
    Regulation,
    RiverNetwork,
    Station,
    StationKind,
    Threshold,
)
from domain.variables import Variable


def _node(node_id: str, river: str) -> Node:
    return Node(node_id, node_id, river, NodeRole.JUNCTION, 50.0, 5.0, 100.0, 10.0, 1.0, "", "")


def _reach(reach_id: str, ends: str, river: str, length_km: float = 1.0) -> Reach:
    return Reach(reach_id, ends[0], ends[1], river, length_km, 0.001, 10.0, Regulation.FREE, "", "", "")


def _station(node_id: str, river: str) -> Station:
    return Station(
        f"S{node_id}", "", StationKind.RIVER, node_id, river, 50.0, 5.0, None, "", (Variable.DISCHARGE,), 900,
        "", "", "", "",
    )  # fmt: skip


def _basin(reaches: list[Reach], stations: list[Station], without_threshold: str = "") -> Basin:
    nodes = {end: _node(end, reach.river) for reach in reaches for end in (reach.from_node, reach.to_node)}
    thresholds = [
        Threshold(station.station_id, Variable.DISCHARGE, Phase.ALERT, 10.0, Origin.SUGGESTED, "r", "", "")
        for station in stations
        if station.station_id != without_threshold
    ]
    return Basin(
        basin_id="t", name="t", timezone="UTC", languages=("fr",), attribution="", folder=Path(),
        network=RiverNetwork(nodes, {reach.reach_id: reach for reach in reaches}),
        stations={station.station_id: station for station in stations},
        dams={}, ratings=(), thresholds=thresholds, communes={},
    )  # fmt: skip


MAIN = [_reach("1", "AB", "Vesdre"), _reach("2", "BC", "Vesdre"), _reach("3", "CD", "Vesdre")]


def test_the_nearest_station_downstream_colours_a_reach() -> None:
    found = station_of_reach(_basin(MAIN, [_station("B", "Vesdre"), _station("D", "Vesdre")]))
    assert found == {"1": "SB", "2": "SD", "3": "SD"}


def test_below_the_last_station_the_nearest_upstream_does() -> None:
    found = station_of_reach(_basin(MAIN, [_station("A", "Vesdre"), _station("B", "Vesdre")]))
    assert found == {"1": "SB", "2": "SB", "3": "SB"}


def test_a_station_without_thresholds_colours_nothing() -> None:
    stations = [_station("B", "Vesdre"), _station("D", "Vesdre")]
    assert station_of_reach(_basin(MAIN, stations, without_threshold="SB"))["1"] == "SD"
    assert station_of_reach(_basin(MAIN, [stations[0]], without_threshold="SB")) == {"1": None, "2": None, "3": None}


def test_the_river_is_not_left_neither_down_nor_up() -> None:
    reaches = [*MAIN, _reach("4", "EC", "Hoegne"), _reach("5", "DF", "Ourthe")]
    found = station_of_reach(_basin(reaches, [_station("F", "Ourthe"), _station("C", "Vesdre")]))
    assert found == {"1": "SC", "2": "SC", "3": "SC", "4": None, "5": "SF"}


def test_of_two_arms_of_one_name_the_nearer_counts() -> None:
    reaches = [_reach("1", "AC", "Ourthe", 9.0), _reach("2", "BC", "Ourthe", 2.0), _reach("3", "CD", "Ourthe")]
    found = station_of_reach(_basin(reaches, [_station("A", "Ourthe"), _station("B", "Ourthe")]))
    assert found == {"1": "SA", "2": "SB", "3": "SB"}


def test_every_reach_of_wallonia_has_an_answer(wallonia: Basin) -> None:
    found = station_of_reach(wallonia)
    assert set(found) == set(wallonia.network.reaches)
    for reach_id, station_id in found.items():
        if station_id is not None:
            assert wallonia.stations[station_id].river == wallonia.network.reaches[reach_id].river
            assert station_id in wallonia.thresholds_at
