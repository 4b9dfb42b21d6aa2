"""A scenario played on a basin: its truth, and the messages that its devices send."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from domain.basin import Basin
from simulator.faults import plan_faults, recorded
from simulator.messages import FieldMessage, Mailroom
from simulator.scenario import Scenario
from simulator.sensors import measured
from simulator.truth import InjectedFault, Truth
from simulator.world import World, build_world, read_pack, simulate_truth


class Simulation:
    """Truth and messages of one scenario, the same bytes for the same seed.

    Parameters
    ----------
    basin
        As :func:`domain.basin_files.read_basin` returns it.
    scenario
        As :func:`simulator.scenario.read_scenario` returns it.
    seed
        Draws sensors and faults, and the hidden world too unless the scenario fixes its own; by default the
        scenario's seed.

    Raises
    ------
    ConfigurationError
        If the scenario does not fit the basin or its event pack cannot be used; all faults at once.
    ModelError
        If the simulated rivers are not finite.
    """

    def __init__(self, basin: Basin, scenario: Scenario, seed: int | None = None) -> None:
        self.basin = basin
        self.scenario = scenario
        self.seed = scenario.seed if seed is None else seed
        pack = read_pack(basin, scenario)
        self.world: World = build_world(basin, scenario, self.seed, pack)
        self.truth: Truth = simulate_truth(self.world)
        planned = plan_faults(basin, scenario, self.seed, pack)
        self.faults: tuple[InjectedFault, ...] = tuple(recorded(fault, self.truth.steps) for fault in planned)
        values = measured(self.truth, basin, self.seed, scenario.noise, planned)
        self._mailroom = Mailroom(basin, self.truth.steps, values, planned)

    @property
    def steps(self) -> tuple[datetime, ...]:
        """Moments of reading, aware UTC, every 15 minutes."""
        return self.truth.steps

    def messages(self, step_index: int) -> Sequence[FieldMessage]:
        """Return the messages that reach the broker at a step, in the order of the basin's stations."""
        return self._mailroom.at(step_index)

    def __iter__(self) -> Iterator[tuple[datetime, Sequence[FieldMessage]]]:
        for index, step in enumerate(self.steps):
            yield step, self.messages(index)
