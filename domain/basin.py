"""A river region as types: nodes, reaches, stations, dams, ratings, thresholds, communes.

All fields are SI except where the name says otherwise. ``source`` and ``confidence`` accompany every
row; ``confidence`` is ``high``, ``medium`` or ``estimated``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from domain.variables import Variable


class NodeRole(StrEnum):
    """What a node is to the network."""

    JUNCTION = "junction"
    INFLOW = "inflow"
    OUTLET = "outlet"


class Regulation(StrEnum):
    """How a reach conveys water: freely, or as part of a weir pool."""

    FREE = "free"
    POOL = "pool"


class StationKind(StrEnum):
    """What stands at a station."""

    RIVER = "river"
    POOL = "pool"
    RAIN = "rain"
    DAM = "dam"


class DamKind(StrEnum):
    """A reservoir stores water; a weir holds a pool level."""

    RESERVOIR = "reservoir"
    WEIR = "weir"


class Phase(StrEnum):
    """Flood phase that a threshold belongs to, in rising order."""

    PRE_ALERT = "pre_alert"
    ALERT = "alert"


class Origin(StrEnum):
    """Who set a threshold: an authority, or a documented rule of ours."""

    OFFICIAL = "official"
    SUGGESTED = "suggested"


@dataclass(frozen=True, slots=True)
class Node:
    """A point of the network. ``catchment_area_km2`` is all that drains to it, borders ignored."""

    node_id: str
    name: str
    river: str
    role: NodeRole
    latitude: float
    longitude: float
    elevation_m: float
    catchment_area_km2: float
    mean_discharge_m3s: float
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Reach:
    """A stretch of river between two nodes. ``slope`` is in m/m, ``width_m`` at bankfull."""

    reach_id: str
    from_node: str
    to_node: str
    river: str
    length_km: float
    slope: float
    width_m: float
    regulation: Regulation
    size_class: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Station:
    """A place that measures. Rain gauges have no node. ``interval_s`` is the expected spacing of readings."""

    station_id: str
    name: str
    kind: StationKind
    node_id: str | None
    river: str
    latitude: float
    longitude: float
    zero_m: float | None
    datum: str
    variables: tuple[Variable, ...]
    interval_s: int
    gauge_no: str
    operator: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Dam:
    """A reservoir or a movable weir on a node.

    Reservoir: ``volume_hm3`` at ``normal_level_m``; ``full_volume_hm3`` at ``maximum_level_m``;
    ``flood_reserve_hm3`` kept free in July; ``outlet_capacity_m3s`` through valves;
    ``spillway_capacity_m3s`` at ``maximum_level_m``. Weir: ``normal_level_m`` is the pool's target level,
    ``gates`` of which ``gates_available`` work, ``gate_width_m`` each. None: not known or not applicable.
    """

    dam_id: str
    name: str
    kind: DamKind
    node_id: str
    river: str
    latitude: float
    longitude: float
    normal_level_m: float | None
    maximum_level_m: float | None
    volume_hm3: float | None
    full_volume_hm3: float | None
    flood_reserve_hm3: float | None
    lake_area_ha: float | None
    outlet_capacity_m3s: float | None
    spillway_capacity_m3s: float | None
    gates: int | None
    gates_available: int | None
    gate_width_m: float | None
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Rating:
    """A power-law rating Q = a (h - h0)^b, valid from a date on.

    ``h0_m`` and ``h_gauged_max_m`` are above station zero; above the latter the rating is extrapolated.
    ``sd_relative`` is the relative standard deviation of Q inside the gauged range.
    """

    station_id: str
    valid_from: datetime
    a: float
    h0_m: float
    b: float
    sd_relative: float
    h_gauged_max_m: float
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Threshold:
    """A value at which a flood phase begins at a station. Several origins may stand side by side."""

    station_id: str
    variable: Variable
    phase: Phase
    value: float
    origin: Origin
    rule: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Commune:
    """A municipality by the river, named by its statistical code (NIS)."""

    nis: str
    name: str
    name_de: str
    province: str
    latitude: float
    longitude: float
    population: int
    rivers: tuple[str, ...]
    languages: tuple[str, ...]
    source: str
    confidence: str


@dataclass(frozen=True)
class RiverNetwork:
    """A forest of directed trees: every node has at most one reach leaving it."""

    nodes: Mapping[str, Node]
    reaches: Mapping[str, Reach]

    @cached_property
    def reach_from(self) -> Mapping[str, Reach]:
        """The one reach that leaves a node, by node id."""
        return {reach.from_node: reach for reach in self.reaches.values()}

    @cached_property
    def reaches_into(self) -> Mapping[str, tuple[Reach, ...]]:
        """The reaches that end in a node, by node id."""
        into: dict[str, list[Reach]] = {}
        for reach in self.reaches.values():
            into.setdefault(reach.to_node, []).append(reach)
        return {node_id: tuple(reaches) for node_id, reaches in into.items()}

    @cached_property
    def upstream_first(self) -> tuple[str, ...]:
        """Node ids so that every node comes after all nodes above it.

        Raises
        ------
        ValueError
            If the reaches form a cycle.
        """
        waiting = {node_id: len(self.reaches_into.get(node_id, ())) for node_id in self.nodes}
        ready = [node_id for node_id, count in waiting.items() if count == 0]
        order: list[str] = []
        while ready:
            node_id = ready.pop()
            order.append(node_id)
            reach = self.reach_from.get(node_id)
            if reach is not None:
                waiting[reach.to_node] -= 1
                if waiting[reach.to_node] == 0:
                    ready.append(reach.to_node)
        if len(order) < len(self.nodes):
            raise ValueError(f"cycle among nodes {sorted(set(self.nodes) - set(order))}")
        return tuple(order)

    def local_area_km2(self, node_id: str) -> float:
        """Area [km2] that drains to a node and to none of the nodes above it.

        It produces runoff inside the model, except at an inflow node, where the boundary series carries it.
        """
        above = sum(self.nodes[r.from_node].catchment_area_km2 for r in self.reaches_into.get(node_id, ()))
        return self.nodes[node_id].catchment_area_km2 - above

    def path_down(self, node_id: str) -> tuple[str, ...]:
        """Node ids from a node to the end of its tree, both included."""
        path = [node_id]
        while (reach := self.reach_from.get(path[-1])) is not None:
            path.append(reach.to_node)
        return tuple(path)


@dataclass(frozen=True)
class Basin:
    """Everything that a basin folder says, checked."""

    basin_id: str
    name: str
    timezone: str
    languages: tuple[str, ...]
    attribution: str
    folder: Path
    network: RiverNetwork
    stations: Mapping[str, Station]
    dams: Mapping[str, Dam]
    ratings: Sequence[Rating]
    thresholds: Sequence[Threshold]
    communes: Mapping[str, Commune]

    @cached_property
    def thresholds_at(self) -> Mapping[str, tuple[Threshold, ...]]:
        """Thresholds by station id; a station without any is absent."""
        found: dict[str, list[Threshold]] = {}
        for threshold in self.thresholds:
            found.setdefault(threshold.station_id, []).append(threshold)
        return {station_id: tuple(items) for station_id, items in found.items()}

    @cached_property
    def rating_of(self) -> Mapping[str, Rating]:
        """The newest rating by station id; a station without any is absent."""
        newest: dict[str, Rating] = {}
        for rating in sorted(self.ratings, key=lambda item: item.valid_from):
            newest[rating.station_id] = rating
        return newest
