"""What the database refuses, in the words of the field."""

from __future__ import annotations

import psycopg
import pytest

from domain.errors import StoreUnavailable
from store.connection import Database
from store.queries import Queries
from store.readings import ReadingRepository
from tests.integration.store.making import at, dead_letter, message, observed


def test_full_disk_in_the_middle_of_a_batch_stores_nothing_and_says_so(database: Database) -> None:
    # The server's own error of a full disk, raised where the last rows of a batch are written.
    with database.transaction() as connection:
        connection.execute(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$"
        )
        connection.execute("CREATE TRIGGER full_disk BEFORE INSERT ON dead_letter EXECUTE FUNCTION full_disk()")
    repository = ReadingRepository(database)
    with pytest.raises(StoreUnavailable, match="disk of the database is full"):
        repository.commit_batch([observed(0, 1.0)], [dead_letter()], [message(1)], at(0))
    queries = Queries(database)
    assert (queries.stored_readings(), queries.committed_messages()) == (0, 0)
    assert repository.commit_batch([observed(0, 1.0)], [], [message(1)], at(0)).stored == 1


def test_session_ended_by_the_server_is_replaced(database: Database, database_url: str) -> None:
    queries = Queries(database)
    assert queries.committed_messages() == 0
    with psycopg.connect(database_url, autocommit=True) as administrator:
        administrator.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert queries.committed_messages() == 0


def test_session_ended_inside_a_transaction_is_reported(database: Database, database_url: str) -> None:
    def work_until_ended() -> None:
        with database.transaction() as connection:
            row = connection.execute("SELECT pg_backend_pid()").fetchone()
            with psycopg.connect(database_url, autocommit=True) as administrator:
                administrator.execute("SELECT pg_terminate_backend(%s)", row)
            connection.execute("SELECT 1")

    with pytest.raises(StoreUnavailable):
        work_until_ended()


def test_database_that_nobody_serves_is_unavailable() -> None:
    with (
        Database("postgresql://nobody:x@127.0.0.1:1/none", wait_s=0.2) as database,
        pytest.raises(StoreUnavailable, match="cannot be reached"),
    ):
        Queries(database).committed_messages()


def test_database_without_tables_is_told_to_be_migrated(empty_database_url: str) -> None:
    with Database(empty_database_url) as database, pytest.raises(StoreUnavailable, match="run hydronum migrate first"):
        Queries(database).committed_messages()
