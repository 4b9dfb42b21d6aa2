"""Air and water quality of the truth: simple, plausible, and tied to rain and flow as they are in nature."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from domain.variables import Variable
from simulator.randomness import stream

Array = NDArray[np.float64]
# A milligram of dissolved salts per litre conducts about 1.6 uS/cm.
CONDUCTIVITY_PER_G_M3 = 1.6


def true_air(steps: Sequence[datetime], elevation_m: Array, rain_mm: Array, seed: int) -> dict[Variable, Array]:
    """Return air temperature [degC], humidity [%] and wind speed [m/s], shape [step, station] each.

    Parameters
    ----------
    steps
        Moments, every 15 minutes.
    elevation_m
        Of each station; the air cools by 6.5 K per km.
    rain_mm
        Rain of the step at each station; rain cools, moistens and stirs the air.
    seed
        Of the hidden world.
    """
    draw = stream(seed, "air")
    day = np.array([s.timetuple().tm_yday for s in steps], dtype=np.float64)
    hour = np.array([s.hour + s.minute / 60 for s in steps])
    wet = _memory(np.minimum(rain_mm, 3.0), 4)
    cloud = np.clip(_memory(rain_mm.mean(axis=1, keepdims=True), 24) * 4, 0, 1)
    season = 10.0 - 8.0 * np.cos(2 * np.pi * (day - 15) / 365.25)
    swing = (4.0 * np.sin(2 * np.pi * (hour - 9.5) / 24))[:, None] * (1 - 0.7 * cloud)
    weather = _wander(draw, len(steps), 96 * 3) * 2.5
    place = _wander(draw, len(steps), 16, len(elevation_m)) * 0.3
    temperature = (season + weather)[:, None] + swing + place - 0.0065 * elevation_m - 2.5 * wet / (1 + wet)
    humidity = 78.0 - 3.2 * swing + 22 * wet / (0.2 + wet) + 3 * place
    gusts = np.exp(0.45 * _wander(draw, len(steps), 96)[:, None] + 0.25 * place)
    wind = 3.0 * gusts * (1 + 0.2 * np.sin(2 * np.pi * (hour - 9) / 24))[:, None] * (1 + 0.5 * wet / (1 + wet))
    return {
        Variable.AIR_TEMPERATURE: temperature,
        Variable.HUMIDITY: np.clip(humidity, 20.0, 100.0),
        Variable.WIND_SPEED: wind,
    }


def true_water_quality(
    flow: Array, mean_flow: Array, catchment_rain_mm: Array, salt_kg_m3: Array, ph_per_g_per_l: float
) -> dict[Variable, Array]:
    """Return turbidity [NTU], pH and conductivity [uS/cm], shape [step, station] each.

    Sediment rises with flow and with the rain that washes it in, and is spent as a flood lasts; dissolved
    matter is diluted by flow; a spill adds its salt.

    Parameters
    ----------
    flow, mean_flow
        Discharge [m3/s] at the stations, shape [step, station], and its mean, shape [station].
    catchment_rain_mm
        Rain of the step over the land above each station, shape [step, station].
    salt_kg_m3
        Dissolved salt of a spill, shape [step, station].
    ph_per_g_per_l
        Change of pH per gram of it in a litre.
    """
    ratio = np.maximum(flow / mean_flow, 0.02)
    wash = _memory(catchment_rain_mm, 8)
    spent = _memory(np.maximum(ratio - 3.0, 0.0), 96)
    turbidity = 3.0 + 2.0 * ratio**1.3 / (1 + 0.04 * spent) + 25.0 * wash * np.sqrt(ratio)
    return {
        Variable.TURBIDITY: np.minimum(turbidity, 4000.0),
        Variable.PH: np.clip(7.9 - 0.18 * np.log(1 + ratio) + ph_per_g_per_l * salt_kg_m3, 3.0, 11.0),
        Variable.CONDUCTIVITY: 130.0 + 270.0 / (1 + 0.6 * ratio) + CONDUCTIVITY_PER_G_M3 * 1000 * salt_kg_m3,
    }


def _memory(series: Array, steps: int) -> Array:
    """Exponential mean over about ``steps`` steps, along the first axis."""
    kept, found = series[0].copy(), np.empty_like(series)
    for k in range(len(series)):
        kept = kept + (series[k] - kept) / steps
        found[k] = kept
    return found


def _wander(draw: np.random.Generator, steps: int, memory: int, *others: int) -> Array:
    """Red noise of unit variance with a memory of so many steps, shape [step, ...]."""
    keep = np.exp(-1.0 / memory)
    noise = draw.normal(size=(steps, *others))
    found = np.empty_like(noise)
    found[0] = noise[0]
    for k in range(1, steps):
        found[k] = keep * found[k - 1] + np.sqrt(1 - keep * keep) * noise[k]
    return found
