"""Inflow at the borders: what comes from upstream of the model, seen or not.

Ahead of the issue time a border flow keeps its present trend for some hours and then its value, with
a spread that grows like a random walk of the logarithm. An old value is treated as a forecast from its
own time, so a silent border widens the band from the start; a border never seen is drawn around its
mean flow. It is never zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

HOURS_PER_STEP: Final = 0.25
OBSERVATION_LOG_SD: Final = 0.06
GROWTH_LOG_SD: Final = 0.15  # spread of ln Q that six hours add; 0.4 after two days
_GROWTH_HOURS: Final = 6.0
_TREND_HOURS: Final = 8.0
_STEEPEST_TREND_PER_H: Final = 0.06
_UNSEEN_LOG_SD: Final = 0.7
_SMALLEST_FLOW_M3S: Final = 0.01


@dataclass(frozen=True, slots=True)
class BorderFlow:
    """Last knowledge of a border: ``flow_m3s`` and its ``age_h`` (None: never seen), ``trend_per_h`` of ln Q."""

    flow_m3s: float | None
    age_h: float
    trend_per_h: float
    mean_m3s: float


def border_flow(values: NDArray[np.float64], mean_m3s: float) -> BorderFlow:
    """Read the last knowledge off a series on the 15-minute grid that ends at the issue time (NaN: unknown)."""
    known = np.flatnonzero(np.isfinite(values) & (values > 0.0))
    if known.size == 0:
        return BorderFlow(None, 0.0, 0.0, mean_m3s)
    last = int(known[-1])
    recent = known[known >= last - round(6.0 / HOURS_PER_STEP)]
    trend = 0.0
    if recent.size >= 3:
        slope = np.polyfit(recent * HOURS_PER_STEP, np.log(values[recent]), 1)[0]
        trend = float(np.clip(slope, -_STEEPEST_TREND_PER_H, _STEEPEST_TREND_PER_H))
    return BorderFlow(float(values[last]), (len(values) - 1 - last) * HOURS_PER_STEP, trend, mean_m3s)


def border_members(rng: np.random.Generator, border: BorderFlow, steps: int, members: int) -> FloatArray:
    """Draw the flow of a border over the next steps [m3/s], shape [step, member]."""
    start = rng.standard_normal(members)
    walk = rng.standard_normal((steps, members))
    if border.flow_m3s is None:
        return _positive(border.mean_m3s * np.exp(_UNSEEN_LOG_SD * start + _walk(walk)))
    lead_h = border.age_h + HOURS_PER_STEP * np.arange(1, steps + 1)
    drift = border.trend_per_h * _TREND_HOURS * (1.0 - np.exp(-lead_h / _TREND_HOURS))
    at_issue = np.hypot(OBSERVATION_LOG_SD, GROWTH_LOG_SD * np.sqrt(border.age_h / _GROWTH_HOURS))
    return _positive(border.flow_m3s * np.exp(drift[:, np.newaxis] + at_issue * start + _walk(walk)))


def _walk(normal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a random walk of the logarithm whose spread is ``GROWTH_LOG_SD`` after six hours."""
    return np.asarray(np.cumsum(normal, axis=0) * (GROWTH_LOG_SD * np.sqrt(HOURS_PER_STEP / _GROWTH_HOURS)))


def _positive(flow: NDArray[np.float64]) -> FloatArray:
    return np.maximum(flow, _SMALLEST_FLOW_M3S).astype(np.float32)
