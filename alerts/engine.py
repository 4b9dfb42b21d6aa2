"""The alert engine: evidence out of the store, verdicts by rule, states and transitions into the store.

It runs after every committed batch and after every forecast, and once in a while when nothing arrives, because
silence is evidence too. Running it twice on the same evidence changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from alerts.forecast_rules import IssueEvidence, judge_forecast
from alerts.lifecycle import advance, held_state
from alerts.observed_rules import StationEvidence, judge_observed
from alerts.ports import AlertStore
from alerts.rule_table import RULES, RuleTable
from alerts.rules import Verdict
from domain.alerts import AlertState, Basis, StationState, Transition
from domain.basin import Basin, Station
from domain.clock import as_utc
from domain.forecasts import Crossing, ForecastIssue, ForecastKind
from domain.readings import DEFAULT_SOURCE, SeriesKey
from domain.variables import Variable

T = TypeVar("T")
Judge = Callable[[Station, StationState | None], Verdict]


class AlertEngine:
    """Evaluates every station of a basin on one basis at a time."""

    def __init__(self, basin: Basin, store: AlertStore, rules: RuleTable = RULES) -> None:
        self._basin = basin
        self._store = store
        self._rules = rules
        self._compared = frozenset(threshold.variable for threshold in basin.thresholds)
        intervals = [basin.stations[station_id].interval_s for station_id in basin.thresholds_at]
        self._look_back = rules.look_back(max(intervals, default=0))

    def evaluate_observed(self, now: datetime) -> Sequence[Transition]:
        """Judge every station by its readings and store what changed; return the transitions."""
        now = as_utc(now)
        recent = _by_station(self._store.recent_readings(self._compared, now - self._look_back))
        newest = _by_station(self._store.last_readings())

        def judge(station: Station, previous: StationState | None) -> Verdict:
            thresholds = self._basin.thresholds_at.get(station.station_id, ())
            own_recent = recent.get(station.station_id, {})
            own_newest = newest.get(station.station_id, {})
            known = StationEvidence(station, thresholds, own_recent, own_newest)
            return judge_observed(known, now, held_state(previous) or AlertState.NONE, self._rules)

        return self._evaluate(Basis.OBSERVED, judge, now)

    def evaluate_forecast(self, now: datetime, issue: ForecastIssue | None = None) -> Sequence[Transition]:
        """Judge every station by the newest forecast and store what changed; return the transitions.

        ``issue`` is the newest forecast of the ensemble where the caller has it at hand; None: read it.
        """
        now = as_utc(now)
        issued_at, crossings = (
            self._store.newest_crossings(ForecastKind.ENSEMBLE) if issue is None else (issue.issued_at, issue.crossings)
        )
        at_station: dict[str, list[Crossing]] = {}
        for crossing in crossings:
            at_station.setdefault(crossing.threshold.station_id, []).append(crossing)

        def judge(station: Station, previous: StationState | None) -> Verdict:
            thresholds = self._basin.thresholds_at.get(station.station_id, ())
            known = IssueEvidence(thresholds, issued_at, at_station.get(station.station_id, ()))
            return judge_forecast(known, {} if previous is None else previous.evidence, now, self._rules)

        return self._evaluate(Basis.FORECAST, judge, now)

    def _evaluate(self, basis: Basis, judge: Judge, now: datetime) -> Sequence[Transition]:
        present = self._store.station_states(basis)
        changed: list[StationState] = []
        transitions: list[Transition] = []
        for station_id, station in self._basin.stations.items():
            previous = present.get((station_id, basis))
            state, transition = advance(station_id, basis, previous, judge(station, previous), now)
            if transition is not None:
                transitions.append(transition)
            if previous is None or transition is not None or dict(state.evidence) != dict(previous.evidence):
                changed.append(state)
        if changed:
            self._store.save_states(changed, transitions)
        return transitions


def _by_station(rows: Mapping[SeriesKey, T]) -> Mapping[str, Mapping[Variable, T]]:
    """Return rows by station and variable, of the gauges alone: a camera beside a gauge decides nothing yet."""
    found: dict[str, dict[Variable, T]] = {}
    for series, row in rows.items():
        if series.source_id == DEFAULT_SOURCE:
            found.setdefault(series.station_id, {})[series.variable] = row
    return found
