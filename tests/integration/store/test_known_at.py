"""Values and flags as they were known at a past instant."""

from __future__ import annotations

from datetime import datetime

from domain.readings import Flag
from domain.variables import Variable
from store.connection import Database
from store.forecasts import ForecastRepository
from store.queries import Queries
from store.readings import ReadingRepository
from tests.integration.store.making import LEVEL, at, observed


def judge(database: Database, minutes: float, known: float, flag: str, revision: int = 0) -> None:
    with database.transaction() as connection:
        connection.execute(
            "INSERT INTO flag_change SELECT series_id, %s, %s, %s, %s, 'neighbours', 'operator' FROM series",
            (at(minutes), revision, at(known), flag),
        )


def correct(database: Database, minutes: float, known: float, value: float) -> None:
    with database.transaction() as connection:
        connection.execute(
            "INSERT INTO reading SELECT series_id, observed_at, revision + 1, %s, 'GOOD', 'corrected', true, %s, "
            "device_id, boot_id, seq FROM reading WHERE observed_at = %s",
            (value, at(known), at(minutes)),
        )


def known(database: Database, instant: datetime | None) -> list[tuple[float | None, Flag]]:
    found = Queries(database).observations(LEVEL, at(-1), at(60), known_at=instant)
    return [(item.value, item.flag) for item in found]


def test_value_is_unknown_before_it_arrived(any_database: Database) -> None:
    ReadingRepository(any_database).commit_batch([observed(0, 1.0, received=30)], [], [], at(30))
    assert known(any_database, at(29)) == []
    assert known(any_database, at(30)) == [(1.0, Flag.GOOD)]
    assert known(any_database, None) == [(1.0, Flag.GOOD)]


def test_later_judgement_changes_the_flag_from_then_on(any_database: Database) -> None:
    ReadingRepository(any_database).commit_batch([observed(0, 1.0)], [], [], at(0))
    judge(any_database, 0, 20, "BAD")
    judge(any_database, 0, 40, "GOOD")
    assert known(any_database, at(19)) == [(1.0, Flag.GOOD)]
    assert known(any_database, at(20)) == [(1.0, Flag.BAD)]
    assert known(any_database, None) == [(1.0, Flag.GOOD)]


def test_correction_supersedes_from_then_on_and_a_conflict_never(any_database: Database) -> None:
    repository = ReadingRepository(any_database)
    repository.commit_batch([observed(0, 1.0)], [], [], at(0))
    correct(any_database, 0, 20, 1.4)
    repository.commit_batch([observed(0, 9.0, received=30)], [], [], at(30))
    assert known(any_database, at(10)) == [(1.0, Flag.GOOD)]
    assert known(any_database, at(25)) == [(1.4, Flag.GOOD)]
    assert known(any_database, None) == [(1.4, Flag.GOOD)]


def test_the_model_sees_corrections_and_not_what_was_judged_bad(any_database: Database) -> None:
    repository = ReadingRepository(any_database)
    repository.commit_batch([observed(0, 1.0), observed(15, 2.0)], [], [], at(15))
    correct(any_database, 0, 20, 1.4)
    judge(any_database, 15, 20, "BAD")
    window = ForecastRepository(any_database).observed_window(Variable.LEVEL, [LEVEL.station_id], at(-15), at(15), 900)
    assert window.values[0, 0] == 1.4
    assert window.values[1, 0] != window.values[1, 0]
