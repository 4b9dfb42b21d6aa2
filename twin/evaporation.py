"""Potential evaporation from temperature and the height of the sun.

Oudin's formula: PE [mm/d] = 0.408 Re (T + 5) / 100 for T > -5 degC, Re the extraterrestrial radiation
[MJ/m2/d] of the day and latitude. Over the day it follows the sine of the sun's height.

References
----------
Oudin et al. (2005), doi:10.1016/j.jhydrol.2004.08.026; Allen et al. (1998), FAO Irrigation and Drainage
Paper 56 (extraterrestrial radiation).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from domain.clock import as_utc

FloatArray = NDArray[np.float64]

# Monthly mean air temperature [degC] of the Meuse basin in Wallonia at about 280 m: regional climatology.
MONTHLY_TEMPERATURE_DEGC = (1.8, 2.4, 5.4, 8.6, 12.7, 15.6, 17.6, 17.2, 13.8, 10.1, 5.6, 2.7)
SUN_STEP_S = 900


def potential_evaporation_mm(
    times: Sequence[datetime],
    step_s: int,
    latitude: float = 50.4,
    longitude: float = 5.3,
    air_temperature_degc: FloatArray | None = None,
) -> NDArray[np.float32]:
    """Return potential evaporation [step] mm in each step that ends at ``times``.

    Without temperatures [step] (or where they are NaN) the monthly climatology stands in. Sums over
    steps of different length agree.

    Raises
    ------
    ValueError
        If a time has no zone or the step is not positive.
    """
    if step_s <= 0:
        raise ValueError(f"step must be positive, is {step_s} s")
    parts = max(1, round(step_s / SUN_STEP_S))
    part_s = step_s / parts
    middles = [timedelta(seconds=part_s * (k + 0.5) - step_s) for k in range(parts)]
    day, hour = _day_and_hour([as_utc(t) + m for t in times for m in middles])
    power = _sun_power(day, hour, latitude, longitude).reshape(-1, parts)
    warmth = _climatology(day).reshape(-1, parts)
    if air_temperature_degc is not None:
        given = np.asarray(air_temperature_degc, np.float64)[:, None]
        warmth = np.where(np.isnan(given), warmth, given)
    total: FloatArray = (0.408 * power * part_s / 86400.0 * np.maximum(warmth + 5.0, 0.0) / 100.0).sum(axis=1)
    return np.asarray(total, np.float32)


def _day_and_hour(instants: Sequence[datetime]) -> tuple[FloatArray, FloatArray]:
    """Day of the year (fractional, 1 January = 0) and hour of the day, UTC."""
    stamp = np.array([t.replace(tzinfo=None) for t in instants], "datetime64[s]")
    year = stamp.astype("datetime64[Y]").astype("datetime64[s]")
    day = (stamp - year).astype(np.float64) / 86400.0
    return day, (day % 1.0) * 24.0


def _sun_power(day: FloatArray, hour: FloatArray, latitude: float, longitude: float) -> FloatArray:
    """Extraterrestrial radiation on a level plane at an instant [MJ/m2/d]."""
    declination = 0.409 * np.sin(2.0 * np.pi * (day + 1.0) / 365.0 - 1.39)
    distance = 1.0 + 0.033 * np.cos(2.0 * np.pi * (day + 1.0) / 365.0)
    angle = (hour - 12.0 + longitude / 15.0) * np.pi / 12.0
    phi = np.radians(latitude)
    height = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(angle)
    return np.asarray(0.0820 * 1440.0 * distance * np.maximum(height, 0.0))


def _climatology(day: FloatArray) -> FloatArray:
    """Mean temperature [degC] of a day of the year, between the middles of the months."""
    middle = (np.arange(12) + 0.5) * 365.0 / 12.0
    return np.asarray(np.interp(day % 365.0, middle, MONTHLY_TEMPERATURE_DEGC, period=365.0))
