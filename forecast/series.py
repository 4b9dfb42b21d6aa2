"""From model flows to what stations publish: discharge by the stated rating, level by each member's own.

A rated station publishes a level and the discharge that its stated rating makes of it. What water really
flows at that level is uncertain: each member has its own rating. So the model is given the flow that a
member's rating makes of the observed level, and its flow is turned back by the same rating. The band
then carries the rating's error where it matters, in the water that goes downstream and above the gauged
range, and not in the first hours at the gauge itself.

What nudging has left of the difference to the last observed value (see :mod:`twin.assimilation`) is
carried on and fades with lead time: that remainder and no more, so nothing is counted twice. While it
fades, the error of the model itself comes in, as large at a silent station from the start.

In a weir pool the surface is flat at low flow and sloped in a flood. How much a pool gauge rises with the
slope is not known: members take from nothing to all of the change of depth in a free river.
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
from forecast.operation import Course
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
# Error of ln(discharge) that the model keeps although rain and rating are right, and how fast it comes in.
MODEL_LOG_SD: Final = 0.25
MODEL_ERROR_HOURS: Final = 24.0
_COMMON_SHARE: Final = 0.5  # of its variance, shared by all stations of a member
# A pool gauge tells the level of its weir's pool when it stands this close to the weir's height.
_POOL_HEIGHT_M: Final = 5.0
_LEAST_FLOW_M3S: Final = 1e-4


@dataclass(frozen=True)
class _Ratings:
    """Sampled ratings of the rated stations side by side; the two lines of :mod:`twin.ratings` in log space.

    Shape [rated], but [rated, member] for ``log_flow``, ln of the flow at gauged depth, and
    ``upper_exponent``, the exponent above it.
    """

    rows: NDArray[np.intp]
    h0_m: FloatArray
    depth_m: FloatArray
    log_stated: FloatArray
    log_flow: FloatArray
    exponent: FloatArray
    upper_exponent: FloatArray

    def log_depth(self, rated: int, flow: FloatArray) -> FloatArray:
        """Return ln(depth over gauged depth) of flows [..., member] at one station by each member's rating."""
        ratio = np.log(np.maximum(flow, np.float32(_LEAST_FLOW_M3S)))
        ratio -= self.log_flow[rated]
        lower, upper = 1.0 / self.exponent[rated], 1.0 / self.upper_exponent[rated]
        return np.asarray(ratio * lower + np.maximum(ratio, 0.0) * (upper - lower), dtype=np.float32)

    def stated_log_depth(self, flow: Wide) -> Wide:
        """Return ln(depth over gauged depth) of published discharges [..., rated]."""
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


@dataclass(frozen=True)
class Errors:
    """Errors of what members publish.

    ``reading`` and ``model`` [station, member] are standard normal; ``slope`` [member] is a part in [0, 1].
    """

    reading: FloatArray
    model: FloatArray
    slope: FloatArray


