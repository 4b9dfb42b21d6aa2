"""Months of readings in native partitions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from domain.readings import GOOD, Observation, Reading
from store.connection import Connection, Database
from store.queries import Queries
from store.readings import ReadingRepository
from tests.integration.store.making import LEVEL, at


def reading(instant: datetime) -> Observation:
    return Observation(Reading(LEVEL, 1.0, instant, instant, "D", "b", 1), GOOD)


def partitions(connection: Connection) -> list[Any]:
    found = connection.execute("SELECT tableoid::regclass::text, count(*) FROM reading GROUP BY 1 ORDER BY 1")
    return found.fetchall()


def test_each_month_gets_its_partition_when_its_first_reading_comes(database: Database) -> None:
    repository = ReadingRepository(database)
    last_of_year = datetime(2020, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    first_of_year = datetime(2021, 1, 1, tzinfo=UTC)
    leap_day = datetime(2024, 2, 29, 12, tzinfo=UTC)
    repository.commit_batch([reading(last_of_year), reading(first_of_year), reading(leap_day)], [], [], at(0))
    with database.transaction() as connection:
        assert partitions(connection) == [("reading_2020_12", 1), ("reading_2021_01", 1), ("reading_2024_02", 1)]
    assert len(Queries(database).observations(LEVEL, datetime(2020, 1, 1, tzinfo=UTC), leap_day)) == 3


def test_rows_that_came_without_their_month_move_into_it(database: Database) -> None:
    july = datetime(2021, 7, 14, tzinfo=UTC)
    with database.transaction() as connection:
        connection.execute(
            "INSERT INTO reading SELECT 1, at, 0, 1.0, 'GOOD', '', false, at, 'D', 'b', 1 "
            "FROM unnest(%s::timestamptz[]) AS at",
            ([july, datetime(2021, 8, 1, tzinfo=UTC)],),
        )
        assert partitions(connection) == [("reading_other", 2)]
        connection.execute("SELECT prepare_reading_months(%s)", ([july],))
        assert partitions(connection) == [("reading_2021_07", 1), ("reading_other", 1)]


def test_two_ingesters_may_meet_a_month_one_after_the_other(database: Database) -> None:
    for repository in (ReadingRepository(database), ReadingRepository(database)):
        repository.commit_batch([reading(datetime(2021, 7, 14, tzinfo=UTC))], [], [], at(0))
    with database.transaction() as connection:
        assert partitions(connection) == [("reading_2021_07", 1)]
