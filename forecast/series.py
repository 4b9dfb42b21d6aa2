"""From model flows to what stations publish: discharge by the stated rating, level by each member's own.

A rated station publishes a level and the discharge that its stated rating makes of it. What water really
flows at that level is uncertain: each member has its own rating. So the model is given the flow that a
member's rating makes of the observed level, and its flow is turned back by the same rating. The band
then carries the rating's error where it matters, in the water that goes downstream and above the gauged
range, and not in the first hours at the gauge itself.

What nudging has left of the difference to the last observed value (see :mod:`twin.assimilation`) is
carried on and fades with lead time: that remainder and no more, so nothing is counted twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.basin import Basin, Station, StationKind
from domain.readings import SeriesKey
from domain.variables import Variable
from forecast.observing import STEP_S, Gauging, ObservedWater, observed_flow
from forecast.products import MemberSeries
from twin.model import Twin, TwinRun
from twin.observed import ObservedFlows
from twin.ratings import SampledRating, sampled_ratings

FloatArray = NDArray[np.float32]
Wide = NDArray[np.float64]

# Error of a published discharge that no rating explains: acoustic gauges in pools, turbines at dams.
UNRATED_SD: Final = 0.10
LEVEL_NOISE_SD_M: Final = 0.01
DISCHARGE_NOISE_SD: Final = 0.02
# How well an observed level is known, as relative error of the flow that one member's rating makes of it.
_READING_SD: Final = 0.04
REMAINDER_HOURS: Final = 3.0
_LARGEST_REMAINDER: Final = 1.5
# A pool gauge tells the level of its weir's pool when it stands this close to the weir's height.
_POOL_HEIGHT_M: Final = 5.0
_LEAST_FLOW_M3S: Final = 1e-4


@dataclass(frozen=True)
class _Ratings:
    """Sampled ratings of the rated stations side by side; the two lines of :mod:`twin.ratings` in log space."""

    rows: NDArray[np.intp]
    h0_m: FloatArray
    depth_m: FloatArray
    log_stated: FloatArray
    log_flow: FloatArray
    exponent: FloatArray
    upper_exponent: FloatArray

    def log_depth(self, flow: FloatArray) -> FloatArray:
        """Return ln(depth over gauged depth) of flows [rated, step, member] by each member's rating."""
        ratio = np.log(np.maximum(flow, np.float32(_LEAST_FLOW_M3S))) - self.log_flow[:, np.newaxis]
        ratio /= np.where(ratio > 0.0, self.upper_exponent[:, np.newaxis], self.exponent[:, np.newaxis, np.newaxis])
        return np.asarray(ratio, dtype=np.float32)

    def stated_log_depth(self, flow: Wide) -> Wide:
        """Return ln(depth over gauged depth) of published discharges [step, rated]."""
        with np.errstate(divide="ignore"):
            return np.asarray((np.log(np.maximum(flow, _LEAST_FLOW_M3S)) - self.log_stated) / self.exponent)

    def member_flow(self, log_depth: Wide) -> Wide:
        """Return the flow [step, rated, member] that each member's rating makes of a level."""
        deep = log_depth[:, :, np.newaxis]
        exponent = np.where(deep > 0.0, self.upper_exponent, self.exponent[:, np.newaxis])
        return np.asarray(np.exp(self.log_flow + exponent * deep))


@dataclass(frozen=True)
class Anchor:
    """Last observed values at or before the issue time, [station], NaN where none, and their age [h]."""

    flow: Wide
    level: Wide
    age_h: Wide
    at_step: NDArray[np.intp]


