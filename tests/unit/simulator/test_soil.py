"""The soil keeps its water, fills, spills and dries."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.soil import SoilParameters, SoilState, moist_soil, soil_steps

HOURS = 48


def one_soil(sealed: float = 0.0) -> SoilParameters:
    columns = (100.0, sealed, 0.4, 0.3, 0.6, 1 / 100, 1 / 800, 1 / 120_000)
    return SoilParameters(*(np.array([value]) for value in columns))


def run(parameters: SoilParameters, state: SoilState, rain_mm: float, demand: float) -> tuple[float, float]:
    """Return runoff and evaporation [mm] of two days."""
    runoff, evaporated = np.zeros((HOURS * 12, 1)), np.zeros(1)
    rain = np.full((HOURS, 1), rain_mm)
    soil_steps(rain, np.full(HOURS, demand), 12, parameters, state, runoff, evaporated)
    return float(runoff.sum() / 12), float(evaporated[0])


@settings(deadline=None, max_examples=40)
@given(rain=st.floats(0, 30), demand=st.floats(0, 1), sealed=st.floats(0, 0.5))
def test_no_water_is_lost_or_made(rain: float, demand: float, sealed: float) -> None:
    parameters = one_soil(sealed)
    state = moist_soil(parameters)
    before = float(state.total()[0])
    runoff, evaporated = run(parameters, state, rain, demand)
    assert np.isclose(before + rain * HOURS, runoff + evaporated + float(state.total()[0]), rtol=1e-12)
    assert runoff >= 0
    assert 0 <= state.soil[0] <= parameters.capacity_mm[0] + 1e-9


def test_a_wetter_soil_lets_more_of_the_same_rain_go() -> None:
    parameters = one_soil()
    runoff = []
    for filling in (0.2, 0.6, 1.0):
        state = moist_soil(parameters)._replace(soil=filling * parameters.capacity_mm)
        runoff.append(run(parameters, state, 1.0, 0.0)[0])
    assert runoff[0] < runoff[1] < runoff[2]


def test_a_dry_spell_empties_the_soil_but_not_below_zero() -> None:
    parameters = one_soil()
    state = moist_soil(parameters)
    for _ in range(60):
        run(parameters, state, 0.0, 2.0)
    assert 0 <= state.soil[0] < 1


def test_one_row_of_runoff_keeps_the_last() -> None:
    parameters = one_soil()
    states = [moist_soil(parameters), moist_soil(parameters)]
    rows = [np.zeros((HOURS * 12, 1)), np.zeros((1, 1))]
    for state, row in zip(states, rows, strict=True):
        soil_steps(np.ones((HOURS, 1)), np.zeros(HOURS), 12, parameters, state, row, np.zeros(1))
    assert rows[0][-1, 0] == rows[1][0, 0]
    assert states[0].total() == states[1].total()
