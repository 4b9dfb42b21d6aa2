"""Made-up river networks: for verification, property tests and benchmarks, never for forecasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from domain.basin import Basin, Dam, Node, NodeRole, Reach, Regulation, RiverNetwork

SOURCE = "synthetic"
# Mean flow of humid hills [m3/s per km2].
MEAN_YIELD = 0.012


@dataclass(frozen=True)
class TreeShape:
    """Make-up of a synthetic network, the same for every reach unless given one by one."""

    length_km: float | Sequence[float] = 8.0
    slope: float = 0.002
    local_area_km2: float = 40.0
    pools: frozenset[int] = frozenset()
    inflows: frozenset[int] = frozenset()


def tree_basin(
    downstream: Sequence[int], shape: TreeShape | None = None, dams: Mapping[str, Dam] | None = None
) -> Basin:
    """Return a basin whose node ``N<i>`` flows to node ``N<downstream[i]>``, or out of the basin at -1.

    >>> basin = tree_basin([2, 2, -1])
    >>> basin.network.nodes["N2"].catchment_area_km2
    120.0
    """
    shape = shape or TreeShape()
    area = _drained(downstream, shape.local_area_km2)
    flow = [MEAN_YIELD * a for a in area]
    nodes = {f"N{i}": _node(i, below, area[i], flow[i], shape) for i, below in enumerate(downstream)}
    lengths = np.broadcast_to(np.asarray(shape.length_km, np.float64), len(downstream))
    reaches = {
        f"R{i}": Reach(
            reach_id=f"R{i}",
            from_node=f"N{i}",
            to_node=f"N{below}",
            river=SOURCE,
            length_km=float(lengths[i]),
            slope=shape.slope,
            width_m=max(1.0, 6.4 * flow[i] ** 0.5),
            regulation=Regulation.POOL if i in shape.pools else Regulation.FREE,
            size_class=SOURCE,
            source=SOURCE,
            confidence="estimated",
        )
        for i, below in enumerate(downstream)
        if below >= 0
    }
    return Basin(
        basin_id=SOURCE,
        name=SOURCE,
        timezone="UTC",
        languages=("en",),
        attribution="",
        folder=Path(),
        network=RiverNetwork(nodes, reaches),
        stations={},
        dams=dams or {},
        ratings=(),
        thresholds=(),
        communes={},
    )


def random_tree(sources: int, seed: int) -> list[int]:
    """Return the downstream index of each node of a random binary tree with so many sources.

    Every tree of that size is equally likely (Remy's algorithm), which is Shreve's model of river networks;
    the tree has 2 ``sources`` - 1 nodes. Reference: Shreve (1966), doi:10.1086/627137.
    """
    rng = np.random.default_rng(seed)
    downstream = [-1]
    for _ in range(sources - 1):
        cut = int(rng.integers(len(downstream)))
        joint = len(downstream)
        # A joint is put into the reach below ``cut``, and a new source flows to it.
        downstream += [downstream[cut], joint]
        downstream[cut] = joint
    return downstream


def _drained(downstream: Sequence[int], local_area_km2: float) -> list[float]:
    """Area [km2] above each node, itself included."""
    waiting = [0] * len(downstream)
    for below in downstream:
        if below >= 0:
            waiting[below] += 1
    area = [local_area_km2] * len(downstream)
    ready = [i for i, count in enumerate(waiting) if count == 0]
    while ready:
        below = downstream[i := ready.pop()]
        if below >= 0:
            area[below] += area[i]
            waiting[below] -= 1
            if waiting[below] == 0:
                ready.append(below)
    return area


def _node(number: int, below: int, area_km2: float, flow: float, shape: TreeShape) -> Node:
    role = NodeRole.OUTLET if below < 0 else NodeRole.INFLOW if number in shape.inflows else NodeRole.JUNCTION
    return Node(
        node_id=f"N{number}",
        name=f"N{number}",
        river=SOURCE,
        role=role,
        latitude=50.0 + 0.01 * (number % 50),
        longitude=5.0 + 0.01 * (number // 50),
        elevation_m=300.0,
        catchment_area_km2=area_km2,
        mean_discharge_m3s=flow,
        source=SOURCE,
        confidence="estimated",
    )
