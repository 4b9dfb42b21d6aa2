"""Rain that has fallen, as each member believes it: gauges catch too little, and stand far apart.

A gauge loses a part of the rain to wind and wetting; each member has its own loss, for good. Between the
gauges areal rain is uncertain by the spread that :mod:`twin.rainfall` states; each member has its own
smooth field of that error, new in every step. Where no gauge told anything, each member draws from the
climatology of the season: unknown rain is neither zero nor one guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecast.climatology import GAMMA_SHAPE, STEPS_PER_HOUR, wet_hours
from forecast.displacement import RainGeography, RainZones
from twin.rainfall import ArealRain

FloatArray = NDArray[np.float32]

# Part of the rain that gauges lose, wind and wetting together (Sevruk 1982, WMO Operational Hydrology 21).
LEAST_LOSS: Final = 0.02
MOST_LOSS: Final = 0.14
MEAN_CATCH_FACTOR: Final = 1.0 / (1.0 - 0.5 * (LEAST_LOSS + MOST_LOSS))
_LARGEST_LOG_SD: Final = 1.0
_CATCH, _FIELD, _UNSEEN = range(3)


def catch_factors(seed: int, members: int) -> FloatArray:
    """Return the factor by which each member lifts what gauges caught, shape [member]."""
    loss = np.random.default_rng((seed, 11, _CATCH)).uniform(LEAST_LOSS, MOST_LOSS, members)
    return (1.0 / (1.0 - loss)).astype(np.float32)


def by_zone(values: NDArray[np.floating], zones: RainZones) -> NDArray[np.float64]:
    """Return zone means [step, zone] of values [step, catchment]."""
    if len(zones.positions) == len(zones.zone_of):
        return np.asarray(values, dtype=np.float64)
    count = np.bincount(zones.zone_of)
    return np.stack([np.bincount(zones.zone_of, row) / count for row in np.asarray(values, np.float64)])


def observed_rain_members(
    areal: ArealRain,
    zones: RainZones,
    geography: RainGeography,
    times: Sequence[datetime],
    factors: FloatArray,
    seed: int,
) -> FloatArray:
    """Return the rain of each member [mm per 15 min], shape [step, zone, member].

    What a member believes of a step depends on the step and the seed alone, not on when an analysis begins.
    """
    rain, sd = by_zone(areal.rain_mm, zones), by_zone(areal.sd_mm, zones)
    members = np.empty((*rain.shape, len(factors)), dtype=np.float32)
    for step, instant in enumerate(times):
        stamp = int(instant.timestamp())
        unseen = ~np.isfinite(rain[step])
        relative = np.where(rain[step] > 0.0, sd[step] / np.maximum(rain[step], 1e-6), 0.0)
        log_sd = np.minimum(np.sqrt(np.log1p(np.nan_to_num(relative) ** 2)), _LARGEST_LOG_SD)
        field = geography.local_field(np.random.default_rng((seed, stamp, _FIELD)), len(factors)).T
        error = np.exp(log_sd[:, np.newaxis] * field - 0.5 * log_sd[:, np.newaxis] ** 2)
        members[step] = np.nan_to_num(rain[step])[:, np.newaxis] * error * factors
        if unseen.any():
            members[step, unseen] = _unseen_rain(seed, instant, len(factors))
    return members


def _unseen_rain(seed: int, instant: datetime, members: int) -> NDArray[np.float64]:
    """Draw rain [mm per 15 min] of the hour of ``instant``, shape [member]."""
    season = wet_hours(instant)
    rng = np.random.default_rng((seed, int(instant.timestamp()) // 3600, _UNSEEN))
    wet = rng.random(members) < season.share
    amount = rng.gamma(GAMMA_SHAPE, season.mean_mm / GAMMA_SHAPE, members)
    return np.where(wet, amount, 0.0) / STEPS_PER_HOUR
