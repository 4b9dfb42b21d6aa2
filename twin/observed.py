"""Observed flows and dam levels as the twin assimilates them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ObservedFlows:
    """Observations on the steps of a forcing; NaN where nothing usable (GOOD) was known.

    ``discharge_m3s`` has shape [step, gauge], or [step, gauge, member] when each member already has its
    own version (its rating, its gauge error). ``sd_relative`` [gauge] is the relative error of a gauge's
    discharge. ``dam_level_m`` has shape [step, dam], above the dam's datum.
    """

    node_ids: tuple[str, ...]
    discharge_m3s: FloatArray
    sd_relative: FloatArray
    dam_ids: tuple[str, ...] = ()
    dam_level_m: FloatArray | None = None
