"""Rain that nobody forecast: a seasonal sequence of wet and dry hours.

A two-state Markov chain decides which hours are wet (Gabriel & Neumann 1962,
doi:10.1002/qj.49708837511), a gamma law how much falls in them. The figures are a priori for the
Meuse basin: a July of 77 mm in about 67 wet hours, a January of 70 mm in about 126, wet spells of
three hours. Every tenth member stays dry.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

STEPS_PER_HOUR: Final = 4
WET_STAYS_WET: Final = 0.65
GAMMA_SHAPE: Final = 0.7
DRY_MEMBER_EVERY: Final = 10


@dataclass(frozen=True, slots=True)
class WetHours:
    """Share of hours that are wet, and the mean rain of a wet hour [mm]."""

    share: float
    mean_mm: float


def wet_hours(instant: datetime) -> WetHours:
    """Return the wet hours of the season of ``instant``: fewer but heavier in summer.

    >>> from datetime import UTC
    >>> july = wet_hours(datetime(2021, 7, 15, tzinfo=UTC))
    >>> round(744 * july.share), round(744 * july.share * july.mean_mm)
    (67, 77)
    """
    winter = math.cos(2.0 * math.pi * (instant.timetuple().tm_yday - 15) / 365.25)
    return WetHours(share=0.13 + 0.04 * winter, mean_mm=0.85 - 0.30 * winter)


def climatology_members(
    rng: np.random.Generator, instant: datetime, steps: int, members: int, raining: bool
) -> FloatArray:
    """Draw rain of ``members`` sequences that start in the present weather.

    Parameters
    ----------
    rng
        Source of randomness.
    instant
        Issue time; decides the season.
    steps
        Number of 15-minute steps.
    members
        Number of sequences.
    raining
        Whether it rains at ``instant``; decides how the first hour begins.

    Returns
    -------
    Rain [mm per 15 min], shape [member, step].
    """
    season = wet_hours(instant)
    hours = -(-steps // STEPS_PER_HOUR)
    wet = _wet_chain(rng.random((hours, members)), season.share, raining)
    amount = rng.gamma(GAMMA_SHAPE, season.mean_mm / GAMMA_SHAPE, (hours, members))
    hourly = np.where(wet, amount, 0.0)
    hourly[:, ::DRY_MEMBER_EVERY] = 0.0
    by_step = np.repeat(hourly / STEPS_PER_HOUR, STEPS_PER_HOUR, axis=0)[:steps]
    return np.ascontiguousarray(by_step.T, dtype=np.float32)


def _wet_chain(uniform: NDArray[np.float64], share: float, raining: bool) -> NDArray[np.bool_]:
    # The chance to turn wet follows from the share of wet hours and the chance to stay wet.
    dry_turns_wet = share * (1.0 - WET_STAYS_WET) / (1.0 - share)
    wet = np.empty(uniform.shape, dtype=np.bool_)
    before = np.full(uniform.shape[1], raining)
    for hour, draw in enumerate(uniform):
        before = draw < np.where(before, WET_STAYS_WET, dry_turns_wet)
        wet[hour] = before
    return wet
