"""Synthetic hourly rain of the year before the event: a storm generator with seasons, relief and wet months.

Storms arrive at random; each has a kind (frontal in all seasons, showers mostly in summer), a duration, an
envelope that travels from the west, and a log-normal field correlated in space and from hour to hour.
Afterwards each month of each gauge is scaled to its target: an annual total that rises with elevation and
towards the Hautes Fagnes, a seasonal share, and a factor per month that makes May and June 2021 wet.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from geography import Floats, gauge_elevations, gauge_positions, rain_gauges

from domain.basin import Basin, Station

# Share of the year's rain that falls in each month, January to December: Belgian normals, rounded, estimated.
MONTH_SHARE = np.array([0.091, 0.078, 0.073, 0.058, 0.071, 0.083, 0.091, 0.096, 0.078, 0.084, 0.091, 0.106])

# Rain of each month against its normal. Assumed: dry summer 2020, wet December to January, wet May and June 2021.
MONTH_FACTOR = {
    (2020, 7): 0.55, (2020, 8): 0.85, (2020, 9): 0.75, (2020, 10): 1.10, (2020, 11): 0.65, (2020, 12): 1.15,
    (2021, 1): 1.30, (2021, 2): 0.85, (2021, 3): 0.80, (2021, 4): 0.60, (2021, 5): 1.50, (2021, 6): 1.60,
    (2021, 7): 1.20,
}  # fmt: skip


# A warm-up must wet the soil, not bring the storm of a century.
HIGHEST_MM_H = 30.0


def warmup_rain(basin: Basin, times: Sequence[datetime], rng: np.random.Generator) -> Floats:
    """Return synthetic hourly rain [mm], shape [time, gauge]."""
    gauges = rain_gauges(basin)
    rain = _storms(gauges, times, rng)
    # A gauge's own mistakes of a per cent or two keep neighbours from being copies.
    annual = annual_normals(gauges) * (1.0 + 0.02 * rng.standard_normal(len(gauges)))
    months = np.array([(t - timedelta(minutes=30)).year * 100 + (t - timedelta(minutes=30)).month for t in times])
    for (year, month), factor in MONTH_FACTOR.items():
        inside = months == year * 100 + month
        part = inside.sum() / (24.0 * _days_in(year, month))
        target = annual * MONTH_SHARE[month - 1] * factor * part
        # Where a month fell nearly dry at a gauge by chance, scaling its few drops up would make a flood.
        sums = np.maximum(rain[inside].sum(axis=0), 0.4 * rain[inside].sum(axis=0).mean())
        rain[inside] *= target / sums
    return np.minimum(rain, HIGHEST_MM_H)


def annual_normals(gauges: Sequence[Station]) -> Floats:
    """Return the mean annual rain [mm] at the gauges: 780 in the lowland to about 1400 on the Hautes Fagnes."""
    east, north = gauge_positions(gauges).T
    to_fagnes = np.exp(-((east - 60.0) ** 2 + (north - 23.0) ** 2) / (2 * 22.0**2))
    return np.asarray(745.0 + 0.62 * gauge_elevations(gauges) + 230.0 * to_fagnes)


def _days_in(year: int, month: int) -> int:
    following = datetime(year + month // 12, month % 12 + 1, 1)  # noqa: DTZ001 - only the length of the month
    return (following - datetime(year, month, 1)).days  # noqa: DTZ001 - only the length of the month


def _storms(gauges: Sequence[Station], times: Sequence[datetime], rng: np.random.Generator) -> Floats:
    positions = gauge_positions(gauges)
    east = positions[:, 0]
    distance = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    roots = {
        reach: np.linalg.cholesky(np.exp(-distance / reach) + 1e-9 * np.eye(len(gauges))) for reach in (20.0, 80.0)
    }
    rain = np.zeros((len(times), len(gauges)))
    hour = 12.0
    while hour < len(times) - 1:
        summer = 0.5 - 0.5 * np.cos(2 * np.pi * (times[int(hour)].timetuple().tm_yday - 20) / 365.25)
        showers = rng.random() < 0.15 + 0.6 * summer
        duration = 3.0 + rng.gamma(1.5, 1.5) if showers else 6.0 + rng.gamma(2.0, 4.0)
        amount = rng.gamma(0.8, 8.0) if showers else rng.gamma(0.9, 9.0)
        field = _storm(east, roots[20.0 if showers else 80.0], duration, showers, rng)
        end = min(int(hour) + len(field), len(times))
        rain[int(hour) : end] += amount * field[: end - int(hour)]
        # Wet spells and dry spells: after a storm the next often follows soon.
        hour += duration + (rng.exponential(16.0) if rng.random() < 0.65 else rng.exponential(90.0))
    return rain


def _storm(east: Floats, root: Floats, duration: float, showers: bool, rng: np.random.Generator) -> Floats:
    """Return a storm of unit mean total, shape [hour, gauge]; it crosses the region from the west at 40 km/h."""
    hours = int(np.ceil(duration + 6.0))
    since = np.arange(hours)[:, None] + 0.5 - (east + 80.0) / 40.0
    envelope = np.where((since > 0) & (since < duration), np.sin(np.pi * np.clip(since / duration, 0, 1)) + 0.1, 0.0)
    noise = np.empty((hours, len(east)))
    noise[0] = root @ rng.standard_normal(len(east))
    for hour in range(1, hours):
        noise[hour] = 0.7 * noise[hour - 1] + np.sqrt(0.51) * (root @ rng.standard_normal(len(east)))
    cells = np.exp(0.8 * noise) - 0.8 if showers else np.exp(0.6 * noise) - 0.3
    field = envelope * np.maximum(cells, 0.0)
    return np.asarray(field / max(float(field.sum(axis=0).mean()), 1e-6))
