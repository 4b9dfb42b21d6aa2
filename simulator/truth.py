"""What really happened: the simulated world's own record, against which everything else is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from domain.variables import Variable
from simulator.scenario import FaultKind

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WaterLedger:
    """Where the water of a run went [m3], from five days before the start to the end."""

    rain: float
    inflow: float
    evaporated: float
    left: float
    stored_before: float
    stored_after: float

    @property
    def error(self) -> float:
        """Water lost or invented, relative to all that came in."""
        gain = self.rain + self.inflow - self.evaporated - self.left
        return abs(gain - (self.stored_after - self.stored_before)) / (self.rain + self.inflow)


@dataclass(frozen=True, slots=True)
class InjectedFault:
    """One fault that was put into the messages, ``from_at`` and ``until_at`` both included.

    ``variable`` is None when the whole message is affected; ``detail`` states its size.
    """

    kind: FaultKind
    station_id: str
    variable: Variable | None
    from_at: datetime
    until_at: datetime
    detail: str


@dataclass(frozen=True)
class Truth:
    """The true state at every step, undisturbed by any sensor.

    Arrays have the shape [step, node], [step, station] or [step, lake]. ``measurable`` holds, for each variable,
    the true value at every station in the variable's internal unit, NaN where the station does not measure it;
    rain is the sum over the step that ends then. ``level`` is above the station's zero, as a gauge shows it.
    ``lake_crest`` [lake] is the level [m above datum] at which a lake begins to spill.
    """

    steps: tuple[datetime, ...]
    node_ids: tuple[str, ...]
    station_ids: tuple[str, ...]
    dam_ids: tuple[str, ...]
    discharge: Array
    catchment_rain: Array
    soil_fill: Array
    measurable: Mapping[Variable, Array]
    lake_volume: Array
    lake_level: Array
    lake_crest: Array
    lake_inflow: Array
    salt: Array
    gauge_catch: Mapping[str, float]
    drained_m2: Array
    ledger: WaterLedger
    label: str

    @cached_property
    def node_index(self) -> Mapping[str, int]:
        """Position of each node."""
        return {node_id: k for k, node_id in enumerate(self.node_ids)}

    @cached_property
    def station_index(self) -> Mapping[str, int]:
        """Position of each station."""
        return {station_id: k for k, station_id in enumerate(self.station_ids)}

    def discharge_at(self, node_id: str) -> Array:
        """Return the true discharge [m3/s] that leaves a node, shape [step]."""
        return self.discharge[:, self.node_index[node_id]]

    def at_station(self, station_id: str, variable: Variable) -> Array:
        """Return the true value at a station, shape [step]."""
        return self.measurable[variable][:, self.station_index[station_id]]

    def lake(self, dam_id: str) -> tuple[Array, Array, Array]:
        """Return inflow [m3/s], volume [m3] and level [m above datum] of a reservoir, shape [step] each."""
        k = self.dam_ids.index(dam_id)
        return self.lake_inflow[:, k], self.lake_volume[:, k], self.lake_level[:, k]
