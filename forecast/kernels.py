"""Loops over all members at once that numpy would need large intermediate arrays for."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


_UNREAD = np.float32(1e-4)


@njit(cache=True, error_model="numpy")
def _areas_read(weight: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the weight left over [member], and which areas any member reads, from ``weight`` [area, member]."""
    areas, members = weight.shape
    reads = np.zeros(areas, dtype=np.bool_)
    rest = np.ones(members, dtype=np.float32)
    for a in range(areas):
        for m in range(members):
            rest[m] -= weight[a, m]
            if weight[a, m] > _UNREAD:
                reads[a] = True
    return np.maximum(rest, np.float32(0.0)), reads


@njit(cache=True, nogil=True, error_model="numpy")
def mix_rain(
    intensity: FloatArray,
    otherwise: FloatArray,
    weight: FloatArray,
    factor: FloatArray,
    nowcast: FloatArray,
    recent: FloatArray,
) -> FloatArray:
    """Return rain by step, zone and member [mm per 15 min].

    ``intensity`` [step, area, member] and ``otherwise`` [step, member] in mm per 15 min; ``weight``
    [zone, area, member] reads areas, what is left of 1 reads ``otherwise``; ``factor`` [zone,
    member] is the local texture; ``nowcast`` [step, member] in [0, 1] weighs the ``recent`` rain
    [zone, member] that goes on.
    """
    steps, areas, members = intensity.shape
    zones = weight.shape[0]
    rain = np.empty((steps, zones, members), dtype=np.float32)
    for z in range(zones):
        rest, reads = _areas_read(weight[z])
        total = np.empty(members, dtype=np.float32)
        for t in range(steps):
            for m in range(members):
                total[m] = rest[m] * otherwise[t, m]
            for a in range(areas):
                if reads[a]:
                    for m in range(members):
                        total[m] += weight[z, a, m] * intensity[t, a, m]
            for m in range(members):
                ahead = (np.float32(1.0) - nowcast[t, m]) * factor[z, m] * total[m]
                rain[t, z, m] = ahead + nowcast[t, m] * recent[z, m]
    return rain


@njit(cache=True, nogil=True, error_model="numpy")
def first_steps_above(values: FloatArray, rows: NDArray[np.int64], thresholds: FloatArray) -> NDArray[np.int32]:
    """Return the first step at which a member stands at or above each threshold, -1 when none, [threshold, member].

    ``values`` [series, step, member]; ``rows`` [threshold] is the series that each threshold belongs to.
    """
    steps, members = values.shape[1:]
    first = np.full((len(rows), members), -1, dtype=np.int32)
    for i in range(len(rows)):
        course, threshold = values[rows[i]], thresholds[i]
        # Backwards, so that the last one written is the first one in time: no branch, it vectorises.
        for t in range(steps - 1, -1, -1):
            for m in range(members):
                first[i, m] = np.int32(t) if course[t, m] >= threshold else first[i, m]
    return first
