"""Rain of each member by area: amounts and times drawn from the outlooks known at issue time.

Each member believes one provider. Its totals vary with a common and an areal part (and elsewhere, by
zone, a local one), plus an error of amount common to all areas; its storms are placed within the window
and the window moved by a timing error. Of a window that has begun, half of the members let the rest of
the total fall, given that at least what fell already had to fall; the other half let the window's
remaining share of a fresh total fall, in case the forecast was wrong about the start.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecast.hyetographs import StormPlan, unit_hyetographs
from forecast.known_rain import STANDARD, KnownRain, RainOutlook

FloatArray = NDArray[np.float32]
Draws = NDArray[np.float64]

STEP: Final = timedelta(minutes=15)
AMOUNT_LOG_SD: Final = 0.20
_COMMON_SHARE: Final = 0.5  # of the variance of a total, shared by all areas
_LEAST_TAIL: Final = 0.02


@dataclass(frozen=True)
class AreaScenarios:
    """Rain by area and member.

    ``intensity`` [member, step, area] in mm per 15 min; ``amounts`` and ``events`` [member, area] tell
    for which areas the member draws from an amount, or from a large event that somebody warned of.
    """

    intensity: FloatArray
    amounts: NDArray[np.bool_]
    events: NDArray[np.bool_]


@dataclass(frozen=True)
class ScenarioDraws:
    """Every random number that scenarios need, drawn once so that their use has no order.

    ``provider`` [member] in [0, 1); ``common`` and ``amount`` [member] normal; ``areal`` [member, area]
    normal; ``occurrence`` and ``placement`` [member] in [0, 1); ``keeps_total`` [member].
    """

    provider: Draws
    common: Draws
    amount: Draws
    areal: Draws
    occurrence: Draws
    placement: Draws
    keeps_total: NDArray[np.bool_]
    storms: StormPlan


def draw_scenarios(rng: np.random.Generator, members: int, areas: int, storms: StormPlan) -> ScenarioDraws:
    """Draw the random numbers of all members' scenarios."""
    return ScenarioDraws(
        provider=rng.random(members),
        common=rng.standard_normal(members),
        amount=rng.standard_normal(members),
        areal=rng.standard_normal((members, areas)),
        occurrence=rng.random(members),
        placement=rng.random(members),
        keeps_total=rng.random(members) < 0.5,
        storms=storms,
    )


def area_scenarios(
    known: KnownRain,
    now: datetime,
    areas: Sequence[str],
    draws: ScenarioDraws,
    otherwise: FloatArray,
    fallen_mm: Callable[[str, datetime], float | None],
) -> AreaScenarios:
    """Return rain of each member by area.

    Parameters
    ----------
    known
        Outlooks that count at ``now``.
    areas
        Names of the areas, in the order of the result.
    otherwise
        Rain where nobody says anything, and outside the outlooks' windows [mm per 15 min], [member, step].
    fallen_mm
        Gives the observed areal rain of an area since a time, None where it was not observed.
    """
    members, steps = otherwise.shape
    index = {area: i for i, area in enumerate(areas)}
    intensity = np.repeat(otherwise[:, :, np.newaxis], len(areas), axis=2)
    amounts = np.zeros((members, len(areas)), dtype=np.bool_)
    events = np.zeros_like(amounts)
    spoken = np.zeros((members, steps, len(areas)), dtype=np.bool_)
    believed = _believed_provider(known.providers, draws.provider)
    # Amounts come newest first: an older outlook only fills steps that a newer one left open.
    for outlook, is_amount in [(o, True) for o in known.amounts] + [(o, False) for o in known.chances]:
        area = index.get(outlook.area)
        if area is None:
            continue
        takes = believed == outlook.provider if is_amount else draws.occurrence < outlook.chance
        takes = takes & ~amounts[:, area] if not is_amount else takes
        if not takes.any():
            continue
        rain, window = _outlook_rain(outlook, now, area, draws, fallen_mm)
        if outlook.accumulation is not None:
            # Its total falls in a part of the window; the rest of it is not dry.
            rain = np.maximum(rain, otherwise)
        fills = takes[:, np.newaxis] & window & ~spoken[:, :, area]
        intensity[:, :, area] = np.where(fills, rain, intensity[:, :, area])
        spoken[:, :, area] |= fills
        (amounts if is_amount else events)[:, area] |= takes
    return AreaScenarios(intensity, amounts, events)


def _believed_provider(providers: Sequence[str], draw: Draws) -> NDArray[np.str_]:
    if not providers:
        return np.full(len(draw), "", dtype=np.str_)
    return np.asarray(providers, dtype=np.str_)[(draw * len(providers)).astype(np.intp)]


def _outlook_rain(
    outlook: RainOutlook,
    now: datetime,
    area: int,
    draws: ScenarioDraws,
    fallen_mm: Callable[[str, datetime], float | None],
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return what an outlook lets fall, [member, step], and the steps that it speaks of."""
    begin, end = (outlook.valid_from - now) / STEP, (outlook.valid_until - now) / STEP
    # A member's own spread of the total: part of it common to all areas, part the area's own.
    own = np.sqrt(_COMMON_SHARE) * draws.common + np.sqrt(1.0 - _COMMON_SHARE) * draws.areal[:, area]
    start, stop, share = _fall_spans(outlook, begin, end, draws.placement)
    left = share * np.exp(outlook.log_median + outlook.log_sd * own)
    if begin < 0.0 and outlook.accumulation is None:
        fallen = fallen_mm(outlook.area, outlook.valid_from)
        if fallen is not None:
            left = np.where(draws.keeps_total, _rest_given_fallen(outlook, own, fallen, left), left)
    # The error of amount comes last: what has fallen is known, what is still to fall is not.
    left = left * np.exp(AMOUNT_LOG_SD * draws.amount)
    rain = unit_hyetographs(draws.storms, start, stop) * left[:, np.newaxis].astype(np.float32)
    step = np.arange(rain.shape[1]) + 0.5
    shift = draws.storms.shift_steps[:, np.newaxis]
    # Before and after its window an outlook is silent, except where timing errors carry its rain.
    return rain, ((step > begin) & (step <= end)) | ((step > begin + shift) & (step <= end + shift))


def _fall_spans(outlook: RainOutlook, begin: float, end: float, placement: Draws) -> tuple[Draws, Draws, Draws]:
    """Return start and end [steps after issue] of the span that the total falls in, and the share still to fall."""
    first = max(begin, 0.0)
    if outlook.accumulation is None:
        ones = np.ones_like(placement)
        return first * ones, end * ones, ones * (end - first) / (end - begin)
    span = outlook.accumulation / STEP
    room = max(end - first - span, 0.0)
    start = first + placement * room
    stop = np.minimum(start + span, end)
    return start, stop, (stop - start) / span


def _rest_given_fallen(outlook: RainOutlook, own: Draws, fallen: float, otherwise: Draws) -> Draws:
    """Return total minus ``fallen`` for totals drawn above ``fallen``; a forecast far exceeded says no more."""
    below = STANDARD.cdf((math.log(max(fallen, 0.01)) - outlook.log_median) / outlook.log_sd)
    if 1.0 - below < _LEAST_TAIL:
        return otherwise
    rank = [below + (1.0 - below) * STANDARD.cdf(float(value)) for value in own]
    normal = np.array([STANDARD.inv_cdf(min(max(r, 1e-9), 1.0 - 1e-9)) for r in rank])
    return np.maximum(np.exp(outlook.log_median + outlook.log_sd * normal) - fallen, 0.0)
