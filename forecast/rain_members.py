"""Rain of each member after the issue time, from nothing but what was known then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.event_pack import RainForecast
from forecast.climatology import climatology_members
from forecast.displacement import SHIFTS, RainGeography
from forecast.hyetographs import draw_storms
from forecast.kernels import mix_rain
from forecast.known_rain import LOCAL_LOG_SD, describe, known_rain
from forecast.rain_scenarios import STEP, AreaScenarios, area_scenarios, draw_scenarios

FloatArray = NDArray[np.float32]

NOWCAST_HOURS: Final = 2.5
NOWCAST_LOG_SD: Final = 0.4
_RECENT: Final = timedelta(hours=1)
_RAINING_MM_H: Final = 0.2
_MOST_UNSEEN: Final = 0.25


@dataclass(frozen=True)
class PastRain:
    """Areal rain as observed until the issue time.

    ``mm`` [step, zone] per 15 min, the last row ends at the issue time; NaN where no gauge told.
    """

    mm: NDArray[np.float64]

    def recent(self) -> NDArray[np.float64]:
        """Return mean rain of the last hour by zone [mm per 15 min], NaN where it was not seen at all."""
        last = self.mm[-round(_RECENT / STEP) :]
        seen = np.isfinite(last).sum(axis=0)
        total = np.where(np.isfinite(last), last, 0.0).sum(axis=0)
        return np.where(seen > 0, total / np.maximum(seen, 1), np.nan)

    def fallen(self, membership: FloatArray, span: timedelta) -> float | None:
        """Return the mean rain over the last ``span`` [mm] of the zones that ``membership`` [zone] weighs.

        None when the area has no zone, or too much of its rain was not seen.
        """
        steps = round(span / STEP)
        if steps > len(self.mm) or not membership.any():
            return None
        part = self.mm[len(self.mm) - steps :]
        weight = np.where(np.isfinite(part), membership, 0.0)
        if weight.sum() < (1.0 - _MOST_UNSEEN) * membership.sum() * steps:
            return None
        return float((np.nan_to_num(part) * weight).sum() / weight.sum() * steps)


@dataclass(frozen=True)
class RainMembers:
    """``mm`` [step, zone, member] per 15 min, and in words where it came from."""

    mm: FloatArray
    scheme: str


def draw_rain(
    rng: np.random.Generator,
    now: datetime,
    shape: tuple[int, int],
    geography: RainGeography,
    forecasts: Sequence[RainForecast],
    past: PastRain,
) -> RainMembers:
    """Draw rain members.

    Parameters
    ----------
    rng
        Source of randomness, seeded from the issue time.
    now
        Issue time. Statements issued later are not looked at.
    shape
        Number of steps and of members.
    """
    steps, members = shape
    known = known_rain(forecasts, now, now + steps * STEP)
    recent = past.recent()
    raining = bool(np.nanmean(recent) * 4.0 > _RAINING_MM_H) if np.isfinite(recent).any() else False
    otherwise = climatology_members(rng, now, steps, members, raining)
    draws = draw_scenarios(rng, members, len(geography.areas), draw_storms(rng, members, steps))
    scenarios = area_scenarios(
        known,
        now,
        geography.areas,
        draws,
        otherwise,
        lambda area, since: past.fallen(geography.membership[geography.areas.index(area)], now - since),
    )
    weight = area_weights(geography, scenarios, rng.integers(0, SHIFTS, members))
    texture = _log_normal(LOCAL_LOG_SD, geography.local_field(rng, members))
    nowcast, going_on = _nowcast(rng, recent, steps, texture)
    rain = mix_rain(
        np.ascontiguousarray(scenarios.intensity.transpose(1, 2, 0)),
        np.ascontiguousarray(otherwise.T),
        weight,
        np.ascontiguousarray(texture.T),
        nowcast,
        going_on,
    )
    return RainMembers(rain, _scheme(describe(known), recent))


def area_weights(geography: RainGeography, scenarios: AreaScenarios, shift: NDArray[np.int64]) -> FloatArray:
    """Return how much each zone reads from each area, shape [zone, area, member], sums <= 1.

    Overlapping areas share a zone; where somebody gave amounts, a mere warning leaves the rest alone.
    """
    moved = geography.weights[shift]
    amounts = _at_most_one(moved * scenarios.amounts[:, :, np.newaxis])
    events = _at_most_one(moved * scenarios.events[:, :, np.newaxis])
    events *= np.maximum(1.0 - amounts.sum(axis=1, keepdims=True), 0.0)
    return np.ascontiguousarray((amounts + events).transpose(2, 1, 0), dtype=np.float32)


def _at_most_one(weight: FloatArray) -> FloatArray:
    return np.asarray(weight / np.maximum(weight.sum(axis=1, keepdims=True), 1.0), dtype=np.float32)


def _log_normal(sd: float, normal: FloatArray) -> FloatArray:
    """Return factors of mean 1."""
    return np.asarray(np.exp(sd * normal - 0.5 * sd * sd), dtype=np.float32)


def _nowcast(
    rng: np.random.Generator, recent: NDArray[np.float64], steps: int, texture: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the weight of the rain that goes on [step, member], and that rain [zone, member]."""
    members = len(texture)
    hours = NOWCAST_HOURS * np.exp(NOWCAST_LOG_SD * rng.standard_normal(members))
    weight = np.exp(-(np.arange(steps)[:, np.newaxis] + 0.5) * 0.25 / hours)
    if not np.isfinite(recent).any():
        return np.zeros_like(weight, dtype=np.float32), np.zeros((len(recent), members), dtype=np.float32)
    strength = _log_normal(NOWCAST_LOG_SD, rng.standard_normal(members).astype(np.float32))
    # A zone that no gauge saw is given the mean of those that were seen.
    seen = np.where(np.isfinite(recent), recent, np.nanmean(recent)).astype(np.float32)
    return weight.astype(np.float32), np.ascontiguousarray((seen * texture * strength[:, np.newaxis]).T)


def _scheme(statements: str, recent: NDArray[np.float64]) -> str:
    unseen = int(np.count_nonzero(~np.isfinite(recent)))
    nowcast = f"rain of the last hour going on with a decay of {NOWCAST_HOURS:g} h"
    if unseen == len(recent):
        nowcast = "no rain gauge reported in the last hour"
    elif unseen:
        nowcast += f" ({unseen} of {len(recent)} rain zones unseen by gauges)"
    return f"{statements}; {nowcast}; elsewhere seasonal climatology; amount, timing and displacement errors drawn"
