"""The jobs of the role ``model``: each a function of the run's time, called by whatever clock the run has."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from alerts.engine import AlertEngine
from domain.basin import Basin
from domain.event_pack import EventPack
from domain.hourly import HourlyTable
from forecast.cycle import ForecastCycle, KnownStatements, RunStamp
from service.settings import Settings, code_version
from store.alerts import AlertRepository
from store.connection import Database
from store.forecasts import ForecastRepository
from twin.model import Twin
from twin.network import Topology
from twin.parameters import sample_parameters

PERFECT_RAIN_EVERY = timedelta(hours=3)


@dataclass(frozen=True)
class ModelJobs:
    """What the role ``model`` does when it is due."""

    cycle: ForecastCycle
    engine: AlertEngine

    def observed(self, now: datetime) -> None:
        """Judge what was observed; never waits for a forecast."""
        self.engine.evaluate_observed(now)

    def forecast(self, now: datetime) -> float:
        """Assimilate, forecast and judge the forecast; return the wall seconds from assimilation to commit."""
        began = time.perf_counter()
        issue = self.cycle.run(now)
        seconds = time.perf_counter() - began
        self.engine.evaluate_forecast(now, issue)
        return seconds


def model_jobs(basin: Basin, database: Database, settings: Settings, statements: KnownStatements) -> ModelJobs:
    """Wire the model's jobs for a basin and a database."""
    topology = Topology.of(basin)
    twin = Twin(basin, sample_parameters(topology, settings.members, settings.seed))
    stamp = RunStamp(code_version(), settings.label)
    cycle = ForecastCycle(basin, twin, ForecastRepository(database), statements, stamp)
    return ModelJobs(cycle, AlertEngine(basin, AlertRepository(database)))


@dataclass(frozen=True)
class DemoJobs:
    """The same jobs on event time; beside them, every three hours, the upper bound that only a demo can know."""

    jobs: ModelJobs
    true_rain: HourlyTable
    begins_at: datetime

    def __call__(self, now: datetime) -> float | None:
        """Do what is due at an event time; return the wall seconds of the forecast cycle, None before the first."""
        with ThreadPoolExecutor(1) as beside:
            # Observed crossings do not wait for the forecast; both must be done before the clock goes on.
            judged = beside.submit(self.jobs.observed, now)
            seconds = None if now <= self.begins_at else self._forecast(now)
            judged.result()
        return seconds

    def _forecast(self, now: datetime) -> float:
        """Forecast from the step after the warm-up on: before it there is nothing to assimilate."""
        seconds = self.jobs.forecast(now)
        if (now - datetime.min.replace(tzinfo=UTC)) % PERFECT_RAIN_EVERY == timedelta(0):
            self.jobs.cycle.run_perfect(now, self.true_rain)
        return seconds


def demo_jobs(basin: Basin, pack: EventPack, database: Database, settings: Settings) -> DemoJobs:
    """Wire the jobs of a demo and warm the twin up over the year before the event."""
    statements = KnownStatements(pack.rain_forecasts, pack.areas, pack.dam_decisions)
    jobs = model_jobs(basin, database, settings, statements)
    jobs.cycle.warm_up(pack.warmup_rain, pack.warmup_inflows)
    return DemoJobs(jobs, pack.rain, pack.starts_at)
