"""Synthetic river basins of any size, for benchmarks and tests: no data of any real place.

The tree is a random binary tree (Remy 1985, doi:10.1051/ita/1985190201791): topologically random
networks are Shreve's model of natural ones (Shreve 1966, doi:10.1086/627137).
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domain.basin import (
    Basin,
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
from domain.variables import Variable

SOURCE = "synthetic"
LEAF_AREA_KM2 = 12.0
LINK_AREA_KM2 = 6.0
RUNOFF_M3S_PER_KM2 = 0.013


def synthetic_basin(reaches: int, gauges: int, rain_gauges: int, seed: int = 1) -> Basin:
    """Make a basin of about ``reaches`` reaches with one outlet, one border, one reservoir.

    Parameters
    ----------
    reaches
        Wanted number of reaches; a binary tree has an even number, so one more may come.
    gauges
        River gauges, spread over the larger rivers.
    rain_gauges
        Rain gauges, spread over the basin.
    """
    rng = np.random.default_rng(seed)
    downstream = random_tree(reaches // 2 + 1, rng)
    area = _areas(downstream)
    places = _places(downstream, rng)
    border = int(np.flatnonzero(_is_leaf(downstream))[0])
    nodes = {f"N{i}": _node(i, i == border, downstream, area, places) for i in range(len(downstream))}
    arcs = {f"E{i}": _reach(i, int(d), area, rng) for i, d in enumerate(downstream) if d >= 0}
    gauged = _gauged(area, downstream, gauges, border)
    stations = {f"G{i}": _river_gauge(i, nodes[f"N{i}"]) for i in gauged}
    stations |= {f"R{i}": _rain_gauge(i, nodes, rng) for i in range(rain_gauges)}
    dam_node = _dam_node(area, downstream, gauged, border)
    stations["DAM"] = _dam_station(nodes[f"N{dam_node}"])
    return Basin(
        basin_id="synthetic",
        name="Synthetic basin",
        timezone="UTC",
        languages=("en",),
        attribution=SOURCE,
        folder=Path(),
        network=RiverNetwork(nodes, arcs),
        stations=stations,
        dams={"DAM": _dam(f"N{dam_node}", area[dam_node])},
        ratings=[_rating(i, area[i]) for i in gauged],
        thresholds=[t for i in gauged for t in _thresholds(i, area[i])],
        communes={},
    )


def random_tree(leaves: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the node below each node (-1 at the outlet) of a random binary tree with ``leaves`` heads."""
    below = [-1]
    for _ in range(leaves - 1):
        # Remy: a random node gets a new parent, which takes its place and a new leaf beside it.
        chosen = int(rng.integers(len(below)))
        parent, leaf = len(below), len(below) + 1
        below += [below[chosen], parent]
        below[chosen] = parent
        assert leaf == len(below) - 1
    return np.array(below)


def _is_leaf(downstream: NDArray[np.int64]) -> NDArray[np.bool_]:
    leaf = np.ones(len(downstream), dtype=bool)
    leaf[downstream[downstream >= 0]] = False
    return leaf


def _upstream_first(downstream: NDArray[np.int64]) -> list[int]:
    waiting = np.bincount(downstream[downstream >= 0], minlength=len(downstream))
    ready = [int(i) for i in np.flatnonzero(waiting == 0)]
    order = []
    while ready:
        node = ready.pop()
        order.append(node)
        below = int(downstream[node])
        if below >= 0:
            waiting[below] -= 1
            if waiting[below] == 0:
                ready.append(below)
    return order


def _areas(downstream: NDArray[np.int64]) -> NDArray[np.float64]:
    area = np.where(_is_leaf(downstream), LEAF_AREA_KM2, LINK_AREA_KM2)
    for node in _upstream_first(downstream):
        if downstream[node] >= 0:
            area[downstream[node]] += area[node]
    return area


