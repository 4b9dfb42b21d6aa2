"""Rain that has fallen, as each member believes it: gauges catch too little, and stand far apart.

A gauge loses a part of the rain to wind and wetting; each member has its own loss, for good. Between the
gauges areal rain is uncertain by the spread that :mod:`twin.rainfall` states; each member has its own
smooth field of that error, new in every step. Where no gauge told anything, members draw the rain as for
a forecast, from the statements known in those hours or from climatology: unknown rain is neither zero nor
one guess, and gauges that fail in a storm do not make a member believe that it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecast.displacement import RainGeography, RainZones
from twin.rainfall import ArealRain, RainWeights

FloatArray = NDArray[np.float32]

# Part of the rain that gauges lose, wind and wetting together (Sevruk 1982, WMO Operational Hydrology 21).
LEAST_LOSS: Final = 0.02
MOST_LOSS: Final = 0.14
MEAN_CATCH_FACTOR: Final = 1.0 / (1.0 - 0.5 * (LEAST_LOSS + MOST_LOSS))
_LARGEST_LOG_SD: Final = 1.0
# Unseen rain is drawn for six hours at a time, so that it keeps the shape of storms.
UNSEEN_BLOCK: Final = timedelta(hours=6)
_CATCH, _FIELD = range(2)


def catch_factors(seed: int, members: int) -> FloatArray:
    """Return the factor by which each member lifts what gauges caught, shape [member]."""
    loss = np.random.default_rng((seed, 11, _CATCH)).uniform(LEAST_LOSS, MOST_LOSS, members)
    return (1.0 / (1.0 - loss)).astype(np.float32)


def zone_weights(weights: RainWeights, zones: RainZones) -> RainWeights:
    """Return the weights of gauges by rain zone: the mean of those of its catchments."""
    if len(zones.positions) == len(zones.zone_of):
        return weights
    count = np.bincount(zones.zone_of)
    mean = np.stack([np.bincount(zones.zone_of, gauge) / count for gauge in weights.weights.T], axis=1)
    return RainWeights(weights.station_ids, mean)


def observed_rain_members(
    areal: ArealRain,
    geography: RainGeography,
    times: Sequence[datetime],
    factors: FloatArray,
    seed: int,
) -> FloatArray:
    """Return the rain of each member [mm per 15 min], shape [step, zone, member], NaN where no gauge told.

    What a member believes of a step depends on the step and the seed alone, not on when an analysis begins.
    """
    rain, sd = areal.rain_mm, areal.sd_mm
    members = np.empty((*rain.shape, len(factors)), dtype=np.float32)
    for step, instant in enumerate(times):
        stamp = int(instant.timestamp())
        relative = np.where(rain[step] > 0.0, sd[step] / np.maximum(rain[step], 1e-6), 0.0)
        log_sd = np.minimum(np.sqrt(np.log1p(np.nan_to_num(relative) ** 2)), _LARGEST_LOG_SD)
        field = geography.local_field(np.random.default_rng((seed, stamp, _FIELD)), len(factors)).T
        error = np.exp(log_sd[:, np.newaxis] * field - 0.5 * log_sd[:, np.newaxis] ** 2)
        members[step] = rain[step][:, np.newaxis] * error * factors
    return members


def fill_unseen(
    rain: FloatArray, times: Sequence[datetime], draw_block: Callable[[datetime], FloatArray]
) -> FloatArray:
    """Return rain [step, zone, member] with what no gauge told drawn by ``draw_block``.

    ``draw_block`` gives rain of the :data:`UNSEEN_BLOCK` that begins at a time, [step, zone, member], from what
    was known then. Blocks lie on full multiples of six hours, so that the draw of a step is always the same.
    """
    unseen = np.isnan(rain[:, :, 0])
    if not unseen.any():
        return rain
    filled = rain.copy()
    blocks: dict[datetime, FloatArray] = {}
    for step in map(int, np.flatnonzero(unseen.any(axis=1))):
        begin = _block_begin(times[step])
        if begin not in blocks:
            blocks[begin] = draw_block(begin)
        block = blocks[begin]
        row = round((times[step] - begin) / (UNSEEN_BLOCK / len(block))) - 1
        filled[step, unseen[step]] = block[row, unseen[step]]
    return filled


def _block_begin(step_end: datetime) -> datetime:
    """Return the beginning of the block that holds the step ending at ``step_end``."""
    length = int(UNSEEN_BLOCK.total_seconds())
    return datetime.fromtimestamp((int(step_end.timestamp()) - 1) // length * length, UTC)
