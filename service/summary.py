"""The summary of a demo: what was moved, how long it took, what was forecast of each peak, what was proposed.

A system test on a reconstruction, never a proof of skill.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import numpy as np

from domain.basin import Basin, Station, StationKind
from domain.clock import format_utc
from domain.event_pack import ChronologyEntry
from domain.forecasts import ForecastKind
from domain.readings import Flag, SeriesKey
from domain.records import ObservedValue, StationForecast
from domain.variables import VARIABLES, Variable

LEADS_H: Final = (24, 12, 6, 3)


class PeakReader(Protocol):
    """What the summary reads of the store."""

    def observations(self, series: SeriesKey, after: datetime, until: datetime) -> Sequence[ObservedValue]:
        """Return current values with after < observed_at <= until, oldest first."""
        ...

    def station_forecast(
        self, series: SeriesKey, kind: ForecastKind, issued_at: datetime | None
    ) -> StationForecast | None:
        """Return the forecast issued then, or None."""
        ...


class TruePeak(Protocol):
    """What the simulated world knows."""

    def __call__(self, station_id: str, variable: Variable) -> tuple[datetime, float] | None:
        """Return time and size of the true peak, or None where the station does not measure the variable."""
        ...


@dataclass(frozen=True)
class PeakReport:
    """Makes the rows of ``stations`` in the summary."""

    store: PeakReader
    true_peak: TruePeak
    after: datetime
    until: datetime

    def row(self, station: Station) -> dict[str, Any] | None:
        """Return one station's row; None for a station without water."""
        variable = _peak_variable(station)
        if variable is None:
            return None
        series = SeriesKey(station.station_id, variable)
        values = self.store.observations(series, self.after, self.until)
        usable = [value for value in values if value.flag is Flag.GOOD and value.value is not None]
        row: dict[str, Any] = {
            "station_id": station.station_id,
            "name": station.name,
            "river": station.river,
            "variable": variable.value,
            "unit": VARIABLES[variable].unit,
            "true_peak": _true(self.true_peak(station.station_id, variable)),
            "observed_peak": None,
            "last_observed_at": format_utc(usable[-1].observed_at) if usable else None,
            "forecast_before_peak": {},
        }
        if usable:
            peak = max(usable, key=lambda value: value.value or float("-inf"))
            row["observed_peak"] = {"value": _round(peak.value), "at": format_utc(peak.observed_at)}
            row["forecast_before_peak"] = self._before(series, peak.observed_at, usable)
        return row

    def _before(self, series: SeriesKey, peak_at: datetime, usable: Sequence[ObservedValue]) -> dict[str, Any]:
        """Return what was said of the observed peak, by hours before it; persistence beside it as baseline."""
        said: dict[str, Any] = {}
        for hours in LEADS_H:
            issued_at = peak_at - timedelta(hours=hours)
            forecast = self.store.station_forecast(series, ForecastKind.ENSEMBLE, issued_at)
            if forecast is None:
                said[f"{hours}h"] = None
                continue
            levels = forecast.quantile_levels
            at_peak = forecast.quantiles[forecast.lead_minutes.index(hours * 60)]
            known = [value.value for value in usable if value.observed_at <= issued_at]
            said[f"{hours}h"] = {
                "issued_at": format_utc(issued_at),
                "at_peak_time": _band(levels, at_peak),
                "highest_within_48h": _band(levels, forecast.peak_value),
                "persistence": _round(known[-1]) if known else None,
            }
        return said


def figures_of_time(seconds: Sequence[float]) -> tuple[float | None, float | None]:
    """Return median and 95 % quantile, or None when nothing was timed."""
    if not seconds:
        return None, None
    median, high = np.quantile(np.asarray(seconds), (0.5, 0.95))
    return round(float(median), 4), round(float(high), 4)


def station_rows(basin: Basin, report: PeakReport) -> list[dict[str, Any]]:
    """Return a row for every station that has water, in the order of the basin's table."""
    return [row for row in map(report.row, basin.stations.values()) if row is not None]


def chronology_rows(entries: Sequence[ChronologyEntry]) -> list[dict[str, Any]]:
    """Return the official chronology as plain rows."""
    return [
        {
            "at": format_utc(entry.at),
            "precision": entry.precision,
            "place": entry.place,
            "what": entry.what,
            "source": entry.source,
        }
        for entry in entries
    ]


def _peak_variable(station: Station) -> Variable | None:
    if station.kind is StationKind.RAIN:
        return None
    return Variable.DISCHARGE if Variable.DISCHARGE in station.variables else Variable.LEVEL


def _true(peak: tuple[datetime, float] | None) -> Mapping[str, Any] | None:
    return None if peak is None else {"value": _round(peak[1]), "at": format_utc(peak[0])}


def _band(levels: Sequence[float], values: Any) -> dict[str, float | None]:
    return {f"q{round(level * 100):02d}": _round(value) for level, value in zip(levels, values, strict=True)}


def _round(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(f"{value:.5g}")
