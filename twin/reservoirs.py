"""Level-pool reservoirs: one water level, an outlet with a rule or a decided release, a spillway.

Storage is linear in level above the normal level and a power of depth below it. Without a decision the
outlet passes a minimum flow and returns what exceeds the target volume within a drawdown time; the target
leaves the flood reserve free. The spillway is a weir from its crest up, Q ~ (V - V_crest)^1.5, with the
stated capacity at the maximum level. Each step is cut into linearly implicit sub-steps, stable at any size.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from domain.basin import Dam
from twin.arithmetic import LANES, F

# Flat array of a reservoir: rows of LANES, volumes in m3, flows in m3/s.
RESERVOIR_ROWS = 8
VOLUME, TARGET, FULL, CREST, LEAST, GIVE_BACK, OUTLET, SPILLWAY = range(0, RESERVOIR_ROWS * LANES, LANES)

SUB_STEP_S = 300.0
# How far an observed level moves the volume: nearly all the way, yet members keep some of their spread.
LEVEL_GAIN = 0.8
# Volume below normal level ~ depth^2.5, typical of valley reservoirs.
SHAPE = 2.5


@njit(error_model="numpy")
def pass_reservoir(rows, flow, release, observed_m3, steps, dt, ledger):  # type: ignore[no-untyped-def]  # compiled by numba
    """Turn inflow [step, lane] m3/s into outflow, in place.

    ``release`` [step] is the decided outlet flow, NaN where the rule decides; ``observed_m3`` [step] the
    volume by observed level, NaN where none. ``ledger`` [lane] gathers the volume that observations added.
    """
    parts = max(1, int(np.ceil(dt / SUB_STEP_S)))
    h = dt / parts
    for t in range(steps):
        decided = release[t]
        ruled = np.isnan(decided)
        for m in range(LANES):
            volume = before = rows[VOLUME + m]
            inflow = np.float64(flow[t, m])
            per_spill = 1.0 / (rows[FULL + m] - rows[CREST + m])
            passed = 0.0
            for _ in range(parts):
                surplus = max(volume - rows[TARGET + m], 0.0) * rows[GIVE_BACK + m]
                outlet = rows[LEAST + m] + surplus if ruled else decided
                gradient = rows[GIVE_BACK + m] if ruled and surplus > 0.0 and outlet < rows[OUTLET + m] else 0.0
                outlet = min(outlet, rows[OUTLET + m])
                head = max(volume - rows[CREST + m], 0.0) * per_spill
                root = np.sqrt(head)
                spill = rows[SPILLWAY + m] * head * root
                gradient += 1.5 * rows[SPILLWAY + m] * root * per_spill
                out = inflow - (inflow - outlet - spill) / (1.0 + h * gradient)
                # An outlet cannot draw more than is there, nor a spillway take water back.
                out = min(max(out, 0.0), inflow + volume / h)
                volume += h * (inflow - out)
                passed += out
            flow[t, m] = F(passed / parts)
            volume = max(before + dt * (inflow - np.float64(flow[t, m])), 0.0)
            if not np.isnan(observed_m3[t]):
                added = LEVEL_GAIN * (observed_m3[t] - volume)
                volume += added
                ledger[m] += added
            rows[VOLUME + m] = volume


def volume_at(dam: Dam, level_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the volume [m3] of a reservoir at a level [m above the dam's datum]; NaN stays NaN."""
    normal_m3, area_above, depth = _shape(dam)
    above = np.asarray(level_m, dtype=np.float64) - float(dam.normal_level_m or 0.0)
    filled = np.clip(1.0 + above / depth, 0.0, 1.0)
    return np.where(above >= 0.0, normal_m3 + area_above * above, normal_m3 * filled**SHAPE)


def level_at(dam: Dam, volume_m3: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the level [m above the dam's datum] of a reservoir at a volume [m3]; inverse of volume_at."""
    normal_m3, area_above, depth = _shape(dam)
    volume = np.asarray(volume_m3, dtype=np.float64)
    below = depth * (np.clip(volume / normal_m3, 0.0, 1.0) ** (1.0 / SHAPE) - 1.0)
    above = np.where(volume >= normal_m3, (volume - normal_m3) / area_above, below)
    return np.asarray(float(dam.normal_level_m or 0.0) + above)


def target_volume(dam: Dam) -> float:
    """Return the volume [m3] that the rule holds: the normal one, less where the reserve reaches below it."""
    normal, full = float(dam.volume_hm3 or 0.0), float(dam.full_volume_hm3 or 0.0)
    return 1e6 * min(normal, full - float(dam.flood_reserve_hm3 or 0.0))


def crest_volume(dam: Dam, start: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the volume [m3] at the crest; a dam without flood reserve overflows from its normal level."""
    normal, full = float(dam.volume_hm3 or 0.0) * 1e6, float(dam.full_volume_hm3 or 0.0) * 1e6
    fraction = np.asarray(start, dtype=np.float64) if dam.flood_reserve_hm3 else np.zeros(start.shape)
    return normal + fraction * (full - normal)


def _shape(dam: Dam) -> tuple[float, float, float]:
    """Volume at normal level [m3], area above it [m2], depth of the reservoir below it [m]."""
    normal, full = float(dam.volume_hm3 or 0.0) * 1e6, float(dam.full_volume_hm3 or 0.0) * 1e6
    rise = float(dam.maximum_level_m or 0.0) - float(dam.normal_level_m or 0.0)
    area_above = (full - normal) / rise
    area_below = float(dam.lake_area_ha or 0.0) * 1e4 or area_above
    return normal, area_above, SHAPE * normal / area_below
