"""Rain that is drawn, not measured: frontal spells over the whole region and single drifting cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.basin import Basin
from simulator.scenario import BackgroundRain, Storm
from simulator.terrain import kilometres

Array = NDArray[np.float64]
WAVES = 6


class Cell(NamedTuple):
    """A rain cell on the plane: centre [km] at its start, drift [km/h], start and duration [h], radius, depth."""

    east_km: float
    north_km: float
    drift_east: float
    drift_north: float
    at_h: float
    duration_h: float
    radius_km: float
    depth_mm: float


@dataclass(frozen=True)
class Spells:
    """Frontal spells: arrays of shape [spell], and the waves that give each its pattern in space.

    Wetter on high ground: ``1 + lift`` times as much on 500 m as on the level of the sea.
    """

    at_h: Array
    duration_h: Array
    depth_mm: Array
    phases: Array
    wave_vectors: Array
    lift: float = 0.35


def draw_spells(rain: BackgroundRain, hours: float, draw: np.random.Generator) -> Spells:
    """Draw the spells of a period; depths are exponential, so a few are heavy."""
    count = max(int(draw.poisson(hours / rain.spacing_h)), 1)
    mean_mm = rain.annual_mm * rain.spacing_h / 8766.0 / 1.2
    return Spells(
        at_h=np.sort(draw.uniform(0.0, hours, count)),
        duration_h=np.clip(draw.gamma(2.0, 5.0, count), 2.0, 36.0),
        depth_mm=np.minimum(draw.exponential(mean_mm, count), 5.0 * mean_mm),
        phases=draw.uniform(0, 2 * np.pi, (count, WAVES)),
        wave_vectors=draw.normal(0, 2 * np.pi / 90.0, (count, WAVES, 2)),
    )


def spell_rain(spells: Spells, ends_h: Array, step_h: float, points_km: Array, elevation_m: Array) -> Array:
    """Return rain [mm per step] of all spells, shape [step, place].

    Parameters
    ----------
    spells
        As drawn.
    ends_h
        End of each step [h], shape [step].
    step_h
        Length of a step [h].
    points_km, elevation_m
        Places, shapes [place, 2] and [place].
    """
    rain = np.zeros((len(ends_h), len(points_km)))
    relief = (1 + spells.lift * elevation_m / 500.0) / (1 + spells.lift * 0.5)
    for k in range(len(spells.at_h)):
        done = [_spell_part((ends_h - shift - spells.at_h[k]) / spells.duration_h[k]) for shift in (0.0, step_h)]
        steps = np.flatnonzero(done[0] > done[1])
        if len(steps):
            waves = np.cos(points_km @ spells.wave_vectors[k].T + spells.phases[k]).sum(axis=1)
            place = np.exp(0.35 * waves / np.sqrt(WAVES / 2)) * relief
            rain[steps] += np.outer((done[0] - done[1])[steps], spells.depth_mm[k] * place)
    return rain


def _spell_part(age: Array) -> Array:
    """Part of a spell's water fallen at an age between 0 and 1: most in the middle."""
    age = np.clip(age, 0.0, 1.0)
    return age * age * (3 - 2 * age)


def cells_of(basin: Basin, storms: Sequence[Storm]) -> list[Cell]:
    """Put the scenario's storms on the plane."""
    cells = []
    for storm in storms:
        east_km, north_km = kilometres(basin, np.array(storm.latitude), np.array(storm.longitude))
        heading = np.radians(storm.drift_towards_deg)
        drift = storm.drift_km_per_h
        cells.append(
            Cell(
                float(east_km),
                float(north_km),
                drift * float(np.sin(heading)),
                drift * float(np.cos(heading)),
                storm.at_h,
                storm.duration_h,
                storm.radius_km,
                storm.depth_mm,
            )
        )
    return cells


def cell_rain(cells: Sequence[Cell], ends_h: Array, step_h: float, points_km: Array) -> Array:
    """Return rain [mm per step] of all cells, shape [step, place]; exactly 0 beyond a cell's radius.

    A place under a cell that stands still receives ``depth_mm * (1 - (r / radius)^2)^2``.
    """
    rain = np.zeros((len(ends_h), len(points_km)))
    for cell in cells:
        for step in np.flatnonzero((ends_h > cell.at_h) & (ends_h - step_h < cell.at_h + cell.duration_h)):
            begin = max(ends_h[step] - step_h, cell.at_h)
            end = min(ends_h[step], cell.at_h + cell.duration_h)
            age = (begin + end) / 2 - cell.at_h
            centre = np.array([cell.east_km + cell.drift_east * age, cell.north_km + cell.drift_north * age])
            apart = ((points_km - centre) ** 2).sum(axis=1) / cell.radius_km**2
            depth = cell.depth_mm * np.maximum(1 - apart, 0.0) ** 2
            rain[step] += depth * (end - begin) / cell.duration_h
    return rain
