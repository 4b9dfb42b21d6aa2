"""The hidden land: true catchment areas, widths, roughness and soils, which differ from the basin's tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from domain.basin import Basin, NodeRole, Regulation, RiverNetwork
from simulator.randomness import stream
from simulator.scenario import Scenario, region_of
from simulator.soil import SoilParameters

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
KM_PER_DEGREE = 111.2
POINTS_PER_CATCHMENT = 7
FLOODPLAIN_WIDTHS = 4.0


@dataclass(frozen=True)
class Terrain:
    """The true land, one entry per node in upstream-first order; a reach has the index of its upper node.

    ``area_m2`` is the local catchment (0 at a border head, whose inflow a series gives), ``below`` the index of
    the next node or -1, ``length_m``, ``slope``, ``width_m``, ``roughness`` (Manning's n, s/m^(1/3)) those of the
    reach that leaves the node, ``points_km`` [node, point, 2] places inside the catchment, east and north.
    """

    node_ids: tuple[str, ...]
    below: Indices
    is_inflow: NDArray[np.bool_]
    area_m2: Array
    drained_km2: Array
    mean_discharge_m3s: Array
    length_m: Array
    slope: Array
    width_m: Array
    roughness: Array
    plain_width_m: Array
    is_pool: NDArray[np.bool_]
    soil: SoilParameters
    rain_factor: Array
    elevation_m: Array
    points_km: Array

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Position of each node."""
        return {node_id: k for k, node_id in enumerate(self.node_ids)}

    @cached_property
    def lateral_share(self) -> Array:
        """Share of the local runoff of the node below that enters along this reach, by length."""
        total = np.zeros(len(self.node_ids))
        has_reach = self.below >= 0
        np.add.at(total, self.below[has_reach], self.length_m[has_reach])
        share = np.zeros(len(self.node_ids))
        share[has_reach] = self.length_m[has_reach] / total[self.below[has_reach]]
        return share

    @cached_property
    def is_head(self) -> NDArray[np.bool_]:
        """Nodes into which no reach flows: their runoff enters at the node itself."""
        head = np.ones(len(self.node_ids), dtype=np.bool_)
        head[self.below[self.below >= 0]] = False
        return head

    def catchment_of(self, node_id: str) -> Indices:
        """Return the indices of all nodes above a node, itself included."""
        inside = np.zeros(len(self.node_ids), dtype=np.bool_)
        inside[self.index[node_id]] = True
        for k in range(len(self.node_ids) - 1, -1, -1):
            if self.below[k] >= 0 and inside[self.below[k]]:
                inside[k] = True
        return np.flatnonzero(inside)


def kilometres(basin: Basin, latitude: Array, longitude: Array) -> Array:
    """Project positions to kilometres east and north of the basin's middle, shape [..., 2].

    A plane is good to a percent over a region of some hundred kilometres.
    """
    middle = np.mean([node.latitude for node in basin.network.nodes.values()])
    west = np.mean([node.longitude for node in basin.network.nodes.values()])
    east_km = (longitude - west) * KM_PER_DEGREE * np.cos(np.radians(middle))
    return np.stack([east_km, (latitude - middle) * KM_PER_DEGREE], axis=-1)


def hidden_terrain(basin: Basin, scenario: Scenario, seed: int) -> Terrain:
    """Draw the true land around the basin's tables."""
    network = basin.network
    order = network.upstream_first
    index = {node_id: k for k, node_id in enumerate(order)}
    nodes = [network.nodes[node_id] for node_id in order]
    reaches = [network.reach_from.get(node_id) for node_id in order]
    draw, count = stream(seed, "terrain"), len(order)
    spread = scenario.world
    regions = region_of(network, scenario.tuned)
    tuned = [regions.get(node_id) for node_id in order]
    is_inflow = np.array([node.role is NodeRole.INFLOW for node in nodes])
    local_km2 = np.array([network.local_area_km2(node_id) for node_id in order])
    area_km2 = np.where(is_inflow, 0.0, local_km2 * _factors(draw, count, spread.area_spread))
    width_m = np.array([r.width_m if r else 10.0 for r in reaches]) * _factors(draw, count, spread.width_spread)
    # A priori: gravel and boulders in the Ardennes, a dredged bed in the canalised rivers.
    roughness = np.where(width_m > 50, 0.030, 0.040) * _factors(draw, count, spread.roughness_spread)
    return Terrain(
        node_ids=order,
        below=np.array([index[r.to_node] if r else -1 for r in reaches], dtype=np.int64),
        is_inflow=is_inflow,
        area_m2=area_km2 * 1e6,
        drained_km2=np.array([node.catchment_area_km2 for node in nodes]),
        mean_discharge_m3s=np.array([max(node.mean_discharge_m3s, 0.01) for node in nodes]),
        length_m=np.array([r.length_km * 1000 if r else 0.0 for r in reaches]),
        slope=np.clip([r.slope if r else 1e-3 for r in reaches], 2e-4, 0.03),
        width_m=width_m,
        roughness=roughness,
        plain_width_m=FLOODPLAIN_WIDTHS * width_m * np.array([t.flood_plain if t else 1.0 for t in tuned]),
        is_pool=np.array([r is not None and r.regulation is Regulation.POOL for r in reaches]),
        soil=_soils(
            draw, area_km2, _thirst(network, order), [(t.soil, t.quickness) if t else (1.0, 1.0) for t in tuned]
        ),
        rain_factor=np.array([t.rain if t else 1.0 for t in tuned]),
        elevation_m=np.array([node.elevation_m for node in nodes]),
        points_km=_points(basin, order, draw),
    )


def _factors(draw: np.random.Generator, count: int, spread: float) -> Array:
    return draw.uniform(1 - spread, 1 + spread, count)


def _thirst(network: RiverNetwork, order: tuple[str, ...]) -> Array:
    """Depth of each catchment's ground relative to the shallow soils over slate of the Ardennes.

    Deep loam and limestone yield little mean flow: the depth is taken inverse to it, 15 l/s from a square
    kilometre being what slate yields.
    """
    nodes = network.nodes
    yields = np.empty(len(order))
    for k, node_id in enumerate(order):
        above = sum(nodes[reach.from_node].mean_discharge_m3s for reach in network.reaches_into.get(node_id, ()))
        local_km2 = max(network.local_area_km2(node_id), 0.1)
        yields[k] = max(nodes[node_id].mean_discharge_m3s - above, 0.0) * 1000 / local_km2
    return np.clip(15.0 / np.maximum(yields, 1.0), 0.8, 2.2)


def _soils(
    draw: np.random.Generator, area_km2: Array, thirst: Array, tuned: list[tuple[float, float]]
) -> SoilParameters:
    """Draw the soils. Typical values are a priori (shallow Ardennes soils over slate); spreads are ours."""
    soil, quickness = np.array(tuned).T
    size = np.maximum(area_km2, 5.0) / 50.0
    count = len(area_km2)
    surface_h = 5.0 * np.sqrt(thirst) * size**0.3 * draw.lognormal(0.0, 0.15, count) / quickness
    interflow_h = 20.0 * draw.lognormal(0.0, 0.15, count) / np.sqrt(quickness)
    groundwater_h = 24.0 * 45.0 * draw.lognormal(0.0, 0.2, count)
    return SoilParameters(
        capacity_mm=150.0 * thirst * soil * draw.lognormal(0.0, 0.12, count),
        sealed_share=draw.uniform(0.02, 0.06, count),
        shape=draw.uniform(0.3, 0.6, count),
        drainage_mm_h=0.30 * draw.lognormal(0.0, 0.15, count),
        interflow_share=draw.uniform(0.5, 0.7, count),
        # Outflow a S^2 has the time constant S / (2 q): each reservoir is stated by it at a typical outflow.
        surface=1.0 / (4.0 * 4.0 * surface_h**2),
        interflow=1.0 / (4.0 * 0.5 * interflow_h**2),
        groundwater=1.0 / (4.0 * 0.03 * groundwater_h**2),
    )


def _points(basin: Basin, order: tuple[str, ...], draw: np.random.Generator) -> Array:
    """Scatter points over each local catchment, which lies between a node and the nodes just above it."""
    network = basin.network
    points = np.empty((len(order), POINTS_PER_CATCHMENT, 2))
    for k, node_id in enumerate(order):
        ends = [node_id, *(reach.from_node for reach in network.reaches_into.get(node_id, ()))]
        latitude = np.array([network.nodes[end].latitude for end in ends])
        longitude = np.array([network.nodes[end].longitude for end in ends])
        ends_km = kilometres(basin, latitude, longitude)
        along = draw.random((POINTS_PER_CATCHMENT, 1))
        others = ends_km[draw.integers(0, len(ends), POINTS_PER_CATCHMENT)]
        radius = 0.4 * np.sqrt(max(network.local_area_km2(node_id), 0.1) / np.pi)
        points[k] = ends_km[0] * (1 - along) + others * along + draw.normal(0, radius, (POINTS_PER_CATCHMENT, 2))
    return points
