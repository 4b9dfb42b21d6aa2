"""Runoff of the truth: a soil of uneven depth that spills when full, and three quadratic reservoirs below it.

The soil's storage capacity varies over a catchment as a Pareto distribution (probability-distributed model,
Moore 2007, doi:10.5194/hess-11-483-2007): rain on the filled part runs off at once. Drainage from the soil is
shared between interflow and groundwater. Each of the three reservoirs lets out ``a S^2``; its backward-Euler
step is the positive root of a quadratic equation, so it conserves mass exactly and never oscillates.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import compiled

Array = NDArray[np.float64]
SUBSTEP_H = 1.0 / 12.0


class SoilParameters(NamedTuple):
    """Soil of each catchment, arrays of shape [node].

    ``capacity_mm`` mean storage capacity; ``sealed_share`` of the land under roofs
    and roads; ``shape`` Pareto exponent; ``drainage_mm_h`` out of a full soil;
    ``surface``, ``interflow``, ``groundwater`` coefficients a of outflow a S^2 [1/(mm h)].
    """

    capacity_mm: Array
    sealed_share: Array
    shape: Array
    drainage_mm_h: Array
    interflow_share: Array
    surface: Array
    interflow: Array
    groundwater: Array


class SoilState(NamedTuple):
    """Water in each catchment [mm], arrays of shape [node]."""

    soil: Array
    surface: Array
    interflow: Array
    groundwater: Array

    def copy(self) -> SoilState:
        """Return a state that shares no memory with this one."""
        return SoilState(*(part.copy() for part in self))

    def total(self) -> Array:
        """All water in each catchment [mm]."""
        return self.soil + self.surface + self.interflow + self.groundwater


def moist_soil(parameters: SoilParameters) -> SoilState:
    """Return the state a warm-up starts from: soils at 60 %, reservoirs at a usual outflow."""
    return SoilState(
        soil=0.6 * parameters.capacity_mm,
        surface=np.zeros_like(parameters.surface),
        interflow=np.sqrt(0.01 / parameters.interflow),
        groundwater=np.sqrt(0.02 / parameters.groundwater),
    )


@compiled
def _drain(stored: float, inflow: float, coefficient: float) -> float:
    """Return the storage after a substep with inflow [mm/h] and outflow coefficient * stored^2."""
    a = coefficient * SUBSTEP_H
    return float((np.sqrt(1.0 + 4.0 * a * (stored + SUBSTEP_H * inflow)) - 1.0) / (2.0 * a))


@compiled
def _spill(soil: float, rain: float, capacity: float, shape: float) -> float:
    """Return what runs off of ``rain`` [mm] that falls on a soil filled to ``soil`` [mm]."""
    power = shape + 1.0
    deepest = capacity * power
    dryness = max(1.0 - soil / capacity, 0.0)
    level = deepest * (1.0 - dryness ** (1.0 / power))
    if level + rain >= deepest:
        return max(rain - (capacity - soil), 0.0)
    filled = capacity * (1.0 - (1.0 - (level + rain) / deepest) ** power)
    return float(max(rain - (filled - soil), 0.0))


@compiled
def soil_steps(
    rain_mm: Array,
    demand_mm_h: Array,
    substeps: int,
    parameters: SoilParameters,
    state: SoilState,
    runoff_mm_h: Array,
    evaporated_mm: Array,
) -> None:
    """Advance all catchments over all forcing steps, changing ``state`` in place.

    Parameters
    ----------
    rain_mm, demand_mm_h
        Rain of each forcing step, shape [step, node], and potential evaporation, shape [step].
    substeps
        Five-minute substeps in a forcing step.
    parameters, state
        Of each node.
    runoff_mm_h
        Outflow of each substep, shape [step * substeps, node]; filled in. A shape of one row keeps only the last.
    evaporated_mm
        Sum of evaporation by node; added to.
    """
    keep = runoff_mm_h.shape[0] > 1
    for node in range(rain_mm.shape[1]):
        sealed = parameters.sealed_share[node]
        capacity, shape = parameters.capacity_mm[node], parameters.shape[node]
        drainage, share = parameters.drainage_mm_h[node], parameters.interflow_share[node]
        soil, surface = state.soil[node], state.surface[node]
        interflow, groundwater = state.interflow[node], state.groundwater[node]
        for step in range(rain_mm.shape[0]):
            rain = rain_mm[step, node] / substeps
            for substep in range(substeps):
                spilled = 0.0
                if rain > 0.0:
                    spilled = sealed * rain + (1.0 - sealed) * _spill(soil, rain, capacity, shape)
                    soil += rain - spilled
                filling = soil / capacity
                loss = min(demand_mm_h[step] * SUBSTEP_H * min(1.0, 1.4 * filling), soil)
                soil -= loss
                evaporated_mm[node] += loss
                drained = min(drainage * filling * filling * filling * filling * SUBSTEP_H, soil)
                soil -= drained
                rate = drained / SUBSTEP_H
                before = surface + interflow + groundwater
                surface = _drain(surface, spilled / SUBSTEP_H, parameters.surface[node])
                interflow = _drain(interflow, share * rate, parameters.interflow[node])
                groundwater = _drain(groundwater, (1.0 - share) * rate, parameters.groundwater[node])
                row = step * substeps + substep if keep else 0
                runoff_mm_h[row, node] = (before + spilled + drained - surface - interflow - groundwater) / SUBSTEP_H
        state.soil[node], state.surface[node] = soil, surface
        state.interflow[node], state.groundwater[node] = interflow, groundwater
