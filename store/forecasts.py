"""Observations for the model; model states and forecasts from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from domain.basin import Origin, Phase, Threshold
from domain.forecasts import Crossing, ForecastIssue, ForecastKind
from domain.readings import SeriesKey
from domain.records import IssueStamp, ObservedWindow, SavedState, StationForecast, Topic
from domain.variables import Variable
from store import forecast_sql
from store.arrays import RealArray, TextArray
from store.connection import Connection, Database
from store.notices import announce
from store.series import SeriesNumbers

STATES_KEPT: Final = timedelta(days=7)

# A sum over the interval that ends at the observed time; readings that share a grid step add up.
SUMMED: Final = frozenset({Variable.RAIN})


class ForecastRepository:
    """What the forecast cycle reads and writes; satisfies ``forecast.ports.ForecastStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbers = SeriesNumbers(database)

    def observed_window(
        self, variable: Variable, station_ids: Sequence[str], after: datetime, until: datetime, step_s: int
    ) -> ObservedWindow:
        """Return usable observations with after < observed_at <= until, on a grid of ``step_s`` ending at ``until``.

        ``values`` has shape [time, station], NaN where nothing GOOD was known. Of several readings in
        one step the newest stands; rain adds up. Only the default source of each station counts.
        """
        steps = max(0, math.ceil((until - after) / timedelta(seconds=step_s)))
        times = tuple(until - timedelta(seconds=step_s * back) for back in reversed(range(steps)))
        keys = [SeriesKey(station_id, variable) for station_id in station_ids]
        numbers = self._numbers.existing(keys)
        columns = {numbers[key]: column for column, key in enumerate(keys) if key in numbers}
        question = {"series": list(columns), "after": after, "until": until, "step": step_s}
        with self._database.reading() as connection:
            rows = connection.cursor(binary=True).execute(forecast_sql.OBSERVED_WINDOW, question).fetchall()
        cells = (
            np.array([steps - 1 - slot for _, slot, _ in rows], np.intp),
            np.array([columns[number] for number, _, _ in rows], np.intp),
        )
        observed = np.array([value for _, _, value in rows], np.float64)
        values = np.full((steps, len(station_ids)), np.nan)
        if variable in SUMMED:
            values[cells] = 0.0
            np.add.at(values, cells, observed)
        else:
            values[cells] = observed  # the rows come in time order: the last of a cell stays
        return ObservedWindow(times, tuple(station_ids), values)

    def save_state(self, state: SavedState) -> None:
        """Store a model state; the same instant replaces it, and those older by a week go."""
        with self._database.transaction() as connection:
            connection.execute(
                forecast_sql.SAVE_STATE,
                (state.valid_at, state.configuration_hash, state.code_version, state.seed, state.blob),
            )
            connection.execute(forecast_sql.DROP_OLD_STATES, (state.configuration_hash, state.valid_at - STATES_KEPT))

    def newest_state(self, configuration_hash: str, until: datetime) -> SavedState | None:
        """Return the newest state of this configuration valid at or before ``until``."""
        with self._database.reading() as connection:
            cursor = connection.cursor(binary=True)
            row = cursor.execute(forecast_sql.NEWEST_STATE, (configuration_hash, until)).fetchone()
        return None if row is None else SavedState(*row)

    def save_forecast(self, issue: ForecastIssue) -> int:
        """Store a forecast and return its run id; the same (issued_at, kind) replaces the older run.

        Raises
        ------
        ValueError
            When series and peaks are not of the same series in the same order.
        """
        if [item.series for item in issue.series] != [peak.series for peak in issue.peaks]:
            raise ValueError("a forecast needs one peak for each series, in the same order")
        numbers = self._numbers.of({item.series for item in issue.series})
        with self._database.transaction() as connection:
            connection.execute(forecast_sql.DROP_RUN, (issue.issued_at, issue.kind.value))
            run_id = _insert_run(connection, issue)
            _insert_series(connection, run_id, issue, numbers)
            _insert_crossings(connection, run_id, issue.crossings)
            announce(connection, Topic.FORECAST, run_id, issue.issued_at)
        return run_id


def newest_crossings(connection: Connection, kind: ForecastKind) -> tuple[datetime | None, Sequence[Crossing]]:
    """Return issue time and crossings of the newest forecast, or (None, ()) when there is none."""
    row = connection.execute(forecast_sql.NEWEST_RUN, (kind.value,)).fetchone()
    if row is None:
        return None, ()
    run_id, issued_at, _ = row
    return issued_at, _crossings(connection, run_id, None)


def newest_issue(connection: Connection, kind: ForecastKind) -> IssueStamp | None:
    """Return issue time and label of the newest forecast, or None when there is none."""
    row = connection.execute(forecast_sql.NEWEST_RUN, (kind.value,)).fetchone()
    return None if row is None else IssueStamp(row[1], row[2])


