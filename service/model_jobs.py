"""The jobs of the role ``model``: each a function of the run's time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from alerts.engine import AlertEngine
from domain.basin import Basin
from domain.event_pack import EventPack
from service.settings import Settings
from store.alerts import AlertRepository
from store.connection import Database

if TYPE_CHECKING:
    from simulator.simulation import Simulation


def demo_jobs(
    basin: Basin, pack: EventPack, database: Database, settings: Settings, simulation: Simulation, cache: Path
) -> Callable[[datetime], float | None]:
    engine = AlertEngine(basin, AlertRepository(database))

    def jobs(now: datetime) -> float | None:
        engine.evaluate_observed(now)
        return None

    return jobs
