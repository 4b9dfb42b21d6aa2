"""Batches of readings on PostgreSQL and on TimescaleDB: once each, first value stays, nothing lost."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from domain.readings import DeadLetter, Flag, LastReading, Quality, SeriesKey
from domain.variables import Variable
from store.connection import Database
from store.queries import Queries
from store.readings import ReadingRepository
from tests.integration.store.making import LEVEL, at, dead_letter, message, observed

OTHER = SeriesKey("OUR_HAMOIR", Variable.LEVEL)


@pytest.fixture
def repository(any_database: Database) -> ReadingRepository:
    return ReadingRepository(any_database)


def rows(database: Database) -> Sequence[tuple[Any, ...]]:
    with database.transaction() as connection:
        return connection.execute(
            "SELECT revision, value, flag, rule FROM reading ORDER BY series_id, observed_at, revision"
        ).fetchall()


def test_batch_is_stored_once_however_often_it_comes(repository: ReadingRepository) -> None:
    batch = [observed(0, 1.0), observed(15, 1.1), observed(0, 2.0, series=OTHER)]
    first = repository.commit_batch(batch, [], [message(1)], at(15))
    assert (first.stored, first.duplicates, first.conflicts) == (3, 0, 0)
    again = repository.commit_batch(batch, [], [message(1)], at(30))
    assert (again.stored, again.duplicates, again.conflicts) == (0, 3, 0)
    assert first.high_water == again.high_water == {("VES_VERVIERS", "b1"): 1}


def test_other_value_for_a_known_key_becomes_a_suspect_revision(
    repository: ReadingRepository, any_database: Database
) -> None:
    repository.commit_batch([observed(0, 1.0)], [], [], at(0))
    result = repository.commit_batch([observed(0, 5.0)], [], [], at(15))
    assert (result.stored, result.conflicts) == (0, 1)
    assert rows(any_database) == [(0, 1.0, "GOOD", ""), (1, 5.0, "SUSPECT", "conflict")]
    seen = Queries(any_database).observations(LEVEL, at(-1), at(60))
    assert [(item.value, item.flag) for item in seen] == [(1.0, Flag.GOOD)]


def test_repeated_conflict_adds_no_further_revision(repository: ReadingRepository, any_database: Database) -> None:
    for value in (1.0, 5.0, 5.0, 1.0, 7.0, 5.0):
        repository.commit_batch([observed(0, value)], [], [], at(0))
    assert [(revision, value) for revision, value, _, _ in rows(any_database)] == [(0, 1.0), (1, 5.0), (2, 7.0)]


def test_duplicates_and_conflicts_inside_one_batch(repository: ReadingRepository, any_database: Database) -> None:
    batch = [observed(0, value) for value in (1.0, 1.0, 3.0, None, 3.0)]
    result = repository.commit_batch(batch, [], [], at(0))
    assert (result.stored, result.duplicates, result.conflicts) == (1, 2, 2)
    assert [(revision, value) for revision, value, _, _ in rows(any_database)] == [(0, 1.0), (1, 3.0), (2, None)]


def test_missing_value_is_kept_as_missing(repository: ReadingRepository, any_database: Database) -> None:
    missing = observed(0, None, quality=Quality(Flag.MISSING, "no_value"))
    repository.commit_batch([missing], [], [], at(0))
    assert repository.commit_batch([missing], [], [], at(0)).duplicates == 1
    assert rows(any_database) == [(0, None, "MISSING", "no_value")]


def test_dead_letters_are_kept_with_their_bytes_and_counted_once(
    repository: ReadingRepository, any_database: Database
) -> None:
    letters = [dead_letter(b"\x00\xff"), dead_letter(b"{", "oversized"), dead_letter(b"[")]
    assert repository.commit_batch([], letters, [], at(0)).dead_lettered == 3
    assert repository.commit_batch([], letters, [], at(0)).dead_lettered == 0
    queries = Queries(any_database)
    assert queries.dead_letter_count() == 3
    assert queries.dead_letters_by_reason() == {"malformed": 2, "oversized": 1}
    with any_database.transaction() as connection:
        kept = connection.execute("SELECT payload FROM dead_letter ORDER BY dead_letter_id").fetchall()
    assert [bytes(payload) for (payload,) in kept] == [b"\x00\xff", b"{", b"["]


def test_rubbish_in_a_dead_letter_does_not_stop_the_batch(repository: ReadingRepository) -> None:
    letter = DeadLetter("hydronum/\0/x", b"\0\xff", "malformed", "half a character \ud800", "D\0", at(0))
    assert repository.commit_batch([observed(0, 1.0)], [letter], [], at(0)).dead_lettered == 1


def test_failure_inside_a_batch_leaves_nothing(repository: ReadingRepository, any_database: Database) -> None:
    beyond = message(2**63)  # the table holds 64-bit numbers
    with pytest.raises(psycopg.DataError):
        repository.commit_batch([observed(0, 1.0)], [dead_letter()], [message(1), beyond], at(0))
    assert rows(any_database) == []
    assert Queries(any_database).committed_messages() == 0
    assert Queries(any_database).dead_letter_count() == 0
    assert repository.commit_batch([observed(0, 1.0)], [], [message(1)], at(0)).stored == 1


def test_high_water_stops_below_the_first_gap_and_jumps_when_it_fills(
    repository: ReadingRepository, any_database: Database
) -> None:
    def mark(*seqs: int) -> int:
        return repository.commit_batch([], [], [message(seq) for seq in seqs], at(0)).high_water["VES_VERVIERS", "b1"]

    assert mark(2, 3) == 0
    assert mark(1) == 3
    assert mark(4, 4, 5, 7, 8) == 5
    assert mark(8, 10) == 5
    assert mark(6) == 8
    assert mark(9) == 10
    queries = Queries(any_database)
    assert queries.committed_messages() == 10
    assert queries.high_water_marks() == {("VES_VERVIERS", "b1"): 10}
    with any_database.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM message").fetchone() == (0,)


def test_each_boot_of_a_device_is_a_stream_of_its_own(repository: ReadingRepository) -> None:
    keys = [message(1), message(2), message(1, boot="b2"), message(2, device="OUR_HAMOIR")]
    assert repository.commit_batch([], [], keys, at(0)).high_water == {
        ("VES_VERVIERS", "b1"): 2,
        ("VES_VERVIERS", "b2"): 1,
        ("OUR_HAMOIR", "b1"): 0,
    }


def test_two_ingesters_share_a_stream(repository: ReadingRepository, any_database: Database) -> None:
    other = ReadingRepository(any_database)
    repository.commit_batch([observed(0, 1.0)], [], [message(1), message(3)], at(0))
    result = other.commit_batch([observed(0, 1.0), observed(15, 1.0)], [], [message(2)], at(0))
    assert (result.stored, result.duplicates) == (1, 1)
    assert result.high_water == {("VES_VERVIERS", "b1"): 3}


def test_newest_commit_never_goes_back(repository: ReadingRepository, any_database: Database) -> None:
    repository.commit_batch([], [], [message(1)], at(30))
    repository.commit_batch([], [], [message(2)], at(15))
    assert Queries(any_database).newest_commit_at() == at(30)


def test_latest_means_latest_observed_not_latest_arrived(repository: ReadingRepository) -> None:
    repository.commit_batch([observed(30, 2.0)], [], [], at(30))
    repository.commit_batch([observed(0, 9.0, received=45)], [], [], at(45))
    assert repository.last_readings() == {LEVEL: LastReading(2.0, at(30), Flag.GOOD, at(30))}


@pytest.mark.parametrize(
    "batches",
    [
        [[0, 15, 30, 45]],
        [[0], [15], [30], [45]],
        [[0, 15], [30, 45]],
        [[45], [30], [15], [0]],
        [[30, 45], [0], [15]],
        [[45], [0], [15, 30]],
    ],
)
def test_unchanged_since_is_the_same_in_any_order(repository: ReadingRepository, batches: list[list[int]]) -> None:
    values = {0: 1.0, 15: 2.0, 30: 2.0, 45: 2.0}
    for minutes in batches:
        repository.commit_batch([observed(minute, values[minute]) for minute in minutes], [], [], at(60))
    assert repository.last_readings()[LEVEL] == LastReading(2.0, at(45), Flag.GOOD, at(15))


def test_unchanged_since_reaches_back_to_the_first_reading(repository: ReadingRepository) -> None:
    for minute in (15, 30, 0):
        repository.commit_batch([observed(minute, 0.0)], [], [], at(60))
    assert repository.last_readings()[LEVEL].unchanged_since == at(0)


def test_devices_are_bound_to_their_stations(repository: ReadingRepository) -> None:
    repository.register_devices({"D1": ["A", "B"], "D2": ["C"], "SPARE": []})
    assert repository.devices() == {"D1": frozenset({"A", "B"}), "D2": frozenset({"C"}), "SPARE": frozenset()}
    repository.register_devices({"D1": ["B"]})
    assert repository.devices()["D1"] == frozenset({"B"})
    assert repository.devices()["D2"] == frozenset()


def test_ingesters_at_work_together_lose_nothing_and_block_nobody(database: Database) -> None:
    stations = [SeriesKey(f"S{number}", Variable.LEVEL) for number in range(20)]

    def work(offset: int) -> int:
        """Commit every message of every station, beginning with another station and going round."""
        repository = ReadingRepository(database)
        stored = 0
        for seq in range(1, 11):
            order = stations[offset:] + stations[:offset]
            batch = [observed(seq, float(seq), series=series) for series in order]
            keys = [message(seq, device=series.station_id) for series in order]
            stored += repository.commit_batch(batch, [], keys, at(seq)).stored
        return stored

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, (0, 5, 10, 15))) == 200
    queries = Queries(database)
    assert set(queries.high_water_marks().values()) == {10}
    assert queries.committed_messages() == 200
    assert queries.stored_readings() == 200
    newest = {(last.value, last.unchanged_since) for last in queries.last_readings().values()}
    assert newest == {(10.0, at(10))}
