"""Forecasts as types: one issue, its quantiles, peaks and threshold crossings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.basin import Threshold
from domain.readings import SeriesKey

FloatArray = NDArray[np.float32]

QUANTILE_LEVELS: Final = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)

# Every 15 minutes for six hours, then hourly to 48 h: fine where decisions are made, small in the database.
LEAD_MINUTES: Final = (*range(15, 361, 15), *range(420, 2881, 60))


class ForecastKind(StrEnum):
    """Which rain a forecast was driven with."""

    ENSEMBLE = "ensemble"
    PERFECT_RAIN = "perfect_rain"


@dataclass(frozen=True, slots=True)
class SeriesForecast:
    """Quantiles of one series: ``quantiles`` has shape [lead, quantile], in the variable's unit."""

    series: SeriesKey
    quantiles: FloatArray


@dataclass(frozen=True, slots=True)
class PeakForecast:
    """Distribution of the highest value within the horizon and of its lead time, shape [quantile] each."""

    series: SeriesKey
    value: FloatArray
    lead_minutes: FloatArray


@dataclass(frozen=True, slots=True)
class Crossing:
    """Probability that a series passes a threshold within the horizon, and when.

    ``lead_minutes`` are the 10, 50 and 90 % quantiles of the first crossing among the members that
    cross, or None when none does. A series above its threshold at issue time crosses at lead 0.
    """

    threshold: Threshold
    probability: float
    lead_minutes: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class ForecastIssue:
    """Everything that one forecast run says.

    ``scheme`` states in words where the rain members came from; ``label`` is non-empty whenever
    inputs were reconstructed or synthetic and is shown wherever the forecast is.
    ``water_balance_error`` is the water that the run cannot explain, relative to its throughput, in the
    worst member of analysis and forecast.
    """

    issued_at: datetime
    kind: ForecastKind
    scheme: str
    label: str
    members: int
    seed: int
    code_version: str
    configuration_hash: str
    lead_minutes: tuple[int, ...]
    quantile_levels: tuple[float, ...]
    series: Sequence[SeriesForecast]
    peaks: Sequence[PeakForecast]
    crossings: Sequence[Crossing]
    water_balance_error: float
