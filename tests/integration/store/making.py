"""Readings, forecasts and states for tests of the store, made from a few numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from domain.basin import Origin, Phase, Threshold
from domain.forecasts import (
    LEAD_MINUTES,
    QUANTILE_LEVELS,
    Crossing,
    ForecastIssue,
    ForecastKind,
    PeakForecast,
    SeriesForecast,
)
from domain.readings import GOOD, DeadLetter, MessageKey, Observation, Quality, Reading, SeriesKey
from domain.variables import Variable

START = datetime(2021, 7, 14, tzinfo=UTC)
LEVEL = SeriesKey("VES_VERVIERS", Variable.LEVEL)


def at(minutes: float) -> datetime:
    """Return the instant so many minutes into the test's day."""
    return START + timedelta(minutes=minutes)


def observed(
    minutes: float,
    value: float | None,
    *,
    series: SeriesKey = LEVEL,
    quality: Quality = GOOD,
    received: float | None = None,
    seq: int = 1,
) -> Observation:
    """Return one checked reading, received when it was observed unless said otherwise."""
    received_at = at(minutes if received is None else received)
    return Observation(Reading(series, value, at(minutes), received_at, series.station_id, "b1", seq), quality)


def message(seq: int, device: str = "VES_VERVIERS", boot: str = "b1") -> MessageKey:
    """Return the key of one field message."""
    return MessageKey(device, boot, seq)


def dead_letter(payload: bytes = b"{", reason: str = "malformed") -> DeadLetter:
    """Return a message that could not be read."""
    return DeadLetter("hydronum/v1/wallonia/X/readings", payload, reason, "no JSON", None, at(0))


def threshold(station_id: str = "VES_VERVIERS", phase: Phase = Phase.ALERT, value: float = 2.5) -> Threshold:
    """Return a suggested threshold."""
    return Threshold(
        station_id, Variable.LEVEL, phase, value, Origin.SUGGESTED, "HQ10 of the rating", "own rule", "estimated"
    )


def issue(
    stations: Sequence[str],
    *,
    minutes: float = 0.0,
    kind: ForecastKind = ForecastKind.ENSEMBLE,
    crossings: Sequence[Crossing] = (),
    seed: int = 1,
) -> ForecastIssue:
    """Return a forecast of level at each station with numbers drawn from ``seed``."""
    random = np.random.default_rng(seed)
    keys = [SeriesKey(station, Variable.LEVEL) for station in stations]
    leads, levels = len(LEAD_MINUTES), len(QUANTILE_LEVELS)
    return ForecastIssue(
        issued_at=at(minutes),
        kind=kind,
        scheme="test",
        label="made up",
        members=50,
        seed=seed,
        code_version="0",
        configuration_hash="abc",
        lead_minutes=LEAD_MINUTES,
        quantile_levels=QUANTILE_LEVELS,
        series=[SeriesForecast(key, random.random((leads, levels), np.float32)) for key in keys],
        peaks=[PeakForecast(key, random.random(levels, np.float32), random.random(levels, np.float32)) for key in keys],
        crossings=crossings,
        water_balance_error=1e-9,
    )
