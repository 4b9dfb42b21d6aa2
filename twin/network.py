"""The river network as arrays, in the order in which one sweep visits it.

Nodes come upstream first, depth first, the tributary of larger Strahler order first. In this order the
flows that wait for their confluence form a stack that is never deeper than the Strahler order of the
network, so a sweep over a large network keeps its working set in cache.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from domain.basin import Basin, Dam, DamKind, NodeRole, Reach, Regulation, RiverNetwork

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.int32]

# A reach is cut into divisions about as long as a flood wave moves in one step of operation: there the
# scheme is most accurate. The wave speed is that of a wide channel at a few times the mean flow.
DIVISION_STEP_S = 900.0
DIVISION_ROUGHNESS = 0.045
DIVISION_FLOW_FACTOR = 6.0
DIVISION_COURANT = 0.75
MOST_DIVISIONS = 24


@dataclass(frozen=True)
class Topology:
    """A river network as arrays over its nodes; a reach stands at the node that it leaves.

    Indices are positions in the tuple of ids they point into, -1 where there is none. ``area_m2`` is the
    area that produces runoff at a node: zero at inflow nodes, where the boundary series carries it.
    ``divisions`` counts the pieces that a reach is routed in (one for a reach of a weir pool, none at the
    end of a river); ``first_division`` is the place of the first one among all ``division_count``.
    ``weir_below`` is the weir whose pool a node stands in. ``stack_depth`` is how many flows wait at most.
    """

    node_ids: tuple[str, ...]
    reach_ids: tuple[str | None, ...]
    downstream: IndexArray
    tributaries: IndexArray
    strahler: IndexArray
    stack_depth: int
    length_m: FloatArray
    slope: FloatArray
    width_m: FloatArray
    is_pool: NDArray[np.bool_]
    divisions: IndexArray
    first_division: IndexArray
    area_m2: FloatArray
    mean_discharge_m3s: FloatArray
    elevation_m: FloatArray
    latitude: FloatArray
    longitude: FloatArray
    catchment_ids: tuple[str, ...]
    catchment: IndexArray
    inflow_ids: tuple[str, ...]
    inflow: IndexArray
    reservoirs: tuple[Dam, ...]
    reservoir: IndexArray
    weirs: tuple[Dam, ...]
    weir: IndexArray
    weir_below: IndexArray
    pool_area_m2: FloatArray

    @classmethod
    def of(cls, basin: Basin) -> Topology:
        """Arrange the network of a basin.

        Raises
        ------
        ValueError
            If the reaches form a cycle, or two dams of one kind stand on one node.
        """
        network = basin.network
        strahler = _strahler(network)
        node_ids = _sweep_order(network, strahler)
        position = {node_id: index for index, node_id in enumerate(node_ids)}
        reaches = [network.reach_from.get(node_id) for node_id in node_ids]
        downstream = _index([position[r.to_node] if r else -1 for r in reaches])
        nodes = [network.nodes[node_id] for node_id in node_ids]
        produces = [n.role is not NodeRole.INFLOW and network.local_area_km2(n.node_id) > 0 for n in nodes]
        catchment_ids = tuple(i for i, yes in zip(node_ids, produces, strict=True) if yes)
        inflow_ids = tuple(n.node_id for n in nodes if n.role is NodeRole.INFLOW)
        reservoirs = _dams(basin, DamKind.RESERVOIR, position)
        weirs = _dams(basin, DamKind.WEIR, position)
        divisions = _index([_divisions(reach, network) for reach in reaches])
        weir = _places(node_ids, tuple(d.node_id for d in weirs))
        is_pool = np.array([r is not None and r.regulation is Regulation.POOL for r in reaches])
        length = np.array([r.length_km * 1000.0 if r else 0.0 for r in reaches])
        width = np.array([r.width_m if r else 0.0 for r in reaches])
        weir_below = _weir_below(downstream, is_pool, weir)
        tributaries = _index([len(network.reaches_into.get(i, ())) for i in node_ids])
        return cls(
            node_ids=node_ids,
            reach_ids=tuple(r.reach_id if r else None for r in reaches),
            downstream=downstream,
            tributaries=tributaries,
            strahler=_index([strahler[i] for i in node_ids]),
            stack_depth=_stack_depth(tributaries, downstream),
            length_m=length,
            slope=np.array([r.slope if r else 0.0 for r in reaches]),
            width_m=width,
            is_pool=is_pool,
            divisions=divisions,
            first_division=np.concatenate(([0], np.cumsum(divisions)[:-1])).astype(np.int32),
            area_m2=np.array(
                [network.local_area_km2(i) * 1e6 if yes else 0.0 for i, yes in zip(node_ids, produces, strict=True)]
            ),
            mean_discharge_m3s=np.array([n.mean_discharge_m3s for n in nodes]),
            elevation_m=np.array([n.elevation_m for n in nodes]),
            latitude=_centroids(network, node_ids, "latitude"),
            longitude=_centroids(network, node_ids, "longitude"),
            catchment_ids=catchment_ids,
            catchment=_places(node_ids, catchment_ids),
            inflow_ids=inflow_ids,
            inflow=_places(node_ids, inflow_ids),
            reservoirs=reservoirs,
            reservoir=_places(node_ids, tuple(d.node_id for d in reservoirs)),
            weirs=weirs,
            weir=weir,
            weir_below=weir_below,
            pool_area_m2=_pool_areas(length * width, is_pool, downstream, weir_below, len(weirs)),
        )

    @property
    def division_count(self) -> int:
        """Number of pieces that all reaches together are routed in."""
        return int(self.divisions.sum())

    @property
    def reservoir_ids(self) -> tuple[str, ...]:
        """Dam ids of the reservoirs, in the order of every reservoir axis."""
        return tuple(dam.dam_id for dam in self.reservoirs)

    @property
    def weir_ids(self) -> tuple[str, ...]:
        """Dam ids of the weirs, in the order of every weir axis."""
        return tuple(dam.dam_id for dam in self.weirs)

    @cached_property
    def position(self) -> Mapping[str, int]:
        """Place of each node in the sweep, by node id."""
        return {node_id: index for index, node_id in enumerate(self.node_ids)}

    @cached_property
    def catchment_nodes(self) -> NDArray[np.intp]:
        """Place in the sweep of the node of each catchment."""
        return np.flatnonzero(self.catchment >= 0)


def _index(values: list[int]) -> IndexArray:
    return np.array(values, dtype=np.int32)


def _places(node_ids: tuple[str, ...], chosen: tuple[str, ...]) -> IndexArray:
    """Position of each node among the chosen ones, -1 where it is not chosen."""
    place = {node_id: index for index, node_id in enumerate(chosen)}
    return _index([place.get(node_id, -1) for node_id in node_ids])


def _dams(basin: Basin, kind: DamKind, position: Mapping[str, int]) -> tuple[Dam, ...]:
    dams = sorted((d for d in basin.dams.values() if d.kind is kind), key=lambda d: position[d.node_id])
    places = [dam.node_id for dam in dams]
    for node_id in set(places):
        if places.count(node_id) > 1:
            raise ValueError(f"node {node_id}: {places.count(node_id)} dams of kind {kind.value} stand on it")
    return tuple(dams)


def _strahler(network: RiverNetwork) -> Mapping[str, int]:
    order: dict[str, int] = {}
    for node_id in network.upstream_first:
        above = sorted((order[r.from_node] for r in network.reaches_into.get(node_id, ())), reverse=True)
        joins = len(above) > 1 and above[0] == above[1]
        order[node_id] = (above[0] + joins) if above else 1
    return order


def _sweep_order(network: RiverNetwork, strahler: Mapping[str, int]) -> tuple[str, ...]:
    """Depth-first order, the larger tributary first; equal ones by area, then by id, so that it is unique."""
    ends = sorted(node_id for node_id in network.nodes if node_id not in network.reach_from)
    # Visited downstream first with the smallest tributary first, the reverse is the wanted order.
    waiting, order = ends[::-1], []
    while waiting:
        node_id = waiting.pop()
        order.append(node_id)
        above = [reach.from_node for reach in network.reaches_into.get(node_id, ())]
        above.sort(key=lambda i: (strahler[i], network.nodes[i].catchment_area_km2, i), reverse=True)
        waiting.extend(above)
    return tuple(reversed(order))


def _stack_depth(tributaries: IndexArray, downstream: IndexArray) -> int:
    height, deepest = 0, 1
    for count, below in zip(tributaries, downstream, strict=True):
        height += 1 - int(count)
        deepest = max(deepest, height)
        if below < 0:
            height -= 1
    return deepest


def wave_speed(discharge_m3s: float, width_m: float, slope: float, roughness: float = DIVISION_ROUGHNESS) -> float:
    """Kinematic wave speed [m/s] in a wide channel by Manning's formula: 5/3 of the mean velocity.

    >>> round(wave_speed(100.0, 40.0, 0.002), 2)
    2.4
    """
    unit_flow = discharge_m3s / width_m
    velocity = math.pow(math.sqrt(slope) / roughness, 0.6) * math.pow(unit_flow, 0.4)
    return 5.0 / 3.0 * velocity


def _divisions(reach: Reach | None, network: RiverNetwork) -> int:
    if reach is None:
        return 0
    if reach.regulation is Regulation.POOL:
        return 1
    flood = DIVISION_FLOW_FACTOR * max(network.nodes[reach.from_node].mean_discharge_m3s, 0.05)
    step_length = wave_speed(flood, reach.width_m, reach.slope) * DIVISION_STEP_S / DIVISION_COURANT
    return min(MOST_DIVISIONS, max(1, round(reach.length_km * 1000.0 / step_length)))


def _centroids(network: RiverNetwork, node_ids: tuple[str, ...], axis: str) -> FloatArray:
    """Middle of each sub-catchment: mean of the node and of the upper ends of the reaches into it."""
    middle = []
    for node_id in node_ids:
        around = [node_id, *(reach.from_node for reach in network.reaches_into.get(node_id, ()))]
        middle.append(sum(getattr(network.nodes[i], axis) for i in around) / len(around))
    return np.array(middle)


def _weir_below(downstream: IndexArray, is_pool: NDArray[np.bool_], weir: IndexArray) -> IndexArray:
    below = weir.copy()
    for node in range(len(downstream) - 1, -1, -1):
        if below[node] < 0 and is_pool[node]:
            below[node] = below[downstream[node]]
    return below


def _pool_areas(
    surface: FloatArray, is_pool: NDArray[np.bool_], downstream: IndexArray, weir_below: IndexArray, weirs: int
) -> FloatArray:
    """Water surface [m2] that each weir holds: the pool reaches that end in its pool, 0.1 km2 at least."""
    areas = np.zeros(weirs)
    for node in np.flatnonzero(is_pool):
        held_by = weir_below[downstream[node]]
        if held_by >= 0:
            areas[held_by] += surface[node]
    return np.maximum(areas, 1e5)
