"""What drives the twin before and after an issue time: rain, evaporation, border flows, dam releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.event_pack import DamDecision
from domain.variables import Variable
from forecast.boundary import border_flow, border_members
from forecast.observing import STEP_S, BorderSource
from forecast.ports import ForecastStore

FloatArray = NDArray[np.float32]

STEP: Final = timedelta(seconds=STEP_S)
BORDER_MEMORY: Final = timedelta(hours=48)
# A decision as fresh as this is not yet seen in the outflow.
_FRESH: Final = timedelta(minutes=30)


def step_ends(begin: datetime, end: datetime) -> tuple[datetime, ...]:
    """Return the ends of the 15-minute steps after ``begin`` up to ``end``."""
    return tuple(begin + STEP * (i + 1) for i in range((end - begin) // STEP))


def releases(
    decisions: Sequence[DamDecision], dam_ids: Sequence[str], times: Sequence[datetime], now: datetime
) -> Mapping[str, NDArray[np.float64]]:
    """Return decided outlet flows [m3/s] by dam id over steps that end at ``times``; NaN where the rule decides.

    A decision counts from when it is known, never before, and not at all when it is made after ``now``.
    The last one known holds on; see :mod:`forecast.operation` for how long.
    """
    decided: dict[str, NDArray[np.float64]] = {}
    for decision in sorted((d for d in decisions if d.at <= now and d.dam_id in dam_ids), key=lambda d: d.at):
        course = decided.setdefault(decision.dam_id, np.full(len(times), np.nan))
        # The step in which a decision is made still runs under the one before.
        course[[decision.at < end and end - STEP >= decision.at for end in times]] = decision.release_m3s
    return decided


def seen_releases(
    decided: Mapping[str, NDArray[np.float64]], outflows: Mapping[str, NDArray[np.float64]]
) -> Mapping[str, NDArray[np.float64]]:
    """Return releases over observed steps: what was seen to leave a dam where it was seen, else what was decided."""
    course = {dam_id: values.copy() for dam_id, values in decided.items()}
    for dam_id, seen in outflows.items():
        known = np.isfinite(seen)
        course.setdefault(dam_id, np.full(len(seen), np.nan))[known] = seen[known]
    return course


def coming_releases(
    decided: Mapping[str, NDArray[np.float64]],
    outflows: Mapping[str, NDArray[np.float64]],
    decisions: Sequence[DamDecision],
    now: datetime,
    steps: int,
) -> Mapping[str, NDArray[np.float64]]:
    """Return releases after ``now``: the outflow seen last holds on, unless a decision is too fresh to be seen.

    ``outflows`` are the last observed steps up to ``now``. The valves cannot pass more than the model's dam has;
    what was water over its crest is let go by the model's own spillway.
    """
    course = {dam_id: values.copy() for dam_id, values in decided.items()}
    fresh = {d.dam_id for d in decisions if now - _FRESH < d.at <= now}
    for dam_id, seen in outflows.items():
        known = seen[np.isfinite(seen)]
        if known.size and dam_id not in fresh:
            course[dam_id] = np.full(steps, known[-1])
    return course


def border_series(store: ForecastStore, sources: Sequence[BorderSource], until: datetime) -> NDArray[np.float64]:
    """Return the flow at each border as its station tells it [m3/s], shape [step, border]; NaN where unknown.

    The steps are the 48 h up to ``until``.
    """
    ids = tuple(dict.fromkeys(s.station_id for s in sources if s.station_id is not None))
    window = store.observed_window(Variable.DISCHARGE, ids, until - BORDER_MEMORY, until, STEP_S)
    series = np.full((BORDER_MEMORY // STEP, len(sources)), np.nan)
    for border, source in enumerate(sources):
        if source.station_id is not None:
            series[:, border] = source.factor * window.values[:, window.station_ids.index(source.station_id)]
    return series


def past_inflow(
    series: NDArray[np.float64], sources: Sequence[BorderSource], steps: int, seed: int, members: int
) -> FloatArray:
    """Return what members believe of the last ``steps`` of border flow [m3/s], shape [step, border, member].

    A gap is bridged from the last value known before it, the more uncertain the longer it lasts.
    """
    inflow = np.empty((steps, len(sources), members), dtype=np.float32)
    for border, source in enumerate(sources):
        for step in range(steps):
            known = series[: len(series) - steps + step + 1, border]
            # A member errs the same way in every step: the seed does not change with time.
            rng = np.random.default_rng((seed, 31, border))
            inflow[step, border] = border_members(rng, border_flow(known, source.mean_m3s), 1, members)[0]
    return inflow


def coming_inflow(
    series: NDArray[np.float64], sources: Sequence[BorderSource], steps: int, rng: np.random.Generator, members: int
) -> FloatArray:
    """Draw the flow at each border over the coming steps [m3/s], shape [step, border, member]."""
    inflow = np.empty((steps, len(sources), members), dtype=np.float32)
    for border, source in enumerate(sources):
        inflow[:, border] = border_members(rng, border_flow(series[:, border], source.mean_m3s), steps, members)
    return inflow
