"""Public readings of a flood beside what the simulated world gives at the same place and time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from domain.basin import Basin
from domain.event_pack import Anchor, AnchorRole, Bound
from domain.variables import Variable
from simulator.truth import Truth

Array = NDArray[np.float64]
# A further peak counts when the river fell by a tenth in between.
PEAK_FALL = 0.10


@dataclass(frozen=True, slots=True)
class Comparison:
    """One public reading, what the simulation gives (None: nothing comparable), and whether it agrees."""

    anchor: Anchor
    got: float | None
    got_at: datetime | None
    agrees: bool | None


def compare(anchor: Anchor, truth: Truth, basin: Basin) -> Comparison:
    """Compare one flow, level or dam anchor; a rain anchor belongs to the event pack and gives None."""
    if anchor.role is AnchorRole.RAIN or not truth.steps[0] <= anchor.until <= truth.steps[-1]:
        return Comparison(anchor, None, None, None)
    if anchor.variable == "dam_full":
        return _full(anchor, truth, basin)
    series = _series(anchor, truth, basin)
    if series is None:
        return Comparison(anchor, None, None, None)
    got, got_at = _reading(anchor, truth, series)
    return Comparison(anchor, got, got_at, _agrees(anchor, got))


def _series(anchor: Anchor, truth: Truth, basin: Basin) -> Array | None:
    if anchor.anchor_id == "helle_soor":
        # The dam's outflow takes about half an hour to the confluence.
        outflow = truth.discharge_at("VES_DAM")
        beside: Array = truth.discharge_at("VES_HELLE") - np.concatenate([outflow[:2], outflow[:-2]])
        return beside
    node_id = anchor.node_id
    if anchor.variable.startswith("dam_inflow"):
        dam_id = next(dam.dam_id for dam in basin.dams.values() if dam.node_id == node_id)
        return truth.lake(dam_id)[0]
    if anchor.variable == "level" and anchor.station_id is not None:
        return truth.at_station(anchor.station_id, Variable.LEVEL)
    if anchor.variable in ("discharge", "discharge_peaks", "dam_outflow") and node_id is not None:
        return truth.discharge_at(node_id)
    return None


def _reading(anchor: Anchor, truth: Truth, series: Array) -> tuple[float, datetime | None]:
    stamps = np.array([step.timestamp() for step in truth.steps])
    if anchor.kind == "instant" or anchor.since is None:
        return float(np.interp(anchor.until.timestamp(), stamps, series)), anchor.until
    inside = np.flatnonzero((stamps > anchor.since.timestamp()) & (stamps <= anchor.until.timestamp()))
    part = series[inside]
    if anchor.kind == "mean":
        return float(part.mean()), None
    if anchor.kind == "total":
        return float(part.sum()) * 900 / 1e6, None
    if anchor.kind == "count":
        return float(len(peaks(part))), None
    return float(part.max()), truth.steps[inside[np.argmax(part)]]


def _agrees(anchor: Anchor, got: float) -> bool | None:
    if anchor.value is None or anchor.tolerance is None:
        return None
    low = anchor.value * (1 - anchor.tolerance)
    if anchor.bound is Bound.LOWER:
        return got >= low
    high = anchor.value if anchor.value_high is None else anchor.value_high
    return low <= got <= high * (1 + anchor.tolerance)


def _full(anchor: Anchor, truth: Truth, basin: Basin) -> Comparison:
    """When the lake first began to spill: from then on it keeps back only what its surface rises."""
    dam_id = next(dam.dam_id for dam in basin.dams.values() if dam.node_id == anchor.node_id)
    level, crest = truth.lake(dam_id)[2], truth.lake_crest[truth.dam_ids.index(dam_id)]
    reached = np.flatnonzero(level >= crest)
    if len(reached) == 0:
        return Comparison(anchor, None, None, False)
    at = truth.steps[reached[0]]
    hours = (at - anchor.until).total_seconds() / 3600
    tolerance = anchor.tolerance or 0.0
    is_close = hours >= -tolerance if anchor.bound is Bound.LOWER else abs(hours) <= tolerance
    return Comparison(anchor, hours, at, is_close)


def peaks(series: Array) -> list[int]:
    """Return the indices of separate peaks: between two of them the series falls by a tenth of the lower.

    >>> peaks(np.array([1.0, 5.0, 4.8, 5.2, 1.0, 3.0, 0.5]))
    [3, 5]
    """
    found: list[int] = []
    top, valley = 0, 0
    is_rising = True
    for k in range(1, len(series)):
        if is_rising:
            if series[k] > series[top]:
                top = k
            elif series[k] < (1 - PEAK_FALL) * series[top]:
                if top > 0:
                    found.append(top)
                is_rising, valley = False, k
        elif series[k] < series[valley]:
            valley = k
        elif series[k] > series[valley] / (1 - PEAK_FALL):
            is_rising, top = True, k
    return found
