"""The forecast cycle: bring the state of the twin up to now, run the ensemble, say what it means.

A cycle is a function of the issue time, the store and its configuration. It reads no clock, and nothing
that was observed, said or decided after the issue time.

Readings that arrive late: a cycle begins its analysis at the newest saved state, and states are saved on
the hour, so that whatever arrived since for the last hour enters by itself. A caller that knows of older
late readings names the oldest (``late_since``); the analysis then begins at the newest state before it and
the states on its way are written anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.basin import Basin
from domain.clock import as_utc, format_utc
from domain.errors import ModelError
from domain.event_pack import DamDecision, RainForecast
from domain.forecasts import LEAD_MINUTES, QUANTILE_LEVELS, ForecastIssue, ForecastKind
from domain.hourly import HourlyTable
from domain.records import SavedState
from forecast import forcing
from forecast.climatology import climatology_members
from forecast.displacement import build_geography, positions_km, rain_zones
from forecast.history import ordinary_history
from forecast.known_rain import known_rain
from forecast.observed_rain import (
    MEAN_CATCH_FACTOR,
    UNSEEN_BLOCK,
    catch_factors,
    fill_unseen,
    observed_rain_members,
    zone_weights,
)
from forecast.observing import STEP_S, observed_rain, observed_water
from forecast.ports import ForecastStore
from forecast.products import MemberSeries, compute_products
from forecast.rain_members import PastRain, draw_rain
from forecast.series import Anchor, StationViews
from twin.evaporation import potential_evaporation_mm
from twin.model import Forcing, Twin, TwinRun
from twin.parameters import RANGES
from twin.rainfall import RainWeights
from twin.state import TwinState

FloatArray = NDArray[np.float32]

HORIZON_STEPS: Final = 192
STATE_EVERY: Final = timedelta(hours=1)
OLDEST_STATE: Final = timedelta(days=10)
LONGEST_RAIN_MEMORY: Final = timedelta(hours=96)
_SHORTEST_RAIN_MEMORY: Final = timedelta(hours=2)
UPPER_BOUND: Final = "Upper bound: driven with the rain that fell, which nobody knew at issue time"


@dataclass(frozen=True)
class KnownStatements:
    """What others say and decide, with the time from which each is known.

    ``areas`` are the node ids of each area that a rain forecast may name.
    """

    rain_forecasts: Sequence[RainForecast] = ()
    areas: Mapping[str, Sequence[str]] | None = None
    dam_decisions: Sequence[DamDecision] = ()


@dataclass(frozen=True)
class RunStamp:
    """What a run writes on everything it makes: ``label`` is non-empty when inputs were reconstructed."""

    code_version: str
    label: str = ""


@dataclass(frozen=True)
class _Analysis:
    """State of the twin at the issue time, and what it was made of."""

    now: datetime
    run: TwinRun
    anchor: Anchor
    gauges_heard: int


class ForecastCycle:
    """Makes one forecast after the other.

    Parameters
    ----------
    basin
        The checked basin.
    twin
        Model of the basin with the ensemble's parameters; its seed and members are those of the forecast.
    store
        Observations in, states and forecasts out.
    statements
        Rain forecasts and dam decisions, each with the time from which it is known.
    stamp
        Code version and label of everything that is made.
    """

    def __init__(
        self, basin: Basin, twin: Twin, store: ForecastStore, statements: KnownStatements, stamp: RunStamp
    ) -> None:
        self.basin = basin
        self.twin = twin
        self.store = store
        self.statements = statements
        self.stamp = stamp
        self.seed = twin.parameters.seed
        self.views = StationViews(basin, twin)
        self.configuration_hash = configuration_hash(basin, twin)
        topology = twin.topology
        at = topology.catchment_nodes
        self._zones = rain_zones(positions_km(topology.latitude[at].tolist(), topology.longitude[at].tolist()))
        self._weights = zone_weights(RainWeights.of(basin, topology), self._zones)
        self._geography = build_geography(self._zones, topology.catchment_ids, statements.areas or {})
        self._borders = tuple(self.views.gauging.border_source(node_id) for node_id in topology.inflow_ids)
        self._catch = catch_factors(self.seed, twin.members)
        self._last_unpacked: tuple[bytes, TwinState] | None = None

    def warm_up(self, rain: HourlyTable, inflows: HourlyTable) -> TwinState:
        """Run the twin by the hour through a history, save the state that it ends in, and return it.

        A state that the store already holds for the end of the history is returned as it is.

        Raises
        ------
        ModelError
            If the history is incomplete or the model fails.
        """
        if not rain.times or rain.times != inflows.times:
            raise ModelError("warm-up: rain and inflow must cover the same hours")
        saved = self.store.newest_state(self.configuration_hash, rain.times[-1])
        if saved is not None and saved.valid_at == rain.times[-1]:
            return TwinState.from_bytes(saved.blob)
        step_s = 3600
        columns = [rain.column_ids.index(station_id) for station_id in self._weights.station_ids]
        areal = self._weights.areal_rain(rain.values[:, columns]).rain_mm * np.float32(MEAN_CATCH_FACTOR)
        border = [inflows.column_ids.index(node_id) for node_id in self.twin.inflow_ids]
        drive = Forcing(
            times=rain.times,
            rain_mm=areal,
            potential_evaporation_mm=potential_evaporation_mm(rain.times, step_s),
            inflow_m3s=inflows.values[:, border],
            zones=self._zones.zone_of,
        )
        start = self.twin.cold_state(rain.times[0] - timedelta(seconds=step_s))
        state = self.twin.run(start, drive, step_s=step_s).state
        self._save(state)
        return state

    def ensure_state(self, at: datetime) -> None:
        """Make sure that a state not older than :data:`OLDEST_STATE` stands at or before ``at``.

        Where none does, the model is warmed up with a year of ordinary weather: all that follows from it
        is a rough beginning until gauges have taught the model better.
        """
        saved = self.store.newest_state(self.configuration_hash, at)
        if saved is None or saved.valid_at < at - OLDEST_STATE:
            hour = as_utc(at).replace(minute=0, second=0, microsecond=0)
            self.warm_up(*ordinary_history(self.basin, self.twin, hour))

    def run(self, now: datetime, late_since: datetime | None = None) -> ForecastIssue:
        """Make, store and return the forecast issued at ``now``.

        Parameters
        ----------
        now
            Issue time, on a full quarter of an hour.
        late_since
            Observed time of the oldest reading that arrived late since the cycle before, if any is older
            than the newest saved state.

        Raises
        ------
        ModelError
            If there is no state to begin from, or a step is not finite. Nothing is saved then.
        """
        analysis = self._analyse(now, late_since)
        rng = np.random.default_rng((self.seed, int(analysis.now.timestamp())))
        past = self._past_rain(analysis.now)
        shape = (HORIZON_STEPS, self.twin.members)
        rain = draw_rain(rng, analysis.now, shape, self._geography, self.statements.rain_forecasts, past)
        ahead = self._run_ahead(analysis, rain.mm, rng)
        return self._issue(analysis, ahead, rng, ForecastKind.ENSEMBLE, rain.scheme)

    def run_perfect(self, now: datetime, rain: HourlyTable, late_since: datetime | None = None) -> ForecastIssue:
        """Make, store and return the forecast that knowing the coming rain would give: an upper bound.

        ``rain`` are hourly sums at the rain gauges; hours that it does not cover are drawn from climatology.
        """
        analysis = self._analyse(now, late_since)
        rng = np.random.default_rng((self.seed, int(analysis.now.timestamp())))
        mm, covered = self._rain_that_fell(analysis.now, rain, rng)
        ahead = self._run_ahead(analysis, mm, rng)
        scheme = f"rain of the coming {covered / 4:g} h as it fell, the same for every member"
        return self._issue(analysis, ahead, rng, ForecastKind.PERFECT_RAIN, scheme)

    def _analyse(self, now: datetime, late_since: datetime | None) -> _Analysis:
        """Bring the newest usable state up to ``now`` with what was observed, hour by hour; save it on the hour."""
        now = as_utc(now)
        if now.timestamp() % STEP_S:
            raise ValueError(f"a forecast is issued on a full quarter of an hour, not at {now.isoformat()}")
        before = now - forcing.STEP if late_since is None else min(now - forcing.STEP, as_utc(late_since))
        saved = self.store.newest_state(self.configuration_hash, before)
        if saved is None:
            raise ModelError(f"no state of the model at or before {format_utc(before)}: a warm-up is needed first")
        state = self._unpacked(saved)
        passed: list[_Analysis] = []
        for end in _part_ends(state.valid_at, now):
            passed = [self._advance(passed[-1].run.state if passed else state, end, now)]
            if _on_the_hour(end):
                self._save(passed[-1].run.state)
        return passed[-1]

    def _unpacked(self, saved: SavedState) -> TwinState:
        """Return a saved state; unpacking the same bytes again would only take time."""
        if self._last_unpacked is None or self._last_unpacked[0] != saved.blob:
            self._last_unpacked = (saved.blob, TwinState.from_bytes(saved.blob))
        return self._last_unpacked[1]

    def _advance(self, state: TwinState, until: datetime, now: datetime) -> _Analysis:
        """Run the twin over observed time with the observations nudged in."""
        begin = state.valid_at
        times = forcing.step_ends(begin, until)
        water = observed_water(self.store, self.views.gauging, begin, until)
        areal = self._weights.areal_rain(
            observed_rain(self.store, self._weights.station_ids, self.basin, (begin, until))
        )
        rain = observed_rain_members(areal, self._geography, times, self._catch, self.seed)
        rain = fill_unseen(rain, times, self._unseen_rain)
        border = forcing.border_series(self.store, self._borders, until)
        inflow = forcing.past_inflow(border, self._borders, len(times), self.seed, self.twin.members)
        run = self.twin.run(
            state,
            self._forcing(times, rain, inflow, now),
            self.views.assimilated(water, self.twin),
            self.views.node_ids,
        )
        heard = int(np.isfinite(water.discharge[-1]).sum())
        return _Analysis(until, run, self.views.anchor(water), heard)

    def _unseen_rain(self, begin: datetime) -> FloatArray:
        """Draw the rain of some hours in which no gauge told anything, from what was known when they began."""
        steps = UNSEEN_BLOCK // forcing.STEP
        blind = PastRain(np.full((1, len(self._zones.positions)), np.nan))
        rng = np.random.default_rng((self.seed, int(begin.timestamp()), 1))
        shape = (steps, self.twin.members)
        return draw_rain(rng, begin, shape, self._geography, self.statements.rain_forecasts, blind).mm

    def _past_rain(self, now: datetime) -> PastRain:
        """Return areal rain as far back as a statement that counts now reaches."""
        known = known_rain(self.statements.rain_forecasts, now, now + HORIZON_STEPS * forcing.STEP)
        begun = [now - o.valid_from for o in known.amounts if o.valid_from < now and o.accumulation is None]
        memory = min(max([_SHORTEST_RAIN_MEMORY, *begun]), LONGEST_RAIN_MEMORY)
        gauges = observed_rain(self.store, self._weights.station_ids, self.basin, (now - memory, now))
        return PastRain(self._weights.areal_rain(gauges).rain_mm.astype(np.float64) * MEAN_CATCH_FACTOR)

    # --- what comes

    def _rain_that_fell(self, now: datetime, rain: HourlyTable, rng: np.random.Generator) -> tuple[FloatArray, int]:
        """Return rain of the coming steps [step, zone, member], and how many steps of it are known."""
        steps = HORIZON_STEPS
        mm = climatology_members(rng, now, steps, self.twin.members, raining=False).T[:, np.newaxis]
        columns = [rain.column_ids.index(station_id) for station_id in self._weights.station_ids]
        hour = {end: row for row, end in enumerate(rain.times)}
        rows = [hour.get(_full_hour(end)) for end in forcing.step_ends(now, now + steps * forcing.STEP)]
        covered = [i for i, row in enumerate(rows) if row is not None]
        quarter = rain.values[[row for row in rows if row is not None]][:, columns] / 4.0
        areal = self._weights.areal_rain(quarter).rain_mm
        members = np.repeat(mm, areal.shape[1], axis=1)
        members[covered] = areal[:, :, np.newaxis] * self._catch
        return members, len(covered)

    def _run_ahead(self, analysis: _Analysis, rain: FloatArray, rng: np.random.Generator) -> TwinRun:
        now = analysis.now
        times = forcing.step_ends(now, now + HORIZON_STEPS * forcing.STEP)
        border = forcing.border_series(self.store, self._borders, now)
        inflow = forcing.coming_inflow(border, self._borders, len(times), rng, self.twin.members)
        return self.twin.run(analysis.run.state, self._forcing(times, rain, inflow, now), keep=self.views.node_ids)

    def _forcing(self, times: tuple[datetime, ...], rain: FloatArray, inflow: FloatArray, now: datetime) -> Forcing:
        decided = forcing.releases(self.statements.dam_decisions, self.twin.topology.reservoir_ids, times, now)
        return Forcing(
            times=times,
            rain_mm=rain,
            potential_evaporation_mm=potential_evaporation_mm(times, STEP_S),
            inflow_m3s=inflow,
            releases=decided,
            zones=self._zones.zone_of,
        )

    def _issue(
        self, analysis: _Analysis, ahead: TwinRun, rng: np.random.Generator, kind: ForecastKind, scheme: str
    ) -> ForecastIssue:
        noise = rng.standard_normal((len(self.views.stations), self.twin.members)).astype(np.float32)
        members = self.views.publish(analysis.run, ahead, analysis.anchor, noise)
        _refuse_unfinished(members)
        products = compute_products(members, self.basin.thresholds)
        heard = f"{analysis.gauges_heard} of {len(self.views.gauging.discharge_stations)} flow gauges heard"
        labels = (self.stamp.label, UPPER_BOUND if kind is ForecastKind.PERFECT_RAIN else "")
        issue = ForecastIssue(
            issued_at=analysis.now,
            kind=kind,
            scheme=f"{scheme}; {heard}",
            label=". ".join(label for label in labels if label),
            members=self.twin.members,
            seed=self.seed,
            code_version=self.stamp.code_version,
            configuration_hash=self.configuration_hash,
            lead_minutes=LEAD_MINUTES,
            quantile_levels=QUANTILE_LEVELS,
            series=products.series,
            peaks=products.peaks,
            crossings=products.crossings,
        )
        self.store.save_forecast(issue)
        return issue

    def _save(self, state: TwinState) -> None:
        blob = state.to_bytes()
        self.store.save_state(
            SavedState(state.valid_at, self.stamp.code_version, self.configuration_hash, self.seed, blob)
        )


def configuration_hash(basin: Basin, twin: Twin) -> str:
    """Return a hash of all that decides what a saved state means: network, dams, ratings, parameters, seed."""
    network = basin.network
    said = (
        [repr(network.nodes[i]) for i in sorted(network.nodes)],
        [repr(network.reaches[i]) for i in sorted(network.reaches)],
        [repr(basin.dams[i]) for i in sorted(basin.dams)],
        sorted(repr(rating) for rating in basin.ratings),
        repr(dict(RANGES)),
        (twin.members, twin.parameters.seed, twin.step_s),
    )
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def _part_ends(begin: datetime, now: datetime) -> list[datetime]:
    """Return the full hours after ``begin`` up to ``now``, and ``now``."""
    first = _full_hour(begin + forcing.STEP)
    return [
        *(first + i * STATE_EVERY for i in range((now - first) // STATE_EVERY + 1) if first + i * STATE_EVERY < now),
        now,
    ]


def _full_hour(instant: datetime) -> datetime:
    """Return the end of the hour that ``instant`` lies in; a full hour ends the one before it."""
    full = instant.replace(minute=0, second=0, microsecond=0)
    return full if full == instant else full + timedelta(hours=1)


def _on_the_hour(instant: datetime) -> bool:
    return instant == _full_hour(instant)


def _refuse_unfinished(members: MemberSeries) -> None:
    """Refuse an ensemble that is not finite.

    Raises
    ------
    ModelError
        Naming the first series.
    """
    # A sum is finite only when all its parts are; which part is not matters only then.
    if not np.isfinite(members.values.sum(dtype=np.float64)):
        finite = np.isfinite(members.values).all(axis=(1, 2))
        key = members.keys[int(np.argmin(finite))]
        raise ModelError(f"forecast of {key.variable.value} at {key.station_id} is not finite")
