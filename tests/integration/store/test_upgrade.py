"""Databases of older versions: rows written then are read by today's code after the migrations between.

A dump holds rows alone; its tables are made by the migrations up to its number, which are never edited.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest

from domain.alerts import AlertState, Basis
from domain.forecasts import ForecastKind
from domain.readings import Flag, LastReading
from store.connection import Database
from store.migrations import FOLDER, migrate
from store.queries import Queries
from store.readings import ReadingRepository
from tests.integration.store.making import LEVEL, at, message, observed, threshold

DUMPS = sorted((Path(__file__).parent / "dumps").glob("*.sql"))


@pytest.fixture(params=DUMPS, ids=lambda dump: f"from {dump.stem}")
def upgraded(request: pytest.FixtureRequest, empty_database_url: str, tmp_path: Path) -> str:
    """URL of a database made at the dump's version, filled from it and migrated to today's."""
    dump: Path = request.param
    for file in FOLDER.glob("*.sql"):
        if file.name[:4] <= dump.stem:
            shutil.copy(file, tmp_path)
    migrate(empty_database_url, age_policies=False, folder=tmp_path)
    with psycopg.connect(empty_database_url) as connection:
        connection.execute(dump.read_bytes())
    migrate(empty_database_url, age_policies=False)
    return empty_database_url


def test_old_rows_are_read_and_new_ones_join_them(upgraded: str) -> None:
    with Database(upgraded) as database:
        repository, queries = ReadingRepository(database), Queries(database)
        assert repository.devices() == {"VES_VERVIERS": frozenset({"VES_VERVIERS"})}
        assert repository.last_readings() == {LEVEL: LastReading(1.5, at(15), Flag.GOOD, at(15))}
        assert queries.dead_letters_by_reason() == {"malformed": 1}
        result = repository.commit_batch([observed(0, 9.0), observed(30, 2.0)], [], [message(3)], at(45))
        assert (result.stored, result.duplicates) == (1, 1)
        assert result.high_water == {("VES_VERVIERS", "b1"): 4}


def test_old_forecasts_and_alerts_are_read(upgraded: str) -> None:
    with Database(upgraded) as database:
        queries = Queries(database)
        forecast = queries.station_forecast(LEVEL, ForecastKind.ENSEMBLE, None)
        assert forecast is not None
        assert forecast.quantiles.tolist() == [[1.0, 2.0, 3.0], [2.0, 3.0, 4.0]]
        assert [crossing.threshold for crossing in forecast.crossings] == [threshold()]
        assert queries.station_states()["VES_VERVIERS", Basis.FORECAST].state is AlertState.ALERT
        (alert,) = queries.alerts(open_only=True, limit=10)
        assert alert.opened_at == at(15)
        clock = queries.run_clock()
        assert clock is not None
        assert clock.label == "reconstruction"
