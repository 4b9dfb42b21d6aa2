"""From members to what people read: quantiles by lead time, peaks, and threshold crossings.

Everything is computed from the members' own courses, so quantiles cannot cross and a crossing
probability is consistent with the band that stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.basin import Threshold
from domain.forecasts import LEAD_MINUTES, QUANTILE_LEVELS, Crossing, PeakForecast, SeriesForecast
from domain.readings import SeriesKey
from forecast.kernels import first_steps_above

FloatArray = NDArray[np.float32]

STEP_MINUTES: Final = 15
CROSSING_LEVELS: Final = (0.10, 0.50, 0.90)


@dataclass(frozen=True)
class MemberSeries:
    """Courses of the ensemble at the forecast series.

    ``values`` has shape [series, step, member], in the series' own unit; step 0 is the issue time,
    then one step every 15 minutes.
    """

    keys: tuple[SeriesKey, ...]
    values: FloatArray

    def __post_init__(self) -> None:
        if self.values.ndim != 3 or self.values.shape[0] != len(self.keys):
            raise ValueError(f"{len(self.keys)} series cannot have courses of shape {self.values.shape}")


@dataclass(frozen=True)
class Products:
    """What one ensemble says of all its series."""

    series: tuple[SeriesForecast, ...]
    peaks: tuple[PeakForecast, ...]
    crossings: tuple[Crossing, ...]


def sorted_quantiles(values: FloatArray, levels: Sequence[float]) -> FloatArray:
    """Return quantiles over the last axis, shape [..., level].

    Sample quantiles of type 7 (Hyndman & Fan 1996, doi:10.1080/00031305.1996.10473566): linear
    between order statistics, therefore monotone in the level by construction.

    >>> sorted_quantiles(np.array([[3.0, 1.0, 2.0]], dtype=np.float32), (0.0, 0.5, 0.75)).tolist()
    [[1.0, 2.0, 2.5]]
    """
    ordered = np.sort(values, axis=-1)
    position = np.asarray(levels, dtype=np.float64) * (values.shape[-1] - 1)
    below = np.floor(position).astype(np.intp)
    above = np.minimum(below + 1, values.shape[-1] - 1)
    weight = (position - below).astype(np.float32)
    low, high = ordered[..., below], ordered[..., above]
    # Rounding must not lift a quantile above the order statistic that bounds it.
    return np.asarray(np.minimum(low + weight * (high - low), high))


def lead_quantiles(members: MemberSeries) -> tuple[SeriesForecast, ...]:
    """Return the quantiles of each series at the lead times that are kept."""
    steps = np.asarray(LEAD_MINUTES) // STEP_MINUTES
    steps = steps[steps < members.values.shape[1]]
    quantiles = sorted_quantiles(members.values[:, steps], QUANTILE_LEVELS)
    return tuple(SeriesForecast(key, quantiles[i]) for i, key in enumerate(members.keys))


def peaks(members: MemberSeries) -> tuple[PeakForecast, ...]:
    """Return the distribution of each series' highest value after the issue time, and of its lead time."""
    ahead = members.values[:, 1:]
    when = np.argmax(ahead, axis=1)
    highest = np.take_along_axis(ahead, when[:, np.newaxis], axis=1)[:, 0]
    value = sorted_quantiles(highest, QUANTILE_LEVELS)
    lead = sorted_quantiles(((when + 1) * STEP_MINUTES).astype(np.float32), QUANTILE_LEVELS)
    return tuple(PeakForecast(key, value[i], lead[i]) for i, key in enumerate(members.keys))


def crossings(members: MemberSeries, thresholds: Sequence[Threshold]) -> tuple[Crossing, ...]:
    """Return probability and first passage of each threshold that a series of the ensemble can pass.

    A member passes when it stands at or above the threshold; above it at step 0, it crosses at lead 0.
    A threshold on a variable that is not forecast at its station is left out, never reported as 0.
    """
    row: Mapping[SeriesKey, int] = {key: i for i, key in enumerate(members.keys)}
    wanted = [t for t in thresholds if SeriesKey(t.station_id, t.variable) in row]
    rows = np.array([row[SeriesKey(t.station_id, t.variable)] for t in wanted], dtype=np.int64)
    values = np.array([t.value for t in wanted], dtype=np.float32)
    first = first_steps_above(np.ascontiguousarray(members.values), rows, values)
    count = np.count_nonzero(first >= 0, axis=1)
    leads = _passage_leads(first, count)
    return tuple(
        Crossing(threshold, float(n) / first.shape[1], (float(early), float(middle), float(late)) if n else None)
        for threshold, n, (early, middle, late) in zip(wanted, count, leads, strict=True)
    )


def _passage_leads(first: NDArray[np.int32], count: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return quantiles of the lead of first passage [min] among the members that pass, [threshold, level]."""
    never = np.iinfo(np.int32).max
    ordered = np.sort(np.where(first >= 0, first, never), axis=1)
    position = np.asarray(CROSSING_LEVELS) * np.maximum(count - 1, 0)[:, np.newaxis]
    below = np.floor(position).astype(np.intp)
    above = np.minimum(below + 1, np.maximum(count - 1, 0)[:, np.newaxis])
    low = np.take_along_axis(ordered, below, axis=1)
    high = np.take_along_axis(ordered, above, axis=1)
    return np.asarray((low + (position - below) * (high - low)) * STEP_MINUTES)


def compute_products(members: MemberSeries, thresholds: Sequence[Threshold]) -> Products:
    """Return quantiles, peaks and crossings of an ensemble."""
    return Products(lead_quantiles(members), peaks(members), crossings(members, thresholds))