# By station and step: what is left of the remainder, what has come of the model's error; the error itself.
_Leads = tuple[FloatArray, FloatArray, FloatArray]


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
        self._pool_depth = {row: _depth_factor(twin, places[row]) for row in self._pools}

    def assimilated(self, water: ObservedWater, twin: Twin) -> ObservedFlows:
        """Return what the twin is told: flows as each member's rating reads them, and lake levels.

        The outflow of a lake is not among the flows: it is what the dam's valves pass, see :meth:`outflows`.
        A factor upon what the model lets out would turn a lake that spills a day late into a deluge.
        """
        flow = observed_flow(water, self.gauging)
        flow[:, list(self._lakes)] = np.nan
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

    def outflows(self, water: ObservedWater, twin: Twin) -> Mapping[str, Wide]:
        """Return what each dam was seen to let out [m3/s] by dam id, shape [step], NaN where unknown."""
        ids = twin.topology.reservoir_ids
        return {
            ids[r]: np.where(water.discharge[:, row] >= 0.0, water.discharge[:, row], np.nan)
            for row, r in self._lakes.items()
        }

    def anchor(self, water: ObservedWater) -> Anchor:
        """Return the last flow and level that each station published in a window that ends at issue time."""
        flow = observed_flow(water, self.gauging)
        known = np.isfinite(flow) | np.isfinite(water.level)
        at_step = np.where(known.any(axis=0), len(known) - 1 - np.argmax(known[::-1], axis=0), 0)
        column = np.arange(len(self.stations))
        age = np.where(known.any(axis=0), (len(known) - 1 - at_step) * STEP_S / 3600.0, np.nan)
        return Anchor(flow[at_step, column], water.level[at_step, column], age, at_step)

    def draw_errors(self, rng: np.random.Generator, members: int) -> Errors:
        """Draw the errors of one ensemble."""
        shape = (len(self.stations), members)
        common, own = rng.standard_normal(members), rng.standard_normal(shape)
        model = np.sqrt(_COMMON_SHARE) * common + np.sqrt(1.0 - _COMMON_SHARE) * own
        return Errors(
            reading=rng.standard_normal(shape).astype(np.float32),
            model=model.astype(np.float32),
            slope=rng.uniform(0.0, 1.0, members).astype(np.float32),
        )

    def publish(self, past: TwinRun, ahead: Course, anchor: Anchor, errors: Errors) -> MemberSeries:
        """Return what the members let the stations publish, step 0 being the issue time.

        Parameters
        ----------
        past, ahead
            Runs up to the issue time (at least one step) and after it.
        """
        model = _with_issue_step(past, ahead)
        level = np.full(model.shape, np.nan, dtype=np.float32)
        then = past.discharge_m3s[anchor.at_step, np.arange(len(self.stations))]
        self._add_lakes_and_pools(level, past, ahead, anchor)
        self._add_slope(level, model, then, errors.slope)
        fade = _fade(anchor.age_h, len(ahead.times), REMAINDER_HOURS)
        grown = MODEL_LOG_SD * (1.0 - _fade(anchor.age_h, len(ahead.times), MODEL_ERROR_HOURS))
        self._publish_rated(model, level, then, anchor, (fade, grown, errors.model))
        self._publish_unrated(model, then, anchor, (fade, grown, errors.model))
        model *= np.exp(DISCHARGE_NOISE_SD * errors.reading)[:, np.newaxis]
        level += LEVEL_NOISE_SD_M * errors.reading[:, np.newaxis]
        _set_issue_time(model, anchor.flow, anchor.age_h)
        _set_issue_time(level, anchor.level, anchor.age_h)
        modelled = np.isfinite(level[:, -1, 0])
        keys = [SeriesKey(s.station_id, Variable.DISCHARGE) for s in self.stations]
        keys += [SeriesKey(s.station_id, Variable.LEVEL) for s, yes in zip(self.stations, modelled, strict=True) if yes]
        return MemberSeries(tuple(keys), np.concatenate((model, level[modelled])))

    def _publish_rated(
        self, flow: FloatArray, level: FloatArray, then: FloatArray, anchor: Anchor, leads: _Leads
    ) -> None:
        """Turn model flows [station, step, member] of rated stations into published flows and levels, in place."""
        ratings, (fade, grown, model_error) = self._ratings, leads
        seen = ratings.stated_log_depth(anchor.flow[ratings.rows])
        # A level that does not stand where its rating puts it stays off by as much.
        shift = np.nan_to_num(anchor.level[ratings.rows] - (ratings.h0_m + ratings.depth_m * np.exp(seen)))
        # One station after the other: its course stays in cache.
        for rated, row in enumerate(ratings.rows):
            depth = ratings.log_depth(rated, flow[row])
            remainder = _bounded(seen[rated] - ratings.log_depth(rated, then[row]))
            depth += fade[row, :, np.newaxis] * remainder
            depth += grown[row, :, np.newaxis] * (model_error[row] / ratings.exponent[rated])
            np.exp(ratings.log_stated[rated] + ratings.exponent[rated] * depth, out=flow[row])
            np.exp(depth, out=level[row])
            level[row] *= ratings.depth_m[rated]
            level[row] += ratings.h0_m[rated] + np.float32(shift[rated])

    def _publish_unrated(self, flow: FloatArray, then: FloatArray, anchor: Anchor, leads: _Leads) -> None:
        """Turn model flows of stations without a rating into published ones, in place."""
        fade, grown, model_error = leads
        for row, factor in zip(self._unrated, self._unrated_factor, strict=True):
            published = np.maximum(then[row] / factor, np.float32(_LEAST_FLOW_M3S))
            with np.errstate(invalid="ignore"):
                remainder = _bounded(np.log(np.maximum(anchor.flow[row], _LEAST_FLOW_M3S)) - np.log(published))
            change = fade[row, :, np.newaxis] * remainder + grown[row, :, np.newaxis] * model_error[row]
            flow[row] *= np.exp(change) / factor

    def _add_lakes_and_pools(self, level: FloatArray, past: TwinRun, ahead: Course, anchor: Anchor) -> None:
        """Write levels of lakes and pools: the model's change upon the last observed level."""
        for row, reservoir in self._lakes.items():
            course = np.concatenate((past.reservoir_level_m[-1:, reservoir], ahead.reservoir_level_m[:, reservoir]))
            then = past.reservoir_level_m[anchor.at_step[row], reservoir]
            zero = np.float32(self.stations[row].zero_m or 0.0)
            # A lake's datum is known, so that the model's level stands for a silent gauge.
            level[row] = course - zero + np.nan_to_num(np.float32(anchor.level[row]) - (then - zero))
        for row, weir in self._pools.items():
            # A pool gauge's zero may be unknown: without a reading its level stays NaN and is left out.
            level[row] = np.float32(anchor.level[row])
            if weir >= 0:
                course = np.concatenate((past.pool_level_m[-1:, weir], ahead.pool_level_m[:, weir]))
                level[row] += course - past.pool_level_m[anchor.at_step[row], weir]

    def _add_slope(self, level: FloatArray, flow: FloatArray, then: FloatArray, slope: FloatArray) -> None:
        """Raise pool levels, in place, by a member's part of the change of depth since the last reading."""
        for row, factor in self._pool_depth.items():
            level[row] += slope * factor * (flow[row] ** np.float32(0.6) - then[row] ** np.float32(0.6))


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
    """Weir index by row of the pool stations; -1 where no weir of the model holds their pool."""
    topology, rows = twin.topology, {}
    for i, station in enumerate(stations):
        if station.kind is StationKind.POOL:
            node = topology.position[_node(station)]
            weir = int(topology.weir_below[node])
            height = float(topology.weirs[weir].normal_level_m or 0.0) if weir >= 0 else np.inf
            rows[i] = weir if abs(topology.elevation_m[node] - height) <= _POOL_HEIGHT_M else -1
    return rows


