"""What was known of coming rain at an issue time, and what it means as a distribution.

Rules, all a priori:

* Only statements issued at or before the issue time and still valid after it count.
* Of one provider and area, the newest statement with amounts holds in its window; an older one holds
  where the newer says nothing.
* A range "low to high" is read as the 10 and 90 % points of log-normal local totals; with a probability,
  that is the chance to reach the low end. Half of its variance is difference between places, half is
  doubt about the areal total, of which a standard deviation of ln(total) above 0.5 is not believed.
* A single amount with a probability is a warning: it speaks of the worst-hit part of an area, read as
  the upper quartile of its local totals.
* A statement without amounts raises the chance of a large event (median 60 mm in 36 h) to its
  probability, or to one in four.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import NormalDist
from typing import Final

from domain.event_pack import RainForecast

STANDARD: Final = NormalDist()
LOCAL_LOG_SD: Final = 0.30  # how unlike neighbouring places are under one storm
_RANGE_PROBABILITY: Final = 0.9
_SINGLE_AMOUNT_PROBABILITY: Final = 0.5
_SINGLE_AMOUNT_LOG_SD: Final = 0.35
_AREAL_SHARE: Final = 0.5
_LARGEST_LOG_SD: Final = 0.5
_SMALLEST_LOW_MM: Final = 0.5
_LARGE_EVENT_MM: Final = 60.0
_LARGE_EVENT_LOG_SD: Final = 0.5
_LARGE_EVENT_HOURS: Final = 36.0
_UNSTATED_CHANCE: Final = 0.25


@dataclass(frozen=True, slots=True)
class RainOutlook:
    """One statement as a distribution of the areal total.

    ``log_median`` and ``log_sd`` describe ln(total [mm]); ``chance`` is how likely such an event is at
    all; ``accumulation`` is the span that the total falls in when that is shorter than the window.
    """

    provider: str
    area: str
    issued_at: datetime
    valid_from: datetime
    valid_until: datetime
    log_median: float
    log_sd: float
    chance: float
    accumulation: timedelta | None


@dataclass(frozen=True, slots=True)
class KnownRain:
    """Outlooks that count at an issue time: ``amounts`` newest first, ``chances`` of a large event."""

    amounts: tuple[RainOutlook, ...]
    chances: tuple[RainOutlook, ...]

    @property
    def providers(self) -> tuple[str, ...]:
        """Providers that gave amounts, in alphabetical order."""
        return tuple(sorted({outlook.provider for outlook in self.amounts}))


def known_rain(forecasts: Iterable[RainForecast], now: datetime, until: datetime) -> KnownRain:
    """Return what counts of ``forecasts`` at ``now`` for the time up to ``until``."""
    valid = sorted(
        (f for f in forecasts if f.issued_at <= now and f.valid_until > now and f.valid_from < until),
        key=lambda f: (-f.issued_at.timestamp(), f.provider, f.area, f.valid_from),
    )
    with_amounts = [f for f in valid if f.total_low_mm is not None or f.total_high_mm is not None]
    without = [f for f in valid if f.total_low_mm is None and f.total_high_mm is None]
    return KnownRain(
        amounts=tuple(_amount_outlook(f) for f in with_amounts),
        chances=_newest_of_each(_chance_outlook(f) for f in without),
    )


def _newest_of_each(outlooks: Iterable[RainOutlook]) -> tuple[RainOutlook, ...]:
    newest: dict[tuple[str, str], RainOutlook] = {}
    for outlook in outlooks:
        newest.setdefault((outlook.provider, outlook.area), outlook)
    return tuple(newest.values())


def _amount_outlook(forecast: RainForecast) -> RainOutlook:
    median, sd = amount_distribution(forecast.total_low_mm, forecast.total_high_mm, forecast.probability)
    accumulation = None if forecast.accumulation_h is None else timedelta(hours=forecast.accumulation_h)
    if accumulation is not None and accumulation >= forecast.valid_until - forecast.valid_from:
        accumulation = None
    return RainOutlook(
        forecast.provider,
        forecast.area,
        forecast.issued_at,
        forecast.valid_from,
        forecast.valid_until,
        median,
        sd,
        1.0,
        accumulation,
    )


def _chance_outlook(forecast: RainForecast) -> RainOutlook:
    return RainOutlook(
        forecast.provider,
        forecast.area,
        forecast.issued_at,
        forecast.valid_from,
        forecast.valid_until,
        math.log(_LARGE_EVENT_MM),
        _LARGE_EVENT_LOG_SD,
        _UNSTATED_CHANCE if forecast.probability is None else forecast.probability,
        timedelta(hours=_LARGE_EVENT_HOURS),
    )


def amount_distribution(low: float | None, high: float | None, probability: float | None) -> tuple[float, float]:
    """Return median and standard deviation of ln(areal total [mm]) that a statement of amounts means.

    Raises
    ------
    ValueError
        If neither end is given.

    >>> median, sd = amount_distribution(80.0, 150.0, None)
    >>> round(math.exp(median)), round(sd, 2)
    (110, 0.17)
    """
    ninety = STANDARD.inv_cdf(_RANGE_PROBABILITY)
    if low is None:
        if high is None:
            raise ValueError("a rain amount needs a low or a high end")
        return math.log(max(high, _SMALLEST_LOW_MM)) - ninety * _SINGLE_AMOUNT_LOG_SD, _SINGLE_AMOUNT_LOG_SD
    if high is None:
        chance = _SINGLE_AMOUNT_PROBABILITY if probability is None else probability
        reach = STANDARD.inv_cdf(min(max(chance, 0.02), 0.98)) * _SINGLE_AMOUNT_LOG_SD
        worst_hit = STANDARD.inv_cdf(0.75) * LOCAL_LOG_SD
        return math.log(max(low, _SMALLEST_LOW_MM)) + reach - worst_hit, _SINGLE_AMOUNT_LOG_SD
    bottom = max(low, 0.05 * high, _SMALLEST_LOW_MM)
    sd = max(math.log(max(high, bottom) / bottom) / (2.0 * ninety), 0.05)
    chance = _RANGE_PROBABILITY if probability is None else min(max(probability, 0.02), 0.98)
    return math.log(bottom) + STANDARD.inv_cdf(chance) * sd, min(math.sqrt(_AREAL_SHARE) * sd, _LARGEST_LOG_SD)


def describe(known: KnownRain) -> str:
    """Say in words which statements entered, newest of each provider."""
    parts = [
        f"{provider} amounts of {max(o.issued_at for o in known.amounts if o.provider == provider):%d %b %H:%MZ}"
        for provider in known.providers
    ]
    for provider in sorted({o.provider for o in known.chances}):
        mine: Sequence[RainOutlook] = [o for o in known.chances if o.provider == provider]
        parts.append(f"{provider} warning without amounts of {max(o.issued_at for o in mine):%d %b %H:%MZ}")
    return "; ".join(parts) if parts else "no rain forecast known"
