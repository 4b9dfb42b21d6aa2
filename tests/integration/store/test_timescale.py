"""What only TimescaleDB does: chunks, the columnstore, policies by age."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from store.connection import Database
from store.migrations import migrate
from store.queries import Queries
from store.readings import ReadingRepository
from tests.integration.store.making import LEVEL, at, observed


@pytest.fixture
def database(timescale_url: str) -> Iterator[Database]:
    with Database(timescale_url, pool_size=1) as connected:
        yield connected


def policies(url: str) -> list[tuple[str, str]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT proc_name, config ->> 'compress_after' FROM timescaledb_information.jobs "
            "WHERE hypertable_name = 'reading'"
        ).fetchall()


def test_readings_move_to_the_columnstore_after_thirty_days_in_operation_only(timescale_url: str) -> None:
    assert migrate(timescale_url, age_policies=True) == []
    assert policies(timescale_url) == [("policy_compression", "30 days")]
    migrate(timescale_url, age_policies=True)
    assert len(policies(timescale_url)) == 1
    migrate(timescale_url, age_policies=False)
    assert policies(timescale_url) == []


def test_the_form_of_a_database_is_remembered(timescale_url: str) -> None:
    with psycopg.connect(timescale_url) as connection:
        forms = connection.execute("SELECT name FROM schema_migration WHERE form = 'timescaledb'").fetchall()
    assert forms == [("0002_reading",)]


def test_late_readings_for_a_compressed_chunk_are_all_stored_or_counted(database: Database) -> None:
    repository = ReadingRepository(database)
    early = [observed(minute, float(minute)) for minute in range(0, 1000, 2)]
    repository.commit_batch(early, [], [], at(1000))
    with database.transaction() as connection:
        connection.execute("SELECT compress_chunk(chunk) FROM show_chunks('reading') AS chunk")
        compressed = connection.execute(
            "SELECT count(*) FROM timescaledb_information.chunks WHERE hypertable_name = 'reading' AND is_compressed"
        ).fetchone()
    assert compressed == (1,)
    late = [observed(minute, float(minute)) for minute in range(1000)]
    conflicting = [observed(minute, -1.0) for minute in range(0, 100, 2)]
    result = repository.commit_batch(late + conflicting, [], [], at(2000))
    assert (result.stored, result.duplicates, result.conflicts) == (500, 500, 50)
    assert len(Queries(database).observations(LEVEL, at(-1), at(2000))) == 1000