def _places(downstream: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Place nodes [degree] upstream of each other in directions that wander."""
    places = np.zeros((len(downstream), 2))
    heading = np.zeros(len(downstream))
    for node in reversed(_upstream_first(downstream)):
        below = int(downstream[node])
        if below < 0:
            places[node], heading[node] = (50.0, 5.0), -math.pi / 4
            continue
        heading[node] = heading[below] + rng.normal(0.0, 0.7)
        places[node] = places[below] + 0.03 * np.array([math.sin(heading[node]), 1.5 * math.cos(heading[node])])
    spread = np.abs(places - places.mean(axis=0)).max(axis=0)
    # Whatever the size, the basin covers about two degrees.
    return (places - places.mean(axis=0)) / np.maximum(spread, 1e-9) + np.array([50.3, 5.0])


def _node(
    i: int, is_border: bool, downstream: NDArray[np.int64], area: NDArray[np.float64], places: NDArray[np.float64]
) -> Node:
    role = NodeRole.INFLOW if is_border else NodeRole.OUTLET if downstream[i] < 0 else NodeRole.JUNCTION
    return Node(
        f"N{i}",
        f"node {i}",
        "River",
        role,
        float(places[i, 0]),
        float(places[i, 1]),
        100.0,
        float(area[i]),
        RUNOFF_M3S_PER_KM2 * float(area[i]),
        SOURCE,
        "estimated",
    )


def _reach(i: int, below: int, area: NDArray[np.float64], rng: np.random.Generator) -> Reach:
    width = max(2.0, 6.4 * math.sqrt(RUNOFF_M3S_PER_KM2 * area[i]))
    slope = 0.012 * (area[i] / LEAF_AREA_KM2) ** -0.35
    return Reach(
        f"E{i}",
        f"N{i}",
        f"N{below}",
        "River",
        float(rng.uniform(2.0, 6.0)),
        slope,
        width,
        Regulation.FREE,
        "river",
        SOURCE,
        "estimated",
    )


def _gauged(area: NDArray[np.float64], downstream: NDArray[np.int64], gauges: int, border: int) -> list[int]:
    inner = [int(i) for i in np.argsort(-area) if downstream[i] >= 0 and i != border]
    spacing = max(1, len(inner) // max(gauges, 1))
    return inner[::spacing][:gauges]


def _dam_node(area: NDArray[np.float64], downstream: NDArray[np.int64], gauged: list[int], border: int) -> int:
    free = [i for i in np.argsort(area) if downstream[i] >= 0 and i != border and int(i) not in gauged]
    return int(free[len(free) // 2])


def _river_gauge(i: int, node: Node) -> Station:
    return Station(
        f"G{i}",
        f"Gauge {i}",
        StationKind.RIVER,
        node.node_id,
        "River",
        node.latitude,
        node.longitude,
        None,
        "",
        (Variable.LEVEL, Variable.DISCHARGE),
        900,
        "",
        SOURCE,
        SOURCE,
        "estimated",
    )


def _rain_gauge(i: int, nodes: dict[str, Node], rng: np.random.Generator) -> Station:
    beside = nodes[f"N{int(rng.integers(len(nodes)))}"]
    return Station(
        f"R{i}",
        f"Rain gauge {i}",
        StationKind.RAIN,
        None,
        "",
        beside.latitude + float(rng.normal(0.0, 0.05)),
        beside.longitude + float(rng.normal(0.0, 0.05)),
        None,
        "",
        (Variable.RAIN,),
        900,
        "",
        SOURCE,
        SOURCE,
        "estimated",
    )


def _dam_station(node: Node) -> Station:
    return Station(
        "DAM",
        "Dam",
        StationKind.DAM,
        node.node_id,
        "River",
        node.latitude,
        node.longitude,
        None,
        "",
        (Variable.LEVEL, Variable.DISCHARGE),
        900,
        "",
        SOURCE,
        SOURCE,
        "estimated",
    )


def _dam(node_id: str, area_km2: float) -> Dam:
    volume = 0.08 * area_km2
    return Dam(
        "DAM",
        "Dam",
        DamKind.RESERVOIR,
        node_id,
        "River",
        50.3,
        5.0,
        normal_level_m=300.0,
        maximum_level_m=303.0,
        volume_hm3=volume,
        full_volume_hm3=1.2 * volume,
        flood_reserve_hm3=0.1 * volume,
        lake_area_ha=20.0 * volume / 3.0,
        outlet_capacity_m3s=0.1 * area_km2,
        spillway_capacity_m3s=1.0 * area_km2,
        gates=None,
        gates_available=None,
        gate_width_m=None,
        source=SOURCE,
        confidence="estimated",
    )


def _rating(i: int, area_km2: float) -> Rating:
    return Rating(
        f"G{i}",
        datetime(1970, 1, 1, tzinfo=UTC),
        a=12.0 * math.sqrt(RUNOFF_M3S_PER_KM2 * area_km2),
        h0_m=0.0,
        b=1.8,
        sd_relative=0.12,
        h_gauged_max_m=1.5,
        source=SOURCE,
        confidence="estimated",
    )


def _thresholds(i: int, area_km2: float) -> tuple[Threshold, ...]:
    alert = 8.0 * RUNOFF_M3S_PER_KM2 * area_km2
    return tuple(
        Threshold(
            f"G{i}", Variable.DISCHARGE, phase, share * alert, Origin.SUGGESTED, "multiple of the mean flow", SOURCE, ""
        )
        for phase, share in ((Phase.PRE_ALERT, 0.6), (Phase.ALERT, 1.0))
    )
