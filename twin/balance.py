"""Water balance of a run: every term in cubic metres, in double precision, for each member."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class WaterBalance:
    """Ledger of one run, each term of shape [member], m3.

    ``exchange`` is what groundwater gives (negative: takes), ``nudge`` what gauges and dam levels added;
    ``storage_change`` is the final minus the initial content of all stores. Closure: rain - evaporation
    + exchange + inflow + nudge - outflow - storage_change = 0. Whatever a bound or rounding would create
    or lose has no term of its own and so shows in the error.
    """

    rain: NDArray[np.float64]
    evaporation: NDArray[np.float64]
    exchange: NDArray[np.float64]
    inflow: NDArray[np.float64]
    nudge: NDArray[np.float64]
    outflow: NDArray[np.float64]
    storage_change: NDArray[np.float64]

    @property
    def error_m3(self) -> NDArray[np.float64]:
        """Water that the ledger cannot explain, shape [member]."""
        gained = self.rain - self.evaporation + self.exchange + self.inflow + self.nudge
        return np.asarray(gained - self.outflow - self.storage_change)

    @property
    def throughput_m3(self) -> NDArray[np.float64]:
        """Half of all water that moved in, out or between the land and its stores, shape [member]."""
        moved = self.rain + self.evaporation + abs(self.exchange) + self.inflow + abs(self.nudge) + self.outflow
        return np.asarray(0.5 * (moved + abs(self.storage_change)))

    @property
    def relative_error(self) -> float:
        """Largest closure error of any member over its throughput; 0 when no water moved."""
        moved = np.maximum(self.throughput_m3, 1.0)
        return float(np.max(np.abs(self.error_m3) / moved, initial=0.0))
