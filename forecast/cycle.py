"""The forecast cycle: bring the state of the twin up to now, run the ensemble, say what it means.

A cycle is a function of the issue time, the store and its configuration. It reads no clock, and nothing
that was observed, said or decided after the issue time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.basin import Basin
from domain.clock import as_utc
from domain.errors import ModelError
from domain.forecasts import LEAD_MINUTES, QUANTILE_LEVELS, ForecastIssue, ForecastKind
from domain.hourly import HourlyTable
from forecast import forcing
from forecast.analysis import Analysis, Analyst, full_hour
from forecast.climatology import climatology_members
from forecast.operation import Course, operations, run_ahead
from forecast.ports import ForecastStore
from forecast.products import MemberSeries, compute_products
from forecast.rain_members import draw_rain
from forecast.statements import KnownStatements
from twin.model import Twin
from twin.state import TwinState

__all__ = ["UPPER_BOUND", "ForecastCycle", "KnownStatements", "RunStamp"]

FloatArray = NDArray[np.float32]

HORIZON_STEPS: Final = 192
UPPER_BOUND: Final = "Upper bound: driven with the rain that fell, which nobody knew at issue time"


@dataclass(frozen=True)
class RunStamp:
    """What a run writes on everything it makes: ``label`` is non-empty when inputs were reconstructed."""

    code_version: str
    label: str = ""


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
        self.stamp = stamp
        self.seed = twin.parameters.seed
        self.analyst = Analyst(basin, twin, store, statements, stamp.code_version)
        self._operations = operations(basin, twin)
        self._newest: Analysis | None = None

    @property
    def configuration_hash(self) -> str:
        """Hash of all that decides what a saved state means."""
        return self.analyst.configuration_hash

    def warm_up(self, rain: HourlyTable, inflows: HourlyTable) -> TwinState:
        """Run through an hourly history and save the state; see :meth:`forecast.analysis.Analyst.warm_up`."""
        return self.analyst.warm_up(rain, inflows)

    def ensure_state(self, at: datetime) -> None:
        """Make sure that there is a state to begin from; see :meth:`forecast.analysis.Analyst.ensure_state`."""
        self.analyst.ensure_state(at)

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
            If there is no state to begin from, or a step is not finite; the last good state stays.
        """
        analysis = self._newest = self.analyst.analyse(now, late_since)
        rng = np.random.default_rng((self.seed, int(analysis.now.timestamp())))
        shape = (HORIZON_STEPS, self.twin.members)
        said = self.analyst.statements.rain_forecasts
        rain = draw_rain(rng, analysis.now, shape, self.analyst.geography, said, analysis.past_rain)
        ahead = self._run_ahead(analysis, rain.mm, rng)
        return self._issue(analysis, ahead, rng, ForecastKind.ENSEMBLE, rain.scheme)

    def run_perfect(self, now: datetime, rain: HourlyTable) -> ForecastIssue:
        """Make, store and return the forecast that knowing the coming rain would give: an upper bound.

        ``rain`` are hourly sums at the rain gauges; hours that it does not cover are drawn from climatology.
        The analysis is that of :meth:`run` when it ran for the same ``now`` just before.
        """
        known = self._newest
        analysis = known if known is not None and known.now == as_utc(now) else self.analyst.analyse(now, None)
        rng = np.random.default_rng((self.seed, int(analysis.now.timestamp())))
        mm, covered = self._rain_that_fell(analysis.now, rain, rng)
        ahead = self._run_ahead(analysis, mm, rng)
        scheme = f"rain of the coming {covered / 4:g} h as it fell, the same for every member"
        return self._issue(analysis, ahead, rng, ForecastKind.PERFECT_RAIN, scheme)

    def _rain_that_fell(self, now: datetime, rain: HourlyTable, rng: np.random.Generator) -> tuple[FloatArray, int]:
        """Return rain of the coming steps [step, zone, member], and how many steps of it are known."""
        steps = HORIZON_STEPS
        mm = climatology_members(rng, now, steps, self.twin.members, raining=False).T[:, np.newaxis]
        columns = [rain.column_ids.index(station_id) for station_id in self.analyst.weights.station_ids]
        hour = {end: row for row, end in enumerate(rain.times)}
        rows = [hour.get(full_hour(end)) for end in forcing.step_ends(now, now + steps * forcing.STEP)]
        covered = [i for i, row in enumerate(rows) if row is not None]
        quarter = rain.values[[row for row in rows if row is not None]][:, columns] / 4.0
        areal = self.analyst.weights.areal_rain(quarter).rain_mm
        members = np.repeat(mm, areal.shape[1], axis=1)
        members[covered] = areal[:, :, np.newaxis]
        return members, len(covered)

    def _run_ahead(self, analysis: Analysis, rain: FloatArray, rng: np.random.Generator) -> Course:
        now = analysis.now
        times = forcing.step_ends(now, now + HORIZON_STEPS * forcing.STEP)
        inflow = forcing.coming_inflow(analysis.border, self.analyst.borders, len(times), rng, self.twin.members)
        drive = self.analyst.forcing(times, rain, inflow, self.analyst.coming_releases(analysis, times))
        return run_ahead(self._operations, analysis.state_ahead, drive, now, self.analyst.views.node_ids)

    def _issue(
        self, analysis: Analysis, ahead: Course, rng: np.random.Generator, kind: ForecastKind, scheme: str
    ) -> ForecastIssue:
        errors = self.analyst.views.draw_errors(rng, self.twin.members)
        members = self.analyst.views.publish(analysis.run, ahead, analysis.anchor, errors)
        _refuse_unfinished(members)
        products = compute_products(members, self.basin.thresholds)
        heard = f"{analysis.gauges_heard} of {len(self.analyst.views.gauging.discharge_stations)} flow gauges heard"
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
            water_balance_error=max(analysis.run.balance.relative_error, ahead.water_balance_error),
        )
        self.store.save_forecast(issue)
        return issue


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