class StationViews:
    """The stations of a basin as the model sees them, and its results as the stations publish them."""

    def __init__(self, basin: Basin, twin: Twin) -> None:
        self.gauging = Gauging(basin)
        self.stations = self.gauging.water_stations
        self.node_ids = tuple(_node(s) for s in self.stations)
        self._ratings = _stack_ratings(self.stations, sampled_ratings(basin, twin.topology, twin.parameters))
        rated = np.zeros(len(self.stations), dtype=np.bool_)
        rated[self._ratings.rows] = True
        self._unrated = np.flatnonzero(~rated)
        places = [twin.topology.position[node_id] for node_id in self.node_ids]
        offset = twin.parameters.gauge_offset[places][self._unrated]
        self._unrated_factor = np.exp(UNRATED_SD * offset).astype(np.float32)
        self._lakes = _lake_rows(self.stations, twin)
        self._pools = _pool_rows(self.stations, twin)

    def assimilated(self, water: ObservedWater, twin: Twin) -> ObservedFlows:
        """Return what the twin is told: flows as each member's rating reads them, and lake levels."""
        flow = observed_flow(water, self.gauging)
        members = np.empty((*flow.shape, twin.members))
        rows = self._ratings.rows
        members[:, rows] = self._ratings.member_flow(self._ratings.stated_log_depth(flow[:, rows]))
        members[:, self._unrated] = flow[:, self._unrated, np.newaxis] * self._unrated_factor
        sd = np.full(len(self.stations), _READING_SD)
        lakes = list(self._lakes.items())
        zero = np.array([self.stations[row].zero_m or 0.0 for row, _ in lakes])
        return ObservedFlows(
            node_ids=self.node_ids,
            discharge_m3s=members,
            sd_relative=sd,
            dam_ids=tuple(twin.topology.reservoir_ids[r] for _, r in lakes),
            dam_level_m=water.level[:, [row for row, _ in lakes]] + zero,
        )

    def anchor(self, water: ObservedWater) -> Anchor:
        """Return the last flow and level that each station published in a window that ends at issue time."""
        flow = observed_flow(water, self.gauging)
        known = np.isfinite(flow) | np.isfinite(water.level)
        at_step = np.where(known.any(axis=0), len(known) - 1 - np.argmax(known[::-1], axis=0), 0)
        column = np.arange(len(self.stations))
        age = np.where(known.any(axis=0), (len(known) - 1 - at_step) * STEP_S / 3600.0, np.nan)
        return Anchor(flow[at_step, column], water.level[at_step, column], age, at_step)

    def publish(self, past: TwinRun, ahead: TwinRun, anchor: Anchor, noise: FloatArray) -> MemberSeries:
        """Return what the members let the stations publish, step 0 being the issue time.

        Parameters
        ----------
        past, ahead
            Runs up to the issue time (at least one step) and after it.
        noise
            Standard normal errors of reading [station, member].
        """
        fade = _fade(anchor.age_h, len(ahead.times))
        flow, level = self._rated_and_unrated(past, ahead, anchor, fade)
        self._add_lakes_and_pools(level, past, ahead, anchor)
        flow *= np.exp(DISCHARGE_NOISE_SD * noise)[:, np.newaxis]
        level += LEVEL_NOISE_SD_M * noise[:, np.newaxis]
        _set_issue_time(flow, anchor.flow, anchor.age_h)
        _set_issue_time(level, anchor.level, anchor.age_h)
        modelled = np.isfinite(level[:, -1, 0])
        keys = [SeriesKey(s.station_id, Variable.DISCHARGE) for s in self.stations]
        keys += [SeriesKey(s.station_id, Variable.LEVEL) for s, yes in zip(self.stations, modelled, strict=True) if yes]
        return MemberSeries(tuple(keys), np.concatenate((flow, level[modelled])))

    def _rated_and_unrated(
        self, past: TwinRun, ahead: TwinRun, anchor: Anchor, fade: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return published discharge and level [station, step, member]; level NaN where no rating gives it."""
        model = _with_issue_step(past, ahead)
        then = _at_steps(past, anchor.at_step)
        level = np.full(model.shape, np.nan, dtype=np.float32)
        rows, ratings = self._ratings.rows, self._ratings
        depth = ratings.log_depth(model[rows])
        seen = ratings.stated_log_depth(anchor.flow[np.newaxis, rows])[0, :, np.newaxis]
        remainder = _bounded(seen - ratings.log_depth(then[rows])[:, 0])
        depth += fade[rows, :, np.newaxis] * remainder[:, np.newaxis]
        model[rows] = np.exp(
            ratings.log_stated[:, np.newaxis, np.newaxis] + ratings.exponent[:, np.newaxis, np.newaxis] * depth
        )
        shift = anchor.level[rows] - (ratings.h0_m + ratings.depth_m * np.exp(seen[:, 0]))
        level[rows] = ratings.depth_m[:, np.newaxis, np.newaxis] * np.exp(depth)
        level[rows] += (ratings.h0_m + np.nan_to_num(shift).astype(np.float32))[:, np.newaxis, np.newaxis]
        rows = self._unrated
        model[rows] /= self._unrated_factor[:, np.newaxis]
        published = then[rows, 0] / self._unrated_factor
        log_seen = np.log(np.maximum(anchor.flow[rows], _LEAST_FLOW_M3S))[:, np.newaxis]
        remainder = _bounded(log_seen - np.log(np.maximum(published, _LEAST_FLOW_M3S)))
        model[rows] *= np.exp(fade[rows, :, np.newaxis] * remainder[:, np.newaxis])
        return model, level

    def _add_lakes_and_pools(self, level: FloatArray, past: TwinRun, ahead: TwinRun, anchor: Anchor) -> None:
        """Write levels of lakes and pools: the model's change upon the last observed level."""
        for row, reservoir in self._lakes.items():
            course = np.concatenate((past.reservoir_level_m[-1:, reservoir], ahead.reservoir_level_m[:, reservoir]))
            then = past.reservoir_level_m[anchor.at_step[row], reservoir]
            zero = np.float32(self.stations[row].zero_m or 0.0)
            # A lake's datum is known, so that the model's level stands for a silent gauge.
            level[row] = course - zero + np.nan_to_num(np.float32(anchor.level[row]) - (then - zero))
        for row, weir in self._pools.items():
            course = np.concatenate((past.pool_level_m[-1:, weir], ahead.pool_level_m[:, weir]))
            # A pool gauge's zero may be unknown: without a reading its level stays NaN and is left out.
            level[row] = np.float32(anchor.level[row]) + course - past.pool_level_m[anchor.at_step[row], weir]


def _node(station: Station) -> str:
    if station.node_id is None:
        raise ValueError(f"station {station.station_id} stands on no node")
    return station.node_id


def _stack_ratings(stations: tuple[Station, ...], sampled: Mapping[str, SampledRating]) -> _Ratings:
    rows = [i for i, s in enumerate(stations) if s.kind is StationKind.RIVER and s.station_id in sampled]
    ratings = [sampled[stations[i].station_id] for i in rows]
    stated = [r.rating for r in ratings]
    depth = np.array([max(r.h_gauged_max_m - r.h0_m, 0.05) for r in stated])
    h0 = np.array([r.h0_m for r in stated])
    # Two levels on each line fix it: the rating itself says where it runs.
    gauged = [r.discharge(np.array([r.rating.h0_m + d])) for r, d in zip(ratings, depth, strict=True)]
    doubled = [r.discharge(np.array([r.rating.h0_m + 2.0 * d])) for r, d in zip(ratings, depth, strict=True)]
    log_flow = np.log(np.array(gauged)).reshape(len(rows), -1)
    upper = (np.log(np.array(doubled)).reshape(len(rows), -1) - log_flow) / np.log(2.0)
    log_stated = np.array([np.log(r.a) + r.b * np.log(d) for r, d in zip(stated, depth, strict=True)])
    parts = (h0, depth, log_stated, log_flow, np.array([r.b for r in stated]), upper)
    return _Ratings(np.array(rows, dtype=np.intp), *(part.astype(np.float32) for part in parts))


def _lake_rows(stations: tuple[Station, ...], twin: Twin) -> dict[int, int]:
    """Reservoir index by row of the station that stands on its lake."""
    at = {dam.node_id: r for r, dam in enumerate(twin.topology.reservoirs)}
    return {i: at[_node(s)] for i, s in enumerate(stations) if s.kind is StationKind.DAM and s.node_id in at}


def _pool_rows(stations: tuple[Station, ...], twin: Twin) -> dict[int, int]:
    """Weir index by row of the pool station whose level the weir's pool stands for."""
    topology, rows = twin.topology, {}
    for i, station in enumerate(stations):
        node = topology.position[_node(station)]
        weir = int(topology.weir_below[node])
        if station.kind is not StationKind.POOL or weir < 0:
            continue
        if abs(topology.elevation_m[node] - float(topology.weirs[weir].normal_level_m or 0.0)) <= _POOL_HEIGHT_M:
            rows[i] = weir
    return rows


def _with_issue_step(past: TwinRun, ahead: TwinRun) -> FloatArray:
    """Return flows [station, step, member] of the last step before the issue and of all after it."""
    flow = np.concatenate((past.discharge_m3s[-1:], ahead.discharge_m3s))
    return np.ascontiguousarray(flow.transpose(1, 0, 2))


def _at_steps(run: TwinRun, step: NDArray[np.intp]) -> FloatArray:
    """Return flows [station, 1, member] of one step for each station."""
    return run.discharge_m3s[step, np.arange(len(step))][:, np.newaxis]


def _fade(age_h: Wide, steps: int) -> FloatArray:
    """Return what is left of a remainder [station, step] at step 0, 1, ...; 0 where nothing was observed."""
    hours = np.arange(steps + 1) * (STEP_S / 3600.0)
    left = np.exp(-(np.nan_to_num(age_h)[:, np.newaxis] + hours) / REMAINDER_HOURS)
    return np.where(np.isfinite(age_h)[:, np.newaxis], left, 0.0).astype(np.float32)


def _bounded(remainder: NDArray[np.floating]) -> FloatArray:
    """Return a log difference within bounds, 0 where it is unknown."""
    bounded = np.clip(np.nan_to_num(remainder, nan=0.0), -_LARGEST_REMAINDER, _LARGEST_REMAINDER)
    return np.asarray(bounded, dtype=np.float32)


def _set_issue_time(values: FloatArray, observed: Wide, age_h: Wide) -> None:
    """Let all members stand at the observed value at issue time where it is that fresh."""
    fresh = np.isfinite(observed) & (age_h == 0.0)
    values[fresh, 0] = observed[fresh, np.newaxis]
