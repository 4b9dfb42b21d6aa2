"""The command ``hydronum simulate``: play a scenario to a broker and write its truth."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from domain.basin_files import read_basin
from domain.clock import FASTEST, format_utc, parse_speed
from domain.errors import ConfigurationError

if TYPE_CHECKING:
    from simulator.simulation import Simulation


@dataclass(frozen=True, slots=True)
class SimulateReport:
    """What a run of the command did."""

    scenario: str
    steps: int
    published: int
    faults: int
    water_balance_error: float


def simulate(
    scenario_path: Path,
    broker_url: str | None,
    truth_out: Path,
    *,
    basin_folder: Path,
    speed: str = FASTEST,
    seed: int | None = None,
    console: Console | None = None,
) -> SimulateReport:
    """Simulate a scenario, write its truth and, with a broker, publish every message.

    Parameters
    ----------
    scenario_path
        Scenario file, or the name of a shipped one such as ``flash_flood``.
    broker_url
        ``mqtt://user:password@host:port``, or None to write the truth only.
    truth_out, basin_folder
        Folder for the truth, made if needed, and folder of the basin.
    speed
        ``max``, ``real`` (one event second a second) or a number of event seconds a second.
    seed
        Instead of the scenario's own.
    console
        Where the progress bar appears; None: standard error.

    Raises
    ------
    ConfigurationError, ServerError, OSError
        If the input or a folder cannot be used, the broker refuses or stays away, or the disk is full.
    """
    # The numerical packages load slowly; the rest of the command line must not wait for them.
    from simulator.scenario import read_scenario
    from simulator.simulation import Simulation
    from simulator.truth_files import write_truth

    factor = parse_speed(speed)
    _make_folder(truth_out)  # before the long part
    simulation = Simulation(read_basin(basin_folder), read_scenario(scenario_path), seed)
    write_truth(truth_out, simulation.truth, simulation.basin, simulation.faults)
    published = 0
    if broker_url is not None:
        published = _publish(simulation, broker_url, factor, console or Console(stderr=True))
    return SimulateReport(
        scenario=simulation.scenario.name,
        steps=len(simulation.steps),
        published=published,
        faults=len(simulation.faults),
        water_balance_error=simulation.truth.ledger.error,
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError([f"folder {folder} for the truth cannot be used: {error.strerror}"]) from error


def _publish(simulation: Simulation, broker_url: str, factor: float | None, console: Console) -> int:
    from simulator.publisher import Publisher

    published = 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    clocks = (TimeElapsedColumn(), TimeRemainingColumn())
    with (
        Publisher(broker_url, simulation.basin.basin_id) as publisher,
        Progress(*columns, *clocks, console=console) as progress,
    ):
        bar = progress.add_task(simulation.scenario.name, total=len(simulation.steps))
        began = time.monotonic()
        for index, step in enumerate(simulation.steps):
            if factor is not None:
                due = (step - simulation.steps[0]).total_seconds() / factor
                time.sleep(max(due - (time.monotonic() - began), 0.0))
            messages = simulation.messages(index)
            publisher.publish(messages)
            published += len(messages)
            progress.update(bar, advance=1, description=format_utc(step))
    return published