def _depth_factor(twin: Twin, node: int) -> FloatArray:
    """Return depth over discharge^0.6 [member] of a wide channel at a node, by Manning's formula."""
    slope = max(float(twin.topology.slope[node]), 1e-5)
    width = np.maximum(twin.parameters.width_m[node], 1.0)
    return np.asarray((twin.parameters.roughness[node] / (width * np.sqrt(slope))) ** 0.6, dtype=np.float32)


def _with_issue_step(past: TwinRun, ahead: Course) -> FloatArray:
    """Return flows [station, step, member] of the last step before the issue and of all after it."""
    flow = np.concatenate((past.discharge_m3s[-1:], ahead.discharge_m3s))
    return np.ascontiguousarray(flow.transpose(1, 0, 2))


def _fade(age_h: Wide, steps: int, decay_h: float) -> FloatArray:
    """Return what is left of an observation [station, step] at step 0, 1, ...; 0 where nothing was observed."""
    hours = np.arange(steps + 1) * (STEP_S / 3600.0)
    left = np.exp(-(np.nan_to_num(age_h)[:, np.newaxis] + hours) / decay_h)
    return np.where(np.isfinite(age_h)[:, np.newaxis], left, 0.0).astype(np.float32)


def _bounded(remainder: NDArray[np.floating]) -> FloatArray:
    """Return a log difference within bounds, 0 where it is unknown."""
    bounded = np.clip(np.nan_to_num(remainder, nan=0.0), -_LARGEST_REMAINDER, _LARGEST_REMAINDER)
    return np.asarray(bounded, dtype=np.float32)


def _set_issue_time(values: FloatArray, observed: Wide, age_h: Wide) -> None:
    """Let all members stand at the observed value at issue time where it is that fresh."""
    fresh = np.isfinite(observed) & (age_h == 0.0)
    values[fresh, 0] = observed[fresh, np.newaxis]
