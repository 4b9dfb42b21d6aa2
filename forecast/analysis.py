"""Bringing the model up to now: saved state, observed rain, nudged flows, hour by hour.

Readings that arrive late: an analysis begins at the newest saved state, and states are saved on the hour, so
that whatever arrived since for the last hour enters by itself. A caller that knows of older late readings
names the oldest (``late_since``); the analysis then begins at the newest state before it, and the states on
its way are written anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.basin import Basin
from domain.clock import as_utc, format_utc
from domain.errors import ModelError
from domain.hourly import HourlyTable
from domain.records import SavedState
from forecast import forcing
from forecast.displacement import RainGeography, build_geography, positions_km, rain_zones
from forecast.history import ordinary_history
from forecast.memory import MEMORY_STEPS, RainMemory, Remembered
from forecast.observed_rain import (
    MEAN_CATCH_FACTOR,
    UNSEEN_BLOCK,
    catch_factors,
    fill_unseen,
    observed_rain_members,
    zone_weights,
)
from forecast.observing import STEP_S, BorderSource, observed_rain, observed_water
from forecast.ports import ForecastStore
from forecast.rain_members import PastRain, draw_rain
from forecast.series import Anchor, StationViews
from forecast.statements import KnownStatements
from twin.evaporation import potential_evaporation_mm
from twin.model import Forcing, Twin, TwinRun
from twin.parameters import RANGES
from twin.rainfall import RainWeights
from twin.state import TwinState

FloatArray = NDArray[np.float32]

STATE_EVERY: Final = timedelta(hours=1)
OLDEST_STATE: Final = timedelta(days=10)
MOST_CORRECTION: Final = 4.0


@dataclass(frozen=True)
class Analysis:
    """The twin at an issue time ``now``: the last run up to it, and what it was made of.

    ``border`` is the observed flow at each border over the 48 h up to ``now``, shape [step, border];
    ``outflows`` are what dams were seen to let out; ``gauges_heard`` counts flow gauges at ``now``.
    """

    now: datetime
    run: TwinRun
    anchor: Anchor
    border: NDArray[np.float64]
    outflows: Mapping[str, NDArray[np.float64]]
    remembered: Remembered
    gauges_heard: int

    @property
    def state_ahead(self) -> TwinState:
        """State to run ahead from: a gauge's correction is carried on within bounds only.

        Beyond them it tells of another cause, as a gauge that drifts, and must not multiply floods to come.
        """
        state = self.run.state
        return replace(state, correction=np.clip(state.correction, 1.0 / MOST_CORRECTION, np.float32(MOST_CORRECTION)))

    @property
    def past_rain(self) -> PastRain:
        """Areal rain of the last days, lifted by what gauges lose on average."""
        return PastRain(self.remembered.rain.mm.astype(np.float64) * MEAN_CATCH_FACTOR)


class Analyst:
    """Knows a basin's gauges, borders and rain zones, and keeps the twin's state in the store.

    Parameters
    ----------
    basin
        The checked basin.
    twin
        Model of the basin with the ensemble's parameters.
    store
        Observations in, states out.
    statements
        What others say and decide, each with the time from which it is known.
    code_version
        Written on every saved state.
    """

    def __init__(
        self, basin: Basin, twin: Twin, store: ForecastStore, statements: KnownStatements, code_version: str
    ) -> None:
        self.basin = basin
        self.twin = twin
        self.store = store
        self.statements = statements
        self.code_version = code_version
        self.seed = twin.parameters.seed
        self.views = StationViews(basin, twin)
        self.configuration_hash = configuration_hash(basin, twin)
        topology = twin.topology
        at = topology.catchment_nodes
        self.zones = rain_zones(positions_km(topology.latitude[at].tolist(), topology.longitude[at].tolist()))
        self.weights = zone_weights(RainWeights.of(basin, topology), self.zones)
        self.geography: RainGeography = build_geography(self.zones, topology.catchment_ids, statements.areas or {})
        self.borders: tuple[BorderSource, ...] = tuple(
            self.views.gauging.border_source(node_id) for node_id in topology.inflow_ids
        )
        self.catch = catch_factors(self.seed, twin.members)
        self._last_unpacked: tuple[bytes, Remembered] | None = None

    def begin_from(self, state: TwinState) -> None:
        """Save a state to begin from; nothing is known of the rain before it."""
        self._save(Remembered(state, RainMemory.empty(len(self.zones.positions))))

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
            return self._unpacked(saved).state
        step_s = 3600
        columns = [rain.column_ids.index(station_id) for station_id in self.weights.station_ids]
        areal = self.weights.areal_rain(rain.values[:, columns]).rain_mm
        border = [inflows.column_ids.index(node_id) for node_id in self.twin.inflow_ids]
        drive = Forcing(
            times=rain.times,
            rain_mm=areal * np.float32(MEAN_CATCH_FACTOR),
            potential_evaporation_mm=potential_evaporation_mm(rain.times, step_s),
            inflow_m3s=inflows.values[:, border],
            zones=self.zones.zone_of,
        )
        start = self.twin.cold_state(rain.times[0] - timedelta(seconds=step_s))
        state = self.twin.run(start, drive, step_s=step_s).state
        quarters = np.repeat(areal[-MEMORY_STEPS // 4 :] / 4.0, 4, axis=0)
        self._save(Remembered(state, RainMemory.empty(areal.shape[1]).extended(quarters)))
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

    def analyse(self, now: datetime, late_since: datetime | None) -> Analysis:
        """Bring the newest usable state up to ``now`` with what was observed, and save it on every hour.

        Raises
        ------
        ModelError
            If there is no state to begin from, or a step is not finite; the last good state stays.
        ValueError
            If ``now`` is no full quarter of an hour.
        """
        now = as_utc(now)
        if now.timestamp() % STEP_S:
            raise ValueError(f"a forecast is issued on a full quarter of an hour, not at {now.isoformat()}")
        before = now - forcing.STEP if late_since is None else min(now - forcing.STEP, as_utc(late_since))
        saved = self.store.newest_state(self.configuration_hash, before)
        if saved is None:
            raise ModelError(f"no state of the model at or before {format_utc(before)}: a warm-up is needed first")
        known = self._unpacked(saved)
        first, *further = _part_ends(known.state.valid_at, now)
        analysis = self._advance(known, first, now)
        for end in further:
            analysis = self._advance(analysis.remembered, end, now)
        return analysis

    def coming_releases(self, analysis: Analysis, times: tuple[datetime, ...]) -> Mapping[str, NDArray[np.float64]]:
        """Return what dams are taken to let out after the issue time."""
        decisions = self.statements.dam_decisions
        decided = forcing.releases(decisions, self.twin.topology.reservoir_ids, times, analysis.now)
        return forcing.coming_releases(decided, analysis.outflows, decisions, analysis.now, len(times))

    def forcing(
        self,
        times: tuple[datetime, ...],
        rain: FloatArray,
        inflow: FloatArray,
        releases: Mapping[str, NDArray[np.float64]],
    ) -> Forcing:
        """Return what drives the twin over steps."""
        return Forcing(
            times=times,
            rain_mm=rain,
            potential_evaporation_mm=potential_evaporation_mm(times, STEP_S),
            inflow_m3s=inflow,
            releases=releases,
            zones=self.zones.zone_of,
        )

    def _advance(self, known: Remembered, until: datetime, now: datetime) -> Analysis:
        """Run the twin over observed time with the observations nudged in."""
        begin = known.state.valid_at
        times = forcing.step_ends(begin, until)
        water = observed_water(self.store, self.views.gauging, begin, until)
        gauges = observed_rain(self.store, self.weights.station_ids, self.basin, (begin, until))
        areal = self.weights.areal_rain(gauges)
        rain = observed_rain_members(areal, self.geography, times, self.catch, self.seed)
        rain = fill_unseen(rain, times, self._unseen_rain)
        border = forcing.border_series(self.store, self.borders, until)
        inflow = forcing.past_inflow(border, self.borders, len(times), self.seed, self.twin.members)
        told = self.views.assimilated(water, self.twin)
        outflows = self.views.outflows(water, self.twin)
        decided = forcing.releases(self.statements.dam_decisions, self.twin.topology.reservoir_ids, times, now)
        drive = self.forcing(times, rain, inflow, forcing.seen_releases(decided, outflows))
        run = self.twin.run(known.state, drive, told, self.views.node_ids)
        remembered = Remembered(run.state, known.rain.extended(areal.rain_mm))
        if _on_the_hour(until):
            self._save(remembered)
        heard = int(np.isfinite(water.discharge[-1]).sum())
        return Analysis(until, run, self.views.anchor(water), border, outflows, remembered, heard)

    def _unseen_rain(self, begin: datetime) -> FloatArray:
        """Draw the rain of some hours in which no gauge told anything, from what was known when they began."""
        steps = UNSEEN_BLOCK // forcing.STEP
        blind = PastRain(np.full((1, len(self.zones.positions)), np.nan))
        rng = np.random.default_rng((self.seed, int(begin.timestamp()), 1))
        shape = (steps, self.twin.members)
        return draw_rain(rng, begin, shape, self.geography, self.statements.rain_forecasts, blind).mm

    def _unpacked(self, saved: SavedState) -> Remembered:
        """Return a saved state; unpacking the same bytes again would only take time."""
        if self._last_unpacked is None or self._last_unpacked[0] != saved.blob:
            self._last_unpacked = (saved.blob, Remembered.from_bytes(saved.blob))
        return self._last_unpacked[1]

    def _save(self, remembered: Remembered) -> None:
        blob, at = remembered.to_bytes(), remembered.state.valid_at
        self.store.save_state(SavedState(at, self.code_version, self.configuration_hash, self.seed, blob))


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
    first = full_hour(begin + forcing.STEP)
    return [
        *(first + i * STATE_EVERY for i in range((now - first) // STATE_EVERY + 1) if first + i * STATE_EVERY < now),
        now,
    ]


def full_hour(instant: datetime) -> datetime:
    """Return the end of the hour that ``instant`` lies in; a full hour ends the one before it."""
    full = instant.replace(minute=0, second=0, microsecond=0)
    return full if full == instant else full + timedelta(hours=1)


def _on_the_hour(instant: datetime) -> bool:
    return instant == full_hour(instant)
