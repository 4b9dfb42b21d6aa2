"""A state to begin from when nothing is known."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from twin import reservoirs
from twin.network import Topology
from twin.parameters import GRAVITY, Parameters
from twin.state import NASH_STORES, TwinState

# Soil water of an average day, as part of the production store.
USUAL_SATURATION = 0.55


def cold_state(topology: Topology, parameters: Parameters, valid_at: datetime) -> TwinState:
    """Return stores that give about the mean flow everywhere, dams at their target, no gauge heard.

    It is a beginning for a warm-up of about a year, not a state to forecast from.
    """
    members = parameters.members
    catchments, nodes = len(topology.catchment_ids), len(topology.node_ids)
    yield_mm_h = _mean_yield(topology)[:, None]
    routing = parameters.routing_mm.astype(np.float64)
    # The routing store gives R^5 / (4 X3^4) in an hour while it is far from full.
    saturation = (4.0 * 0.9 * yield_mm_h / routing) ** 0.2
    volume = np.array([reservoirs.target_volume(dam) for dam in topology.reservoirs])
    return TwinState(
        valid_at=valid_at,
        interception_mm=np.zeros((catchments, members), np.float32),
        production_mm=USUAL_SATURATION * parameters.production_mm.astype(np.float64),
        routing_mm=saturation * routing,
        hydrograph_mm=np.zeros((catchments, NASH_STORES, members), np.float32),
        volume_m3=_channel_volume(topology, parameters),
        reservoir_m3=np.repeat(volume[:, None], members, axis=1).reshape(-1, members),
        pool_excess_m3=np.zeros((len(topology.weirs), members)),
        correction=np.ones((nodes, members), np.float32),
    )


def _mean_yield(topology: Topology) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Mean local runoff [mm/h] of each catchment, from the mean flows of the nodes around it."""
    gained = topology.mean_discharge_m3s.copy()
    for node, below in enumerate(topology.downstream):
        if below >= 0:
            gained[below] -= topology.mean_discharge_m3s[node]
    at = topology.catchment_nodes
    return np.asarray(np.maximum(gained[at] / topology.area_m2[at] * 3.6e6, 0.01))


def _channel_volume(topology: Topology, parameters: Parameters) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Water [m3] in each division at mean flow: normal depth in the channel, travel time in a pool."""
    flow = np.maximum(topology.mean_discharge_m3s, 0.01)[:, None]
    slope = np.maximum(topology.slope, 1e-5)[:, None]
    width = parameters.width_m.astype(np.float64)
    depth = (flow * parameters.roughness / (width * np.sqrt(slope))) ** 0.6
    dx = (topology.length_m / np.maximum(topology.divisions, 1))[:, None]
    pool = flow * dx / np.sqrt(GRAVITY * parameters.pool_depth_m.astype(np.float64))
    volume = np.where(topology.is_pool[:, None], pool, depth * width * dx)
    return np.repeat(volume, topology.divisions, axis=0).astype(np.float32)
