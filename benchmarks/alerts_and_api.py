"""How long the alert engine and the answers of the interface take on the shipped basin, with the real database.

``python -m benchmarks.alerts_and_api`` prints one line a measure; times are medians and 95 % of repeated runs.
"""

from __future__ import annotations

import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np

from alerts.engine import AlertEngine
from api.app import create_app
from api.server import api_server
from domain.basin import Basin
from domain.basin_files import read_basin
from domain.forecasts import (
    LEAD_MINUTES,
    QUANTILE_LEVELS,
    Crossing,
    ForecastIssue,
    ForecastKind,
    PeakForecast,
    SeriesForecast,
)
from domain.readings import GOOD, MessageKey, Observation, Reading, SeriesKey
from domain.records import RunClock, RunMode
from domain.variables import Variable
from service.embedded.postgres import EmbeddedPostgres
from store.alerts import AlertRepository
from store.clock import ClockRepository
from store.connection import Database
from store.forecasts import ForecastRepository
from store.listening import NoticeListener
from store.migrations import migrate
from store.queries import Queries
from store.readings import ReadingRepository

START = datetime(2021, 7, 14, tzinfo=UTC)
STEP = timedelta(minutes=15)
STEPS = 96
REPEATS = 60


def main() -> None:
    """Measure and print."""
    basin = read_basin(Path(__file__).parents[1] / "basins" / "wallonia")
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgres") as server:
        url = server.create_database("bench")
        migrate(url, age_policies=False)
        with Database(url) as database:
            _measure(basin, database)


def _measure(basin: Basin, database: Database) -> None:
    now = START + (STEPS - 1) * STEP
    ClockRepository(database).start_clock(RunClock(RunMode.DEMO, "benchmark", START, now, now, True, 1.0))
    for step in range(STEPS):
        _commit(basin, database, step)
    ForecastRepository(database).save_forecast(_issue(basin, now))
    engine = AlertEngine(basin, AlertRepository(database))
    engine.evaluate_observed(now)
    engine.evaluate_forecast(now)
    _report("alerts, observed, nothing new", lambda: engine.evaluate_observed(now))
    steps = iter(range(STEPS, STEPS + REPEATS + 1))

    def prepare() -> datetime:
        step = next(steps)
        _commit(basin, database, step)
        return START + step * STEP

    _report_each("alerts, observed, after a batch", prepare, engine.evaluate_observed)
    _report("alerts, forecast", lambda: engine.evaluate_forecast(now))
    with _serving(basin, database) as client:
        for path in (
            "/api/v1/state",
            "/api/v1/stations",
            "/api/v1/stations/VES_CHAUDFONTAINE/observations?variable=level",
            "/api/v1/stations/VES_CHAUDFONTAINE/forecast?variable=discharge",
            "/api/v1/geometry/communes",
        ):
            _report(f"GET {path}", lambda path=path: client.get(path).raise_for_status())  # type: ignore[misc]


def _commit(basin: Basin, database: Database, step: int) -> None:
    at = START + step * STEP
    observations, keys = [], []
    for station in basin.stations.values():
        for variable in station.variables:
            value = 50.0 + 20.0 * np.sin(step / 9.0)
            series = SeriesKey(station.station_id, variable)
            observations.append(Observation(Reading(series, value, at, at, station.station_id, "b", step + 1), GOOD))
        keys.append(MessageKey(station.station_id, "b", step + 1))
    ReadingRepository(database).commit_batch(observations, [], keys, at)


def _issue(basin: Basin, at: datetime) -> ForecastIssue:
    series = [
        SeriesKey(station.station_id, variable)
        for station in basin.stations.values()
        for variable in (Variable.LEVEL, Variable.DISCHARGE)
        if variable in station.variables
    ]
    count = len(QUANTILE_LEVELS)
    quantiles = np.tile(np.arange(count, dtype=np.float32), (len(LEAD_MINUTES), 1))
    return ForecastIssue(
        issued_at=at, kind=ForecastKind.ENSEMBLE, scheme="benchmark", label="benchmark", members=50, seed=1,
        code_version="", configuration_hash="", lead_minutes=LEAD_MINUTES, quantile_levels=QUANTILE_LEVELS,
        series=[SeriesForecast(key, quantiles) for key in series],
        peaks=[PeakForecast(key, quantiles[0], quantiles[0]) for key in series],
        crossings=[Crossing(threshold, 0.3, (60.0, 90.0, 120.0)) for threshold in basin.thresholds],
        water_balance_error=0.0,
    )  # fmt: skip


@contextmanager
def _serving(basin: Basin, database: Database) -> Iterator[httpx.Client]:
    server = api_server(create_app(basin, Queries(database), NoticeListener(database.url)))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}") as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


def _report(name: str, work: Callable[[], object]) -> None:
    _report_each(name, lambda: None, lambda _: work())


def _report_each(name: str, prepare: Callable[[], object], work: Callable[..., object]) -> None:
    """Print median and 95 % of the time of ``work``; what ``prepare`` takes is left out."""
    seconds = []
    for _ in range(REPEATS):
        prepared = prepare()
        begin = time.perf_counter()
        work(prepared)
        seconds.append(time.perf_counter() - begin)
    median, high = statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]
    print(f"{name:66s} {1000 * median:7.1f} ms median {1000 * high:7.1f} ms p95")


if __name__ == "__main__":
    main()