def station_forecast(
    connection: Connection, series: SeriesKey, number: int, kind: ForecastKind, issued_at: datetime | None
) -> StationForecast | None:
    """Return the forecast of the series with this number issued then (None: the newest), if there is one."""
    question = {"series": number, "kind": kind.value, "issued_at": issued_at}
    cursor = connection.cursor(binary=True)
    row = cursor.execute(forecast_sql.STATION_FORECAST, question).fetchone()
    if row is None:
        return None
    run_id, issued, scheme, label, members, leads, levels, quantiles, peak_value, peak_leads = row
    crossings = [
        crossing
        for crossing in _crossings(connection, run_id, series.station_id)
        if crossing.threshold.variable == series.variable
    ]
    return StationForecast(
        series=series,
        kind=kind,
        issued_at=issued,
        scheme=scheme,
        label=label,
        members=members,
        lead_minutes=tuple(leads),
        quantile_levels=tuple(round(level, 6) for level in levels),  # stored with single precision
        quantiles=np.asarray(quantiles, np.float32).reshape(len(leads), len(levels)),
        peak_value=np.asarray(peak_value, np.float32),
        peak_lead_minutes=np.asarray(peak_leads, np.float32),
        crossings=crossings,
    )


def _insert_run(connection: Connection, issue: ForecastIssue) -> int:
    row = connection.execute(
        forecast_sql.INSERT_RUN,
        (
            issue.issued_at,
            issue.kind.value,
            issue.scheme,
            issue.label,
            issue.members,
            issue.seed,
            issue.code_version,
            issue.configuration_hash,
            list(issue.lead_minutes),
            list(issue.quantile_levels),
            issue.water_balance_error,
        ),
    ).fetchone()
    if row is None:
        raise LookupError("the database returned no number for the forecast")
    run_id: int = row[0]
    return run_id


def _insert_series(connection: Connection, run_id: int, issue: ForecastIssue, numbers: Mapping[SeriesKey, int]) -> None:
    if not issue.series:
        return
    levels = len(issue.quantile_levels)
    connection.execute(
        forecast_sql.INSERT_SERIES,
        {
            "run_id": run_id,
            "series": [numbers[item.series] for item in issue.series],
            "quantiles": RealArray(
                _stack([item.quantiles for item in issue.series], (len(issue.lead_minutes), levels))
            ),
            "per_series": len(issue.lead_minutes) * levels,
            "peak_values": RealArray(_stack([peak.value for peak in issue.peaks], (levels,))),
            "peak_leads": RealArray(_stack([peak.lead_minutes for peak in issue.peaks], (levels,))),
            "levels": levels,
        },
    )


def _stack(arrays: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """Put arrays of equal shape on top of each other, refusing any other shape: slices would shift."""
    stacked = np.stack(arrays)
    if stacked.shape[1:] != shape:
        raise ValueError(f"a forecast array has shape {stacked.shape[1:]}, expected {shape}")
    return stacked


def _insert_crossings(connection: Connection, run_id: int, crossings: Sequence[Crossing]) -> None:
    if not crossings:
        return
    thresholds = [crossing.threshold for crossing in crossings]
    leads = [crossing.lead_minutes or (None, None, None) for crossing in crossings]
    connection.execute(
        forecast_sql.INSERT_CROSSINGS,
        {
            "run_id": run_id,
            "stations": TextArray([threshold.station_id for threshold in thresholds]),
            "variables": TextArray([threshold.variable.value for threshold in thresholds]),
            "phases": TextArray([threshold.phase.value for threshold in thresholds]),
            "origins": TextArray([threshold.origin.value for threshold in thresholds]),
            "thresholds": [float(threshold.value) for threshold in thresholds],
            "rules": TextArray([threshold.rule for threshold in thresholds]),
            "sources": TextArray([threshold.source for threshold in thresholds]),
            "confidences": TextArray([threshold.confidence for threshold in thresholds]),
            "probabilities": [float(crossing.probability) for crossing in crossings],
            "leads_10": [_number(lead[0]) for lead in leads],
            "leads_50": [_number(lead[1]) for lead in leads],
            "leads_90": [_number(lead[2]) for lead in leads],
        },
    )


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def _crossings(connection: Connection, run_id: int, station_id: str | None) -> Sequence[Crossing]:
    rows = connection.execute(forecast_sql.CROSSINGS, {"run_id": run_id, "station": station_id})
    return [
        Crossing(
            Threshold(
                station_id=station,
                variable=Variable(variable),
                phase=Phase(phase),
                value=value,
                origin=Origin(origin),
                rule=detail["rule"],
                source=detail["source"],
                confidence=detail["confidence"],
            ),
            probability,
            (leads[0], leads[1], leads[2]) if leads else None,
        )
        for station, variable, phase, origin, value, detail, probability, leads in rows
    ]
