"""Readings: committed in batches, once each, whatever order they come in and however often."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias

from domain.errors import StoreUnavailable
from domain.readings import (
    CommitResult,
    DeadLetter,
    Flag,
    LastReading,
    MessageKey,
    Observation,
    SeriesKey,
)
from domain.records import Topic
from domain.variables import Variable
from store import reading_sql
from store.arrays import TextArray, TimeArray
from store.connection import Connection, Database
from store.notices import announce
from store.series import SeriesNumbers

ATTEMPTS: Final = 5

Stream: TypeAlias = tuple[str, str]  # device_id, boot_id


class _Row(NamedTuple):
    """A reading as the table wants it."""

    series: int
    observed: datetime
    values: float | None
    flags: str
    rules: str
    received: datetime
    devices: str
    boots: str
    seqs: int


class _Counts(NamedTuple):
    stored: int = 0
    conflicts: int = 0


class ReadingRepository:
    """Durable home of readings and dead letters; satisfies ``ingest.ports.ReadingStore``.

    Several processes may write to the same streams: the high-water mark is computed in the database
    under the lock of the stream's row.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbers = SeriesNumbers(database)
        self._streams: dict[Stream, int] = {}
        self._months: set[tuple[int, int]] = set()

    def register_devices(self, devices: Mapping[str, Iterable[str]]) -> None:
        """Bind each device to the stations that it may report; others are bound to none any more."""
        pairs = [(device, station) for device, stations in sorted(devices.items()) for station in sorted(stations)]
        columns = [[pair[0] for pair in pairs], [pair[1] for pair in pairs]]
        with self._database.transaction() as connection:
            connection.execute("LOCK TABLE device_station IN SHARE ROW EXCLUSIVE MODE")
            connection.execute("INSERT INTO device SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING", [list(devices)])
            connection.execute(reading_sql.REGISTER_DEVICES, columns)

    def devices(self) -> Mapping[str, frozenset[str]]:
        """Return the stations that each registered device may report, by device id."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT device_id, array_remove(array_agg(station_id), NULL) "
                "FROM device LEFT JOIN device_station USING (device_id) GROUP BY device_id"
            ).fetchall()
        return {device_id: frozenset(stations) for device_id, stations in rows}

    def last_readings(self) -> Mapping[SeriesKey, LastReading]:
        """Return the newest reading of every series, by observed time."""
        with self._database.reading() as connection:
            return last_readings(connection)

    def commit_batch(
        self,
        observations: Sequence[Observation],
        dead_letters: Sequence[DeadLetter],
        messages: Sequence[MessageKey],
        committed_at: datetime,
    ) -> CommitResult:
        """Write readings, dead letters and message keys in one transaction.

        Idempotent: repeating a batch stores nothing new. A known key with another
        value becomes a further revision flagged SUSPECT with rule ``conflict``; the first stays current.

        Raises
        ------
        StoreUnavailable
            When nothing may be taken as committed; the caller must not acknowledge. (If the connection
            broke during the commit itself the batch may stand; repeating it then does no harm.)
        """
        rows = self._rows(observations)
        streams = self._stream_numbers(messages)
        self._prepare_months(rows)
        with self._database.transaction() as connection:
            high_water = _commit_messages(connection, messages, streams, committed_at)
            counts = _commit_readings(connection, rows)
            dead_lettered = _commit_dead_letters(connection, dead_letters)
            if counts.stored or counts.conflicts or dead_lettered:
                announce(connection, Topic.READINGS, None, committed_at)
        return CommitResult(
            stored=counts.stored,
            duplicates=len(rows) - counts.stored - counts.conflicts,
            conflicts=counts.conflicts,
            dead_lettered=dead_lettered,
            high_water=high_water,
        )

    def _rows(self, observations: Sequence[Observation]) -> Sequence[_Row]:
        """Return the rows of the table, in key order; equal keys keep the order in which they came."""
        numbers = self._numbers.of({reading.series for reading, _ in observations})
        rows = [
            _Row(
                numbers[reading.series],
                reading.observed_at,
                reading.value,
                quality.flag.value,
                quality.rule,
                reading.received_at,
                reading.device_id,
                reading.boot_id,
                reading.seq,
            )
            for reading, quality in observations
        ]
        return sorted(rows, key=lambda row: (row.series, row.observed))

    def _stream_numbers(self, messages: Sequence[MessageKey]) -> Mapping[Stream, int]:
        """Return the number of each stream among the messages, making rows for new ones."""
        wanted = {(message.device_id, message.boot_id) for message in messages}
        if unknown := sorted(wanted - self._streams.keys()):
            columns = [list(column) for column in zip(*unknown, strict=True)]
            with self._database.transaction() as connection:
                connection.execute(reading_sql.REGISTER_STREAMS, columns)
                for device_id, boot_id, number in connection.execute(reading_sql.FIND_STREAMS, columns):
                    self._streams[device_id, boot_id] = number
        return {stream: self._streams[stream] for stream in wanted}

    def _prepare_months(self, rows: Sequence[_Row]) -> None:
        # In a transaction of its own, before the batch: making a partition locks the table for a moment.
        months = {(row.observed.year, row.observed.month): row.observed for row in rows}
        unknown = months.keys() - self._months
        if unknown:
            with self._database.transaction() as connection:
                connection.execute("SELECT prepare_reading_months(%s)", [[months[month] for month in unknown]])
            self._months |= unknown


def last_readings(connection: Connection) -> Mapping[SeriesKey, LastReading]:
    """Return the newest reading of every series, by observed time."""
    return {
        SeriesKey(station_id, Variable(variable), source_id): LastReading(value, observed_at, Flag(flag), since)
        for station_id, variable, source_id, value, observed_at, flag, since in connection.execute(
            reading_sql.LAST_READINGS
        )
    }


def _commit_messages(
    connection: Connection, messages: Sequence[MessageKey], streams: Mapping[Stream, int], at: datetime
) -> dict[Stream, int]:
    """Note the messages as committed and return the mark of each stream among them."""
    if not messages:
        return {}
    numbers = [streams[message.device_id, message.boot_id] for message in messages]
    marks: dict[int, int] = dict(connection.execute(reading_sql.LOCK_STREAMS, (sorted(set(numbers)),)).fetchall())
    columns: Mapping[str, Any] = {
        "streams": numbers,
        "seqs": [message.seq for message in messages],
        "marks": [marks[number] for number in numbers],
        "at": at,
    }
    marks.update(connection.execute(reading_sql.MOVE_HIGH_WATER, columns).fetchall())
    return {stream: marks[number] for stream, number in streams.items()}


def _commit_readings(connection: Connection, rows: Sequence[_Row]) -> _Counts:
    if not rows:
        return _Counts()
    columns = _columns(rows)
    stored, late = connection.execute(reading_sql.INSERT_NEW, columns).fetchone() or (0, [])
    if late:
        connection.execute(reading_sql.REVISIT_UNCHANGED, {"series": late})
    if stored == len(rows):
        return _Counts(stored, 0)
    more = _commit_conflicts(connection, columns)
    return _Counts(stored + more.stored, more.conflicts)


def _commit_conflicts(connection: Connection, columns: Mapping[str, Any]) -> _Counts:
    """Store what differs from all known revisions; again when another process took a revision number."""
    stored = conflicts = 0
    for _ in range(ATTEMPTS):
        novel, inserted, revised = connection.execute(reading_sql.INSERT_CONFLICTS, columns).fetchone() or (0, 0, 0)
        stored += inserted - revised
        conflicts += revised
        if inserted == novel:
            return _Counts(stored, conflicts)
    raise StoreUnavailable("the database took fewer readings than were sent; nothing was stored")


def _commit_dead_letters(connection: Connection, letters: Collection[DeadLetter]) -> int:
    if not letters:
        return 0
    columns = (
        [letter.received_at for letter in letters],
        [letter.device_id and _storable(letter.device_id) for letter in letters],
        [_storable(letter.topic) for letter in letters],
        [letter.payload for letter in letters],
        [letter.reason for letter in letters],
        [_storable(letter.detail) for letter in letters],
        [letter.accounted for letter in letters],
    )
    row = connection.execute(reading_sql.INSERT_DEAD_LETTERS, columns).fetchone()
    return row[0] if row is not None else 0


def _storable(text: str) -> str:
    """Return text that the database takes: rubbish from the field may hold NUL or half characters."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode("utf-8")


def _columns(rows: Sequence[_Row]) -> Mapping[str, Any]:
    columns: dict[str, Any] = dict(zip(_Row._fields, zip(*rows, strict=True), strict=True))
    return {name: _ARRAYS[name](column) for name, column in columns.items()}


# How each column of the rows is sent; numbers as plain lists, which psycopg writes fast enough.
_ARRAYS: Final[Mapping[str, Callable[[Sequence[Any]], Any]]] = {
    "series": list,
    "observed": TimeArray,
    "values": list,
    "flags": TextArray,
    "rules": TextArray,
    "received": TimeArray,
    "devices": TextArray,
    "boots": TextArray,
    "seqs": list,
}
