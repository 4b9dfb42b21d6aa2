"""Observed flows and dam levels as the twin assimilates them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ObservedFlows:
    """Observations on the steps of a forcing; NaN where nothing usable was known.

    ``discharge_m3s`` has shape [step, gauge], or [step, gauge, member] when it came from levels through
    each member's own rating. ``sd_relative`` [gauge] is the relative error of a gauge's discharge.
    ``dam_level_m`` has shape [step, dam].
    """

    node_ids: tuple[str, ...]
    discharge_m3s: NDArray[np.float64]
    sd_relative: NDArray[np.float64]
    dam_ids: tuple[str, ...] = ()
    dam_level_m: NDArray[np.float64] | None = None
