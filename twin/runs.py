"""What a run of the twin takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from twin.balance import WaterBalance
from twin.state import TwinState

FlowArray = NDArray[np.float32]


@dataclass(frozen=True)
class Forcing:
    """What drives a run.

    ``times`` are the ends of the steps, evenly spaced (aware UTC). ``rain_mm`` in each step has shape
    [step, catchment] or [step, catchment, member]; with ``zones`` [catchment] its second axis is a rain
    zone and each catchment takes the rain of its zone, so that rain of many members stays small.
    ``potential_evaporation_mm`` [step] in each step. ``inflow_m3s`` [step, inflow] or
    [step, inflow, member] is the mean flow of each step. ``releases`` are decided outlet flows [step] m3/s
    by dam id, NaN where the dam's rule decides.
    """

    times: tuple[datetime, ...]
    rain_mm: NDArray[np.floating]
    potential_evaporation_mm: NDArray[np.floating]
    inflow_m3s: NDArray[np.floating]
    releases: Mapping[str, NDArray[np.floating]] | None = None
    zones: NDArray[np.integer] | None = None


@dataclass(frozen=True)
class TwinRun:
    """What a run gives.

    ``discharge_m3s`` [step, kept node, member] is the mean flow of each step, in the order of
    ``kept_ids``; ``reservoir_level_m`` [step, reservoir, member] and ``pool_level_m`` [step, weir, member]
    stand at the ends of the steps, above the dam's datum. ``state`` is a new one.
    """

    state: TwinState
    times: tuple[datetime, ...]
    kept_ids: tuple[str, ...]
    discharge_m3s: FlowArray
    reservoir_level_m: FlowArray
    pool_level_m: FlowArray
    balance: WaterBalance

    def discharge_at(self, node_id: str) -> FlowArray:
        """Return the flow [step, member] at a kept node."""
        return self.discharge_m3s[:, self.kept_ids.index(node_id)]
