"""A pytest fixture that plays a short scenario: load it with ``pytest_plugins = ["simulator.pytest_plugin"]``."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.basin_files import read_basin
from simulator.scenario import Scenario, read_scenario
from simulator.simulation import Simulation

BASIN_FOLDER = Path(__file__).resolve().parent.parent / "basins" / "wallonia"


def short_scenario() -> Scenario:
    """Return twelve hours of the flash flood around its peak, with a short warm-up and its faults."""
    scenario = read_scenario(Path("flash_flood"))
    begins = scenario.hours_after_start(36)
    storms = tuple(storm.model_copy(update={"at_h": storm.at_h - 36}) for storm in scenario.storms)
    return scenario.model_copy(
        update={
            "name": "flash_flood_short",
            "starts_at": begins,
            "ends_at": scenario.hours_after_start(48),
            "storms": storms,
            "warm_up_days": 40,
        }
    )


@pytest.fixture(scope="session")
def simulated_scenario() -> Simulation:
    """Twelve simulated hours on the Walloon basin: ``.steps``, ``.messages(index)``, ``.truth``, ``.faults``."""
    return Simulation(read_basin(BASIN_FOLDER), short_scenario())
