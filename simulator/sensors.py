"""From truth to what the instruments say: noise, resolution, undercatch, official ratings, faults of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.basin import Basin, StationKind
from domain.variables import Variable
from simulator.faults import STEPS_A_DAY, PlannedFault
from simulator.gauging import stated_discharge
from simulator.randomness import stream
from simulator.scenario import FaultKind
from simulator.truth import Truth

Array = NDArray[np.float64]
NOT_A_LEVEL_M = -100.0


@dataclass(frozen=True, slots=True)
class Instrument:
    """How a variable is measured: noise as absolute and relative standard deviation, decimals, size of a spike."""

    noise: float
    relative_noise: float
    decimals: int
    spike: float
    lowest: float


INSTRUMENTS: Mapping[Variable, Instrument] = {
    Variable.LEVEL: Instrument(0.004, 0.0, 3, 1.5, -5.0),
    Variable.DISCHARGE: Instrument(0.0, 0.03, 3, 50.0, 0.0),
    Variable.RAIN: Instrument(0.0, 0.0, 1, 60.0, 0.0),
    Variable.AIR_TEMPERATURE: Instrument(0.15, 0.0, 1, 15.0, -40.0),
    Variable.HUMIDITY: Instrument(1.0, 0.0, 0, 40.0, 0.0),
    Variable.WIND_SPEED: Instrument(0.2, 0.05, 1, 30.0, 0.0),
    Variable.TURBIDITY: Instrument(0.3, 0.05, 1, 800.0, 0.0),
    Variable.PH: Instrument(0.02, 0.0, 2, 2.0, 0.0),
    Variable.CONDUCTIVITY: Instrument(1.0, 0.005, 0, 400.0, 0.0),
}


def measured(
    truth: Truth, basin: Basin, seed: int, noise: float, faults: Sequence[PlannedFault]
) -> dict[Variable, Array]:
    """Return what every sensor says, shape [step, station] by variable, NaN where it says that it has no value.

    Parameters
    ----------
    truth
        What is.
    basin
        Holds the official ratings by which levels become published discharges.
    seed
        Of the sensors.
    noise
        Factor on all noise; 0 measures the truth but for resolution and undercatch.
    faults
        Faults of values among them are put in.
    """
    found: dict[Variable, Array] = {}
    for variable, instrument in INSTRUMENTS.items():
        values = truth.measurable[variable]
        draw = stream(seed, f"sensor {variable.value}")
        if variable is Variable.RAIN:
            found[variable] = _tipping_bucket(truth)
            continue
        spread = noise * np.hypot(instrument.noise, instrument.relative_noise * values)
        found[variable] = np.maximum(values + spread * draw.standard_normal(values.shape), instrument.lowest)
    found[Variable.HUMIDITY] = np.minimum(found[Variable.HUMIDITY], 100.0)
    _put_in(found, Variable.LEVEL, truth, faults)
    _publish_rated(found, truth, basin)
    for variable in INSTRUMENTS:
        if variable is not Variable.LEVEL:
            _put_in(found, variable, truth, faults)
    return {variable: np.round(values, INSTRUMENTS[variable].decimals) for variable, values in found.items()}


def _tipping_bucket(truth: Truth) -> Array:
    """Count tenths of a millimetre of the rain that a gauge catches, keeping the rest for the next tip."""
    catch = np.array([truth.gauge_catch.get(station_id, 1.0) for station_id in truth.station_ids])
    caught = np.nancumsum(truth.measurable[Variable.RAIN] * catch, axis=0)
    tips = np.floor(caught * 10 + 1e-9)
    rain = np.diff(tips, axis=0, prepend=0.0) / 10
    rain[np.isnan(truth.measurable[Variable.RAIN])] = np.nan
    return rain


def _publish_rated(found: dict[Variable, Array], truth: Truth, basin: Basin) -> None:
    """Publish at gauges the discharge that the official rating gives for the level just measured."""
    for station_id, rating in basin.rating_of.items():
        k = truth.station_index[station_id]
        if basin.stations[station_id].kind is not StationKind.DAM:
            level = found[Variable.LEVEL][:, k]
            # A logger does not convert its own error code; other faults of a level spoil the discharge too.
            level = np.where(level < NOT_A_LEVEL_M, np.nan, level)
            found[Variable.DISCHARGE][:, k] = stated_discharge(level, rating)


def _put_in(found: dict[Variable, Array], variable: Variable, truth: Truth, faults: Sequence[PlannedFault]) -> None:
    """Put the faults of one variable's values into its array."""
    spike = INSTRUMENTS[variable].spike
    for fault in faults:
        if fault.variable is not variable:
            continue
        inside = slice(fault.first, fault.last + 1)
        series = found[variable][:, truth.station_index[fault.station_id]]
        count = fault.last - fault.first + 1
        if fault.kind is FaultKind.SPIKE:
            series[inside] += fault.size * spike
        elif fault.kind is FaultKind.STUCK:
            series[inside] = series[fault.first]
        elif fault.kind is FaultKind.DRIFT:
            series[inside] += fault.size * spike * np.arange(1, count + 1) / STEPS_A_DAY
        elif fault.kind is FaultKind.SENTINEL:
            series[inside] = fault.size
        elif fault.kind is FaultKind.NO_VALUE:
            series[inside] = np.nan
